/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_order.c - the reordering meter in the dispatcher: packets come back from guests in this order or
 * that, and it says which were overtaken. Its arithmetic is in selftests/unit/test_reorder.c.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <cmocka.h>

#include "selftests/prog/cases.h"
#include "selftests/prog/node_fixture.h"

static void set32(struct packet *p, size_t at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p->data[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A packet of the flow with this hash and number comes back from a guest of vnet 1. */
static int back_with(uint16_t guest, uint32_t hash, uint32_t seq, enum way way, uint8_t op)
{
	struct packet_case c = {.way = way, .vif = 1};
	struct packet in, out;
	size_t tag;

	case_build(&node, &c, &in);
	tag = in.at[AT_TAG];
	in.data[tag] = (uint8_t)(PDP_WIRE_VERSION << 4 | op);
	set32(&in, tag + offsetof(struct pdp_tag, hash), hash);
	set32(&in, tag + offsetof(struct pdp_tag, seq), seq);
	return node_run(&node, PROG_DISPATCH, node.link_ifindex[guest], 0, &in, &out);
}

static void back(uint16_t guest, uint32_t hash, uint32_t seq)
{
	assert_int_equal(back_with(guest, hash, seq, WAY_OUT, PDP_OP_FORWARD), XDP_REDIRECT);
}

static struct node_stats stats;

/* The vnet's and the two guests' reordered packets. */
static void expect(uint64_t metered, uint64_t guest1, uint64_t guest2)
{
	node_read_stats(&node, &stats);
	assert_int_equal(stats.vnet[1].metered_packets, metered);
	assert_int_equal(stats.vnet[1].reordered_packets, guest1 + guest2);
	assert_int_equal(stats.guest[1].reordered_packets, guest1);
	assert_int_equal(stats.guest[2].reordered_packets, guest2);
}

/* Counters go on from case to case: what each begins with. */
static int refill(void **unused)
{
	void *values = calloc((size_t)libbpf_num_possible_cpus(), sizeof(struct pdp_vnet_stats));
	uint32_t id;

	(void)unused;
	if (!values)
		return -1;
	node_fill(&node);
	for (id = 1; id <= NODE_VNETS; id++)
		node_set(&node, MAP_VNET_STATS, &id, values);
	for (id = 1; id <= NODE_GUESTS; id++)
		node_set(&node, MAP_GUEST_STATS, &id, values);
	free(values);
	return 0;
}

static void test_in_order(void **unused)
{
	(void)unused;
	for (uint32_t seq = 0; seq < 10; seq++)
		back(1 + seq % 2, 77, seq);
	expect(10, 0, 0);
	assert_int_equal(stats.guest[1].metered_packets, 5);
	assert_int_equal(stats.guest[2].metered_packets, 5);
}

/* What is late is laid at the door of the guest that was slow. */
static void test_the_slow_guest(void **unused)
{
	static const uint32_t order[] = {0, 2, 4, 6, 1, 3, 5, 7};

	(void)unused;
	for (int i = 0; i < 8; i++)
		back(1 + order[i] % 2, 77, order[i]);
	expect(8, 0, 3);
	assert_int_equal(stats.guest[2].late_sum, 5 + 3 + 1);
	assert_int_equal(stats.guest[2].late_1, 1);
	assert_int_equal(stats.guest[2].late_4, 1);
	assert_int_equal(stats.guest[2].late_8, 1);
	assert_int_equal(stats.vnet[1].late_sum, 9);
	assert_int_equal(stats.vnet[1].late_8, 1);
}

/* A number that never came is none that came late. */
static void test_a_gap(void **unused)
{
	(void)unused;
	for (uint32_t seq = 0; seq < 1000; seq += 7)
		back(1, 77, seq);
	expect(143, 0, 0);
}

/* Flows of one bucket that go to different guests are each in order. */
static void test_flows_of_one_bucket(void **unused)
{
	(void)unused;
	for (uint32_t seq = 100; seq < 200; seq += 2)
		back(1, 5, seq);
	for (uint32_t seq = 1; seq < 100; seq += 2)
		back(2, 5 + PDP_SEQ_BUCKETS, seq);
	expect(100, 0, 0);
}

static void test_wrap(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 10; i++)
		back(1, 77, UINT32_MAX - 4 + i);
	expect(10, 0, 0);
	back(2, 77, UINT32_MAX - 2);
	expect(11, 0, 1);
	assert_int_equal(stats.guest[2].late_sum, 7);
}

/* New maps on one side: numbers begin at 0 again. */
static void test_restart(void **unused)
{
	(void)unused;
	back(1, 77, 3000000);
	for (uint32_t seq = 0; seq < 5; seq++)
		back(1, 77, seq);
	expect(6, 0, 0);
}

/* Whatever the guest wants done with it; a frame that is not believed does not count. */
static void test_verdicts(void **unused)
{
	(void)unused;
	back_with(1, 77, 10, WAY_LOCAL, PDP_OP_LOCAL);
	back_with(1, 77, 11, WAY_OUT, PDP_OP_DROP);
	back_with(2, 77, 9, WAY_LOCAL, PDP_OP_LOCAL);
	back_with(2, 77, 8, WAY_OUT, PDP_OP_DROP);
	expect(4, 0, 2);
	assert_int_equal(back_with(1, 77, 1, WAY_OUT, PDP_OP_INPUT), XDP_DROP);
	assert_int_equal(back_with(3, 77, 1, WAY_OUT, PDP_OP_FORWARD), XDP_DROP);
	expect(4, 0, 2);
}

/* The classifier's own numbers, in its own order, by each policy. */
static void test_what_the_classifier_numbers(void **unused)
{
	static const uint16_t slots[] = {1, 2, 1, 2};

	(void)unused;
	for (int policy = PDP_POLICY_ROUND_ROBIN; policy <= PDP_POLICY_SPRAY; policy++) {
		node_set_table(&node, 1, 0, (enum pdp_policy)policy, slots, 4);
		for (int i = 0; i < 10; i++) {
			struct packet_case c = {.way = WAY_IN, .vif = 1};
			struct packet in, tagged;
			uint32_t hash, seq;

			case_build(&node, &c, &in);
			assert_int_equal(node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0,
						  &in, &tagged),
					 XDP_REDIRECT);
			memcpy(&hash, tagged.data + 22, 4);
			memcpy(&seq, tagged.data + 26, 4);
			back(tagged.data[5], __builtin_bswap32(hash), __builtin_bswap32(seq));
		}
	}
	expect(50, 0, 0);
}

