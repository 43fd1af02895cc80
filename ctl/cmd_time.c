/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_time.c - pdp-ctl guest time: what a packet costs on the guests' devices.
 *
 * The kernel times programs while somebody holds a descriptor for that, which costs each run of any program some
 * 20 ns: so it is done for a second, when it is asked for, and ends with this process whatever becomes of it.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/cmd.h"
#include "ctl/table.h"
#include "loader/loader.h"

static const struct pdp_column columns[] = {
	{"GUEST", "name"},
	{"KIND", "runs"},
	PDP_COUNT_COLUMN("PACKETS", "packets"),
	{"NS A PACKET", "ns_per_packet"},
	{NULL},
};

static json_int_t fast(const json_t *guest, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(guest, "fast_half"), key));
}

static const json_t *find(const json_t *guests, const char *name)
{
	const json_t *guest;
	size_t i;

	json_array_foreach(guests, i, guest)
		if (!strcmp(json_string_value(json_object_get(guest, "name")), name))
			return guest;
	return NULL;
}

/* A guest whose program was replaced meanwhile has begun anew. */
static json_t *row_of(const json_t *before, const json_t *after)
{
	json_int_t runs = fast(after, "runs"), ns = fast(after, "run_ns");

	if (runs >= fast(before, "runs")) {
		runs -= fast(before, "runs");
		ns -= fast(before, "run_ns");
	}
	return json_pack("{s:O, s:O, s:I, s:o}", "name", json_object_get(after, "name"), "runs",
			 json_object_get(after, "runs"), "packets", runs, "ns_per_packet",
			 runs ? json_integer(ns / runs) : json_null());
}

/* The FE guests of both, or the one of this name. */
static json_t *compare(const json_t *before, const json_t *after, const char *name)
{
	json_t *rows = json_array();
	const json_t *guest;
	size_t i;

	json_array_foreach(after, i, guest) {
		const char *its = json_string_value(json_object_get(guest, "name"));

		if (json_object_get(guest, "fast_half") && (!name || !strcmp(its, name)))
			json_array_append_new(rows, row_of(find(before, its), guest));
	}
	return rows;
}

static int time_for_a_second(struct pdp_ctl *ctl, json_t **before, json_t **after)
{
	const struct timespec second = {.tv_sec = 1};
	int fd = pdp_loader_time_programs(&ctl->err), code;

	if (fd < 0)
		return fd;
	code = pdp_client_get(before, ctl->run_dir, "/v1/guests", &ctl->err);
	if (!code)
		nanosleep(&second, NULL);
	if (!code)
		code = pdp_client_get(after, ctl->run_dir, "/v1/guests", &ctl->err);
	close(fd);
	return code;
}

enum pdp_outcome pdp_cmd_time(struct pdp_ctl *ctl, int argc, char **argv)
{
	json_t *before = NULL, *after = NULL, *rows = NULL;
	int code;

	if (pdp_cmd_at_most(ctl, 1, argc, argv))
		return PDP_USAGE;
	code = time_for_a_second(ctl, &before, &after);
	if (!code) {
		rows = compare(before, after, argc ? argv[0] : NULL);
		if (argc && !json_array_size(rows))
			code = pdp_fail(&ctl->err, -ENOENT, "no FE guest is called '%s'", argv[0]);
		else
			code = pdp_table_print(rows, columns, &ctl->out);
	}
	json_decref(before);
	json_decref(after);
	json_decref(rows);
	return pdp_outcome_of(code);
}
