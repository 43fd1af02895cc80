/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_rooms.h - FEs in the order of their free power, for the allocator alone.
 *
 * Two treaps over one array of nodes, FE i being node i + 1: an FE is in one of them, or in neither.
 * Sorted by room, then by rank (the place of the FE's name among all names). Each node knows the lowest
 * rank below it, so that all three fits are one walk down: O(log n) expected. A node's priority is a
 * hash of its number, so that the same calls always build the same trees.
 */
#ifndef PDP_ALLOC_ROOMS_H
#define PDP_ALLOC_ROOMS_H

#include <stddef.h>
#include <stdint.h>

#define PDP_NO_FE SIZE_MAX

enum pdp_rooms_kind {
	PDP_ROOMS_IDLE, /* nothing of the FE is used */
	PDP_ROOMS_SHARED, /* something is, and something is left */
	PDP_ROOMS_KINDS,
};

struct pdp_rooms_node {
	uint32_t left, right; /* 0 = none */
	uint32_t first; /* the lowest rank in this subtree: whose it is */
	uint32_t room; /* millicores */
	uint32_t rank;
};

struct pdp_rooms {
	struct pdp_rooms_node *nodes; /* [0] is not used */
	uint32_t root[PDP_ROOMS_KINDS];
	uint64_t steps; /* nodes visited so far */
};

/* For FEs 0 .. n - 1, none of them in yet. 0 or -ENOMEM. */
int pdp_rooms_init(struct pdp_rooms *rooms, size_t n);
void pdp_rooms_fini(struct pdp_rooms *rooms);

/* The FE's rank; may be set while it is in a tree as long as the order of ranks stays. */
void pdp_rooms_set_rank(struct pdp_rooms *rooms, size_t fe, uint32_t rank);

void pdp_rooms_insert(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, size_t fe, uint32_t room);
void pdp_rooms_remove(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, size_t fe);

/*
 * Each finds an FE with at least this room, or PDP_NO_FE: the one with least, the one with the lowest
 * rank whatever its room, the one with most. Between equal rooms the lowest rank.
 */
size_t pdp_rooms_tightest(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, uint32_t room);
size_t pdp_rooms_first(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, uint32_t room);
size_t pdp_rooms_widest(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, uint32_t room);

/* The next after an FE that is in the tree, in the order of the tree. */
size_t pdp_rooms_next(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, size_t fe);

/* Of an FE that is in a tree. */
uint32_t pdp_rooms_room(const struct pdp_rooms *rooms, size_t fe);
uint32_t pdp_rooms_rank(const struct pdp_rooms *rooms, size_t fe);

#endif
