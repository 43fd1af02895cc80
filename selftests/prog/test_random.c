/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_random.c - good frames with random damage: whatever the bytes, each is counted once, the host's
 * frames are left as they were, nothing leaves but by the rules, and the flow hash is what the same
 * code says when it is compiled for this machine. The seed is fixed.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/flow.bpf.h"
#include "selftests/prog/cases.h"
#include "selftests/prog/node_fixture.h"

#define ROUNDS 20000

static uint64_t verdicts[XDP_REDIRECT + 1];

/* xorshift64 (Marsaglia, 2003). */
static uint64_t below(uint64_t n)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* Half of the damage goes to the headers, the rest anywhere; some frames get another length. */
static void damage(struct packet *p)
{
	for (uint64_t n = below(4); n > 0; n--) {
		size_t room = below(2) && p->len > 64 ? 64 : p->len;

		p->data[below(room)] = below(2) ? below(256) : p->data[below(p->len)];
	}
	if (below(4) == 0)
		p->len = 14 + below(p->len - 13);
	else if (below(8) == 0)
		packet_edit(p, &(struct edit)PAD(below(64)));
	if (below(2) && p->len >= p->at[AT_L3] + 20 && p->data[p->at[AT_L3]] >> 4 == 4)
		packet_ipv4_checksum(p, p->at[AT_L3]);
}

static void build(enum way way, struct packet *p, struct packet_case *c)
{
	*c = (struct packet_case){
		.way = way,
		.vif = 1 + below(NODE_VIFS),
		.inner = below(2) ? INNER_IPV4_UDP : INNER_IPV6_UDP,
	};
	case_build(&node, c, p);
	damage(p);
}

/* Is the IP header at the place one of these two ends, of the vif's family? */
static bool has_ends(const uint8_t *ip, const struct pdp_vif *vif, const struct pdp_addr *from,
		     const struct pdp_addr *to)
{
	if (vif->owner.family == 4)
		return ip[0] >> 4 == 4 && !memcmp(ip + 12, &from->word[3], 4) &&
		       !memcmp(ip + 16, &to->word[3], 4);
	return ip[0] >> 4 == 6 && !memcmp(ip + 8, from, 16) && !memcmp(ip + 24, to, 16);
}

/* The classifier's flow key, by the same header compiled for this machine. */
static uint32_t native_hash(struct packet *out)
{
	struct pdp_cursor inner = {out->data + 30, out->data + out->len};
	struct pdp_flow_key key = {0};

	switch (out->data[16] << 8 | out->data[17]) {
	case 0x0800:
		pdp_flow_ipv4(inner, &key);
		break;
	case 0x86dd:
		pdp_flow_ipv6(inner, &key);
		break;
	default:
		pdp_flow_frame(inner, &key);
	}
	return pdp_flow_hash(&key);
}

/* A tagged frame names a vif, and came from that vif's remote end to its local one. */
static void check_tagged(const struct packet *in, struct packet *out)
{
	const struct pdp_vif *vif;
	uint32_t hash;
	size_t l3 = 14;

	assert_true(out->len >= 30 && out->data[12] == 0x88 && out->data[13] == 0xb5);
	assert_in_range(out->data[21], 1, NODE_VIFS);
	vif = &node.vif[out->data[21]];
	assert_int_equal(out->data[19], vif->owner.vnet);
	assert_int_equal(node.guest[out->data[5]].vnet, vif->owner.vnet);
	while (in->data[l3 - 2] == 0x81 || in->data[l3 - 2] == 0x88)
		l3 += 4;
	assert_true(has_ends(in->data + l3, vif, &vif->remote, &vif->local));
	memcpy(&hash, out->data + 22, sizeof(hash));
	assert_int_equal(ntohl(hash), native_hash(out));
}

/* What leaves is what the guest wrote behind the tag, between the ends of a vif of its vnet. */
static void check_sent(uint16_t sender, const struct packet *in, const struct packet *out)
{
	const struct pdp_vif *vif = &node.vif[in->data[21]];
	size_t len = in->len - 30;

	assert_in_range(in->data[21], 1, NODE_VIFS);
	assert_int_equal(in->data[20], 0);
	assert_int_equal(vif->owner.vnet, node.guest[sender].vnet);
	assert_true(out->len >= len + 14 && len <= NODE_MTU);
	assert_memory_equal(out->data + out->len - len, in->data + 30, len);
	assert_memory_equal(out->data, vif->next_hop.mac, 6);
	assert_true(has_ends(in->data + 30, vif, &vif->local, &vif->remote));
}

/* What a control plane gets is what the guest wrote behind the tag, on a link of the guest's vnet. */
static void check_local(uint16_t sender, const struct packet *in, const struct packet *out)
{
	const struct pdp_vif *vif = &node.vif[in->data[21]];
	size_t l2 = vif->owner.encap == PDP_ENCAP_VXLAN ? 0 : 14, len = in->len - 30;

	assert_in_range(in->data[21], 1, NODE_VIFS);
	assert_int_equal(in->data[20], 0);
	assert_int_equal(vif->owner.vnet, node.guest[sender].vnet);
	assert_int_equal(out->len, l2 + len);
	assert_memory_equal(out->data + l2, in->data + 30, len);
	if (l2)
		assert_memory_equal(out->data, vif->guest.mac, 6);
}

