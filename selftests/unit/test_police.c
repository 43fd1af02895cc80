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
		uint32_t cost = 7, burst = 7;

		pdp_police_of(cases[i].rate, cases[i].packets, &cost, &burst);
		assert_int_equal(cost, cases[i].cost);
		assert_int_equal(burst, cases[i].burst);
	}
}

/* What a limit by power is written as is what it is read back as, nearly. */
static void limits_by_power(void **state)
{
	static const uint64_t rates[] = {100, 7001, 250000, 2100000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct pdp_vnet vnet = {0};
		uint64_t back;

		pdp_police_of(rates[i], pdp_police_power_burst(rates[i]), &vnet.police_cost,
			      &vnet.police_burst);
		vnet.police_burst &= ~PDP_POLICE_POWER;
		assert_int_equal(pdp_police_power_pps(&vnet), 0);
		vnet.police_burst |= PDP_POLICE_POWER;
		back = pdp_police_power_pps(&vnet);
		assert_in_range(back, rates[i], rates[i] + rates[i] / 1000 + 1);
		vnet.police_cost = 0;
		assert_int_equal(pdp_police_power_pps(&vnet), 0);
	}
	assert_int_equal(pdp_police_power_burst(100), 64);
	assert_int_equal(pdp_police_power_burst(2000000), 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test(limits_by_power),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
