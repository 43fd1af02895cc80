/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_packets.c - run the table of named packets: verdict, bytes out, the counter that moved, and
 * that no other did. Then the ledger over the whole table.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fe-agent/encap.h"
#include "selftests/prog/cases.h"
#include "selftests/prog/node_fixture.h"

static const struct case_table *const tables[] = {
	&cases_l2,    &cases_ipv4,  &cases_ipv6,    &cases_udp,	   &cases_tunnel,
	&cases_inner, &cases_bytes, &cases_guest,   &cases_tag,	   &cases_forged,
	&cases_out,   &cases_local, &cases_control, &cases_impair, NULL,
};

static uint16_t read16(const struct packet *p, size_t at)
{
	return p->data[at] << 8 | p->data[at + 1];
}

/* Bytes of the tunnel packet from its outer IP header on, as that header says. */
static uint64_t outer_len(const struct packet *p)
{
	size_t at = p->at[AT_L3];

	return p->data[at] >> 4 == 6 ? 40 + read16(p, at + 4) : read16(p, at + 2);
}

static uint16_t sender_of(const struct packet_case *c)
{
	static const uint16_t first_guest[NODE_VNETS + 1] = {0, 1, 3, 5, 0};

	return c->sender ? c->sender : first_guest[node.vif[c->vif].owner.vnet];
}

static struct pdp_flow_key key_of(const struct packet_case *c)
{
	struct pdp_flow_key key = {
		.sport = htons(INNER_SPORT),
		.dport = htons(INNER_DPORT),
		.proto = 17,
		.family = 4,
		.saddr = {htonl(INNER_SADDR4)},
		.daddr = {htonl(INNER_DADDR4)},
	};

	if (c->key)
		return *c->key;
	if (c->inner == INNER_IPV6_UDP) {
		key.family = 6;
		key.saddr[0] = key.daddr[0] = htonl(0xfd000000);
		key.saddr[3] = htonl(INNER_SADDR6);
		key.daddr[3] = htonl(INNER_DADDR6);
	}
	return key;
}

/* The guest in the packet's slot, by the table in force. */
static uint16_t guest_of(uint32_t vnet, uint32_t hash)
{
	struct pdp_slot_table slots;
	struct pdp_vnet value;
	uint32_t slot = 0, id;

	node_get(&node, MAP_VNETS, &vnet, &value);
	if (value.table.policy == PDP_POLICY_FLOW_HASH)
		slot = pdp_hash_slot(hash, value.table.n_slots);
	id = vnet * 2 + value.table.half;
	node_get(&node, MAP_SLOTS, &id, &slots);
	return slots.guest[slot];
}

/* What the classifier must send: Ethernet, tag, and the inner packet without any padding. */
static uint16_t expect_tagged(const struct packet_case *c, const struct packet *in,
			      struct packet *out)
{
	static const uint16_t protos[] = {0x0800, 0x86dd};
	const struct pdp_vif *vif = &node.vif[c->vif];
	struct pdp_flow_key key = key_of(c);
	uint32_t hash = pdp_flow_hash(&key);
	uint16_t guest = guest_of(vif->owner.vnet, hash);
	bool vxlan = vif->owner.encap == PDP_ENCAP_VXLAN;
	const uint8_t *outer = in->data + in->at[AT_L3];

	memset(out, 0, sizeof(*out));
	packet_put(out, node.guest[guest].mac, 6);
	packet_put(out, node.guest[guest].md_mac, 6);
	packet_put16(out, 0x88b5);
	packet_put8(out, 0x11);
	packet_put8(out, vif->owner.family == 4 ? outer[1] & 3 : outer[1] >> 4 & 3);
	packet_put16(out, vxlan ? 0x6558 : c->bytes ? 0x88b6 : protos[c->inner]);
	packet_put16(out, vif->owner.vnet);
	packet_put16(out, c->vif);
	packet_put32(out, hash);
	packet_put32(out, 0); /* the first of its bucket */
	packet_put(out, in->data + in->at[AT_INNER], in->len - in->padding - in->at[AT_INNER]);
	return guest;
}

/* What the dispatcher must send: the outer packet, with MACs and VLAN tags of the vif. */
static void expect_untagged(const struct packet_case *c, const uint8_t *outer, size_t len,
			    struct packet *out)
{
	const struct pdp_vif *vif = &node.vif[c->vif];

