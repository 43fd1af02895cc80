/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* pool.c - the account of the UMEM's frames; see pool.h. */
#include <errno.h>
#include <stdlib.h>

#include "fe-agent/pool.h"

int pdp_pool_init(struct pdp_pool *pool, uint32_t frames)
{
	*pool = (struct pdp_pool){.total = frames};
	pool->free = calloc(frames, sizeof(*pool->free));
	pool->place = calloc(frames, sizeof(*pool->place));
	if (!pool->free || !pool->place) {
		pdp_pool_fini(pool);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < frames; i++)
		pool->free[i] = frames - 1 - i;
	pool->count[PDP_FREE] = frames;
	return 0;
}

void pdp_pool_fini(struct pdp_pool *pool)
{
	free(pool->free);
	free(pool->place);
	*pool = (struct pdp_pool){0};
}

bool pdp_pool_take(struct pdp_pool *pool, enum pdp_place to, uint64_t *addr)
{
	uint32_t frame;

	if (!pool->count[PDP_FREE])
		return false;
	frame = pool->free[--pool->count[PDP_FREE]];
	pool->place[frame] = to;
	pool->count[to]++;
	*addr = (uint64_t)frame << PDP_FRAME_SHIFT;
	return true;
}

bool pdp_pool_move(struct pdp_pool *pool, uint64_t addr, enum pdp_place from, enum pdp_place to)
{
	uint64_t frame = addr >> PDP_FRAME_SHIFT;

	if (frame >= pool->total || pool->place[frame] != from)
		return false;
	pool->count[from]--;
	if (to == PDP_FREE)
		pool->free[pool->count[PDP_FREE]] = frame;
	pool->place[frame] = to;
	pool->count[to]++;
	return true;
}

bool pdp_pool_balanced(const struct pdp_pool *pool)
{
	uint32_t sum = 0;

	for (int i = 0; i < PDP_PLACES; i++)
		sum += pool->count[i];
	return sum == pool->total;
}
