/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_router_dump.c - what the router says of its tables: handed to an empty router it makes the same
 * tables, for each kind of route and for many in random order; single look-ups; dumps while tables
 * change. And what of the tables is left when all is said anew, or memory runs out.
 */
#include "selftests/unit/router_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fe-agent/memory.h"
#include "fe-agent/nexthop.h"

#define PIECE (4 * PDP_DP_MESSAGE)

/* All messages of a dump, each sorted in by its bytes. */
struct dump {
	char **msgs;
	size_t n, room;
};

static void dump_add(struct dump *d, const struct nlmsghdr *nlh)
{
	char *copy = malloc(nlh->nlmsg_len);

	assert_non_null(copy);
	memcpy(copy, nlh, nlh->nlmsg_len);
	if (d->n == d->room) {
		d->room = d->room ? 2 * d->room : 64;
		d->msgs = realloc(d->msgs, d->room * sizeof(*d->msgs));
		assert_non_null(d->msgs);
	}
	d->msgs[d->n++] = copy;
}

static void dump_free(struct dump *d)
{
	while (d->n)
		free(d->msgs[--d->n]);
	free(d->msgs);
	*d = (struct dump){0};
}

static int by_bytes(const void *a, const void *b)
{
	const struct nlmsghdr *x = *(const struct nlmsghdr *const *)a;
	const struct nlmsghdr *y = *(const struct nlmsghdr *const *)b;

	if (x->nlmsg_len != y->nlmsg_len)
		return x->nlmsg_len < y->nlmsg_len ? -1 : 1;
	return memcmp(x, y, x->nlmsg_len);
}

static void add_piece(struct dump *d, const void *piece, size_t len)
{
	const struct nlmsghdr *nlh = piece;
	int left = (int)len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		dump_add(d, nlh);
	assert_int_equal(left, 0);
}

/* Whole, sorted; said twice is said once. */
static struct dump take_dump(struct pdp_dataplane *dp)
{
	static _Alignas(8) uint8_t piece[PIECE];
	struct pdp_dp_cursor cursor = {0};
	struct dump d = {0};
	size_t len, i, n = 0;
	bool end;

	do {
		end = pdp_router.dump(dp, &cursor, piece, sizeof(piece), &len);
		assert_true(len <= sizeof(piece));
		add_piece(&d, piece, len);
	} while (!end);
	if (d.n)
		qsort(d.msgs, d.n, sizeof(*d.msgs), by_bytes);
	for (i = 0; i < d.n; i++) {
		if (n && !by_bytes(&d.msgs[i], &d.msgs[n - 1]))
			free(d.msgs[i]);
		else
			d.msgs[n++] = d.msgs[i];
	}
	d.n = n;
	return d;
}

static void assert_same(const struct dump *a, const struct dump *b)
{
	size_t i;

	assert_int_equal(a->n, b->n);
	for (i = 0; i < a->n && i < b->n; i++)
		assert_int_equal(by_bytes(&a->msgs[i], &b->msgs[i]), 0);
}

static void say_all(struct pdp_dataplane *dp, const struct dump *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		const struct nlmsghdr *nlh = (const void *)d->msgs[i];

		assert_int_equal(pdp_router.netlink(dp, nlh, nlh->nlmsg_len, NULL), 0);
	}
}

static void assert_round_trip(struct pdp_dataplane *dp)
{
	uint64_t routes4, routes6;
	struct dump said = take_dump(dp), again;
	struct pdp_dataplane *twin = make_empty();

	say_all(twin, &said);
	pdp_router.routes(dp, &routes4, &routes6);
	assert_routes(twin, routes4, routes6);
	again = take_dump(twin);
	assert_same(&said, &again);
	dump_free(&said);
	dump_free(&again);
	pdp_router.fini(twin);
}

static void nothing_is_said_of_nothing(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct dump d = take_dump(dp);

	(void)state;
	assert_int_equal(d.n, 0);
	dump_free(&d);
	pdp_router.fini(dp);
}

