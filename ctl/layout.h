/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * layout.h - from a model to ports, vifs and guests with ids, and each guest with its FE.
 */
#ifndef PDP_LAYOUT_H
#define PDP_LAYOUT_H

#include "ctl/node.h"

/*
 * pdp_layout() - fill node->ports, node->fes and node->vnets from node->model.
 *
 * Ids are dense and in the order of the node file. 0; -ENOSPC when a vnet does not fit, with its name
 * and what is missing; -errno. No device, container or map is touched.
 */
int pdp_layout(struct pdp_node *node, struct pdp_error *err);

#endif
