/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_tun.c - the pure parts of pdp-tun: endpoints, prefixes, ECN.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/tun_ecn.h"
#include "ctl/tun_endpoint.h"

static void endpoints_survive_a_round_trip(void **state)
{
	static const char *const good[] = {
		"192.0.2.1:1", "10.0.0.1:65535", "127.0.0.1:5001", "[2001:db8::1]:5001", "[::1]:1",
	};
	char text[PDP_TUN_ENDPOINT_LEN];
	union pdp_tun_endpoint end;
	struct pdp_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(pdp_tun_endpoint_parse(good[i], &end, &err), 0);
		assert_string_equal(pdp_tun_endpoint_print(&end, text), good[i]);
	}
}

static void bad_endpoints_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"192.0.2.1",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:-1",
		"192.0.2.1: 1",
		"192.0.2.1:+1",
		"192.0.2.1:1x",
		"192.0.2.256:1",
		"192.0.2:1",
		"0.0.0.0:1",
		"224.0.0.1:1",
		"255.255.255.255:1",
		"[192.0.2.1]:1",
		"2001:db8::1:1",
		"[2001:db8::1]",
		"[2001:db8::1]1",
		"[]:1",
		"[::]:1",
		"[ff02::1]:1",
		"[::ffff:192.0.2.1]:1",
		"[2001:db8::1:1",
		"host:1",
		"192.0.2.1:999999999999999999999",
		"[2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:1",
	};
	union pdp_tun_endpoint end;
	struct pdp_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = '\0';
		if (pdp_tun_endpoint_parse(bad[i], &end, &err) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(err.text, "endpoint"));
	}
}

static void prefixes_are_read_and_masked(void **state)
{
	static const struct {
		const char *text;
		uint8_t len, family, last_byte, masked;
	} good[] = {
		{"192.0.2.129/24", 24, AF_INET, 129, 0}, {"192.0.2.129/25", 25, AF_INET, 129, 128},
		{"192.0.2.129", 32, AF_INET, 129, 129},	 {"255.255.255.255/0", 0, AF_INET, 255, 0},
		{"::ff/128", 128, AF_INET6, 255, 255},	 {"::ff/121", 121, AF_INET6, 255, 128},
		{"::ff/0", 0, AF_INET6, 255, 0},
	};
	struct pdp_tun_prefix prefix;
	struct pdp_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t last = good[i].family == AF_INET ? 3 : 15;

		assert_int_equal(pdp_tun_prefix_parse(good[i].text, &prefix, &err), 0);
		assert_int_equal(prefix.family, good[i].family);
		assert_int_equal(prefix.len, good[i].len);
		assert_int_equal(prefix.addr[last], good[i].last_byte);
		pdp_tun_prefix_mask(&prefix);
		assert_int_equal(prefix.addr[last], good[i].masked);
	}
}

static void bad_prefixes_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"/24",
		"192.0.2.0/33",
		"192.0.2.0/",
		"192.0.2.0/-1",
		"192.0.2.0/2 ",
		"::/129",
		"192.0.2/24",
		"x",
		"192.0.2.0/999999",
	};
	struct pdp_tun_prefix prefix;
	struct pdp_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pdp_tun_prefix_parse(bad[i], &prefix, &err) == 0)
			fail_msg("'%s' was taken", bad[i]);
	}
}

static void only_ip_is_ip(void **state)
{
	uint8_t packet[64] = {0};

	(void)state;
	assert_false(pdp_tun_is_ip(packet, 0));
	for (unsigned int first = 0; first < 256; first++) {
		packet[0] = first;
		assert_false(pdp_tun_is_ip(packet, 19));
		assert_int_equal(pdp_tun_is_ip(packet, 39), first >= 0x45 && first <= 0x4f);
		assert_int_equal(pdp_tun_is_ip(packet, 40),
				 (first >= 0x45 && first <= 0x4f) || first >> 4 == 6);
	}
}

static uint16_t ipv4_sum(const uint8_t *packet)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += packet[i] << 8 | packet[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void make_ipv4(uint8_t *packet, uint8_t tos)
{
	uint16_t check;

	memset(packet, 0, 40);
	packet[0] = 0x45;
	packet[1] = tos;
	for (int i = 2; i < 20; i++)
		packet[i] = i == 10 || i == 11 ? 0 : rand();
	check = ~ipv4_sum(packet);
	packet[10] = check >> 8;
	packet[11] = check;
}

/* RFC 6040, figure 4: what the packet has afterwards; -1 is dropped. */
static const int decapsulated[4][4] = {
	/* outer: Not-ECT ECT(1) ECT(0) CE */
	{0, 0, 0, -1}, /* inner Not-ECT */
	{1, 1, 1, 3}, /* inner ECT(1) */
	{2, 1, 2, 3}, /* inner ECT(0) */
	{3, 3, 3, 3}, /* inner CE */
};

static void marks_follow_rfc_6040(void **state)
{
	uint8_t packet[40];

	(void)state;
	srand(1);
	for (int round = 0; round < 4096; round++) {
		int inner = round & 3, outer = round >> 2 & 3, dscp = round >> 4 & 63;
		int expected = decapsulated[inner][outer];

		make_ipv4(packet, dscp << 2 | inner);
		assert_int_equal(pdp_tun_decapsulate_ecn(packet, 0xb8 | outer), expected >= 0);
		if (expected >= 0)
			assert_int_equal(pdp_tun_traffic_class(packet), dscp << 2 | expected);
		assert_int_equal(ipv4_sum(packet), 0xffff);

		memset(packet, 0xff, sizeof(packet));
		packet[0] = 0x60 | dscp >> 2;
		packet[1] = (dscp << 6 | inner << 4 | 0x0f) & 0xff;
		assert_int_equal(pdp_tun_decapsulate_ecn(packet, outer), expected >= 0);
		if (expected >= 0)
			assert_int_equal(pdp_tun_traffic_class(packet), dscp << 2 | expected);
		assert_int_equal(packet[0] >> 4, 6);
		assert_int_equal(packet[1] & 0x0f, 0x0f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_survive_a_round_trip),
		cmocka_unit_test(bad_endpoints_are_refused),
		cmocka_unit_test(prefixes_are_read_and_masked),
		cmocka_unit_test(bad_prefixes_are_refused),
		cmocka_unit_test(only_ip_is_ip),
		cmocka_unit_test(marks_follow_rfc_6040),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
