/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * table_mem.h - memory of look-up tables, and ids of what lives in them.
 *
 * Control side of the router. Tables are large, sparse arrays in mappings of their own: a page costs
 * nothing until it is written. Whatever maps them elsewhere (a BPF array) replaces two functions.
 *
 * struct pdp_rcu_ids hands out ids of elements of such a table. A reader may still be at an element when it is
 * released, so a released id comes back only after an RCU grace period (liburcu-qsbr). Grace periods
 * are waited for in bulk, and only when elements are wanted.
 */
#ifndef PDP_TABLE_MEM_H
#define PDP_TABLE_MEM_H

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
/*
 * A part of a sparse table is well filled by now: put it on huge pages, if the kernel and the memory limit
 * let it (memory.h). Readers may have to wait for it as for a page fault, less than a millisecond. at
 * is anywhere in the part, of PDP_TABLE_HUGE bytes and so aligned.
 */
#define PDP_TABLE_HUGE ((size_t)2 << 20)
void pdp_table_condense(void *at);
/* NULL is fine. */
void pdp_table_unmap(void *table, size_t bytes);

struct pdp_rcu_ids {
	uint32_t capacity; /* ids are 1..capacity-1 */
	uint32_t fresh; /* the lowest id never given out */
	uint32_t free; /* heads of lists through next[] */
	uint32_t retired;
	uint32_t n_free;
	uint32_t n_retired;
	uint32_t *next;
	/* Called for an id when no reader can be at its element any more; may be NULL. */
	void (*recycle)(void *ctx, uint32_t id);
	void *ctx;
};

/* 0 or -ENOMEM. */
int pdp_rcu_ids_init(struct pdp_rcu_ids *ids, uint32_t capacity, void (*recycle)(void *, uint32_t),
		     void *ctx);
/* No reader may be left; retired ids are recycled first. Fine on a zeroed pool. */
void pdp_rcu_ids_fini(struct pdp_rcu_ids *ids);
/* See that n ids can be had now; waits for a grace period if it must. 0 or -ENOSPC. */
int pdp_rcu_ids_reserve(struct pdp_rcu_ids *ids, uint32_t n);
/* An id, or 0 when there is none. */
uint32_t pdp_rcu_ids_get(struct pdp_rcu_ids *ids);
/* Give back an id that no reader has seen, or whose element no new reader can find. */
void pdp_rcu_ids_retire(struct pdp_rcu_ids *ids, uint32_t id);

#endif
