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
static const char *send_all(struct pdp_confreader *agent)
{
	static char order[256];
	const struct pdp_msg *msg = (const void *)out;
	size_t len, n = 0;

	while ((len = pdp_confreader_next(agent, out, sizeof(out)))) {
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
		pdp_confreader_sent(agent);
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

static size_t in_force(const struct pdp_agentconf *conf)
{
	struct pdp_agentconf_stats stats;

	pdp_agentconf_stats(conf, &stats);
	return stats.entries;
}

static size_t removals(const struct pdp_agentconf *conf)
{
	struct pdp_agentconf_stats stats;

	pdp_agentconf_stats(conf, &stats);
	return stats.removals;
}

/* A vnet's configuration and an agent's place in it. */
static struct pdp_agentconf *begin(struct pdp_confreader *agent)
{
	struct pdp_agentconf *conf = pdp_agentconf_new();

	assert_non_null(conf);
	pdp_confreader_init(agent, conf, NULL, NULL);
	return conf;
}

static void end(struct pdp_agentconf *conf, struct pdp_confreader *agent)
{
	pdp_confreader_end(agent);
	pdp_agentconf_unref(conf);
}

static void test_order(void **state)
{
	struct pdp_confreader agent;
	struct pdp_agentconf *conf = begin(&agent);

	(void)state;
	set_vif(conf, 0, 4);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 1);
	set_vif(conf, 1, 4);
	set_vif(conf, 2, 4);
	pdp_confreader_begin(&agent, true);
	assert_string_equal(send_all(&agent), "12R");
	assert_true(pdp_confreader_all_sent(&agent));
	assert_string_equal(send_all(&agent), "");

	/* A change goes out alone; for the next agent vifs still come before routes. */
	set_vif(conf, 1, 6);
	assert_string_equal(send_all(&agent), "1");
	pdp_confreader_begin(&agent, true);
	assert_string_equal(send_all(&agent), "21R");

	/* What is in force already is no change. */
	set_vif(conf, 1, 6);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 1);
	assert_string_equal(send_all(&agent), "");

	/* What is removed is told to the agent of now, routes first, and not to the next. */
	set_vif(conf, 1, 0);
	say_route(conf, RTM_DELROUTE, 0, AF_INET, 1, 0, 1);
	assert_string_equal(send_all(&agent), "r-1");
	pdp_confreader_begin(&agent, true);
	assert_string_equal(send_all(&agent), "2");
	end(conf, &agent);
}

/* Unsent when the agent is lost: the next one gets what is in force, once. */
static void test_lost(void **state)
{
	struct pdp_confreader agent;
	struct pdp_agentconf *conf = begin(&agent);

	(void)state;
	set_vif(conf, 1, 4);
	pdp_confreader_begin(&agent, true);
	send_all(&agent);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 1);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 2, 0, 1);
	assert_true(pdp_confreader_next(&agent, out, sizeof(out)) > 0);
	pdp_confreader_begin(&agent, false);
	say_route(conf, RTM_DELROUTE, 0, AF_INET, 2, 0, 1);
	say_route(conf, RTM_DELROUTE, 0, AF_INET, 3, 0, 1);
	set_vif(conf, 7, 0);
	assert_int_equal(in_force(conf), 2);
	assert_int_equal(removals(conf), 0);
	pdp_confreader_begin(&agent, true);
	assert_string_equal(send_all(&agent), "1R");
	end(conf, &agent);
}

static void test_identity(void **state)
{
	struct pdp_confreader agent;
	struct pdp_agentconf *conf = begin(&agent);

	(void)state;
	pdp_confreader_begin(&agent, true);
	/* A route by prefix and metric, wherever it leads; two metrics are two routes. */
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 1);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 2);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1, 10, 2);
	assert_int_equal(in_force(conf), 2);
	/* On-link IPv6 routes differ by link; one that replaces takes all their places. */
	say_route(conf, RTM_NEWROUTE, 0, AF_INET6, 1, 0, 1);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET6, 1, 0, 2);
	assert_int_equal(in_force(conf), 4);
	say_route(conf, RTM_NEWROUTE, NLM_F_REPLACE, AF_INET6, 1, 0, 3);
	assert_int_equal(in_force(conf), 3);
	/* Neighbours differ by link. */
	say_neighbour(conf, RTM_NEWNEIGH, 5, 1);
	say_neighbour(conf, RTM_NEWNEIGH, 5, 2);
	say_neighbour(conf, RTM_NEWNEIGH, 5, 2);
	assert_int_equal(in_force(conf), 5);
	say_neighbour(conf, RTM_DELNEIGH, 5, 1);
	assert_string_equal(send_all(&agent), "RRRrrNn");
	assert_int_equal(in_force(conf), 4);
	end(conf, &agent);
}

