/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * words.h - a request for a change as the words of a command, "vnet set red power 3000m". Pure.
 */
#ifndef PDP_WORDS_H
#define PDP_WORDS_H

#include <jansson.h>
#include <stddef.h>

#include "loader/loader.h"

#define PDP_WORDS_MAX 128

struct pdp_words {
	char *text[PDP_WORDS_MAX];
	size_t n;
};

/* A zeroed one is fine. */
void pdp_words_free(struct pdp_words *words);

/*
 * pdp_words_make() - what pdp_edit() is given.
 * @verb: "add", "set" or "del".
 * @path: behind /v1/, decoded: "vnets" for add, "vnets/red", "vifs/red/v0", "routes/red/10.0.0.0/8".
 * @body: an object of the node file's keys, for add with the name; a key within another is written
 * rate.pps or {"rate": {"pps": 1000}}; null takes an optional key away. NULL = none.
 *
 * 0; -ENOENT for a path that is none of these; -EINVAL, -E2BIG, -ENOMEM. *out is the caller's to free
 * in any case.
 */
int pdp_words_make(struct pdp_words *out, const char *verb, const char *path, const json_t *body,
		   struct pdp_error *err);

/* All of them in one line, cut if need be. */
void pdp_words_join(const struct pdp_words *words, char *line, size_t size);

#endif
