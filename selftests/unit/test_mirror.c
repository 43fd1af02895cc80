/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A mirror's table against what a kernel said (mirror_capture.txt): what it follows is what a dump has, or it
 * knows that it may not be; and nothing mangled does harm.
 */
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/neighbour.h>
#include <sys/socket.h>

#include "ctl/rtbuild.h"
#include "selftests/unit/mirror_fixture.h"

static struct capture capture;

static size_t routes(const struct pdp_agentconf *told)
{
	struct pdp_agentconf_stats stats;

	pdp_agentconf_stats(told, &stats);
	return stats.routes;
}

/* Where the dump after the step that begins at this line is. */
static size_t dump_after(size_t line)
{
	while (capture.lines[line].what != 'd')
		line++;
	return line;
}

static void assert_as_dumped(const struct pdp_agentconf *told, size_t line, const char *step)
{
	struct pdp_agentconf *fresh = pdp_agentconf_new();
	struct pdp_mirror_table *table = make_table(&capture, fresh, 0);

	run_round(table, &capture, line);
	if (differences(fresh, told))
		fail_msg("after '%s' %zu entries are not as the kernel has them", step,
			 differences(fresh, told));
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(fresh);
}

static void test_follows(void **state)
{
	struct pdp_agentconf *told = pdp_agentconf_new();
	struct pdp_mirror_table *table = make_table(&capture, told, 0);
	size_t n_rounds = 0, n_steps = 0, line = 0;

	(void)state;
	run_round(table, &capture, dump_after(0));
	while (line < capture.n_lines) {
		const char *step = capture.lines[line++].step;

		for (; capture.lines[line].what == 'e'; line++)
			assert_int_equal(pdp_mirror_table_take(
						 table,
						 message_of(&capture, capture.lines[line].message),
						 false),
					 0);
		while (!pdp_mirror_table_work(table))
			;
		n_steps++;
		if (pdp_mirror_table_doubts(table)) {
			n_rounds++;
			run_round(table, &capture, line);
		}
		assert_as_dumped(told, line, step);
		while (line < capture.n_lines && capture.lines[line].what == 'd')
			line++;
	}
	/* Most need no second look. */
	assert_true(n_steps > 40);
	assert_true(n_rounds > 2 && n_rounds < 12);
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(told);
}

/* Each dump after each other: what came is there, what went is not, and the same again says nothing. */
static void test_rounds(void **state)
{
	struct pdp_agentconf *told = pdp_agentconf_new();
	struct pdp_mirror_table *table = make_table(&capture, told, 0);
	struct pdp_agentconf_stats before, after;

	(void)state;
	for (size_t line = 0; line < capture.n_lines; line++) {
		if (capture.lines[line].what != '#')
			continue;
		run_round(table, &capture, dump_after(line));
		assert_as_dumped(told, dump_after(line), capture.lines[line].step);
		pdp_agentconf_stats(told, &before);
		run_round(table, &capture, dump_after(line));
		pdp_agentconf_stats(told, &after);
		assert_int_equal(before.changes, after.changes);
	}
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(told);
}

static size_t step_called(const char *words)
{
	for (size_t line = 0; line < capture.n_lines; line++)
		if (capture.lines[line].what == '#' && strstr(capture.lines[line].step, words))
			return line;
	fail_msg("no step '%s'", words);
	return 0;
}

/* The dump's pieces are older than the events: what an event said stands, and nothing is swept for it. */
static void test_old_dump(void **state)
{
	struct pdp_agentconf *told = pdp_agentconf_new();
	struct pdp_mirror_table *table = make_table(&capture, told, 0);
	const size_t from = step_called("route add 192.0.2.0/24 via 10.0.0.2 metric"),
		     to = step_called("route del blackhole");
	size_t line;

	(void)state;
	run_round(table, &capture, dump_after(from));
	pdp_mirror_table_begin_round(table);
	/* All that happened since, and then a dump of before. */
	for (line = dump_after(from); line < dump_after(to); line++)
		if (capture.lines[line].what == 'e')
			pdp_mirror_table_take(
				table, message_of(&capture, capture.lines[line].message), false);
	for (line = dump_after(from); capture.lines[line].what == 'd'; line++)
		pdp_mirror_table_take(table, message_of(&capture, capture.lines[line].message),
				      true);
	while (!pdp_mirror_table_sweep(table))
		;
	assert_as_dumped(told, dump_after(to), "an old dump");

	/* The blackhole has gone: a piece of a dump that has it yet is no route, and no doubt. */
	pdp_mirror_table_begin_round(table);
	for (line = to; capture.lines[line].what != 'd'; line++)
		if (capture.lines[line].what == 'e')
			pdp_mirror_table_take(
				table, message_of(&capture, capture.lines[line].message), false);
	for (line = dump_after(step_called("route add blackhole")); capture.lines[line].what == 'd';
	     line++)
		pdp_mirror_table_take(table, message_of(&capture, capture.lines[line].message),
				      true);
	for (line = dump_after(to); capture.lines[line].what == 'd'; line++)
		pdp_mirror_table_take(table, message_of(&capture, capture.lines[line].message),
				      true);
	while (!pdp_mirror_table_sweep(table))
		;
	assert_as_dumped(told, dump_after(to), "a removal in a round");
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(told);
}

