/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_ids - dense ids: smallest first, around those that are claimed, never 0. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bpf/maps.h"
#include "ctl/ids.h"

static void smallest_free_id_first(void **state)
{
	struct pdp_ids ids;

	(void)state;
	assert_int_equal(pdp_ids_init(&ids, 5), 0);
	for (uint16_t want = 1; want < 5; want++)
		assert_int_equal(pdp_ids_take(&ids), want);
	assert_int_equal(pdp_ids_take(&ids), 0);
	pdp_ids_fini(&ids);
	pdp_ids_fini(&ids);
}

/* After a restart the ids in the maps are claimed; new ones go around them. */
static void claimed_ids_are_not_given(void **state)
{
	struct pdp_ids ids;

	(void)state;
	assert_int_equal(pdp_ids_init(&ids, 130), 0);
	assert_int_equal(pdp_ids_claim(&ids, 1), 0);
	assert_int_equal(pdp_ids_claim(&ids, 64), 0);
	assert_int_equal(pdp_ids_claim(&ids, 64), -EEXIST);
	assert_int_equal(pdp_ids_claim(&ids, 0), -ERANGE);
	assert_int_equal(pdp_ids_claim(&ids, 130), -ERANGE);
	assert_int_equal(pdp_ids_claim(&ids, UINT32_MAX), -ERANGE);
	assert_true(pdp_ids_taken(&ids, 64));
	assert_false(pdp_ids_taken(&ids, 63));
	assert_false(pdp_ids_taken(&ids, 0));
	assert_false(pdp_ids_taken(&ids, 130));
	for (uint16_t want = 2; want < 130; want++)
		if (want != 64)
			assert_int_equal(pdp_ids_take(&ids), want);
	assert_int_equal(pdp_ids_take(&ids), 0);
	pdp_ids_fini(&ids);
}

static void limits(void **state)
{
	struct pdp_ids ids;

	(void)state;
	assert_int_equal(pdp_ids_init(&ids, 0), -EINVAL);
	assert_int_equal(pdp_ids_init(&ids, 1), -EINVAL);
	assert_int_equal(pdp_ids_init(&ids, UINT16_MAX + 2), -EINVAL);
	assert_int_equal(pdp_ids_init(&ids, UINT16_MAX + 1), 0);
	for (uint32_t want = 1; want <= UINT16_MAX; want++)
		assert_int_equal(pdp_ids_take(&ids), want);
	assert_int_equal(pdp_ids_take(&ids), 0);
	pdp_ids_fini(&ids);
}

/* Against a plain array, with random takes and claims. */
static void random_against_an_array(void **state)
{
	enum { LIMIT = 200 };
	uint8_t taken[LIMIT] = {0};
	struct pdp_ids ids;

	(void)state;
	srand(7);
	assert_int_equal(pdp_ids_init(&ids, LIMIT), 0);
	for (int i = 0; i < 1000; i++) {
		uint32_t id = (uint32_t)rand() % LIMIT;

		if (rand() % 2) {
			assert_int_equal(pdp_ids_claim(&ids, id), !id	      ? -ERANGE
								  : taken[id] ? -EEXIST
									      : 0);
			taken[id] = 1;
			continue;
		}
		for (id = 1; id < LIMIT && taken[id];)
			id++;
		assert_int_equal(pdp_ids_take(&ids), id < LIMIT ? id : 0);
		if (id < LIMIT)
			taken[id] = 1;
	}
	pdp_ids_fini(&ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smallest_free_id_first),
		cmocka_unit_test(claimed_ids_are_not_given),
		cmocka_unit_test(limits),
		cmocka_unit_test(random_against_an_array),
	};

	return cmocka_run_group_tests_name("ids", tests, NULL, NULL);
}
