/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_fib_build - the node file's routing as rtnetlink messages, read back with libmnl. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/fib.h"
#include "ctl/prefix.h"

static char said[4096]; /* a line for each message */
static size_t chunks, longest, messages;

static void say(const char *fmt, ...)
{
	size_t at = strlen(said);
	va_list args;

	va_start(args, fmt);
	vsnprintf(said + at, sizeof(said) - at, fmt, args);
	va_end(args);
}

static const char *addr(const struct nlattr *attr, uint8_t family, char text[PDP_ADDR_STRLEN])
{
	struct pdp_prefix prefix = {.family = family == AF_INET ? 4 : 6};

	prefix.len = pdp_prefix_full(prefix.family);
	assert_int_equal(mnl_attr_get_payload_len(attr), prefix.len / 8);
	memcpy(prefix.addr, mnl_attr_get_payload(attr), prefix.len / 8);
	return pdp_addr_print(text, &prefix);
}

static void say_route(const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	char text[PDP_ADDR_STRLEN];

	say("route table %u type %u", rtm->rtm_table, rtm->rtm_type);
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			say(" %s/%u", addr(attr, rtm->rtm_family, text), rtm->rtm_dst_len);
			break;
		case RTA_GATEWAY:
			say(" via %s", addr(attr, rtm->rtm_family, text));
			break;
		case RTA_OIF:
			say(" vif %u", mnl_attr_get_u32(attr));
			break;
		}
	}
	say("\n");
}

static void say_other(const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	char text[PDP_ADDR_STRLEN];

	if (nlh->nlmsg_type == RTM_NEWADDR) {
		mnl_attr_for_each(attr, nlh, sizeof(*ifa))
			if (mnl_attr_get_type(attr) == IFA_ADDRESS)
				say("address %s/%u vif %u\n", addr(attr, ifa->ifa_family, text),
				    ifa->ifa_prefixlen, ifa->ifa_index);
		return;
	}
	assert_int_equal(nlh->nlmsg_type, RTM_NEWNEIGH);
	assert_int_equal(ndm->ndm_state, NUD_PERMANENT);
	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		if (mnl_attr_get_type(attr) == NDA_DST)
			say("neighbour %s vif %d\n", addr(attr, ndm->ndm_family, text),
			    ndm->ndm_ifindex);
		else
			assert_int_equal(mnl_attr_get_payload_len(attr), 6);
	}
}

static int take(const void *msgs, size_t len, void *arg)
{
	const struct nlmsghdr *nlh = msgs;
	int left = (int)len;

	chunks++;
	longest = len > longest ? len : longest;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		messages++;
		if (arg)
			continue;
		if (nlh->nlmsg_type == RTM_NEWROUTE)
			say_route(nlh);
		else
			say_other(nlh);
	}
	assert_int_equal(left, 0);
	return 0;
}

static struct pdp_prefix prefix(const char *text)
{
	struct pdp_prefix out;

	assert_int_equal(pdp_prefix_parse(&out, text), 0);
	return out;
}

static void everything_in_its_order(void **state)
{
	struct pdp_prefix addresses[] = {prefix("10.0.3.1/22"), prefix("fd00::1/64")};
	struct pdp_prefix host[] = {prefix("10.9.9.9/32")};
	struct pdp_vif_conf vifs[] = {{.name = "v0", .address = addresses, .n_address = 2},
				      {.name = "v1", .address = host, .n_address = 1}};
	struct pdp_route_conf routes[] = {
		{.prefix = prefix("10.5.0.0/16"), .vif = "v1", .via = prefix("10.0.0.2/32")},
		{.prefix = prefix("fd00:5::/32"), .vif = "v0"},
		{.prefix = prefix("10.6.0.0/16"), .vif = ""},
	};
	struct pdp_neighbour_conf neighbours[] = {
		{.vif = "v1", .address = prefix("10.9.9.8/32"), .mac = {2, 0, 0, 0, 0, 1}}};
	const struct pdp_vnet_conf vnet = {.vifs = vifs,
					   .n_vifs = 2,
					   .routes = routes,
					   .n_routes = 3,
					   .neighbours = neighbours,
					   .n_neighbours = 1};
	const uint16_t ids[] = {11, 12};

	(void)state;
	said[0] = '\0';
	assert_int_equal(pdp_fib_build(&vnet, ids, take, NULL), 0);
	/* Types: 1 unicast, 2 local, 6 blackhole. Tables: 254 main, 255 local. */
	assert_string_equal(said, "address 10.0.3.1/22 vif 11\n"
				  "route table 255 type 2 10.0.3.1/32 vif 11\n"
				  "route table 254 type 1 10.0.0.0/22 vif 11\n"
				  "address fd00::1/64 vif 11\n"
				  "route table 255 type 2 fd00::1/128 vif 11\n"
				  "route table 254 type 1 fd00::/64 vif 11\n"
				  "address 10.9.9.9/32 vif 12\n"
				  "route table 255 type 2 10.9.9.9/32 vif 12\n"
				  "neighbour 10.9.9.8 vif 12\n"
				  "route table 254 type 1 10.5.0.0/16 via 10.0.0.2 vif 12\n"
				  "route table 254 type 1 fd00:5::/32 vif 11\n"
				  "route table 254 type 6 10.6.0.0/16\n");
}

#define MANY 10000

static int refuse(const void *msgs, size_t len, void *arg)
{
	(void)msgs;
	(void)len;
	++*(int *)arg;
	return -EIO;
}

static void many_come_in_chunks(void **state)
{
	struct pdp_route_conf *routes = calloc(MANY, sizeof(*routes));
	const struct pdp_vnet_conf vnet = {.routes = routes, .n_routes = MANY};
	int asked = 0;

	(void)state;
	assert_non_null(routes);
	for (int i = 0; i < MANY; i++)
		routes[i].prefix = prefix("2001:db8::/32");
	chunks = longest = messages = 0;
	assert_int_equal(pdp_fib_build(&vnet, NULL, take, &chunks), 0);
	assert_int_equal(messages, MANY);
	assert_true(chunks > 10);
	assert_true(longest <= PDP_FIB_CHUNK);
	/* The first failure ends it. */
	assert_int_equal(pdp_fib_build(&vnet, NULL, refuse, &asked), -EIO);
	assert_int_equal(asked, 1);
	free(routes);
}

static void nothing_is_no_message(void **state)
{
	const struct pdp_vnet_conf vnet = {0};
	int asked = 0;

	(void)state;
	assert_int_equal(pdp_fib_build(&vnet, NULL, refuse, &asked), 0);
	assert_int_equal(asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_in_its_order),
		cmocka_unit_test(many_come_in_chunks),
		cmocka_unit_test(nothing_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