	memset(out, 0, sizeof(*out));
	packet_put(out, vif->next_hop.mac, 6);
	packet_put(out, vif->source.mac, 6);
	if (vif->vlans & 0xffff)
		packet_put32(out, 0x88a80000 | vif->vlans >> 16);
	if (vif->vlans)
		packet_put32(out, 0x81000000 | (vif->vlans & 0xffff ? vif->vlans & 0xffff
								    : vif->vlans >> 16));
	packet_put16(out, vif->owner.family == 4 ? 0x0800 : 0x86dd);
	packet_put(out, outer, len);
}

static void add(void *stats, size_t offset, uint64_t n)
{
	*(uint64_t *)((char *)stats + offset) += n;
}

static void expect_in(const struct packet_case *c, const struct packet *in, struct packet *out,
		      struct node_stats *moved)
{
	uint16_t vif = c->counted_vif ? c->counted_vif : c->vif;
	uint16_t vnet = node.vif[vif].owner.vnet, guest;

	if (c->verdict == XDP_PASS) {
		add(&moved->port[c->unknown_device ? 0 : node.vif[c->vif].owner.port], c->counter,
		    1);
		return;
	}
	if (c->bad_tunnel) {
		moved->node.drop_bad_tunnel = 1;
		return;
	}
	moved->vnet[vnet].rx_packets = moved->vif[vif].rx_packets = 1;
	moved->vnet[vnet].rx_bytes = moved->vif[vif].rx_bytes = outer_len(in);
	if (c->verdict == XDP_DROP) {
		struct pdp_flow_key key = key_of(c);

		add(&moved->vnet[vnet], c->counter, 1);
		if (c->counter == offsetof(struct pdp_vnet_stats, drop_over_power))
			moved->guest[guest_of(vnet, pdp_flow_hash(&key))].over_power_packets = 1;
		return;
	}
	guest = expect_tagged(c, in, out);
	moved->guest[guest].to_packets = 1;
	moved->guest[guest].to_bytes = out->len;
}

/* What waits for its time: the outer packet behind a head that says for whom and how long. */
static void expect_waiting(const struct packet_case *c, const uint8_t *outer, size_t len,
			   struct packet *out)
{
	const struct pdp_vif *vif = &node.vif[c->vif];

	memset(out, 0, sizeof(*out));
	packet_put(out, "\0\0\0\0\0\0\0\0\0\0\0", 12);
	packet_put16(out, 0x88b5);
	packet_put8(out, 0x12);
	packet_put8(out, 0);
	packet_put16(out, vif->owner.family == 4 ? 0x0800 : 0x86dd);
	packet_put16(out, vif->owner.vnet);
	packet_put16(out, c->vif);
	packet_put32(out, 0);
	packet_put32(out, CASE_DELAY_MS);
	packet_put(out, outer, len);
}

/* An outer packet leaves through its vif, at once or later. */
static void expect_sent(const struct packet_case *c, const uint8_t *outer, size_t len,
			struct packet *out, struct node_stats *moved)
{
	uint16_t vnet = node.vif[c->vif].owner.vnet;

	if (c->delayed) {
		expect_waiting(c, outer, len, out);
		moved->vnet[vnet].delay_packets = 1;
		return;
	}
	expect_untagged(c, outer, len, out);
	moved->vnet[vnet].tx_packets = moved->vif[c->vif].tx_packets = 1;
	moved->vnet[vnet].tx_bytes = moved->vif[c->vif].tx_bytes = len;
}

/* The reordering meter sees all that has a good tag. */
static void expect_metered(const struct packet_case *c, uint16_t sender, struct node_stats *moved)
{
	if (c->verdict == XDP_DROP &&
	    c->counter <= offsetof(struct pdp_vnet_stats, drop_foreign_vif))
		return;
	moved->guest[sender].metered_packets = 1;
	moved->vnet[node.guest[sender].vnet].metered_packets = 1;
}

static void expect_out(const struct packet_case *c, const struct packet *in, struct packet *out,
		       struct node_stats *moved)
{
	uint16_t sender = sender_of(c), vnet = node.guest[sender].vnet;

