/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_bucket - a burst, then one for each interval, and never more than the depth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/bucket.h"

static unsigned int take_all(struct pdp_bucket *bucket, uint64_t now_ms)
{
	unsigned int n = 0;

	while (n < 1000 && pdp_bucket_take(bucket, now_ms))
		n++;
	return n;
}

static void test_burst_then_rate(void **state)
{
	struct pdp_bucket bucket = {.depth = 5, .interval_ms = 100};
	unsigned int n = 0;

	(void)state;
	assert_int_equal(take_all(&bucket, 1000), 5);
	assert_int_equal(take_all(&bucket, 1099), 0);
	assert_int_equal(take_all(&bucket, 1100), 1);
	/* Parts of an interval are not lost, however often one asks. */
	for (uint64_t now = 1101; now <= 2100; now++)
		n += pdp_bucket_take(&bucket, now);
	assert_int_equal(n, 10);
}

static void test_full_again(void **state)
{
	struct pdp_bucket bucket = {.depth = 3, .interval_ms = 1000};

	(void)state;
	assert_int_equal(take_all(&bucket, 0), 3);
	assert_int_equal(take_all(&bucket, 2500), 2);
	assert_int_equal(take_all(&bucket, 3000), 1);
	assert_int_equal(take_all(&bucket, UINT64_MAX), 3);
	/* An interval begins when the first is taken from a full one. */
	bucket = (struct pdp_bucket){.depth = 1, .interval_ms = 1000};
	assert_true(pdp_bucket_take(&bucket, 999));
	assert_false(pdp_bucket_take(&bucket, 1998));
	assert_true(pdp_bucket_take(&bucket, 1999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_then_rate),
		cmocka_unit_test(test_full_again),
	};

	return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