static void each_kind(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct nlbuf b = {.len = 0};
	struct dump d;

	(void)state;
	nl_route(&b, RTM_NEWROUTE, RTN_THROW, "10.8.0.0", 16, NULL, 0, 7);
	nl_route(&b, RTM_NEWROUTE, RTN_LOCAL, "10.1.0.1", 32, NULL, 1, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "0.0.0.0", 0, "10.3.0.9", 3, UINT32_MAX);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.40.0.0", 16, "10.4.0.9", 4, 5);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.40.0.0", 16, "10.3.0.9", 3, 6);
	/* IPv6 on two links; and what came without its link. */
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "2001:db8:7::", 64, NULL, 1, 256);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "2001:db8:7::", 64, NULL, 2, 256);
	nl_route(&b, RTM_NEWROUTE, RTN_UNREACHABLE, "::", 0, NULL, 0, 4096);
	nl_addr(&b, RTM_NEWADDR, "10.1.0.255", 24, 1);
	nl_addr(&b, RTM_NEWADDR, "10.1.0.1", 24, 1);
	nl_addr(&b, RTM_NEWADDR, "192.0.2.0", 31, 2);
	assert_int_equal(nl_apply(dp, &b), 0);
	d = take_dump(dp);
	assert_int_equal(d.n, 15 + 8 + 4 + 5);
	dump_free(&d);
	assert_round_trip(dp);
	pdp_router.fini(dp);
}

/* --- multipath ------------------------------------------------------------------------------------ */

struct way {
	const char *via; /* NULL = on the link */
	uint8_t vif, weight;
};

static void put_ways(struct nlmsghdr *nlh, uint8_t af, const struct way *ways, unsigned int n)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct rtnexthop *nh = mnl_nlmsg_get_payload_tail(nlh);

		*nh = (struct rtnexthop){.rtnh_ifindex = ways[i].vif,
					 .rtnh_hops = ways[i].weight - 1};
		nlh->nlmsg_len += sizeof(*nh);
		if (ways[i].via && af_of(ways[i].via) == af) {
			put_ip(nlh, RTA_GATEWAY, af, ways[i].via);
		} else if (ways[i].via) {
			uint8_t via[18] = {AF_INET6};

			put_addr(AF_INET6, ways[i].via, via + 2);
			mnl_attr_put(nlh, RTA_VIA, sizeof(via), via);
		}
		nh->rtnh_len = (uint8_t *)mnl_nlmsg_get_payload_tail(nlh) - (uint8_t *)nh;
	}
	mnl_attr_nest_end(nlh, nest);
}

static void nl_multipath(struct nlbuf *b, const char *dst, uint8_t len, uint32_t metric,
			 const struct way *ways, unsigned int n)
{
	struct nlmsghdr *nlh = nl_begin(b, RTM_NEWROUTE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = af_of(dst);
	rtm->rtm_dst_len = len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_type = RTN_UNICAST;
	put_ip(nlh, RTA_DST, rtm->rtm_family, dst);
	if (metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, metric);
	put_ways(nlh, rtm->rtm_family, ways, n);
	nl_end(b, nlh);
}

static const struct way ways4[] = {
	{"10.3.0.9", 3, 1}, {"10.4.0.9", 4, 3}, {"fe80::1", 3, 2}, {NULL, 1, 1}};
static const struct way ways6[] = {{"fe80::1", 3, 1}, {"2001:db8::9", 4, 200}, {NULL, 1, 1}};
static const struct way heavy[] = {{"10.3.0.9", 3, 7}};
static const struct way lone6[] = {{NULL, 2, 1}};

static void multipath(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};
	struct dump d;

	(void)state;
	nl_multipath(&b, "10.50.0.0", 16, 0, ways4, 4);
	nl_multipath(&b, "10.51.0.0", 16, 0, heavy, 1);
	nl_multipath(&b, "10.52.0.0", 16, 0, ways4 + 2, 1);
	nl_multipath(&b, "2001:db8:50::", 48, 1024, ways6, 3);
	nl_multipath(&b, "2001:db8:51::", 48, 1024, lone6, 1);
	assert_int_equal(nl_apply(dp, &b), 0);
	d = take_dump(dp);
	assert_int_equal(d.n, 5);
	dump_free(&d);
	assert_round_trip(dp);
	pdp_router.fini(dp);
}

/* The largest message that there can be goes through the smallest buffer. */
static void widest_multipath(void **state)
{
	static _Alignas(8) uint8_t buf[PDP_DP_MESSAGE];
	struct way ways[PDP_NEXTHOP_PATHS];
	char via[PDP_NEXTHOP_PATHS][40];
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};
	struct pdp_dp_cursor cursor = {0};
	size_t len = 0;
	unsigned int i;
	bool end = false;

	(void)state;
	for (i = 0; i < PDP_NEXTHOP_PATHS; i++) {
		snprintf(via[i], sizeof(via[i]), "2001:db8::%x", i + 1);
		ways[i] = (struct way){.via = via[i], .vif = 3, .weight = i + 1};
	}
	nl_multipath(&b, "10.0.0.0", 8, 9, ways, PDP_NEXTHOP_PATHS);
	assert_int_equal(nl_apply(dp, &b), 0);
	for (i = 0; !len && !end && i < 10; i++)
		end = pdp_router.dump(dp, &cursor, buf, sizeof(buf), &len);
	assert_in_range(len, PDP_NEXTHOP_PATHS * (8 + 22), PDP_DP_MESSAGE);
	assert_round_trip(dp);
	pdp_router.fini(dp);
}

