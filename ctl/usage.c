/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* usage.c - a command's args to tokens; see usage.h. */
#include "ctl/usage.h"

#include <ctype.h>
#include <string.h>

static enum pdp_token_kind kind_of(const char *text, int len)
{
	if (strchr("[]{}.", *text) || (len == 1 && *text == '|'))
		return PDP_TOKEN_BRACKET;
	if (isupper((unsigned char)*text) || memchr(text, '|', (size_t)len))
		return PDP_TOKEN_VALUE;
	return PDP_TOKEN_KEYWORD;
}

size_t pdp_usage_split(struct pdp_token out[PDP_TOKENS_MAX], const char *args)
{
	size_t n = 0;

	for (; *(args += strspn(args, " ")) && n < PDP_TOKENS_MAX; n++) {
		struct pdp_token *token = &out[n];

		token->text = args;
		token->len = (int)strcspn(args, " ");
		token->kind = kind_of(args, token->len);
		token->of = token->kind == PDP_TOKEN_VALUE && n > 0 &&
					    out[n - 1].kind == PDP_TOKEN_KEYWORD
				    ? &out[n - 1]
				    : NULL;
		args += token->len;
	}
	return n;
}
