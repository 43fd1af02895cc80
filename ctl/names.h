/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * names.h - finds elements of a list by their names, without a walk over the list.
 *
 * For lists whose elements begin with a name: vnets of a model or of a placement. What is compared for
 * each of a thousand vnets must not cost a walk over a thousand.
 */
#ifndef PDP_NAMES_H
#define PDP_NAMES_H

#include <stddef.h>

/* Zeroed: of an empty list. Good as long as the list stays where it is and as it is. */
struct pdp_names {
	const char **sorted;
	size_t n;
};

/* Of n elements of this size. 0 or -ENOMEM, and *out is zeroed then. */
int pdp_names_make(struct pdp_names *out, const void *list, size_t n, size_t size);

/* The element of this name; NULL when there is none. */
void *pdp_names_find(const struct pdp_names *names, const char *name);

/* Zeroes it. */
void pdp_names_free(struct pdp_names *names);

#endif
