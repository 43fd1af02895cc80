/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_alloc.c - pdp-ctl alloc: what the allocator did, would do and could do better.
 */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/alloc_trace.h"
#include "ctl/client.h"
#include "ctl/cmd.h"
#include "ctl/power.h"

/* --- questions ------------------------------------------------------------------------------------- */

#define PATH_LEN 512

static enum pdp_outcome ask(struct pdp_ctl *ctl, const char *path,
			    int (*print)(struct pdp_ctl *ctl, const json_t *rows))
{
	json_t *rows = NULL;
	int ret = pdp_client_get(&rows, ctl->run_dir, path, &ctl->err);

	if (!ret)
		ret = print(ctl, rows);
	json_decref(rows);
	return pdp_outcome_of(ret);
}

/* Append &KEY=VALUE, or ?KEY=VALUE where it is the first; a value that is too long is cut. */
static void add_query(char path[PATH_LEN], const char *key, const char *value)
{
	size_t at = strlen(path);
	char *word = pdp_client_escape(value);

	snprintf(path + at, PATH_LEN - at, "%c%s=%s", strchr(path, '?') ? '&' : '?', key,
		 word ? word : "");
	curl_free(word);
}

static const char *string(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

static long long integer(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* --- show ------------------------------------------------------------------------------------------ */

static void capacity(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%lldm", integer(row, "capacity_millicores"));
}

static void used(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%lldm", integer(row, "used_millicores"));
}

static void free_power(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%lldm", integer(row, "free_millicores"));
}

/* "red:1000m blue:200m" */
static void fe_guests(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *guest;
	size_t i, at = 0;

	(void)out;
	json_array_foreach(json_object_get(row, "guests"), i, guest) {
		at += (size_t)snprintf(text + at, len - at, "%s%s:%lldm", i ? " " : "",
				       string(guest, "vnet"), integer(guest, "power_millicores"));
		if (at >= len)
			return;
	}
}

static const struct pdp_column fes[] = {
	{"FE", "name"},
	{"CAPACITY", NULL, capacity, true},
	{"USED", NULL, used, true},
	{"FREE", NULL, free_power, true},
	{"GUESTS", NULL, fe_guests},
	{NULL},
};

static int print_fes(struct pdp_ctl *ctl, const json_t *rows)
{
	return pdp_table_print(rows, fes, &ctl->out);
}

static enum pdp_outcome show(struct pdp_ctl *ctl, int argc, char **argv)
{
	if (pdp_cmd_at_most(ctl, 0, argc, argv))
		return PDP_USAGE;
	return ask(ctl, "/v1/alloc", print_fes);
}

/* --- explain --------------------------------------------------------------------------------------- */

static void print_guests(FILE *file, const json_t *guests)
{
	const json_t *guest;
	size_t i;

	json_array_foreach(guests, i, guest)
		fprintf(file, "%s%s %lldm", i ? ", " : "", string(guest, "fe"),
			integer(guest, "power_millicores"));
}

/* Of one there is no choice. */
static void print_choices(FILE *file, const json_t *choices)
{
	const json_t *choice;
	size_t i;

	if (json_array_size(choices) < 2)
		return;
	fputs("  choices: ", file);
	json_array_foreach(choices, i, choice)
		fprintf(file, "%s%s leaves %lldm%s", i ? ", " : "", string(choice, "fe"),
			integer(choice, "left_millicores"),
			json_is_true(json_object_get(choice, "current")) ? " (where it is)" : "");
	fputc('\n', file);
}

static void print_explained(FILE *file, const json_t *view)
{
	const json_t *line;
	size_t i;

	fprintf(file, "%s  %lldm -> ", string(view, "vnet"), integer(view, "power_millicores"));
	print_guests(file, json_object_get(view, "guests"));
	fputc('\n', file);
	json_array_foreach(json_object_get(view, "why"), i, line)
		fprintf(file, "  %s\n", json_string_value(line));
	print_choices(file, json_object_get(view, "choices"));
}

static int print_explain(struct pdp_ctl *ctl, const json_t *rows)
{
	if (ctl->out.json)
		pdp_json_print(rows, &ctl->out);
	else
		print_explained(ctl->out.file, json_array_get(rows, 0));
	return 0;
}

static enum pdp_outcome explain(struct pdp_ctl *ctl, int argc, char **argv)
{
	char path[PATH_LEN] = "/v1/alloc/explain";

	if (pdp_cmd_at_most(ctl, 1, argc, argv))
		return PDP_USAGE;
	if (!argc) {
		pdp_fail(&ctl->err, 0, "which vnet? `pdp-ctl alloc explain VNET`");
		return PDP_USAGE;
	}
	add_query(path, "vnet", argv[0]);
	return ask(ctl, path, print_explain);
}

/* --- what-if --------------------------------------------------------------------------------------- */

struct what_if {
	const char *power;
	const char *vnet; /* NULL: a new one */
};

static const struct option what_if_options[] = {
	{"power", required_argument, NULL, 'p'},
	{"vnet", required_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

static int parse_what_if(struct what_if *what, int argc, char **argv, struct pdp_error *err)
{
	uint32_t power;
	int c;

	optind = 0;
	opterr = 0;
	/* getopt takes the word before the options for the program's name. */
	while ((c = getopt_long(argc + 1, argv - 1, "+", what_if_options, NULL)) != -1) {
		if (c == 'v')
			what->vnet = optarg;
		else if (c != 'p')
			return pdp_fail(err, -EINVAL, "options are --power P [--vnet NAME]");
		else if (pdp_power_parse(&power, optarg))
			return pdp_fail(err, -EINVAL,
					"--power %s: give 1500m (millicores) or 1.5 (cores)",
					optarg);
		else
			what->power = optarg;
	}
	if (optind < argc + 1)
		return pdp_fail(err, -EINVAL, "'%s' is one word too many", argv[optind - 1]);
	return what->power ? 0 : pdp_fail(err, -EINVAL, "--power is needed");
}

static void print_change(FILE *file, const json_t *guest)
{
	long long before = integer(guest, "before_millicores");
	long long after = integer(guest, "after_millicores");

	if (!strcmp(string(guest, "change"), "changed"))
		fprintf(file, "  %s %lldm -> %lldm\n", string(guest, "fe"), before, after);
	else
		fprintf(file, "  %s %lldm %s\n", string(guest, "fe"), before ? before : after,
			string(guest, "change"));
}

static void print_what_if(FILE *file, const json_t *view)
{
	const json_t *guest, *moves = json_object_get(view, "fits_after_moves");
	size_t i;

	if (!strcmp(string(view, "result"), "placed")) {
		fprintf(file, "%s%s%lldm fits\n", string(view, "vnet"),
			json_object_get(view, "vnet") ? ": " : "",
			integer(view, "power_millicores"));
		json_array_foreach(json_object_get(view, "guests"), i, guest)
			print_change(file, guest);
		return;
	}
	fprintf(file, "%s\n", string(view, "reason"));
	if (json_is_integer(moves))
		fprintf(file, "it would fit after the moves of `pdp-ctl alloc defrag` (%lld)\n",
			(long long)json_integer_value(moves));
}

static int print_answer(struct pdp_ctl *ctl, const json_t *rows)
{
	const json_t *view = json_array_get(rows, 0);

	if (ctl->out.json)
		pdp_json_print(rows, &ctl->out);
	else
		print_what_if(ctl->out.file, view);
	/* All has been said. */
	return strcmp(string(view, "result"), "placed") ? -ENOSPC : 0;
}

static enum pdp_outcome what_if(struct pdp_ctl *ctl, int argc, char **argv)
{
	char path[PATH_LEN] = "/v1/alloc/what-if";
	struct what_if what = {0};

	if (parse_what_if(&what, argc, argv, &ctl->err))
		return PDP_USAGE;
	add_query(path, "power", what.power);
	if (what.vnet)
		add_query(path, "vnet", what.vnet);
	return ask(ctl, path, print_answer);
}

/* --- defrag ---------------------------------------------------------------------------------------- */

static void print_defrag(FILE *file, const json_t *view)
{
	const json_t *moves = json_object_get(view, "moves"), *move;
	bool exact = json_is_true(json_object_get(view, "exact"));
	bool done = json_is_true(json_object_get(view, "applied"));
	long long before = integer(view, "fes_before"), after = integer(view, "fes_after");
	size_t i, n = json_array_size(moves);

	json_array_foreach(moves, i, move)
		fprintf(file, "%s %s %lldm from %s to %s\n", done ? "moved" : "move",
			string(move, "vnet"), integer(move, "power_millicores"),
			string(move, "from"), string(move, "to"));
	if (!n)
		fprintf(file, "%s: %lld FE%s in use\n",
			exact ? "no moves would help" : "no moves were found that help", before,
			before == 1 ? " is" : "s are");
	else
		fprintf(file, "%zu move%s: %lld FE%s in use instead of %lld; %s\n", n,
			n == 1 ? "" : "s", after, after == 1 ? "" : "s", before,
			exact ? "no plan does better" : "a better plan may exist");
	if (n && done)
		fprintf(file, "done in %.1f s, %lld packets dropped meanwhile\n",
			(double)integer(view, "took_ms") / 1000, integer(view, "dropped_packets"));
}

static int print_moves(struct pdp_ctl *ctl, const json_t *rows)
{
	if (ctl->out.json)
		pdp_json_print(rows, &ctl->out);
	else
		print_defrag(ctl->out.file, json_array_get(rows, 0));
	return 0;
}

static enum pdp_outcome apply_moves(struct pdp_ctl *ctl)
{
	const char *path = ctl->dry_run ? "/v1/alloc/defrag?dry_run=1" : "/v1/alloc/defrag";
	json_t *rows = NULL;
	int ret = pdp_client_post(&rows, ctl->run_dir, path, &ctl->err);

	if (!ret)
		ret = print_moves(ctl, rows);
	json_decref(rows);
	return pdp_outcome_of(ret);
}

static enum pdp_outcome defrag(struct pdp_ctl *ctl, int argc, char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "--apply"))
		return apply_moves(ctl);
	if (argc) {
		pdp_fail(&ctl->err, 0, "alloc defrag takes --apply and nothing else");
		return PDP_USAGE;
	}
	return ask(ctl, "/v1/alloc/defrag", print_moves);
}

/* --- simulate -------------------------------------------------------------------------------------- */

static const struct option simulate_options[] = {
	{"fes", required_argument, NULL, 'f'},
	{"capacity", required_argument, NULL, 'c'},
	{"trace", required_argument, NULL, 't'},
	{"policy", required_argument, NULL, 'p'},
	{NULL, 0, NULL, 0},
};

static int set_fes(struct pdp_trace *trace, const char *text, struct pdp_error *err)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < 1 || n > PDP_TRACE_FES_MAX)
		return pdp_fail(err, -EINVAL, "--fes %s: give a number from 1 to %d", text,
				PDP_TRACE_FES_MAX);
	trace->n_fes = (uint32_t)n;
	return 0;
}

