/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_alloc_trace - alloc simulate: lines in, lines of JSON out, and what is wrong with FILE:LINE. */
#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/alloc_trace.h"
#include "ctl/cmd.h"

struct result {
	char *out, *errors;
	int ret;
};

static struct result simulate(const char *text, size_t len, uint32_t n_fes, enum pdp_fit fit)
{
	struct result result;
	size_t out_len, errors_len;
	struct pdp_error err;
	struct pdp_trace trace = {
		.n_fes = n_fes,
		.capacity = 1000,
		.fit = fit,
		.in = fmemopen((void *)text, len, "r"),
		.in_name = "t.trace",
		.out = open_memstream(&result.out, &out_len),
		.errors = open_memstream(&result.errors, &errors_len),
	};

	assert_true(trace.in && trace.out && trace.errors);
	result.ret = pdp_trace_run(&trace, &err);
	fclose(trace.in);
	fclose(trace.out);
	fclose(trace.errors);
	return result;
}

static void done(struct result *result)
{
	free(result->out);
	free(result->errors);
}

/* Every line is JSON; what the summary says of a key. */
static double summary_of(const char *out, const char *key)
{
	double value = -1;

	while (*out) {
		const char *end = strchr(out, '\n');
		json_t *line = json_loadb(out, (size_t)(end - out), JSON_REJECT_DUPLICATES, NULL);
		json_t *summary = json_object_get(line, "summary");

		assert_non_null(line);
		assert_int_equal(!end[1], summary != NULL);
		if (summary) {
			assert_true(json_is_number(json_object_get(summary, key)));
			value = json_number_value(json_object_get(summary, key));
		}
		json_decref(line);
		out = end + 1;
	}
	return value;
}

static void events_to_lines(void **state)
{
	static const char text[] = "# a comment\n"
				   "add v1 1500\n"
				   "\n"
				   "  add v2 0.5  # half a core\n"
				   "add v3 1500m\n"
				   "del v1\n"
				   "del v3\n"
				   "add v3 3000";
	static const char want[] =
		"{\"event\": \"add\", \"vnet\": \"v1\", \"power\": 1500, \"result\": \"placed\", "
		"\"guests\": [{\"fe\": 0, \"power\": 1000}, {\"fe\": 1, \"power\": 500}], "
		"\"reason\": null}\n"
		"{\"event\": \"add\", \"vnet\": \"v2\", \"power\": 500, \"result\": \"placed\", "
		"\"guests\": [{\"fe\": 1, \"power\": 500}], \"reason\": null}\n"
		"{\"event\": \"add\", \"vnet\": \"v3\", \"power\": 1500, \"result\": \"refused\", "
		"\"guests\": [], \"reason\": \"power 1500m needs 1 idle FE of 1000m and a "
		"remainder of 500m; no FE has a free remainder\"}\n"
		"{\"event\": \"del\", \"vnet\": \"v1\", \"result\": \"released\"}\n"
		"{\"event\": \"del\", \"vnet\": \"v3\", \"result\": \"released\", "
		"\"reason\": \"it was refused and held nothing\"}\n";
	struct result r = simulate(text, sizeof(text) - 1, 3, PDP_FIT_BEST);

	(void)state;
	assert_int_equal(r.ret, 0);
	assert_string_equal(r.errors, "");
	assert_memory_equal(r.out, want, sizeof(want) - 1);
	assert_true(summary_of(r.out, "events") == 6);
	assert_true(summary_of(r.out, "placed") == 2);
	assert_true(summary_of(r.out, "refused") == 2);
	assert_true(summary_of(r.out, "released") == 2);
	assert_true(summary_of(r.out, "guests_made") == 3);
	assert_true(summary_of(r.out, "power_peak") == 2000);
	assert_true(summary_of(r.out, "fes_used_peak") == 2);
	done(&r);
}

