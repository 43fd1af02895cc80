/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_key.c - what a flow is told by: the classifier's hash under each kind of key, and that user space says the
 * same of a packet (ctl/spread.h), slot for slot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/captured.h"
#include "ctl/spread.h"
#include "selftests/prog/classify_fixture.h"

static void set_key(enum pdp_key_kind kind, const struct pdp_key *key)
{
	struct pdp_vnet vnet;
	uint32_t id = 1;

	node_get(&node, MAP_VNETS, &id, &vnet);
	vnet.key = kind;
	node_set(&node, MAP_VNETS, &id, &vnet);
	node_set(&node, MAP_KEYS, &id, key);
}

/* What two hosts say to each other has one hash, whatever the ports; other hosts another. */
static void test_key_of_hosts(void **unused)
{
	struct pdp_flow_key key = {
		.saddr = {htonl(0x0a000000)}, .daddr = {htonl(INNER_DADDR4)}, .family = 4};

	(void)unused;
	set_key(PDP_KEY_L3, &(struct pdp_key){0});
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(classify_flow(i).hash, pdp_flow_hash(&key));
	assert_int_equal(classify_tcp(3, 0).hash, pdp_flow_hash(&key));
	key.saddr[0] = htonl(0x0a000001);
	assert_int_equal(classify_flow(7).hash, pdp_flow_hash(&key));
}

/* Bytes of each layer, under their masks; what the packet has not got is 0. */
static void test_key_of_bytes(void **unused)
{
	const struct pdp_key key = {.byte = {{PDP_KEY_INNER, 0, 0xf0},
					     {PDP_KEY_NETWORK, 9, 0xff},
					     {PDP_KEY_NETWORK, 15, 0x0f},
					     {PDP_KEY_TRANSPORT, 1, 0xff},
					     {PDP_KEY_TRANSPORT, 255, 0xff}}};

	(void)unused;
	set_key(PDP_KEY_BYTES, &key);
	for (uint32_t i = 0; i < 40; i++) {
		struct pdp_flow_key want = {0};
		const uint8_t bytes[] = {0x40, 17, i / 7 & 15, (1024 + i) & 255};

		memcpy(&want, bytes, sizeof(bytes));
		assert_int_equal(classify_flow(i).hash, pdp_flow_hash(&want));
	}
}

/* Fragments have no transport layer, so they stay together under any key. */
static void test_key_of_a_fragment(void **unused)
{
	const struct pdp_key key = {.byte = {{PDP_KEY_TRANSPORT, 1, 0xff}}};
	const struct edit fragment[] = {SET16(INNER_L3, 6, 0x2000), FIT_INNER};
	const struct pdp_flow_key zero = {0};

	(void)unused;
	set_key(PDP_KEY_BYTES, &key);
	assert_int_equal(classify(1, fragment, 2).hash, pdp_flow_hash(&zero));
}

/* What user space says of the classifier's choice for packets of a vif; guests have powers 3 and 2. */
static void check_spread(uint16_t vif, enum pdp_policy policy, enum pdp_key_kind key,
			 const struct pdp_key *bytes)
{
	uint16_t vnet = node.vif[vif].owner.vnet, first = (uint16_t)(vnet * 2 - 1);
	const struct pdp_share shares[] = {{first, 300}, {(uint16_t)(first + 1), 200}};
	const struct pdp_tunnel_key end = node_tunnel_key(&node, vif);
	const struct pdp_captured_ends ends = {&end, 1};
	struct pdp_spread_conf conf = {
		.policy = policy, .key = key, .gap = 1000, .shares = shares, .n_shares = 2};
	struct pdp_slot_table table;
	struct pdp_spread *spread;
	uint16_t n_slots;
	uint64_t ns = 0;

	if (bytes)
		conf.bytes = *bytes;
	assert_int_equal(pdp_slots_fill(&table, &n_slots, policy, shares, 2), 0);
	node_set_table(&node, vnet, 0, policy, table.guest, n_slots);
	assert_int_equal(pdp_spread_new(&spread, &conf), 0);
	for (uint32_t i = 0; i < 300; i++) {
		const struct edit edits[] = {
			SET8(INNER_L3, 9, i % 3 ? IPPROTO_TCP : IPPROTO_UDP),
			SET32(INNER_L3, 12, 0x0a000000 + i % 40 / 7),
			SET32(INNER_L4, 0, (1024 + i % 40) << 16 | 443),
			SET8(INNER_L4, 13, i % 5 ? 0x10 : 0x02),
			FIT_INNER,
		};
		struct packet_case c = {.way = WAY_IN, .vif = vif};
		static struct packet in, out;
		struct pdp_captured inner;
		uint32_t hash;
		int guest;

		case_build(&node, &c, &in);
		for (int k = 0; k < 5; k++)
			packet_edit(&in, &edits[k]);
		assert_int_equal(node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0, &in, &out),
				 XDP_REDIRECT);
		assert_true(
			pdp_captured_inner(&inner, in.data, in.len, PDP_CAPTURED_ETHERNET, &ends));
		assert_true(inner.tunnel);
		assert_int_equal(inner.proto, out.data[16] << 8 | out.data[17]);
		guest = pdp_spread_see(spread, inner.inner, inner.len, inner.proto, ns, &hash);
		assert_int_equal(hash, read32(&out, 22));
		assert_int_equal(guest, out.data[5]);
	}
	assert_true(pdp_spread_guests(spread)[0].packets + pdp_spread_guests(spread)[1].packets ==
		    300);
	assert_true(pdp_spread_flows(spread) > 0 && pdp_spread_flows(spread) <= 80);
	pdp_spread_free(spread);
}

