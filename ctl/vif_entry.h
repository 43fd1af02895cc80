/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* vif_entry.h - a vif of the model in the maps' form: itself, and the tunnels that lead to it. Pure. */
#ifndef PDP_VIF_ENTRY_H
#define PDP_VIF_ENTRY_H

#include <stdint.h>

#include "bpf/maps.h"
#include "ctl/model.h"

/* Who it is on this node. */
struct pdp_vif_ids {
	uint16_t vnet;
	uint16_t vif;
	uint16_t port;
};

struct pdp_vif pdp_vif_entry(const struct pdp_vif_conf *conf, const struct pdp_port_conf *port,
			     const struct pdp_vif_ids *ids, uint16_t port_mtu,
			     const uint8_t port_mac[6]);

/* One entry for udp; for vxlan the VNI's and then the UDP port's. Returns how many. */
int pdp_tunnel_entries(const struct pdp_vif_conf *conf, const struct pdp_port_conf *port,
		       const struct pdp_vif_ids *ids, struct pdp_tunnel_key keys[2],
		       struct pdp_tunnel tunnels[2]);

#endif