	if (c->unknown_device) {
		moved->node.drop_unknown_link = 1;
		return;
	}
	moved->guest[sender].from_packets = 1;
	moved->guest[sender].from_bytes = in->len;
	expect_metered(c, sender, moved);
	if (c->verdict == XDP_DROP) {
		add(&moved->vnet[vnet], c->counter, 1);
		return;
	}
	expect_sent(c, in->data + in->at[AT_L3], in->len - in->at[AT_L3], out, moved);
}

/* Bytes of the vif's outer headers. */
static size_t overhead(const struct pdp_vif *vif)
{
	return (vif->owner.family == 4 ? 28 : 48) + (vif->owner.encap == PDP_ENCAP_VXLAN ? 8 : 0);
}

/* What the dispatcher must send to the control plane: the inner packet or frame as it came. */
static void expect_local(const struct packet_case *c, const struct packet *in, struct packet *out,
			 struct node_stats *moved)
{
	uint16_t sender = sender_of(c), vnet = node.guest[sender].vnet;
	const struct pdp_vif *vif = &node.vif[c->vif];
	size_t len = in->len - in->at[AT_INNER];

	moved->guest[sender].from_packets = 1;
	moved->guest[sender].from_bytes = in->len;
	expect_metered(c, sender, moved);
	if (c->verdict == XDP_DROP) {
		add(&moved->vnet[vnet], c->counter, 1);
		return;
	}
	memset(out, 0, sizeof(*out));
	if (vif->owner.encap == PDP_ENCAP_UDP) {
		packet_put(out, vif->guest.mac, 6);
		packet_put(out, vif->guest.mac, 6);
		out->data[11] ^= 1;
		packet_put16(out, c->inner == INNER_IPV6_UDP ? 0x86dd : 0x0800);
	}
	packet_put(out, in->data + in->at[AT_INNER], len);
	moved->vnet[vnet].local_packets = moved->vif[c->vif].local_packets = 1;
	moved->vnet[vnet].local_bytes = moved->vif[c->vif].local_bytes = len + overhead(vif);
}

/* DSCP, ECN and DF of the inner packet, which the outer header shares. */
static void read_inner(const struct packet_case *c, const uint8_t *ip, struct pdp_inner *inner)
{
	switch (c->inner) {
	case INNER_IPV4_UDP:
		inner->tos = ip[1];
		inner->df = ip[6] & 0x40;
		break;
	case INNER_IPV6_UDP:
		inner->tos = ip[0] << 4 | ip[1] >> 4;
		inner->df = true;
		break;
	default:
		break;
	}
}

static struct pdp_dp_vif dp_vif(const struct packet_case *c, const uint8_t *mac)
{
	const struct pdp_vif *vif = &node.vif[c->vif];
	bool v4 = vif->owner.family == 4;
	struct pdp_dp_vif dp = {
		.id = c->vif,
		.encap = vif->owner.encap,
		.family = vif->owner.family,
		.local_port = vif->local_port,
		.remote_port = vif->remote_port,
		.vni = vif->vni,
	};

	memcpy(dp.mac, mac, 6);
	memcpy(dp.local, &vif->local.word[v4 ? 3 : 0], v4 ? 4 : 16);
	memcpy(dp.remote, &vif->remote.word[v4 ? 3 : 0], v4 ? 4 : 16);
	return dp;
}

/* What an FE guest's router would send for the same packet, by its own code. */
static size_t encapsulate(const struct packet_case *c, const struct packet *in, uint8_t **outer)
{
	static uint8_t room[PDP_OUTER_MAX + PACKET_ROOM];
	bool vxlan = node.vif[c->vif].owner.encap == PDP_ENCAP_VXLAN;
	size_t at = in->at[AT_INNER] + (vxlan ? 14 : 0), len = in->len - in->padding - at;
	struct pdp_dp_vif dp = dp_vif(c, in->data + 6);
	struct pdp_flow_key key = key_of(c);
	struct pdp_inner inner = {
		.mac = in->data,
		.hash = pdp_flow_hash(&key),
		.proto = read16(in, at - 2),
		.id = NODE_PACKET_ID,
	};
	struct pdp_outer prepared;

	read_inner(c, in->data + at, &inner);
	assert_int_equal(pdp_outer_prepare(&prepared, &dp), 0);
	memcpy(room + PDP_OUTER_MAX, in->data + at, len);
	*outer = pdp_outer_push(&prepared, room + PDP_OUTER_MAX, len, &inner);
	return prepared.len + len;
}

