/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * change_outcome.h - what a change came to, in numbers, for the answer to who asked for it.
 */
#ifndef PDP_CHANGE_OUTCOME_H
#define PDP_CHANGE_OUTCOME_H

#include <jansson.h>

#include "ctl/node.h"

/* Add to a plan how many FE guests it makes and how many go. */
void pdp_outcome_guests(json_t *plan);

/*
 * What the vnets that the plan names have dropped so far, all reasons together; -1: they are too many to ask,
 * or their books cannot be read. Vnets that are not there count for nothing.
 */
int64_t pdp_outcome_drops(struct pdp_node *node, const json_t *plan);

/* Add to a plan that was carried out what was dropped meanwhile, or null. */
void pdp_outcome_lost(json_t *plan, int64_t before, int64_t after);

#endif
