/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_policy.c - which guest gets a packet: turns, flows, flowlets, spray, and the change of a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "selftests/prog/classify_fixture.h"

static void test_round_robin(void **unused)
{
	static const uint16_t want[] = {3, 4, 3, 4, 3, 4};

	(void)unused;
	for (int i = 0; i < 6; i++)
		assert_int_equal(classify(5, NULL, 0).guest, want[i]);
}

/* 3:2 as in the paper: a b a b a, again and again. */
static void test_weighted(void **unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++)
		assert_int_equal(classify(7, NULL, 0).guest, node_weighted_slots[i % 5]);
}

static void test_turn_survives_a_shorter_table(void **unused)
{
	static const uint16_t one[] = {4};

	(void)unused;
	classify(5, NULL, 0);
	node_set_table(&node, 2, 0, PDP_POLICY_ROUND_ROBIN, one, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(classify(5, NULL, 0).guest, 4);
}

static void test_largest_table(void **unused)
{
	static uint16_t slots[PDP_SLOTS];

	(void)unused;
	for (int i = 0; i < PDP_SLOTS; i++)
		slots[i] = i == PDP_SLOTS - 1 ? 4 : 3;
	node_set_table(&node, 2, 0, PDP_POLICY_ROUND_ROBIN, slots, PDP_SLOTS);
	for (int i = 0; i < 2 * PDP_SLOTS; i++)
		assert_int_equal(classify(5, NULL, 0).guest, slots[i % PDP_SLOTS]);
}

/* 1000 flows: each by its hash's slot, as user space computes it, and evenly within reason. */
static void test_flow_hash(void **unused)
{
	static const uint16_t red[] = {1, 2, 1, 2, 2, 1, 2, 1};
	int slots[8] = {0};

	(void)unused;
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t hash = hash_of_flow(i), slot = pdp_hash_slot(hash, 8);
		struct sent sent = classify_flow(i);

		assert_int_equal(sent.hash, hash);
		assert_int_equal(sent.guest, red[slot]);
		slots[slot]++;
	}
	for (int i = 0; i < 8; i++)
		assert_in_range(slots[i], 80, 170);
}

/* Does vnet 1 send flow i where its hash says? */
static bool at_its_hash(uint32_t i, const uint16_t *slots, uint32_t n)
{
	return classify_flow(i).guest == slots[pdp_hash_slot(hash_of_flow(i), n)];
}

static uint64_t flowlet_of(uint32_t i)
{
	struct pdp_flowlets flowlets;
	uint32_t id = 1;

	node_get(&node, MAP_FLOWLETS, &id, &flowlets);
	return flowlets.flowlet[hash_of_flow(i) % PDP_FLOWLETS];
}

static const uint16_t four[] = {1, 2, 1, 2};

/* A flow begins at its hash and stays, however often it comes, as long as it does not pause. */
static void test_flowlet_stays(void **unused)
{
	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOWLET, four, 4);
	set_flowlet_gap(UINT32_MAX);
	for (uint32_t i = 0; i < 100; i++) {
		uint16_t first = classify_flow(i).guest;

		age_flowlet(i, 1000000);
		assert_int_equal(classify_flow(i).guest, first);
	}
}

static void test_flowlet_begins_at_its_hash(void **unused)
{
	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOWLET, four, 4);
	set_flowlet_gap(UINT32_MAX);
	for (uint32_t i = 0; i < 40; i++)
		if (!flowlet_of(i))
			assert_true(at_its_hash(i, four, 4));
}

/* A flow that paused longer than the gap goes to whose turn it is; one that paused as long as that not. */
static void test_flowlet_moves_after_a_pause(void **unused)
{
	static const uint16_t turns[] = {1, 2};
	uint16_t first;

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOWLET, turns, 2);
	set_flowlet_gap(10000000);
	first = classify_flow(0).guest;
	for (int i = 0; i < 5; i++)
		assert_int_equal(classify_flow(0).guest, first);
	age_flowlet(0, 10000001);
	assert_int_equal(classify_flow(0).guest, 1);
	age_flowlet(0, 10000001);
	assert_int_equal(classify_flow(0).guest, 2);
	age_flowlet(0, 1000);
	assert_int_equal(classify_flow(0).guest, 2);
	age_flowlet(0, 10000001);
	assert_int_equal(classify_flow(0).guest, 1);
}

