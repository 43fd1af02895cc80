/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * vif.h - a vif as a data plane sees it: the outer header that its packets leave in.
 *
 * Said to FE agents (fe-agent/channel.h), and written into the map pdp_dp_vifs of a vnet owner's own XDP
 * data plane (docs/own-data-plane.md). Beside wire.h it is all of PdP that such a data plane includes.
 */
#ifndef PDP_VIF_H
#define PDP_VIF_H

#include <linux/types.h>
#include <stddef.h>

enum pdp_dp_encap { PDP_DP_UDP = 1, PDP_DP_VXLAN = 2 };

/* Network order as on the wire. */
struct pdp_dp_vif {
	__u16 id; /* 0 = the slot is free */
	__u8 encap; /* enum pdp_dp_encap; the numbers are those of enum pdp_encap */
	__u8 family; /* of the underlay: 4 or 6 */
	__u16 mtu; /* largest inner IP packet */
	__be16 local_port; /* source port of udp; vxlan varies it by flow */
	__be16 remote_port;
	__u8 ttl; /* of the outer header */
	__u8 pad;
	__be32 vni; /* upper 24 bits */
	__u8 mac[6]; /* of the vif itself, vxlan only */
	__u8 pad2[2];
	__u8 local[16]; /* underlay addresses; IPv4 in the first four bytes */
	__u8 remote[16];
};

_Static_assert(sizeof(struct pdp_dp_vif) == 56, "travels in a channel message");
_Static_assert(offsetof(struct pdp_dp_vif, vni) == 12, "vif layout");
_Static_assert(offsetof(struct pdp_dp_vif, local) == 24, "vif layout");

#endif
