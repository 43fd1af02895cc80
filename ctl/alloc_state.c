/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_state.c - FEs and vnets as they are, for questions about the allocation.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/alloc_view.h"

int pdp_alloc_state_open(struct pdp_alloc_state *state, const struct pdp_alloc_fe *fes,
			 size_t n_fes, struct pdp_error *err)
{
	memset(state, 0, sizeof(*state));
	return pdp_alloc_open(&state->alloc, fes, n_fes, PDP_FIT_BEST, err);
}

void pdp_alloc_state_free(struct pdp_alloc_state *state)
{
	for (size_t v = 0; v < state->n_vnets; v++) {
		free((char *)state->vnets[v].name);
		free((struct pdp_slice *)state->vnets[v].slices);
	}
	free(state->vnets);
	pdp_alloc_free(state->alloc);
	memset(state, 0, sizeof(*state));
}

int pdp_alloc_state_add(struct pdp_alloc_state *state, const char *name,
			const struct pdp_slice *slices, size_t n_slices, struct pdp_error *err)
{
	struct pdp_alloc_vnet *vnets =
		reallocarray(state->vnets, state->n_vnets + 1, sizeof(*vnets));
	struct pdp_slice *copy = calloc(n_slices + 1, sizeof(*copy));
	char *label = strdup(name);
	int ret = -ENOMEM;

	if (vnets)
		state->vnets = vnets;
	if (!vnets || !copy || !label)
		pdp_fail(err, ret, "vnet %s: out of memory", name);
	else
		ret = pdp_alloc_take(state->alloc, slices, n_slices, err);
	if (ret) {
		free(copy);
		free(label);
		return ret;
	}
	memcpy(copy, slices, n_slices * sizeof(*copy));
	state->vnets[state->n_vnets++] = (struct pdp_alloc_vnet){label, copy, n_slices};
	return 0;
}
