/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases_impair.c - links made worse on purpose: down both ways, lost, delayed, and back from that. */
#include "selftests/prog/cases.h"

#define STRANGER .verdict = XDP_DROP, .unknown_device = true

static void impair(struct node *node, struct pdp_vif_impair how)
{
	for (uint32_t id = 1; id <= NODE_VIFS; id++) {
		struct pdp_vif vif = node->vif[id];

		vif.impair = how;
		node_set(node, MAP_VIFS, &id, &vif);
	}
}

static void set_down(struct node *node)
{
	impair(node, (struct pdp_vif_impair){.down = 1});
	for (uint32_t id = 1; id <= NODE_VIFS; id++) {
		struct pdp_tunnel_key key = node_tunnel_key(node, id);
		struct pdp_tunnel tunnel;

		node_get(node, MAP_TUNNELS, &key, &tunnel);
		tunnel.flags |= PDP_TUNNEL_DOWN;
		node_set(node, MAP_TUNNELS, &key, &tunnel);
	}
}

static void lose_all(struct node *node)
{
	impair(node, (struct pdp_vif_impair){.loss = UINT32_MAX});
}

/* One of 2^31: the test is not to fail for it in its author's lifetime. */
static void lose_least(struct node *node)
{
	impair(node, (struct pdp_vif_impair){.loss = 1});
}

static void delay(struct node *node)
{
	impair(node, (struct pdp_vif_impair){.delay_ms = CASE_DELAY_MS});
}

static void delay_and_lose(struct node *node)
{
	impair(node, (struct pdp_vif_impair){.delay_ms = CASE_DELAY_MS, .loss = UINT32_MAX});
}

/* The MAC address is needed when the packet comes back. */
static void delay_without_neighbour(struct node *node)
{
	struct pdp_vif vif = node->vif[1];
	uint32_t id = 1;

	vif.impair.delay_ms = CASE_DELAY_MS;
	vif.next_hop = (struct pdp_vif_mac){0};
	node_set(node, MAP_VIFS, &id, &vif);
}

static void delay_line_gone(struct node *node)
{
	delay(node);
	node_delete(node, MAP_DELAY_LINK, &(uint32_t){0});
}

static void no_neighbour(struct node *node)
{
	struct pdp_vif vif = node->vif[1];
	uint32_t id = 1;

	vif.next_hop = (struct pdp_vif_mac){0};
	node_set(node, MAP_VIFS, &id, &vif);
}

static void vif1_gone(struct node *node)
{
	uint32_t id = 1;

	node_set(node, MAP_VIFS, &id, &(struct pdp_vif){0});
}

static void ports_gone(struct node *node)
{
	for (uint32_t id = 1; id <= NODE_PORTS; id++)
		node_delete(node, MAP_PORTS, &id);
}

static const struct packet_case rows[] = {
	{"down: on the way in, udp", IN(1), .setup = set_down, DROP(drop_impaired_in)},
	{"down: on the way in, vxlan", IN(6), .setup = set_down, DROP(drop_impaired_in)},
	{"down: on the way in, but not the vif's", IN(1), EDIT(SET16(L4, 0, 7)), .setup = set_down,
	 DROP(drop_wrong_remote)},
	{"down: on the way out, from a guest", OUT(1), .setup = set_down, DROP(drop_impaired_down)},
	{"down: on the way out, from the control plane", CONTROL(5), .setup = set_down,
	 DROP(drop_impaired_down)},
	{"loss: on the way out, from a guest", OUT(6), .setup = lose_all, DROP(drop_impaired_loss)},
	{"loss: on the way out, from the control plane", CONTROL(1), .setup = lose_all,
	 DROP(drop_impaired_loss)},
	{"loss: not on the way in", IN(1), .setup = lose_all, GOES},
	{"loss: the smallest hits others", OUT(1), .setup = lose_least, GOES},
	{"loss: forged packets are told from lost ones", OUT(1), EDIT(SET8(L3, 12, 1), CSUM),
	 .setup = lose_all, DROP(drop_forged_outer)},

	{"delay: udp over IPv4", OUT(1), .setup = delay, .delayed = true, GOES},
	{"delay: udp over IPv6", OUT(2), .setup = delay, .delayed = true, GOES},
	{"delay: two VLAN tags are for later", OUT(4), .setup = delay, .delayed = true, GOES},
	{"delay: vxlan over IPv6", OUT(6), .setup = delay, .delayed = true, GOES},
	{"delay: from the control plane, udp", CONTROL(1), .setup = delay, .delayed = true, GOES},
	{"delay: from the control plane, vxlan over IPv6", CONTROL(6), .setup = delay,
	 .delayed = true, GOES},
	{"delay: next hop not known yet", OUT(1), .setup = delay_without_neighbour, .delayed = true,
	 GOES},
	{"delay: what is lost does not wait", OUT(1), .setup = delay_and_lose,
	 DROP(drop_impaired_loss)},
	{"delay: no delay line", OUT(1), .setup = delay_line_gone, DROP(drop_delay_gone)},
	{"delay: no delay line for the control plane", CONTROL(5), .setup = delay_line_gone,
	 DROP(drop_delay_gone)},

	{"delayed: udp over IPv4", DELAYED(1), GOES},
	{"delayed: udp over IPv6", DELAYED(2), GOES},
	{"delayed: one VLAN tag", DELAYED(3), GOES},
	{"delayed: two VLAN tags", DELAYED(4), GOES},
	{"delayed: vxlan over IPv6", DELAYED(6), GOES},
	{"delayed: is not delayed again", DELAYED(1), .setup = delay, GOES},
	{"delayed: next hop not known", DELAYED(1), .setup = no_neighbour, DROP(drop_no_neighbour)},
	{"delayed: port gone", DELAYED(1), .setup = ports_gone, DROP(drop_port_gone)},
	{"delayed: vif gone meanwhile", DELAYED(1), .setup = vif1_gone, DROP(drop_foreign_vif)},
	{"delayed: vif of another vnet", DELAYED(1), EDIT(SET16(TAG, 6, 5)),
	 DROP(drop_foreign_vif)},
	{"delayed: vif that cannot be", DELAYED(1), EDIT(SET16(TAG, 6, 65535)),
	 DROP(drop_foreign_vif)},
	{"delayed: vif of the other family meanwhile", DELAYED(1), EDIT(SET16(TAG, 6, 2)),
	 DROP(drop_tag_proto)},
	{"delayed: nobody's vnet", DELAYED(1), EDIT(SET16(TAG, 4, 0)), STRANGER},
	{"delayed: vnet that cannot be", DELAYED(1), EDIT(SET16(TAG, 4, 65535)), STRANGER},
	{"delayed: not tagged", DELAYED(1), EDIT(SET16(L2, 12, 0x86dd)), STRANGER},
	{"delayed: of another op", DELAYED(1), EDIT(SET8(TAG, 0, 0x11)), STRANGER},
	{"delayed: tag cut", DELAYED(1), EDIT(CUT(TAG, 15)), STRANGER},
};

const struct case_table cases_impair = {rows, sizeof(rows) / sizeof(*rows)};
