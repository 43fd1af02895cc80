/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * views_alloc.c - a node's model and placement as the allocator sees them, and its views of that.
 */
#include "ctl/views_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/alloc_view.h"

static int open_state(struct pdp_alloc_state *state, const struct pdp_model *model)
{
	struct pdp_alloc_fe *fes = calloc(model->n_fes + 1, sizeof(*fes));
	int code;
	size_t i;

	memset(state, 0, sizeof(*state));
	if (!fes)
		return -ENOMEM;
	for (i = 0; i < model->n_fes; i++)
		fes[i] = (struct pdp_alloc_fe){.name = model->fes[i].name,
					       .capacity = model->fes[i].capacity,
					       .closed = model->fes[i].drain};
	code = pdp_alloc_state_open(state, fes, model->n_fes, NULL);
	free(fes);
	return code;
}

static int add_vnet(struct pdp_alloc_state *state, const struct pdp_model *model,
		    const struct pdp_vnet_conf *conf, const struct pdp_placed_vnet *placed)
{
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	size_t i, n = placed ? placed->n_guests : 0;

	for (i = 0; i < n && i < PDP_VNET_GUESTS_MAX; i++)
		slices[i] = (struct pdp_slice){
			(size_t)(pdp_model_fe(model, placed->guests[i].fe) - model->fes),
			placed->guests[i].power};
	return pdp_alloc_state_add(state, conf->name, slices, i, NULL);
}

/* Vnets have the indices of the model. */
static int see(struct pdp_alloc_state *state, const struct pdp_node *node)
{
	const struct pdp_model *model = &node->model;
	int code = open_state(state, model);
	size_t i;

	for (i = 0; !code && i < model->n_vnets; i++)
		code = add_vnet(state, model, &model->vnets[i],
				pdp_placed_vnet(&node->placement, model->vnets[i].name));
	return code;
}

json_t *pdp_view_alloc(struct pdp_node *node)
{
	struct pdp_alloc_state state;
	json_t *view = see(&state, node) ? NULL : pdp_alloc_view_show(&state);

	pdp_alloc_state_free(&state);
	return view;
}

json_t *pdp_view_alloc_explain(struct pdp_node *node, size_t vnet)
{
	struct pdp_alloc_state state;
	json_t *view = see(&state, node) ? NULL : pdp_alloc_view_explain(&state, vnet);

	pdp_alloc_state_free(&state);
	return view;
}

json_t *pdp_view_alloc_what_if(struct pdp_node *node, size_t vnet, uint32_t power)
{
	struct pdp_alloc_state state;
	json_t *view = see(&state, node) ? NULL : pdp_alloc_view_what_if(&state, vnet, power);

	pdp_alloc_state_free(&state);
	return view;
}

json_t *pdp_view_alloc_defrag(struct pdp_node *node)
{
	struct pdp_alloc_state state;
	json_t *view = see(&state, node) ? NULL : pdp_alloc_view_defrag(&state);

	pdp_alloc_state_free(&state);
	if (view)
		json_object_set_new(view, "generation", json_integer((json_int_t)node->generation));
	return view;
}
