/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * prefix_set.c - the routes behind a look-up table. See prefix_set.h.
 */
#include "fe-agent/prefix_set.h"

#include <errno.h>

#include "bpf/wire.h"
#include "fe-agent/memory.h"
#include "fe-agent/table_mem.h"

#define SLOTS_MIN 128 /* a page */

struct pdp_lpm_prefix pdp_lpm_prefix_shorten(const struct pdp_lpm_prefix *p, unsigned int len)
{
	struct pdp_lpm_prefix s = {.len = len};

	if (len > 64)
		s.lo = p->lo & ~0ULL << (128 - len);
	if (len >= 64)
		s.hi = p->hi;
	else if (len)
		s.hi = p->hi & ~0ULL << (64 - len);
	return s;
}

bool pdp_lpm_prefix_valid(const struct pdp_lpm_prefix *p, unsigned int max_len)
{
	struct pdp_lpm_prefix s;

	if (p->len > max_len)
		return false;
	s = pdp_lpm_prefix_shorten(p, p->len);
	return s.hi == p->hi && s.lo == p->lo;
}

static size_t home(const struct pdp_prefix_set *set, uint64_t hi, uint64_t lo, unsigned int len)
{
	uint64_t h = pdp_hash_mix(len, hi);

	h = pdp_hash_mix(h, lo) * 0x9fb21c651e98df25ULL;
	return (h >> 32) & (set->n_slots - 1);
}

static size_t after(const struct pdp_prefix_set *set, size_t i)
{
	return (i + 1) & (set->n_slots - 1);
}

static bool holds(const struct pdp_prefix_slot *slot, const struct pdp_lpm_prefix *p)
{
	return slot->hi == p->hi && slot->lo == p->lo && slot->len == p->len;
}

/* The slot of (p, rank), or the free one at the end of its run. */
static struct pdp_prefix_slot *find(const struct pdp_prefix_set *set,
				    const struct pdp_lpm_prefix *p, uint64_t rank)
{
	size_t i = home(set, p->hi, p->lo, p->len);

	while (set->slots[i].value && !(holds(&set->slots[i], p) && set->slots[i].rank == rank))
		i = after(set, i);
	return &set->slots[i];
}

static size_t bytes_of(const struct pdp_prefix_set *set)
{
	return set->n_slots * sizeof(*set->slots);
}

static int grow(struct pdp_prefix_set *set)
{
	struct pdp_prefix_set bigger = {.n_slots = set->n_slots ? 2 * set->n_slots : SLOTS_MIN,
					.used = set->used,
					.moves = set->moves + 1,
					.round = set->round};
	size_t i;

	if (pdp_memory_take(bytes_of(&bigger)))
		return -ENOMEM;
	/* Three eighths of it are filled at once, everywhere. */
	bigger.slots = pdp_table_map(bytes_of(&bigger), PDP_TABLE_DENSE);
	if (!bigger.slots)
		return -ENOMEM;
	for (i = 0; i < set->n_slots; i++) {
		const struct pdp_prefix_slot *s = &set->slots[i];
		struct pdp_lpm_prefix p = {.hi = s->hi, .lo = s->lo, .len = s->len};

		if (s->value)
			*find(&bigger, &p, s->rank) = *s;
	}
	pdp_table_unmap(set->slots, bytes_of(set));
	*set = bigger;
	return 0;
}

void pdp_prefix_set_fini(struct pdp_prefix_set *set)
{
	pdp_table_unmap(set->slots, bytes_of(set));
	*set = (struct pdp_prefix_set){0};
}

uint32_t pdp_prefix_set_best(const struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p,
			     uint64_t *rank)
{
	uint32_t value = 0;
	size_t i;

	*rank = UINT64_MAX;
	if (!set->used)
		return 0;
	for (i = home(set, p->hi, p->lo, p->len); set->slots[i].value; i = after(set, i)) {
		if (!holds(&set->slots[i], p) || set->slots[i].rank > *rank)
			continue;
		*rank = set->slots[i].rank;
		value = set->slots[i].value;
	}
	return value;
}

