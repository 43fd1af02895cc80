/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Questions to an agent: what is sent when, whose an answer is, and what differs between two tables. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "ctl/agentasks.h"
#include "ctl/route_diff.h"
#include "ctl/rtjson.h"

/* --- asks ------------------------------------------------------------------------------------------ */

struct heard {
	char words[64]; /* "4" bytes that came, "." the last call, "!" with an error */
};

static void hear(const void *msgs, size_t len, bool last, const struct pdp_error *err, void *arg)
{
	struct heard *heard = arg;
	const size_t n = strlen(heard->words);

	(void)msgs;
	snprintf(heard->words + n, sizeof(heard->words) - n, "%zu%s%s", len, last ? "." : "",
		 err ? "!" : "");
}

/* The type of what is sent, and *seq of it; 0: nothing is due. */
static uint32_t send_next(struct pdp_agentasks *asks, uint32_t *seq)
{
	_Alignas(8) uint8_t buf[PDP_AGENTASK_MAX];
	const struct pdp_msg *msg = (const void *)buf;

	if (!pdp_agentasks_next(asks, buf))
		return 0;
	pdp_agentasks_sent(asks);
	*seq = msg->seq;
	return msg->type;
}

static int answer(struct pdp_agentasks *asks, uint32_t type, uint32_t seq, size_t len)
{
	const struct {
		struct pdp_msg msg;
		uint8_t body[64];
	} in = {.msg = {.type = type, .seq = seq}};
	struct pdp_error err;

	return pdp_agentasks_answer(asks, &in.msg, len, &err);
}

static void test_one_dump_at_a_time(void **state)
{
	struct heard first = {""}, second = {""}, look = {""};
	const struct pdp_lookup what = {.family = 4};
	struct pdp_agentasks asks;
	uint32_t a = 0, b = 0, c = 0;

	(void)state;
	pdp_agentasks_init(&asks);
	assert_int_equal(send_next(&asks, &a), 0);
	pdp_agentasks_dump(&asks, hear, &first);
	pdp_agentasks_dump(&asks, hear, &second);
	pdp_agentasks_lookup(&asks, &what, hear, &look);
	assert_int_equal(send_next(&asks, &a), PDP_MSG_DUMP);
	assert_int_equal(send_next(&asks, &c), PDP_MSG_LOOKUP);
	assert_int_equal(send_next(&asks, &b), 0);
	assert_int_equal(answer(&asks, PDP_MSG_ROUTES, a, 8), 0);
	assert_int_equal(answer(&asks, PDP_MSG_FOUND, c, 0), 0);
	assert_int_equal(send_next(&asks, &b), 0);
	assert_int_equal(answer(&asks, PDP_MSG_DUMPED, a, 0), 0);
	assert_int_equal(send_next(&asks, &b), PDP_MSG_DUMP);
	assert_int_equal(answer(&asks, PDP_MSG_DUMPED, b, 0), 0);
	assert_string_equal(first.words, "80.");
	assert_string_equal(second.words, "0.");
	assert_string_equal(look.words, "0.");
}

