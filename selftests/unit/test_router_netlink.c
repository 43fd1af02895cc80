/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_router_netlink.c - the router's tables from rtnetlink messages, and traffic while they change.
 */
#include "selftests/unit/router_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static void longest_prefix_wins(void **state)
{
	struct pdp_dataplane *dp = make_empty();

	(void)state;
	assert_where(dp, "10.1.2.3", LOCAL);
	assert_int_equal(add(dp, "0.0.0.0", 0, 1, 0), 0);
	assert_int_equal(add(dp, "10.1.2.0", 24, 2, 0), 0);
	assert_int_equal(route(dp, RTM_NEWROUTE, RTN_BLACKHOLE, "10.1.2.3", 32, NULL, 0, 0), 0);
	assert_where(dp, "8.8.8.8", 1);
	assert_where(dp, "10.1.2.4", 2);
	assert_where(dp, "10.1.2.3", DROPPED);
	assert_int_equal(add(dp, "::", 0, 1, 1024), 0);
	assert_int_equal(add(dp, "2001:db8:1::", 64, 2, 1024), 0);
	assert_where(dp, "2a00::1", 1);
	assert_where(dp, "2001:db8:1::1", 2);
	assert_routes(dp, 3, 2);
	assert_int_equal(del(dp, "10.1.2.0", 24, 2, 0), 0);
	assert_where(dp, "10.1.2.4", 1);
	/* Again: it is not there, which is what was asked for. */
	assert_int_equal(del(dp, "10.1.2.0", 24, 2, 0), 0);
	assert_int_equal(del(dp, "0.0.0.0", 0, 1, 0), 0);
	assert_where(dp, "8.8.8.8", LOCAL);
	assert_routes(dp, 1, 2);
	pdp_router.fini(dp);
}

static void lowest_metric_wins(void **state)
{
	struct pdp_dataplane *dp = make_empty();

	(void)state;
	assert_int_equal(add(dp, "10.0.0.0", 8, 2, 200), 0);
	assert_int_equal(add(dp, "10.0.0.0", 8, 1, 100), 0);
	assert_where(dp, "10.0.0.1", 1);
	assert_int_equal(add(dp, "10.0.0.0", 8, 2, 50), 0);
	assert_where(dp, "10.0.0.1", 2);
	/* The same metric again replaces. */
	assert_int_equal(route(dp, RTM_NEWROUTE, RTN_BLACKHOLE, "10.0.0.0", 8, NULL, 0, 50), 0);
	assert_where(dp, "10.0.0.1", DROPPED);
	assert_routes(dp, 3, 0);
	assert_int_equal(route(dp, RTM_DELROUTE, RTN_BLACKHOLE, "10.0.0.0", 8, NULL, 0, 50), 0);
	assert_where(dp, "10.0.0.1", 1);
	assert_int_equal(del(dp, "10.0.0.0", 8, 1, 100), 0);
	assert_where(dp, "10.0.0.1", 2);
	pdp_router.fini(dp);
}

/* One IPv6 prefix on two links, same metric: two routes. */
static void ipv6_prefix_on_two_links(void **state)
{
	struct pdp_dataplane *dp = make_empty();

	(void)state;
	assert_int_equal(add(dp, "2001:db8:7::", 64, 2, 256), 0);
	assert_int_equal(add(dp, "2001:db8:7::", 64, 1, 256), 0);
	assert_routes(dp, 0, 2);
	assert_int_equal(del(dp, "2001:db8:7::", 64, 1, 256), 0);
	assert_where(dp, "2001:db8:7::1", 2);
	pdp_router.fini(dp);
}

/* A replaced route is gone, also when it led out of another link. */
static void ipv6_route_is_replaced(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};

	(void)state;
	assert_int_equal(add(dp, "2001:db8:7::", 64, 1, 256), 0);
	assert_int_equal(add(dp, "2001:db8:7::", 64, 1, 257), 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "2001:db8:7::", 64, NULL, 2, 256);
	((struct nlmsghdr *)b.bytes)->nlmsg_flags = NLM_F_REPLACE;
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "2001:db8:7::1", 2);
	assert_routes(dp, 0, 2);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "2001:db8:7::", 64, "fe80::9", 1, 256);
	((struct nlmsghdr *)b.bytes)->nlmsg_flags = NLM_F_REPLACE;
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "2001:db8:7::1", 1);
	assert_routes(dp, 0, 2);
	pdp_router.fini(dp);
}

