/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * edit_part.c - takes a part out of a model, and puts it back into a copy.
 */
#include "ctl/edit_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/maps.h"
#include "ctl/nodefile_raw.h"

struct pdp_model pdp_edit_part(const struct pdp_model *model, size_t vnet)
{
	struct pdp_model part = *model;

	part.n_vnets = vnet < model->n_vnets;
	part.vnets = part.n_vnets ? &model->vnets[vnet] : NULL;
	return part;
}

/* The part's ports and FEs, and copies of all vnets but that one. */
static int copy_others(struct pdp_model *out, const struct pdp_model *model, size_t vnet,
		       const struct pdp_model *part)
{
	struct pdp_vnet_conf *others = calloc(model->n_vnets + 1, sizeof(*others));
	struct pdp_model rest = *part;
	int code;

	if (!others)
		return -ENOMEM;
	rest.vnets = others;
	rest.n_vnets = 0;
	for (size_t i = 0; i < model->n_vnets; i++)
		if (i != vnet)
			others[rest.n_vnets++] = model->vnets[i];
	code = pdp_model_copy(out, &rest);
	free(others);
	return code;
}

/* In the place that it had, or at the end; a copy has room for one more. */
static void put_vnet(struct pdp_model *out, size_t vnet, struct pdp_model *part)
{
	size_t at = vnet < out->n_vnets ? vnet : out->n_vnets;

	memmove(&out->vnets[at + 1], &out->vnets[at], (out->n_vnets - at) * sizeof(*out->vnets));
	out->vnets[at] = part->vnets[0];
	out->n_vnets++;
	part->n_vnets = 0;
}

int pdp_edit_join(struct pdp_model *out, const struct pdp_model *model, size_t vnet,
		  struct pdp_model *part)
{
	static const struct pdp_yaml no_file;
	int code = copy_others(out, model, vnet, part);

	if (!code && part->n_vnets)
		put_vnet(out, vnet, part);
	pdp_model_free(part);
	if (!code && (out->n_vnets >= PDP_MAX_VNETS || pdp_nodefile_check(out, &no_file, NULL)))
		code = -EINVAL;
	if (code)
		pdp_model_free(out);
	return code;
}
