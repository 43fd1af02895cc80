/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * edit_part.h - the part of a model that one command can change; for edit.c alone.
 *
 * What a vnet's change makes of a thousand vnets is read and judged by that vnet, not by a file of all.
 */
#ifndef PDP_EDIT_PART_H
#define PDP_EDIT_PART_H

#include "ctl/model.h"

/* Ports and FEs, and vnet number `vnet` (SIZE_MAX: none). Lists are the model's own: not to be freed. */
struct pdp_model pdp_edit_part(const struct pdp_model *model, size_t vnet);

/*
 * pdp_edit_join() - the model with that part of it as it is now, whose vnet may have gone or be new.
 *
 * Takes *part over, whatever comes. 0; -ENOMEM; -EINVAL: the parts do not go together.
 */
int pdp_edit_join(struct pdp_model *out, const struct pdp_model *model, size_t vnet,
		  struct pdp_model *part);

#endif
