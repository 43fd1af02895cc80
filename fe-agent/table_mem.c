/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * table_mem.c - memory of look-up tables, and ids of what lives in them. See table_mem.h.
 */
#include "fe-agent/table_mem.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include "fe-agent/memory.h"

/*
 * So many released ids are worth a grace period before the table grows into new memory: an eighth of a
 * table, within these bounds. Programs in the kernel are waited for for milliseconds, and a full table that is
 * loaded releases a million.
 */
#define RETIRED_MANY_MIN 256
#define RETIRED_MANY_MAX 8192

#define HUGE ((size_t)2 << 20)

/* Since Linux 6.1. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Aligned for huge pages where it is large enough for one. */
static void *map_aligned(size_t bytes)
{
	const int prot = PROT_READ | PROT_WRITE;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	const size_t spare = bytes >= HUGE ? HUGE : 0;
	char *table = mmap(NULL, bytes + spare, prot, flags, -1, 0);
	size_t skip;

	if (table == MAP_FAILED || !spare)
		return table == MAP_FAILED ? NULL : table;
	skip = -(uintptr_t)table & (HUGE - 1);
	if (skip)
		munmap(table, skip);
	munmap(table + skip + bytes, spare - skip);
	return table + skip;
}

void *pdp_table_map(size_t bytes, enum pdp_table_fill fill)
{
	void *table = map_aligned(bytes);

	/* Advice: a kernel without huge pages says EINVAL. */
	if (table)
		madvise(table, bytes, fill == PDP_TABLE_DENSE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return table;
}

static void condense(void *part)
{
	if (pdp_memory_take(HUGE))
		return;
	/* Two kinds of kernel: that which does it now, and that whose khugepaged does it some time. */
	madvise(part, HUGE, MADV_HUGEPAGE);
	madvise(part, HUGE, MADV_COLLAPSE);
}

void pdp_table_unmap(void *table, size_t bytes)
{
	if (table)
		munmap(table, bytes);
}

void pdp_grace_period(bool shared)
{
	synchronize_rcu();
	/* Waits as the kernel's own synchronize_rcu(), and needs no privilege. */
	if (shared)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static uint32_t retired_many(uint32_t capacity)
{
	if (capacity / 8 < RETIRED_MANY_MIN)
		return RETIRED_MANY_MIN;
	return capacity / 8 < RETIRED_MANY_MAX ? capacity / 8 : RETIRED_MANY_MAX;
}

int pdp_rcu_ids_init(struct pdp_rcu_ids *ids, uint32_t capacity, bool shared)
{
	*ids = (struct pdp_rcu_ids){
		.capacity = capacity,
		.fresh = 1,
		.retired_many = retired_many(capacity),
		.shared = shared,
	};
	ids->next = pdp_table_map(capacity * sizeof(*ids->next), PDP_TABLE_SPARSE);
	return ids->next ? 0 : -ENOMEM;
}

static void recycle_retired(struct pdp_rcu_ids *ids)
{
	uint32_t id, next;

	for (id = ids->retired; id; id = next) {
		next = ids->next[id];
		ids->next[id] = ids->free;
		ids->free = id;
	}
	ids->n_free += ids->n_retired;
	ids->retired = 0;
	ids->n_retired = 0;
}

void pdp_rcu_ids_fini(struct pdp_rcu_ids *ids)
{
	pdp_table_unmap(ids->next, ids->capacity * sizeof(*ids->next));
	ids->next = NULL;
}

int pdp_rcu_ids_reserve(struct pdp_rcu_ids *ids, uint32_t n)
{
	if (ids->n_free >= n)
		return 0;
	if (ids->n_retired >= ids->retired_many ||
	    (ids->n_retired && ids->n_free + (ids->capacity - ids->fresh) < n)) {
		pdp_grace_period(ids->shared);
		recycle_retired(ids);
	}
	return ids->n_free + (ids->capacity - ids->fresh) >= n ? 0 : -ENOSPC;
}

uint32_t pdp_rcu_ids_get(struct pdp_rcu_ids *ids)
{
	uint32_t id;

	if (pdp_rcu_ids_reserve(ids, 1))
		return 0;
	if (!ids->free)
		return ids->fresh++;
	id = ids->free;
	ids->free = ids->next[id];
	ids->n_free--;
	return id;
}

void pdp_rcu_ids_retire(struct pdp_rcu_ids *ids, uint32_t id)
{
	ids->next[id] = ids->retired;
	ids->retired = id;
	ids->n_retired++;
}

uint32_t pdp_rcu_ids_used(const struct pdp_rcu_ids *ids)
{
	return ids->fresh - 1 - ids->n_free - ids->n_retired;
}

uint32_t pdp_table_get(struct pdp_rcu_ids *ids, void *table, size_t element)
{
	uint32_t id = pdp_rcu_ids_get(ids);
	size_t begin = id * element;

	/* The first of a part was never used before: the part in front of it is full. */
	if (!ids->shared && id && id + 1 == ids->fresh && begin % HUGE == 0)
		condense((char *)table + begin - HUGE);
	return id;
}
