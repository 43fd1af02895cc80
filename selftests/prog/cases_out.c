/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_out.c - what a guest may send, its lengths, and the way out of the node. */
#include "selftests/prog/cases.h"

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

static void no_port(struct node *node)
{
	struct pdp_vif vif = node->vif[1];
	uint32_t id = 1;

	vif.owner.port = 0;
	node_set(node, MAP_VIFS, &id, &vif);
}

/* The good packet is 64 bytes of IPv4; the gap makes it as large as the case says. */
#define GROWN(bytes) GAP(PAYLOAD, (bytes)-64), FIT

static const struct packet_case rows[] = {
	{"out: udp over IPv4", OUT(1), GOES},
	{"out: udp over IPv6", OUT(2), GOES},
	{"out: udp with one VLAN tag", OUT(3), GOES},
	{"out: udp with two VLAN tags", OUT(4), GOES},
	{"out: vxlan over IPv4", OUT(5), GOES},
	{"out: vxlan over IPv6", OUT(6), GOES},
	{"out: vxlan on another port", OUT(9), GOES},
	{"out: inner IPv6", OUT(1), .inner = INNER_IPV6_UDP, GOES},
	{"out: vxlan with ARP", OUT(5), .inner = INNER_ARP, GOES},
	{"out: weighted vnet", OUT(7), GOES},
	{"out: DSCP and ECN are the guest's choice", OUT(1), EDIT(SET8(L3, 1, 0xbb), CSUM), GOES},
	{"out: traffic class and flow label are the guest's choice", OUT(2),
	 EDIT(SET32(L3, 0, 0x6bbabcde)), GOES},
	{"out: without DF", OUT(1), EDIT(SET16(L3, 6, 0), CSUM), GOES},
	{"out: IPv4 identification", OUT(1), EDIT(SET16(L3, 4, 0x4321), CSUM), GOES},
	{"out: TTL 1", OUT(1), EDIT(SET8(L3, 8, 1), CSUM), GOES},
	{"out: TTL 255", OUT(1), EDIT(SET8(L3, 8, 255), CSUM), GOES},
	{"out: hop limit 1", OUT(2), EDIT(SET8(L3, 7, 1)), GOES},
	{"out: UDP checksum is the guest's choice", OUT(1), EDIT(SET16(L4, 6, 0xabcd)), GOES},
	{"out: lowest vxlan source port", OUT(5), EDIT(SET16(L4, 0, PDP_VXLAN_SPORT_MIN)), GOES},
	{"out: highest vxlan source port", OUT(5), EDIT(SET16(L4, 0, 65535)), GOES},
	{"out: any bytes inside", OUT(1), EDIT(SET32(INNER, 0, 0xffffffff)), GOES},
	{"out: nothing inside", OUT(1), EDIT(CUT(INNER, 0), FIT), GOES},
	{"out: nothing inside, two VLAN tags", OUT(4), EDIT(CUT(INNER, 0), FIT), GOES},
	{"out: nothing inside vxlan", OUT(5), EDIT(CUT(INNER, 0), FIT), GOES},

	{"out: tag and no packet", OUT(1), EDIT(CUT(L3, 0)), DROP(drop_outer_length)},
	{"out: IPv4 cut after 19 bytes", OUT(1), EDIT(CUT(L3, 19)), DROP(drop_outer_length)},
	{"out: IPv6 cut after 39 bytes", OUT(2), EDIT(CUT(L3, 39)), DROP(drop_outer_length)},
	{"out: UDP cut after 7 bytes", OUT(1), EDIT(CUT(L4, 7), FIT_IP), DROP(drop_outer_length)},
	{"out: UDP cut over IPv6", OUT(2), EDIT(CUT(L4, 0), FIT_IP), DROP(drop_outer_length)},
	{"out: vxlan header cut", OUT(5), EDIT(CUT(VXLAN, 7), FIT), DROP(drop_outer_length)},
	{"out: IPv4 length 0", OUT(1), EDIT(SET16(L3, 2, 0), CSUM), DROP(drop_outer_length)},
	{"out: IPv4 length one below the frame's", OUT(1), EDIT(SET16(L3, 2, 63), CSUM),
	 DROP(drop_outer_length)},
	{"out: IPv4 length one above the frame's", OUT(1), EDIT(SET16(L3, 2, 65), CSUM),
	 DROP(drop_outer_length)},
	{"out: IPv4 length 65535", OUT(1), EDIT(SET16(L3, 2, 65535), CSUM),
	 DROP(drop_outer_length)},
	{"out: IPv6 payload length 0", OUT(2), EDIT(SET16(L3, 4, 0)), DROP(drop_outer_length)},
	{"out: IPv6 payload length one above", OUT(2), EDIT(SET16(L3, 4, 45)),
	 DROP(drop_outer_length)},
	{"out: UDP length 0", OUT(1), EDIT(SET16(L4, 4, 0)), DROP(drop_outer_length)},
	{"out: UDP length one below IP's", OUT(1), EDIT(SET16(L4, 4, 43)), DROP(drop_outer_length)},
	{"out: UDP length one above IP's", OUT(1), EDIT(SET16(L4, 4, 45)), DROP(drop_outer_length)},
	{"out: UDP length over IPv6", OUT(2), EDIT(SET16(L4, 4, 8)), DROP(drop_outer_length)},
	{"out: bytes behind the packet", OUT(1), EDIT(PAD(1)), DROP(drop_outer_length)},
	{"out: bytes behind the UDP datagram", OUT(1), EDIT(PAD(4), FIT_IP),
	 DROP(drop_outer_length)},

	{"out: as large as the port's MTU", OUT(1), EDIT(GROWN(NODE_MTU)), GOES},
	{"out: one byte below the port's MTU", OUT(1), EDIT(GROWN(NODE_MTU - 1)), GOES},
	{"out: one byte above the port's MTU", OUT(1), EDIT(GROWN(NODE_MTU + 1)),
	 DROP(drop_too_big)},
	{"out: as large as the MTU, two VLAN tags", OUT(4), EDIT(GROWN(NODE_MTU)), GOES},
	{"out: much above the port's MTU", OUT(1), EDIT(GROWN(3400)), DROP(drop_too_big)},
	{"out: next hop not known", OUT(1), .setup = no_neighbour, DROP(drop_no_neighbour)},
	{"out: port gone", OUT(1), .setup = ports_gone, DROP(drop_port_gone)},
	{"out: port gone, two VLAN tags", OUT(4), .setup = ports_gone, DROP(drop_port_gone)},
	{"out: vif without a port", OUT(1), .setup = no_port, DROP(drop_port_gone)},
};

const struct case_table cases_out = {rows, sizeof(rows) / sizeof(*rows)};
