/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * usage.h - what may follow a command, word by word, from the args of the command table. Pure.
 */
#ifndef PDP_USAGE_H
#define PDP_USAGE_H

#include <stddef.h>

#define PDP_TOKENS_MAX 256

enum pdp_token_kind {
	PDP_TOKEN_BRACKET, /* [ ] { } ... | */
	PDP_TOKEN_KEYWORD, /* typed as it stands: power, --check */
	PDP_TOKEN_VALUE, /* POWER, FILE|-, best-fit|first-fit */
};

struct pdp_token {
	const char *text; /* in the args, not terminated */
	int len;
	enum pdp_token_kind kind;
	const struct pdp_token *of; /* the keyword right before a value; NULL = stands for itself */
};

/* How many tokens; at most PDP_TOKENS_MAX. */
size_t pdp_usage_split(struct pdp_token out[PDP_TOKENS_MAX], const char *args);

#endif
