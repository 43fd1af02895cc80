/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc.h - SliceAlloc: which FEs carry a vnet, and with how much power each.
 *
 * Algorithm 1 of Liao, Yin, Gao (VISA 2009), mended (design.md, section 8): an exact fit fits, no
 * empty guest is made, idle FEs are counted before anything is taken, a refusal says what is
 * missing, and a refused request takes nothing. Pure: plain structs in, plain structs out; the same
 * calls give the same answers. docs/allocation.md says it in prose.
 */
#ifndef PDP_ALLOC_H
#define PDP_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/loader.h"

#define PDP_VNET_GUESTS_MAX 64

/* An FE as the allocator sees it; power in millicores. */
struct pdp_alloc_fe {
	const char *name; /* for messages and for ties: the lowest name wins */
	uint32_t capacity;
	uint32_t used;
	bool closed; /* takes no new guest, as while it is drained */
};

/* One guest to be: an index into the FEs, and its power. */
struct pdp_slice {
	size_t fe;
	uint32_t power;
};

/* Where the remainder goes, and anything that has an FE not to itself. */
enum pdp_fit {
	PDP_FIT_BEST, /* where least is left; what pdpd does */
	PDP_FIT_FIRST, /* the lowest name */
	PDP_FIT_WORST, /* where most is left */
};

/* The books of a node: its FEs, and an index over what is free on them. */
struct pdp_alloc;

/* Names are copied. `used` counts. 0 or -ENOMEM. */
int pdp_alloc_open(struct pdp_alloc **out, const struct pdp_alloc_fe *fes, size_t n_fes,
		   enum pdp_fit fit, struct pdp_error *err);
void pdp_alloc_free(struct pdp_alloc *alloc);

/* All FEs, by index. The allocator's. */
const struct pdp_alloc_fe *pdp_alloc_fes(const struct pdp_alloc *alloc, size_t *n_fes);

/* A closed FE keeps what it holds and takes nothing new. */
void pdp_alloc_set_closed(struct pdp_alloc *alloc, size_t fe, bool closed);

/*
 * pdp_alloc_place() - R = kC + r: k whole idle FEs, then r by the fit.
 * @slices: room for PDP_VNET_GUESTS_MAX; *n_slices of them are filled, whole FEs first.
 *
 * With FEs of different capacity "whole" means all of an idle FE, whatever its size: the fewest guests
 * first, then, with best fit, the choice that leaves least free on the FE of the remainder, then the
 * lowest names, in the order of strverscmp (fe2 before fe10). The other fits take the largest idle FEs
 * whole. 0; -ENOSPC with the reason in err and nothing taken; -EINVAL for a power of 0; -E2BIG for more
 * guests than a vnet may have. O(log n) for n FEs of a few capacities.
 */
int pdp_alloc_place(struct pdp_alloc *alloc, uint32_t power, struct pdp_slice *slices,
		    size_t *n_slices, struct pdp_error *err);

/* Take what was placed before, as from a store. 0; -EOVERFLOW with the first FE it is too much for. */
int pdp_alloc_take(struct pdp_alloc *alloc, const struct pdp_slice *slices, size_t n_slices,
		   struct pdp_error *err);

/*
 * Why a slice that was just taken is where it is: "the tightest of 3 that fit, 300m left after; fe4 ties,
 * the lowest name wins". PDP_WHY_MAX is enough room.
 */
#define PDP_WHY_MAX 160
void pdp_alloc_why(const struct pdp_alloc *alloc, const struct pdp_slice *slice, char *text,
		   size_t size);

/* Give slices back. */
void pdp_alloc_release(struct pdp_alloc *alloc, const struct pdp_slice *slices, size_t n_slices);

/* The volume bound: no placement of so much power in all uses fewer FEs. All FEs if there are too few. */
size_t pdp_alloc_bound(const struct pdp_alloc *alloc, uint64_t power);

/* What the calls so far cost: nodes of the index visited and choices weighed. */
uint64_t pdp_alloc_steps(const struct pdp_alloc *alloc);

#endif
