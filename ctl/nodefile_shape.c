/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_shape.c - does a file have the shape that the schema wants: keys, lists, kinds of values?
 *
 * First of the node file's checks. libcyaml would refuse the same files, without saying where or what
 * was meant. Recursion goes along the schema, so no file can make it deep.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/nodefile_raw.h"
#include "ctl/suggest.h"

#define MAX_WORDS 32

/* The walk: where it is, and where it complains. */
struct walk {
	const struct pdp_yaml *yaml;
	struct pdp_error *err;
	char path[PDP_YAML_PATH_MAX];
};

static int check_value(struct walk *walk, const yaml_node_t *node,
		       const cyaml_schema_value_t *schema);

/* The keys after the last element of a list, as words: "rate pps". */
static const char *subject(const struct walk *walk, char buf[PDP_YAML_PATH_MAX])
{
	const char *last = strrchr(walk->path, ']');

	snprintf(buf, PDP_YAML_PATH_MAX, "%s", last ? last + 1 + (last[1] == '.') : walk->path);
	for (char *dot = buf; (dot = strchr(dot, '.'));)
		*dot = ' ';
	return buf;
}

/* "SUBJECT: SENTENCE", or the sentence alone when the walk is at an element. */
static int fail(struct walk *walk, const char *sentence)
{
	char buf[PDP_YAML_PATH_MAX];

	subject(walk, buf);
	return pdp_yaml_fail(walk->yaml, walk->err, walk->path, "%s%s%s", buf, *buf ? ": " : "",
			     sentence);
}

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* " (did you mean 'x'?)" or " (there are a, b, c)". */
static void hint(char *buf, size_t size, const char *word, const char *const *words, size_t n)
{
	const char *meant = pdp_suggest(word, words, n);
	size_t used;

	if (meant) {
		snprintf(buf, size, " (did you mean '%s'?)", meant);
		return;
	}
	used = (size_t)snprintf(buf, size, n == 1 ? " (there is " : " (there are ");
	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "", words[i]);
	if (used < size)
		snprintf(buf + used, size - used, ")");
}

static int fail_unknown_key(struct walk *walk, const yaml_node_t *key,
			    const cyaml_schema_field_t *fields)
{
	char buf[PDP_YAML_PATH_MAX], hints[256];
	const char *words[MAX_WORDS];
	size_t n = 0;

	for (; fields->key && n < MAX_WORDS; fields++)
		words[n++] = fields->key;
	hint(hints, sizeof(hints), text_of(key), words, n);
	subject(walk, buf);
	return pdp_yaml_fail_line(walk->yaml, walk->err, (uint32_t)key->start_mark.line + 1,
				  walk->path, "%s%sunknown key '%.40s'%s", buf, *buf ? ": " : "",
				  text_of(key), hints);
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields,
					      const yaml_node_t *key)
{
	for (; fields->key; fields++)
		if (strlen(fields->key) == key->data.scalar.length &&
		    !strcmp(fields->key, text_of(key)))
			return fields;
	return NULL;
}

static int check_pair(struct walk *walk, const yaml_node_t *map, const yaml_node_pair_t *pair,
		      const cyaml_schema_field_t *fields)
{
	const yaml_node_t *key = pdp_yaml_node(walk->yaml, pair->key);
	size_t len = strlen(walk->path);
	const cyaml_schema_field_t *field;
	int ret;

	if (key->type != YAML_SCALAR_NODE)
		return fail(walk, "a key must be a word");
	field = find_field(fields, key);
	if (!field)
		return fail_unknown_key(walk, key, fields);
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *earlier = pdp_yaml_node(walk->yaml, p->key);

		if (!strcmp(text_of(earlier), text_of(key)))
			return pdp_yaml_fail_line(walk->yaml, walk->err,
						  (uint32_t)key->start_mark.line + 1, walk->path,
						  "'%s' is given twice (line %zu)", field->key,
						  earlier->start_mark.line + 1);
	}
	snprintf(walk->path + len, sizeof(walk->path) - len, "%s%s", len ? "." : "", field->key);
	ret = check_value(walk, pdp_yaml_node(walk->yaml, pair->value), &field->value);
	walk->path[len] = '\0';
	return ret;
}

static bool has_key(struct walk *walk, const yaml_node_t *map, const char *name)
{
	const yaml_node_pair_t *pair;

	for (pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++)
		if (!strcmp(text_of(pdp_yaml_node(walk->yaml, pair->key)), name))
			return true;
	return false;
}

