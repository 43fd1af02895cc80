/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store_digest.c - are a store's rows those that were saved? SQLite does not notice a flipped bit inside a
 * value; this does.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/fnv.h"
#include "ctl/store_rows.h"

static int digest_rows(sqlite3 *db, const char *sql, uint64_t *digest)
{
	sqlite3_stmt *row;
	int code = sqlite3_prepare_v2(db, sql, -1, &row, NULL);

	while (!code && (code = sqlite3_step(row)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(row); i++) {
			const unsigned char *text = sqlite3_column_text(row, i);
			int len = sqlite3_column_bytes(row, i);

			*digest = pdp_fnv(*digest, &len, sizeof(len));
			*digest = pdp_fnv(*digest, text, text ? (size_t)len : 0);
		}
		code = 0;
	}
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? 0 : code;
}

int pdp_rows_digest(sqlite3 *db, int version, int64_t *out)
{
	uint64_t digest = PDP_FNV_BASIS;
	int code =
		digest_rows(db, "SELECT name, sql FROM main.sqlite_schema ORDER BY name", &digest);

	if (!code)
		code = digest_rows(db, "SELECT name, generation FROM main.node", &digest);
	for (size_t i = 0; !code && i < pdp_store_n_tables; i++) {
		char sql[96];

		if (pdp_store_tables[i].since > version)
			continue;
		snprintf(sql, sizeof(sql), "SELECT * FROM main.%s ORDER BY %s",
			 pdp_store_tables[i].name, pdp_store_tables[i].key);
		code = digest_rows(db, sql, &digest);
		digest = pdp_fnv(digest, "", 1);
	}
	memcpy(out, &digest, sizeof(*out));
	return code;
}
