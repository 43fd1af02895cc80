/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * edit_tree.h - change the tree of a node file, led by its schema; for edit.c alone.
 */
#ifndef PDP_EDIT_TREE_H
#define PDP_EDIT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "ctl/nodefile_raw.h"

struct pdp_edit_tree {
	yaml_document_t doc;
	bool failed; /* no memory: whatever was returned since is of no use */
	const char *refused; /* key of a list of things, which is not set by a value; or NULL */
};

/*
 * The list "ports" of the node, or "vifs" of its vnet number `vnet` (SIZE_MAX: none), made if it is not
 * there; *fields is what an item may hold.
 */
int pdp_edit_list(struct pdp_edit_tree *tree, size_t vnet, const char *key,
		  const cyaml_schema_field_t **fields);

int pdp_edit_item(struct pdp_edit_tree *tree, int list, size_t i);
int pdp_edit_append(struct pdp_edit_tree *tree, int list);
void pdp_edit_remove(struct pdp_edit_tree *tree, int list, size_t i);

/*
 * Set a key of an item: "power", "rate.pps"; "rate" is its first key; commas part a list's items;
 * "default" takes an optional key away. A key that the schema does not have is put all the same: the
 * check of the file knows what to say.
 */
void pdp_edit_put(struct pdp_edit_tree *tree, int item, const cyaml_schema_field_t *fields,
		  const char *key, const char *value);

#endif