static uint16_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* What a control plane sends leaves between the ends of its vif, sound to the last bit of its header. */
static void check_control(uint16_t vif_id, const struct packet *in, const struct packet *out)
{
	const struct pdp_vif *vif = &node.vif[vif_id];
	size_t l2 = 14 + (vif->vlans ? 4 : 0) + (vif->vlans & 0xffff ? 4 : 0), len = out->len - l2;
	bool vxlan = vif->owner.encap == PDP_ENCAP_VXLAN;
	const uint8_t *ip = out->data + l2;
	size_t inner;

	assert_memory_equal(out->data, vif->next_hop.mac, 6);
	assert_true(len <= NODE_MTU && has_ends(ip, vif, &vif->local, &vif->remote));
	if (vif->owner.family == 4) {
		assert_int_equal(ip[2] << 8 | ip[3], len);
		assert_int_equal(sum16(ip, 20, 0), 0xffff);
		assert_int_equal(ip[24] << 8 | ip[25], len - 20);
	} else {
		assert_int_equal(ip[4] << 8 | ip[5], len - 40);
		assert_int_equal(ip[44] << 8 | ip[45], len - 40);
		assert_int_equal(sum16(ip + 8, len - 8, len - 40 + 17), 0xffff);
	}
	inner = (vif->owner.family == 4 ? 28 : 48) + (vxlan ? 8 : 0);
	assert_true(len - inner <= in->len - (vxlan ? 0 : 14));
	assert_memory_equal(ip + inner, in->data + (vxlan ? 0 : 14), len - inner);
}

static void test_classify(void **unused)
{
	static struct packet in, out;
	struct packet_case c;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		int verdict;

		build(WAY_IN, &in, &c);
		verdict = node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0, &in, &out);
		assert_true(verdict == XDP_PASS || verdict == XDP_DROP || verdict == XDP_REDIRECT);
		verdicts[verdict]++;
		if (verdict == XDP_REDIRECT)
			check_tagged(&in, &out);
		if (verdict != XDP_PASS)
			continue;
		assert_int_equal(in.len, out.len);
		assert_memory_equal(in.data, out.data, in.len);
	}
}

static void test_dispatch(void **unused)
{
	static struct packet in, out;
	struct packet_case c;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		uint16_t sender = 1 + below(NODE_GUESTS);
		int verdict;

		build(WAY_OUT, &in, &c);
		verdict = node_run(&node, PROG_DISPATCH, node.link_ifindex[sender], 0, &in, &out);
		assert_true(verdict == XDP_DROP || verdict == XDP_REDIRECT);
		verdicts[verdict]++;
		if (verdict == XDP_REDIRECT)
			check_sent(sender, &in, &out);
	}
}

static void test_local(void **unused)
{
	static struct packet in, out;
	struct packet_case c;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		uint16_t sender = 1 + below(NODE_GUESTS);
		int verdict;

		build(WAY_LOCAL, &in, &c);
		/* What the damage made a packet for a port is the other test's. */
		if (in.data[14] == 0x12)
			in.data[14] = 0x13;
		verdict = node_run(&node, PROG_DISPATCH, node.link_ifindex[sender], 0, &in, &out);
		assert_true(verdict == XDP_DROP || verdict == XDP_REDIRECT);
		verdicts[verdict]++;
		if (verdict == XDP_REDIRECT)
			check_local(sender, &in, &out);
	}
}

static void test_control(void **unused)
{
	static struct packet in, out;
	struct packet_case c;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		int verdict;

		do
			build(WAY_CONTROL, &in, &c);
		while (!node.vif_ifindex[c.vif]);
		verdict = node_run(&node, PROG_VIF_OUT, node.vif_ifindex[c.vif], 0, &in, &out);
		assert_true(verdict == XDP_DROP || verdict == XDP_REDIRECT);
		verdicts[verdict]++;
		if (verdict == XDP_REDIRECT)
			check_control(c.vif, &in, &out);
	}
}

/* One frame, one counter: what was passed, dropped and redirected is what the counters say. */
static void test_each_counted_once(void **unused)
{
	uint64_t pass = 0, drop = 0, redirect = 0, control = 0;
	struct node_stats stats;

	(void)unused;
	node_read_stats(&node, &stats);
#define ADD(name, help) pass += stats.port[1].name;
	PDP_PASS_REASONS(ADD)
#undef ADD
	for (int i = 1; i <= NODE_VNETS; i++) {
		drop += node_drops(&stats.vnet[i]);
		redirect += stats.vnet[i].tx_packets + stats.vnet[i].local_packets;
		control += stats.vnet[i].control_packets;
	}
	for (int i = 1; i <= NODE_GUESTS; i++)
		redirect += stats.guest[i].to_packets;
	assert_int_equal(pass, verdicts[XDP_PASS]);
	assert_int_equal(drop, verdicts[XDP_DROP]);
	assert_int_equal(redirect, verdicts[XDP_REDIRECT]);
	assert_int_equal(control, ROUNDS);
	/* The damage is neither too light nor too heavy to be a test. */
	assert_in_range(pass, ROUNDS / 20, ROUNDS);
	assert_in_range(drop, ROUNDS / 5, 4 * ROUNDS);
	assert_in_range(redirect, ROUNDS / 5, 4 * ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_dispatch),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_each_counted_once),
	};

	return cmocka_run_group_tests_name("random", tests, start_node, stop_node);
}
