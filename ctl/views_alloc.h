/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * views_alloc.h - the allocation of a node as JSON, from what its model and placement say.
 *
 * Each returns the caller's reference, or NULL without memory. docs/allocation.md names the fields.
 */
#ifndef PDP_VIEWS_ALLOC_H
#define PDP_VIEWS_ALLOC_H

#include <jansson.h>

#include "ctl/node.h"

/* An array: one object for each FE. */
json_t *pdp_view_alloc(struct pdp_node *node);

/* vnet: its index in the model. One object. */
json_t *pdp_view_alloc_explain(struct pdp_node *node, size_t vnet);

/* vnet: its index; SIZE_MAX: a new one. One object. */
json_t *pdp_view_alloc_what_if(struct pdp_node *node, size_t vnet, uint32_t power);

/* One object, with the generation that it was made from. */
json_t *pdp_view_alloc_defrag(struct pdp_node *node);

#endif
