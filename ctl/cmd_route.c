/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cmd_route.c - pdp-ctl route show, get and check: what agents and control planes have in force. */
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/cmd.h"
#include "ctl/rtjson.h"

#define LINE_MAX_LEN 2048

static const char *string(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

/* "/v1/vnets/NAME/routes" and what follows, the caller's; with one value that is escaped. */
static char *make_path(const char *vnet, const char *rest, const char *value)
{
	char *name = pdp_client_escape(vnet), *escaped = pdp_client_escape(value ? value : "");
	char *path = NULL;

	if (name && escaped && asprintf(&path, "/v1/vnets/%s/routes%s%s", name, rest, escaped) < 0)
		path = NULL;
	curl_free(name);
	curl_free(escaped);
	return path;
}

/* --- show ------------------------------------------------------------------------------------------ */

struct lines {
	struct pdp_ctl *ctl;
	size_t n;
	struct pdp_error err; /* pdpd's; there is another of the connection that we break off */
};

static int take_row(const json_t *row, void *arg)
{
	struct lines *lines = arg;
	struct pdp_ctl *ctl = lines->ctl;
	char text[LINE_MAX_LEN];

	if (json_object_get(row, "error"))
		return pdp_fail(&lines->err, -EREMOTEIO, "%s", string(row, "error"));
	if (ctl->out.json) {
		fputs(lines->n++ ? ",\n" : "[", ctl->out.file);
		json_dumpf(row, ctl->out.file, JSON_COMPACT);
	} else {
		fprintf(ctl->out.file, "%s\n", pdp_rt_text(row, text, sizeof(text)));
	}
	return ferror(ctl->out.file) ? -EPIPE : 0;
}

enum pdp_outcome pdp_cmd_route_show(struct pdp_ctl *ctl, int argc, char **argv)
{
	struct lines lines = {.ctl = ctl};
	char *path;
	int code;

	if (argc != 1 &&
	    (argc != 3 || (strcmp(argv[1], "--fe") != 0 && strcmp(argv[1], "fe") != 0))) {
		pdp_fail(&ctl->err, 0, "route show takes a vnet, and --fe and a guest of it");
		return PDP_USAGE;
	}
	path = make_path(argv[0], argc == 3 ? "?fe=" : "", argc == 3 ? argv[2] : NULL);
	if (!path)
		return pdp_outcome_of(pdp_fail(&ctl->err, -ENOMEM, "no memory"));
	code = pdp_client_follow(ctl->run_dir, path, take_row, &lines, &ctl->err);
	if (*lines.err.text)
		ctl->err = lines.err;
	if (ctl->out.json && !code)
		fputs(lines.n ? "]\n" : "[]\n", ctl->out.file);
	free(path);
	return pdp_outcome_of(code);
}

/* --- get ------------------------------------------------------------------------------------------- */

static void route(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *found = json_object_get(row, "route");

	(void)out;
	if (json_is_object(found))
		pdp_rt_text(found, text, len);
	else
		snprintf(text, len, "%s",
			 *string(row, "error") ? string(row, "error") : "no route");
}

static const struct pdp_column gets[] = {
	{"BY", "by"},
	{"ROUTE", NULL, route},
	{NULL},
};

enum pdp_outcome pdp_cmd_route_get(struct pdp_ctl *ctl, int argc, char **argv)
{
	json_t *rows = NULL;
	char *path;
	int code;

	if (argc != 2) {
		pdp_fail(&ctl->err, 0, "route get takes a vnet and an address");
		return PDP_USAGE;
	}
	path = make_path(argv[0], "/get?address=", argv[1]);
	if (!path)
		return pdp_outcome_of(pdp_fail(&ctl->err, -ENOMEM, "no memory"));
	code = pdp_client_get(&rows, ctl->run_dir, path, &ctl->err);
	if (!code)
		code = pdp_table_print(rows, gets, &ctl->out);
	json_decref(rows);
	free(path);
	return pdp_outcome_of(code);
}

/* --- check ----------------------------------------------------------------------------------------- */

static const struct pdp_column checks[] = {
	{"GUEST", "guest"},
	{"TABLES", "state"},
	PDP_COUNT_COLUMN("ROUTES", "routes"),
	PDP_COUNT_COLUMN("ADDRESSES", "addresses"),
	PDP_COUNT_COLUMN("NEIGHBOURS", "neighbours"),
	PDP_COUNT_COLUMN("DIFFERENCES", "differences"),
	{NULL},
};

static const char *side(const json_t *difference, const char *key, char *text)
{
	const json_t *row = json_object_get(difference, key);

	return json_is_object(row) ? pdp_rt_text(row, text, LINE_MAX_LEN) : "nothing";
}

static void print_found(const struct pdp_ctl *ctl, const json_t *row)
{
	const json_t *found = json_object_get(row, "found"), *difference;
	char text[LINE_MAX_LEN];
	size_t i;

	if (*string(row, "error"))
		fprintf(ctl->out.file, "\n%s: %s\n", string(row, "guest"), string(row, "error"));
	json_array_foreach(found, i, difference) {
		fprintf(ctl->out.file, "\n%s: control plane: %s\n", string(row, "guest"),
			side(difference, "control", text));
		fprintf(ctl->out.file, "%s: agent:         %s\n", string(row, "guest"),
			side(difference, "agent", text));
	}
}

enum pdp_outcome pdp_cmd_route_check(struct pdp_ctl *ctl, int argc, char **argv)
{
	json_t *rows = NULL;
	const json_t *row;
	size_t i, bad = 0;
	char *path;
	int code;

	if (argc != 1) {
		pdp_fail(&ctl->err, 0, "route check takes a vnet");
		return PDP_USAGE;
	}
	path = make_path(argv[0], "/check", NULL);
	if (!path)
		return pdp_outcome_of(pdp_fail(&ctl->err, -ENOMEM, "no memory"));
	code = pdp_client_send(&rows, ctl->run_dir, "GET", path, NULL, 0, &ctl->err);
	free(path);
	if (!code)
		code = pdp_table_print(rows, checks, &ctl->out);
	json_array_foreach(rows, i, row) {
		bad += strcmp(string(row, "state"), "same") != 0;
		if (!code && !ctl->out.json)
			print_found(ctl, row);
	}
	json_decref(rows);
	if (!code && bad)
		return PDP_FAILED;
	return pdp_outcome_of(code);
}
