/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store.c - the one file that a node's desired state and decisions survive in.
 *
 * Off the packet's path: owns the file and its lock. A store comes into being under another name and
 * is renamed when it is whole, so that an empty file is never taken for a new node. Until a store has
 * proved to be whole nothing is written to it, not even what SQLite would write on closing.
 */
#include "ctl/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/failpoint.h"
#include "ctl/store_db.h"
#include "ctl/store_history.h"
#include "ctl/store_rows.h"

#define APPLICATION_ID 0x50645000 /* "PdP" */

void pdp_state_free(struct pdp_state *state)
{
	if (!state)
		return;
	pdp_model_free(&state->model);
	pdp_placement_free(&state->placement);
	state->generation = 0;
}

/* --- trust ----------------------------------------------------------------------------------- */

static int check_digest(const struct pdp_store *store, struct pdp_error *err)
{
	int64_t kept, found = 0, rows;
	int code = pdp_db_ask(store, "SELECT count(*) FROM main.node", &rows);

	if (!code)
		code = pdp_db_ask(store, "SELECT digest FROM main.node", &kept);
	if (!code)
		code = pdp_rows_digest(store->db, store->version, &found);
	if (code)
		return pdp_db_fail(store, code, err);
	if (rows != 1)
		return pdp_db_fail_corrupt(store, "its node is gone", err);
	if (kept != found)
		return pdp_db_fail_corrupt(
			store,
			"its rows are not those that were saved (a flipped bit, or "
			"another program wrote to it)",
			err);
	return 0;
}

/* --- coming into being ----------------------------------------------------------------------- */

