/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_names - an index finds what a walk over the list finds, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/names.h"

struct thing {
	char name[16];
	int number;
};

static void test_none(void **arg)
{
	struct pdp_names names = {0};

	(void)arg;
	assert_null(pdp_names_find(&names, "x"));
	pdp_names_free(&names);
	assert_int_equal(pdp_names_make(&names, NULL, 0, sizeof(struct thing)), 0);
	assert_null(pdp_names_find(&names, ""));
	pdp_names_free(&names);
	assert_null(pdp_names_find(&names, "x"));
}

/* Every other one of many names, in any order. */
static void test_many(void **arg)
{
	static struct thing things[500];
	struct pdp_names names;
	char name[16];

	(void)arg;
	for (int i = 0; i < 500; i++) {
		things[i].number = i * 7919 % 500 * 2;
		snprintf(things[i].name, sizeof(things[i].name), "v%d", things[i].number);
	}
	assert_int_equal(pdp_names_make(&names, things, 500, sizeof(things[0])), 0);
	for (int i = 0; i < 1000; i++) {
		const struct thing *found;

		snprintf(name, sizeof(name), "v%d", i);
		found = pdp_names_find(&names, name);
		assert_int_equal(found != NULL, i % 2 == 0);
		if (found)
			assert_int_equal(found->number, i);
	}
	pdp_names_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