/* What has no length that could be believed counts as the frame that it came in. */
static bool has_length(const struct packet_case *c)
{
	return c->counter != offsetof(struct pdp_vnet_stats, drop_control_not_ip) &&
	       c->counter != offsetof(struct pdp_vnet_stats, drop_control_length);
}

static void expect_control(const struct packet_case *c, const struct packet *in, struct packet *out,
			   struct node_stats *moved)
{
	const struct pdp_vif *vif = &node.vif[c->vif];
	uint16_t vnet = vif->owner.vnet;
	size_t len = has_length(c) ? in->len - in->padding - in->at[AT_INNER] : in->len;
	uint8_t *outer;

	if (c->unknown_device) {
		moved->node.drop_unknown_vif = 1;
		return;
	}
	len += overhead(vif);
	moved->vnet[vnet].control_packets = moved->vif[c->vif].control_packets = 1;
	moved->vnet[vnet].control_bytes = moved->vif[c->vif].control_bytes = len;
	if (c->verdict == XDP_DROP) {
		add(&moved->vnet[vnet], c->counter, 1);
		return;
	}
	assert_int_equal(encapsulate(c, in, &outer), len);
	expect_sent(c, outer, len, out, moved);
}

static void expect_delayed(const struct packet_case *c, const struct packet *in, struct packet *out,
			   struct node_stats *moved)
{
	uint16_t vnet = node.vif[c->vif].owner.vnet;

	if (c->unknown_device) {
		moved->node.drop_unknown_delayed = 1;
		return;
	}
	moved->vnet[vnet].delayed_packets = 1;
	if (c->verdict == XDP_DROP)
		add(&moved->vnet[vnet], c->counter, 1);
	else
		expect_sent(c, in->data + in->at[AT_L3], in->len - in->at[AT_L3], out, moved);
}

/* Bytes and counters that must be; a packet that is not sent on is not looked at but for PASS. */
static void expect(const struct packet_case *c, const struct packet *in, struct packet *out,
		   struct node_stats *moved)
{
	memset(moved, 0, sizeof(*moved));
	*out = *in;
	switch (c->way) {
	case WAY_IN:
		expect_in(c, in, out, moved);
		break;
	case WAY_OUT:
		expect_out(c, in, out, moved);
		break;
	case WAY_LOCAL:
		expect_local(c, in, out, moved);
		break;
	case WAY_CONTROL:
		expect_control(c, in, out, moved);
		break;
	case WAY_DELAYED:
		expect_delayed(c, in, out, moved);
		break;
	case WAY_GUEST:
		add(&moved->guest[1], c->counter, 1);
		break;
	case WAY_PASS:
		break;
	}
}

static int run(const struct packet_case *c, const struct packet *in, struct packet *out)
{
	static const enum node_prog progs[] = {
		[WAY_IN] = PROG_CLASSIFY,     [WAY_OUT] = PROG_DISPATCH,
		[WAY_LOCAL] = PROG_DISPATCH,  [WAY_CONTROL] = PROG_VIF_OUT,
		[WAY_DELAYED] = PROG_DELAYED, [WAY_GUEST] = PROG_GUEST_RX,
		[WAY_PASS] = PROG_PASS,
	};
	uint32_t ifindex = node.port_ifindex[node.vif[c->vif].owner.port];

	if (c->way == WAY_OUT || c->way == WAY_LOCAL)
		ifindex = node.link_ifindex[sender_of(c)];
	if (c->way == WAY_CONTROL)
		ifindex = node.vif_ifindex[c->vif];
	if (c->way == WAY_DELAYED)
		ifindex = node.delay_ifindex;
	if (c->unknown_device)
		ifindex = node.other_ifindex;
	return node_run(&node, progs[c->way], ifindex, c->queue, in, out);
}

static int compare_counters(const struct node_stats *before, const struct node_stats *after,
			    const struct node_stats *moved)
{
	const uint64_t *b = (const void *)before, *a = (const void *)after;
	const uint64_t *want = (const void *)moved;
	int wrong = 0;

	for (size_t i = 0; i < sizeof(*moved) / sizeof(*want); i++) {
		if (a[i] - b[i] == want[i])
			continue;
		fprintf(stderr, "# %s: moved by %llu, not %llu\n",
			node_counter_name(i * sizeof(*want)), (unsigned long long)(a[i] - b[i]),
			(unsigned long long)want[i]);
		wrong++;
	}
	return wrong;
}