/* Keep a new name of a file, or the lack of an old one. */
static int sync_directory(const struct pdp_store *store)
{
	char copy[PATH_MAX];
	int fd, code = 0;

	snprintf(copy, sizeof(copy), "%s", store->path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		code = -errno;
	if (fd >= 0)
		close(fd);
	return code;
}

static int remove_draft(const char *draft)
{
	char journal[PATH_MAX + 16];

	snprintf(journal, sizeof(journal), "%s-journal", draft);
	if ((unlink(draft) && errno != ENOENT) || (unlink(journal) && errno != ENOENT))
		return -errno;
	return 0;
}

/* A store of generation 0, whole. */
static int fill_draft(struct pdp_store *store, const char *draft, struct pdp_error *err)
{
	int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int64_t digest = 0;
	int code;

	if (fd < 0)
		return pdp_db_fail_system(store, errno, err);
	close(fd);
	code = sqlite3_open_v2(draft, &store->db, SQLITE_OPEN_READWRITE, NULL);
	if (!code)
		code = pdp_db_runf(store,
				   "PRAGMA application_id = %d; PRAGMA user_version = %d;"
				   "PRAGMA synchronous = FULL; BEGIN",
				   APPLICATION_ID, PDP_STORE_SCHEMA);
	if (!code)
		code = pdp_db_run(store, pdp_store_schema);
	pdp_failpoint("store-create");
	if (!code)
		code = pdp_db_run(store, "INSERT INTO node VALUES (1, '', 0, 0)");
	if (!code)
		code = pdp_rows_digest(store->db, store->version, &digest);
	if (!code)
		code = pdp_db_runf(store, "UPDATE node SET digest = %lld; COMMIT",
				   (long long)digest);
	code = code ? pdp_db_fail(store, code, err) : 0;
	sqlite3_close(store->db);
	store->db = NULL;
	return code;
}

static int create(struct pdp_store *store, struct pdp_error *err)
{
	char draft[PATH_MAX];
	int code;

	snprintf(draft, sizeof(draft), "%s.new", store->path);
	code = remove_draft(draft);
	if (code)
		return pdp_db_fail_system(store, -code, err);
	code = fill_draft(store, draft, err);
	pdp_failpoint("store-created");
	if (!code && link(draft, store->path))
		code = errno == EEXIST ? 0 : pdp_db_fail_system(store, errno, err);
	remove_draft(draft);
	if (!code && (code = sync_directory(store)))
		code = pdp_db_fail_system(store, -code, err);
	return code;
}

/* --- opening --------------------------------------------------------------------------------- */

/* What is told by the file's name and size. 1: there is none. */
static int check_file(const struct pdp_store *store, struct pdp_error *err)
{
	struct stat st;

	if (strlen(store->path) > PATH_MAX - 16)
		return pdp_fail(err, -ENAMETOOLONG, "%.60s...: too long for a path", store->path);
	if (stat(store->path, &st))
		return errno == ENOENT ? 1 : pdp_db_fail_system(store, errno, err);
	if (!S_ISREG(st.st_mode))
		return pdp_fail(err, -EBADMSG, "%s is no file", store->path);
	if (st.st_size == 0)
		return pdp_db_fail_corrupt(store, "it is empty, and a store never is", err);
	return 0;
}

static int check_version(struct pdp_store *store, struct pdp_error *err)
{
	int64_t id, version;
	int code = pdp_db_ask(store, "PRAGMA application_id", &id);

	if (!code)
		code = pdp_db_ask(store, "PRAGMA user_version", &version);
	if (code)
		return pdp_db_fail(store, code, err);
	if (id != APPLICATION_ID)
		return pdp_db_fail_corrupt(store, "it is a database of another program", err);
	store->version = (int)version;
	if (version < 1 || version > PDP_STORE_SCHEMA)
		return pdp_fail(err, -ENOTSUP,
				"%s has schema version %lld; this is PdP " PDP_VERSION
				", which has version %d: run the PdP that made it" PDP_DB_AGAIN,
				store->path, (long long)version, PDP_STORE_SCHEMA);
	return 0;
}

static int note_first(void *arg, int columns, char **values, char **names)
{
	char *first = arg;

	(void)names;
	if (!*first && columns && values[0] && strcmp(values[0], "ok") != 0)
		snprintf(first, 160, "%s", values[0]);
	return 0;
}

static int check_integrity(struct pdp_store *store, struct pdp_error *err)
{
	char first[160] = "";
	int64_t orphans;
	int code = sqlite3_exec(store->db, "PRAGMA integrity_check(1)", note_first, first, NULL);

	if (!code)
		code = pdp_db_ask(store, "SELECT count(*) FROM pragma_foreign_key_check", &orphans);
	if (code)
		return pdp_db_fail(store, code, err);
	first[strcspn(first, "\n")] = '\0';
	if (*first)
		return pdp_db_fail_corrupt(store, first, err);
	if (orphans)
		return pdp_db_fail_corrupt(store, "rows refer to rows that are gone", err);
	return check_digest(store, err);
}

/* Locks the file; from here on another process is refused. */
static int lock(struct pdp_store *store, struct pdp_error *err)
{
	int code = pdp_db_run(store, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;"
				     "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
				     "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
				     "BEGIN IMMEDIATE; SELECT count(*) FROM sqlite_schema; COMMIT");

	return code ? pdp_db_fail(store, code, err) : 0;
}

/* A store of an earlier version, which has been proved, to one of this: all of it or nothing. */
static int upgrade(struct pdp_store *store, struct pdp_error *err)
{
	int64_t digest = 0;
	int code;

	if (store->version == PDP_STORE_SCHEMA)
		return 0;
	code = pdp_db_runf(store, "BEGIN IMMEDIATE; PRAGMA user_version = %d", PDP_STORE_SCHEMA);
	for (int version = store->version + 1; !code && version <= PDP_STORE_SCHEMA; version++)
		code = pdp_db_run(store, pdp_store_upgrades[version]);
	pdp_failpoint("store-upgrade");
	if (!code)
		code = pdp_rows_digest(store->db, PDP_STORE_SCHEMA, &digest);
	if (!code)
		code = pdp_db_runf(store, "UPDATE main.node SET digest = %lld; COMMIT",
				   (long long)digest);
	if (code) {
		code = pdp_db_fail(store, code, err);
		pdp_db_run(store, "ROLLBACK");
		return code;
	}
	store->version = PDP_STORE_SCHEMA;
	return 0;
}

/* From here on the file may be written to. */
static int settle(struct pdp_store *store, struct pdp_error *err)
{
	int code = pdp_db_run(store, "PRAGMA journal_mode = WAL");

	if (!code)
		code = pdp_rows_prepare(store->db);
	if (!code)
		code = sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return code ? pdp_db_fail(store, code, err) : 0;
}

static int open_file(struct pdp_store *store, struct pdp_error *err)
{
	int code = sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE, NULL);

	if (!store->db)
		return pdp_fail(err, -ENOMEM, "%s: out of memory", store->path);
	sqlite3_extended_result_codes(store->db, 1);
	if (!code)
		code = sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (!code)
		code = sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (code)
		return pdp_db_fail(store, code, err);
	if (sqlite3_db_readonly(store->db, "main"))
		return pdp_db_fail_system(store, EROFS, err);
	return 0;
}