static int check_mapping(struct walk *walk, const yaml_node_t *node,
			 const cyaml_schema_value_t *schema)
{
	const cyaml_schema_field_t *field;
	const yaml_node_pair_t *pair;
	int ret = 0;

	if (node->type != YAML_MAPPING_NODE)
		return fail(walk, "keys and values are wanted here, as in {name: v0}");
	for (pair = node->data.mapping.pairs.start; !ret && pair < node->data.mapping.pairs.top;
	     pair++)
		ret = check_pair(walk, node, pair, schema->mapping.fields);
	for (field = schema->mapping.fields; !ret && field->key; field++)
		if (!(field->value.flags & CYAML_FLAG_OPTIONAL) &&
		    !has_key(walk, node, field->key)) {
			char sentence[64];

			snprintf(sentence, sizeof(sentence), "'%s' is missing", field->key);
			ret = fail(walk, sentence);
		}
	return ret;
}

static int check_sequence(struct walk *walk, const yaml_node_t *node,
			  const cyaml_schema_value_t *schema)
{
	size_t len = strlen(walk->path), n;
	char sentence[64];
	int ret = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return fail(walk, "a list is wanted here, as in [a, b]");
	n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (n > schema->sequence.max) {
		snprintf(sentence, sizeof(sentence), "%zu are too many, at most %u", n,
			 schema->sequence.max);
		return fail(walk, sentence);
	}
	for (size_t i = 0; !ret && i < n; i++) {
		snprintf(walk->path + len, sizeof(walk->path) - len, "[%zu]", i);
		ret = check_value(walk,
				  pdp_yaml_node(walk->yaml, node->data.sequence.items.start[i]),
				  schema->sequence.entry);
		walk->path[len] = '\0';
	}
	return ret;
}

/* Decimal, without a sign; no leading 0, which libcyaml would take for octal. */
static int check_uint(struct walk *walk, const yaml_node_t *node,
		      const cyaml_schema_value_t *schema)
{
	uint64_t max = schema->data_size == 8 ? UINT64_MAX : UINT32_MAX, value = 0;
	const char *text = text_of(node);
	char sentence[96];

	snprintf(sentence, sizeof(sentence), "'%.40s' is not a whole number", text);
	if (text[0] == '0' && text[1])
		return fail(walk, sentence);
	for (const char *c = text; *c; c++) {
		unsigned int digit = (unsigned int)*c - '0';

		if (!isdigit((unsigned char)*c))
			return fail(walk, sentence);
		if (value > (max - digit) / 10) {
			snprintf(sentence, sizeof(sentence), "%.40s is too large, at most %" PRIu64,
				 text, max);
			return fail(walk, sentence);
		}
		value = value * 10 + digit;
	}
	return 0;
}

static int check_bool(struct walk *walk, const yaml_node_t *node)
{
	char sentence[80];

	if (!strcmp(text_of(node), "true") || !strcmp(text_of(node), "false"))
		return 0;
	snprintf(sentence, sizeof(sentence), "'%.40s' is neither true nor false", text_of(node));
	return fail(walk, sentence);
}

static int check_enum(struct walk *walk, const yaml_node_t *node,
		      const cyaml_schema_value_t *schema)
{
	char buf[PDP_YAML_PATH_MAX], hints[256];
	const char *words[MAX_WORDS];
	size_t n = 0;

	for (; n < schema->enumeration.count && n < MAX_WORDS; n++) {
		words[n] = schema->enumeration.strings[n].str;
		if (!strcmp(text_of(node), words[n]))
			return 0;
	}
	hint(hints, sizeof(hints), text_of(node), words, n);
	return pdp_yaml_fail(walk->yaml, walk->err, walk->path, "unknown %s '%.40s'%s",
			     subject(walk, buf), text_of(node), hints);
}

static int check_scalar(struct walk *walk, const yaml_node_t *node,
			const cyaml_schema_value_t *schema)
{
	if (node->type != YAML_SCALAR_NODE)
		return fail(walk, "one value is wanted here, not a list or keys");
	if (node->data.scalar.length == 0)
		return fail(walk, "no value is given");
	if (strlen(text_of(node)) != node->data.scalar.length)
		return fail(walk, "the value holds a NUL byte");
	switch (schema->type) {
	case CYAML_UINT:
		return check_uint(walk, node, schema);
	case CYAML_BOOL:
		return check_bool(walk, node);
	case CYAML_ENUM:
		return check_enum(walk, node, schema);
	default:
		return 0;
	}
}

static int check_value(struct walk *walk, const yaml_node_t *node,
		       const cyaml_schema_value_t *schema)
{
	switch (schema->type) {
	case CYAML_MAPPING:
		return check_mapping(walk, node, schema);
	case CYAML_SEQUENCE:
		return check_sequence(walk, node, schema);
	default:
		return check_scalar(walk, node, schema);
	}
}

int pdp_nodefile_shape(const struct pdp_yaml *yaml, struct pdp_error *err)
{
	struct walk walk = {.yaml = yaml, .err = err};

	return check_value(&walk, pdp_yaml_root(yaml), &pdp_nodefile_schema);
}
