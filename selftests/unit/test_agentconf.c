/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What an agent has to be told: order, changes while it is there, and that history is not kept. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "ctl/agentconf.h"

static uint8_t out[PDP_CHANNEL_MAX];

/* All that is due, a word for each vif and netlink message: "1", "-1" gone, "R" route, "r" gone ... */
static const char *send_all(struct pdp_agentconf *conf)
{
	static char order[256];
	const struct pdp_msg *msg = (const void *)out;
	size_t len, n = 0;

	while ((len = pdp_agentconf_next(conf, out, sizeof(out)))) {
		const struct pdp_dp_vif *vif = (const void *)(msg + 1);
		const struct nlmsghdr *nlh = (const void *)(msg + 1);
		int left = (int)(len - sizeof(*msg));

		if (msg->type == PDP_MSG_VIF) {
			assert_int_equal(left, sizeof(*vif));
			n += (size_t)snprintf(order + n, sizeof(order) - n, "%s%u",
					      vif->family ? "" : "-", vif->id);
			left = 0;
		}
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			order[n++] = nlh->nlmsg_type == RTM_NEWROUTE   ? 'R'
				     : nlh->nlmsg_type == RTM_DELROUTE ? 'r'
				     : nlh->nlmsg_type == RTM_NEWNEIGH ? 'N'
				     : nlh->nlmsg_type == RTM_DELNEIGH ? 'n'
				     : nlh->nlmsg_type == RTM_NEWADDR  ? 'A'
								       : '?';
		assert_int_equal(left, 0);
		pdp_agentconf_sent(conf);
	}
	order[n] = '\0';
	return order;
}

static void set_vif(struct pdp_agentconf *conf, uint16_t id, uint8_t family)
{
	const struct pdp_dp_vif vif = {.id = id, .family = family};

	assert_int_equal(pdp_agentconf_vif(conf, &vif), id ? 0 : -EINVAL);
}

static void say_route(struct pdp_agentconf *conf, uint16_t type, uint16_t flags, uint8_t af,
		      uint32_t dst, uint32_t metric, uint32_t oif)
{
	uint8_t buf[256], addr[16] = {0};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	rtm->rtm_family = af;
	rtm->rtm_dst_len = af == AF_INET ? 24 : 64;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_type = RTN_UNICAST;
	memcpy(addr, &dst, sizeof(dst));
	mnl_attr_put(nlh, RTA_DST, af == AF_INET ? 4 : 16, addr);
	if (metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, metric);
	mnl_attr_put_u32(nlh, RTA_OIF, oif);
	assert_int_equal(pdp_agentconf_netlink(conf, nlh, nlh->nlmsg_len), 0);
}

static void say_neighbour(struct pdp_agentconf *conf, uint16_t type, uint32_t dst, int vif)
{
	uint8_t buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	nlh->nlmsg_type = type;
	ndm->ndm_family = AF_INET;
	ndm->ndm_ifindex = vif;
	mnl_attr_put_u32(nlh, NDA_DST, dst);
	assert_int_equal(pdp_agentconf_netlink(conf, nlh, nlh->nlmsg_len), 0);
}

static void test_order(void **state)
{
	struct pdp_agentconf conf;

	(void)state;
	pdp_agentconf_init(&conf);
	set_vif(&conf, 0, 4);
	say_route(&conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 1);
	set_vif(&conf, 1, 4);
	set_vif(&conf, 2, 4);
	pdp_agentconf_begin(&conf, true);
	assert_string_equal(send_all(&conf), "12R");
	assert_true(pdp_agentconf_all_sent(&conf));
	assert_string_equal(send_all(&conf), "");

	/* A change goes out alone; for the next agent vifs still come before routes. */
	set_vif(&conf, 1, 6);
	assert_string_equal(send_all(&conf), "1");
	pdp_agentconf_begin(&conf, true);
	assert_string_equal(send_all(&conf), "21R");

	/* What is removed is told to the agent of now, routes first, and not to the next. */
	set_vif(&conf, 1, 0);
	say_route(&conf, RTM_DELROUTE, 0, AF_INET, 1, 0, 1);
	assert_string_equal(send_all(&conf), "r-1");
	pdp_agentconf_begin(&conf, true);
	assert_string_equal(send_all(&conf), "2");
	pdp_agentconf_clear(&conf);
}

/* Unsent when the agent is lost: the next one gets what is in force, once. */
static void test_lost(void **state)
{
	struct pdp_agentconf conf;

	(void)state;
	pdp_agentconf_init(&conf);
	set_vif(&conf, 1, 4);
	pdp_agentconf_begin(&conf, true);
	send_all(&conf);
	say_route(&conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 1);
	say_route(&conf, RTM_NEWROUTE, 0, AF_INET, 2, 0, 1);
	assert_true(pdp_agentconf_next(&conf, out, sizeof(out)) > 0);
	pdp_agentconf_begin(&conf, false);
	say_route(&conf, RTM_DELROUTE, 0, AF_INET, 2, 0, 1);
	say_route(&conf, RTM_DELROUTE, 0, AF_INET, 3, 0, 1);
	set_vif(&conf, 7, 0);
	assert_int_equal(conf.n, 2);
	pdp_agentconf_begin(&conf, true);
	assert_string_equal(send_all(&conf), "1R");
	pdp_agentconf_clear(&conf);
}