int pdp_store_open(struct pdp_store **out, const char *path, struct pdp_error *err)
{
	static int (*const steps[])(struct pdp_store *, struct pdp_error *) = {
		lock, check_version, check_integrity, upgrade, settle};
	struct pdp_store *store = calloc(1, sizeof(*store));
	int code;

	*out = NULL;
	if (store) {
		store->path = strdup(path);
		store->version = PDP_STORE_SCHEMA;
	}
	if (!store || !store->path) {
		free(store);
		return pdp_fail(err, -ENOMEM, "%s: out of memory", path);
	}
	code = check_file(store, err);
	if (code > 0)
		code = create(store, err);
	if (!code)
		code = open_file(store, err);
	for (size_t i = 0; !code && i < sizeof(steps) / sizeof(steps[0]); i++)
		code = steps[i](store, err);
	if (code) {
		pdp_store_close(store);
		return code;
	}
	*out = store;
	return 0;
}

void pdp_store_close(struct pdp_store *store)
{
	if (!store)
		return;
	sqlite3_close(store->db);
	pdp_rows_forget(&store->seen);
	free(store->path);
	free(store);
}

/* --- loading --------------------------------------------------------------------------------- */

static int read_node(const struct pdp_store *store, struct pdp_state *out)
{
	sqlite3_stmt *row;
	int code = sqlite3_prepare_v2(store->db, "SELECT name, generation FROM main.node", -1, &row,
				      NULL);

	if (code)
		return code;
	code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		snprintf(out->model.node, sizeof(out->model.node), "%s",
			 (const char *)sqlite3_column_text(row, 0));
		out->generation = (uint64_t)sqlite3_column_int64(row, 1);
	}
	sqlite3_finalize(row);
	return code == SQLITE_ROW ? 0 : code;
}

int pdp_store_load(struct pdp_store *store, struct pdp_state *out, struct pdp_error *err)
{
	int code;

	*out = (struct pdp_state){0};
	code = check_digest(store, err);
	if (code)
		return code;
	code = read_node(store, out);
	if (!code)
		code = pdp_rows_read(store->db, "main", out);
	if (code) {
		pdp_state_free(out);
		return pdp_db_fail(store, code, err);
	}
	return 0;
}

/* --- saving ---------------------------------------------------------------------------------- */

/* Make main.TABLE what temp.TABLE is. Rows go before rows come, so that an id may change hands. */
static int remove_rows(const struct pdp_store *store, const struct pdp_rows *table,
		       uint64_t generation, int *changed)
{
	int code = pdp_history_note(store, table, generation, true);

	if (!code)
		code = pdp_db_runf(store,
				   "DELETE FROM main.%s WHERE (%s) IN (SELECT %s FROM"
				   " (SELECT * FROM temp.was_%s EXCEPT SELECT * FROM temp.%s))",
				   table->name, table->key, table->key, table->name, table->name);
	*changed += sqlite3_changes(store->db);
	return code;
}

static int add_rows(const struct pdp_store *store, const struct pdp_rows *table,
		    uint64_t generation, int *changed)
{
	int code = pdp_history_note(store, table, generation, false);

	if (!code)
		code = pdp_db_runf(store,
				   "INSERT INTO main.%s SELECT * FROM temp.%s EXCEPT"
				   " SELECT * FROM temp.was_%s",
				   table->name, table->name, table->name);
	*changed += sqlite3_changes(store->db);
	return code ? code : pdp_db_runf(store, "DELETE FROM temp.%s", table->name);
}

