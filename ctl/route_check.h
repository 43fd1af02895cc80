/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * route_check.h - are the tables of a vnet's agents those of its control plane?
 *
 * Reads the control plane's kernel anew, or, without one, makes what the node file says anew; asks each
 * agent for its tables; compares. What differs is looked at again twice before it is told: routes change
 * while they are read.
 */
#ifndef PDP_ROUTE_CHECK_H
#define PDP_ROUTE_CHECK_H

#include <jansson.h>

#include "ctl/node.h"

struct pdp_route_check;

/* rows: one for each guest, as docs/api.md has them, the function's reference; NULL: err says why. */
typedef void (*pdp_route_check_fn)(json_t *rows, const struct pdp_error *err, void *arg);

/*
 * Begin; fn is called once, from the event loop, unless it is cancelled before. -ENOENT: no such vnet. The
 * check is gone when fn returns.
 */
int pdp_route_check_begin(struct pdp_route_check **out, struct pdp_node *node, const char *vnet,
			  pdp_route_check_fn fn, void *arg, struct pdp_error *err);
void pdp_route_check_cancel(struct pdp_route_check *check);

/* Of a vnet's vif; arg: its struct pdp_node_vnet. As pdp_rt_name_fn. */
const char *pdp_route_vif_name(uint16_t id, void *vnet);

#endif
