/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_reorder - the reordering meter against a naive model that remembers every packet of every flow, and
 * what its counters say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/order.bpf.h"
#include "bpf/wire.h"
#include "ctl/reorder.h"

#define FLOWS_MAX 2000
#define GUESTS 3

static uint64_t state;

/* Knuth's MMIX generator. */
static uint32_t any(uint32_t n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((state >> 32) * n >> 32);
}

/* The classifier's and the meter's memory, and the naive model's. */
struct world {
	uint32_t next[PDP_SEQ_BUCKETS];
	struct pdp_newest newest;
	uint32_t hash[FLOWS_MAX];
	int64_t highest[FLOWS_MAX]; /* number that came back; -1 = none yet. 64 bits: it never wraps */
	uint32_t first; /* of all buckets */
	uint64_t metered, reordered, late_sum; /* as metered */
	uint64_t packets, truth, truth_sum; /* as the model has it */
};

struct packet {
	uint32_t flow, seq;
};

static void begin(struct world *w, uint32_t n_flows, uint32_t first)
{
	memset(w, 0, sizeof(*w));
	w->first = first;
	for (int i = 0; i < PDP_SEQ_BUCKETS; i++)
		w->next[i] = first;
	for (uint32_t i = 0; i < n_flows; i++) {
		w->hash[i] = any(UINT32_MAX);
		w->highest[i] = -1;
	}
}

static struct packet send_one(struct world *w, uint32_t flow)
{
	return (struct packet){flow, w->next[w->hash[flow] % PDP_SEQ_BUCKETS]++};
}

static void come_back(struct world *w, struct packet p)
{
	int64_t number = p.seq - w->first;
	int32_t late = pdp_order_see(&w->newest, w->hash[p.flow], p.seq);

	w->packets++;
	if (number < w->highest[p.flow]) {
		w->truth++;
		w->truth_sum += (uint64_t)(w->highest[p.flow] - number);
	} else {
		w->highest[p.flow] = number;
	}
	if (late == PDP_NOT_METERED)
		return;
	w->metered++;
	w->reordered += late > 0;
	w->late_sum += (uint32_t)late;
}

/* Packets of n flows, dealt to guests by turns or by flow, come back guest by guest as chance has it. */
static void run(struct world *w, uint32_t n_flows, uint32_t packets, bool by_flow, uint32_t lost_in)
{
	static struct packet queue[GUESTS][64];
	uint32_t head[GUESTS] = {0}, tail[GUESTS] = {0};

	for (uint32_t i = 0; i < packets; i++) {
		uint32_t flow = any(n_flows), g = by_flow ? w->hash[flow] % GUESTS : i % GUESTS;
		struct packet p = send_one(w, flow);

		if (lost_in && !any(lost_in))
			continue;
		queue[g][head[g]++ % 64] = p;
		for (g = any(GUESTS); tail[g] != head[g] && (any(3) || head[g] - tail[g] > 50);)
			come_back(w, queue[g][tail[g]++ % 64]);
		for (g = 0; g < GUESTS; g++)
			while (head[g] - tail[g] > 60)
				come_back(w, queue[g][tail[g]++ % 64]);
	}
	for (uint32_t g = 0; g < GUESTS; g++)
		while (tail[g] != head[g])
			come_back(w, queue[g][tail[g]++ % 64]);
}

/* A few flows are all watched: the meter says exactly what the model says, from any first number on. */
static void few_flows_exactly(void **unused)
{
	static const uint32_t flows[] = {1, 2, 8, 40}, firsts[] = {0, UINT32_MAX - 100, 1U << 31};
	static struct world w;

	(void)unused;
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 3; j++)
			for (uint32_t lost_in = 0; lost_in <= 20; lost_in += 10) {
				begin(&w, flows[i], firsts[j]);
				run(&w, flows[i], 20000, false, lost_in);
				assert_true(w.truth > 100);
				assert_int_equal(w.metered, w.packets);
				assert_int_equal(w.reordered, w.truth);
				assert_int_equal(w.late_sum, w.truth_sum);
			}
}

/* Flows that stay together come in order, however many share a bucket; losses are gaps, nothing else. */
static void flows_that_stay_are_in_order(void **unused)
{
	static struct world w;

	(void)unused;
	for (uint32_t n = 1; n <= FLOWS_MAX; n = n * 3 + 1) {
		begin(&w, n, any(UINT32_MAX));
		run(&w, n, 50000, true, 7);
		assert_int_equal(w.truth, 0);
		assert_int_equal(w.reordered, 0);
		assert_true(w.metered > 0);
	}
}