static int write_rows(const struct pdp_store *store, const struct pdp_state *state,
		      struct pdp_rows_seen *now, int *changed, struct pdp_error *err)
{
	uint64_t generation = state->generation + 1;
	int code = pdp_rows_write(store->db, state, &store->seen, now, err);

	if (code < 0)
		return code;
	for (size_t i = 0; !code && i < pdp_store_n_tables; i++)
		code = remove_rows(store, &pdp_store_tables[i], generation, changed);
	pdp_failpoint("store-remove");
	for (size_t i = 0; !code && i < pdp_store_n_tables; i++)
		code = add_rows(store, &pdp_store_tables[i], generation, changed);
	pdp_failpoint("store-add");
	return code ? pdp_db_fail(store, code, err) : 0;
}

/* The node's own row, what is remembered of the change, and the digest of it all. */
static int seal(const struct pdp_store *store, const struct pdp_state *state, const char *what,
		struct pdp_error *err)
{
	long long generation = (long long)state->generation + 1;
	int64_t digest = 0;
	int code = pdp_db_runf(store, "UPDATE main.node SET name = %Q, generation = %lld",
			       state->model.node, generation);

	if (!code)
		code = pdp_history_seal(store, state, what);
	if (!code)
		code = pdp_rows_digest(store->db, store->version, &digest);
	if (!code)
		code = pdp_db_runf(store, "UPDATE main.node SET digest = %lld", (long long)digest);
	return code ? pdp_db_fail(store, code, err) : 0;
}

static int check_generation(const struct pdp_store *store, const struct pdp_state *state,
			    bool *renamed, struct pdp_error *err)
{
	struct pdp_state kept = {0};
	int code = read_node(store, &kept);

	if (code)
		return pdp_db_fail(store, code, err);
	*renamed = strcmp(kept.model.node, state->model.node) != 0;
	if (kept.generation == state->generation)
		return 0;
	return pdp_fail(err, -ESTALE,
			"the change was made for generation %llu of the node, which has "
			"generation %llu by now; look again and repeat it",
			(unsigned long long)state->generation, (unsigned long long)kept.generation);
}

/* Inside a transaction. 0, or 1 when there was nothing to write. */
static int write_state(const struct pdp_store *store, const struct pdp_state *state,
		       const char *what, struct pdp_rows_seen *now, struct pdp_error *err)
{
	int code, changed = 0;
	bool renamed = false;

	code = check_generation(store, state, &renamed, err);
	if (!code)
		code = write_rows(store, state, now, &changed, err);
	if (!code && !changed && !renamed)
		return 1;
	return code ? code : seal(store, state, what, err);
}

/* What is stored now is what was seen on the way there; after a failure it is what it was. */
static void remember(struct pdp_store *store, struct pdp_rows_seen *now, bool saved)
{
	pdp_rows_forget(saved ? &store->seen : now);
	if (saved)
		store->seen = *now;
}

int pdp_store_save(struct pdp_store *store, struct pdp_state *state, const char *what,
		   struct pdp_error *err)
{
	struct pdp_rows_seen now = {0};
	int code = pdp_db_run(store, "BEGIN IMMEDIATE");

	if (code)
		return pdp_db_fail(store, code, err);
	pdp_failpoint("store-begin");
	code = write_state(store, state, what, &now, err);
	pdp_failpoint("store-commit");
	if (!code && (code = pdp_db_run(store, "COMMIT")))
		code = pdp_db_fail(store, code, err);
	remember(store, &now, code >= 0);
	if (code) {
		pdp_db_run(store, "ROLLBACK");
		return code < 0 ? code : 0;
	}
	pdp_failpoint("store-committed");
	state->generation++;
	/* The file alone is the whole store then; what fails here is in the WAL, and safe. */
	pdp_db_run(store, "PRAGMA wal_checkpoint(TRUNCATE)");
	pdp_failpoint("store-checkpointed");
	return 0;
}
