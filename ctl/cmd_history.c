/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cmd_history.c - pdp-ctl node history: who changed what, and when. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/client.h"
#include "ctl/cmd.h"

#define LAST 20

static void when(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const char *utc = json_string_value(json_object_get(row, "time"));
	struct tm tm = {0};
	time_t at;

	(void)out;
	snprintf(text, len, "%s", utc ? utc : "");
	if (!utc || !strptime(utc, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return;
	at = timegm(&tm);
	localtime_r(&at, &tm);
	strftime(text, len, "%F %T", &tm);
}

static void who(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *uid = json_object_get(row, "uid");
	const struct passwd *user =
		json_is_integer(uid) ? getpwuid((uid_t)json_integer_value(uid)) : NULL;

	(void)out;
	if (user)
		snprintf(text, len, "%s", user->pw_name);
	else if (json_is_integer(uid))
		snprintf(text, len, "%lld", (long long)json_integer_value(uid));
	else
		snprintf(text, len, "?");
}

static void kept(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%s", json_is_true(json_object_get(row, "kept")) ? "yes" : "no");
}

static const struct pdp_column columns[] = {
	{"GENERATION", "generation"}, {"WHEN", NULL, when}, {"WHO", NULL, who},
	{"KEPT", NULL, kept},	      {"CHANGE", "change"}, {NULL},
};

/* The last `n` of the rows. */
static void keep_last(json_t *rows, size_t n)
{
	while (json_array_size(rows) > n)
		json_array_remove(rows, 0);
}

enum pdp_outcome pdp_cmd_history(struct pdp_ctl *ctl, int argc, char **argv)
{
	json_t *rows = NULL;
	int code, n = LAST;

	if (pdp_cmd_at_most(ctl, 1, argc, argv))
		return PDP_USAGE;
	if (argc && (strspn(argv[0], "0123456789") != strlen(argv[0]) || (n = atoi(argv[0])) < 1)) {
		pdp_fail(&ctl->err, 0, "node history takes a number of changes, not '%s'", argv[0]);
		return PDP_USAGE;
	}
	code = pdp_client_get(&rows, ctl->run_dir, "/v1/history", &ctl->err);
	if (!code) {
		keep_last(rows, (size_t)n);
		code = pdp_table_print(rows, columns, &ctl->out);
	}
	json_decref(rows);
	return pdp_outcome_of(code);
}
