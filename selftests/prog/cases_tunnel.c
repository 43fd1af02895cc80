/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_tunnel.c - VXLAN header, least payload, police, and where the packet is sent. */
#include <time.h>

#include "selftests/prog/cases.h"

static uint64_t now_16th_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * 1000000000ull + now.tv_nsec) << PDP_POLICE_SHIFT;
}

/* Police vnet 1 and make its next packet early by so much. */
static void police(struct node *node, uint64_t early_ns)
{
	struct pdp_police state = {.tat = now_16th_ns() + (early_ns << PDP_POLICE_SHIFT)};
	struct pdp_vnet vnet;
	uint32_t id = 1;

	node_get(node, MAP_VNETS, &id, &vnet);
	vnet.rate = (struct pdp_limit){16000, UINT32_MAX}; /* 0.27 s */
	node_set(node, MAP_VNETS, &id, &vnet);
	node_set(node, MAP_POLICE, &id, &state);
}

static void over_rate(struct node *node)
{
	police(node, 3600ull * 1000000000);
}

/* The next packet of each of vnet 1's guests is early by an hour. */
static void over_power(struct node *node)
{
	struct pdp_pace pace = {.tat = now_16th_ns() + (3600000000000ull << PDP_POLICE_SHIFT)};

	for (uint32_t id = 1; id <= 2; id++) {
		struct pdp_guest guest;

		node_get(node, MAP_GUESTS, &id, &guest);
		guest.power = (struct pdp_limit){16000, UINT32_MAX};
		node_set(node, MAP_GUESTS, &id, &guest);
		node_set(node, MAP_PACES, &id, &pace);
	}
}

static void within_burst(struct node *node)
{
	police(node, 100000000);
}

static void no_table(struct node *node)
{
	static const uint16_t none[1];

	node_set_table(node, 1, 0, PDP_POLICY_FLOW_HASH, none, 0);
}

static void empty_slots(struct node *node)
{
	static const uint16_t none[8];

	node_set_table(node, 1, 0, PDP_POLICY_FLOW_HASH, none, 8);
}

static void foreign_guest(struct node *node)
{
	static const uint16_t slots[1] = {3};

	node_set_table(node, 1, 0, PDP_POLICY_FLOW_HASH, slots, 1);
}

static void absurd_guest(struct node *node)
{
	static const uint16_t slots[1] = {PDP_MAX_GUESTS + 1};

	node_set_table(node, 1, 0, PDP_POLICY_FLOW_HASH, slots, 1);
}

static void links_gone(struct node *node)
{
	for (uint32_t id = 1; id <= NODE_GUESTS; id++)
		node_delete(node, MAP_FE_LINKS, &id);
}

/* A udp tunnel may have VXLAN's port: vif 1 moves there. */
static void udp_on_vxlan_port(struct node *node)
{
	struct pdp_tunnel_key key = node_tunnel_key(node, 1);
	struct pdp_tunnel tunnel;

	node_get(node, MAP_TUNNELS, &key, &tunnel);
	key.port = bpf_htons(PDP_VXLAN_PORT);
	node_set(node, MAP_TUNNELS, &key, &tunnel);
}

/* An entry of vif 1 that names what cannot be. */
static void break_tunnel(struct node *node, uint16_t vnet, uint16_t vif)
{
	struct pdp_tunnel_key key = node_tunnel_key(node, 1);
	struct pdp_tunnel tunnel;

	node_get(node, MAP_TUNNELS, &key, &tunnel);
	tunnel.vnet = vnet;
	tunnel.vif = vif;
	node_set(node, MAP_TUNNELS, &key, &tunnel);
}

static void tunnel_of_no_vnet(struct node *node)
{
	break_tunnel(node, 0, 1);
}

static void tunnel_of_absurd_vnet(struct node *node)
{
	break_tunnel(node, PDP_MAX_VNETS + 1, 1);
}

