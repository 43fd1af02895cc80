/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * views.h - a node's state as JSON: what the API answers. docs/api.md names every field.
 */
#ifndef PDP_VIEWS_H
#define PDP_VIEWS_H

#include <jansson.h>

#include "ctl/ledger.h"
#include "ctl/node.h"
#include "ctl/reorder.h"

/* Each returns an array, the caller's reference, or NULL without memory. */
json_t *pdp_view_node(struct pdp_node *node);
json_t *pdp_view_ports(struct pdp_node *node);
json_t *pdp_view_fes(struct pdp_node *node);
json_t *pdp_view_vnets(struct pdp_node *node);
json_t *pdp_view_vifs(struct pdp_node *node);
json_t *pdp_view_guests(struct pdp_node *node);
json_t *pdp_view_stats(struct pdp_node *node);

/* What the model says of each vnet (views_routes.c). */
json_t *pdp_view_routes(struct pdp_node *node);
json_t *pdp_view_neighbours(struct pdp_node *node);

/* What was done to the node, oldest first (views_history.c). */
json_t *pdp_view_history(struct pdp_node *node);

/*
 * The node file of the node, or of what it was at this generation (0 = now); *out is the caller's. -ENOENT: it
 * is not kept.
 */
int pdp_view_export(char **out, const struct pdp_node *node, uint64_t generation,
		    struct pdp_error *err);

/* A vnet's control plane, null when it has none, and its MH guest as one of guests (views_control.c). */
json_t *pdp_view_control(const struct pdp_node_vnet *vnet);
json_t *pdp_view_control_guest(const struct pdp_node_vnet *vnet);

/* The books of a vnet, the caller's to free. 0 or -errno. */
int pdp_view_books(struct pdp_books *out, const struct pdp_node *node,
		   const struct pdp_node_vnet *vnet);

/* What the reordering meter says, and of each guest beside it (views_reorder.c). */
json_t *pdp_view_reorder(const struct pdp_reorder *reorder);
json_t *pdp_view_reorder_of(const struct pdp_ledger_in *in);

/* The element of stats for one vnet; also made by pdp-ctl from the maps alone. */
json_t *pdp_view_ledger(const char *vnet, uint16_t id, const struct pdp_ledger *ledger,
			const struct pdp_ledger_in *in);

#endif
