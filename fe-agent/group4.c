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

/* One in so many is a pair's. */
#define PAIR_SHARE 4

static int init_ids(struct pdp_groups4 *groups)
{
	const struct pdp_groups4_tables *t = &groups->t;
	const uint32_t pairs = t->pair ? t->capacity / PAIR_SHARE : 0;

	groups->pairs_after = t->capacity - pairs - 1;
	if (pdp_rcu_ids_init(&groups->ids, t->capacity - pairs, t->shared))
		return -ENOMEM;
	return pairs ? pdp_rcu_ids_init(&groups->pair_ids, pairs + 1, t->shared) : 0;
}

int pdp_groups4_init(struct pdp_groups4 *groups, const struct pdp_groups4_tables *tables)
{
	*groups = (struct pdp_groups4){
		.t = *tables,
		.lens = pdp_table_map(tables->capacity * sizeof(*groups->lens), PDP_TABLE_SPARSE),
		.uses = pdp_table_map(tables->capacity * sizeof(*groups->uses), PDP_TABLE_SPARSE),
	};
	if (groups->lens && groups->uses && !init_ids(groups))
		return 0;
	pdp_groups4_fini(groups);
	return -ENOMEM;
}

void pdp_groups4_fini(struct pdp_groups4 *groups)
{
	pdp_table_unmap(groups->lens, groups->t.capacity * sizeof(*groups->lens));
	pdp_table_unmap(groups->uses, groups->t.capacity * sizeof(*groups->uses));
	pdp_rcu_ids_fini(&groups->ids);
	pdp_rcu_ids_fini(&groups->pair_ids);
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

static bool has_pairs(const struct pdp_groups4 *groups)
{
	return groups->pair_ids.capacity;
}

/* Of both kinds. */
static uint32_t used(const struct pdp_groups4 *groups)
{
	return pdp_rcu_ids_used(&groups->ids) +
	       (has_pairs(groups) ? pdp_rcu_ids_used(&groups->pair_ids) : 0);
}

/*
 * Beside what groups have there is always room for one of each kind, with all its blocks: until nothing leads to
 * it any more an old group is there beside the new one.
 */
bool pdp_group4_fits(const struct pdp_groups4 *groups, uint32_t id, uint32_t *promised)
{
	const struct pdp_blocks4 *blocks = groups->t.blocks;

	*promised += promise(groups->uses[id] + 1) - promise(groups->uses[id]);
	return blocks->promised + *promised + 2 * PDP_RT_GROUP_BLOCKS < blocks->ids.capacity &&
	       (id || used(groups) + 2 < groups->t.capacity);
}

void pdp_group4_reserve(struct pdp_groups4 *groups)
{
	pdp_rcu_ids_reserve(&groups->ids, 1);
	if (has_pairs(groups))
		pdp_rcu_ids_reserve(&groups->pair_ids, 1);
	pdp_rcu_ids_reserve(&groups->t.blocks->ids, 2 * PDP_RT_GROUP_BLOCKS);
}

static void set_uses(struct pdp_groups4 *groups, uint32_t old, uint32_t id, uint16_t uses)
{
	groups->t.blocks->promised += promise(uses) - promise(groups->uses[old]);
	groups->uses[id] = uses;
}

/* --- runs ----------------------------------------------------------------------------------------- */

/* Release: what it leads to was written before it. */
static void store(__u16 *place, uint16_t value)
{
	__atomic_store_n(place, value, __ATOMIC_RELEASE);
}

static unsigned int count_runs(const struct pdp_rt_group4 *group)
{
	return pdp_rt_run(group, PDP_GROUP4_ENTRIES - 1) + 1;
}

/* A run begins where an entry is not as the one before. */
static void load_pair(const struct pdp_rt_pair4 *pair, struct runs *runs)
{
	const unsigned int first = pair->second[0] & 1;
	unsigned int word, i;
	uint64_t last = first;

	runs->n = 1;
	for (word = 0; word < 4; word++) {
		runs->starts[word] = pair->second[word] ^ (pair->second[word] << 1 | last);
		runs->n += pdp_rt_ones(runs->starts[word]);
		last = pair->second[word] >> 63;
	}
	for (i = 0; i < runs->n; i++)
		runs->value[i] = pair->value[(first + i) & 1];
}

static void load_runs(const struct pdp_groups4 *groups, uint32_t id, struct runs *runs)
{
	unsigned int i;

	if (pdp_group4_is_pair(&groups->t, id)) {
		load_pair(&groups->t.pair[id], runs);
		return;
	}
	memcpy(runs->starts, groups->t.group[id].starts, sizeof(runs->starts));
	runs->n = count_runs(&groups->t.group[id]);
	for (i = 0; i < runs->n; i++)
		runs->value[i] = *pdp_group4_run(&groups->t, id, i);
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
	struct pdp_blocks4 *blocks = groups->t.blocks;
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

static uint8_t blocks_had(const struct pdp_groups4 *groups, uint32_t id)
{
	return pdp_group4_is_pair(&groups->t, id) ? 0 : groups->t.group[id].blocks;
}

/* Before a reader comes to it. */
static void set_kind(struct pdp_groups4 *groups, uint32_t id, bool pair)
{
	const uint64_t bit = 1ULL << id % 64;
	__u64 *word;

	if (!groups->t.kind)
		return;
	word = &groups->t.kind[id / 512].pair[id / 64 % 8];
	__atomic_store_n(word, pair ? *word | bit : *word & ~bit, __ATOMIC_RELEASE);
}

static uint32_t get_group(struct pdp_groups4 *groups)
{
	uint32_t id = pdp_table_get(&groups->ids, groups->t.group, sizeof(*groups->t.group));

	if (!id)
		id = groups->pairs_after + pdp_rcu_ids_get(&groups->pair_ids);
	set_kind(groups, id, false);
	return id;
}

static uint32_t make_group(struct pdp_groups4 *groups, uint32_t old, const struct runs *before,
			   const struct runs *runs, const struct palette *palette)
{
	uint32_t id = get_group(groups);
	unsigned int same = blocks_had(groups, old) ? same_blocks(before, runs) : 0, i;

	write_bounds(&groups->t.group[id], runs);
	if (palette->n) {
		give_palette(&groups->t.group[id], palette);
		return id;
	}
	give_blocks(groups, &groups->t.group[id], &groups->t.group[old], same, runs->n);
	for (i = same * PDP_RT_BLOCK_RUNS; i < runs->n; i++)
		store(pdp_group4_run(&groups->t, id, i), runs->value[i]);
	return id;
}

/* Each run is as the one before the last. No reader comes to a group that is one run: it need not be small. */
static bool is_pair(const struct runs *runs)
{
	unsigned int i;

	for (i = 2; i < runs->n && runs->value[i] == runs->value[i - 2]; i++)
		;
	return runs->n >= 2 && i == runs->n;
}

/* Bit i: is an odd number of bits set up to it? */
static uint64_t is_odd(uint64_t bits)
{
	unsigned int shift;

	for (shift = 1; shift < 64; shift *= 2)
		bits ^= bits << shift;
	return bits;
}

/* Is there one for a pair, and as many more as can wait to be given back? */
static bool has_a_pair(const struct pdp_groups4 *groups)
{
	const struct pdp_rcu_ids *ids = &groups->pair_ids;

	return has_pairs(groups) && pdp_rcu_ids_used(ids) + ids->retired_many < ids->capacity;
}

static uint32_t make_pair(struct pdp_groups4 *groups, const struct runs *runs)
{
	uint32_t id = groups->pairs_after + pdp_rcu_ids_get(&groups->pair_ids);
	struct pdp_rt_pair4 *pair = &groups->t.pair[id];
	uint64_t last = 0;
	unsigned int word;

	*pair = (struct pdp_rt_pair4){.value = {runs->value[0], runs->value[1]}};
	for (word = 0; word < 4; word++) {
		pair->second[word] = is_odd(runs->starts[word]) ^ -last;
		last = pair->second[word] >> 63;
	}
	set_kind(groups, id, true);
	return id;
}

static bool same_starts(const struct runs *a, const struct runs *b)
{
	return memcmp(a->starts, b->starts, sizeof(a->starts)) == 0;
}

static bool same_values(const struct runs *a, const struct runs *b)
{
	return memcmp(a->value, b->value, a->n * sizeof(*a->value)) == 0;
}

/* Can the values be written where they stand? Those of a pair or a palette are each of many runs. */
static bool can_write(const struct pdp_groups4 *groups, uint32_t id, const struct runs *before,
		      const struct runs *runs, const struct palette *palette)
{
	return id && !pdp_group4_is_pair(&groups->t, id) && same_starts(before, runs) &&
	       !palette->n && !groups->t.group[id].colours;
}

static void write_values(const struct pdp_groups4 *groups, uint32_t id, const struct runs *before,
			 const struct runs *runs)
{
	unsigned int i;

	for (i = 0; i < runs->n; i++)
		if (runs->value[i] != before->value[i])
			store(pdp_group4_run(&groups->t, id, i), runs->value[i]);
}

static uint32_t store_runs(struct pdp_groups4 *groups, uint32_t id, const struct runs *before,
			   const struct runs *runs)
{
	struct palette palette = {0};

	if (id && same_starts(before, runs) && same_values(before, runs))
		return id;
	if (has_a_pair(groups) && is_pair(runs))
		return make_pair(groups, runs);
	if (!groups->t.painted)
		find_palette(runs, &palette);
	if (!can_write(groups, id, before, runs, &palette))
		return make_group(groups, id, before, runs, &palette);
	write_values(groups, id, before, runs);
	return id;
}

uint32_t pdp_group4_store(struct pdp_groups4 *groups, uint32_t id, const uint32_t *entries,
			  uint16_t uses)
{
	struct runs before, runs;
	uint32_t old = id;
	unsigned int i;

	load_runs(groups, id, &before);
	find_runs(entries, groups->t.painted, &runs);
	id = store_runs(groups, id, &before, &runs);
	for (i = 0; i < PDP_GROUP4_ENTRIES; i++)
		groups->lens[id][i] = entries[i] >> PDP_RT_LEN_SHIFT;
	set_uses(groups, old, id, uses);
	return id;
}

void pdp_group4_paint(struct pdp_groups4 *groups, uint32_t id, uint32_t leaf, unsigned int len)
{
	const struct pdp_rt_group4 *group = &groups->t.group[id];
	unsigned int i;

	for (i = 0; i < PDP_GROUP4_ENTRIES; i++) {
		if (groups->lens[id][i] > len)
			continue;
		groups->lens[id][i] = leaf >> PDP_RT_LEN_SHIFT;
		store(pdp_group4_run(&groups->t, id, pdp_rt_run(group, i)), leaf);
	}
}

uint32_t pdp_group4_alike(const struct pdp_groups4 *groups, uint32_t id)
{
	/* What is one run becomes no pair. */
	if (pdp_group4_is_pair(&groups->t, id) || count_runs(&groups->t.group[id]) > 1)
		return 0;
	return *pdp_group4_run(&groups->t, id, 0);
}

static void retire_blocks(struct pdp_groups4 *groups, uint32_t id, uint32_t next)
{
	const unsigned int kept = blocks_had(groups, next);
	const struct pdp_rt_group4 *old = &groups->t.group[id],
				   *new = &groups->t.group[kept ? next : 0];
	unsigned int i;

	for (i = 0; i < old->blocks; i++) {
		uint32_t block = pdp_rt_block(old, i * PDP_RT_BLOCK_RUNS);

		if (i >= kept || pdp_rt_block(new, i * PDP_RT_BLOCK_RUNS) != block)
			pdp_rcu_ids_retire(&groups->t.blocks->ids, block);
	}
}

void pdp_group4_retire(struct pdp_groups4 *groups, uint32_t id, uint32_t next)
{
	if (!next)
		set_uses(groups, id, id, 0);
	if (blocks_had(groups, id))
		retire_blocks(groups, id, next);
	if (id > groups->pairs_after)
		pdp_rcu_ids_retire(&groups->pair_ids, id - groups->pairs_after);
	else
		pdp_rcu_ids_retire(&groups->ids, id);
}
