/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_transit.c - how long packets are with an FE guest: the classifier notes some of them, the dispatcher
 * counts how long those took that come back. What follows from it is in selftests/unit/test_flowgap.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bpf/transit.bpf.h"
#include "selftests/prog/cases.h"
#include "selftests/prog/node_fixture.h"

#define MS 1000000ULL

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static uint32_t read32(const struct packet *p, size_t at)
{
	return (uint32_t)p->data[at] << 24 | p->data[at + 1] << 16 | p->data[at + 2] << 8 |
	       p->data[at + 3];
}

static void set32(struct packet *p, size_t at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p->data[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A packet that went to a guest of vnet 1. */
struct went {
	uint16_t guest;
	uint32_t hash, seq;
};

static struct went out(void)
{
	const size_t tag = sizeof(struct ethhdr);
	struct packet_case c = {.way = WAY_IN, .vif = 1};
	static struct packet in, sent;

	case_build(&node, &c, &in);
	assert_int_equal(node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0, &in, &sent),
			 XDP_REDIRECT);
	return (struct went){sent.data[5], read32(&sent, tag + offsetof(struct pdp_tag, hash)),
			     read32(&sent, tag + offsetof(struct pdp_tag, seq))};
}

static void back(uint16_t guest, uint32_t hash, uint32_t seq)
{
	struct packet_case c = {.way = WAY_OUT, .vif = 1};
	static struct packet in, sent;
	size_t tag;

	case_build(&node, &c, &in);
	tag = in.at[AT_TAG];
	set32(&in, tag + offsetof(struct pdp_tag, hash), hash);
	set32(&in, tag + offsetof(struct pdp_tag, seq), seq);
	assert_int_equal(node_run(&node, PROG_DISPATCH, node.link_ifindex[guest], 0, &in, &sent),
			 XDP_REDIRECT);
}

static struct pdp_transit transit_of(uint32_t guest)
{
	struct pdp_transit transit;

	node_get(&node, MAP_TRANSITS, &guest, &transit);
	return transit;
}

static uint32_t counted(const struct pdp_transit *transit)
{
	uint32_t n = 0;

	for (int i = 0; i < PDP_TRANSIT_BUCKETS; i++)
		n += transit->count[i];
	return n;
}

/* How many of the guest's packets are under way, and how many were counted. */
static void expect(uint32_t guest, int under_way, uint32_t came)
{
	const struct pdp_transit transit = transit_of(guest);
	int n = 0;

	for (int i = 0; i < PDP_TRANSIT_TIMED; i++)
		n += transit.timed[i].packet != 0;
	assert_int_equal(n, under_way);
	assert_int_equal(counted(&transit), came);
}

static int refill(void **unused)
{
	(void)unused;
	node_fill(&node);
	for (uint32_t id = 1; id <= NODE_GUESTS; id++) {
		node.guest[id].timed = 1;
		node_set(&node, MAP_GUESTS, &id, &node.guest[id]);
		node_set(&node, MAP_TRANSITS, &id, &(struct pdp_transit){0});
	}
	return 0;
}

static void test_there_and_back(void **unused)
{
	const struct went went = out();

	(void)unused;
	expect(went.guest, 1, 0);
	back(went.guest, went.hash, went.seq);
	expect(went.guest, 0, 1);
	/* A second of the same: it is not under way any more. */
	back(went.guest, went.hash, went.seq);
	expect(went.guest, 0, 1);
}

/* In the bucket of the time that it took. */
static void test_how_long(void **unused)
{
	struct pdp_transit transit = {0};
	uint32_t id = 1;

	(void)unused;
	transit.timed[3] = (struct pdp_timed){pdp_timed_word(77, 11), now_ns() - 20 * MS};
	node_set(&node, MAP_TRANSITS, &id, &transit);
	back(1, 77, 11);
	transit = transit_of(1);
	assert_int_equal(counted(&transit), 1);
	for (uint32_t i = 0; i < pdp_transit_bucket(20 * MS); i++)
		assert_int_equal(transit.count[i], 0);
}

/* Another number, another flow of that number, another guest, a hash of 0: each is what it is. */
static void test_another(void **unused)
{
	struct pdp_transit transit = {0};
	uint32_t id = 1;

	(void)unused;
	transit.timed[3] = (struct pdp_timed){pdp_timed_word(77, 11), now_ns()};
	node_set(&node, MAP_TRANSITS, &id, &transit);
	back(1, 77, 11 + PDP_TRANSIT_TIMED);
	back(1, 78, 11);
	back(2, 77, 11);
	back(1, 0, 0);
	expect(1, 1, 0);
	expect(2, 0, 0);
}

/* As many at once as there are places; one that does not come back is taken for lost. */
static void test_places(void **unused)
{
	struct pdp_transit transit;
	uint32_t id = out().guest;

	(void)unused;
	for (int i = 0; i < 5 * PDP_TRANSIT_TIMED; i++)
		out();
	expect(id, PDP_TRANSIT_TIMED, 0);
	transit = transit_of(id);
	assert_int_equal((uint32_t)transit.timed[0].packet / PDP_TRANSIT_TIMED, 0);
	transit.timed[0].when -= PDP_TRANSIT_LOST_NS;
	node_set(&node, MAP_TRANSITS, &id, &transit);
	for (int i = 0; i < PDP_TRANSIT_TIMED; i++)
		out();
	transit = transit_of(id);
	assert_true((uint32_t)transit.timed[0].packet >= 5 * PDP_TRANSIT_TIMED);
	assert_true((uint32_t)transit.timed[1].packet < PDP_TRANSIT_TIMED);
}

static void test_not_timed(void **unused)
{
	struct went went;

	(void)unused;
	for (uint32_t id = 1; id <= NODE_GUESTS; id++) {
		node.guest[id].timed = 0;
		node_set(&node, MAP_GUESTS, &id, &node.guest[id]);
	}
	went = out();
	back(went.guest, went.hash, went.seq);
	expect(went.guest, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_there_and_back, refill),
		cmocka_unit_test_setup(test_how_long, refill),
		cmocka_unit_test_setup(test_another, refill),
		cmocka_unit_test_setup(test_places, refill),
		cmocka_unit_test_setup(test_not_timed, refill),
	};

	return cmocka_run_group_tests_name("transit", tests, start_node, stop_node);
}