static int set_option(struct pdp_trace *trace, int option, const char *text, struct pdp_error *err)
{
	switch (option) {
	case 'f':
		return set_fes(trace, text, err);
	case 'c':
		if (pdp_trace_power(&trace->capacity, text))
			return pdp_fail(err, -EINVAL,
					"--capacity %s: give 1000 or 1000m (millicores) or 1.5 "
					"(cores), from 1m to 4294967295m",
					text);
		return 0;
	case 't':
		trace->in_name = text;
		return 0;
	case 'p':
		if (pdp_fit_parse(&trace->fit, text))
			return pdp_fail(err, -EINVAL,
					"--policy %s: give best-fit, first-fit or worst-fit", text);
		return 0;
	default:
		return pdp_fail(err, -EINVAL,
				"options are --fes N --capacity C --trace FILE|- [--policy "
				"best-fit|first-fit|worst-fit]");
	}
}

/* argv holds what follows "simulate". */
static int parse_simulate(struct pdp_trace *trace, int argc, char **argv, struct pdp_error *err)
{
	int c, ret = 0;

	optind = 0;
	opterr = 0;
	/* getopt takes the word before the options for the program's name. */
	while (!ret && (c = getopt_long(argc + 1, argv - 1, "+", simulate_options, NULL)) != -1)
		ret = set_option(trace, c, optarg, err);
	if (!ret && optind < argc + 1)
		ret = pdp_fail(err, -EINVAL, "'%s' is one word too many", argv[optind - 1]);
	if (!ret && (!trace->n_fes || !trace->capacity || !*trace->in_name))
		ret = pdp_fail(err, -EINVAL, "--fes, --capacity and --trace are needed");
	return ret;
}