/* A slot that a shorter table has not got is not looked up. */
static void test_flowlet_in_a_shorter_table(void **unused)
{
	static const uint16_t long_one[] = {1, 1, 1, 1, 1, 1, 1, 1}, one[] = {2};

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOWLET, long_one, 8);
	set_flowlet_gap(UINT32_MAX);
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(classify_flow(i).guest, 1);
	node_set_table(&node, 1, 1, PDP_POLICY_FLOWLET, one, 1);
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(classify_flow(i).guest, 2);
}

/* Data in turn; SYN, FIN and RST of a connection all to one guest, and they take no turn. */
static void test_spray(void **unused)
{
	static const uint8_t edges[] = {0x02, 0x12, 0x11, 0x04, 0x01};

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_SPRAY, four, 4);
	for (uint32_t i = 0; i < 40; i++) {
		struct sent data = classify_tcp(i, 0x10);
		uint16_t home = four[pdp_hash_slot(data.hash, 4)];

		assert_int_equal(data.guest, four[2 * i % 4]);
		for (size_t k = 0; k < sizeof(edges); k++)
			assert_int_equal(classify_tcp(i, edges[k]).guest, home);
		assert_int_equal(classify_tcp(i, 0x18).guest, four[(2 * i + 1) % 4]);
	}
}

/* What is no TCP has no ends, whatever stands where TCP has its flags. */
static void test_spray_of_udp(void **unused)
{
	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_SPRAY, four, 4);
	for (uint32_t i = 0; i < 8; i++) {
		const struct edit edits[] = {SET8(INNER_L4, 13, 0x02), FIT_INNER};

		assert_int_equal(classify(1, edits, 2).guest, four[i % 4]);
	}
}

/* All fragments of a packet, also of one with ports, go to one guest. */
static void test_fragments_stay_together(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 50; i++) {
		struct edit edits[] = {
			SET32(INNER_L4, 0, (1024 + i) << 16 | 443),
			SET16(INNER_L3, 6, 0x2000),
			FIT_INNER,
		};
		struct sent first = classify(1, edits, 3), next;

		edits[1].value = 0x2000 | (i + 1);
		next = classify(1, edits, 3);
		assert_int_equal(first.hash, next.hash);
		assert_int_equal(first.guest, next.guest);
	}
}

static void test_other_half(void **unused)
{
	static const uint16_t first[] = {1}, second[] = {2};

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOW_HASH, first, 1);
	assert_int_equal(classify_flow(0).guest, 1);
	node_set_table(&node, 1, 1, PDP_POLICY_FLOW_HASH, second, 1);
	assert_int_equal(classify_flow(0).guest, 2);
	node_set_table(&node, 1, 0, PDP_POLICY_FLOW_HASH, first, 1);
	assert_int_equal(classify_flow(0).guest, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_round_robin, refill),
		cmocka_unit_test_setup(test_weighted, refill),
		cmocka_unit_test_setup(test_turn_survives_a_shorter_table, refill),
		cmocka_unit_test_setup(test_largest_table, refill),
		cmocka_unit_test_setup(test_flow_hash, refill),
		cmocka_unit_test_setup(test_flowlet_stays, refill),
		cmocka_unit_test_setup(test_flowlet_begins_at_its_hash, refill),
		cmocka_unit_test_setup(test_flowlet_moves_after_a_pause, refill),
		cmocka_unit_test_setup(test_flowlet_in_a_shorter_table, refill),
		cmocka_unit_test_setup(test_spray, refill),
		cmocka_unit_test_setup(test_spray_of_udp, refill),
		cmocka_unit_test_setup(test_fragments_stay_together, refill),
		cmocka_unit_test_setup(test_other_half, refill),
	};

	return cmocka_run_group_tests_name("policy", tests, start_on_one_cpu, stop_node);
}