/* Answers that nobody asked for are a fault, and questions that nobody waits for are not. */
static void test_strays(void **state)
{
	struct heard gone = {""}, heard = {""};
	struct pdp_agentasks asks;
	uint32_t seq = 0;

	(void)state;
	pdp_agentasks_init(&asks);
	assert_int_equal(answer(&asks, PDP_MSG_DUMPED, 1, 0), -EPROTO);
	pdp_agentasks_dump(&asks, hear, &gone);
	/* Not sent yet. */
	assert_int_equal(answer(&asks, PDP_MSG_DUMPED, 1, 0), -EPROTO);
	assert_int_equal(send_next(&asks, &seq), PDP_MSG_DUMP);
	assert_int_equal(answer(&asks, PDP_MSG_FOUND, seq, 0), -EPROTO);
	assert_int_equal(answer(&asks, PDP_MSG_DUMPED, seq + 1, 0), -EPROTO);
	pdp_agentasks_forget(&asks, &gone);
	assert_int_equal(answer(&asks, PDP_MSG_ROUTES, seq, 8), 0);
	assert_int_equal(answer(&asks, PDP_MSG_DUMPED, seq, 0), 0);
	assert_int_equal(answer(&asks, PDP_MSG_DUMPED, seq, 0), -EPROTO);
	assert_string_equal(gone.words, "");
	/* The agent is lost: each hears of it once. */
	pdp_agentasks_dump(&asks, hear, &heard);
	assert_int_equal(send_next(&asks, &seq), PDP_MSG_DUMP);
	assert_int_equal(answer(&asks, PDP_MSG_ROUTES, seq, 4), 0);
	pdp_agentasks_dump(&asks, hear, &gone);
	pdp_agentasks_end(&asks, "it is lost");
	assert_string_equal(heard.words, "40.!");
	assert_string_equal(gone.words, "0.!");
	assert_int_equal(send_next(&asks, &seq), 0);
}

/* --- what differs ---------------------------------------------------------------------------------- */

static const char *vif_name(uint16_t vif, void *arg)
{
	(void)arg;
	return vif == 1 ? "v0" : NULL;
}

static void put_route(struct pdp_agentconf *table, uint8_t net, uint32_t vif, uint32_t metric)
{
	uint8_t buf[256], addr[4] = {10, net, 0, 0};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	nlh->nlmsg_type = RTM_NEWROUTE;
	/* Flags, protocol, scope and an attribute that routers have no use for. */
	nlh->nlmsg_flags = (uint16_t)(metric * 7);
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = 16;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = (uint8_t)(vif * 3);
	rtm->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(nlh, RTA_OIF, vif);
	mnl_attr_put(nlh, RTA_DST, 4, addr);
	if (metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, metric);
	assert_int_equal(pdp_route_diff_put(table, nlh, nlh->nlmsg_len), 0);
}

#define WORDS 512

static void say(const struct nlmsghdr *want, const struct nlmsghdr *have, void *arg)
{
	char text[128], *words = arg;
	size_t at = strlen(words);
	json_t *row;

	for (int i = 0; i < 2; i++) {
		const struct nlmsghdr *nlh = i ? have : want;

		row = nlh ? pdp_rt_json(nlh, vif_name, NULL) : NULL;
		at += (size_t)snprintf(words + at, WORDS - at, "%s%s",
				       row ? pdp_rt_text(row, text, sizeof(text)) : "nothing",
				       i ? "; " : " - ");
		json_decref(row);
	}
}

static void test_diff(void **state)
{
	struct pdp_agentconf *want = pdp_agentconf_new(), *have = pdp_agentconf_new();
	char words[WORDS] = "";
	struct pdp_route_diff diff = {.want = want, .have = have, .fn = say, .arg = words};

	(void)state;
	put_route(want, 1, 1, 0);
	put_route(have, 1, 1, 0);
	put_route(want, 2, 1, 5);
	put_route(have, 2, 2, 5);
	put_route(want, 3, 1, 0);
	put_route(have, 4, 1, 0);
	while (!pdp_route_diff_step(&diff))
		;
	assert_non_null(
		strstr(words, "10.2.0.0/16 dev v0 metric 5 - 10.2.0.0/16 dev #2 metric 5; "));
	assert_non_null(strstr(words, "10.3.0.0/16 dev v0 - nothing; "));
	assert_non_null(strstr(words, "nothing - 10.4.0.0/16 dev v0; "));
	assert_null(strstr(words, "10.1.0.0"));
	pdp_agentconf_unref(want);
	pdp_agentconf_unref(have);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_dump_at_a_time),
		cmocka_unit_test(test_strays),
		cmocka_unit_test(test_diff),
	};

	return cmocka_run_group_tests_name("agentasks", tests, NULL, NULL);
}
