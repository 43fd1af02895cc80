/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_view.h - the allocation of a node as JSON: shown, explained, and what if.
 *
 * State in, JSON out, the state as it was. Pure; views_alloc.h has the node's own.
 */
#ifndef PDP_ALLOC_VIEW_H
#define PDP_ALLOC_VIEW_H

#include <jansson.h>

#include "ctl/alloc_change.h"

/* FEs and vnets as they are. Zeroed, it is empty and may be freed. */
struct pdp_alloc_state {
	struct pdp_alloc *alloc;
	struct pdp_alloc_vnet *vnets; /* names and slices are the state's */
	size_t n_vnets;
};

/* FEs; what is used of them counts beside the vnets that are added. 0 or -ENOMEM. */
int pdp_alloc_state_open(struct pdp_alloc_state *state, const struct pdp_alloc_fe *fes,
			 size_t n_fes, struct pdp_error *err);

/* A vnet and its guests, copied; their power is taken. 0; -EOVERFLOW when an FE has less; -ENOMEM. */
int pdp_alloc_state_add(struct pdp_alloc_state *state, const char *name,
			const struct pdp_slice *slices, size_t n_slices, struct pdp_error *err);

void pdp_alloc_state_free(struct pdp_alloc_state *state);

/* Each returns the caller's reference, or NULL without memory. docs/allocation.md names the fields. */
json_t *pdp_alloc_view_show(const struct pdp_alloc_state *state);
json_t *pdp_alloc_view_explain(struct pdp_alloc_state *state, size_t vnet);

/* vnet: of one that is to have another power; SIZE_MAX: of a new one. */
json_t *pdp_alloc_view_what_if(struct pdp_alloc_state *state, size_t vnet, uint32_t power);
json_t *pdp_alloc_view_defrag(const struct pdp_alloc_state *state);

#endif
