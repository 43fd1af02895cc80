/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * group4.c - the groups of the IPv4 table, the writer's side. See group4.h.
 */
#include "fe-agent/group4.h"

#include <errno.h>
#include <string.h>

/* A group as runs. */
struct runs {
	uint64_t starts[4];
	unsigned int n;
	uint16_t value[PDP_GROUP4_ENTRIES];
};

/* What they lead to, if it is little. */
struct palette {
	uint16_t value[PDP_RT_COLOURS];
	uint8_t colours[PDP_RT_COLOURED_RUNS / 4]; /* as in struct pdp_rt_group4 */
	unsigned int n; /* values; 0: it is not */
};

int pdp_blocks4_init(struct pdp_blocks4 *blocks, struct pdp_rt_block4 *table, uint32_t capacity,
		     bool shared)
{
	*blocks = (struct pdp_blocks4){.block = table};
	return pdp_rcu_ids_init(&blocks->ids, capacity, shared);
}

void pdp_blocks4_fini(struct pdp_blocks4 *blocks)
{
	pdp_rcu_ids_fini(&blocks->ids);
	*blocks = (struct pdp_blocks4){0};
}

int pdp_groups4_init(struct pdp_groups4 *groups, struct pdp_rt_group4 *table, uint32_t capacity,
		     struct pdp_blocks4 *blocks, bool painted, bool shared)
{
	*groups = (struct pdp_groups4){
		.group = table,
		.lens = pdp_table_map(capacity * sizeof(*groups->lens), PDP_TABLE_SPARSE),
		.uses = pdp_table_map(capacity * sizeof(*groups->uses), PDP_TABLE_SPARSE),
		.blocks = blocks,
		.painted = painted,
	};
	if (groups->lens && groups->uses && !pdp_rcu_ids_init(&groups->ids, capacity, shared))
		return 0;
	pdp_groups4_fini(groups);
	return -ENOMEM;
}

void pdp_groups4_fini(struct pdp_groups4 *groups)
{
	pdp_table_unmap(groups->lens, groups->ids.capacity * sizeof(*groups->lens));
	pdp_table_unmap(groups->uses, groups->ids.capacity * sizeof(*groups->uses));
	pdp_rcu_ids_fini(&groups->ids);
	*groups = (struct pdp_groups4){0};
}

/* --- room ----------------------------------------------------------------------------------------- */

static unsigned int blocks_of(unsigned int runs)
{
	return runs > PDP_RT_GROUP_RUNS ? (runs + PDP_RT_BLOCK_RUNS - 1) / PDP_RT_BLOCK_RUNS : 0;
}

static unsigned int promise(unsigned int uses)
{
	unsigned int runs = 2 * uses + 1;

	return blocks_of(runs < PDP_GROUP4_ENTRIES ? runs : PDP_GROUP4_ENTRIES);
}

/*
 * Beside what groups have there is always room for one of each kind, with all its blocks: until nothing leads to
 * it any more an old group is there beside the new one.
 */
bool pdp_group4_fits(const struct pdp_groups4 *groups, uint32_t id, uint32_t *promised)
{
	const struct pdp_blocks4 *blocks = groups->blocks;

	*promised += promise(groups->uses[id] + 1) - promise(groups->uses[id]);
	return blocks->promised + *promised + 2 * PDP_RT_GROUP_BLOCKS < blocks->ids.capacity &&
	       (id || pdp_rcu_ids_used(&groups->ids) + 2 < groups->ids.capacity);
}

void pdp_group4_reserve(struct pdp_groups4 *groups)
{
	pdp_rcu_ids_reserve(&groups->ids, 1);
	pdp_rcu_ids_reserve(&groups->blocks->ids, 2 * PDP_RT_GROUP_BLOCKS);
}

static void set_uses(struct pdp_groups4 *groups, uint32_t old, uint32_t id, uint16_t uses)
{
	groups->blocks->promised += promise(uses) - promise(groups->uses[old]);
	groups->uses[id] = uses;
}

/* --- runs ----------------------------------------------------------------------------------------- */

static __u16 *place_of(const struct pdp_groups4 *groups, uint32_t id, unsigned int run)
{
	struct pdp_rt_group4 *group = &groups->group[id];

	if (group->colours)
		return &group->palette.value[pdp_rt_colour(group, run)];
	if (!group->blocks)
		return &group->value[run];
	return &groups->blocks->block[pdp_rt_block(group, run)].value[run % PDP_RT_BLOCK_RUNS];
}