static void fragmentation(void **state)
{
	/* 600 and 300 twice, 1.8 FEs in all: worst fit gives each an FE of its own. */
	static const char text[] = "add a 600\nadd b 300\nadd c 600\nadd d 300\n";
	struct result best = simulate(text, sizeof(text) - 1, 9, PDP_FIT_BEST);
	struct result worst = simulate(text, sizeof(text) - 1, 9, PDP_FIT_WORST);

	(void)state;
	assert_true(summary_of(best.out, "fes_used_peak") == 2);
	assert_true(summary_of(best.out, "volume_lower_bound") == 2);
	assert_true(summary_of(best.out, "fragmentation") == 0);
	assert_true(summary_of(worst.out, "fes_used_peak") == 4);
	assert_true(summary_of(worst.out, "volume_lower_bound") == 2);
	assert_true(summary_of(worst.out, "fragmentation") == 0.5);
	done(&best);
	done(&worst);
}

/* Events that cannot be: told with their place; the rest goes on. */
static void impossible_events(void **state)
{
	static const char text[] = "add a 100\nadd a 100\ndel b\ndel a\nadd c 0\ndel a\nadd d "
				   "99999999999999\n";
	struct result r = simulate(text, sizeof(text) - 1, 2, PDP_FIT_BEST);

	(void)state;
	assert_int_equal(r.ret, -EINVAL);
	assert_string_equal(r.errors,
			    "t.trace:2: add a: the vnet is there already\n"
			    "t.trace:3: del b: there is no such vnet\n"
			    "t.trace:5: add c: the power must be from 1m to 4294967295m\n"
			    "t.trace:6: del a: there is no such vnet\n"
			    "t.trace:7: add d: the power must be from 1m to 4294967295m\n");
	assert_true(summary_of(r.out, "errors") == 5);
	assert_true(summary_of(r.out, "released") == 1);
	done(&r);
}

/* Lines that are no events end the run: no summary. */
static void lines_that_are_no_events(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *error;
	} cases[] = {
#define CASE(text, error) {text, sizeof(text) - 1, error}
		CASE("add a 100\nadd b\n", "t.trace:2: an event is `add NAME POWER`"),
		CASE("frob a 100\n", "t.trace:1: an event is"),
		CASE("del a 100\n", "t.trace:1: an event is"),
		CASE("add a 100 200\n", "t.trace:1: an event is"),
		CASE("add a fast\n", "t.trace:1: 'fast' is no power"),
		CASE("add a 1.5m\n", "t.trace:1: '1.5m' is no power"),
		CASE("add \"a\" 1\n", "t.trace:1: a vnet's name is"),
		CASE("add \xff 1\n", "t.trace:1: a vnet's name is"),
		CASE("add a 1\0\nadd b 1\n", "t.trace:1: a NUL byte"),
#undef CASE
	};
	char longest[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct result r = simulate(cases[i].text, cases[i].len, 2, PDP_FIT_BEST);

		assert_int_equal(r.ret, -EINVAL);
		assert_memory_equal(r.errors, cases[i].error, strlen(cases[i].error));
		assert_null(strstr(r.out, "summary"));
		done(&r);
	}
	memset(longest, 'a', sizeof(longest));
	longest[3] = ' ';
	for (size_t len = 400; len <= sizeof(longest); len += 1600) {
		struct result r = simulate(longest, len, 2, PDP_FIT_BEST);

		assert_int_equal(r.ret, -EINVAL);
		assert_non_null(strstr(r.errors, len < 500 ? "an event is" : "longer than 510"));
		done(&r);
	}
}

