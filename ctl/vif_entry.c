/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* vif_entry.c - a vif of the model in the maps' form. */
#include "ctl/vif_entry.h"

#include <endian.h>
#include <string.h>

#include "ctl/prefix.h"

static uint32_t vlans_of(const struct pdp_port_conf *port)
{
	return (uint32_t)port->vlan[0] << 16 | port->vlan[1];
}

static struct pdp_vif_impair impair_of(const struct pdp_impair_conf *conf)
{
	struct pdp_vif_impair impair = {.delay_ms = (uint16_t)conf->delay_ms, .down = conf->down};

	/* A random number that is not above it: that happens once more often than it says. */
	if (conf->loss)
		impair.loss = (uint32_t)(((uint64_t)conf->loss << 32) / PDP_IMPAIR_LOSS_ALL - 1);
	return impair;
}

struct pdp_vif pdp_vif_entry(const struct pdp_vif_conf *conf, const struct pdp_port_conf *port,
			     const struct pdp_vif_ids *ids, uint16_t port_mtu,
			     const uint8_t port_mac[6])
{
	struct pdp_vif vif = {
		.owner = {.vnet = ids->vnet,
			  .port = ids->port,
			  .encap = conf->encap,
			  .family = conf->local.family,
			  .mtu = port_mtu},
		.impair = impair_of(&conf->impair),
		.vlans = vlans_of(port),
		.vni = htobe32(conf->vni << 8),
		.local_port = htobe16(conf->local_port),
		.remote_port = htobe16(conf->remote_port),
		.local = pdp_addr_to_map(&conf->local),
		.remote = pdp_addr_to_map(&conf->remote),
	};

	memcpy(vif.source.mac, port_mac, 6);
	return vif;
}

int pdp_tunnel_entries(const struct pdp_vif_conf *conf, const struct pdp_port_conf *port,
		       const struct pdp_vif_ids *ids, struct pdp_tunnel_key keys[2],
		       struct pdp_tunnel tunnels[2])
{
	bool vxlan = conf->encap == PDP_ENCAP_VXLAN;

	memset(keys, 0, 2 * sizeof(*keys));
	memset(tunnels, 0, 2 * sizeof(*tunnels));
	keys[0].local = pdp_addr_to_map(&conf->local);
	keys[0].port = htobe16(conf->local_port);
	keys[0].vni = vxlan ? htobe32(conf->vni << 8) : PDP_VNI_NONE;
	tunnels[0].vif = ids->vif;
	tunnels[0].vnet = ids->vnet;
	tunnels[0].encap = conf->encap;
	tunnels[0].remote_port = vxlan ? 0 : htobe16(conf->remote_port);
	tunnels[0].flags = conf->impair.down ? PDP_TUNNEL_DOWN : 0;
	tunnels[0].vlans = vlans_of(port);
	tunnels[0].remote = pdp_addr_to_map(&conf->remote);
	if (!vxlan)
		return 1;
	keys[1] = keys[0];
	keys[1].vni = PDP_VNI_NONE;
	tunnels[1].encap = PDP_ENCAP_VXLAN;
	return 2;
}