/* Release: what it leads to was written before it. */
static void store(__u16 *place, uint16_t value)
{
	__atomic_store_n(place, value, __ATOMIC_RELEASE);
}

static unsigned int count_runs(const struct pdp_rt_group4 *group)
{
	return pdp_rt_run(group, PDP_GROUP4_ENTRIES - 1) + 1;
}

static void load_runs(const struct pdp_groups4 *groups, uint32_t id, struct runs *runs)
{
	const struct pdp_rt_group4 *group = &groups->group[id];
	unsigned int i;

	memcpy(runs->starts, group->starts, sizeof(runs->starts));
	runs->n = count_runs(group);
	for (i = 0; i < runs->n; i++)
		runs->value[i] = *place_of(groups, id, i);
}

/* Without a branch at each entry, of which none would be foreseen. */
static void find_runs(const uint32_t *entries, bool by_length, struct runs *runs)
{
	const uint32_t differs = by_length ? UINT32_MAX : PDP_RT_VALUE;
	unsigned int run = 0, i;

	memset(runs->starts, 0, sizeof(runs->starts));
	runs->value[0] = entries[0];
	for (i = 1; i < PDP_GROUP4_ENTRIES; i++) {
		uint64_t starts = ((entries[i] ^ entries[i - 1]) & differs) != 0;

		runs->starts[i / 64] |= starts << i % 64;
		run += starts;
		runs->value[run] = entries[i];
	}
	runs->n = run + 1;
}

/* How many runs, from the first on, begin and end in both at the same places. */
static unsigned int same_bounds(const struct runs *a, const struct runs *b)
{
	unsigned int n = 0, word;

	for (word = 0; word < 4; word++) {
		uint64_t differ = a->starts[word] ^ b->starts[word];

		if (differ)
			return n + pdp_rt_ones(a->starts[word] & ((differ & -differ) - 1));
		n += pdp_rt_ones(a->starts[word]);
	}
	return a->n;
}

/* A block of an old group is one of the new if all its runs are the same entries, and lead to the same. */
static unsigned int same_blocks(const struct runs *a, const struct runs *b)
{
	unsigned int n = same_bounds(a, b), i;

	for (i = 0; i < n && a->value[i] == b->value[i]; i++)
		;
	return i / PDP_RT_BLOCK_RUNS;
}

/* --- groups --------------------------------------------------------------------------------------- */

void pdp_group4_load(const struct pdp_groups4 *groups, uint32_t id, uint32_t *entries)
{
	unsigned int run = 0, i;
	struct runs runs;

	load_runs(groups, id, &runs);
	for (i = 0; i < PDP_GROUP4_ENTRIES; i++) {
		run += runs.starts[i / 64] >> i % 64 & 1;
		entries[i] = (uint32_t)groups->lens[id][i] << PDP_RT_LEN_SHIFT | runs.value[run];
	}
}

static void write_bounds(struct pdp_rt_group4 *group, const struct runs *runs)
{
	unsigned int word, n = 0;

	*group = (struct pdp_rt_group4){0};
	for (word = 0; word < 4; word++) {
		group->starts[word] = runs->starts[word];
		group->before[word] = n;
		n += pdp_rt_ones(runs->starts[word]);
	}
}

/* The place of a value among the n of a palette; n when it has none. */
static unsigned int colour_of(const uint16_t *palette, unsigned int n, uint16_t value)
{
	unsigned int colour = 0;

	while (colour < n && palette[colour] != value)
		colour++;
	return colour;
}

/* n = 0 if there are too many runs for it, or values. */
static void find_palette(const struct runs *runs, struct palette *palette)
{
	unsigned int i;

	*palette = (struct palette){0};
	if (runs->n > PDP_RT_COLOURED_RUNS)
		return;
	for (i = 0; i < runs->n; i++) {
		unsigned int colour = colour_of(palette->value, palette->n, runs->value[i]);

		if (colour == PDP_RT_COLOURS) {
			palette->n = 0;
			return;
		}
		if (colour == palette->n)
			palette->value[palette->n++] = runs->value[i];
		palette->colours[i / 4] |= colour << i % 4 * 2;
	}
}

static void give_palette(struct pdp_rt_group4 *group, const struct palette *palette)
{
	memcpy(group->palette.value, palette->value, sizeof(palette->value));
	memcpy(group->palette.colours, palette->colours, sizeof(palette->colours));
	group->colours = palette->n;
}

