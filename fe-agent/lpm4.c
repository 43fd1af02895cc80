/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm4.c - IPv4 longest-prefix match, the writer's side. See lpm4.h.
 *
 * All changes are one operation, paint: over the range of a prefix, an entry won by this prefix or a
 * shorter one is overwritten. To add is to paint with the prefix's value, to delete is to paint with
 * that of the prefix around it, or with nothing.
 */
#include "fe-agent/lpm4.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fe-agent/lpm_change.h"

/* Lengths up to this one live in the root, up to WIDE_LEN in the groups that it leads to. */
#define SHORT_LEN PDP_RT_ROOT_BITS
#define WIDE_LEN 24

int pdp_lpm4_init(struct pdp_lpm4 *lpm, const struct pdp_router_memory *memory)
{
	const uint32_t groups = memory->sizes.groups4;

	*lpm = (struct pdp_lpm4){
		.root = memory->table[PDP_RT_ROOT4],
		.groups = memory->table[PDP_RT_GROUP4],
		.group_uses = pdp_table_map(groups * sizeof(*lpm->group_uses), PDP_TABLE_SPARSE),
	};
	if (lpm->group_uses && !pdp_rcu_ids_init(&lpm->group_ids, groups, memory->shared))
		return 0;
	pdp_lpm4_fini(lpm);
	return -ENOMEM;
}

void pdp_lpm4_fini(struct pdp_lpm4 *lpm)
{
	pdp_table_unmap(lpm->group_uses, lpm->group_ids.capacity * sizeof(*lpm->group_uses));
	pdp_rcu_ids_fini(&lpm->group_ids);
	pdp_prefix_set_fini(&lpm->set);
	*lpm = (struct pdp_lpm4){0};
}

static unsigned int depth(uint32_t leaf)
{
	return leaf >> PDP_RT_LEN_SHIFT & 0x3f;
}