static void add_multipath(struct nlbuf *b, uint16_t type, const char *dst, uint8_t len,
			  const char *const vias[], const unsigned int weights[], unsigned int n,
			  uint8_t flags_of_last)
{
	struct nlmsghdr *nlh = nl_begin(b, type);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	struct nlattr *nest;
	unsigned int i;

	rtm->rtm_family = af_of(dst);
	rtm->rtm_dst_len = len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_type = RTN_UNICAST;
	put_ip(nlh, RTA_DST, rtm->rtm_family, dst);
	nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	for (i = 0; i < n; i++) {
		struct rtnexthop *nh = mnl_nlmsg_get_payload_tail(nlh);
		char *start = (char *)nh;

		*nh = (struct rtnexthop){.rtnh_hops = weights[i] - 1, .rtnh_ifindex = i + 1};
		if (i == n - 1)
			nh->rtnh_flags = flags_of_last;
		nlh->nlmsg_len += sizeof(*nh);
		if (vias)
			put_ip(nlh, RTA_GATEWAY, rtm->rtm_family, vias[i]);
		nh->rtnh_len = (char *)mnl_nlmsg_get_payload_tail(nlh) - start;
	}
	mnl_attr_nest_end(nlh, nest);
	nl_end(b, nlh);
}

/* Evenly spread hashes: 3 to 1. A flow always takes the same path. */
static void multipath_by_weight(void **state)
{
	static const unsigned int weights[] = {3, 1};
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};
	unsigned int count[3] = {0};
	uint32_t i;
	int vif;

	(void)state;
	add_multipath(&b, RTM_NEWROUTE, "10.0.0.0", 8, NULL, weights, 2, 0);
	assert_int_equal(nl_apply(dp, &b), 0);
	for (i = 0; i < 4000; i++) {
		vif = where(dp, "10.0.0.1", i * 1073741u);
		assert_int_equal(vif, where(dp, "10.0.0.1", i * 1073741u));
		assert_in_range(vif, 1, 2);
		count[vif]++;
	}
	assert_in_range(count[1], 2900, 3100);
	/* A dead link takes no share; all dead is no way at all. */
	add_multipath(&b, RTM_NEWROUTE, "10.0.0.0", 8, NULL, weights, 2, RTNH_F_DEAD);
	assert_int_equal(nl_apply(dp, &b), 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(where(dp, "10.0.0.1", i * 42949672u), 1);
	add_multipath(&b, RTM_NEWROUTE, "10.0.0.0", 8, NULL, weights, 1, RTNH_F_DEAD);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.0.0.1", LOCAL);
	assert_routes(dp, 1, 0);
	pdp_router.fini(dp);
}

/* The kernel reports one next hop less of an IPv6 route as a deletion of that one. */
static void ipv6_multipath_loses_a_path(void **state)
{
	static const unsigned int weights[] = {1, 1};
	static const char *const vias[] = {"fe80::9", "fe80::a"};
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};
	uint32_t i;

	(void)state;
	add_multipath(&b, RTM_NEWROUTE, "2001:db8:7::", 48, vias, weights, 2, 0);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_int_equal(route(dp, RTM_DELROUTE, RTN_UNICAST, "2001:db8:7::", 48, "fe80::9", 1, 0),
			 0);
	assert_routes(dp, 0, 1);
	for (i = 0; i < 100; i++)
		assert_int_equal(where(dp, "2001:db8:7::1", i * 42949672u), 2);
	assert_int_equal(route(dp, RTM_DELROUTE, RTN_UNICAST, "2001:db8:7::", 48, "fe80::a", 2, 0),
			 0);
	assert_routes(dp, 0, 0);
	assert_where(dp, "2001:db8:7::1", LOCAL);
	pdp_router.fini(dp);
}

static void too_many_paths(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};
	unsigned int weights[33], i;

	(void)state;
	for (i = 0; i < 33; i++)
		weights[i] = 1;
	add_multipath(&b, RTM_NEWROUTE, "10.0.0.0", 8, NULL, weights, 33, 0);
	assert_int_equal(nl_apply(dp, &b), -E2BIG);
	add_multipath(&b, RTM_NEWROUTE, "10.0.0.0", 8, NULL, weights, 32, 0);
	assert_int_equal(nl_apply(dp, &b), 0);
	pdp_router.fini(dp);
}