/* --- look-ups ----------------------------------------------------------------------------------- */

struct found {
	int prefix; /* length; -1 = no route */
	int table, type, vif;
	uint32_t metric;
	bool gateway;
};

static int keep_attr(const struct nlattr *attr, void *data)
{
	const struct nlattr **tb = data;

	tb[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static struct found look_up(struct pdp_dataplane *dp, const char *text, uint32_t hash)
{
	static _Alignas(8) uint8_t buf[PDP_DP_MESSAGE];
	const struct nlattr *tb[RTA_MAX + 1] = {0};
	const struct nlmsghdr *nlh = (const void *)buf;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	uint8_t addr[16];
	size_t len;

	put_addr(af_of(text), text, addr);
	len = pdp_router.lookup(dp, af_of(text) == AF_INET ? 4 : 6, addr, hash, buf, sizeof(buf));
	if (!len)
		return (struct found){.prefix = -1};
	assert_int_equal(len, nlh->nlmsg_len);
	mnl_attr_parse(nlh, sizeof(*rtm), keep_attr, tb);
	return (struct found){
		.prefix = rtm->rtm_dst_len,
		.table = rtm->rtm_table,
		.type = rtm->rtm_type,
		.vif = tb[RTA_OIF] ? (int)mnl_attr_get_u32(tb[RTA_OIF]) : 0,
		.metric = tb[RTA_PRIORITY] ? mnl_attr_get_u32(tb[RTA_PRIORITY]) : 0,
		.gateway = tb[RTA_GATEWAY],
	};
}

#define assert_found(dp, addr, ...)                           \
	do {                                                  \
		struct found have = look_up(dp, addr, 0);     \
		struct found want = {__VA_ARGS__};            \
		assert_int_equal(have.prefix, want.prefix);   \
		assert_int_equal(have.table, want.table);     \
		assert_int_equal(have.type, want.type);       \
		assert_int_equal(have.vif, want.vif);         \
		assert_int_equal(have.metric, want.metric);   \
		assert_int_equal(have.gateway, want.gateway); \
	} while (0)

static void one_address(void **state)
{
	struct pdp_dataplane *dp = make_router();

	(void)state;
	assert_found(dp, "8.8.8.8", -1);
	assert_found(dp, "2a00::1", -1);
	assert_found(dp, "10.30.7.7", 16, RT_TABLE_MAIN, RTN_UNICAST, 3, 0, true);
	assert_found(dp, "10.2.7.7", 16, RT_TABLE_MAIN, RTN_UNICAST, 2, 0, false);
	assert_found(dp, "10.6.0.1", 16, RT_TABLE_MAIN, RTN_UNREACHABLE);
	assert_found(dp, "10.5.0.1", 16, RT_TABLE_MAIN, RTN_BLACKHOLE);
	assert_found(dp, "10.1.0.1", 32, RT_TABLE_LOCAL, RTN_LOCAL, 1);
	assert_found(dp, "10.1.255.255", 32, RT_TABLE_LOCAL, RTN_BROADCAST, 1);
	assert_found(dp, "2001:db8:3::7", 48, RT_TABLE_MAIN, RTN_UNICAST, 3, 1024, true);
	assert_found(dp, "2001:db8:1::1", 128, RT_TABLE_LOCAL, RTN_LOCAL, 1);
	/* The lower metric of two. */
	assert_int_equal(add(dp, "10.2.0.0", 16, 1, 9), 0);
	assert_found(dp, "10.2.7.7", 16, RT_TABLE_MAIN, RTN_UNICAST, 2, 0, false);
	assert_int_equal(del(dp, "10.2.0.0", 16, 2, 0), 0);
	assert_found(dp, "10.2.7.7", 16, RT_TABLE_MAIN, RTN_UNICAST, 1, 9, false);
	assert_int_equal(del(dp, "10.2.0.0", 16, 1, 9), 0);
	assert_found(dp, "10.2.7.7", -1);
	pdp_router.fini(dp);
}

/* The one path that packets of the flow take. */
static void one_path_of_many(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	const struct way ways[] = {{NULL, 1, 1}, {NULL, 2, 2}};
	struct nlbuf b = {.len = 0};
	unsigned int seen[3] = {0}, i;

	(void)state;
	nl_multipath(&b, "10.0.0.0", 8, 0, ways, 2);
	assert_int_equal(nl_apply(dp, &b), 0);
	for (i = 0; i < 64; i++) {
		uint32_t hash = i * 0x9e3779b1u;
		struct found f = look_up(dp, "10.0.0.1", hash);

		assert_int_equal(f.vif, where(dp, "10.0.0.1", hash));
		seen[f.vif]++;
	}
	assert_true(seen[1] && seen[2]);
	pdp_router.fini(dp);
}

/* --- many, and while they change ------------------------------------------------------------------ */

static uint64_t seed = 0x1234567;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

/* Some route of IPv4, IPv6 or a neighbour, added or taken away; the space is small, so they meet. */
static void change(struct pdp_dataplane *dp)
{
	static const uint8_t types[] = {RTN_UNICAST,	 RTN_UNICAST,  RTN_UNICAST, RTN_BLACKHOLE,
					RTN_UNREACHABLE, RTN_PROHIBIT, RTN_LOCAL};
	uint16_t type = draw(5) < 3 ? RTM_NEWROUTE : RTM_DELROUTE;
	uint8_t rtn = types[draw(7)];
	char dst[40], via[40];
	bool six = draw(2), has_via = draw(2);
	struct nlbuf b = {.len = 0};

	if (!draw(8)) {
		snprintf(dst, sizeof(dst), "10.3.0.%u", draw(256));
		nl_neigh(&b, type == RTM_NEWROUTE ? RTM_NEWNEIGH : RTM_DELNEIGH, NUD_REACHABLE, dst,
			 3 + draw(2), MAC_FAR);
	} else if (!draw(8)) {
		snprintf(dst, sizeof(dst), "10.%u.0.%u", draw(3), draw(256));
		nl_addr(&b, type == RTM_NEWROUTE ? RTM_NEWADDR : RTM_DELADDR, dst, 16 + draw(17),
			1 + draw(4));
	} else {
		snprintf(dst, sizeof(dst), six ? "2001:db8:%x::" : "10.%u.0.0", draw(250));
		snprintf(via, sizeof(via), six ? "fe80::%u" : "10.3.0.%u", 1 + draw(9));
		nl_route(&b, type, rtn, dst, six ? 48 + draw(3) : 16 + draw(3),
			 rtn == RTN_UNICAST && has_via ? via : NULL,
			 rtn == RTN_UNICAST ? 1 + draw(4) : 0, draw(3));
	}
	assert_int_equal(nl_apply(dp, &b), 0);
}

static void random_changes(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	unsigned int i, j;

	(void)state;
	for (i = 0; i < 10; i++) {
		for (j = 0; j < 400; j++)
			change(dp);
		assert_round_trip(dp);
	}
	pdp_router.fini(dp);
}

static bool is_in(const struct dump *d, char *msg)
{
	return bsearch(&msg, d->msgs, d->n, sizeof(*d->msgs), by_bytes);
}

#define STAYS 100 /* metric */

static bool has_metric(const char *msg, uint32_t metric)
{
	const struct nlmsghdr *nlh = (const void *)msg;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(struct rtmsg))
		if (mnl_attr_get_type(attr) == RTA_PRIORITY)
			return mnl_attr_get_u32(attr) == metric;
	return false;
}

/* What stays is said, whatever comes and goes beside it. */
static void while_tables_change(void **state)
{
	static _Alignas(8) uint8_t piece[PIECE];
	struct pdp_dataplane *dp = make_empty();
	unsigned int i, round;
	char dst[40];

	(void)state;
	for (i = 0; i < 2000; i++) {
		snprintf(dst, sizeof(dst), "172.%u.%u.0", i >> 8, i & 255);
		assert_int_equal(add(dp, dst, 24, 1 + i % 4, STAYS), 0);
	}
	for (round = 0; round < 20; round++) {
		struct dump before = take_dump(dp), said = {0};
		struct pdp_dp_cursor cursor = {0};
		size_t len;
		bool end;

		do {
			end = pdp_router.dump(dp, &cursor, piece, sizeof(piece), &len);
			add_piece(&said, piece, len);
			for (i = 0; i < 20; i++)
				change(dp);
		} while (!end);
		qsort(said.msgs, said.n, sizeof(*said.msgs), by_bytes);
		for (i = 0; i < before.n; i++)
			if (has_metric(before.msgs[i], STAYS))
				assert_true(is_in(&said, before.msgs[i]));
		dump_free(&before);
		dump_free(&said);
	}
	pdp_router.fini(dp);
}

/* --- all said anew --------------------------------------------------------------------------------- */

/* Mark and sweep: whatever was there before, what was said is left. */
static void sweep_leaves_what_was_said(void **state)
{
	struct pdp_dataplane *dp = make_empty(), *other = make_empty();
	unsigned int i, j;

	(void)state;
	for (i = 0; i < 10; i++) {
		struct dump want, have;

		for (j = 0; j < 300; j++) {
			change(dp);
			change(other);
		}
		want = take_dump(other);
		pdp_router.renew(dp);
		say_all(dp, &want);
		/* A connection that ends here leaves both; the next one begins anew. */
		pdp_router.renew(dp);
		say_all(dp, &want);
		pdp_router.sweep(dp);
		have = take_dump(dp);
		assert_int_equal(have.n, want.n);
		assert_same(&have, &want);
		dump_free(&want);
		dump_free(&have);
	}
	pdp_router.fini(dp);
	pdp_router.fini(other);
}

static void sweep_takes_vifs_and_neighbours(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct pdp_dp_vif vif1 = make_vif(1), vif3 = make_vif(3);
	struct nlbuf b = {.len = 0};

	(void)state;
	assert_where(dp, "10.30.0.1", 3);
	pdp_router.renew(dp);
	vif3.mtu++;
	assert_int_equal(pdp_router.set_vif(dp, &vif1), 0);
	assert_int_equal(pdp_router.set_vif(dp, &vif3), 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.1.0.0", 16, NULL, 1, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.2.0.0", 16, NULL, 2, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.30.0.0", 16, "10.3.0.9", 3, 0);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.4.0.1", 4); /* the old is in force */
	pdp_router.sweep(dp);
	assert_where(dp, "10.4.0.1", LOCAL);
	assert_where(dp, "10.1.9.9", 1);
	assert_where(dp, "10.2.0.1", DROPPED); /* its vif has gone */
	assert_where(dp, "10.30.0.1", LOCAL); /* its neighbour has */
	pdp_router.fini(dp);
}

/* --- out of memory --------------------------------------------------------------------------------- */

static int add_nth(struct pdp_dataplane *dp, unsigned int i, uint32_t vif,
		   struct pdp_dp_refused *refused)
{
	struct nlbuf b = {.len = 0};
	char dst[40];

	/* A group of the table each. */
	snprintf(dst, sizeof(dst), "%u.%u.0.0", 1 + i / 64, i % 64 * 4);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, dst, 24, NULL, vif, 0);
	return pdp_router.netlink(dp, b.bytes, b.len, refused);
}

