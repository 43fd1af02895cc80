/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * group4.h - the groups of the IPv4 table, the writer's side (router_tables.h has the layout).
 *
 * Control side of lpm4. A change takes a group apart into its 256 entries, changes these, and stores them.
 * Where the runs begin as before only values are written, each at once, where they stand, unless they stand in
 * a palette; else a new group is written, that has those blocks of the old one in which nothing has changed.
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

/* Groups of one kind, wide or narrow. */
struct pdp_groups4 {
	struct pdp_rt_group4 *group;
	uint8_t (*lens)[PDP_GROUP4_ENTRIES]; /* of each entry */
	uint16_t *uses; /* prefixes that end in a group, and groups below it */
	struct pdp_rcu_ids ids;
	struct pdp_blocks4 *blocks;
	bool painted; /* as pdp_group4_paint() wants it: other lengths are other runs, and no palette */
};

/* 0 or -ENOMEM. fini is fine on zeroed ones. */
int pdp_blocks4_init(struct pdp_blocks4 *blocks, struct pdp_rt_block4 *table, uint32_t capacity,
		     bool shared);
void pdp_blocks4_fini(struct pdp_blocks4 *blocks);
int pdp_groups4_init(struct pdp_groups4 *groups, struct pdp_rt_group4 *table, uint32_t capacity,
		     struct pdp_blocks4 *blocks, bool painted, bool shared);
void pdp_groups4_fini(struct pdp_groups4 *groups);

/*
 * pdp_group4_fits() - may one use more be of this group (0: of one that is to be made)?
 * @promised: blocks that were promised beside in this change, and become what is now
 *
 * A group of u uses has 2u + 1 runs at most, whatever comes and goes: room for them is promised. So a change
 * that adds no use never lacks room, be it that it parts what was one run.
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

/* Where the value of an entry stands. */
static inline const __u16 *pdp_group4_value(const struct pdp_rt_group4 *group,
					    const struct pdp_rt_block4 *blocks, unsigned int i)
{
	unsigned int run = pdp_rt_run(group, i);

	if (group->colours)
		return &group->palette.value[pdp_rt_colour(group, run)];
	if (group->blocks)
		return &blocks[pdp_rt_block(group, run)].value[run % PDP_RT_BLOCK_RUNS];
	return &group->value[run];
}

#endif
