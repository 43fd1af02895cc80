/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * yamltext.c - a tree of libyaml to text. libyaml's own emitter does not indent lists and quotes by
 * other rules than people do.
 */
#include "ctl/yamltext.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COLUMNS 100

struct printer {
	yaml_document_t *doc;
	FILE *file;
};

static void print_block(struct printer *p, const yaml_node_t *node, int indent);

static const yaml_node_t *node_at(const struct printer *p, int id)
{
	return yaml_document_get_node(p->doc, id);
}

/* --- scalars --------------------------------------------------------------------------------- */

/* What YAML 1.1 takes for true, false or nothing. */
static bool is_word_of_yaml(const char *text)
{
	static const char *const words[] = {"y",   "n",	   "yes",   "no",   "on",
					    "off", "true", "false", "null", "nan"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return false;
}

/* A number, a date, a time: in doubt it is one. */
static bool looks_like_number(const char *text)
{
	char *end;

	strtod(text, &end);
	if (!*end || (text[0] == '0' && isalnum((unsigned char)text[1])))
		return true;
	return text[strspn(text, "0123456789-_")] == '\0';
}

static bool may_be_plain(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return true;
	if (!isalnum((unsigned char)*text) || is_word_of_yaml(text) || looks_like_number(text))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("./_-", *text))
			return false;
	return true;
}

static void print_scalar(struct printer *p, const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	if (may_be_plain(node)) {
		fputs(text, p->file);
		return;
	}
	fputc('"', p->file);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f)
			fprintf(p->file, "\\x%02x", c);
		else
			fprintf(p->file, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	fputc('"', p->file);
}

/* --- on one line ----------------------------------------------------------------------------- */

static void print_flow(struct printer *p, const yaml_node_t *node)
{
	if (node->type == YAML_SCALAR_NODE) {
		print_scalar(p, node);
	} else if (node->type == YAML_SEQUENCE_NODE) {
		const yaml_node_item_t *item = node->data.sequence.items.start;

		for (fputc('[', p->file); item < node->data.sequence.items.top; item++) {
			if (item > node->data.sequence.items.start)
				fputs(", ", p->file);
			print_flow(p, node_at(p, *item));
		}
		fputc(']', p->file);
	} else {
		const yaml_node_pair_t *pair = node->data.mapping.pairs.start;

		for (fputc('{', p->file); pair < node->data.mapping.pairs.top; pair++) {
			if (pair > node->data.mapping.pairs.start)
				fputs(", ", p->file);
			print_flow(p, node_at(p, pair->key));
			fputs(": ", p->file);
			print_flow(p, node_at(p, pair->value));
		}
		fputc('}', p->file);
	}
}

/* Lists of texts, and mappings with nothing deeper in them. */
static bool is_shallow(const struct printer *p, const yaml_node_t *node)
{
	const yaml_node_pair_t *pair;
	const yaml_node_item_t *item;

	if (node->type == YAML_SEQUENCE_NODE) {
		for (item = node->data.sequence.items.start; item < node->data.sequence.items.top;
		     item++)
			if (node_at(p, *item)->type != YAML_SCALAR_NODE)
				return false;
	} else if (node->type == YAML_MAPPING_NODE) {
		for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
		     pair++)
			if (node_at(p, pair->value)->type == YAML_MAPPING_NODE ||
			    !is_shallow(p, node_at(p, pair->value)))
				return false;
	}
	return true;
}

/* How wide it is on one line; 0 when it cannot be on one, or without memory. */
static size_t flow_width(const struct printer *p, const yaml_node_t *node)
{
	struct printer line = *p;
	char *text = NULL;
	size_t width = 0;

	if (!is_shallow(p, node))
		return 0;
	line.file = open_memstream(&text, &width);
	if (!line.file)
		return 0;
	print_flow(&line, node);
	fclose(line.file);
	free(text);
	return width;
}

/* --- on many lines --------------------------------------------------------------------------- */

/* After the blank on the line that has been begun, if it fits there. */
static bool print_on_line(struct printer *p, const yaml_node_t *node, size_t column)
{
	size_t width = node->type == YAML_SCALAR_NODE ? 1 : flow_width(p, node);

	if (!width || column + width > COLUMNS)
		return false;
	fputc(' ', p->file);
	print_flow(p, node);
	fputc('\n', p->file);
	return true;
}

static void print_pairs(struct printer *p, const yaml_node_t *node, int indent, bool begun)
{
	const yaml_node_pair_t *pair;

	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = node_at(p, pair->key), *value = node_at(p, pair->value);

		fprintf(p->file, "%*s", begun ? 0 : indent, "");
		begun = false;
		print_scalar(p, key);
		fputc(':', p->file);
		if (print_on_line(p, value, (size_t)indent + key->data.scalar.length + 2))
			continue;
		fputc('\n', p->file);
		print_block(p, value, indent + 2);
	}
}

static void print_items(struct printer *p, const yaml_node_t *node, int indent)
{
	const yaml_node_item_t *item;

	for (item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
		const yaml_node_t *value = node_at(p, *item);

		fprintf(p->file, "%*s-", indent, "");
		if (print_on_line(p, value, (size_t)indent + 2))
			continue;
		fputc(' ', p->file);
		print_pairs(p, value, indent + 2, true);
	}
}

static void print_block(struct printer *p, const yaml_node_t *node, int indent)
{
	if (node->type == YAML_MAPPING_NODE)
		print_pairs(p, node, indent, false);
	else
		print_items(p, node, indent);
}

char *pdp_yaml_text(yaml_document_t *doc)
{
	struct printer p = {.doc = doc};
	char *text = NULL;
	bool failed;
	size_t size;

	p.file = open_memstream(&text, &size);
	if (!p.file)
		return NULL;
	print_block(&p, yaml_document_get_root_node(doc), 0);
	failed = ferror(p.file);
	if (!fclose(p.file) && !failed)
		return text;
	free(text);
	return NULL;
}