/*
 * A route that replaced another one's and went before the agent heard of it: the agent does not keep the
 * first.
 */
static void test_replaced_and_gone(void **state)
{
	struct pdp_confreader agent;
	struct pdp_agentconf *conf = begin(&agent);

	(void)state;
	pdp_confreader_begin(&agent, true);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET6, 1, 0, 1);
	assert_string_equal(send_all(&agent), "R");
	say_route(conf, RTM_NEWROUTE, NLM_F_REPLACE, AF_INET6, 1, 0, 2);
	say_route(conf, RTM_DELROUTE, 0, AF_INET6, 1, 0, 2);
	assert_string_equal(send_all(&agent), "rr");
	assert_int_equal(in_force(conf), 0);
	end(conf, &agent);
}

/* Three agents, each at its own pace: each hears everything that it needs, once. */
static void test_readers(void **state)
{
	struct pdp_confreader slow, fast, none;
	struct pdp_agentconf *conf = begin(&slow);

	(void)state;
	pdp_confreader_init(&fast, conf, NULL, NULL);
	pdp_confreader_init(&none, conf, NULL, NULL);
	pdp_confreader_begin(&slow, true);
	pdp_confreader_begin(&fast, true);
	for (uint32_t i = 1; i <= 4; i++)
		say_route(conf, RTM_NEWROUTE, 0, AF_INET, i, 0, 1);
	assert_string_equal(send_all(&slow), "RRRR");
	assert_string_equal(send_all(&fast), "RRRR");
	/* The entries that both stand at change and go. */
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 4, 0, 2);
	say_route(conf, RTM_DELROUTE, 0, AF_INET, 3, 0, 1);
	say_route(conf, RTM_DELROUTE, 0, AF_INET, 1, 0, 1);
	assert_string_equal(send_all(&fast), "Rrr");
	assert_int_equal(removals(conf), 2);
	/* Back again before the slow one has heard that it was gone. */
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 3, 0, 3);
	assert_int_equal(removals(conf), 1);
	assert_string_equal(send_all(&slow), "RrR");
	assert_int_equal(removals(conf), 0);
	assert_string_equal(send_all(&fast), "R");
	/* One that comes late has nothing to remove, whatever others wait for. */
	say_route(conf, RTM_DELROUTE, 0, AF_INET, 2, 0, 1);
	pdp_confreader_begin(&none, true);
	assert_string_equal(send_all(&none), "RR");
	assert_string_equal(send_all(&slow), "r");
	/* Whoever dies waits for nothing. */
	assert_int_equal(removals(conf), 1);
	pdp_confreader_begin(&fast, false);
	assert_int_equal(removals(conf), 0);
	pdp_confreader_end(&none);
	pdp_confreader_end(&fast);
	end(conf, &slow);
}

/* Random changes and three random readers against what each was told, applied. */
static void test_random(void **state)
{
	enum { ROUTES = 24, READERS = 3 };
	struct pdp_agentconf *conf = pdp_agentconf_new();
	struct pdp_confreader readers[READERS];
	uint32_t told[READERS][ROUTES] = {{0}}, want[ROUTES] = {0};

	(void)state;
	srand(7);
	for (int r = 0; r < READERS; r++) {
		pdp_confreader_init(&readers[r], conf, NULL, NULL);
		pdp_confreader_begin(&readers[r], true);
	}
	for (int turn = 0; turn < 20000; turn++) {
		const uint32_t i = (uint32_t)rand() % ROUTES, vif = (uint32_t)rand() % 3;
		const int r = rand() % READERS;
		size_t len;

		say_route(conf, vif ? RTM_NEWROUTE : RTM_DELROUTE, 0, AF_INET, i, 0, vif ? vif : 1);
		want[i] = vif;
		if (rand() % 50 == 0) {
			pdp_confreader_begin(&readers[r], true);
			memset(told[r], 0, sizeof(told[r]));
		}
		if (rand() % 4)
			continue;
		/* A message of a few, or all. */
		do {
			const struct nlmsghdr *nlh = (const void *)(out + sizeof(struct pdp_msg));
			int left;

			len = pdp_confreader_next(&readers[r], out, 200);
			left = len ? (int)(len - sizeof(struct pdp_msg)) : 0;
			for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
				const struct nlattr *attr =
					mnl_nlmsg_get_payload_offset(nlh, sizeof(struct rtmsg));
				uint32_t *cell = &told[r][mnl_attr_get_u32(attr)];

				*cell = nlh->nlmsg_type == RTM_NEWROUTE
						? mnl_attr_get_u32(mnl_attr_next(attr))
						: 0;
			}
			pdp_confreader_sent(&readers[r]);
		} while (len && rand() % 3);
		if (!pdp_confreader_due(&readers[r]))
			assert_memory_equal(told[r], want, sizeof(want));
	}
	for (int r = 0; r < READERS; r++)
		pdp_confreader_end(&readers[r]);
	assert_int_equal(removals(conf), 0);
	pdp_agentconf_unref(conf);
}

