/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tables.h - what the agent of a guest is told of its vnet: vifs, addresses, routes, neighbours.
 */
#ifndef PDP_TABLES_H
#define PDP_TABLES_H

#include "ctl/node.h"

/* All of the vnet, in place of what has the same names. 0 or -errno. */
int pdp_tables_send(struct pdp_node_guest *guest, const struct pdp_node_vnet *vnet,
		    struct pdp_error *err);

/* What `old` has and `vnet` has not; pdp_tables_send() of vnet came before. */
int pdp_tables_withdraw(struct pdp_node_guest *guest, const struct pdp_node_vnet *old,
			const struct pdp_node_vnet *vnet, struct pdp_error *err);

/* Is an agent told the same of both? */
bool pdp_tables_same(const struct pdp_node_vnet *a, const struct pdp_node_vnet *b);

#endif
