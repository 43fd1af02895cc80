/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * apply.h - leads a running node from what it is to what is wanted, while packets flow.
 *
 * Refuse first, then make, then switch, then drain, then remove: new guests answer before a slot points
 * at them, old ones have come to rest before they stop. Works on the event loop, one change at a time; who
 * asked for it may go away. docs/reconcile.md tells the steps.
 */
#ifndef PDP_APPLY_H
#define PDP_APPLY_H

#include <jansson.h>

#include "ctl/model.h"
#include "ctl/node.h"

/* code 0: the node is what was wanted; otherwise it is what it was, and err says why. */
typedef void (*pdp_apply_fn)(struct pdp_node *node, int code, const struct pdp_error *err,
			     void *arg);

/*
 * pdp_node_plan() - what pdp_node_apply() would do, as pdp_plan_json() has it, or its refusal.
 * @generation: as there.
 *
 * Nothing is made or changed. *plan is the caller's. 0, or as pdp_node_apply().
 */
int pdp_node_plan(struct pdp_node *node, const struct pdp_model *wanted, uint64_t generation,
		  json_t **plan, struct pdp_error *err);

/*
 * pdp_node_apply() - make the node what `wanted`, a model that passed every check, says.
 * @generation: that the model was made from; 0 = whatever is there is replaced.
 * @what: for the history, one line: "vnet set red power 3000m".
 * @plan: as pdp_node_plan(); NULL = not asked for. Set on success.
 * @fn: called once, later, from the event loop, if 0 is returned and never otherwise; may be NULL.
 *
 * The model is taken over, and *wanted is zeroed, whatever comes. -EBUSY while another change is under way
 * or the node is not up; -ESTALE: the node has another generation by now; -ENOSPC: a vnet does not fit,
 * with what is missing; -ERANGE: an MTU that cannot fit; -ENODEV; -EINVAL; -errno. Nothing was changed
 * then.
 */
int pdp_node_apply(struct pdp_node *node, struct pdp_model *wanted, uint64_t generation,
		   const char *what, json_t **plan, pdp_apply_fn fn, void *arg,
		   struct pdp_error *err);

/* Is a change under way? */
bool pdp_node_applying(const struct pdp_node *node);

#endif
