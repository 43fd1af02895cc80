/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * views_history.c - what was done to a node, and what it was before.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "ctl/nodefile_write.h"
#include "ctl/store.h"
#include "ctl/views.h"

static int add_entry(const struct pdp_store_entry *entry, void *rows)
{
	char when[32];
	struct tm tm;

	gmtime_r(&entry->when, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_array_append_new(
		rows, json_pack("{s:I, s:s, s:o, s:s, s:b}", "generation",
				(json_int_t)entry->generation, "time", when, "uid",
				entry->by == PDP_NOBODY ? json_null() : json_integer(entry->by),
				"change", entry->text, "kept", entry->kept));
}

json_t *pdp_view_history(struct pdp_node *node)
{
	json_t *rows = json_array();

	if (!pdp_store_history(node->db, PDP_STORE_HISTORY, add_entry, rows, NULL))
		return rows;
	json_decref(rows);
	return NULL;
}

int pdp_view_export(char **out, const struct pdp_node *node, uint64_t generation,
		    struct pdp_error *err)
{
	struct pdp_state past = {0};
	int code = 0;

	if (generation && generation != node->generation)
		code = pdp_store_load_past(node->db, generation, &past, err);
	if (code)
		return code;
	*out = pdp_nodefile_write(*past.model.node ? &past.model : &node->model);
	pdp_state_free(&past);
	return *out ? 0 : pdp_fail(err, -ENOMEM, "no memory for a node file");
}
