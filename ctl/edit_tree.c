/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * edit_tree.c - change the tree of a node file, led by its schema. What libyaml has no call for (take
 * away, put in another's place) is done on its arrays, whose elements are node numbers.
 */
#include "ctl/edit_tree.h"

#include <string.h>

static int note(struct pdp_edit_tree *tree, int node)
{
	tree->failed = tree->failed || !node;
	return node;
}

static yaml_node_t *node_at(struct pdp_edit_tree *tree, int id)
{
	return yaml_document_get_node(&tree->doc, id);
}

static int scalar(struct pdp_edit_tree *tree, const char *text, size_t len)
{
	return note(tree, yaml_document_add_scalar(&tree->doc, NULL, (const yaml_char_t *)text,
						   (int)len, YAML_ANY_SCALAR_STYLE));
}

/* The pair with this key of a mapping, or NULL. */
static yaml_node_pair_t *find_pair(struct pdp_edit_tree *tree, int map, const char *key, size_t len)
{
	yaml_node_t *node = node_at(tree, map);
	yaml_node_pair_t *pair;

	if (tree->failed)
		return NULL;
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = node_at(tree, pair->key);

		if (name->data.scalar.length == len && !memcmp(name->data.scalar.value, key, len))
			return pair;
	}
	return NULL;
}

/* Node numbers stay when nodes are added; pointers do not. */
static void set_pair(struct pdp_edit_tree *tree, int map, const char *key, size_t len, int value)
{
	yaml_node_pair_t *pair;
	int name;

	if (tree->failed)
		return;
	pair = find_pair(tree, map, key, len);
	if (pair) {
		pair->value = value;
		return;
	}
	name = scalar(tree, key, len);
	if (!tree->failed)
		note(tree, yaml_document_append_mapping_pair(&tree->doc, map, name, value));
}

static void remove_pair(struct pdp_edit_tree *tree, int map, const char *key, size_t len)
{
	yaml_node_pair_t *pair = find_pair(tree, map, key, len);
	yaml_node_t *node = node_at(tree, map);

	if (!pair)
		return;
	memmove(pair, pair + 1, (size_t)(node->data.mapping.pairs.top - pair - 1) * sizeof(*pair));
	node->data.mapping.pairs.top--;
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key,
					      size_t len)
{
	for (; fields->key; fields++)
		if (strlen(fields->key) == len && !memcmp(fields->key, key, len))
			return fields;
	return NULL;
}

/* --- lists ----------------------------------------------------------------------------------- */

/* A list of a mapping, made if it is not there. */
static int list_of(struct pdp_edit_tree *tree, int map, const char *key,
		   const cyaml_schema_field_t **fields)
{
	const cyaml_schema_field_t *field = find_field(*fields, key, strlen(key));
	yaml_node_pair_t *pair = find_pair(tree, map, key, strlen(key));
	int list;

	*fields = field->value.sequence.entry->mapping.fields;
	if (pair)
		return pair->value;
	if (tree->failed)
		return 0;
	list = note(tree, yaml_document_add_sequence(&tree->doc, NULL, YAML_ANY_SEQUENCE_STYLE));
	set_pair(tree, map, key, strlen(key), list);
	return list;
}

int pdp_edit_list(struct pdp_edit_tree *tree, size_t vnet, const char *key,
		  const cyaml_schema_field_t **fields)
{
	const int root = 1; /* libyaml's first node */

	*fields = pdp_nodefile_schema.mapping.fields;
	if (vnet == SIZE_MAX)
		return list_of(tree, root, key, fields);
	return list_of(tree, pdp_edit_item(tree, list_of(tree, root, "vnets", fields), vnet), key,
		       fields);
}

int pdp_edit_item(struct pdp_edit_tree *tree, int list, size_t i)
{
	return tree->failed ? 0 : node_at(tree, list)->data.sequence.items.start[i];
}

int pdp_edit_append(struct pdp_edit_tree *tree, int list)
{
	int map = note(tree, yaml_document_add_mapping(&tree->doc, NULL, YAML_ANY_MAPPING_STYLE));

	if (!tree->failed)
		note(tree, yaml_document_append_sequence_item(&tree->doc, list, map));
	return map;
}

void pdp_edit_remove(struct pdp_edit_tree *tree, int list, size_t i)
{
	yaml_node_t *node = node_at(tree, list);
	yaml_node_item_t *item = node->data.sequence.items.start + i;

	memmove(item, item + 1, (size_t)(node->data.sequence.items.top - item - 1) * sizeof(*item));
	node->data.sequence.items.top--;
}

/* --- values ---------------------------------------------------------------------------------- */

/* "a,b" as a list of two. */
static int split(struct pdp_edit_tree *tree, const char *value)
{
	int list =
		note(tree, yaml_document_add_sequence(&tree->doc, NULL, YAML_ANY_SEQUENCE_STYLE));

	for (;;) {
		size_t len = strcspn(value, ",");
		int item = scalar(tree, value, len);

		if (!tree->failed)
			note(tree, yaml_document_append_sequence_item(&tree->doc, list, item));
		if (!value[len] || tree->failed)
			return list;
		value += len + 1;
	}
}

/* Whatever is at the key's first part: a value, a list, or keys inside it. */
void pdp_edit_put(struct pdp_edit_tree *tree, int item, const cyaml_schema_field_t *fields,
		  const char *key, const char *value)
{
	size_t len = strcspn(key, ".");
	const cyaml_schema_field_t *field = find_field(fields, key, len);
	enum cyaml_type type = field ? field->value.type : CYAML_STRING;

	if (tree->failed)
		return;
	if (field && (field->value.flags & CYAML_FLAG_OPTIONAL) && !strcmp(value, "default") &&
	    !key[len]) {
		remove_pair(tree, item, key, len);
	} else if (type == CYAML_MAPPING) {
		const cyaml_schema_field_t *inner = field->value.mapping.fields;
		yaml_node_pair_t *pair = find_pair(tree, item, key, len);
		int map = pair ? pair->value
			       : note(tree, yaml_document_add_mapping(&tree->doc, NULL,
								      YAML_ANY_MAPPING_STYLE));

		set_pair(tree, item, key, len, map);
		pdp_edit_put(tree, map, inner, key[len] ? key + len + 1 : inner->key, value);
	} else if (type == CYAML_SEQUENCE && field->value.sequence.entry->type == CYAML_MAPPING) {
		tree->refused = field->key;
	} else if (type == CYAML_SEQUENCE) {
		set_pair(tree, item, key, len, split(tree, value));
	} else {
		set_pair(tree, item, key, strlen(key), scalar(tree, value, strlen(value)));
	}
}
