/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * group4.h - the groups of the IPv4 table, the writer's side (router_tables.h has the layout).
 *
 * Control side of lpm4. A change takes a group apart into its 256 entries, changes these, and stores them.
 * Where the runs begin as before only values are written, each at once, where they stand, unless they stand in
 * a palette or the group is a pair; else a new group is written, that has those blocks of the old one in which nothing has changed.
 * An entry here is what a run leads to with, above it, the length of the prefix that won it, which no reader
 * wants and which stands beside the tables: so what prefixes of several lengths lead to alike can be one run.
 */
#ifndef PDP_GROUP4_H
#define PDP_GROUP4_H

#include <stdbool.h>
#include <stdint.h>

#include "fe-agent/router_tables.h"
#include "fe-agent/table_mem.h"

#define PDP_GROUP4_ENTRIES 256

/* What runs of groups lead to that have too many. */
struct pdp_blocks4 {
	struct pdp_rt_block4 *block;
	struct pdp_rcu_ids ids;
	uint32_t promised; /* to groups; more than they have */
};

/* Where groups of one kind are, wide or narrow. */
struct pdp_groups4_tables {
	struct pdp_rt_group4 *group;
	struct pdp_rt_pair4 *pair; /* by the same ids; NULL: there are none, */
	struct pdp_rt_kind4 *kind; /* and so is this */
	uint32_t capacity; /* ids */
	struct pdp_blocks4 *blocks;
	bool painted; /* as pdp_group4_paint() wants it: other lengths are other runs, and no palette */
	bool shared;
};

struct pdp_groups4 {
	struct pdp_groups4_tables t;
	uint8_t (*lens)[PDP_GROUP4_ENTRIES]; /* of each entry */
	uint16_t *uses; /* prefixes that end in a group, and groups below it */
	struct pdp_rcu_ids ids;
	/*
	 * Of pairs, so that these stand close to each other: the last of all ids, which other groups take when they
	 * have no more of their own. An id of it is so much less than the group's.
	 */
	struct pdp_rcu_ids pair_ids;
	uint32_t pairs_after;
};

/* 0 or -ENOMEM. fini is fine on zeroed ones. */
int pdp_blocks4_init(struct pdp_blocks4 *blocks, struct pdp_rt_block4 *table, uint32_t capacity,
		     bool shared);
void pdp_blocks4_fini(struct pdp_blocks4 *blocks);
int pdp_groups4_init(struct pdp_groups4 *groups, const struct pdp_groups4_tables *tables);
void pdp_groups4_fini(struct pdp_groups4 *groups);

/*
 * pdp_group4_fits() - may one use more be of this group (0: of one that is to be made)?
 * @promised: blocks that were promised beside in this change, and become what is now
 *
 * A group of u uses has 2u + 1 runs at most, whatever comes and goes: room for them is promised. So a change
 * that adds no use never lacks room, be it that it parts what was one run, or that a pair is none any more.
 */
bool pdp_group4_fits(const struct pdp_groups4 *groups, uint32_t id, uint32_t *promised);
/* See that one group can be stored now; waits for a grace period if it must. */
void pdp_group4_reserve(struct pdp_groups4 *groups);

/* The entries of a group; 0: none, all are empty. */
void pdp_group4_load(const struct pdp_groups4 *groups, uint32_t id, uint32_t *entries);
/*
 * Store a group's entries, after which it has so many uses. Returns the id of the group that has them: another
 * one than id is for the caller to publish, and id then to retire.
 */
uint32_t pdp_group4_store(struct pdp_groups4 *groups, uint32_t id, const uint32_t *entries,
			  uint16_t uses);
/* Of groups that are painted: overwrite, where they stand, the entries that prefixes up to len have won. */
void pdp_group4_paint(struct pdp_groups4 *groups, uint32_t id, uint32_t leaf, unsigned int len);
/* What all entries of a group lead to; 0: not the same. */
uint32_t pdp_group4_alike(const struct pdp_groups4 *groups, uint32_t id);
/* No new reader finds the group; the one that has come in its place (0: none) has some of its blocks. */
void pdp_group4_retire(struct pdp_groups4 *groups, uint32_t id, uint32_t next);

/* Inline wherever they are called: for a processor that counts bits they are another function (lpm4.c). */
#define PDP_GROUP4_INLINE static inline __attribute__((always_inline))

PDP_GROUP4_INLINE bool pdp_group4_is_pair(const struct pdp_groups4_tables *t, uint32_t id)
{
	return t->pair && pdp_rt_is_pair(&t->kind[id / 512], id);
}

/* Where the value of a run stands, of a group that is no pair. */
PDP_GROUP4_INLINE __u16 *pdp_group4_run(const struct pdp_groups4_tables *t, uint32_t id,
					unsigned int run)
{
	struct pdp_rt_group4 *group = &t->group[id];

	if (group->colours)
		return &group->palette.value[pdp_rt_colour(group, run)];
	if (!group->blocks)
		return &group->value[run];
	return &t->blocks->block[pdp_rt_block(group, run)].value[run % PDP_RT_BLOCK_RUNS];
}

/* Where the value of an entry stands. */
PDP_GROUP4_INLINE const __u16 *pdp_group4_value(const struct pdp_groups4_tables *t, uint32_t id,
						unsigned int i)
{
	if (pdp_group4_is_pair(t, id))
		return &t->pair[id].value[pdp_rt_second(&t->pair[id], i)];
	return pdp_group4_run(t, id, pdp_rt_run(&t->group[id], i));
}

/* Where a wide group says what no longer prefix than /16 leads to. */
PDP_GROUP4_INLINE __u16 *pdp_group4_hop(const struct pdp_groups4_tables *t, uint32_t id)
{
	return pdp_group4_is_pair(t, id) ? &t->pair[id].hop : &t->group[id].hop;
}

/* A pair may stand in two lines. */
PDP_GROUP4_INLINE void pdp_group4_prefetch(const struct pdp_groups4_tables *t, uint32_t id)
{
	const char *at = pdp_group4_is_pair(t, id) ? (const char *)&t->pair[id]
						   : (const char *)&t->group[id];

	__builtin_prefetch(at);
	if (t->pair)
		__builtin_prefetch(at + offsetof(struct pdp_rt_pair4, value));
}

#endif
