/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * ids.c - small dense ids, which index the arrays of the maps.
 *
 * Off the packet's path: what turns people's labels into the numbers that packets carry. A bit map
 * and the lowest id that may be free.
 */
#include "ctl/ids.h"

#include <errno.h>
#include <stdlib.h>

#define WORD_BITS 64

int pdp_ids_init(struct pdp_ids *ids, uint32_t limit)
{
	*ids = (struct pdp_ids){0};
	if (limit < 2 || limit > UINT16_MAX + 1)
		return -EINVAL;
	ids->taken = calloc((limit + WORD_BITS - 1) / WORD_BITS, sizeof(*ids->taken));
	if (!ids->taken)
		return -ENOMEM;
	ids->limit = limit;
	ids->lowest = 1;
	return 0;
}

void pdp_ids_fini(struct pdp_ids *ids)
{
	free(ids->taken);
	*ids = (struct pdp_ids){0};
}

bool pdp_ids_taken(const struct pdp_ids *ids, uint32_t id)
{
	return id < ids->limit && ids->taken[id / WORD_BITS] >> id % WORD_BITS & 1;
}

int pdp_ids_claim(struct pdp_ids *ids, uint32_t id)
{
	if (id == 0 || id >= ids->limit)
		return -ERANGE;
	if (pdp_ids_taken(ids, id))
		return -EEXIST;
	ids->taken[id / WORD_BITS] |= 1ULL << id % WORD_BITS;
	return 0;
}

uint16_t pdp_ids_take(struct pdp_ids *ids)
{
	while (ids->lowest < ids->limit) {
		uint32_t id = ids->lowest++;

		if (pdp_ids_claim(ids, id) == 0)
			return (uint16_t)id;
	}
	return 0;
}
