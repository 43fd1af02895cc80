/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_alloc.c - pdp-ctl alloc: what the allocator did, would do and could do better.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/alloc_trace.h"
#include "ctl/cmd.h"

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
	{"simulate",
	 "--fes N --capacity C --trace FILE|- [ --policy best-fit|first-fit|worst-fit ]",
	 "place the vnets of a trace, a line of JSON for each event; needs no pdpd", simulate},
	{NULL},
};
