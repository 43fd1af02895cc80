/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc.h - SliceAlloc: which FEs carry a vnet, and with how much power each.
 *
 * Algorithm 1 of Liao, Yin, Gao (VISA 2009), mended (design.md, section 8): an exact fit fits, no
 * empty guest is made, idle FEs are counted before anything is taken, a refusal says what is
 * missing, and a refused request takes nothing. Pure: plain structs in, plain structs out.
 */
#ifndef PDP_ALLOC_H
#define PDP_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#include "loader/loader.h"

#define PDP_VNET_GUESTS_MAX 64

/* An FE as the allocator sees it; power in millicores. */
struct pdp_alloc_fe {
	const char *name; /* for messages and for ties: the lowest name wins */
	uint32_t capacity;
	uint32_t used;
};

/* One guest to be: an index into the FEs, and its power. */
struct pdp_slice {
	size_t fe;
	uint32_t power;
};

/*
 * pdp_slice_alloc() - R = kC + r: k whole idle FEs, then the best fit of r.
 * @slices: room for PDP_VNET_GUESTS_MAX; *n_slices of them are filled, whole FEs first.
 *
 * With FEs of different capacity "whole" means all of an idle FE, whatever its size: the fewest guests
 * first, then the choice that leaves least free on the FE of the remainder, then the lowest names, in
 * the order of strverscmp (fe2 before fe10). On success `used` of the FEs taken grows. 0; -ENOSPC with the reason in err and nothing
 * taken; -EINVAL for a power of 0; -E2BIG for more guests than a vnet may have.
 */
int pdp_slice_alloc(struct pdp_alloc_fe *fes, size_t n_fes, uint32_t power,
		    struct pdp_slice *slices, size_t *n_slices, struct pdp_error *err);

/* Give slices back. */
void pdp_slice_free(struct pdp_alloc_fe *fes, const struct pdp_slice *slices, size_t n_slices);

#endif
