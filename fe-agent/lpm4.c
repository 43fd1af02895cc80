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

#define ROOT_ENTRIES (1u << PDP_RT_ROOT_BITS)

static uint32_t ids_of(uint32_t groups)
{
	return groups < PDP_RT_GROUPS ? groups : PDP_RT_GROUPS;
}

int pdp_lpm4_init(struct pdp_lpm4 *lpm, const struct pdp_router_memory *memory)
{
	const struct pdp_router_sizes *sizes = &memory->sizes;
	struct pdp_blocks4 *blocks = &lpm->blocks;
	/*
	 * The fast half waits for the memory of each packet. The agent's bursts do not, and lose more by a branch that is
	 * not foreseen: 26 cycles a look-up in the full table, where without pairs they take 15.
	 */
	const bool pairs = memory->shared;
	const struct pdp_groups4_tables wide = {
		.group = memory->table[PDP_RT_WIDE4],
		.pair = pairs ? memory->table[PDP_RT_PAIR4] : NULL,
		.kind = pairs ? memory->table[PDP_RT_KIND4] : NULL,
		.capacity = ids_of(sizes->wides4),
		.blocks = blocks,
		.shared = memory->shared,
	};
	const struct pdp_groups4_tables narrow = {
		.group = memory->table[PDP_RT_NARROW4],
		.capacity = ids_of(sizes->narrows4),
		.blocks = blocks,
		.painted = true,
		.shared = memory->shared,
	};

	*lpm = (struct pdp_lpm4){
		.root = memory->table[PDP_RT_ROOT4],
		.groups = pdp_table_map(ROOT_ENTRIES * sizeof(*lpm->groups), PDP_TABLE_SPARSE),
		.lens = pdp_table_map(ROOT_ENTRIES, PDP_TABLE_SPARSE),
	};
	if (lpm->groups && lpm->lens &&
	    !pdp_blocks4_init(blocks, memory->table[PDP_RT_BLOCK4], sizes->blocks4,
			      memory->shared) &&
	    !pdp_groups4_init(&lpm->wide, &wide) && !pdp_groups4_init(&lpm->narrow, &narrow))
		return 0;
	pdp_lpm4_fini(lpm);
	return -ENOMEM;
}

void pdp_lpm4_fini(struct pdp_lpm4 *lpm)
{
	pdp_groups4_fini(&lpm->narrow);
	pdp_groups4_fini(&lpm->wide);
	pdp_blocks4_fini(&lpm->blocks);
	pdp_prefix_set_fini(&lpm->set);
	pdp_table_unmap(lpm->lens, ROOT_ENTRIES);
	pdp_table_unmap(lpm->groups, ROOT_ENTRIES * sizeof(*lpm->groups));
	*lpm = (struct pdp_lpm4){0};
}

static unsigned int depth(uint32_t leaf)
{
	return leaf >> PDP_RT_LEN_SHIFT & 0x3f;
}

static uint32_t group_entry(uint32_t group)
{
	return PDP_NEXTHOPS + group;
}

/* The group that an entry leads to; 0: none. */
static uint32_t entry_group(uint32_t entry)
{
	uint32_t value = entry & PDP_RT_VALUE;

	return value < PDP_NEXTHOPS ? 0 : value - PDP_NEXTHOPS;
}

/* What no longer prefix leads to. */
static uint32_t root_hop(const struct pdp_lpm4 *lpm, uint32_t i)
{
	return lpm->groups[i] ? *pdp_group4_hop(&lpm->wide.t, lpm->groups[i]) : lpm->root[i];
}

/* Release: the group that it leads to was written before it. */
static void store_root(struct pdp_lpm4 *lpm, uint32_t i, uint32_t group, uint32_t hop)
{
	uint32_t entry = hop;

	if (group) {
		__atomic_store_n(pdp_group4_hop(&lpm->wide.t, group), hop, __ATOMIC_RELEASE);
		entry = pdp_group4_alike(&lpm->wide, group);
		entry = entry ? entry : group_entry(group);
	}
	__atomic_store_n(&lpm->root[i], entry, __ATOMIC_RELEASE);
	/* What never had a group takes no memory. */
	if (group || lpm->groups[i])
		lpm->groups[i] = group;
}

