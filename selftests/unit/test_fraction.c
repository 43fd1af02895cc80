/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_fraction - a part of a whole is what was written, both ways. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "ctl/fraction.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void good(void **state)
{
	static const struct {
		const char *text;
		uint32_t millionths;
		const char *shortest;
	} cases[] = {
		{"0", 0, "0"},
		{"0.0", 0, "0"},
		{"1", 1000000, "1"},
		{"1.000000", 1000000, "1"},
		{"0.01", 10000, "0.01"},
		{"0.000001", 1, "0.000001"},
		{"00.5", 500000, "0.5"},
		{"01", 1000000, "1"},
		{"0.999999", 999999, "0.999999"},
		{"0.10", 100000, "0.1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[PDP_FRACTION_STRLEN];
		uint32_t found = 7;

		assert_int_equal(pdp_fraction_parse(&found, cases[i].text), 0);
		assert_int_equal(found, cases[i].millionths);
		assert_string_equal(pdp_fraction_print(text, found), cases[i].shortest);
	}
}

static void bad(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"", -EINVAL},	   {".", -EINVAL},	    {".5", -EINVAL},
		{"0.", -EINVAL},   {"-0", -EINVAL},	    {"+1", -EINVAL},
		{"1e-3", -EINVAL}, {"0.0000000", -EINVAL},  {"0x1", -EINVAL},
		{"0.5 ", -EINVAL}, {" 0.5", -EINVAL},	    {"0.5.5", -EINVAL},
		{"2", -ERANGE},	   {"1.000001", -ERANGE},   {"10", -ERANGE},
		{"1.5", -ERANGE},  {"4294967296", -ERANGE}, {"99999999999999999999999.5", -ERANGE},
		{"nan", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t untouched = 7;

		if (pdp_fraction_parse(&untouched, cases[i].text) != cases[i].code)
			fail_msg("'%s'", cases[i].text);
		assert_int_equal(untouched, 7);
	}
}

static void all_round(void **state)
{
	(void)state;
	for (uint32_t i = 0; i <= 1000000; i += i < 2000 ? 1 : 37) {
		char text[PDP_FRACTION_STRLEN];
		uint32_t found;

		assert_int_equal(pdp_fraction_parse(&found, pdp_fraction_print(text, i)), 0);
		assert_int_equal(found, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(all_round),
	};

	return cmocka_run_group_tests_name("fraction", tests, NULL, NULL);
}