/* Random bytes and random words: an error or JSON, never both wrong. */
static void damaged_traces(void **state)
{
	static const char *const words[] = {"add", "del", "v1", "v2", "1500m", "1.5", "0", "\n",
					    "\n",  "\n",  "#",	"\t", "\r",    "-1",  "",  "999"};
	char text[600];

	(void)state;
	srand(6);
	for (int i = 0; i < 2000; i++) {
		size_t len = 0;

		for (int w = rand() % 40; w > 0; w--)
			len += (size_t)sprintf(text + len, "%s ", words[rand() % 16]);
		if (len && i % 4 == 0)
			text[(size_t)rand() % len] = (char)rand();
		if (len) {
			struct result r = simulate(text, len, 2, PDP_FIT_BEST);

			assert_int_equal(r.ret ? -EINVAL : 0, r.ret);
			assert_int_equal(!*r.errors, !r.ret);
			if (strstr(r.out, "summary"))
				summary_of(r.out, "events");
			done(&r);
		}
	}
}

static void powers(void **state)
{
	uint32_t power;
	enum pdp_fit fit;

	(void)state;
	assert_int_equal(pdp_trace_power(&power, "1500"), 0);
	assert_int_equal(power, 1500);
	assert_int_equal(pdp_trace_power(&power, "1.5"), 0);
	assert_int_equal(power, 1500);
	assert_int_equal(pdp_trace_power(&power, "1m"), 0);
	assert_int_equal(power, 1);
	assert_int_equal(pdp_trace_power(&power, "0"), -ERANGE);
	assert_int_equal(pdp_trace_power(&power, ""), -EINVAL);
	assert_int_equal(pdp_trace_power(&power, "12345678901234567890123456789012345"), -ERANGE);
	assert_int_equal(pdp_fit_parse(&fit, "worst-fit"), 0);
	assert_int_equal(fit, PDP_FIT_WORST);
	assert_int_equal(pdp_fit_parse(&fit, "worst"), -EINVAL);
}

/* pdp-ctl's words, without a node. */
static void command_line(void **state)
{
	static const struct {
		const char *words[10];
		enum pdp_outcome outcome;
		const char *error;
	} cases[] = {
		{{"--fes", "2", "--capacity", "1000", "--trace", "/dev/null"}, PDP_DONE, ""},
		{{"--fes", "2", "--capacity", "1000m", "--trace=/dev/null", "--policy",
		  "first-fit"},
		 PDP_DONE,
		 ""},
		{{"--fes", "2", "--capacity", "1000", "--trace", "/nonexistent"},
		 PDP_FAILED,
		 "/nonexistent: cannot open the trace: No such file or directory"},
		{{"--fes", "2", "--capacity", "1000"}, PDP_USAGE, "are needed"},
		{{"--fes", "0"}, PDP_USAGE, "--fes 0: give a number"},
		{{"--fes", "-1"}, PDP_USAGE, "--fes -1: give a number"},
		{{"--fes", "1x"}, PDP_USAGE, "--fes 1x: give a number"},
		{{"--capacity", "0"}, PDP_USAGE, "--capacity 0: give"},
		{{"--policy", "next-fit"}, PDP_USAGE, "--policy next-fit: give best-fit"},
		{{"--frob"}, PDP_USAGE, "options are"},
		{{"--fes"}, PDP_USAGE, "options are"},
		{{"more"}, PDP_USAGE, "'more' is one word too many"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *argv[13] = {"alloc", "simulate"}, *out;
		struct pdp_ctl ctl = {.run_dir = "/nonexistent"};
		size_t len;
		int argc = 2;

		for (; cases[i].words[argc - 2]; argc++)
			argv[argc] = (char *)cases[i].words[argc - 2];
		ctl.out.file = open_memstream(&out, &len);
		assert_int_equal(pdp_cmd_run(&ctl, argc, argv), cases[i].outcome);
		fclose(ctl.out.file);
		assert_non_null(strstr(ctl.err.text, cases[i].error));
		assert_int_equal(cases[i].outcome == PDP_DONE, len > 0);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_to_lines),   cmocka_unit_test(fragmentation),
		cmocka_unit_test(impossible_events), cmocka_unit_test(lines_that_are_no_events),
		cmocka_unit_test(damaged_traces),    cmocka_unit_test(powers),
		cmocka_unit_test(command_line),
	};

	return cmocka_run_group_tests_name("alloc_trace", tests, NULL, NULL);
}