static void test_max_routes(void **state)
{
	struct pdp_agentconf *told = pdp_agentconf_new();
	struct pdp_mirror_table *table;
	size_t line = step_called("route add 172.17.0.0/16"), all;

	(void)state;
	table = make_table(&capture, told, 0);
	run_round(table, &capture, dump_after(line));
	all = routes(told);
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(told);

	told = pdp_agentconf_new();
	table = make_table(&capture, told, (uint32_t)all - 3);
	run_round(table, &capture, dump_after(line));
	assert_true(pdp_mirror_table_is_over(table));
	assert_int_equal(routes(told), all - 3);
	/* The same again, in any order of rounds: those that are there stay. */
	run_round(table, &capture, dump_after(line));
	assert_int_equal(routes(told), all - 3);
	assert_true(pdp_mirror_table_is_over(table));
	/* Less: a round is due, and takes in what was refused. */
	run_round(table, &capture, dump_after(step_called("link del v1")));
	if (pdp_mirror_table_doubts(table))
		run_round(table, &capture, dump_after(step_called("link del v1")));
	assert_false(pdp_mirror_table_is_over(table));
	assert_as_dumped(told, dump_after(step_called("link del v1")), "below");
	/* A higher limit is a doubt, too. */
	pdp_mirror_table_set_max(table, 0);
	assert_true(pdp_mirror_table_doubts(table));
	run_round(table, &capture, dump_after(line));
	assert_int_equal(routes(told), all);
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(told);
}

static int assert_canonical(const struct pdp_rtkey *key, const struct nlmsghdr *nlh, void *arg)
{
	_Alignas(4) uint8_t buf[PDP_RT_MESSAGE_MAX];
	struct pdp_rtkey again;

	(void)arg;
	assert_int_equal(pdp_rt_canonical(nlh, buf), nlh->nlmsg_len);
	assert_memory_equal(buf, nlh, nlh->nlmsg_len);
	pdp_rtkey_of(nlh, &again);
	assert_memory_equal(key, &again, sizeof(again));
	return 0;
}

static void assert_sound(const struct pdp_agentconf *told)
{
	for (size_t place = 0; place != SIZE_MAX;)
		pdp_agentconf_walk(told, &place, SIZE_MAX, assert_canonical, NULL);
}

/* A copy that ends where the message ends, for ASan. */
static void take_exactly(struct pdp_mirror_table *table, const void *msg, size_t len, bool dumped)
{
	struct nlmsghdr *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, msg, len);
	if (len >= sizeof(*copy) && copy->nlmsg_len >= sizeof(*copy) && copy->nlmsg_len <= len)
		pdp_mirror_table_take(table, copy, dumped);
	free(copy);
}

/* Every message cut at every length, and with every byte changed. */
static void test_mutations(void **state)
{
	struct pdp_agentconf *told = pdp_agentconf_new();
	struct pdp_mirror_table *table = make_table(&capture, told, 0);
	struct pdp_mirror_counts counts;
	uint8_t buf[512];

	(void)state;
	run_round(table, &capture, dump_after(step_called("nexthop replace id 2")));
	for (unsigned int i = 0; i < capture.n_messages; i++) {
		const uint32_t len = message_of(&capture, i)->nlmsg_len;

		for (uint32_t cut = sizeof(struct nlmsghdr); cut < len; cut++) {
			memcpy(buf, capture.messages[i], len);
			((struct nlmsghdr *)buf)->nlmsg_len = cut;
			take_exactly(table, buf, cut, cut % 2);
		}
		for (uint32_t at = sizeof(struct nlmsghdr); at < len; at++) {
			for (int how = 0; how < 4; how++) {
				memcpy(buf, capture.messages[i], len);
				buf[at] = how == 0   ? 0
					  : how == 1 ? 0xff
					  : how == 2 ? (uint8_t)(buf[at] + 1)
						     : (uint8_t)(buf[at] ^ 0x80);
				take_exactly(table, buf, len, how % 2);
			}
		}
		pdp_mirror_table_work(table);
	}
	while (!pdp_mirror_table_work(table))
		;
	assert_sound(told);
	pdp_mirror_table_counts(table, &counts);
	assert_true(counts.verdicts[PDP_RT_mangled] > 1000);
	/* It recovers. */
	run_round(table, &capture, dump_after(step_called("link del v1")));
	run_round(table, &capture, dump_after(step_called("link del v1")));
	assert_as_dumped(told, dump_after(step_called("link del v1")), "mutations");
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(told);
}

/* Random order, duplicates, losses: sound throughout, and right after a round. */
static void test_disorder(void **state)
{
	struct pdp_agentconf *told = pdp_agentconf_new();
	struct pdp_mirror_table *table = make_table(&capture, told, 12);
	const size_t last = dump_after(step_called("addr del 10.0.0.1/24"));

	(void)state;
	srand(3);
	for (int i = 0; i < 40000; i++) {
		const unsigned int m = (unsigned int)rand() % (unsigned int)capture.n_messages;

		pdp_mirror_table_take(table, message_of(&capture, m), rand() % 2);
		if (rand() % 20 == 0)
			pdp_mirror_table_work(table);
		if (rand() % 100 == 0)
			pdp_mirror_table_begin_round(table);
		if (rand() % 100 == 0)
			pdp_mirror_table_sweep(table);
		if (rand() % 500 == 0)
			assert_sound(told);
		assert_true(routes(told) <= 12);
	}
	pdp_mirror_table_set_max(table, 0);
	run_round(table, &capture, last);
	run_round(table, &capture, last);
	assert_as_dumped(told, last, "disorder");
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows),	  cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_old_dump),  cmocka_unit_test(test_max_routes),
		cmocka_unit_test(test_mutations), cmocka_unit_test(test_disorder),
	};
	int failed;

	if (read_capture(&capture)) {
		fprintf(stderr, "%s cannot be read\n", CAPTURE);
		return 1;
	}
	failed = cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
	free(capture.lines);
	return failed;
}
