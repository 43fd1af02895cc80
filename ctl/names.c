/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * names.c - finds elements of a list by their names: a sorted list of pointers to them.
 */
#include "ctl/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int pdp_names_make(struct pdp_names *out, const void *list, size_t n, size_t size)
{
	const char **sorted = calloc(n + 1, sizeof(*sorted));

	*out = (struct pdp_names){0};
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = (const char *)list + i * size;
	qsort(sorted, n, sizeof(*sorted), compare);
	*out = (struct pdp_names){sorted, n};
	return 0;
}

void *pdp_names_find(const struct pdp_names *names, const char *name)
{
	const char **at =
		names->n ? bsearch(&name, names->sorted, names->n, sizeof(name), compare) : NULL;

	return at ? (void *)*at : NULL;
}

void pdp_names_free(struct pdp_names *names)
{
	free(names->sorted);
	*names = (struct pdp_names){0};
}
