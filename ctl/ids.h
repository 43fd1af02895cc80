/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * ids.h - small dense ids, which index the arrays of the maps.
 *
 * The smallest free id is given out, so that arrays stay dense. Id 0 is never given out: a zeroed map
 * element means none. Pure.
 */
#ifndef PDP_IDS_H
#define PDP_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pdp_ids {
	uint64_t *taken; /* a bit for each id */
	uint32_t limit; /* ids are 1 .. limit - 1 */
	uint32_t lowest; /* no id below this is free */
};

/* limit: the number of elements of the array, at most 65536. 0, -EINVAL or -ENOMEM. */
int pdp_ids_init(struct pdp_ids *ids, uint32_t limit);
/* A zeroed one is fine, and so is one already finished. */
void pdp_ids_fini(struct pdp_ids *ids);

/* The smallest free id, now taken; 0 when there is none left. */
uint16_t pdp_ids_take(struct pdp_ids *ids);
/* Take this one, for what is found in the maps after a restart. 0, -ERANGE, or -EEXIST. */
int pdp_ids_claim(struct pdp_ids *ids, uint32_t id);
bool pdp_ids_taken(const struct pdp_ids *ids, uint32_t id);

#endif