static void ipv4_by_ipv6_gateway(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};
	struct nlmsghdr *nlh = nl_begin(&b, RTM_NEWROUTE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	uint8_t via[18] = {0};
	uint16_t af = AF_INET6;

	(void)state;
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = 8;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_type = RTN_UNICAST;
	put_ip(nlh, RTA_DST, AF_INET, "10.0.0.0");
	memcpy(via, &af, 2);
	put_addr(AF_INET6, "fe80::9", via + 2);
	mnl_attr_put(nlh, RTA_VIA, sizeof(via), via);
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	nl_end(&b, nlh);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.0.0.1", LOCAL);
	nl_neigh(&b, RTM_NEWNEIGH, NUD_REACHABLE, "fe80::9", 3, MAC_FAR);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.0.0.1", 3);
	pdp_router.fini(dp);
}

static void neighbours_come_and_go(void **state)
{
	static const uint16_t usable[] = {NUD_REACHABLE, NUD_STALE, NUD_DELAY,
					  NUD_PROBE,	 NUD_NOARP, NUD_PERMANENT};
	static const uint16_t useless[] = {NUD_INCOMPLETE, NUD_FAILED, NUD_NONE};
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};
	struct frame f;
	unsigned int i;

	(void)state;
	assert_int_equal(add(dp, "10.3.0.0", 16, 3, 0), 0);
	for (i = 0; i < 6; i++) {
		nl_neigh(&b, RTM_NEWNEIGH, usable[i], "10.3.0.5", 3, MAC_FAR);
		assert_int_equal(nl_apply(dp, &b), 0);
		assert_where(dp, "10.3.0.5", 3);
		assert_where(dp, "10.3.0.6", LOCAL);
		nl_neigh(&b, RTM_NEWNEIGH, useless[i % 3], "10.3.0.5", 3, i < 3 ? NULL : MAC_FAR);
		assert_int_equal(nl_apply(dp, &b), 0);
		assert_where(dp, "10.3.0.5", LOCAL);
	}
	nl_neigh(&b, RTM_NEWNEIGH, NUD_REACHABLE, "10.3.0.5", 3, MAC_FAR);
	nl_neigh(&b, RTM_NEWNEIGH, NUD_REACHABLE, "10.3.0.5", 3, MAC4);
	assert_int_equal(nl_apply(dp, &b), 0);
	make4(&f, "198.51.100.1", "10.3.0.5", 60);
	run(dp, &f);
	assert_memory_equal(inner_frame(&f, 60), MAC4, 6);
	/* Another vif's neighbour of the same address is another one. */
	nl_neigh(&b, RTM_DELNEIGH, NUD_REACHABLE, "10.3.0.5", 4, NULL);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.3.0.5", 3);
	nl_neigh(&b, RTM_DELNEIGH, NUD_REACHABLE, "10.3.0.5", 3, NULL);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.3.0.5", LOCAL);
	pdp_router.fini(dp);
}

static void many_neighbours(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};
	char text[32];
	unsigned int i;

	(void)state;
	assert_int_equal(add(dp, "10.3.0.0", 16, 3, 0), 0);
	for (i = 0; i < 60000; i++) {
		snprintf(text, sizeof(text), "10.3.%u.%u", i >> 8, i & 0xff);
		nl_neigh(&b, RTM_NEWNEIGH, NUD_REACHABLE, text, 3, MAC_FAR);
		assert_int_equal(nl_apply(dp, &b), 0);
	}
	for (i = 0; i < 60000; i += 7) {
		snprintf(text, sizeof(text), "10.3.%u.%u", i >> 8, i & 0xff);
		nl_neigh(&b, RTM_DELNEIGH, NUD_REACHABLE, text, 3, NULL);
		assert_int_equal(nl_apply(dp, &b), 0);
	}
	for (i = 1; i < 60000; i += 11) {
		snprintf(text, sizeof(text), "10.3.%u.%u", i >> 8, i & 0xff);
		assert_where(dp, text, i % 7 ? 3 : LOCAL);
	}
	pdp_router.fini(dp);
}