/* Two hundred thousand changes of a thousand routes: a thousand entries. */
static void test_no_history(void **state)
{
	struct pdp_confreader agent;
	struct pdp_agentconf *conf = begin(&agent);

	(void)state;
	pdp_confreader_begin(&agent, true);
	for (uint32_t i = 0; i < 200000; i++) {
		say_route(conf, RTM_NEWROUTE, 0, AF_INET, i * 7 % 1000, 0, 1 + i % 3);
		if (i % 1000 == 999)
			while (pdp_confreader_next(&agent, out, sizeof(out)))
				pdp_confreader_sent(&agent);
	}
	assert_int_equal(in_force(conf), 1000);
	for (uint32_t i = 0; i < 1000; i++)
		say_route(conf, RTM_DELROUTE, 0, AF_INET, i, 0, 1);
	while (pdp_confreader_next(&agent, out, sizeof(out)))
		pdp_confreader_sent(&agent);
	assert_int_equal(in_force(conf) + removals(conf), 0);
	end(conf, &agent);
}

/* Held: given, but not all. */
static void test_hold(void **state)
{
	struct pdp_confreader agent;
	struct pdp_agentconf *conf = begin(&agent);

	(void)state;
	pdp_agentconf_hold(conf, true);
	pdp_confreader_begin(&agent, true);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 1);
	assert_true(pdp_confreader_due(&agent));
	assert_string_equal(send_all(&agent), "R");
	assert_false(pdp_confreader_due(&agent));
	assert_false(pdp_confreader_all_sent(&agent));
	pdp_agentconf_hold(conf, false);
	assert_true(pdp_confreader_all_sent(&agent));
	end(conf, &agent);
}

static bool sweep_all(struct pdp_agentconf *conf, size_t *n)
{
	size_t part;

	for (int i = 0; i < 1000; i++) {
		const bool done = pdp_agentconf_sweep(conf, 7, &part);

		*n += part;
		if (done)
			return true;
	}
	return false;
}

static struct pdp_rtkey key4(uint32_t dst)
{
	struct pdp_rtkey key = {
		.kind = RTM_NEWROUTE, .family = AF_INET, .len = 24, .table = RT_TABLE_MAIN};

	memcpy(key.addr, &dst, sizeof(dst));
	return key;
}

/* Mark and sweep: what is not said again goes; vifs stay; nothing is sent twice. */
static void test_sweep(void **state)
{
	struct pdp_confreader agent;
	struct pdp_agentconf *conf = begin(&agent);
	struct pdp_rtkey key = key4(3);
	const struct nlmsghdr *msg;
	size_t n = 0;

	(void)state;
	pdp_confreader_begin(&agent, true);
	set_vif(conf, 1, 4);
	for (uint32_t i = 0; i < 100; i++)
		say_route(conf, RTM_NEWROUTE, 0, AF_INET, i, 0, 1);
	assert_string_not_equal(send_all(&agent), "");
	pdp_agentconf_begin_round(conf);
	assert_int_equal(pdp_agentconf_mark(conf, &key, NULL), PDP_CONF_UNMARKED);
	for (uint32_t i = 0; i < 100; i += 3)
		say_route(conf, RTM_NEWROUTE, 0, AF_INET, i, 0, 1);
	assert_int_equal(pdp_agentconf_mark(conf, &key, NULL), PDP_CONF_SEEN);
	pdp_agentconf_set_mark(conf, &key);
	/* A removal is known as long as the round lasts. */
	say_route(conf, RTM_DELROUTE, 0, AF_INET, 3, 0, 1);
	assert_int_equal(pdp_agentconf_mark(conf, &key, &msg), PDP_CONF_SET);
	assert_int_equal(msg->nlmsg_type, RTM_DELROUTE);
	assert_string_equal(send_all(&agent), "r");
	assert_int_equal(removals(conf), 1);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1000, 0, 1);
	assert_true(sweep_all(conf, &n));
	assert_int_equal(n, 66);
	assert_int_equal(in_force(conf), 1 + 33 + 1);
	send_all(&agent);
	assert_int_equal(removals(conf), 0);
	/* The next round knows nothing of the marks of the last. */
	key = key4(6);
	assert_int_equal(pdp_agentconf_mark(conf, &key, NULL), PDP_CONF_SEEN);
	pdp_agentconf_begin_round(conf);
	assert_int_equal(pdp_agentconf_mark(conf, &key, NULL), PDP_CONF_UNMARKED);
	end(conf, &agent);
}

