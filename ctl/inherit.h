/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * inherit.h - what an earlier controller, perhaps of another build, left for this one to go on with.
 */
#ifndef PDP_INHERIT_H
#define PDP_INHERIT_H

#include "ctl/node.h"

/*
 * Does a node forward without us? Tells in node->forwards_without_us and, if its maps are of another ABI
 * than ours, in node->other_abi. Makes nothing. -EBUSY: another process runs it.
 */
int pdp_inherit_look(struct pdp_node *node, struct pdp_error *err);

/*
 * Mark the guests of a stored placement that another build left and this one cannot go on with: their maps
 * are others, or what is kept of them, or what their agents speak. Placed anew they are made beside the
 * old ones, which forward until then. Is there any?
 */
bool pdp_inherit_mark(const struct pdp_node *node, struct pdp_placement *had);

/* The node is ours and forwards: what is left of the other ABI's goes. */
void pdp_inherit_done(struct pdp_node *node);

#endif
