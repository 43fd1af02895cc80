/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_checksum.c - sums against a naive one, and the incremental update against the full sum.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fe-agent/checksum.h"

static uint64_t seed = 88172645463325252ULL;

static uint32_t draw(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 32) % n;
}

/* RFC 1071 to the letter: 16 bits at a time, in network order. */
static uint16_t naive(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static uint16_t fast(const uint8_t *p, size_t len)
{
	uint16_t check = pdp_sum_finish(pdp_sum_bytes(0, p, len));
	uint8_t wire[2];

	memcpy(wire, &check, 2);
	return wire[0] << 8 | wire[1];
}

static void sums_are_those_of_rfc1071(void **state)
{
	/* The example of RFC 1071, section 3: ddf2 is the sum. */
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint8_t bytes[80];
	unsigned int i, len;

	(void)state;
	assert_int_equal(fast(example, sizeof(example)), (uint16_t)~0xddf2);
	for (len = 0; len <= sizeof(bytes); len++) {
		memset(bytes, 0, sizeof(bytes));
		assert_int_equal(fast(bytes, len), naive(bytes, len));
		memset(bytes, 0xff, sizeof(bytes));
		assert_int_equal(fast(bytes, len), naive(bytes, len));
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = draw(256);
		assert_int_equal(fast(bytes, len), naive(bytes, len));
	}
}

static void carries_come_round(void **state)
{
	uint8_t bytes[1500];
	unsigned int i, round;

	(void)state;
	for (round = 0; round < 300; round++) {
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = draw(4) ? 0xff : draw(256);
		assert_int_equal(fast(bytes, sizeof(bytes) - round), naive(bytes, 1500 - round));
	}
}

/* A header under a checksum, one word changed: the update must give what a full sum gives. */
static void check_update(uint8_t header[20], unsigned int at, uint16_t to)
{
	uint16_t from = pdp_load16(header + at), check;

	pdp_store16(header + 10, 0);
	check = pdp_sum_finish(pdp_sum_bytes(0, header, 20));
	check = pdp_checksum_update(check, from, to);
	pdp_store16(header + at, to);
	assert_int_equal(check, pdp_sum_finish(pdp_sum_bytes(0, header, 20)));
	pdp_store16(header + 10, check);
	assert_int_equal(pdp_sum_fold(pdp_sum_bytes(0, header, 20)), 0xffff);
}

static void update_is_the_full_sum(void **state)
{
	static const uint16_t corners[] = {0x0000, 0x0001, 0x00ff, 0x0100,
					   0xfeff, 0xff00, 0xfffe, 0xffff};
	uint8_t header[20];
	unsigned int i, round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < sizeof(header); i++)
			header[i] = draw(256);
		header[0] = 0x45;
		check_update(header, 8, draw(65536));
		check_update(header, 8, corners[draw(8)]);
		check_update(header, 2, corners[draw(8)]);
	}
}

/* RFC 1624, section 4: where RFC 1141's way yields 0xffff, the right checksum is 0x0000. */
static void update_at_zero(void **state)
{
	uint16_t check = 0xdd2f, from = 0x5555, to = 0x3285;
	uint8_t header[20] = {0x45};
	uint32_t word;

	(void)state;
	assert_int_equal(pdp_checksum_update(check, from, to), 0x0000);
	/* Every word in turn, on a header whose other words are zero. */
	for (word = 1; word < 65536; word++)
		check_update(header, 8, word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_rfc1071),
		cmocka_unit_test(carries_come_round),
		cmocka_unit_test(update_is_the_full_sum),
		cmocka_unit_test(update_at_zero),
	};

	return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
