/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_sink_delay.c - the buckets that the sink sorts delays into: without a gap, each as wide as is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "selftests/bench/traffic.h"

static void each_delay_lies_in_its_bucket(uint64_t ns)
{
	uint32_t bucket = delay_bucket(ns);

	assert_true(bucket < DELAY_BUCKETS);
	assert_true(delay_floor(bucket) <= ns);
	if (bucket + 1 < DELAY_BUCKETS)
		assert_true(ns < delay_floor(bucket + 1));
}

static void delays_lie_in_their_buckets(void **state)
{
	(void)state;
	for (uint64_t ns = 0; ns < 100000; ns++)
		each_delay_lies_in_its_bucket(ns);
	for (int bit = 10; bit < 40; bit++) {
		each_delay_lies_in_its_bucket((1ULL << bit) - 1);
		each_delay_lies_in_its_bucket(1ULL << bit);
	}
	for (int i = 0; i < 100000; i++)
		each_delay_lies_in_its_bucket(((uint64_t)rand() << 20 ^ rand()) &
					      ((1ULL << 40) - 1));
}

static void buckets_are_narrow(void **state)
{
	(void)state;
	for (uint32_t b = 0; b + 1 < DELAY_BUCKETS; b++) {
		uint64_t width = delay_floor(b + 1) - delay_floor(b);

		assert_true(width == 1 || width * DELAY_STEPS <= delay_floor(b));
		assert_int_equal(delay_bucket(delay_floor(b)), b);
	}
}

static void a_long_delay_is_in_the_last(void **state)
{
	(void)state;
	assert_int_equal(delay_bucket((1ULL << 40) - 1), DELAY_BUCKETS - 1);
	assert_int_equal(delay_bucket(1ULL << 40), DELAY_BUCKETS - 1);
	assert_int_equal(delay_bucket(UINT64_MAX), DELAY_BUCKETS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays_lie_in_their_buckets),
		cmocka_unit_test(buckets_are_narrow),
		cmocka_unit_test(a_long_delay_is_in_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