/* The value in force for p itself, or 0. */
static uint32_t best_of(const struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p)
{
	uint64_t rank;

	return pdp_prefix_set_best(set, p, &rank);
}

int pdp_prefix_set_add(struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p, uint64_t rank,
		       uint32_t value, struct pdp_prefix_change *change)
{
	struct pdp_prefix_slot *slot;
	int err;

	/* What replaces another needs no room, and is not refused for want of it. */
	if (set->used + 1 > set->n_slots / 4 * 3 && !pdp_prefix_set_get(set, p, rank)) {
		err = grow(set);
		if (err)
			return err;
	}
	slot = find(set, p, rank);
	change->old = slot->value;
	change->before = best_of(set, p);
	set->used += !slot->value;
	*slot = (struct pdp_prefix_slot){
		.hi = p->hi,
		.lo = p->lo,
		.rank = rank,
		.value = value,
		.len = p->len,
		.round = set->round,
	};
	change->best = best_of(set, p);
	return 0;
}

/* Close the gap at i: move back what would not be found across it (Knuth, vol. 3, 6.4, alg. R). */
static void close_gap(struct pdp_prefix_set *set, size_t i)
{
	size_t mask = set->n_slots - 1;
	size_t j, h;

	for (j = after(set, i); set->slots[j].value; j = after(set, j)) {
		h = home(set, set->slots[j].hi, set->slots[j].lo, set->slots[j].len);
		if (((j - h) & mask) < ((j - i) & mask))
			continue;
		set->slots[i] = set->slots[j];
		set->moves += j < i;
		i = j;
	}
	set->slots[i].value = 0;
}

int pdp_prefix_set_del(struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p, uint64_t rank,
		       struct pdp_prefix_change *change)
{
	struct pdp_prefix_slot *slot;

	if (!set->used)
		return -ENOENT;
	slot = find(set, p, rank);
	if (!slot->value)
		return -ENOENT;
	change->old = slot->value;
	change->before = best_of(set, p);
	close_gap(set, slot - set->slots);
	set->used--;
	change->best = best_of(set, p);
	return 0;
}

uint32_t pdp_prefix_set_get(const struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p,
			    uint64_t rank)
{
	return set->used ? find(set, p, rank)->value : 0;
}

bool pdp_prefix_set_find(const struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p,
			 uint64_t min, uint64_t max, uint64_t except, uint64_t *rank)
{
	size_t i;

	if (!set->used)
		return false;
	for (i = home(set, p->hi, p->lo, p->len); set->slots[i].value; i = after(set, i)) {
		*rank = set->slots[i].rank;
		if (holds(&set->slots[i], p) && *rank >= min && *rank <= max && *rank != except)
			return true;
	}
	return false;
}

uint32_t pdp_prefix_set_cover(const struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p,
			      unsigned int min_len, unsigned int *len)
{
	struct pdp_lpm_prefix shorter;
	unsigned int l;
	uint32_t value;

	for (l = p->len; l-- > min_len;) {
		shorter = pdp_lpm_prefix_shorten(p, l);
		value = best_of(set, &shorter);
		if (value) {
			*len = l;
			return value;
		}
	}
	return 0;
}

/*
 * Downwards, as gaps are closed downwards: what is moved is seen twice rather than not at all. Only
 * from the table's beginning to its end something may be moved past the walk, or when the table is made
 * anew; then it begins again.
 */
const struct pdp_prefix_slot *pdp_prefix_set_walk(const struct pdp_prefix_set *set,
						  struct pdp_prefix_cursor *cursor,
						  unsigned int *max_slots)
{
	if (!cursor->begun || cursor->moves != set->moves)
		*cursor = (struct pdp_prefix_cursor){
			.moves = set->moves, .begun = true, .left = set->n_slots};
	for (; cursor->left && *max_slots; (*max_slots)--)
		if (set->slots[--cursor->left].value)
			return &set->slots[cursor->left];
	return NULL;
}
