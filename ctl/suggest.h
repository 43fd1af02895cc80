/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * suggest.h - "did you mean": the word that was likely meant. Pure.
 */
#ifndef PDP_SUGGEST_H
#define PDP_SUGGEST_H

#include <stddef.h>

/*
 * The nearest of n words, by the letters added, left out, changed or swapped (optimal string
 * alignment); NULL when none is near, that is within a third of its length. The first of equals.
 */
const char *pdp_suggest(const char *word, const char *const *words, size_t n);

#endif
