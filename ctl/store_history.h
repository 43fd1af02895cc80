/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store_history.h - what each change took and gave, so that it can be told and undone; for the store alone.
 */
#ifndef PDP_STORE_HISTORY_H
#define PDP_STORE_HISTORY_H

#include <stdbool.h>

#include "ctl/store_rows.h"

/*
 * Inside a save, for each table: note the rows that go (main.TABLE without temp.TABLE) before they do, and
 * those that come. 0 or an SQLite code.
 */
int pdp_history_note(const struct pdp_store *store, const struct pdp_rows *table,
		     uint64_t generation, bool gone);

/* The change as a whole, when all rows are noted; the oldest changes are forgotten. 0 or an SQLite code. */
int pdp_history_seal(const struct pdp_store *store, const struct pdp_state *state,
		     const char *what);

#endif
