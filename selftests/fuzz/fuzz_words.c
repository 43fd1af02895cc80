/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_words.c - what the API makes of a request: refused with a sentence, or words of a command.
 *
 * Byte 1 is the verb; up to the first newline it is the path behind /v1/, then the JSON body.
 */
#include "ctl/words.h"
#include "selftests/fuzz/fuzz.h"

static void check_words(const struct pdp_words *words)
{
	char line[256];

	must(words->n >= 2 && words->n <= PDP_WORDS_MAX);
	for (size_t i = 0; i < words->n; i++)
		must(words->text[i]);
	memset(line, 'x', sizeof(line));
	pdp_words_join(words, line, sizeof(line));
	must(memchr(line, '\0', sizeof(line)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const verbs[] = {"add", "set", "del"};
	const char *verb = verbs[next_byte(&data, &size) % 3];
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	const size_t len = newline ? (size_t)(newline - data) : size;
	char *path = strndup((const char *)data, len);
	struct pdp_words words = {.n = 0};
	struct pdp_error err = {""};
	json_t *body = NULL;

	must(path);
	if (newline)
		body = json_loadb((const char *)newline + 1, size - len - 1, JSON_REJECT_DUPLICATES,
				  NULL);
	if (pdp_words_make(&words, verb, path, body, &err))
		must(*err.text);
	else
		check_words(&words);
	pdp_words_free(&words);
	json_decref(body);
	free(path);
	return 0;
}
