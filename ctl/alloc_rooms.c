/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_rooms.c - FEs in the order of their free power, for the allocator alone.
 *
 * Treaps: Seidel and Aragon, "Randomized Search Trees", Algorithmica 16 (1996). All changes are made of
 * two functions, split and merge.
 */
#include "ctl/alloc_rooms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where a key would stand: before all that is not less than it. */
struct key {
	uint32_t room;
	uint32_t rank;
};

int pdp_rooms_init(struct pdp_rooms *rooms, size_t n)
{
	if (n >= UINT32_MAX)
		return -ENOMEM;
	rooms->nodes = calloc(n + 1, sizeof(*rooms->nodes));
	return rooms->nodes ? 0 : -ENOMEM;
}

void pdp_rooms_fini(struct pdp_rooms *rooms)
{
	free(rooms->nodes);
	memset(rooms, 0, sizeof(*rooms));
}

void pdp_rooms_set_rank(struct pdp_rooms *rooms, size_t fe, uint32_t rank)
{
	rooms->nodes[fe + 1].rank = rank;
}

uint32_t pdp_rooms_room(const struct pdp_rooms *rooms, size_t fe)
{
	return rooms->nodes[fe + 1].room;
}

uint32_t pdp_rooms_rank(const struct pdp_rooms *rooms, size_t fe)
{
	return rooms->nodes[fe + 1].rank;
}

static size_t fe_of(uint32_t node)
{
	return node ? node - 1 : PDP_NO_FE;
}

/* The finalizer of MurmurHash3: a permutation, so no two nodes have one priority. */
static uint32_t priority(uint32_t node)
{
	node ^= node >> 16;
	node *= 0x85ebca6bu;
	node ^= node >> 13;
	node *= 0xc2b2ae35u;
	return node ^ node >> 16;
}

static bool is_before(const struct pdp_rooms_node *node, struct key key)
{
	return node->room < key.room || (node->room == key.room && node->rank < key.rank);
}

static uint32_t lower(const struct pdp_rooms *rooms, uint32_t a, uint32_t b)
{
	if (!a || !b)
		return a ? a : b;
	return rooms->nodes[a].rank < rooms->nodes[b].rank ? a : b;
}

/* The children of a node have changed. */
static void sum_up(struct pdp_rooms *rooms, uint32_t at)
{
	struct pdp_rooms_node *node = &rooms->nodes[at];
	uint32_t left = node->left ? rooms->nodes[node->left].first : 0;
	uint32_t right = node->right ? rooms->nodes[node->right].first : 0;

	node->first = lower(rooms, at, lower(rooms, left, right));
}

/* Cut a tree in two: what is before the key, and the rest. */
static void split(struct pdp_rooms *rooms, uint32_t at, struct key key, uint32_t *low,
		  uint32_t *high)
{
	struct pdp_rooms_node *node = &rooms->nodes[at];

	if (!at) {
		*low = *high = 0;
		return;
	}
	rooms->steps++;
	if (is_before(node, key)) {
		split(rooms, node->right, key, &node->right, high);
		*low = at;
	} else {
		split(rooms, node->left, key, low, &node->left);
		*high = at;
	}
	sum_up(rooms, at);
}

/* Join two trees, all of the first before all of the second. */
static uint32_t merge(struct pdp_rooms *rooms, uint32_t low, uint32_t high)
{
	if (!low || !high)
		return low ? low : high;
	rooms->steps++;
	if (priority(low) > priority(high)) {
		rooms->nodes[low].right = merge(rooms, rooms->nodes[low].right, high);
		sum_up(rooms, low);
		return low;
	}
	rooms->nodes[high].left = merge(rooms, low, rooms->nodes[high].left);
	sum_up(rooms, high);
	return high;
}

void pdp_rooms_insert(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, size_t fe, uint32_t room)
{
	uint32_t at = (uint32_t)fe + 1, low, high;
	struct pdp_rooms_node *node = &rooms->nodes[at];

	node->left = node->right = 0;
	node->room = room;
	node->first = at;
	split(rooms, rooms->root[kind], (struct key){room, node->rank}, &low, &high);
	rooms->root[kind] = merge(rooms, merge(rooms, low, at), high);
}

void pdp_rooms_remove(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, size_t fe)
{
	const struct pdp_rooms_node *node = &rooms->nodes[fe + 1];
	uint32_t low, middle, high;

	split(rooms, rooms->root[kind], (struct key){node->room, node->rank}, &low, &middle);
	split(rooms, middle, (struct key){node->room, node->rank + 1}, &middle, &high);
	rooms->root[kind] = merge(rooms, low, high);
}

/* The first that is not before the key. */
static uint32_t find(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, struct key key)
{
	uint32_t found = 0;

	for (uint32_t at = rooms->root[kind]; at; rooms->steps++) {
		const struct pdp_rooms_node *node = &rooms->nodes[at];

		if (is_before(node, key)) {
			at = node->right;
		} else {
			found = at;
			at = node->left;
		}
	}
	return found;
}

size_t pdp_rooms_tightest(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, uint32_t room)
{
	return fe_of(find(rooms, kind, (struct key){room, 0}));
}

size_t pdp_rooms_next(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, size_t fe)
{
	const struct pdp_rooms_node *node = &rooms->nodes[fe + 1];

	return fe_of(find(rooms, kind, (struct key){node->room, node->rank + 1}));
}

size_t pdp_rooms_first(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, uint32_t room)
{
	uint32_t found = 0;

	for (uint32_t at = rooms->root[kind]; at; rooms->steps++) {
		const struct pdp_rooms_node *node = &rooms->nodes[at];

		if (node->room < room) {
			at = node->right;
			continue;
		}
		/* This one and all to its right have the room. */
		found = lower(rooms, found, at);
		if (node->right)
			found = lower(rooms, found, rooms->nodes[node->right].first);
		at = node->left;
	}
	return fe_of(found);
}

size_t pdp_rooms_widest(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, uint32_t room)
{
	uint32_t at = rooms->root[kind];

	if (!at)
		return PDP_NO_FE;
	for (; rooms->nodes[at].right; rooms->steps++)
		at = rooms->nodes[at].right;
	if (rooms->nodes[at].room < room)
		return PDP_NO_FE;
	return pdp_rooms_tightest(rooms, kind, rooms->nodes[at].room);
}
