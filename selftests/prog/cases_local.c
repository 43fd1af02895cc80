/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_local.c - what FE guests hand to the control plane: it arrives as it came, on its vif. */
#include "selftests/prog/cases.h"

static void no_control_plane(struct node *node)
{
	struct pdp_vif vif = node->vif[1];
	uint32_t id = 1;

	vif.guest = (struct pdp_vif_mac){0};
	node_set(node, MAP_VIFS, &id, &vif);
}

static void link_gone(struct node *node)
{
	for (uint32_t id = 1; id <= NODE_VIFS; id++)
		node_delete(node, MAP_VIF_LINKS, &id);
}

/* The policer is in debt for an hour. */
static void over_the_rate(struct node *node)
{
	struct pdp_vnet vnet;
	uint32_t id = 1;

	node_get(node, MAP_VNETS, &id, &vnet);
	vnet.local.cost = 1000;
	node_set(node, MAP_VNETS, &id, &vnet);
	node_set(node, MAP_POLICE, &id, &(struct pdp_police){.local_tat = 1ULL << 62});
}

static void other_rate(struct node *node)
{
	uint32_t id = 1;

	over_the_rate(node);
	node_set(node, MAP_POLICE, &id, &(struct pdp_police){.tat = 1ULL << 62});
}

static void set_down(struct node *node)
{
	struct pdp_vif vif = node->vif[1];
	uint32_t id = 1;

	vif.impair.down = 1;
	node_set(node, MAP_VIFS, &id, &vif);
}

static const struct packet_case rows[] = {
	{"local: IPv4 of udp over IPv4", LOCAL(1), GOES},
	{"local: IPv6 of udp over IPv4", LOCAL(1), .inner = INNER_IPV6_UDP, GOES},
	{"local: IPv4 of udp over IPv6", LOCAL(2), GOES},
	{"local: IPv6 of udp over IPv6", LOCAL(2), .inner = INNER_IPV6_UDP, GOES},
	{"local: udp in a VLAN", LOCAL(3), GOES},
	{"local: frame of vxlan over IPv4", LOCAL(5), GOES},
	{"local: frame of vxlan over IPv6", LOCAL(6), .inner = INNER_IPV6_UDP, GOES},
	{"local: ARP of vxlan", LOCAL(5), .inner = INNER_ARP, GOES},
	{"local: vxlan on another port", LOCAL(9), GOES},
	{"local: to all, OSPF's 224.0.0.5", LOCAL(5),
	 EDIT(SET32(INNER, 0, 0x01005e00), SET16(INNER, 4, 5)), GOES},
	{"local: from another guest of the vnet", LOCAL(1), .sender = 2, GOES},
	{"local: TTL 1", LOCAL(1), EDIT(SET8(INNER, 8, 1), FIT_INNER), GOES},
	{"local: any bytes behind the header", LOCAL(1), EDIT(SET32(INNER_L4, 0, 0xffffffff)),
	 GOES},
	{"local: large", LOCAL(1), EDIT(GAP(PAYLOAD, 1400), FIT_INNER), GOES},
	{"local: the vif is set down, its control plane is not", LOCAL(1), .setup = set_down, GOES},
	{"local: another rate's debt is not its own", LOCAL(1), .setup = other_rate, GOES},

	{"local: vif without a control plane", LOCAL(7), DROP(drop_local_no_guest)},
	{"local: control plane taken away", LOCAL(1), .setup = no_control_plane,
	 DROP(drop_local_no_guest)},
	{"local: over the rate", LOCAL(1), .setup = over_the_rate, DROP(drop_local_rate)},
	{"local: link gone, udp", LOCAL(1), .setup = link_gone, DROP(drop_local_gone)},
	{"local: link gone, vxlan", LOCAL(5), .setup = link_gone, DROP(drop_local_gone)},
	{"local: nothing behind the tag", LOCAL(1), EDIT(CUT(INNER, 0)), DROP(drop_local_short)},
	{"local: IPv4 cut after 19 bytes", LOCAL(1), EDIT(CUT(INNER, 19)), DROP(drop_local_short)},
	{"local: IPv6 cut after 39 bytes", LOCAL(1), .inner = INNER_IPV6_UDP, EDIT(CUT(INNER, 39)),
	 DROP(drop_local_short)},
	{"local: frame cut after 13 bytes", LOCAL(5), EDIT(CUT(INNER, 13)), DROP(drop_local_short)},
	{"local: frame of 14 bytes", LOCAL(5), EDIT(CUT(INNER, 14)), GOES},
	{"local: frame from a udp vif", LOCAL(1), EDIT(SET16(TAG, 2, PDP_PROTO_ETHERNET)),
	 DROP(drop_tag_proto)},
	{"local: packet from a vxlan vif", LOCAL(5), EDIT(SET16(TAG, 2, 0x0800)),
	 DROP(drop_tag_proto)},
	{"local: ARP from a udp vif", LOCAL(1), EDIT(SET16(TAG, 2, 0x0806)), DROP(drop_tag_proto)},
	{"local: vif of another vnet", LOCAL(1), EDIT(SET16(TAG, 6, 5)), DROP(drop_foreign_vif)},
	{"local: vnet of another guest", LOCAL(1), EDIT(SET16(TAG, 4, 2), SET16(TAG, 6, 5)),
	 DROP(drop_foreign_vnet)},
	{"local: reserved flags", LOCAL(1), EDIT(SET8(TAG, 1, 4)), DROP(drop_tag_flags)},
};

const struct case_table cases_local = {rows, sizeof(rows) / sizeof(*rows)};