/* `vnet key test`, slot for slot: every policy with every kind of key, and frames in a vxlan tunnel. */
static void test_spread_says_the_same(void **unused)
{
	const struct pdp_key bytes = {
		.byte = {{PDP_KEY_NETWORK, 15, 0x0f}, {PDP_KEY_TRANSPORT, 1, 0xff}}};

	(void)unused;
	for (int policy = PDP_POLICY_ROUND_ROBIN; policy <= PDP_POLICY_SPRAY; policy++)
		for (int key = PDP_KEY_5TUPLE; key <= PDP_KEY_BYTES; key++) {
			node_fill(&node);
			set_key((enum pdp_key_kind)key, &bytes);
			set_flowlet_gap(UINT32_MAX);
			check_spread(1, (enum pdp_policy)policy, (enum pdp_key_kind)key, &bytes);
		}
	node_fill(&node);
	check_spread(5, PDP_POLICY_FLOW_HASH, PDP_KEY_5TUPLE, NULL);
	check_spread(6, PDP_POLICY_FLOW_HASH, PDP_KEY_5TUPLE, NULL);
}

/* After the same pauses the same turns. */
static void test_spread_of_flowlets(void **unused)
{
	const struct pdp_share shares[] = {{1, 300}, {2, 200}};
	const struct pdp_tunnel_key end = node_tunnel_key(&node, 1);
	const struct pdp_captured_ends ends = {&end, 1};
	const uint32_t gap = 10000000;
	const struct pdp_spread_conf conf = {
		.policy = PDP_POLICY_FLOWLET, .gap = gap, .shares = shares, .n_shares = 2};
	struct packet_case c = {.way = WAY_IN, .vif = 1};
	static struct packet in, out;
	struct pdp_slot_table table;
	struct pdp_captured inner;
	struct pdp_spread *spread;
	uint64_t ns = 1000000;
	uint16_t n_slots;
	uint32_t hash;

	(void)unused;
	assert_int_equal(pdp_slots_fill(&table, &n_slots, conf.policy, shares, 2), 0);
	node_set_table(&node, 1, 0, conf.policy, table.guest, n_slots);
	set_flowlet_gap(gap);
	assert_int_equal(pdp_spread_new(&spread, &conf), 0);
	case_build(&node, &c, &in);
	packet_edit(&in, &(struct edit)SET32(INNER_L3, 12, 0x0a000000));
	packet_edit(&in, &(struct edit)SET32(INNER_L4, 0, 1024 << 16 | 443));
	packet_edit(&in, &(struct edit)FIT_INNER);
	assert_true(pdp_captured_inner(&inner, in.data, in.len, PDP_CAPTURED_ETHERNET, &ends));
	for (int i = 0; i < 60; i++) {
		int guest = pdp_spread_see(spread, inner.inner, inner.len, inner.proto, ns, &hash);

		assert_int_equal(node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0, &in, &out),
				 XDP_REDIRECT);
		assert_int_equal(guest, out.data[5]);
		if (i % 3)
			continue;
		age_flowlet(0, gap + 1);
		ns += (uint64_t)(gap + 1) << PDP_FLOWLET_SHIFT;
	}
	pdp_spread_free(spread);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_key_of_hosts, refill),
		cmocka_unit_test_setup(test_key_of_bytes, refill),
		cmocka_unit_test_setup(test_key_of_a_fragment, refill),
		cmocka_unit_test_setup(test_spread_says_the_same, refill),
		cmocka_unit_test_setup(test_spread_of_flowlets, refill),
	};

	return cmocka_run_group_tests_name("key", tests, start_on_one_cpu, stop_node);
}
