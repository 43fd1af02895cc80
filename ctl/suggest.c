/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * suggest.c - "did you mean": the word that was likely meant.
 */
#include "ctl/suggest.h"

#include <string.h>

#define WORD_MAX 32

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance, over three rows of the usual table. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= n_b; j++)
		last[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			row[j] = min(min(last[j], row[j - 1]) + 1,
				     last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[n_b];
}

const char *pdp_suggest(const char *word, const char *const *words, size_t n)
{
	size_t len = strlen(word), nearest = WORD_MAX;
	const char *found = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(words[i]), d;

		if (other > WORD_MAX)
			continue;
		d = distance(word, len, words[i], other);
		/* Less than all of the word, or any letter would mean any other. */
		if (d < nearest && d < other && d <= (other + 2) / 3) {
			nearest = d;
			found = words[i];
		}
	}
	return found;
}
