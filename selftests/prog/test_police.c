/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_police.c - what a vnet may send: its rate, the power of its guests, and what its control plane is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "selftests/prog/classify_fixture.h"

static uint64_t now_16th_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * 1000000000ull + now.tv_nsec) << PDP_POLICE_SHIFT;
}

static void police(uint32_t cost, uint32_t burst, uint64_t tat)
{
	struct pdp_police state = {.tat = tat};
	struct pdp_vnet vnet;
	uint32_t id = 1;

	node_get(&node, MAP_VNETS, &id, &vnet);
	vnet.rate = (struct pdp_limit){cost, burst};
	node_set(&node, MAP_VNETS, &id, &vnet);
	node_set(&node, MAP_POLICE, &id, &state);
}

static uint64_t police_tat(void)
{
	struct pdp_police state;
	uint32_t id = 1;

	node_get(&node, MAP_POLICE, &id, &state);
	return state.tat;
}

static void pace(uint32_t id, uint32_t cost, uint32_t burst, uint64_t tat)
{
	struct pdp_pace state = {.tat = tat};
	struct pdp_guest guest;

	node_get(&node, MAP_GUESTS, &id, &guest);
	guest.power = (struct pdp_limit){cost, burst};
	node_set(&node, MAP_GUESTS, &id, &guest);
	node_set(&node, MAP_PACES, &id, &state);
}

static uint64_t pace_tat(uint32_t id)
{
	struct pdp_pace state;

	node_get(&node, MAP_PACES, &id, &state);
	return state.tat;
}

/* A flow that goes to this guest of vnet 1. */
static uint32_t flow_of(uint16_t guest)
{
	uint32_t flow = 0;

	while (classify_flow(flow).guest != guest)
		flow++;
	return flow;
}

/* After idling, time not used is not saved: the packet is due one cost after now. */
static void test_police_idle(void **unused)
{
	uint64_t before = now_16th_ns(), after;

	(void)unused;
	police(1000, 0, 0);
	assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
	after = now_16th_ns();
	assert_in_range(police_tat(), before + 1000, after + 1000);
}

/* Within the burst each packet moves the time by one cost, however early it is. */
static void test_police_burst(void **unused)
{
	uint64_t tat = now_16th_ns() + (100000000ull << PDP_POLICE_SHIFT);

	(void)unused;
	police(1 << 20, UINT32_MAX, tat);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
		if (tat > now_16th_ns()) /* or this machine stood still for 0.1 s */
			assert_int_equal(police_tat(), tat + ((uint64_t)i << 20));
	}
}

/* What is refused is not charged, and takes no turn. */
static void test_police_refuses(void **unused)
{
	uint64_t tat = now_16th_ns() + (3600000000000ull << PDP_POLICE_SHIFT);

	(void)unused;
	police(1000, UINT32_MAX, tat);
	for (int i = 0; i < 3; i++)
		assert_int_equal(classify_flow(0).verdict, XDP_DROP);
	assert_int_equal(police_tat(), tat);
	police(0, 0, tat);
	assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
}

/*
 * Over its power, nothing goes to a guest until a bunch may: 64 packets, or a millisecond's. The last bit of the time says
 * so. Bursts are of 134 ms here, and packets of 0.26 ms.
 */
static void test_power_comes_in_bunches(void **unused)
{
	const uint32_t cost = 1 << 22, burst = 1u << 31, flow = flow_of(2);
	const uint64_t bunch = 1000000ull << PDP_POLICE_SHIFT, closed = 1;
	uint64_t tat = now_16th_ns() + (3600000000000ull << PDP_POLICE_SHIFT);

	(void)unused;
	pace(2, cost, burst, tat);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(classify_flow(flow).verdict, XDP_DROP);
		assert_int_equal(pace_tat(2), tat | closed);
	}
	/* Not over it yet: goes, as of any rate. */
	tat = (now_16th_ns() + burst - bunch / 2) & ~closed;
	pace(2, cost, burst, tat);
	assert_int_equal(classify_flow(flow).verdict, XDP_REDIRECT);
	assert_int_equal(pace_tat(2), tat + cost);
	/* The same, having been over it. */
	pace(2, cost, burst, tat | closed);
	if (classify_flow(flow).verdict == XDP_REDIRECT)
		assert_true(now_16th_ns() + burst - bunch >= tat); /* this machine stood still */
	else
		assert_int_equal(pace_tat(2), tat | closed);
	/* A bunch below it. */
	tat = (now_16th_ns() + burst - 2 * bunch) & ~closed;
	pace(2, cost, burst, tat | closed);
	assert_int_equal(classify_flow(flow).verdict, XDP_REDIRECT);
	assert_int_equal(pace_tat(2), tat + cost);
}

/* What one guest has too much of is no loss of its sibling's, nor is a number of the flow used up. */
static void test_power_is_each_guests(void **unused)
{
	const uint64_t far = now_16th_ns() + (3600000000000ull << PDP_POLICE_SHIFT);
	const uint32_t flow = flow_of(1), other = flow_of(2);
	struct node_stats before, after;
	struct sent sent, next;

	(void)unused;
	sent = classify_flow(flow);
	pace(1, 1000, UINT32_MAX, far);
	node_read_stats(&node, &before);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(classify_flow(flow).verdict, XDP_DROP);
		assert_int_equal(classify_flow(other).verdict, XDP_REDIRECT);
	}
	node_read_stats(&node, &after);
	assert_int_equal(after.vnet[1].drop_over_power - before.vnet[1].drop_over_power, 3);
	assert_int_equal(after.guest[1].over_power_packets - before.guest[1].over_power_packets, 3);
	assert_int_equal(after.guest[2].over_power_packets, before.guest[2].over_power_packets);
	assert_int_equal(pace_tat(2), 0);
	pace(1, 0, 0, far);
	next = classify_flow(flow);
	assert_int_equal(next.verdict, XDP_REDIRECT);
	assert_int_equal(next.seq, sent.seq + 1);
}

/* Send one LOCAL packet of vif 1. */
static int deliver(void)
{
	struct packet_case c = {.way = WAY_LOCAL, .vif = 1};
	static struct packet in, out;

	case_build(&node, &c, &in);
	return node_run(&node, PROG_DISPATCH, node.link_ifindex[1], 0, &in, &out);
}

/* A burst to the control plane goes, the flood behind it does not; transit traffic is not asked. */
static void test_local_police(void **unused)
{
	uint64_t second = 1000000000ull << PDP_POLICE_SHIFT;
	struct pdp_vnet vnet;
	uint32_t id = 1;
	int sent = 0;

	(void)unused;
	node_get(&node, MAP_VNETS, &id, &vnet);
	vnet.local.cost = second / 20; /* 20 pps, so that this machine's pauses do not matter */
	vnet.local.burst = 4 * vnet.local.cost;
	node_set(&node, MAP_VNETS, &id, &vnet);
	for (int i = 0; i < 100; i++)
		sent += deliver() == XDP_REDIRECT;
	assert_in_range(sent, 5, 60);
	assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_police_idle, refill),
		cmocka_unit_test_setup(test_police_burst, refill),
		cmocka_unit_test_setup(test_police_refuses, refill),
		cmocka_unit_test_setup(test_power_comes_in_bunches, refill),
		cmocka_unit_test_setup(test_power_is_each_guests, refill),
		cmocka_unit_test_setup(test_local_police, refill),
	};

	return cmocka_run_group_tests_name("police", tests, start_on_one_cpu, stop_node);
}