#define THREADS 4
#define EACH 3000

static void *one_of_many(void *arg)
{
	uint16_t guest = (uint16_t)(1 + (uintptr_t)arg % 2);
	uint32_t hash = (uint32_t)(uintptr_t)arg / 2;

	for (uint32_t seq = 0; seq < EACH; seq++)
		back(guest, hash, 2 * seq + guest);
	return NULL;
}

/*
 * Two flows on as many CPUs as there are, each from two guests at once: every packet is metered (but for such
 * as lost a race four times, of which there may be a few), and late or the newest.
 */
static void test_many_cpus(void **unused)
{
	pthread_t thread[THREADS];
	uint64_t metered;

	(void)unused;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, one_of_many, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	node_read_stats(&node, &stats);
	metered = stats.vnet[1].metered_packets;
	assert_in_range(metered, THREADS * EACH - 100, THREADS * EACH);
	assert_int_equal(stats.guest[1].metered_packets + stats.guest[2].metered_packets, metered);
	assert_int_equal(stats.guest[1].reordered_packets + stats.guest[2].reordered_packets,
			 stats.vnet[1].reordered_packets);
	/* Whoever is last of a flow is its newest: all that follow it are late. */
	for (uint32_t hash = 0; hash < 2; hash++) {
		uint64_t late = stats.vnet[1].reordered_packets;

		back(1, hash, 1);
		node_read_stats(&node, &stats);
		assert_int_equal(stats.vnet[1].reordered_packets, late + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_in_order, refill),
		cmocka_unit_test_setup(test_the_slow_guest, refill),
		cmocka_unit_test_setup(test_a_gap, refill),
		cmocka_unit_test_setup(test_flows_of_one_bucket, refill),
		cmocka_unit_test_setup(test_wrap, refill),
		cmocka_unit_test_setup(test_restart, refill),
		cmocka_unit_test_setup(test_verdicts, refill),
		cmocka_unit_test_setup(test_what_the_classifier_numbers, refill),
		cmocka_unit_test_setup(test_many_cpus, refill),
	};

	return cmocka_run_group_tests_name("order", tests, start_node, stop_node);
}
