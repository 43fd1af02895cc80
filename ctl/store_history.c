/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store_history.c - what each change took and gave, told and undone.
 *
 * The rows that a change took and gave are kept as JSON arrays of their columns: as much as changed, and
 * not the node. A state of before is the one of now with the changes since undone, newest first, on the
 * temporary tables.
 */
#include "ctl/store_history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/store_db.h"

#define PAST_MAX (16 << 20) /* bytes of rows that are kept in all */
#define COLUMNS_MAX 512

/* --- noting ------------------------------------------------------------------------------------ */

/* A table's columns, each put through fmt, which has one %s or %d for its name or number. */
static int list_columns(const struct pdp_store *store, const struct pdp_rows *table,
			const char *fmt, char out[COLUMNS_MAX])
{
	char sql[128];
	sqlite3_stmt *row;
	size_t len = 0;
	int code;

	snprintf(sql, sizeof(sql), "SELECT %s FROM pragma_table_info('%s') ORDER BY cid", fmt,
		 table->name);
	code = sqlite3_prepare_v2(store->db, sql, -1, &row, NULL);
	out[0] = '\0';
	while (!code && (code = sqlite3_step(row)) == SQLITE_ROW && len < COLUMNS_MAX) {
		len += (size_t)snprintf(out + len, COLUMNS_MAX - len, "%s%s", len ? "," : "",
					(const char *)sqlite3_column_text(row, 0));
		code = 0;
	}
	sqlite3_finalize(row);
	return len >= COLUMNS_MAX ? SQLITE_TOOBIG : code == SQLITE_DONE ? 0 : code;
}

int pdp_history_note(const struct pdp_store *store, const struct pdp_rows *table,
		     uint64_t generation, bool gone)
{
	char columns[COLUMNS_MAX];
	int code = list_columns(store, table, "name", columns);

	if (code)
		return code;
	return pdp_db_runf(store,
			   "INSERT INTO main.past SELECT %lld, '%s', %d, json_array(%s) FROM"
			   " (SELECT * FROM temp.%s%s EXCEPT SELECT * FROM temp.%s%s)",
			   (long long)generation, table->name, gone, columns, gone ? "was_" : "",
			   table->name, gone ? "" : "was_", table->name);
}

int pdp_history_seal(const struct pdp_store *store, const struct pdp_state *state, const char *what)
{
	long long generation = (long long)state->generation + 1;
	int code = pdp_db_runf(store,
			       "INSERT OR REPLACE INTO main.history"
			       " (generation, time, text, uid, node, bytes)"
			       " SELECT %lld, %lld, %Q, %lld, %Q, coalesce(sum(length(row)), 0)"
			       " FROM main.past WHERE generation = %lld",
			       generation, (long long)time(NULL), what, (long long)state->by,
			       state->model.node, generation);

	if (!code)
		code = pdp_db_runf(store, "DELETE FROM main.history WHERE generation <= %lld",
				   generation - PDP_STORE_HISTORY);
	if (!code)
		code = pdp_db_runf(store,
				   "UPDATE main.history SET bytes = NULL WHERE generation IN"
				   " (SELECT generation FROM (SELECT generation, sum(bytes) OVER"
				   " (ORDER BY generation DESC) AS total FROM main.history)"
				   " WHERE total > %d)",
				   PAST_MAX);
	if (!code)
		code = pdp_db_run(store, "DELETE FROM main.past WHERE generation <"
					 " (SELECT min(generation) FROM main.history"
					 " WHERE bytes IS NOT NULL)");
	return code;
}

/* --- telling ----------------------------------------------------------------------------------- */

/* What a change led to can be made again while all later ones are noted. */
#define KEPT                                                                            \
	"at.node IS NOT NULL AND NOT EXISTS (SELECT * FROM main.history AS later WHERE" \
	" later.generation > at.generation AND later.bytes IS NULL)"

int pdp_store_history(struct pdp_store *store, size_t n,
		      int (*fn)(const struct pdp_store_entry *entry, void *arg), void *arg,
		      struct pdp_error *err)
{
	sqlite3_stmt *row;
	int code = sqlite3_prepare_v2(store->db,
				      "SELECT * FROM (SELECT generation, time, text, uid, " KEPT
				      " FROM main.history AS at ORDER BY generation DESC LIMIT ?1)"
				      " ORDER BY generation",
				      -1, &row, NULL);
	int ret = 0;

