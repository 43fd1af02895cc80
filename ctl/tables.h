/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tables.h - what the agents of a vnet's guests are told of it: vifs, addresses, routes, neighbours.
 */
#ifndef PDP_TABLES_H
#define PDP_TABLES_H

#include "ctl/fib.h"
#include "ctl/node.h"

/* All of the vnet, in place of what has the same names; its agents hear what is new. 0 or -errno. */
int pdp_tables_send(const struct pdp_node_vnet *vnet, struct pdp_error *err);

/* What the vnet's own configuration says of routes, addresses and neighbours; nothing with a control plane. */
int pdp_tables_routes(const struct pdp_node_vnet *vnet, pdp_fib_fn fn, void *arg);

/* What `old` has and `vnet` has not; pdp_tables_send() of vnet came before. They are the same vnet's. */
int pdp_tables_withdraw(const struct pdp_node_vnet *old, const struct pdp_node_vnet *vnet,
			struct pdp_error *err);

/* Are agents told the same of both? */
bool pdp_tables_same(const struct pdp_node_vnet *a, const struct pdp_node_vnet *b);

#endif