static void paint_root(struct pdp_lpm4 *lpm, uint32_t first, uint32_t n, uint32_t leaf,
		       unsigned int len)
{
	uint32_t i;

	for (i = first; i < first + n; i++) {
		if (lpm->lens[i] > len)
			continue;
		lpm->lens[i] = depth(leaf);
		store_root(lpm, i, lpm->groups[i], leaf & PDP_RT_VALUE);
	}
}

static void paint(uint32_t *entries, size_t n, uint32_t leaf, unsigned int len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (depth(entries[i]) <= len)
			entries[i] = leaf;
}

/* The entry of a wide group that leads to a narrow one. Its length says nothing. */
static uint32_t narrow_entry(uint32_t group)
{
	return WIDE_LEN << PDP_RT_LEN_SHIFT | group_entry(group);
}

/* Store a /16's entries and make its group known; without a use it is empty, and goes. */
static void store_wide(struct pdp_lpm4 *lpm, uint32_t i, const uint32_t *entries, int grown)
{
	uint32_t old = lpm->groups[i], uses = lpm->wide.uses[old] + grown, group = 0;

	if (uses)
		group = pdp_group4_store(&lpm->wide, old, entries, uses);
	store_root(lpm, i, group, root_hop(lpm, i));
	if (old && group != old)
		pdp_group4_retire(&lpm->wide, old, group);
}

/*
 * Prefixes of 17 to 24 bits: the wide group, and through it the narrow ones in their range. What shorter
 * prefixes have won in a narrow group one of them has won, or none: there the runs stay as they are.
 */
static void paint_wide(struct pdp_lpm4 *lpm, uint32_t addr, uint32_t leaf, unsigned int len,
		       int grown)
{
	uint32_t entries[PDP_GROUP4_ENTRIES];
	uint32_t *e = &entries[addr >> 8 & 0xff], *end = e + (1u << (WIDE_LEN - len));

	pdp_group4_load(&lpm->wide, lpm->groups[addr >> 16], entries);
	for (; e < end; e++) {
		if (entry_group(*e))
			pdp_group4_paint(&lpm->narrow, entry_group(*e), leaf, len);
		else
			paint(e, 1, leaf, len);
	}
	store_wide(lpm, addr >> 16, entries, grown);
}

/*
 * Paint in the narrow group that the entry of a wide one leads to, and is made if need be. Returns what the entry
 * has to be: without a prefix longer than /24 all of the group are the same, and that.
 */
static uint32_t paint_entry(struct pdp_lpm4 *lpm, uint32_t entry, uint32_t addr, uint32_t leaf,
			    unsigned int len, int grown)
{
	uint32_t entries[PDP_GROUP4_ENTRIES], group = entry_group(entry), i;
	uint32_t uses = lpm->narrow.uses[group] + grown;

	if (group)
		pdp_group4_load(&lpm->narrow, group, entries);
	else
		for (i = 0; i < PDP_GROUP4_ENTRIES; i++)
			entries[i] = entry;
	paint(&entries[addr & 0xff], 1u << (32 - len), leaf, len);
	if (!uses)
		return entries[0];
	return narrow_entry(pdp_group4_store(&lpm->narrow, group, entries, uses));
}

/* Prefixes longer than /24. */
static void paint_narrow(struct pdp_lpm4 *lpm, uint32_t addr, uint32_t leaf, unsigned int len,
			 int grown)
{
	uint32_t entries[PDP_GROUP4_ENTRIES], before, group, old;
	uint32_t *e = &entries[addr >> 8 & 0xff];

	pdp_group4_load(&lpm->wide, lpm->groups[addr >> 16], entries);
	before = *e;
	*e = paint_entry(lpm, before, addr, leaf, len, grown);
	if (*e == before)
		return;
	old = entry_group(before);
	group = entry_group(*e);
	store_wide(lpm, addr >> 16, entries, !!group - !!old);
	if (old)
		pdp_group4_retire(&lpm->narrow, old, group);
}

