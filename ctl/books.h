/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * books.h - reads the counters that a vnet's ledger is closed from.
 *
 * The programs count on while they are read. So the books are read against the packet's path, the
 * dispatcher's first and the classifier's last: what seems to be in flight can only be too much, by the
 * packets that came in meanwhile, and that number is read too.
 */
#ifndef PDP_BOOKS_H
#define PDP_BOOKS_H

#include "ctl/guest.h"
#include "ctl/ledger.h"
#include "loader/loader.h"

/* What earlier links of a guest lost: counters are kept by ifindex, and a new link has a new one. */
struct pdp_books_past {
	uint64_t lost_to;
	uint64_t lost_from;
	uint64_t lost_with_link;
};

/* Whose books: a guest of the vnet. */
struct pdp_books_guest {
	uint16_t id;
	char name[48];
	int link_ifindex;
	struct pdp_guest_box *box; /* NULL when only the maps can be read */
	struct pdp_books_past past;
};

struct pdp_books {
	struct pdp_ledger_in in;
	struct pdp_ledger_guest *guests; /* in.guests */
};

struct pdp_hops;

/* What books are read from. */
struct pdp_books_source {
	const struct pdp_loader *ld;
	const char *run_dir; /* where the delay line has its counters */
	/*
	 * NULL: the kernel's losses are read in their turn, and the books balance. Otherwise those that were
	 * read for many vnets, a moment ago: for a look.
	 */
	const struct pdp_hops *hops;
};

/* Read; *out is the caller's to free. 0 or -errno. */
int pdp_books_read(struct pdp_books *out, const struct pdp_books_source *from, uint16_t vnet,
		   const struct pdp_books_guest *guests, size_t n_guests, struct pdp_error *err);
void pdp_books_free(struct pdp_books *books);

/* The guest's link takes nothing any more: what went to it and was not seen again is lost with it. */
void pdp_books_count_lost(struct pdp_books_guest *guest, const struct pdp_loader *ld,
			  uint16_t vnet);
/* It has gone: move what it lost to its past or its vnet's, and out of pdp_xmit_drops. */
void pdp_books_bury_link(struct pdp_books_guest *guest, const struct pdp_loader *ld, uint16_t vnet);

#endif
