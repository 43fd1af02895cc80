/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_control.c - what control planes send: as an FE guest's router would, through their vif alone. */
#include "selftests/prog/cases.h"

#define STRANGER .verdict = XDP_DROP, .unknown_device = true

static void no_neighbour(struct node *node)
{
	struct pdp_vif vif = node->vif[1];
	uint32_t id = 1;

	vif.next_hop = (struct pdp_vif_mac){0};
	node_set(node, MAP_VIFS, &id, &vif);
}

static void ports_gone(struct node *node)
{
	for (uint32_t id = 1; id <= NODE_PORTS; id++)
		node_delete(node, MAP_PORTS, &id);
}

/* Its link is still there, but the vif is nobody's. */
static void on_a_link_of_no_vif(struct node *node)
{
	uint32_t id = 1;

	node_set(node, MAP_VIF_SENDERS, &node->other_ifindex, &id);
	node_set(node, MAP_VIFS, &id, &(struct pdp_vif){0});
}

static void on_a_link_beyond(struct node *node)
{
	uint32_t id = PDP_MAX_VIFS + 1;

	node_set(node, MAP_VIF_SENDERS, &node->other_ifindex, &id);
}

static void forget_stray_link(struct node *node)
{
	node_delete(node, MAP_VIF_SENDERS, &node->other_ifindex);
}

/* An inner packet of this many bytes: the good one has 36. */
#define GROWN(bytes) GAP(PAYLOAD, (bytes)-36), FIT_INNER
#define GROWN6(bytes) GAP(PAYLOAD, (bytes)-56), FIT_INNER

