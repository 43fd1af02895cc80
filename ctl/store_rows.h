/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store_rows.h - a state as rows of tables, for store.c alone.
 */
#ifndef PDP_STORE_ROWS_H
#define PDP_STORE_ROWS_H

#include <sqlite3.h>

#include "ctl/store.h"

/* One table; in the order in which rows may refer to those of earlier ones. */
struct pdp_rows {
	const char *name;
	const char *key; /* its primary key's columns, with commas */
	const char *vnet; /* the column that says whose a row is; NULL = the node's */
	int since; /* the schema version that brought it */
};

extern const struct pdp_rows pdp_store_tables[];
extern const size_t pdp_store_n_tables;

/* CREATE TABLE statements of PDP_STORE_SCHEMA. */
extern const char pdp_store_schema[];

/* What makes a store of the version before one of this version; the first two are empty. */
extern const char *const pdp_store_upgrades[PDP_STORE_SCHEMA + 1];

/*
 * Make, for this connection, the tables temp.NAME for what is to be, and the views temp.was_NAME for what
 * it is to be compared with. An SQLite code.
 */
int pdp_rows_prepare(sqlite3 *db);

/* The vnets that are stored, each by a digest of its rows: who has not changed need not be compared. */
struct pdp_rows_seen {
	struct pdp_vnet_seen *vnets; /* by name */
	size_t n;
	bool known; /* otherwise the store is to be looked at */
};

void pdp_rows_forget(struct pdp_rows_seen *seen);

/*
 * Put the rows of the state into the tables temp.NAME: those of the node, and of vnets that are not as
 * they were seen before. The views temp.was_NAME then show the rows of the same that are stored, and are what
 * to compare with. *now is what will have been seen once that is stored too; the caller's to forget. 0;
 * -EINVAL when the placement is not that of the model, with the sentence in err; another SQLite result is
 * the positive code.
 */
int pdp_rows_write(sqlite3 *db, const struct pdp_state *state, const struct pdp_rows_seen *before,
		   struct pdp_rows_seen *now, struct pdp_error *err);

/*
 * Fill out->model and out->placement from the tables of a database, "main" or "temp". 0, -ENOMEM, or a
 * positive SQLite code.
 */
int pdp_rows_read(sqlite3 *db, const char *from, struct pdp_state *out);

/*
 * FNV-1a of 64 bits over the schema, the node's row and the contents of all tables that a store of this
 * schema version has. SQLite itself does not notice a flipped bit inside a value. 0 or a positive
 * SQLite code.
 */
int pdp_rows_digest(sqlite3 *db, int version, int64_t *out);

#endif