	if (code)
		return pdp_db_fail(store, code, err);
	sqlite3_bind_int64(row, 1, n > INT32_MAX ? INT32_MAX : (int64_t)n);
	while (!ret && (code = sqlite3_step(row)) == SQLITE_ROW) {
		bool known = sqlite3_column_type(row, 3) != SQLITE_NULL;
		const struct pdp_store_entry entry = {
			.generation = (uint64_t)sqlite3_column_int64(row, 0),
			.when = (time_t)sqlite3_column_int64(row, 1),
			.text = (const char *)sqlite3_column_text(row, 2),
			.by = known ? (uint32_t)sqlite3_column_int64(row, 3) : PDP_NOBODY,
			.kept = sqlite3_column_int(row, 4),
		};

		ret = fn(&entry, arg);
	}
	sqlite3_finalize(row);
	if (!ret && code != SQLITE_DONE)
		ret = pdp_db_fail(store, code, err);
	return ret;
}

/* --- undoing ----------------------------------------------------------------------------------- */

/* One change, on the temporary table: what it gave goes, what it took comes back. */
static int undo(const struct pdp_store *store, const struct pdp_rows *table, uint64_t generation)
{
	long long g = (long long)generation;
	char columns[COLUMNS_MAX], values[COLUMNS_MAX], sql[128];
	int64_t n = 0;
	int code;

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM main.past WHERE generation = %lld AND name = '%s'", g,
		 table->name);
	code = pdp_db_ask(store, sql, &n);
	if (code || !n)
		return code;
	code = list_columns(store, table, "name", columns);
	if (!code)
		code = list_columns(store, table, "printf('json_extract(row,''$[%d]'')', cid)",
				    values);
	if (!code)
		code = pdp_db_runf(
			store,
			"DELETE FROM temp.%s WHERE json_array(%s) IN (SELECT row FROM"
			" main.past WHERE generation = %lld AND name = '%s' AND NOT gone)",
			table->name, columns, g, table->name);
	if (!code)
		code = pdp_db_runf(store,
				   "INSERT INTO temp.%s SELECT %s FROM main.past"
				   " WHERE generation = %lld AND name = '%s' AND gone",
				   table->name, values, g, table->name);
	return code;
}

static int undo_all(const struct pdp_store *store, uint64_t now, uint64_t generation)
{
	int code = 0;

	for (size_t i = 0; !code && i < pdp_store_n_tables; i++) {
		const struct pdp_rows *table = &pdp_store_tables[i];

		code = pdp_db_runf(store, "INSERT INTO temp.%s SELECT * FROM main.%s", table->name,
				   table->name);
		for (uint64_t g = now; !code && g > generation; g--)
			code = undo(store, table, g);
	}
	return code;
}

/* The name that the node had, if all changes since are kept; "" otherwise. */
static int find_name(const struct pdp_store *store, uint64_t generation, char out[PDP_LABEL_MAX])
{
	sqlite3_stmt *row;
	int code = sqlite3_prepare_v2(store->db,
				      "SELECT node FROM main.history AS at WHERE generation = ?1"
				      " AND " KEPT,
				      -1, &row, NULL);

	out[0] = '\0';
	if (code)
		return code;
	sqlite3_bind_int64(row, 1, (int64_t)generation);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW)
		snprintf(out, PDP_LABEL_MAX, "%s", (const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : code;
}

int pdp_store_load_past(struct pdp_store *store, uint64_t generation, struct pdp_state *out,
			struct pdp_error *err)
{
	char name[PDP_LABEL_MAX];
	int64_t now = 0;
	int code = pdp_db_ask(store, "SELECT generation FROM main.node", &now);

	*out = (struct pdp_state){.generation = generation};
	if (!code)
		code = find_name(store, generation, name);
	if (code)
		return pdp_db_fail(store, code, err);
	if (!*name)
		return pdp_fail(
			err, -ENOENT,
			"generation %llu of the node is not kept; pdp-ctl node history tells "
			"which are",
			(unsigned long long)generation);
	memcpy(out->model.node, name, sizeof(name));
	code = undo_all(store, (uint64_t)now, generation);
	if (!code)
		code = pdp_rows_read(store->db, "temp", out);
	for (size_t i = 0; i < pdp_store_n_tables; i++)
		pdp_db_runf(store, "DELETE FROM temp.%s", pdp_store_tables[i].name);
	if (!code)
		return 0;
	pdp_state_free(out);
	return pdp_db_fail(store, code, err);
}