/* Is there room for one prefix more? */
static bool fits(const struct pdp_lpm4 *lpm, uint32_t addr, unsigned int len)
{
	uint32_t wide = lpm->groups[addr >> 16], narrow, promised = 0;
	uint32_t value = *pdp_group4_value(&lpm->wide.t, wide, addr >> 8 & 0xff);

	if (len <= WIDE_LEN)
		return pdp_group4_fits(&lpm->wide, wide, &promised);
	narrow = entry_group(value);
	return pdp_group4_fits(&lpm->narrow, narrow, &promised) &&
	       (narrow || pdp_group4_fits(&lpm->wide, wide, &promised));
}

/* grown: +1 if the prefix is new, -1 if it goes, 0 if its value changes. */
static int paint_groups(struct pdp_lpm4 *lpm, uint32_t addr, unsigned int len, uint32_t leaf,
			int grown)
{
	if (grown > 0 && !fits(lpm, addr, len))
		return -ENOSPC;
	pdp_group4_reserve(&lpm->wide);
	if (len <= WIDE_LEN) {
		paint_wide(lpm, addr, leaf, len, grown);
		return 0;
	}
	pdp_group4_reserve(&lpm->narrow);
	paint_narrow(lpm, addr, leaf, len, grown);
	return 0;
}

static int write_tables(void *table, const struct pdp_lpm_prefix *p, uint32_t leaf, int grown)
{
	struct pdp_lpm4 *lpm = table;
	uint32_t addr = p->hi >> 32;

	if (p->len > SHORT_LEN)
		return paint_groups(lpm, addr, p->len, leaf, grown);
	paint_root(lpm, addr >> 16, 1u << (SHORT_LEN - p->len), leaf, p->len);
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
	if (value >= PDP_NEXTHOPS)
		return -EINVAL;
	return pdp_lpm_add(&kind, lpm, &lpm->set, p, rank, value, old);
}

int pdp_lpm4_del(struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank, uint32_t *old)
{
	return pdp_lpm_del(&kind, lpm, &lpm->set, p, rank, old);
}

/* Not every x86-64 processor counts bits in one instruction: which can is found out as the program is loaded. */
#if defined(__x86_64__) && !defined(__clang__)
#define COUNTS_BITS __attribute__((target_clones("popcnt", "default")))
#else
#define COUNTS_BITS
#endif

/* What a burst needs of a step is fetched ahead before the first takes it; narrow groups are rare. */
static inline __attribute__((always_inline)) void look_up(const struct pdp_lpm4 *lpm,
							  const struct pdp_groups4_tables *wide,
							  const uint32_t *addrs, uint32_t *values,
							  unsigned int n)
{
	const __u16 *at[PDP_LPM4_BURST];
	uint32_t groups[PDP_LPM4_BURST];
	unsigned int i;

	for (i = 0; i < n; i++) {
		values[i] = __atomic_load_n(&lpm->root[addrs[i] >> 16], __ATOMIC_RELAXED);
		/* Without a group it is that of id 0, which is empty. */
		groups[i] = entry_group(values[i]);
		pdp_group4_prefetch(wide, groups[i]);
	}
	for (i = 0; i < n; i++) {
		uint32_t hop = __atomic_load_n(pdp_group4_hop(wide, groups[i]), __ATOMIC_RELAXED);

		values[i] = values[i] < PDP_NEXTHOPS ? values[i] : hop;
		at[i] = pdp_group4_value(wide, groups[i], addrs[i] >> 8 & 0xff);
		__builtin_prefetch(at[i]);
	}
	for (i = 0; i < n; i++) {
		uint32_t value = __atomic_load_n(at[i], __ATOMIC_RELAXED);

		if (value >= PDP_NEXTHOPS) {
			at[i] = pdp_group4_value(&lpm->narrow.t, value - PDP_NEXTHOPS,
						 addrs[i] & 0xff);
			value = __atomic_load_n(at[i], __ATOMIC_RELAXED);
		}
		values[i] = value ? value : values[i];
	}
}

COUNTS_BITS
void pdp_lpm4_lookup_burst(const struct pdp_lpm4 *lpm, const uint32_t *addrs, uint32_t *values,
			   unsigned int n)
{
	/* So that nothing is asked of pairs where there are none. */
	const struct pdp_groups4_tables plain = {.group = lpm->wide.t.group,
						 .blocks = lpm->wide.t.blocks};

	if (lpm->wide.t.pair)
		look_up(lpm, &lpm->wide.t, addrs, values, n);
	else
		look_up(lpm, &plain, addrs, values, n);
}
