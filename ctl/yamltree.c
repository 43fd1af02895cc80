/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * yamltree.c - where in a YAML file something stands, for messages.
 *
 * Beside the node file's way to the model: owns libyaml's tree of it while it is being read.
 */
#include "ctl/yamltree.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A node file has 6 levels. */
#define MAX_DEPTH 16
#define LABEL_LEN 128

/* --- reading -------------------------------------------------------------------------------- */

static uint32_t line_of_offset(const char *text, size_t len, size_t offset)
{
	uint32_t line = 1;

	for (size_t i = 0; i < offset && i < len; i++)
		line += text[i] == '\n';
	return line;
}

static int fail_syntax(const yaml_parser_t *parser, const char *file, const char *text, size_t len,
		       struct pdp_error *err)
{
	const char *problem = parser->problem ? parser->problem : "unreadable";

	if (parser->error == YAML_MEMORY_ERROR)
		return pdp_fail(err, -ENOMEM, "%s: out of memory", file);
	if (parser->error == YAML_READER_ERROR)
		return pdp_fail(err, -EINVAL, "%s:%u: not YAML: %s", file,
				line_of_offset(text, len, parser->problem_offset), problem);
	if (parser->context && parser->context_mark.line != parser->problem_mark.line)
		return pdp_fail(err, -EINVAL, "%s:%zu: not YAML: %s, %s that begins in line %zu",
				file, parser->problem_mark.line + 1, problem, parser->context,
				parser->context_mark.line + 1);
	return pdp_fail(err, -EINVAL, "%s:%zu: not YAML: %s%s%s", file,
			parser->problem_mark.line + 1, problem, parser->context ? ", " : "",
			parser->context ? parser->context : "");
}

/* What must not be in a node file although it is YAML. Counts documents and depth as it goes. */
struct census {
	unsigned int documents;
	unsigned int depth;
};

static const char *object_to(struct census *census, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (census->documents++)
			return "a second document begins; one file is one node";
		return NULL;
	case YAML_ALIAS_EVENT:
		return "aliases (*name) are not taken; write it out";
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		if (++census->depth > MAX_DEPTH)
			return "nested too deeply for a node file";
		return NULL;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		census->depth--;
		return NULL;
	default:
		return NULL;
	}
}

/* First pass, event by event: it stops before anything grows out of bounds. */
static int check_events(const char *file, const char *text, size_t len, struct pdp_error *err)
{
	struct census census = {0};
	yaml_parser_t parser;
	bool end = false;
	int ret = 0;

	if (!yaml_parser_initialize(&parser))
		return pdp_fail(err, -ENOMEM, "%s: out of memory", file);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!end && !ret) {
		const char *objection;
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			ret = fail_syntax(&parser, file, text, len, err);
			break;
		}
		objection = object_to(&census, &event);
		if (objection)
			ret = pdp_fail(err, -EINVAL, "%s:%zu: %s", file, event.start_mark.line + 1,
				       objection);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	if (!ret && census.documents == 0)
		ret = pdp_fail(err, -EINVAL, "%s:1: the file is empty; begin with 'version: 1'",
			       file);
	yaml_parser_delete(&parser);
	return ret;
}

int pdp_yaml_load(struct pdp_yaml *yaml, const char *file, const char *text, size_t len,
		  struct pdp_error *err)
{
	yaml_parser_t parser;
	int ret;

	ret = check_events(file, text, len, err);
	if (ret)
		return ret;
	if (!yaml_parser_initialize(&parser))
		return pdp_fail(err, -ENOMEM, "%s: out of memory", file);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	yaml->file = file;
	if (!yaml_parser_load(&parser, &yaml->doc))
		ret = fail_syntax(&parser, file, text, len, err);
	yaml_parser_delete(&parser);
	return ret;
}

void pdp_yaml_free(struct pdp_yaml *yaml)
{
	yaml_document_delete(&yaml->doc);
}

/* --- finding -------------------------------------------------------------------------------- */

/* libyaml's look-ups take the document as not const, and leave it as it is. */
const yaml_node_t *pdp_yaml_root(const struct pdp_yaml *yaml)
{
	return yaml_document_get_root_node((yaml_document_t *)&yaml->doc);
}

const yaml_node_t *pdp_yaml_node(const struct pdp_yaml *yaml, int id)
{
	return yaml_document_get_node((yaml_document_t *)&yaml->doc, id);
}

static bool is_scalar(const yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE;
}

/* A step on a path: where it leads, and where that begins (a value's key is its beginning). */
struct step {
	const yaml_node_t *node;
	uint32_t line;
};

static struct step step_to_key(const struct pdp_yaml *yaml, const yaml_node_t *node,
			       const char *key, size_t len)
{
	const yaml_node_pair_t *pair;

	if (!node || node->type != YAML_MAPPING_NODE)
		return (struct step){0};
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = pdp_yaml_node(yaml, pair->key);

		if (is_scalar(name) && name->data.scalar.length == len &&
		    !memcmp(name->data.scalar.value, key, len))
			return (struct step){pdp_yaml_node(yaml, pair->value),
					     (uint32_t)name->start_mark.line + 1};
	}
	return (struct step){0};
}

static struct step step_to_index(const struct pdp_yaml *yaml, const yaml_node_t *node, size_t i)
{
	const yaml_node_t *item;

