/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_police - a rate in the policer's form, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/police.h"

static void rates(void **state)
{
	static const struct {
		uint64_t rate;
		uint32_t packets, cost, burst;
	} cases[] = {
		{0, 100, 0, 0}, /* not policed */
		{1000000, 1, 16000, 0},
		{1000000, 65, 16000, 64 * 16000},
		{16000000000, 2, 1, 1},
		{100000000000, 2, 1, 1}, /* faster than the unit of time */
		{1, 10, UINT32_MAX, UINT32_MAX}, /* longer than the field */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pdp_limit limit = pdp_police_of(cases[i].rate, cases[i].packets);

		assert_int_equal(limit.cost, cases[i].cost);
		assert_int_equal(limit.burst, cases[i].burst);
	}
}

/* What a limit by power is written as is what it is read back as, nearly; its burst is 50 ms, or 64 packets. */
static void limits_by_power(void **state)
{
	static const uint64_t rates[] = {400, 7001, 250000, 2100000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct pdp_limit limit = pdp_police_power(rates[i]);
		const uint64_t packets = rates[i] / 20 < 64 ? 64 : rates[i] / 20;

		assert_in_range(pdp_police_pps(limit), rates[i], rates[i] + rates[i] / 1000 + 1);
		assert_int_equal(limit.burst / limit.cost + 1, packets);
	}
	assert_int_equal(pdp_police_power(0).cost, 0);
	assert_int_equal(pdp_police_pps((struct pdp_limit){0}), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test(limits_by_power),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
