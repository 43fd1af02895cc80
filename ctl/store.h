/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store.h - the one file that a node's desired state and decisions survive in.
 *
 * SQLite in WAL mode with synchronous=FULL: what was saved is there after a crash, whole or not at
 * all. Everything else is observed (maps, links, containers). Used by one thread of one process: the
 * file stays locked from open to close. See docs/state.md.
 */
#ifndef PDP_STORE_H
#define PDP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "ctl/model.h"
#include "ctl/placement.h"
#include "loader/loader.h"

#define PDP_STORE_PATH "/var/lib/pdp/state.db"
#define PDP_STORE_SCHEMA 4
#define PDP_STORE_HISTORY 200 /* changes that are remembered */

/* Generation 0: nothing was ever saved; each save makes it one more. model.node is "" then. */
struct pdp_state {
	uint64_t generation;
	struct pdp_model model;
	struct pdp_placement placement;
	uint32_t by; /* uid of who asks for it to be saved; for the history */
};

/* Free what hangs on the state and zero it; a zeroed one or NULL is fine. */
void pdp_state_free(struct pdp_state *state);

struct pdp_store;

/*
 * pdp_store_open() - open the store at path, or make one where there is no file.
 *
 * Locks the file and proves that all of it can be trusted. One of an earlier schema version becomes one of
 * this; a PdP of that version would not read it then. A file that cannot is left as it is, and err
 * says what is wrong, where, and what to do: -EBADMSG corrupt, cut, empty, or no store at all; -EROFS
 * not writable; -ENOTSUP of a later schema version; -EBUSY in use by another process; -ENOSPC; -errno
 * of what the file system said. The directory must exist.
 */
int pdp_store_open(struct pdp_store **out, const char *path, struct pdp_error *err);

/* NULL is fine. What was saved is safe without this. */
void pdp_store_close(struct pdp_store *store);

/*
 * All of it, or nothing and an error as above. Lists come in the order of their labels (strverscmp),
 * routes in that of their prefixes. `line` is 0 everywhere.
 */
int pdp_store_load(struct pdp_store *store, struct pdp_state *out, struct pdp_error *err);

/*
 * pdp_store_save() - make this the state, in one transaction; only rows that differ are written.
 * @state: with the generation that it was made from; on success it is one more.
 * @what: for the history, "vnet set red power 3000m".
 *
 * Returns when it is on disk. -ESTALE: somebody else saved since; -EINVAL: an id is missing, out of
 * range or given twice; or as for open. On failure the store holds what it held.
 */
int pdp_store_save(struct pdp_store *store, struct pdp_state *state, const char *what,
		   struct pdp_error *err);

#define PDP_NOBODY UINT32_MAX

/* One applied change. text lives until the call returns. */
struct pdp_store_entry {
	uint64_t generation;
	time_t when;
	const char *text;
	uint32_t by; /* uid; PDP_NOBODY: not known */
	bool kept; /* pdp_store_load_past() can make it again */
};

/* The last n changes, oldest first; a fn that does not return 0 ends it and is returned. */
int pdp_store_history(struct pdp_store *store, size_t n,
		      int (*fn)(const struct pdp_store_entry *entry, void *arg), void *arg,
		      struct pdp_error *err);

/*
 * pdp_store_load_past() - what the state was after the change that made this generation.
 *
 * As pdp_store_load(); -ENOENT: it is not among the last changes, or they took too much room to be kept.
 */
int pdp_store_load_past(struct pdp_store *store, uint64_t generation, struct pdp_state *out,
			struct pdp_error *err);

#endif
