/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * place.h - decides where a model's guests go and what number each thing bears, given what is. Pure.
 */
#ifndef PDP_PLACE_H
#define PDP_PLACE_H

#include "ctl/model.h"
#include "ctl/placement.h"
#include "loader/loader.h"

/*
 * pdp_place() - the placement of a model.
 * @was, @had: the model and the placement before; empty ones at the very first.
 *
 * What stays keeps its numbers and as far as can be its FEs (alloc_change.h). A number that is in use
 * before is not given to something else: both exist for a while. Guests leave an FE that is drained or
 * gone; guests of another memory or data plane are new ones in the same places. 0; -ENOSPC when
 * something does not fit, with its name and what is missing; -ENOMEM. *out is the caller's, zeroed on
 * failure.
 */
int pdp_place(struct pdp_placement *out, const struct pdp_model *model, const struct pdp_model *was,
	      const struct pdp_placement *had, struct pdp_error *err);

/* A guest that goes to another FE as a whole; strings are the caller's. */
struct pdp_place_move {
	const char *vnet, *from, *to;
	uint32_t power;
	const char *because; /* for plans: "so that 2 FEs are in use instead of 3" */
};

/*
 * pdp_place_move() - the same placement but for one guest, which is a new one where it goes.
 *
 * Where its vnet has a guest already that one takes over its power. 0; -ESTALE when there is no such
 * guest or no such room; -ENOMEM. *out as pdp_place().
 */
int pdp_place_move(struct pdp_placement *out, const struct pdp_model *model,
		   const struct pdp_placement *had, const struct pdp_place_move *what,
		   struct pdp_error *err);

#endif