static int count(const struct pdp_rtkey *key, const struct nlmsghdr *nlh, void *arg)
{
	assert_int_equal(key->kind, nlh->nlmsg_type);
	++*(size_t *)arg;
	return 0;
}

static void test_lists(void **state)
{
	struct pdp_confreader agent;
	struct pdp_agentconf *conf = begin(&agent);
	struct pdp_kept_tagged list = LIST_HEAD_INITIALIZER(list);
	const struct pdp_rtkey *first, one = key4(1), two = key4(2);
	size_t place = 0, n = 0;

	(void)state;
	pdp_confreader_begin(&agent, true);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 1);
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 2, 0, 1);
	pdp_agentconf_tag(conf, &one, &list);
	pdp_agentconf_tag(conf, &two, &list);
	pdp_agentconf_tag(conf, &two, &list);
	while (place != SIZE_MAX)
		assert_int_equal(pdp_agentconf_walk(conf, &place, 5, count, &n), 0);
	assert_int_equal(n, 2);
	/* One that goes, or is said anew, is on no list. */
	say_route(conf, RTM_DELROUTE, 0, AF_INET, 2, 0, 1);
	assert_non_null(pdp_kept_first(&list, &first));
	assert_memory_equal(first, &one, sizeof(one));
	say_route(conf, RTM_NEWROUTE, 0, AF_INET, 1, 0, 2);
	assert_null(pdp_kept_first(&list, &first));
	pdp_agentconf_tag(conf, &one, &list);
	pdp_kept_untag_all(&list);
	assert_null(pdp_kept_first(&list, &first));
	end(conf, &agent);
}

static void test_split(void **state)
{
	enum { COUNT = 3000, EACH = 64 };
	struct pdp_confreader agent;
	struct pdp_agentconf *conf = begin(&agent);
	uint8_t *msgs = calloc(COUNT, EACH);
	size_t len, total = 0, pieces = 0;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		((struct nlmsghdr *)(msgs + i * EACH))->nlmsg_len = EACH;
		memcpy(msgs + i * EACH + 32, &i, sizeof(i));
	}
	assert_int_equal(pdp_agentconf_netlink(conf, msgs, COUNT * EACH), 0);
	while ((len = pdp_confreader_next(&agent, out, sizeof(out)))) {
		assert_in_range(len, sizeof(struct pdp_msg) + EACH, PDP_CHANNEL_MAX);
		assert_int_equal((len - sizeof(struct pdp_msg)) % EACH, 0);
		total += len - sizeof(struct pdp_msg);
		pieces++;
		pdp_confreader_sent(&agent);
	}
	assert_int_equal(total, COUNT * EACH);
	assert_int_equal(pieces, 3);
	end(conf, &agent);

	/* Cut, too long, or with a length that lies: nothing of it is kept. */
	conf = begin(&agent);
	assert_int_equal(pdp_agentconf_netlink(conf, msgs, EACH + 8), -EINVAL);
	((struct nlmsghdr *)msgs)->nlmsg_len = PDP_CHANNEL_MAX;
	assert_int_equal(pdp_agentconf_netlink(conf, msgs, COUNT * EACH), -EINVAL);
	((struct nlmsghdr *)msgs)->nlmsg_len = 4;
	assert_int_equal(pdp_agentconf_netlink(conf, msgs, COUNT * EACH), -EINVAL);
	assert_int_equal(pdp_confreader_next(&agent, out, sizeof(out)), 0);
	end(conf, &agent);
	free(msgs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	   cmocka_unit_test(test_lost),
		cmocka_unit_test(test_identity),   cmocka_unit_test(test_replaced_and_gone),
		cmocka_unit_test(test_readers),	   cmocka_unit_test(test_random),
		cmocka_unit_test(test_no_history), cmocka_unit_test(test_hold),
		cmocka_unit_test(test_sweep),	   cmocka_unit_test(test_lists),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests_name("agentconf", tests, NULL, NULL);
}
