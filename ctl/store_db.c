/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store_db.c - the store's database: statements, and what went wrong in words.
 */
#include "ctl/store_db.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

int pdp_db_fail_system(const struct pdp_store *store, int number, struct pdp_error *err)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return pdp_fail(err, -ENOSPC,
				"%s: no space left on its file system; what was not saved is not "
				"done: make room and try again",
				store->path);
	case EACCES:
	case EPERM:
	case EROFS:
		return pdp_fail(err, -EROFS,
				"%s: it cannot be written (%s); make file, directory and file "
				"system writable",
				store->path, strerror(number));
	default:
		return pdp_fail(err, -number, "%s: %s", store->path, strerror(number));
	}
}

int pdp_db_fail_corrupt(const struct pdp_store *store, const char *how, struct pdp_error *err)
{
	return pdp_fail(err, -EBADMSG, "%s is corrupt: %s" PDP_DB_AGAIN, store->path, how);
}

int pdp_db_fail(const struct pdp_store *store, int code, struct pdp_error *err)
{
	int number = sqlite3_system_errno(store->db);

	if (code == -ENOMEM || (code & 0xff) == SQLITE_NOMEM)
		return pdp_fail(err, -ENOMEM, "%s: out of memory", store->path);
	switch (code & 0xff) {
	case SQLITE_FULL:
		return pdp_db_fail_system(store, ENOSPC, err);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return pdp_db_fail_system(store, EROFS, err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return pdp_fail(err, -EBUSY,
				"%s is in use by another process; only one pdpd may have it",
				store->path);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		return pdp_db_fail_system(store, number ? number : EIO, err);
	case SQLITE_NOTADB:
		return pdp_db_fail_corrupt(store, "it is no SQLite database", err);
	case SQLITE_CONSTRAINT:
		return pdp_fail(err, -EINVAL, "%s: such a state cannot be kept: %s", store->path,
				sqlite3_errmsg(store->db));
	default:
		return pdp_db_fail_corrupt(store, sqlite3_errmsg(store->db), err);
	}
}

int pdp_db_run(const struct pdp_store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

int pdp_db_runf(const struct pdp_store *store, const char *fmt, ...)
{
	va_list args;
	char *sql;
	int code;

	va_start(args, fmt);
	sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	if (!sql)
		return SQLITE_NOMEM;
	code = pdp_db_run(store, sql);
	sqlite3_free(sql);
	return code;
}

int pdp_db_ask(const struct pdp_store *store, const char *sql, int64_t *out)
{
	sqlite3_stmt *row;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &row, NULL);

	*out = 0;
	if (code)
		return code;
	code = sqlite3_step(row);
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : code;
}