static void test_identity(void **state)
{
	struct pdp_agentconf conf;

	(void)state;
	pdp_agentconf_init(&conf);
	pdp_agentconf_begin(&conf, true);
	/* A route by prefix and metric, wherever it leads; two metrics are two routes. */
	say_route(&conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 1);
	say_route(&conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 2);
	say_route(&conf, RTM_NEWROUTE, 0, AF_INET, 1, 10, 2);
	assert_int_equal(conf.n, 2);
	/* On-link IPv6 routes differ by link; one that replaces takes all their places. */
	say_route(&conf, RTM_NEWROUTE, 0, AF_INET6, 1, 0, 1);
	say_route(&conf, RTM_NEWROUTE, 0, AF_INET6, 1, 0, 2);
	assert_int_equal(conf.n, 4);
	say_route(&conf, RTM_NEWROUTE, NLM_F_REPLACE, AF_INET6, 1, 0, 3);
	assert_int_equal(conf.n, 3);
	/* Neighbours differ by link. */
	say_neighbour(&conf, RTM_NEWNEIGH, 5, 1);
	say_neighbour(&conf, RTM_NEWNEIGH, 5, 2);
	say_neighbour(&conf, RTM_NEWNEIGH, 5, 2);
	assert_int_equal(conf.n, 5);
	say_neighbour(&conf, RTM_DELNEIGH, 5, 1);
	assert_string_equal(send_all(&conf), "RRRNn");
	assert_int_equal(conf.n, 4);
	pdp_agentconf_clear(&conf);
}

/* Two hundred thousand changes of a thousand routes: a thousand entries. */
static void test_no_history(void **state)
{
	struct pdp_agentconf conf;

	(void)state;
	pdp_agentconf_init(&conf);
	pdp_agentconf_begin(&conf, true);
	for (uint32_t i = 0; i < 200000; i++) {
		say_route(&conf, RTM_NEWROUTE, 0, AF_INET, i * 7 % 1000, 0, 1 + i % 3);
		if (i % 1000 == 999)
			while (pdp_agentconf_next(&conf, out, sizeof(out)))
				pdp_agentconf_sent(&conf);
	}
	assert_int_equal(conf.n, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		say_route(&conf, RTM_DELROUTE, 0, AF_INET, i, 0, 1);
	while (pdp_agentconf_next(&conf, out, sizeof(out)))
		pdp_agentconf_sent(&conf);
	assert_int_equal(conf.n, 0);
	pdp_agentconf_clear(&conf);
}

static void test_split(void **state)
{
	enum { COUNT = 3000, EACH = 64 };
	struct pdp_agentconf conf;
	uint8_t *msgs = calloc(COUNT, EACH);
	size_t len, total = 0, pieces = 0;

	(void)state;
	pdp_agentconf_init(&conf);
	for (uint32_t i = 0; i < COUNT; i++) {
		((struct nlmsghdr *)(msgs + i * EACH))->nlmsg_len = EACH;
		memcpy(msgs + i * EACH + 32, &i, sizeof(i));
	}
	assert_int_equal(pdp_agentconf_netlink(&conf, msgs, COUNT * EACH), 0);
	while ((len = pdp_agentconf_next(&conf, out, sizeof(out)))) {
		assert_in_range(len, sizeof(struct pdp_msg) + EACH, PDP_CHANNEL_MAX);
		assert_int_equal((len - sizeof(struct pdp_msg)) % EACH, 0);
		total += len - sizeof(struct pdp_msg);
		pieces++;
		pdp_agentconf_sent(&conf);
	}
	assert_int_equal(total, COUNT * EACH);
	assert_int_equal(pieces, 3);
	pdp_agentconf_clear(&conf);

	/* Cut, too long, or with a length that lies: nothing of it is kept. */
	assert_int_equal(pdp_agentconf_netlink(&conf, msgs, EACH + 8), -EINVAL);
	((struct nlmsghdr *)msgs)->nlmsg_len = PDP_CHANNEL_MAX;
	assert_int_equal(pdp_agentconf_netlink(&conf, msgs, COUNT * EACH), -EINVAL);
	((struct nlmsghdr *)msgs)->nlmsg_len = 4;
	assert_int_equal(pdp_agentconf_netlink(&conf, msgs, COUNT * EACH), -EINVAL);
	assert_int_equal(pdp_agentconf_next(&conf, out, sizeof(out)), 0);
	pdp_agentconf_clear(&conf);
	free(msgs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	 cmocka_unit_test(test_lost),
		cmocka_unit_test(test_identity), cmocka_unit_test(test_no_history),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests_name("agentconf", tests, NULL, NULL);
}
