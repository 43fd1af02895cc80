/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * layout.h - a model and its placement as ports, vifs and guests: what a node is to be.
 *
 * Makes no device, container or map. A guest that two layouts have in common is one object of both.
 */
#ifndef PDP_LAYOUT_H
#define PDP_LAYOUT_H

#include "ctl/node.h"

/* As the members of struct pdp_node of the same names. */
struct pdp_layout {
	struct pdp_model model;
	struct pdp_placement placement;
	struct pdp_alloc_fe *fes;
	struct pdp_node_port *ports;
	struct pdp_node_vnet *vnets;
	struct pdp_names names;
};

/*
 * pdp_layout_make() - the layout of a model that is to follow what the node is.
 *
 * Takes model and placement over, also when it fails. Guests that are there keep their power, FE and vnet
 * until pdp_layout_enter(). 0 or -ENOMEM; *out is zeroed on failure.
 */
int pdp_layout_make(struct pdp_layout *out, struct pdp_node *node, struct pdp_model *model,
		    struct pdp_placement *placement, struct pdp_error *err);

/* The node is this layout from now on, and the layout is what the node was. */
void pdp_layout_enter(struct pdp_node *node, struct pdp_layout *layout);

/* Guests that no other layout has must have been stopped. A zeroed one is fine. */
void pdp_layout_free(struct pdp_layout *layout);

/* Of the node, by label; NULL when there is none. */
struct pdp_node_vnet *pdp_node_vnet(const struct pdp_node *node, const char *name);
/* Of a layout, by label; NULL when there is none. */
struct pdp_node_vnet *pdp_layout_vnet(const struct pdp_layout *layout, const char *name);
struct pdp_node_vif *pdp_layout_vif(const struct pdp_node_vnet *vnet, const char *name);
/* The vif of the node that this one of another layout takes the place of, under another number; or NULL. */
const struct pdp_node_vif *pdp_layout_replaced(const struct pdp_node *node,
					       const struct pdp_node_vif *vif);
/* A vif of a name may have another number, and so be another. */
struct pdp_node_vif *pdp_layout_vif_by_id(const struct pdp_node_vnet *vnet, uint16_t id);

#endif
