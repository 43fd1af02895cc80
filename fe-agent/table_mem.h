/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * table_mem.h - memory of look-up tables, and ids of what lives in them.
 *
 * Control side of the router. Tables are large, sparse arrays in mappings of their own: a page costs
 * nothing until it is written.
 *
 * struct pdp_rcu_ids hands out ids of elements of such a table. A reader may still be at an element when it is
 * released, so a released id comes back only after an RCU grace period. Grace periods are waited for in
 * bulk, and only when elements are wanted.
 */
#ifndef PDP_TABLE_MEM_H
#define PDP_TABLE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a table is filled: here and there, or from its beginning on. */
enum pdp_table_fill { PDP_TABLE_SPARSE, PDP_TABLE_DENSE };

/*
 * A zeroed mapping that takes memory as it is touched; NULL when refused. A sparse table has small
 * pages: a huge one per route would make a small table large. A dense one has huge pages where the
 * machine gives them, for a walk through it misses the TLB at each step otherwise.
 */
void *pdp_table_map(size_t bytes, enum pdp_table_fill fill);
/* NULL is fine. */
void pdp_table_unmap(void *table, size_t bytes);

/*
 * Until no reader is where it was before: the worker (liburcu-qsbr), and where the table is shared with
 * the kernel, the XDP programs too (docs/fast-half.md).
 */
void pdp_grace_period(bool shared);

struct pdp_rcu_ids {
	uint32_t capacity; /* ids are 1..capacity-1 */
	uint32_t fresh; /* the lowest id never given out */
	uint32_t free; /* heads of lists through next[] */
	uint32_t retired;
	uint32_t n_free;
	uint32_t n_retired;
	uint32_t retired_many; /* that many are worth a grace period */
	bool shared; /* there are readers in the kernel */
	uint32_t *next;
};

/* 0 or -ENOMEM. */
int pdp_rcu_ids_init(struct pdp_rcu_ids *ids, uint32_t capacity, bool shared);
/* Fine on a zeroed pool. */
void pdp_rcu_ids_fini(struct pdp_rcu_ids *ids);
/* See that n ids can be had now; waits for a grace period if it must. 0 or -ENOSPC. */
int pdp_rcu_ids_reserve(struct pdp_rcu_ids *ids, uint32_t n);
/* An id, or 0 when there is none. */
uint32_t pdp_rcu_ids_get(struct pdp_rcu_ids *ids);
/* Give back an id that no reader has seen, or whose element no new reader can find. */
void pdp_rcu_ids_retire(struct pdp_rcu_ids *ids, uint32_t id);
/* How many are given out and not given back. */
uint32_t pdp_rcu_ids_used(const struct pdp_rcu_ids *ids);

/*
 * An id as pdp_rcu_ids_get() gives it, for a table that is sparse as long as it is small: each part that
 * is full goes to a huge page, if it is anonymous memory, and kernel and memory limit let it. Readers may have to wait for that as for a page fault, less than a
 * millisecond.
 */
uint32_t pdp_table_get(struct pdp_rcu_ids *ids, void *table, size_t element);

#endif
