/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * prefix_set.h - the routes behind a look-up table: every (prefix, rank) with its value.
 *
 * Control side of lpm4 and lpm6; packets never come here. A table only holds the winner for each
 * address; to take a prefix out again one must know what lies under it. Open addressing with linear
 * probing, 32 bytes a slot, hashed by prefix alone, so that all ranks of a prefix stand in one run.
 */
#ifndef PDP_PREFIX_SET_H
#define PDP_PREFIX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Host order, host bits zero. An IPv4 prefix stands in the upper half of hi. */
struct pdp_lpm_prefix {
	uint64_t hi;
	uint64_t lo;
	uint8_t len;
};

/* value 0: the slot is free. Of the routes to one prefix the lowest rank is in force. */
struct pdp_prefix_slot {
	uint64_t hi;
	uint64_t lo;
	uint64_t rank;
	uint32_t value : 24;
	uint32_t len : 8;
	uint32_t round; /* in which it was said last */
};

_Static_assert(sizeof(struct pdp_prefix_slot) == 32, "two slots in a cache line");

struct pdp_prefix_set {
	struct pdp_prefix_slot *slots;
	size_t n_slots; /* a power of two, or 0 */
	size_t used;
	uint32_t moves; /* times that a walk may have missed something */
	uint32_t round; /* what is added or replaced now is of this one */
};

/* The prefix of len bits that holds p; len is at most p's. */
struct pdp_lpm_prefix pdp_lpm_prefix_shorten(const struct pdp_lpm_prefix *p, unsigned int len);
/* Is p at most max_len bits long and without host bits? */
bool pdp_lpm_prefix_valid(const struct pdp_lpm_prefix *p, unsigned int max_len);

/* A zeroed set is an empty one. */
void pdp_prefix_set_fini(struct pdp_prefix_set *set);

/* What a change of the set means to the prefix; 0 = no value. */
struct pdp_prefix_change {
	uint32_t old; /* of this very route, before */
	uint32_t before; /* in force before, */
	uint32_t best; /* and now */
};

/* Add or replace. 0 or -ENOMEM. */
int pdp_prefix_set_add(struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p, uint64_t rank,
		       uint32_t value, struct pdp_prefix_change *change);
/* Take out. 0 or -ENOENT. */
int pdp_prefix_set_del(struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p, uint64_t rank,
		       struct pdp_prefix_change *change);
/* The value of (p, rank), or 0. */
uint32_t pdp_prefix_set_get(const struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p,
			    uint64_t rank);
/* Any rank of p from min to max but not except; false: there is none. */
bool pdp_prefix_set_find(const struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p,
			 uint64_t min, uint64_t max, uint64_t except, uint64_t *rank);
/*
 * The value in force for the longest prefix around p, shorter than p and of at least min_len bits;
 * *len becomes its length. 0 when there is none.
 */
uint32_t pdp_prefix_set_cover(const struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p,
			      unsigned int min_len, unsigned int *len);

/* As pdp_prefix_set_get() for the rank in force, which *rank becomes; 0: there is none. */
uint32_t pdp_prefix_set_best(const struct pdp_prefix_set *set, const struct pdp_lpm_prefix *p,
			     uint64_t *rank);

/* How far a walk has come; zeroed at its beginning. */
struct pdp_prefix_cursor {
	uint32_t moves;
	bool begun;
	size_t left; /* slots that are still to be seen, from the table's beginning */
};

/*
 * pdp_prefix_set_walk() - the next route of a walk, at most max_slots on.
 *
 * The set may change between calls: a route that stays is seen at least once. NULL: this step is over;
 * the walk too when cursor->left is 0.
 */
const struct pdp_prefix_slot *pdp_prefix_set_walk(const struct pdp_prefix_set *set,
						  struct pdp_prefix_cursor *cursor,
						  unsigned int *max_slots);

#endif
