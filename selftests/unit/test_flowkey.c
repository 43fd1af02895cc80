/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_flowkey - fields of a flow key, to bytes and back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/flowkey.h"

static void fields_come_back(void **state)
{
	char mask[2 * PDP_KEY_BYTES_MAX + 1];
	struct pdp_key_field field;
	struct pdp_key key = {0};
	size_t at = 0;

	(void)state;
	assert_int_equal(pdp_key_add(&key, PDP_KEY_NETWORK, 12, "FFffff00"), 0);
	assert_int_equal(pdp_key_add(&key, PDP_KEY_TRANSPORT, 255, "0f"), 0);
	assert_true(pdp_key_next(&key, &at, &field));
	assert_int_equal(field.layer, PDP_KEY_NETWORK);
	assert_int_equal(field.offset, 12);
	pdp_key_mask(&field, mask);
	assert_string_equal(mask, "ffffff00");
	assert_true(pdp_key_next(&key, &at, &field));
	assert_int_equal(field.layer, PDP_KEY_TRANSPORT);
	assert_int_equal(field.offset, 255);
	assert_int_equal(field.len, 1);
	assert_false(pdp_key_next(&key, &at, &field));
}

static void neighbours_are_one_field(void **state)
{
	struct pdp_key_field field;
	struct pdp_key key = {0};
	size_t at = 0;

	(void)state;
	assert_int_equal(pdp_key_add(&key, PDP_KEY_INNER, 0, "ff"), 0);
	assert_int_equal(pdp_key_add(&key, PDP_KEY_INNER, 1, "ff00ff"), 0);
	assert_true(pdp_key_next(&key, &at, &field));
	assert_int_equal(field.len, 4);
	assert_false(pdp_key_next(&key, &at, &field));
}

static void what_is_no_field_changes_nothing(void **state)
{
	static const char *const bad[] = {"", "f", "fff", "fg", "0x", "00", "0000", "ff ", " f"};
	struct pdp_key key = {0}, zero = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pdp_key_add(&key, PDP_KEY_INNER, 0, bad[i]), -EINVAL);
	assert_int_equal(pdp_key_add(&key, PDP_KEY_INNER, 255, "ffff"), -EINVAL);
	assert_int_equal(pdp_key_add(&key, PDP_KEY_INNER, 256, "ff"), -EINVAL);
	assert_int_equal(pdp_key_add(&key, PDP_KEY_INNER, UINT32_MAX, "ff"), -EINVAL);
	assert_memory_equal(&key, &zero, sizeof(key));
}

static void there_is_room_for_32_bytes(void **state)
{
	struct pdp_key key = {0}, full;
	struct pdp_key_field field;
	size_t at = 0;

	(void)state;
	for (uint32_t i = 0; i < PDP_KEY_BYTES_MAX; i += 4)
		assert_int_equal(pdp_key_add(&key, PDP_KEY_NETWORK, i, "ffffffff"), 0);
	full = key;
	assert_int_equal(pdp_key_add(&key, PDP_KEY_NETWORK, 40, "ff"), -E2BIG);
	assert_memory_equal(&key, &full, sizeof(key));
	assert_true(pdp_key_next(&key, &at, &field));
	assert_int_equal(field.len, PDP_KEY_BYTES_MAX);
	assert_false(pdp_key_next(&key, &at, &field));
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(pdp_key_name(PDP_KEY_5TUPLE), "5tuple");
	assert_string_equal(pdp_key_name(PDP_KEY_BYTES), "bytes");
	assert_string_equal(pdp_key_name(9), "unknown");
	assert_string_equal(pdp_key_layer_name(PDP_KEY_TRANSPORT), "transport");
	assert_string_equal(pdp_key_layer_name(77), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_come_back),
		cmocka_unit_test(neighbours_are_one_field),
		cmocka_unit_test(what_is_no_field_changes_nothing),
		cmocka_unit_test(there_is_room_for_32_bytes),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
