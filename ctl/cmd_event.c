/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cmd_event.c - pdp-ctl event: what happened to the node, a line each, with its time. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/cmd.h"

static const char *string(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

/* "2026-11-23T12:04:11.020Z" as "12:04:11.020" of the place where it is read; with its day on request. */
static void local_time(char text[48], const char *utc, bool with_day)
{
	const char *fraction = strchr(utc, '.');
	struct tm tm = {0};
	char clock[32];
	time_t at;

	if (!fraction || !strptime(utc, "%Y-%m-%dT%H:%M:%S", &tm)) {
		snprintf(text, 48, "%s", utc);
		return;
	}
	at = timegm(&tm);
	localtime_r(&at, &tm);
	strftime(clock, sizeof(clock), with_day ? "%F %T" : "%T", &tm);
	snprintf(text, 48, "%s%.4s", clock, fraction);
}

static const char *colour_of(const json_t *row)
{
	const char *level = string(row, "level");

	if (!strcmp(level, "error"))
		return "\033[31m";
	return !strcmp(level, "warning") ? "\033[33m" : "";
}

static void print_event(const struct pdp_output *out, const json_t *row, bool with_day)
{
	const char *colour = isatty(fileno(out->file)) ? colour_of(row) : "";
	char when[48];

	local_time(when, string(row, "time"), with_day);
	fprintf(out->file, "%s %s%s %s%s\n", when, colour, string(row, "object"),
		string(row, "text"), *colour ? "\033[0m" : "");
}

static enum pdp_outcome show(struct pdp_ctl *ctl, int argc, char **argv)
{
	char path[64] = "/v1/events";
	json_t *rows = NULL;
	const json_t *row;
	size_t i;
	int code;

	if (pdp_cmd_at_most(ctl, 1, argc, argv))
		return PDP_USAGE;
	if (argc && (strspn(argv[0], "0123456789") != strlen(argv[0]) || atoi(argv[0]) < 1)) {
		pdp_fail(&ctl->err, 0, "event show takes a number of events, not '%s'", argv[0]);
		return PDP_USAGE;
	}
	if (argc)
		snprintf(path, sizeof(path), "/v1/events?last=%.20s", argv[0]);
	code = pdp_client_get(&rows, ctl->run_dir, path, &ctl->err);
	if (!code && ctl->out.json) {
		pdp_json_print(rows, &ctl->out);
	} else if (!code) {
		json_array_foreach(rows, i, row)
			print_event(&ctl->out, row, true);
	}
	json_decref(rows);
	return pdp_outcome_of(code);
}

/* Stops when nobody reads any more. */
static int take_event(const json_t *row, void *arg)
{
	const struct pdp_ctl *ctl = arg;

	if (ctl->out.json)
		pdp_json_print(row, &ctl->out);
	else
		print_event(&ctl->out, row, false);
	return fflush(ctl->out.file) ? -1 : 0;
}

static enum pdp_outcome monitor(struct pdp_ctl *ctl, int argc, char **argv)
{
	char path[64] = "/v1/events?follow=1";
	json_t *rows = NULL;
	const json_t *last;
	int code;

	if (pdp_cmd_at_most(ctl, 0, argc, argv))
		return PDP_USAGE;
	/* What was before is for `event show`. */
	code = pdp_client_get(&rows, ctl->run_dir, "/v1/events?last=1", &ctl->err);
	last = json_object_get(json_array_get(rows, 0), "number");
	if (last)
		snprintf(path, sizeof(path), "/v1/events?follow=1&after=%lld",
			 (long long)json_integer_value(last));
	json_decref(rows);
	if (!code)
		code = pdp_client_follow(ctl->run_dir, path, take_event, ctl, &ctl->err);
	return pdp_outcome_of(code);
}

const struct pdp_cmd pdp_cmd_event[] = {
	{"show", "[ COUNT ]", "the last events that pdpd keeps, oldest first", show,
	 "pdpd keeps 1024 of them, from its own start on. Times are local; UTC with -j."},
	{"monitor", "", "events as they happen, until Ctrl-C", monitor,
	 "With -j an object a line. Ends when pdpd does."},
	{NULL},
};