	if (!node || node->type != YAML_SEQUENCE_NODE ||
	    i >= (size_t)(node->data.sequence.items.top - node->data.sequence.items.start))
		return (struct step){0};
	item = pdp_yaml_node(yaml, node->data.sequence.items.start[i]);
	return (struct step){item, (uint32_t)item->start_mark.line + 1};
}

/* One step along *path, which is moved past it. */
static struct step step_along(const struct pdp_yaml *yaml, const yaml_node_t *node,
			      const char **path)
{
	size_t len = strcspn(*path, ".[");
	const char *key = *path;

	if (*key == '[') {
		char *end;
		size_t i = strtoul(key + 1, &end, 10);

		*path = end + strspn(end, "].");
		return step_to_index(yaml, node, i);
	}
	*path += len + (key[len] == '.');
	return step_to_key(yaml, node, key, len);
}

uint32_t pdp_yaml_line(const struct pdp_yaml *yaml, const char *path)
{
	struct step at = {pdp_yaml_root(yaml), 1};

	while (*path) {
		struct step next = step_along(yaml, at.node, &path);

		if (!next.node)
			break;
		at = next;
	}
	return at.line;
}

const char *pdp_yaml_where(char buf[PDP_YAML_WHERE_MAX], const struct pdp_yaml *yaml, uint32_t line)
{
	buf[0] = '\0';
	if (yaml->file)
		snprintf(buf, PDP_YAML_WHERE_MAX, " (line %u)", line);
	return buf;
}

const char *pdp_yaml_scalar(const struct pdp_yaml *yaml, const char *path)
{
	struct step at = {pdp_yaml_root(yaml), 1};

	while (*path && at.node)
		at = step_along(yaml, at.node, &path);
	return is_scalar(at.node) ? (const char *)at.node->data.scalar.value : NULL;
}

/* --- telling -------------------------------------------------------------------------------- */

/* What a list's elements are called: "vnets[" is "vnet". */
static int noun_len(const char *path)
{
	size_t len = strcspn(path, "[");

	return (int)(len && path[len - 1] == 's' ? len - 1 : len);
}

/* What a thing without a name goes by: where it stands in the file, or what it leads to. */
static const char *number_of(const struct pdp_yaml *yaml, const yaml_node_t *node, size_t n,
			     char buf[40])
{
	struct step to = step_to_key(yaml, node, "to", 2);

	if (!to.node)
		to = step_to_key(yaml, node, "address", 7);
	if (!yaml->file && is_scalar(to.node))
		snprintf(buf, 40, "%.39s", (const char *)to.node->data.scalar.value);
	else
		snprintf(buf, 40, "%zu", n);
	return buf;
}

/*
 * Whom a path is about, with ": " at its end: "vnet red: ", "vif red/v1: ", "vnet red, route 2: ";
 * "" for the node itself.
 */
static void label_path(const struct pdp_yaml *yaml, const char *path, char label[LABEL_LEN])
{
	struct step at = {pdp_yaml_root(yaml), 1};
	char names[LABEL_LEN / 2] = "";

	label[0] = '\0';
	while (*path && at.node) {
		const char *key = path;
		struct step name;
		size_t n;

		at = step_along(yaml, at.node, &path);
		if (*path != '[' || !at.node)
			continue;
		n = strtoul(path + 1, NULL, 10) + 1;
		at = step_along(yaml, at.node, &path);
		if (!at.node || at.node->type != YAML_MAPPING_NODE)
			break;
		name = step_to_key(yaml, at.node, "name", 4);
		if (is_scalar(name.node) && name.node->data.scalar.length) {
			size_t used = strlen(names);

			snprintf(names + used, sizeof(names) - used, "%s%.30s", used ? "/" : "",
				 (const char *)name.node->data.scalar.value);
			snprintf(label, LABEL_LEN, "%.*s %s", noun_len(key), key, names);
		} else {
			size_t used = strlen(label);
			char which[40];

			snprintf(label + used, LABEL_LEN - used, "%s%.*s %s", used ? ", " : "",
				 noun_len(key), key, number_of(yaml, at.node, n, which));
		}
	}
	if (label[0])
		strncat(label, ": ", LABEL_LEN - strlen(label) - 1);
}

/* What came from the file may hold anything; a terminal must not be told to do things by it. */
static void make_visible(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

static int fail_at(const struct pdp_yaml *yaml, struct pdp_error *err, uint32_t line,
		   const char *path, const char *fmt, va_list args)
{
	char label[LABEL_LEN], sentence[PDP_ERRLEN];

	vsnprintf(sentence, sizeof(sentence), fmt, args);
	make_visible(sentence);
	label_path(yaml, path, label);
	make_visible(label);
	if (!yaml->file)
		return pdp_fail(err, -EINVAL, "%s%s", label, sentence);
	return pdp_fail(err, -EINVAL, "%s:%u: %s%s", yaml->file, line, label, sentence);
}

int pdp_yaml_fail(const struct pdp_yaml *yaml, struct pdp_error *err, const char *path,
		  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_at(yaml, err, pdp_yaml_line(yaml, path), path, fmt, args);
	va_end(args);
	return -EINVAL;
}

int pdp_yaml_fail_line(const struct pdp_yaml *yaml, struct pdp_error *err, uint32_t line,
		       const char *path, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_at(yaml, err, line, path, fmt, args);
	va_end(args);
	return -EINVAL;
}

int pdp_yaml_no_memory(const struct pdp_yaml *yaml, struct pdp_error *err)
{
	return pdp_fail(err, -ENOMEM, "%s%sout of memory", yaml->file ? yaml->file : "",
			yaml->file ? ": " : "");
}
