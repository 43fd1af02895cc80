/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* words.c - paths and JSON to words; see words.h. */
#include "ctl/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096

/* A kind of thing, and the keys that name one of them. */
static const struct kind {
	const char *collection;
	const char *word;
	const char *names[2];
	bool one_word; /* the names make one word: VNET/VIF */
} kinds[] = {
	{"ports", "port", {"name"}, false},
	{"fes", "fe", {"name"}, false},
	{"vnets", "vnet", {"name"}, false},
	{"vifs", "vif", {"vnet", "name"}, true},
	{"routes", "route", {"vnet", "to"}, false},
	{"neighbours", "neighbour", {"vnet", "address"}, false},
};

static const struct kind *find_kind(const char *path, const char **rest)
{
	size_t i, len = strcspn(path, "/");

	*rest = path + len + (path[len] == '/');
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].collection) == len && !strncmp(path, kinds[i].collection, len))
			return &kinds[i];
	return NULL;
}

void pdp_words_free(struct pdp_words *words)
{
	while (words->n > 0)
		free(words->text[--words->n]);
}

static int add(struct pdp_words *out, const char *text, size_t len, struct pdp_error *err)
{
	if (out->n == PDP_WORDS_MAX)
		return pdp_fail(err, -E2BIG, "more than %d words", PDP_WORDS_MAX);
	out->text[out->n] = strndup(text, len);
	if (!out->text[out->n])
		return pdp_fail(err, -ENOMEM, "no memory for a request");
	out->n++;
	return 0;
}

static int add_word(struct pdp_words *out, const char *text, struct pdp_error *err)
{
	return add(out, text, strlen(text), err);
}

/* --- who is meant ------------------------------------------------------------------------------ */

static int name_in(const char **out, const struct kind *kind, int which, const json_t *body,
		   struct pdp_error *err)
{
	*out = json_string_value(json_object_get(body, kind->names[which]));
	if (*out)
		return 0;
	return pdp_fail(err, -EINVAL, "a new %s needs the key '%s', a string", kind->word,
			kind->names[which]);
}

static int name_from_body(struct pdp_words *out, const struct kind *kind, const json_t *body,
			  struct pdp_error *err)
{
	const char *first = NULL, *second = NULL;
	char word[TEXT_MAX];
	int code = name_in(&first, kind, 0, body, err);

	if (!code && kind->names[1])
		code = name_in(&second, kind, 1, body, err);
	if (code || !first)
		return code;
	if (kind->one_word) {
		snprintf(word, sizeof(word), "%s/%s", first, second ? second : "");
		return add_word(out, word, err);
	}
	code = add_word(out, first, err);
	return code || !second ? code : add_word(out, second, err);
}

static int name_from_path(struct pdp_words *out, const struct kind *kind, const char *rest,
			  struct pdp_error *err)
{
	size_t len = strcspn(rest, "/");
	int code;

	if (kind->one_word || !kind->names[1])
		return add_word(out, rest, err);
	if (!rest[len] || !rest[len + 1])
		return pdp_fail(err, -EINVAL, "%s '%s': the path is /v1/%s/VNET/%s", kind->word,
				rest, kind->collection, kind->names[1]);
	code = add(out, rest, len, err);
	return code ? code : add_word(out, rest + len + 1, err);
}

/* --- what it is to be -------------------------------------------------------------------------- */

static bool is_name(const struct kind *kind, const char *key)
{
	return !strcmp(key, kind->names[0]) || (kind->names[1] && !strcmp(key, kind->names[1]));
}

/* One value as a word. Lists of words are one word, with commas. */
static int print_value(char text[TEXT_MAX], const json_t *value)
{
	size_t i, at = 0;
	const json_t *item;

	switch (json_typeof(value)) {
	case JSON_STRING:
		return snprintf(text, TEXT_MAX, "%s", json_string_value(value));
	case JSON_INTEGER:
		return snprintf(text, TEXT_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return snprintf(text, TEXT_MAX, "%.17g", json_real_value(value));
	case JSON_TRUE:
		return snprintf(text, TEXT_MAX, "true");
	case JSON_FALSE:
		return snprintf(text, TEXT_MAX, "false");
	case JSON_NULL:
		return snprintf(text, TEXT_MAX, "default");
	default:
		break;
	}
	text[0] = '\0';
	json_array_foreach(value, i, item) {
		if (!json_is_string(item))
			return -1;
		at += (size_t)snprintf(text + at, TEXT_MAX - at, "%s%s", i ? "," : "",
				       json_string_value(item));
		if (at >= TEXT_MAX)
			return TEXT_MAX;
	}
	return (int)at;
}

static int add_key(struct pdp_words *out, const char *key, const json_t *value,
		   struct pdp_error *err)
{
	char text[TEXT_MAX];
	int code, len = print_value(text, value);

	if (len < 0)
		return pdp_fail(err, -EINVAL, "key '%s': a list holds strings alone", key);
	if (len >= TEXT_MAX)
		return pdp_fail(err, -E2BIG, "key '%s': more than %d characters", key,
				TEXT_MAX - 1);
	code = add_word(out, key, err);
	return code ? code : add_word(out, text, err);
}

static int add_inner(struct pdp_words *out, const char *key, const json_t *object,
		     struct pdp_error *err)
{
	char path[256];
	const char *inner;
	json_t *value;
	int code = 0;

	json_object_foreach((json_t *)object, inner, value) {
		snprintf(path, sizeof(path), "%s.%s", key, inner);
		if (json_is_object(value))
			code = pdp_fail(err, -EINVAL, "key '%s': nothing is nested so deep", path);
		if (!code)
			code = add_key(out, path, value, err);
		if (code)
			break;
	}
	return code;
}

static int add_body(struct pdp_words *out, const struct kind *kind, const json_t *body, bool named,
		    struct pdp_error *err)
{
	const char *key;
	json_t *value;
	int code = 0;

	json_object_foreach((json_t *)body, key, value) {
		if (named && is_name(kind, key))
			continue;
		code = json_is_object(value) ? add_inner(out, key, value, err)
					     : add_key(out, key, value, err);
		if (code)
			break;
	}
	return code;
}

int pdp_words_make(struct pdp_words *out, const char *verb, const char *path, const json_t *body,
		   struct pdp_error *err)
{
	bool fresh = !strcmp(verb, "add");
	const struct kind *kind;
	const char *rest;
	int code;

	out->n = 0;
	kind = find_kind(path, &rest);
	if (!kind || fresh == (*rest != '\0'))
		return pdp_fail(err, -ENOENT, "there is no such path");
	if (body && !json_is_object(body))
		return pdp_fail(err, -EINVAL, "the body is to be one JSON object");
	code = add_word(out, kind->word, err);
	if (!code)
		code = add_word(out, verb, err);
	if (!code)
		code = fresh ? name_from_body(out, kind, body, err)
			     : name_from_path(out, kind, rest, err);
	return code || !body ? code : add_body(out, kind, body, fresh, err);
}

void pdp_words_join(const struct pdp_words *words, char *line, size_t size)
{
	size_t i, at = 0;

	line[0] = '\0';
	for (i = 0; i < words->n && at < size; i++)
		at += (size_t)snprintf(line + at, size - at, "%s%s", i ? " " : "", words->text[i]);
}
