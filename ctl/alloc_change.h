/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_change.h - vnets that are placed already: grown, shrunk, moved off an FE, packed closer.
 *
 * Every function here makes a plan and leaves the books as they are, so that it also answers what-if;
 * pdp_alloc_apply() and pdp_alloc_move() then enter it. A vnet has at most one guest on an FE.
 */
#ifndef PDP_ALLOC_CHANGE_H
#define PDP_ALLOC_CHANGE_H

#include "ctl/alloc.h"

/* What becomes of a guest. before 0: it is new; after 0: it goes; both the same: it is kept as it is. */
struct pdp_alloc_change {
	size_t fe;
	uint32_t before;
	uint32_t after;
};

#define PDP_ALLOC_CHANGES_MAX (2 * PDP_VNET_GUESTS_MAX)

/*
 * pdp_alloc_resize() - another power for a vnet, with the guests it has as far as can be.
 * @changes: room for PDP_ALLOC_CHANGES_MAX; first the guests there are, in their order, then new ones.
 *
 * Growth: no guest goes; then the fewest new guests, then the fewest guests of another power. Only where
 * that makes more guests than a vnet may have is it placed anew, as if it had nothing. Shrink: the fewest guests that
 * change or go, the latter where there is the choice of one that is exactly too much; whole FEs stay
 * whole as long as another guest can give. 0; -ENOSPC, -E2BIG and -EINVAL as pdp_alloc_place().
 */
int pdp_alloc_resize(struct pdp_alloc *alloc, const struct pdp_slice *slices, size_t n_slices,
		     uint32_t power, struct pdp_alloc_change *changes, size_t *n_changes,
		     struct pdp_error *err);

/* Enter a plan of pdp_alloc_resize(). */
void pdp_alloc_apply(struct pdp_alloc *alloc, const struct pdp_alloc_change *changes,
		     size_t n_changes);

/* A vnet and where it is. */
struct pdp_alloc_vnet {
	const char *name;
	const struct pdp_slice *slices;
	size_t n_slices;
};

/* A guest that goes to another FE, where its vnet may have one already: then the two become one. */
struct pdp_alloc_move {
	size_t vnet; /* index into the vnets */
	size_t from, to; /* FEs */
	uint32_t power;
};

/*
 * pdp_alloc_drain() - where the guests of an FE go, each as a whole.
 * @moves: room for n_vnets; largest guest first.
 *
 * An FE where the vnet has a guest with room for both is preferred, then the fit. If the first choices
 * do not work out others are tried, up to a limit. 0; -ENOSPC with the guest that does not fit.
 */
int pdp_alloc_drain(struct pdp_alloc *alloc, const struct pdp_alloc_vnet *vnets, size_t n_vnets,
		    size_t fe, struct pdp_alloc_move *moves, size_t *n_moves,
		    struct pdp_error *err);

/* Enter moves. */
void pdp_alloc_move(struct pdp_alloc *alloc, const struct pdp_alloc_move *moves, size_t n_moves);

/* A plan that leaves the fewest FEs in use, and of such plans one with the fewest moves. */
struct pdp_alloc_defrag {
	struct pdp_alloc_move *moves; /* in an order in which each fits when its turn comes */
	size_t n_moves;
	size_t fes_before, fes_after; /* in use */
	bool exact; /* nothing better exists; else the best that was found */
};

/*
 * pdp_alloc_defrag() - moves that leave more FEs idle.
 *
 * Each guest moves at most once, as a whole, to an FE that is in use and open. First a heuristic: FEs with the
 * fewest guests are emptied by best fit into the others. Then, for at most 64 guests that can move, a
 * search of all plans that could be better; it ends early on nodes of more than a dozen guests, and exact
 * says so. 0 or -ENOMEM.
 */
int pdp_alloc_defrag(const struct pdp_alloc *alloc, const struct pdp_alloc_vnet *vnets,
		     size_t n_vnets, struct pdp_alloc_defrag *out, struct pdp_error *err);
void pdp_alloc_defrag_free(struct pdp_alloc_defrag *defrag);

#endif