static void addresses_are_ours(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};

	(void)state;
	assert_int_equal(add(dp, "10.1.0.0", 16, 1, 0), 0);
	assert_int_equal(add(dp, "2001:db8:1::", 48, 1, 0), 0);
	nl_addr(&b, RTM_NEWADDR, "10.1.0.1", 24, 1);
	nl_addr(&b, RTM_NEWADDR, "10.1.0.2", 24, 1);
	nl_addr(&b, RTM_NEWADDR, "10.1.7.1", 31, 1);
	nl_addr(&b, RTM_NEWADDR, "2001:db8:1::1", 64, 1);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.1.0.1", LOCAL);
	assert_where(dp, "10.1.0.3", 1);
	assert_where(dp, "10.1.0.255", LOCAL);
	assert_where(dp, "10.1.7.0", 1); /* a /31 has no broadcast address */
	assert_where(dp, "2001:db8:1::1", LOCAL);
	assert_where(dp, "2001:db8:1::2", 1);
	/* The broadcast address is the other address's too. */
	nl_addr(&b, RTM_DELADDR, "10.1.0.1", 24, 1);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.1.0.1", 1);
	assert_where(dp, "10.1.0.255", LOCAL);
	nl_addr(&b, RTM_DELADDR, "10.1.0.2", 24, 1);
	nl_addr(&b, RTM_DELADDR, "2001:db8:1::1", 64, 1);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.1.0.255", 1);
	assert_where(dp, "2001:db8:1::1", 1);
	pdp_router.fini(dp);
}

struct race {
	struct pdp_dataplane *dp;
	bool stop;
	unsigned long looked;
	unsigned long wrong;
};

/* 10.7.0.9 goes to vif 1, 2 or 3 with the right header, or is LOCAL: what else is torn. */
static void *forward_on(void *arg)
{
	struct race *r = arg;
	struct frame f;

	pdp_router.online(r->dp);
	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		make4(&f, "198.51.100.1", "10.7.0.9", 60);
		run(r->dp, &f);
		if (f.pkt.op == PDP_OP_FORWARD) {
			struct pdp_dp_vif vif = make_vif(f.pkt.vif);
			bool v4 = vif.family == 4;

			r->wrong += f.pkt.vif < 1 || f.pkt.vif > 3;
			r->wrong += !!memcmp(f.pkt.data + (v4 ? 16 : 24), vif.remote, v4 ? 4 : 16);
			r->wrong += f.pkt.vif == 3 &&
				    memcmp(inner_frame(&f, 60), MAC_FAR, 6) != 0 &&
				    memcmp(inner_frame(&f, 60), MAC4, 6) != 0;
		} else {
			r->wrong += f.pkt.op != PDP_OP_LOCAL;
		}
		__atomic_store_n(&r->looked, r->looked + 1, __ATOMIC_RELAXED);
		if (r->looked % 1000 == 0) {
			pdp_router.offline(r->dp);
			pdp_router.online(r->dp);
		}
	}
	pdp_router.offline(r->dp);
	return NULL;
}

static void traffic_goes_on(void **state)
{
	struct race r = {.dp = make_empty()};
	struct nlbuf b = {.len = 0};
	pthread_t thread;
	unsigned int i;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, forward_on, &r), 0);
	for (i = 0; i < 3000; i++) {
		struct pdp_dp_vif vif = make_vif(1 + i % 4);

		nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.7.0.0", 25, NULL, 1, 0);
		nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.7.0.0", 25, NULL, 2, 0);
		nl_neigh(&b, RTM_NEWNEIGH, NUD_STALE, "10.7.0.9", 3, i % 2 ? MAC_FAR : MAC4);
		nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.7.0.0", 25, NULL, 3, 0);
		nl_neigh(&b, RTM_DELNEIGH, NUD_STALE, "10.7.0.9", 3, NULL);
		nl_route(&b, RTM_DELROUTE, RTN_UNICAST, "10.7.0.0", 25, NULL, 3, 0);
		assert_int_equal(nl_apply(r.dp, &b), 0);
		assert_int_equal(pdp_router.set_vif(r.dp, &vif), 0);
	}
	while (__atomic_load_n(&r.looked, __ATOMIC_RELAXED) < 2000)
		;
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(r.wrong, 0);
	pdp_router.fini(r.dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_prefix_wins),
		cmocka_unit_test(lowest_metric_wins),
		cmocka_unit_test(ipv6_prefix_on_two_links),
		cmocka_unit_test(ipv6_route_is_replaced),
		cmocka_unit_test(multipath_by_weight),
		cmocka_unit_test(ipv6_multipath_loses_a_path),
		cmocka_unit_test(too_many_paths),
		cmocka_unit_test(ipv4_by_ipv6_gateway),
		cmocka_unit_test(neighbours_come_and_go),
		cmocka_unit_test(many_neighbours),
		cmocka_unit_test(addresses_are_ours),
		cmocka_unit_test(traffic_goes_on),
	};

	return cmocka_run_group_tests_name("router netlink", tests, NULL, NULL);
}
