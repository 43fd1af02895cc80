/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store_db.h - the store's database: statements, and what went wrong in words; for the store alone.
 */
#ifndef PDP_STORE_DB_H
#define PDP_STORE_DB_H

#include <sqlite3.h>

#include "ctl/store.h"
#include "ctl/store_rows.h"

struct pdp_store {
	sqlite3 *db;
	int version; /* of its schema */
	char *path;
	struct pdp_rows_seen seen; /* of what was saved last */
};

#define PDP_DB_AGAIN "; move it away and apply the node file again, or put a copy in its place"

/* 0 or an SQLite code. With f as sqlite3_mprintf(3): %Q is a quoted text. */
int pdp_db_run(const struct pdp_store *store, const char *sql);
int pdp_db_runf(const struct pdp_store *store, const char *fmt, ...);

/* The number that a query of one row and column gives. 0 or an SQLite code. */
int pdp_db_ask(const struct pdp_store *store, const char *sql, int64_t *out);

/* The sentence and the -errno for an SQLite code, for a negative errno, for an errno, for a fault found. */
int pdp_db_fail(const struct pdp_store *store, int code, struct pdp_error *err);
int pdp_db_fail_system(const struct pdp_store *store, int number, struct pdp_error *err);
int pdp_db_fail_corrupt(const struct pdp_store *store, const char *how, struct pdp_error *err);

#endif