static void no_memory_for_a_route(void **state)
{
	struct pdp_dataplane *dp = make_empty();
	struct pdp_dp_refused refused = {0};
	unsigned int n = 0, i;

	(void)state;
	pdp_memory_limit(pdp_memory_used() + PDP_MEMORY_SPARE + (1 << 20));
	while (n < 14000 && !add_nth(dp, n, 1, &refused))
		n++;
	assert_in_range(n, 100, 13000);
	assert_int_equal(refused.n, 1);
	assert_non_null(strstr(refused.first, "route "));
	assert_int_equal(add_nth(dp, n, 1, &refused), -ENOMEM);
	assert_int_equal(refused.n, 2);
	assert_routes(dp, n, 0);
	/* What is there can be replaced, said again, and taken away. */
	for (i = 0; i < n; i++)
		assert_int_equal(add_nth(dp, i, 2, NULL), 0);
	assert_where(dp, "1.4.0.1", 2);
	assert_int_equal(del(dp, "1.4.0.0", 24, 2, 0), 0);
	assert_where(dp, "1.4.0.1", LOCAL);
	pdp_memory_limit(0);
	assert_int_equal(add_nth(dp, n, 1, &refused), 0);
	pdp_router.fini(dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_of_nothing),
		cmocka_unit_test(each_kind),
		cmocka_unit_test(multipath),
		cmocka_unit_test(widest_multipath),
		cmocka_unit_test(one_address),
		cmocka_unit_test(one_path_of_many),
		cmocka_unit_test(random_changes),
		cmocka_unit_test(while_tables_change),
		cmocka_unit_test(sweep_leaves_what_was_said),
		cmocka_unit_test(sweep_takes_vifs_and_neighbours),
		cmocka_unit_test(no_memory_for_a_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
