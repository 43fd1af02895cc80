/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_flowgap - how long packets are with guests, and the pause that follows from it: counted by buckets, long
 * enough for any two guests, at once when longer is needed, and not jumping about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/transit.bpf.h"
#include "ctl/flowgap.h"

#define US 1000ULL
#define MS 1000000ULL

/* A guest's counters, and what is made of them. */
struct guest {
	struct pdp_transit transit;
	struct pdp_transit_times times;
};

static void came(struct guest *guest, uint64_t ns, uint32_t packets)
{
	guest->transit.count[pdp_transit_bucket(ns)] += packets;
}

static void look(struct guest *guest)
{
	pdp_transit_see(&guest->times, guest->transit.count);
}

/* One packet of this length, seen. */
static struct pdp_transit_span span_of(uint64_t ns)
{
	struct pdp_transit_span span;
	struct guest guest = {0};

	look(&guest);
	came(&guest, ns, 100);
	look(&guest);
	assert_true(pdp_transit_span(&guest.times, &span));
	return span;
}

/* Each time is within its bucket, which is at most a quarter wide; buckets rise and follow each other. */
static void buckets(void **unused)
{
	uint32_t last = 0;

	(void)unused;
	for (uint64_t ns = 0; ns < 500 * MS; ns += ns / 50 + 1000) {
		struct pdp_transit_span span = span_of(ns);
		uint32_t bucket = pdp_transit_bucket(ns);

		assert_true(span.low_ns <= ns && ns < span.high_ns);
		assert_true(span.high_ns - span.low_ns <= 4096 ||
			    (span.high_ns - span.low_ns) * 4 <= span.low_ns);
		assert_true(bucket == last || bucket == last + 1);
		last = bucket;
	}
	assert_int_equal(pdp_transit_bucket(UINT64_MAX), PDP_TRANSIT_BUCKETS - 1);
	assert_int_equal(pdp_transit_bucket(1ULL << 40), PDP_TRANSIT_BUCKETS - 1);
}

/* One of many that was late says nothing; a few packets say nothing either. */
static void outliers(void **unused)
{
	struct pdp_transit_span span;
	struct guest guest = {0};

	(void)unused;
	look(&guest);
	assert_false(pdp_transit_span(&guest.times, &span));
	came(&guest, 100 * US, 7);
	look(&guest);
	assert_false(pdp_transit_span(&guest.times, &span));
	came(&guest, 100 * US, 1000);
	came(&guest, 80 * MS, 5);
	came(&guest, 1 * US, 5);
	look(&guest);
	assert_true(pdp_transit_span(&guest.times, &span));
	assert_true(span.low_ns > 75 * US && span.high_ns < 130 * US);
}

/* What an earlier controller, or an earlier guest of this id, has counted is not what came lately. */
static void the_first_look(void **unused)
{
	struct pdp_transit_span span;
	struct guest guest = {0};

	(void)unused;
	came(&guest, 50 * MS, 1000000);
	look(&guest);
	assert_false(pdp_transit_span(&guest.times, &span));
	came(&guest, 10 * US, 100);
	look(&guest);
	assert_true(pdp_transit_span(&guest.times, &span));
	assert_true(span.high_ns < 20 * US);
}

/* What was half a minute ago is forgotten, over the counters' end too. */
static void it_is_forgotten(void **unused)
{
	struct pdp_transit_span span;
	struct guest guest = {0};

	(void)unused;
	guest.transit.count[pdp_transit_bucket(10 * US)] = UINT32_MAX - 50;
	look(&guest);
	came(&guest, 50 * MS, 100);
	look(&guest);
	for (int i = 0; i < 40; i++) {
		came(&guest, 10 * US, 100);
		look(&guest);
	}
	assert_true(pdp_transit_span(&guest.times, &span));
	assert_true(span.high_ns < 20 * US);
}

static const struct pdp_transit_span fast = {10 * US, 30 * US}, slow = {20 * US, 1030 * US};

/* A quarter more than from the slowest of the one to the fastest of the other. */
static void long_enough(void **unused)
{
	const struct pdp_transit_span two[] = {fast, slow}, three[] = {slow, fast, fast};

	(void)unused;
	assert_int_equal(pdp_gap_next(500, two, 2), 1020 * 5 / 4);
	assert_int_equal(pdp_gap_next(500, three, 3), 1020 * 5 / 4);
}

/* A guest that is now fast and now slow is not compared with itself. */
static void not_with_itself(void **unused)
{
	const struct pdp_transit_span two[] = {{10 * US, 9010 * US}, {5000 * US, 5010 * US}};

	(void)unused;
	assert_int_equal(pdp_gap_next(500, two, 2), 5000 * 5 / 4);
}

static void bounds(void **unused)
{
	const struct pdp_transit_span two[] = {fast, {10 * US, 500 * MS}}, same[] = {fast, fast};
	uint32_t gap = 500;

	(void)unused;
	assert_int_equal(pdp_gap_next(500, two, 2), PDP_GAP_MAX_US);
	for (int i = 0; i < 100; i++)
		gap = pdp_gap_next(gap, same, 2);
	/* Within a quarter of it. */
	assert_in_range(gap, PDP_GAP_MIN_US, PDP_GAP_MIN_US * 4 / 3 + 1);
}

static void nothing_to_compare(void **unused)
{
	(void)unused;
	assert_int_equal(pdp_gap_next(500, NULL, 0), 500);
	assert_int_equal(pdp_gap_next(500, &slow, 1), 500);
}

/* Within a quarter it stays; it falls by a quarter at a time and ends where it is to be. */
static void it_does_not_jump(void **unused)
{
	const struct pdp_transit_span two[] = {fast, slow};
	uint32_t gap = 100000, last;

	(void)unused;
	assert_int_equal(pdp_gap_next(1100, two, 2), 1100);
	assert_int_equal(pdp_gap_next(1600, two, 2), 1600);
	for (int i = 0; i < 100; i++) {
		last = gap;
		gap = pdp_gap_next(gap, two, 2);
		assert_true(gap <= last && gap >= last * 3 / 4);
	}
	assert_true(gap >= 1275 && gap <= 1700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets),	    cmocka_unit_test(outliers),
		cmocka_unit_test(the_first_look),   cmocka_unit_test(it_is_forgotten),
		cmocka_unit_test(long_enough),	    cmocka_unit_test(not_with_itself),
		cmocka_unit_test(bounds),	    cmocka_unit_test(nothing_to_compare),
		cmocka_unit_test(it_does_not_jump),
	};

	return cmocka_run_group_tests_name("flowgap", tests, NULL, NULL);
}