static enum pdp_outcome simulate(struct pdp_ctl *ctl, int argc, char **argv)
{
	struct pdp_trace trace = {.in_name = "", .out = ctl->out.file, .errors = stderr};
	int ret;

	if (parse_simulate(&trace, argc, argv, &ctl->err))
		return PDP_USAGE;
	if (!strcmp(trace.in_name, "-")) {
		trace.in_name = "stdin";
		trace.in = stdin;
	} else {
		trace.in = fopen(trace.in_name, "re");
	}
	if (!trace.in) {
		pdp_fail(&ctl->err, 0, "%s: cannot open the trace: %s", trace.in_name,
			 strerror(errno));
		return PDP_FAILED;
	}
	ret = pdp_trace_run(&trace, &ctl->err);
	if (trace.in != stdin)
		fclose(trace.in);
	return ret ? PDP_FAILED : PDP_DONE;
}

const struct pdp_cmd pdp_cmd_alloc[] = {
	{"show", "", "FEs, and which vnet has how much of each", show},
	{"explain", "VNET", "why a vnet is where it is, and where it would be now", explain,
	 "Its whole FEs, its remainder, the FEs on which the remainder would fit and what it would\n"
	 "leave on each, and where the vnet would be if it were placed now."},
	{"what-if", "--power P [ --vnet VNET ]",
	 "would a new vnet, or a vnet of another power, fit and where; nothing changes", what_if,
	 "Tells which guests would be kept, changed, added and removed. Fails, with the reason, when\n"
	 "it would not fit."},
	{"defrag", "[ --apply ]", "the fewest moves after which the fewest FEs are in use", defrag,
	 "And whether a better plan may exist. With --apply they are carried out, one after another\n"
	 "and while packets flow: the new guest answers before the old one is drained, each move is\n"
	 "stored and told as an event, and no other change comes between. Where a move fails, those\n"
	 "before it stay."},
	{"simulate",
	 "--fes N --capacity C --trace FILE|- [ --policy best-fit|first-fit|worst-fit ]",
	 "place the vnets of a trace, a line of JSON for each event; needs no pdpd", simulate,
	 "On N FEs of one capacity, without a node. The trace has an event on each line, `add NAME\n"
	 "POWER` or `del NAME`; blank lines and what follows a # are skipped. A bare number is\n"
	 "millicores here, in the trace and behind --capacity; 1500m is the same, 1.5 is cores. Each\n"
	 "event is answered by a line of JSON whose result is placed, refused (with the reason),\n"
	 "released or error, and the end by a line with the summary, with or without -j. FEs count\n"
	 "from 0. The del of a vnet that was refused releases nothing and says so. An event that\n"
	 "cannot be (del of what was not added, add of what is there, a power of 0) is an error, told\n"
	 "as FILE:LINE on standard error, and the run goes on; a line that is no event ends it,\n"
	 "without a summary. Both make the exit status 1."},
	{NULL},
};