static const struct packet_case rows[] = {
	{"control: udp over IPv4", CONTROL(1), GOES},
	{"control: udp over IPv6", CONTROL(2), GOES},
	{"control: udp with one VLAN tag", CONTROL(3), GOES},
	{"control: udp with two VLAN tags", CONTROL(4), GOES},
	{"control: vxlan over IPv4", CONTROL(5), GOES},
	{"control: vxlan over IPv6", CONTROL(6), GOES},
	{"control: vxlan on another port", CONTROL(9), GOES},
	{"control: inner IPv6", CONTROL(1), .inner = INNER_IPV6_UDP, GOES},
	{"control: inner IPv6 over IPv6", CONTROL(2), .inner = INNER_IPV6_UDP, GOES},
	{"control: inner IPv6 in vxlan", CONTROL(5), .inner = INNER_IPV6_UDP, GOES},
	{"control: inner IPv6 in vxlan over IPv6", CONTROL(6), .inner = INNER_IPV6_UDP, GOES},
	{"control: ARP in vxlan", CONTROL(5), .inner = INNER_ARP, KEY_FRAME(0x0806), GOES},
	{"control: ARP in vxlan over IPv6", CONTROL(6), .inner = INNER_ARP, KEY_FRAME(0x0806),
	 GOES},
	{"control: DSCP and ECN are copied", CONTROL(1), EDIT(SET8(INNER_L3, 1, 0xbb), FIT_INNER),
	 GOES},
	{"control: DSCP and ECN are copied to IPv6", CONTROL(2),
	 EDIT(SET8(INNER_L3, 1, 0xc3), FIT_INNER), GOES},
	{"control: traffic class is copied, flow label is not", CONTROL(1), .inner = INNER_IPV6_UDP,
	 EDIT(SET32(INNER_L3, 0, 0x6bbabcde)), GOES},
	{"control: traffic class is copied out of a frame", CONTROL(6), .inner = INNER_IPV6_UDP,
	 EDIT(SET32(INNER_L3, 0, 0x6c012345)), GOES},
	{"control: without DF", CONTROL(1), EDIT(SET16(INNER_L3, 6, 0), FIT_INNER), GOES},
	{"control: without DF in vxlan", CONTROL(5), EDIT(SET16(INNER_L3, 6, 0), FIT_INNER), GOES},
	{"control: first fragment", CONTROL(1), EDIT(SET16(INNER_L3, 6, 0x2000), FIT_INNER),
	 KEY4(INNER_SADDR4, INNER_DADDR4, 17, NO_PORTS), GOES},
	{"control: one byte more", CONTROL(2), EDIT(GROWN(37)), GOES},
	{"control: two bytes more", CONTROL(2), EDIT(GROWN(38)), GOES},
	{"control: three bytes more", CONTROL(2), EDIT(GROWN(39)), GOES},
	{"control: a sum of 64 bytes", CONTROL(2), EDIT(GROWN(56)), GOES},
	{"control: a sum of 65 bytes", CONTROL(2), EDIT(GROWN(57)), GOES},
	{"control: a sum of 127 bytes", CONTROL(2), EDIT(GROWN(119)), GOES},
	{"control: a sum of 128 bytes", CONTROL(6), .inner = INNER_IPV6_UDP, EDIT(GROWN6(98)),
	 GOES},
	{"control: as large as the port's MTU", CONTROL(1), EDIT(GROWN(NODE_MTU - 28)), GOES},
	{"control: as large as the port's MTU over IPv6", CONTROL(2), EDIT(GROWN(NODE_MTU - 48)),
	 GOES},
	{"control: as large as the port's MTU, two VLAN tags", CONTROL(4),
	 EDIT(GROWN(NODE_MTU - 28)), GOES},
	{"control: as large as the port's MTU, vxlan over IPv6", CONTROL(6),
	 EDIT(GROWN(NODE_MTU - 70)), GOES},
	{"control: bytes behind the packet are cut off", CONTROL(1), EDIT(PAD(10)), GOES},
	{"control: bytes behind the packet are cut off over IPv6", CONTROL(2), EDIT(PAD(10)), GOES},
	{"control: bytes behind IPv6 are cut off", CONTROL(1), .inner = INNER_IPV6_UDP,
	 EDIT(PAD(1)), GOES},
	{"control: to any MAC address, on a udp vif", CONTROL(1), EDIT(SET32(L2, 0, 0xffffffff)),
	 GOES},

	{"control: from a link that is no vif's", CONTROL(1), STRANGER},
	{"control: from a link whose vif has gone", CONTROL(1), .setup = on_a_link_of_no_vif,
	 STRANGER},
	{"control: from a link whose vif cannot be", CONTROL(1), .setup = on_a_link_beyond,
	 STRANGER},
	{"control: ARP on a udp vif", CONTROL(1), EDIT(SET16(L2, 12, 0x0806)),
	 .setup = forget_stray_link, DROP(drop_control_not_ip)},
	{"control: VLAN tag on a udp vif", CONTROL(1),
	 EDIT(GAP(INNER, 4), SET32(L2, 12, 0x81000001), SET16(L2, 16, 0x0800)),
	 DROP(drop_control_not_ip)},
	{"control: MPLS on a udp vif", CONTROL(1), EDIT(SET16(L2, 12, 0x8847)),
	 DROP(drop_control_not_ip)},
	{"control: LLC on a udp vif", CONTROL(1), EDIT(SET16(L2, 12, 0x0026)),
	 DROP(drop_control_not_ip)},
	{"control: PdP's own tag on a udp vif", CONTROL(1), EDIT(SET16(L2, 12, PDP_ETHERTYPE)),
	 DROP(drop_control_not_ip)},
	{"control: IPv6 that says it is IPv4", CONTROL(1), .inner = INNER_IPV6_UDP,
	 EDIT(SET16(L2, 12, 0x0800)), DROP(drop_control_length)},
	{"control: IPv4 that says it is IPv6", CONTROL(1), EDIT(SET16(L2, 12, 0x86dd)),
	 DROP(drop_control_length)},
	{"control: Ethernet header alone", CONTROL(1), EDIT(CUT(INNER, 0)),
	 DROP(drop_control_length)},
	{"control: IPv4 cut after 19 bytes", CONTROL(1), EDIT(CUT(INNER, 19)),
	 DROP(drop_control_length)},
	{"control: IPv6 cut after 39 bytes", CONTROL(1), .inner = INNER_IPV6_UDP,
	 EDIT(CUT(INNER, 39)), DROP(drop_control_length)},
	{"control: IPv4 cut in its payload", CONTROL(1), EDIT(CUT(INNER, 35)),
	 DROP(drop_control_length)},
	{"control: IPv6 cut in its payload", CONTROL(1), .inner = INNER_IPV6_UDP,
	 EDIT(CUT(INNER, 55)), DROP(drop_control_length)},
	{"control: IPv4 shorter than its header", CONTROL(1), EDIT(SET16(INNER, 2, 19)),
	 DROP(drop_control_length)},
	{"control: IPv4 header of 16 bytes", CONTROL(1), EDIT(SET8(INNER, 0, 0x44)),
	 DROP(drop_control_length)},
	{"control: one byte above the port's MTU", CONTROL(1), EDIT(GROWN(NODE_MTU - 27)),
	 DROP(drop_too_big)},
	{"control: one byte above the port's MTU, vxlan", CONTROL(5), EDIT(GROWN(NODE_MTU - 49)),
	 DROP(drop_too_big)},
	{"control: much above the port's MTU", CONTROL(2), EDIT(GROWN(3400)), DROP(drop_too_big)},
	{"control: next hop not known", CONTROL(1), .setup = no_neighbour, DROP(drop_no_neighbour)},
	{"control: port gone", CONTROL(1), .setup = ports_gone, DROP(drop_port_gone)},
	{"control: port gone, vxlan over IPv6", CONTROL(6), .setup = ports_gone,
	 DROP(drop_port_gone)},
};

const struct case_table cases_control = {rows, sizeof(rows) / sizeof(*rows)};