static int compare_bytes(const struct packet *out, const struct packet *want)
{
	if (out->len == want->len && !memcmp(out->data, want->data, out->len))
		return 0;
	packet_dump("out", out->data, out->len);
	packet_dump("expected", want->data, want->len);
	return 1;
}

static void test_case(void **state)
{
	const struct packet_case *c = *state;
	static struct packet in, out, want;
	struct node_stats before, after, moved;
	int verdict, wrong = 0;

	node_fill(&node);
	if (c->setup)
		c->setup(&node);
	case_build(&node, c, &in);
	for (int i = 0; i < CASE_EDITS; i++)
		packet_edit(&in, &c->edit[i]);
	expect(c, &in, &want, &moved);
	node_read_stats(&node, &before);
	verdict = run(c, &in, &out);
	node_read_stats(&node, &after);

	wrong += compare_counters(&before, &after, &moved);
	if (verdict != XDP_DROP && verdict == c->verdict)
		wrong += compare_bytes(&out, &want);
	if (verdict != c->verdict || wrong)
		packet_dump("in", in.data, in.len);
	assert_int_equal(verdict, c->verdict);
	assert_int_equal(wrong, 0);
}

/* Of each vnet: what came in and did not go to a guest, and what came from elsewhere, is accounted. */
static void test_ledger(void **unused)
{
	(void)unused;
	struct node_stats stats;

	node_read_stats(&node, &stats);
	for (int vnet = 1; vnet <= NODE_VNETS; vnet++) {
		const struct pdp_vnet_stats *s = &stats.vnet[vnet];
		uint64_t to = 0, from = 0;

		for (int guest = 1; guest <= NODE_GUESTS; guest++) {
			if (node.guest[guest].vnet != vnet)
				continue;
			to += stats.guest[guest].to_packets;
			from += stats.guest[guest].from_packets;
		}
		assert_true(s->rx_packets > 0);
		assert_int_equal(
			s->rx_packets - to + from + s->control_packets + s->delayed_packets,
			s->tx_packets + s->local_packets + s->delay_packets + node_drops(s));
	}
}

/* Every counter of every way out was moved by some case. */
static void test_every_counter_moved(void **unused)
{
	(void)unused;
	struct node_stats stats;
	int missing = 0;

	node_read_stats(&node, &stats);
#define PORT(name, help)                                                     \
	if (!(stats.port[0].name | stats.port[1].name | stats.port[2].name)) \
		missing += fprintf(stderr, "# no case moves " #name "\n") > 0;
#define VNET(name, help)                                                                          \
	if (!(stats.vnet[1].name | stats.vnet[2].name | stats.vnet[3].name | stats.vnet[4].name | \
		      !strcmp(#name, "drop_headroom") ||                                          \
	      !strcmp(#name, "drop_control_headroom")))                                           \
		missing += fprintf(stderr, "# no case moves " #name "\n") > 0;
#define NODE(name, help)                                                \
	if (!stats.node.name && strcmp(#name, "drop_unnamed_hop") != 0) \
		missing += fprintf(stderr, "# no case moves " #name "\n") > 0;
	PDP_PASS_REASONS(PORT)
	PDP_NODE_COUNTS(NODE)
	PDP_CLASSIFY_DROPS(VNET)
	PDP_DISPATCH_DROPS(VNET)
	PDP_VIF_OUT_DROPS(VNET)
#undef PORT
#undef NODE
#undef VNET
	assert_int_equal(missing, 0);
}

int main(void)
{
	struct CMUnitTest *tests, *at;
	size_t n = 2;
	int failed;

	for (int i = 0; tables[i]; i++)
		n += tables[i]->n;
	at = tests = calloc(n, sizeof(*tests));
	for (int i = 0; tables[i]; i++)
		for (size_t j = 0; j < tables[i]->n; j++)
			*at++ = (struct CMUnitTest){
				.name = tables[i]->cases[j].name,
				.test_func = test_case,
				.initial_state = (void *)&tables[i]->cases[j],
			};
	*at++ = (struct CMUnitTest)cmocka_unit_test(test_ledger);
	*at++ = (struct CMUnitTest)cmocka_unit_test(test_every_counter_moved);
	failed = _cmocka_run_group_tests("packets", tests, n, start_node, stop_node);
	free(tests);
	return failed;
}