/* Release: what an entry leads to (a group, a next hop) was written before it. */
static void store(uint32_t *entry, uint32_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static void store_root(__u64 *entry, uint32_t child, uint32_t leaf)
{
	__atomic_store_n(entry, (uint64_t)child << PDP_RT_CHILD_SHIFT | leaf, __ATOMIC_RELEASE);
}

static uint32_t child_of(uint64_t entry)
{
	return entry >> PDP_RT_CHILD_SHIFT;
}

static void paint(uint32_t *entries, size_t n, uint32_t leaf, unsigned int len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (depth(entries[i]) <= len)
			store(&entries[i], leaf);
}

static void paint_root(__u64 *entries, size_t n, uint32_t leaf, unsigned int len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (depth(entries[i]) <= len)
			store_root(&entries[i], child_of(entries[i]), leaf);
}

static uint32_t *entries_of(struct pdp_lpm4 *lpm, uint32_t group)
{
	return lpm->groups[group].entry;
}

static uint32_t new_group(struct pdp_lpm4 *lpm)
{
	uint32_t group = pdp_table_get(&lpm->group_ids, lpm->groups, sizeof(*lpm->groups));

	lpm->group_uses[group] = 0;
	return group;
}

/* The group of a /16, made if need be. */
static uint32_t open_wide(struct pdp_lpm4 *lpm, __u64 *root)
{
	uint32_t group = child_of(*root);

	if (group)
		return group;
	group = new_group(lpm);
	memset(entries_of(lpm, group), 0, sizeof(*lpm->groups));
	store_root(root, group, (uint32_t)*root);
	return group;
}

/* Nothing ends in it, so there is nothing in it. */
static void close_wide(struct pdp_lpm4 *lpm, __u64 *root, uint32_t group)
{
	if (lpm->group_uses[group])
		return;
	store_root(root, 0, (uint32_t)*root);
	pdp_rcu_ids_retire(&lpm->group_ids, group);
}

/* The group of a /24, whose entry in the wide one is e, made if need be. */
static uint32_t open_narrow(struct pdp_lpm4 *lpm, uint32_t wide, uint32_t *e)
{
	uint32_t group, i;

	if (*e & PDP_RT_GROUP)
		return *e & PDP_RT_VALUE;
	group = new_group(lpm);
	for (i = 0; i < 256; i++)
		entries_of(lpm, group)[i] = *e;
	lpm->group_uses[wide]++;
	store(e, PDP_RT_GROUP | group);
	return group;
}

/* No prefix longer than /24 is left, so all entries of the group are the same. */
static void close_narrow(struct pdp_lpm4 *lpm, uint32_t wide, uint32_t *e, uint32_t group)
{
	if (lpm->group_uses[group])
		return;
	store(e, entries_of(lpm, group)[0]);
	pdp_rcu_ids_retire(&lpm->group_ids, group);
	lpm->group_uses[wide]--;
}

/* Prefixes of 17 to 24 bits: the wide group, and through it the narrow ones in their range. */
static void paint_wide(struct pdp_lpm4 *lpm, uint32_t *e, uint32_t leaf, unsigned int len)
{
	uint32_t *end = e + (1u << (WIDE_LEN - len));

	for (; e < end; e++) {
		if (*e & PDP_RT_GROUP)
			paint(entries_of(lpm, *e & PDP_RT_VALUE), 256, leaf, len);
		else
			paint(e, 1, leaf, len);
	}
}

/* Prefixes longer than /24. */
static void paint_narrow(struct pdp_lpm4 *lpm, uint32_t wide, uint32_t addr, uint32_t leaf,
			 unsigned int len, int grown)
{
	uint32_t *e = &entries_of(lpm, wide)[addr >> 8 & 0xff];
	uint32_t group = open_narrow(lpm, wide, e);

	paint(entries_of(lpm, group) + (addr & 0xff), 1u << (32 - len), leaf, len);
	lpm->group_uses[group] += grown;
	close_narrow(lpm, wide, e, group);
}

/* How many groups are not there yet that a prefix longer than /16 needs. */
static unsigned int missing_groups(struct pdp_lpm4 *lpm, uint32_t addr, unsigned int len)
{
	uint32_t wide = child_of(lpm->root[addr >> 16]);
	bool narrow = wide && (entries_of(lpm, wide)[addr >> 8 & 0xff] & PDP_RT_GROUP);

	return !wide + (len > WIDE_LEN && !narrow);
}

/* grown: +1 if the prefix is new, -1 if it goes, 0 if its value changes. */
static int paint_groups(struct pdp_lpm4 *lpm, uint32_t addr, unsigned int len, uint32_t leaf,
			int grown)
{
	__u64 *root = &lpm->root[addr >> 16];
	uint32_t wide;

	if (pdp_rcu_ids_reserve(&lpm->group_ids, missing_groups(lpm, addr, len)))
		return -ENOSPC;
	wide = open_wide(lpm, root);
	if (len > WIDE_LEN) {
		paint_narrow(lpm, wide, addr, leaf, len, grown);
	} else {
		paint_wide(lpm, &entries_of(lpm, wide)[addr >> 8 & 0xff], leaf, len);
		lpm->group_uses[wide] += grown;
	}
	close_wide(lpm, root, wide);
	return 0;
}

static int write_tables(void *table, const struct pdp_lpm_prefix *p, uint32_t leaf, int grown)
{
	struct pdp_lpm4 *lpm = table;
	uint32_t addr = p->hi >> 32;

	if (p->len > SHORT_LEN)
		return paint_groups(lpm, addr, p->len, leaf, grown);
	paint_root(&lpm->root[addr >> 16], 1u << (SHORT_LEN - p->len), leaf, p->len);
	return 0;
}

/* What is no longer than SHORT_LEN shows through from the root by itself. */
static unsigned int shortest_beside(unsigned int len)
{
	return len > SHORT_LEN ? SHORT_LEN + 1 : 0;
}

static const struct pdp_lpm_kind kind = {
	.max_len = 32,
	.shortest_beside = shortest_beside,
	.write = write_tables,
};

int pdp_lpm4_add(struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank,
		 uint32_t value, uint32_t *old)
{
	return pdp_lpm_add(&kind, lpm, &lpm->set, p, rank, value, old);
}

int pdp_lpm4_del(struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank, uint32_t *old)
{
	return pdp_lpm_del(&kind, lpm, &lpm->set, p, rank, old);
}

/* Two groups at most are on the way, and the second is rare: memory is waited for once a burst. */
void pdp_lpm4_lookup_burst(const struct pdp_lpm4 *lpm, const uint32_t *addrs, uint32_t *values,
			   unsigned int n)
{
	const uint32_t *entries[PDP_LPM4_BURST];
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint64_t root = __atomic_load_n(&lpm->root[addrs[i] >> 16], __ATOMIC_RELAXED);

		values[i] = root;
		/* Without a group it is that of id 0, which is empty. */
		entries[i] = &lpm->groups[child_of(root)].entry[addrs[i] >> 8 & 0xff];
		__builtin_prefetch(entries[i]);
	}
	for (i = 0; i < n; i++) {
		uint32_t e = __atomic_load_n(entries[i], __ATOMIC_RELAXED);

		if (e & PDP_RT_GROUP)
			e = __atomic_load_n(&lpm->groups[e & PDP_RT_VALUE].entry[addrs[i] & 0xff],
					    __ATOMIC_RELAXED);
		values[i] = (e ? e : values[i]) & PDP_RT_VALUE;
	}
}
