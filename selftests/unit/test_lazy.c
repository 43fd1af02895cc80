/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_lazy - a library is loaded by its name; what it has not, and one that is not there, are named. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/lazy.h"

static double (*cosine)(double);

static void one_that_is_there(void **state)
{
	const struct pdp_lazy_symbol symbols[] = {{"cos", &cosine}, {NULL, NULL}};
	struct pdp_error err;

	(void)state;
	assert_int_equal(pdp_lazy_load("libm.so.6", symbols, &err), 0);
	assert_true(cosine(0) > 0.99 && cosine(0) < 1.01);
}

static void a_name_that_it_has_not(void **state)
{
	const struct pdp_lazy_symbol symbols[] = {{"pdp_cosine", &cosine}, {NULL, NULL}};
	struct pdp_error err;

	(void)state;
	assert_int_equal(pdp_lazy_load("libm.so.6", symbols, &err), -ELIBBAD);
	assert_non_null(strstr(err.text, "pdp_cosine"));
}

static void one_that_is_not_there(void **state)
{
	const struct pdp_lazy_symbol symbols[] = {{NULL, NULL}};
	struct pdp_error err;

	(void)state;
	assert_int_equal(pdp_lazy_load("libpdp-none.so.0", symbols, &err), -ELIBACC);
	assert_non_null(strstr(err.text, "needs libpdp-none.so.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_there),
		cmocka_unit_test(a_name_that_it_has_not),
		cmocka_unit_test(one_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