/* Blocks: the first so many of the old group, and new ones. */
static void give_blocks(struct pdp_groups4 *groups, struct pdp_rt_group4 *group,
			const struct pdp_rt_group4 *old, unsigned int same, unsigned int runs)
{
	struct pdp_blocks4 *blocks = groups->blocks;
	unsigned int i;

	group->blocks = blocks_of(runs);
	for (i = 0; i < group->blocks; i++) {
		uint32_t id = i < same ? pdp_rt_block(old, i * PDP_RT_BLOCK_RUNS)
				       : pdp_table_get(&blocks->ids, blocks->block,
						       sizeof(*blocks->block));

		group->block.low[i] = id;
		group->block.high[i] = id >> 16;
	}
}

static uint32_t make_group(struct pdp_groups4 *groups, uint32_t old, const struct runs *before,
			   const struct runs *runs, const struct palette *palette)
{
	uint32_t id = pdp_table_get(&groups->ids, groups->group, sizeof(*groups->group));
	unsigned int same = groups->group[old].blocks ? same_blocks(before, runs) : 0, i;

	write_bounds(&groups->group[id], runs);
	if (palette->n) {
		give_palette(&groups->group[id], palette);
		return id;
	}
	give_blocks(groups, &groups->group[id], &groups->group[old], same, runs->n);
	for (i = same * PDP_RT_BLOCK_RUNS; i < runs->n; i++)
		store(place_of(groups, id, i), runs->value[i]);
	return id;
}

static bool same_values(const struct runs *a, const struct runs *b)
{
	return memcmp(a->value, b->value, a->n * sizeof(*a->value)) == 0;
}

/* A palette's values are each of many runs: none is written where it stands. */
static bool needs_new(const struct pdp_rt_group4 *group, const struct runs *before,
		      const struct runs *runs, const struct palette *palette)
{
	if (memcmp(runs->starts, before->starts, sizeof(runs->starts)) != 0)
		return true;
	return (palette->n || group->colours) && !same_values(runs, before);
}

uint32_t pdp_group4_store(struct pdp_groups4 *groups, uint32_t id, const uint32_t *entries,
			  uint16_t uses)
{
	struct palette palette = {0};
	struct runs before, runs;
	uint32_t old = id;
	unsigned int i;

	load_runs(groups, id, &before);
	find_runs(entries, groups->painted, &runs);
	if (!groups->painted)
		find_palette(&runs, &palette);
	if (!id || needs_new(&groups->group[id], &before, &runs, &palette)) {
		id = make_group(groups, old, &before, &runs, &palette);
	} else {
		for (i = 0; i < runs.n; i++)
			if (runs.value[i] != before.value[i])
				store(place_of(groups, id, i), runs.value[i]);
	}
	for (i = 0; i < PDP_GROUP4_ENTRIES; i++)
		groups->lens[id][i] = entries[i] >> PDP_RT_LEN_SHIFT;
	set_uses(groups, old, id, uses);
	return id;
}

void pdp_group4_paint(struct pdp_groups4 *groups, uint32_t id, uint32_t leaf, unsigned int len)
{
	const struct pdp_rt_group4 *group = &groups->group[id];
	unsigned int i;

	for (i = 0; i < PDP_GROUP4_ENTRIES; i++) {
		if (groups->lens[id][i] > len)
			continue;
		groups->lens[id][i] = leaf >> PDP_RT_LEN_SHIFT;
		store(place_of(groups, id, pdp_rt_run(group, i)), leaf);
	}
}

uint32_t pdp_group4_alike(const struct pdp_groups4 *groups, uint32_t id)
{
	return count_runs(&groups->group[id]) == 1 ? *place_of(groups, id, 0) : 0;
}

void pdp_group4_retire(struct pdp_groups4 *groups, uint32_t id, uint32_t next)
{
	const struct pdp_rt_group4 *old = &groups->group[id], *new = &groups->group[next];
	unsigned int i;

	for (i = 0; i < old->blocks; i++) {
		uint32_t block = pdp_rt_block(old, i * PDP_RT_BLOCK_RUNS);

		if (i >= new->blocks || pdp_rt_block(new, i * PDP_RT_BLOCK_RUNS) != block)
			pdp_rcu_ids_retire(&groups->blocks->ids, block);
	}
	if (!next)
		set_uses(groups, id, id, 0);
	pdp_rcu_ids_retire(&groups->ids, id);
}
