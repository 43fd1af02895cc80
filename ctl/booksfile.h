/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * booksfile.h - what guests that have gone leave to their vnet's books, kept past a controller's death.
 *
 * RUN_DIR/books/VNET, one struct pdp_ledger_guest each: of the life of the maps, which are in memory
 * too. A file of another build's size is no file.
 */
#ifndef PDP_BOOKSFILE_H
#define PDP_BOOKSFILE_H

#include "ctl/ledger.h"
#include "loader/loader.h"

/* Whole or not at all, whenever the writer dies. 0 or -errno. */
int pdp_booksfile_save(const char *run_dir, const char *vnet, const struct pdp_ledger_guest *gone,
		       struct pdp_error *err);

/* *gone stays as it is where there is none. */
void pdp_booksfile_load(const char *run_dir, const char *vnet, struct pdp_ledger_guest *gone);

/* Of one vnet; of all when vnet is NULL. */
void pdp_booksfile_remove(const char *run_dir, const char *vnet);

#endif
