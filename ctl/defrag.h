/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * defrag.h - carries out the allocator's proposal for fewer FEs in use, one move after another.
 *
 * Each move is a change of its own (apply.h): the new guest answers before the old one is drained, the
 * placement is stored, an event tells it. In the order of the proposal each finds room when its turn
 * comes, so no FE bears more than its capacity at any time, but for the moving guest itself. No other
 * change comes between two moves.
 */
#ifndef PDP_DEFRAG_H
#define PDP_DEFRAG_H

#include "ctl/apply.h"

/*
 * pdp_node_defrag_plan() - what pdp_node_defrag() would do.
 *
 * *plan is the caller's: what pdp_alloc_view_defrag() has, and beside it the changes of
 * pdp_plan_json(). 0; -EBUSY, -ESTALE as pdp_node_apply(); -ENOMEM.
 */
int pdp_node_defrag_plan(struct pdp_node *node, uint64_t generation, json_t **plan,
			 struct pdp_error *err);

/*
 * pdp_node_defrag() - begin it. fn is called once, later, if 1 is returned.
 *
 * 0: nothing is to be moved, and nothing was changed. Otherwise as pdp_node_defrag_plan(). Where a move
 * fails the ones before it stay, and fn's err tells how many those are.
 */
int pdp_node_defrag(struct pdp_node *node, uint64_t generation, json_t **plan, pdp_apply_fn fn,
		    void *arg, struct pdp_error *err);

#endif