static void tunnel_of_absurd_vif(struct node *node)
{
	break_tunnel(node, 1, PDP_MAX_VIFS + 1);
}

static const struct packet_case rows[] = {
	{"vxlan on another port", IN(9), GOES},
	{"vxlan on another port, unknown VNI", IN(9), EDIT(SET8(VXLAN, 6, 43)),
	 PASS(pass_no_tunnel)},
	{"vxlan on another port, header cut", IN(9), EDIT(CUT(VXLAN, 7), FIT), PASS(pass_runt)},
	{"vxlan on another port, without the I flag", IN(9), EDIT(SET8(VXLAN, 0, 0)),
	 DROP(drop_vxlan_header)},
	{"udp tunnel on vxlan's port", IN(1), EDIT(SET16(L4, 2, PDP_VXLAN_PORT)),
	 .setup = udp_on_vxlan_port, GOES},
	{"udp tunnel on vxlan's port, payload of 1 byte", IN(1),
	 EDIT(SET16(L4, 2, PDP_VXLAN_PORT), CUT(INNER, 1), FIT), .setup = udp_on_vxlan_port,
	 DROP(drop_inner_short)},
	{"to vxlan's port of an address that has no tunnel there", IN(1),
	 EDIT(SET16(L4, 2, PDP_VXLAN_PORT)), PASS(pass_no_tunnel)},
	{"vxlan header cut to nothing", IN(5), EDIT(CUT(VXLAN, 0), FIT), PASS(pass_runt)},
	{"vxlan header cut after 7 bytes", IN(5), EDIT(CUT(VXLAN, 7), FIT), PASS(pass_runt)},
	{"vxlan header behind the UDP datagram", IN(5), EDIT(SET16(L4, 4, 12)),
	 DROP(drop_vxlan_header)},
	{"vxlan without the I flag", IN(5), EDIT(SET8(VXLAN, 0, 0)), DROP(drop_vxlan_header)},
	{"vxlan with the GBP flag", IN(5), EDIT(SET8(VXLAN, 0, 0x88)), DROP(drop_vxlan_header)},
	{"vxlan-gpe, P flag", IN(5), EDIT(SET8(VXLAN, 0, 0x0c)), DROP(drop_vxlan_header)},
	{"vxlan flags over IPv6", IN(6), EDIT(SET8(VXLAN, 0, 0xff)), DROP(drop_vxlan_header)},
	{"vxlan reserved bytes are not looked at", IN(5),
	 EDIT(SET32(VXLAN, 0, 0x08ffffff), SET8(VXLAN, 7, 0xff)), GOES},
	{"vxlan unknown VNI", IN(5), EDIT(SET8(VXLAN, 6, 43)), PASS(pass_no_tunnel)},
	{"vxlan VNI 0", IN(5), EDIT(SET8(VXLAN, 6, 0)), PASS(pass_no_tunnel)},
	{"vxlan VNI of another address", IN(6), EDIT(SET32(VXLAN, 4, 42 << 8)),
	 PASS(pass_no_tunnel)},
	{"vxlan VNI all ones", IN(5), EDIT(SET32(VXLAN, 4, 0xffffffff)), PASS(pass_no_tunnel)},
	{"vxlan from another host", IN(5), EDIT(SET32(L3, 12, 0xc6336463), CSUM),
	 DROP(drop_wrong_remote)},
	{"vxlan without a frame", IN(5), .inner = INNER_NOTHING, DROP(drop_inner_short)},
	{"vxlan frame of 13 bytes", IN(5), EDIT(CUT(INNER, 13), FIT), DROP(drop_inner_short)},
	{"vxlan frame of 13 bytes, padded", IN(5), EDIT(CUT(INNER, 13), FIT, PAD(20)),
	 DROP(drop_inner_short)},

	{"udp without payload", IN(1), EDIT(CUT(INNER, 0), FIT), DROP(drop_inner_short)},
	{"udp without payload, padded", IN(1), EDIT(CUT(INNER, 0), FIT, PAD(18)),
	 DROP(drop_inner_short)},
	{"udp payload of 1 byte, IPv4", IN(1), EDIT(CUT(INNER, 1), FIT), DROP(drop_inner_short)},
	{"udp payload of 1 byte, IPv6", IN(1), .inner = INNER_IPV6_UDP, EDIT(CUT(INNER, 1), FIT),
	 DROP(drop_inner_short)},
	{"udp payload of 1 byte, neither", IN(1), EDIT(SET8(INNER, 0, 0xff), CUT(INNER, 1), FIT),
	 DROP(drop_inner_not_ip)},
	{"udp payload of 19 bytes", IN(1), EDIT(CUT(INNER, 19), FIT), DROP(drop_inner_short)},
	{"udp payload of 19 bytes, padded", IN(1), EDIT(CUT(INNER, 19), FIT, PAD(10)),
	 DROP(drop_inner_short)},
	{"udp payload, IPv6 of 39 bytes", IN(1), .inner = INNER_IPV6_UDP, EDIT(CUT(INNER, 39), FIT),
	 DROP(drop_inner_short)},
	{"udp payload of version 0", IN(1), EDIT(SET8(INNER, 0, 0x05)), DROP(drop_inner_not_ip)},
	{"udp payload of version 5", IN(1), EDIT(SET8(INNER, 0, 0x55)), DROP(drop_inner_not_ip)},
	{"udp keep-alive, 4 zero bytes", IN(1), EDIT(CUT(INNER, 4), SET32(INNER, 0, 0), FIT),
	 DROP(drop_inner_not_ip)},
	{"a frame in a udp tunnel", IN(1), EDIT(SET8(INNER, 0, 0x02)), DROP(drop_inner_not_ip)},

	{"over the vnet's rate", IN(1), .setup = over_rate, DROP(drop_policed)},
	{"over the vnet's rate, padded", IN(1), EDIT(PAD(4)), .setup = over_rate,
	 DROP(drop_policed)},
	{"over its guest's power", IN(1), .setup = over_power, DROP(drop_over_power)},
	{"over its guest's power, padded", IN(1), EDIT(PAD(4)), .setup = over_power,
	 DROP(drop_over_power)},
	{"over the power of another vnet's guests", IN(7), .setup = over_power, GOES},
	{"early, but within the burst", IN(1), .setup = within_burst, GOES},
	{"a malformed packet over the rate is malformed", IN(1), EDIT(SET8(INNER, 0, 0)),
	 .setup = over_rate, DROP(drop_inner_not_ip)},
	{"police of another vnet", IN(7), .setup = over_rate, GOES},

	{"vnet that has no guest yet", IN(8), DROP(drop_no_guest)},
	{"vnet whose table was emptied", IN(1), .setup = no_table, DROP(drop_no_guest)},
	{"slot without a guest", IN(1), .setup = empty_slots, DROP(drop_no_guest)},
	{"slot with the guest of another vnet", IN(1), .setup = foreign_guest, DROP(drop_no_guest)},
	{"slot with a guest id out of range", IN(1), .setup = absurd_guest, DROP(drop_no_guest)},
	{"FE link gone", IN(1), .setup = links_gone, DROP(drop_guest_link_gone)},
	{"FE link gone, vxlan", IN(5), .setup = links_gone, DROP(drop_guest_link_gone)},

	{"tunnel entry without a vnet", IN(1), .setup = tunnel_of_no_vnet, .bad_tunnel = true,
	 .verdict = XDP_DROP},
	{"tunnel entry with a vnet id out of range", IN(1), .setup = tunnel_of_absurd_vnet,
	 .bad_tunnel = true, .verdict = XDP_DROP},
	{"tunnel entry with a vif id out of range", IN(1), .setup = tunnel_of_absurd_vif,
	 .bad_tunnel = true, .verdict = XDP_DROP},
};

const struct case_table cases_tunnel = {rows, sizeof(rows) / sizeof(*rows)};
