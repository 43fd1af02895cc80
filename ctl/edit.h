/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * edit.h - change a model by the words of a command. Pure.
 *
 *   port | fe | vnet  add|set|del NAME          [KEY VALUE]...
 *   vif               add|set|del VNET/VIF      [KEY VALUE]...
 *   route             add|set|del VNET PREFIX   [KEY VALUE]...
 *   neighbour         add|set|del VNET ADDRESS  [vif VIF] [KEY VALUE]...
 *
 * Keys are those of the node file; one inside another is written with a dot (rate.pps 1000), and the
 * first of them stands for the whole (rate 1000). A list takes its items with commas (address
 * 10.0.0.1/24,fd00::1/64). A value of "default" takes an optional key away.
 */
#ifndef PDP_EDIT_H
#define PDP_EDIT_H

#include "ctl/model.h"
#include "loader/loader.h"

/*
 * pdp_edit() - a new model, which passes every check of a node file, or a sentence why not.
 * @words: as above, n of them: "vnet", "set", "red", "power", "3000m".
 *
 * The model is not touched. 0; -EINVAL for what is wrong with the words or the model that they would
 * make; -ENOENT, -EEXIST for a name; -ENOMEM. *out is the caller's on success, zeroed otherwise.
 */
int pdp_edit(struct pdp_model *out, const struct pdp_model *model, const char *const *words,
	     size_t n, struct pdp_error *err);

#endif
