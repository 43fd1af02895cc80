/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_prefix - addresses, prefixes, end points, MACs, powers, CPU lists: read, refused, printed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/power.h"
#include "ctl/prefix.h"
#include "ctl/suggest.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static char buf[PDP_ADDR_STRLEN];

/* What is read, and what is printed of it; NULL = refused. */
struct text_case {
	const char *text, *want;
};

static void prefixes(void **state)
{
	static const struct text_case cases[] = {
		{"10.0.0.1/24", "10.0.0.1/24"},
		{"10.0.0.1", "10.0.0.1/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"255.255.255.255/32", "255.255.255.255/32"},
		{"fd00::1/64", "fd00::1/64"},
		{"::/0", "::/0"},
		{"2001:DB8:0:0::0:1", "2001:db8::1/128"},
		{"", NULL},
		{"/", NULL},
		{"/24", NULL},
		{"10.0.0.1/", NULL},
		{"10.0.0.1/33", NULL},
		{"10.0.0.1/032", NULL},
		{"10.0.0.1/-1", NULL},
		{"10.0.0.1/+8", NULL},
		{"10.0.0.1/8 ", NULL},
		{" 10.0.0.1", NULL},
		{"10.0.0.1/8/8", NULL},
		{"10.0.0.1/4294967304", NULL},
		{"10.0.0", NULL},
		{"10.0.0.256", NULL},
		{"010.0.0.1", NULL},
		{"fd00::1/129", NULL},
		{"fd00::1%eth0", NULL},
		{"::ffff:10.0.0.1/128", NULL},
		{"1234567890123456789012345678901234567890123456789012345678901234567890", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pdp_prefix prefix = {0};
		int ret = pdp_prefix_parse(&prefix, cases[i].text);

		assert_int_equal(ret, cases[i].want ? 0 : -EINVAL);
		if (cases[i].want)
			assert_string_equal(pdp_prefix_print(buf, &prefix), cases[i].want);
		else
			assert_int_equal(prefix.family, 0);
	}
}

static void endpoints(void **state)
{
	static const struct text_case cases[] = {
		{"192.0.2.1:5001", "192.0.2.1:5001"},
		{"192.0.2.1", "192.0.2.1"},
		{"192.0.2.1:65535", "192.0.2.1:65535"},
		{"[2001:db8::1]:5001", "[2001:db8::1]:5001"},
		{"[2001:db8::1]", "2001:db8::1"},
		{"2001:db8::1", "2001:db8::1"},
		{"2001:db8::1:5001", "2001:db8::1:5001"}, /* an address: no port without brackets */
		{"", NULL},
		{":5001", NULL},
		{"192.0.2.1:", NULL},
		{"192.0.2.1:0", NULL},
		{"192.0.2.1:65536", NULL},
		{"192.0.2.1:05001", NULL},
		{"192.0.2.1:5001x", NULL},
		{"192.0.2.1/24:5001", NULL},
		{"[192.0.2.1]:5001", NULL},
		{"[2001:db8::1", NULL},
		{"[2001:db8::1]5001", NULL},
		{"[2001:db8::1]:", NULL},
		{"[]:5001", NULL},
		{"[]", NULL},
		{"[", NULL},
		{"]", NULL},
		{"[:]:1", NULL},
		{"[::ffff:192.0.2.1]:5001", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pdp_prefix addr = {0};
		uint16_t port = 0;
		int ret = pdp_endpoint_parse(&addr, &port, cases[i].text);

		assert_int_equal(ret, cases[i].want ? 0 : -EINVAL);
		if (cases[i].want)
			assert_string_equal(pdp_endpoint_print(buf, &addr, port), cases[i].want);
	}
}

static void macs(void **state)
{
	static const struct text_case cases[] = {
		{"02:00:5e:10:00:01", "02:00:5e:10:00:01"},
		{"FF:ff:aB:Cd:Ef:09", "ff:ff:ab:cd:ef:09"},
		{"", NULL},
		{"02:00:5e:10:00", NULL},
		{"02:00:5e:10:00:01:02", NULL},
		{"02-00-5e-10-00-01", NULL},
		{"02:00:5e:10:00:0g", NULL},
		{"2:0:5e:10:0:1", NULL},
		{"02:00:5e:10:00:1 ", NULL},
	};
	uint8_t mac[6];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int ret = pdp_mac_parse(mac, cases[i].text);

		assert_int_equal(ret, cases[i].want ? 0 : -EINVAL);
		if (cases[i].want)
			assert_string_equal(pdp_mac_print(buf, mac), cases[i].want);
	}
	pdp_mac_parse(mac, "03:00:00:00:00:01");
	assert_false(pdp_mac_is_unicast(mac));
	pdp_mac_parse(mac, "00:00:00:00:00:00");
	assert_false(pdp_mac_is_unicast(mac));
	pdp_mac_parse(mac, "00:00:00:00:00:01");
	assert_true(pdp_mac_is_unicast(mac));
}

static void kinds_of_addresses(void **state)
{
	static const struct {
		const char *text;
		bool unicast, network;
	} cases[] = {
		{"10.0.0.0/8", true, true},
		{"10.0.0.1/8", true, false},
		{"10.0.0.1/32", true, true},
		{"10.0.0.2/31", true, true},
		{"10.0.0.3/31", true, false},
		{"0.0.0.0/0", false, true},
		{"127.0.0.1/8", false, false},
		{"224.0.0.1/32", false, true},
		{"255.255.255.255", false, true},
		{"fd00::/8", true, true},
		{"fd00::1/127", true, false},
		{"fd00::1/128", true, true},
		{"::1", false, true},
		{"::", false, true},
		{"::2", true, true},
		{"ff02::1", false, true},
		{"fe80::1/10", true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pdp_prefix prefix;

		assert_int_equal(pdp_prefix_parse(&prefix, cases[i].text), 0);
		assert_int_equal(pdp_addr_is_unicast(&prefix), cases[i].unicast);
		assert_int_equal(pdp_prefix_is_network(&prefix), cases[i].network);
	}
}

static void order_is_total(void **state)
{
	static const char *const sorted[] = {"9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/9", "10.0.0.1",
					     "::/0",	  "::/1",	"fd00::/8"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t j = 0; j < ARRAY_SIZE(sorted); j++) {
			struct pdp_prefix a, b;
			int order;

			pdp_prefix_parse(&a, sorted[i]);
			pdp_prefix_parse(&b, sorted[j]);
			order = pdp_prefix_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

/* The maps hold IPv4 as ::ffff:0:0/96, and both forms come back as they went. */
static void map_form_round_trip(void **state)
{
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1};
	static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "0.0.0.0", "::"};
	struct pdp_prefix addr, back;
	struct pdp_addr map;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(pdp_addr_parse(&addr, texts[i]), 0);
		map = pdp_addr_to_map(&addr);
		back = pdp_addr_from_map(&map);
		assert_string_equal(pdp_addr_print(buf, &back), texts[i]);
		assert_int_equal(back.len, addr.len);
	}
	pdp_addr_parse(&addr, "192.0.2.1");
	map = pdp_addr_to_map(&addr);
	assert_memory_equal(&map, mapped, 16);
}

static void powers(void **state)
{
	static const struct {
		const char *text;
		int ret;
		uint32_t want;
	} cases[] = {
		{"1500m", 0, 1500},
		{"1.5", 0, 1500},
		{"2", 0, 2000},
		{"0.001", 0, 1},
		{"1.50", 0, 1500},
		{"4294967295m", 0, UINT32_MAX},
		{"4294967.295", 0, UINT32_MAX},
		{"4294967.296", -ERANGE, 0},
		{"4294967296m", -ERANGE, 0},
		{"99999999999999999999999m", -ERANGE, 0},
		{"0", -ERANGE, 0},
		{"0.000", -ERANGE, 0},
		{"-1", -ERANGE, 0},
		{"-1500m", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"m", -EINVAL, 0},
		{".5", -EINVAL, 0},
		{"1.", -EINVAL, 0},
		{"1.m", -EINVAL, 0},
		{"1.5m", -EINVAL, 0},
		{"1.0001", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"--1", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"nan", -EINVAL, 0},
		{"inf", -EINVAL, 0},
		{"1500M", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t power = 0;

		assert_int_equal(pdp_power_parse(&power, cases[i].text), cases[i].ret);
		assert_int_equal(power, cases[i].want);
	}
}

static void cpu_lists(void **state)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"0", 1},	   {"2-3,6", 3},      {"0-8191", 8192},
		{"7,3", 2},	   {"8192", -ERANGE}, {"0-8192", -ERANGE},
		{"3-2", -EINVAL},  {"1,1", -EINVAL},  {"1-3,2", -EINVAL},
		{"", -EINVAL},	   {",", -EINVAL},    {"1,", -EINVAL},
		{"1--2", -EINVAL}, {"1-", -EINVAL},   {"-1", -EINVAL},
		{"1 ", -EINVAL},   {"a", -EINVAL},    {"99999999999999999999", -ERANGE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(pdp_cpus_count(cases[i].text), cases[i].want);
}

static void cpus_that_are_not_there(void **state)
{
	static const struct {
		const char *list, *there;
		int want;
	} cases[] = {
		{"0", "0-1", -ENOENT},	  {"1,0", "0-1", -ENOENT}, {"99", "0-1", 99},
		{"1-3", "0-1,3", 2},	  {"7,5", "0-3", 5},	   {"0", "1-3", 0},
		{"8191", "0-8190", 8191}, {"", "0-1", -EINVAL},	   {"0", "", -EINVAL},
		{"0", "0-9000", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(pdp_cpus_missing(cases[i].list, cases[i].there), cases[i].want);
}

static void suggestions(void **state)
{
	static const char *const words[] = {"name", "power", "policy", "flow-key",
					    "vifs", "to",    "A"};
	static const struct text_case cases[] = {
		{"polcy", "policy"},  {"plicy", "policy"},
		{"opwer", "power"},   {"Power", "power"},
		{"nmae", "name"},     {"flow_key", "flow-key"},
		{"vif", "vifs"},      {"t", "to"},
		{"policy", "policy"}, {"memory", NULL},
		{"B", NULL},	      {"", NULL},
		{"xyz", NULL},	      {"a-key-of-more-than-thirty-two-letters", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = pdp_suggest(cases[i].text, words, ARRAY_SIZE(words));

		if (cases[i].want) {
			assert_non_null(got);
			assert_string_equal(got, cases[i].want);
		} else {
			assert_null(got);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes),	  cmocka_unit_test(endpoints),
		cmocka_unit_test(macs),		  cmocka_unit_test(kinds_of_addresses),
		cmocka_unit_test(order_is_total), cmocka_unit_test(map_form_round_trip),
		cmocka_unit_test(powers),	  cmocka_unit_test(cpu_lists),
		cmocka_unit_test(suggestions),	  cmocka_unit_test(cpus_that_are_not_there),
	};

	return cmocka_run_group_tests_name("prefix", tests, NULL, NULL);
}