/* More flows than words: a sample, whose ratio is that of all within a twentieth. */
static void many_flows_by_sample(void **unused)
{
	static struct world w;
	double sampled, all;

	(void)unused;
	begin(&w, 1000, 0);
	run(&w, 1000, 2000000, false, 0);
	sampled = (double)w.reordered / (double)w.metered;
	all = (double)w.truth / (double)w.packets;
	assert_true(w.metered < w.packets && w.metered > w.packets / 10);
	assert_true(sampled > all * 0.95 && sampled < all * 1.05);
}

/* Numbering that begins anew is no reordering, nor is a copy. */
static void numbering_begins_anew(void **unused)
{
	static struct pdp_newest newest;

	(void)unused;
	assert_int_equal(pdp_order_see(&newest, 7, 5000000), 0);
	assert_int_equal(pdp_order_see(&newest, 7, 5000000), 0);
	assert_int_equal(pdp_order_see(&newest, 7, 0), 0);
	assert_int_equal(pdp_order_see(&newest, 7, 1), 0);
	assert_int_equal(pdp_order_see(&newest, 7, 0), 1);
}

/* A hash of 0 is a flow as any other. */
static void hash_of_nothing(void **unused)
{
	static struct pdp_newest newest;

	(void)unused;
	assert_int_equal(pdp_order_see(&newest, 0, 0), 0);
	assert_int_equal(pdp_order_see(&newest, 0, 9), 0);
	assert_int_equal(pdp_order_see(&newest, 0, 4), 5);
	assert_int_equal(newest.of[0][1], 0);
}

static void buckets(void **unused)
{
	static const uint32_t late[] = {1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 1000000};
	static const uint32_t want[] = {0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7};

	(void)unused;
	for (size_t i = 0; i < sizeof(late) / sizeof(*late); i++) {
		assert_int_equal(pdp_late_bucket(late[i]), want[i]);
		assert_true(late[i] <= pdp_reorder_bound(want[i]));
		assert_true(!want[i] || late[i] > pdp_reorder_bound(want[i] - 1));
	}
}

static void what_counters_say(void **unused)
{
	struct pdp_vnet_stats vnet = {.metered_packets = 1000,
				      .reordered_packets = 20,
				      .late_sum = 50,
				      .late_1 = 10,
				      .late_4 = 10};
	struct pdp_guest_stats guest = {.metered_packets = 7, .late_more = 1};
	struct pdp_reorder r = pdp_reorder_of_vnet(&vnet), none = {0}, since;

	(void)unused;
	assert_true(pdp_reorder_ratio(&r) > 0.0199 && pdp_reorder_ratio(&r) < 0.0201);
	assert_true(pdp_reorder_extent_mean(&r) > 2.49 && pdp_reorder_extent_mean(&r) < 2.51);
	assert_int_equal(pdp_reorder_extent_max(&r), 4);
	assert_int_equal(pdp_reorder_extent_max(&none), 0);
	assert_true(pdp_reorder_ratio(&none) == 0 && pdp_reorder_extent_mean(&none) == 0);
	r = pdp_reorder_of_guest(&guest);
	assert_true(pdp_reorder_extent_max(&r) == UINT64_MAX);
	assert_int_equal(r.metered, 7);

	r = pdp_reorder_of_vnet(&vnet);
	since = pdp_reorder_since(&r, &none);
	assert_memory_equal(&since, &r, sizeof(r));
	vnet.metered_packets += 5;
	vnet.late_8 = 3;
	vnet.reordered_packets += 3;
	none = r;
	r = pdp_reorder_of_vnet(&vnet);
	since = pdp_reorder_since(&r, &none);
	assert_int_equal(since.metered, 5);
	assert_int_equal(since.reordered, 3);
	assert_int_equal(since.late[3], 3);
	assert_int_equal(since.late[0], 0);
	/* Counted from 0 again. */
	since = pdp_reorder_since(&none, &r);
	assert_int_equal(since.metered, none.metered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_flows_exactly),
		cmocka_unit_test(flows_that_stay_are_in_order),
		cmocka_unit_test(many_flows_by_sample),
		cmocka_unit_test(numbering_begins_anew),
		cmocka_unit_test(hash_of_nothing),
		cmocka_unit_test(buckets),
		cmocka_unit_test(what_counters_say),
	};

	return cmocka_run_group_tests_name("reorder", tests, NULL, NULL);
}
