/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_fastclock - what a run of a guest's program takes, from samples some of which are few or absurd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/fastclock.h"

static void nothing_is_known_at_once(void **state)
{
	struct pdp_fastclock_mean mean = {0};

	(void)state;
	pdp_fastclock_note(&mean, 1000, 100000);
	pdp_fastclock_note(&mean, 1000, 100000);
	assert_true(mean.run_ns == 0);
	pdp_fastclock_note(&mean, 1000, 100000);
	assert_true(mean.run_ns == 100);
}

static void few_runs_wait_for_more(void **state)
{
	struct pdp_fastclock_mean mean = {0};

	(void)state;
	for (int i = 0; i < 3 * 64 - 1; i++)
		pdp_fastclock_note(&mean, 1, i % 2 ? 50 : 150);
	assert_true(mean.run_ns == 0);
	pdp_fastclock_note(&mean, 1, 50);
	assert_true(mean.run_ns == 100);
}

static void one_that_stood_still_does_not_count(void **state)
{
	struct pdp_fastclock_mean mean = {0};

	(void)state;
	for (int i = 0; i < 5; i++)
		pdp_fastclock_note(&mean, 100, 10000);
	pdp_fastclock_note(&mean, 100, 5000000);
	assert_true(mean.run_ns == 100);
	pdp_fastclock_note(&mean, 100, 5000000);
	assert_true(mean.run_ns == 100);
}

static void dearer_ones_are_believed_soon(void **state)
{
	struct pdp_fastclock_mean mean = {0};

	(void)state;
	for (int i = 0; i < 50; i++)
		pdp_fastclock_note(&mean, 100, 10000);
	for (int i = 0; i < 3; i++)
		pdp_fastclock_note(&mean, 100, 200000);
	assert_true(mean.run_ns == 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_at_once),
		cmocka_unit_test(few_runs_wait_for_more),
		cmocka_unit_test(one_that_stood_still_does_not_count),
		cmocka_unit_test(dearer_ones_are_believed_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
