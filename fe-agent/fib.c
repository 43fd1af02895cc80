/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fib.c - the router's forwarding information base. See fib.h.
 *
 * A route holds its next hop once. A table gets the new next hop before the old one is let go, and
 * that one stays until no packet can be on its way to it.
 */
#include "fe-agent/fib.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "fe-agent/memory.h"

int pdp_fib_init(struct pdp_fib *fib, const struct pdp_router_memory *memory)
{
	*fib = (struct pdp_fib){0};
	if (!pdp_lpm4_init(&fib->lpm4, memory) && !pdp_lpm6_init(&fib->lpm6, memory) &&
	    !pdp_nexthops_init(&fib->hops, memory) &&
	    !pdp_neighbours_init(&fib->neighbours, memory))
		return 0;
	pdp_fib_fini(fib);
	return -ENOMEM;
}

void pdp_fib_fini(struct pdp_fib *fib)
{
	pdp_neighbours_fini(&fib->neighbours);
	pdp_nexthops_fini(&fib->hops);
	pdp_lpm6_fini(&fib->lpm6);
	pdp_lpm4_fini(&fib->lpm4);
}

static struct pdp_prefix_set *set_of(struct pdp_fib *fib, uint8_t family)
{
	return family == 4 ? &fib->lpm4.set : &fib->lpm6.set;
}

/* A page of each table that a new route may be the first in, and its next hop. */
#define ROUTE4_BYTES 4096
#define ROUTE6_BYTES 8192

/* What replaces another is always let in: it needs none, and the old would be wrong. */
static int take_memory(struct pdp_fib *fib, const struct pdp_route *route)
{
	if (pdp_prefix_set_get(set_of(fib, route->family), &route->prefix, route->rank))
		return 0;
	return pdp_memory_take(route->family == 4 ? ROUTE4_BYTES : ROUTE6_BYTES);
}

int pdp_fib_add(struct pdp_fib *fib, const struct pdp_route *route)
{
	uint32_t hop, old = 0;
	int err;

	err = take_memory(fib, route);
	if (err)
		return err;
	err = pdp_nexthops_hold(&fib->hops, &route->hop, &hop);
	if (err)
		return err;
	if (route->family == 4)
		err = pdp_lpm4_add(&fib->lpm4, &route->prefix, route->rank, hop, &old);
	else
		err = pdp_lpm6_add(&fib->lpm6, &route->prefix, route->rank, hop, &old);
	pdp_nexthops_put(&fib->hops, err ? hop : old);
	return err;
}

/* Take out the route whole. */
static int del_rank(struct pdp_fib *fib, const struct pdp_route *route, uint64_t rank)
{
	uint32_t old = 0;
	int err;

	if (route->family == 4)
		err = pdp_lpm4_del(&fib->lpm4, &route->prefix, rank, &old);
	else
		err = pdp_lpm6_del(&fib->lpm6, &route->prefix, rank, &old);
	pdp_nexthops_put(&fib->hops, old);
	return err;
}

void pdp_fib_del_beside(struct pdp_fib *fib, const struct pdp_route *route, unsigned int bits)
{
	const struct pdp_prefix_set *set = set_of(fib, route->family);
	uint64_t mask = (1ULL << bits) - 1, rank;

	while (pdp_prefix_set_find(set, &route->prefix, route->rank & ~mask, route->rank | mask,
				   route->rank, &rank))
		del_rank(fib, route, rank);
}

static int same_way(const struct pdp_nexthop_path *a, const struct pdp_nexthop_path *b)
{
	return a->vif == b->vif && a->gateway_family == b->gateway_family &&
	       !memcmp(a->gateway, b->gateway, sizeof(a->gateway));
}

/* The paths of a that b does not name. */
static void subtract(struct pdp_nexthop *left, const struct pdp_nexthop *a,
		     const struct pdp_nexthop *b)
{
	unsigned int i, j;

	*left = (struct pdp_nexthop){.kind = a->kind, .type = a->type};
	for (i = 0; i < a->n_paths; i++) {
		for (j = 0; j < b->n_paths && !same_way(&a->paths[i], &b->paths[j]); j++)
			;
		if (j == b->n_paths)
			left->paths[left->n_paths++] = a->paths[i];
	}
}

int pdp_fib_del(struct pdp_fib *fib, const struct pdp_route *route)
{
	const struct pdp_prefix_set *set = set_of(fib, route->family);
	uint32_t id = pdp_prefix_set_get(set, &route->prefix, route->rank);
	struct pdp_route less = *route;

	if (!id)
		return -ENOENT;
	if (route->hop.n_paths) {
		const struct pdp_nexthop *hop = pdp_nexthops_get(&fib->hops, id);

		subtract(&less.hop, hop, &route->hop);
		if (less.hop.n_paths && less.hop.n_paths < hop->n_paths)
			return pdp_fib_add(fib, &less);
	}
	return del_rank(fib, route, route->rank);
}

void pdp_fib_renew(struct pdp_fib *fib)
{
	fib->lpm4.set.round++;
	fib->lpm6.set.round++;
	pdp_neighbours_renew(&fib->neighbours);
}

static void sweep_routes(struct pdp_fib *fib, uint8_t family)
{
	const struct pdp_prefix_set *set = set_of(fib, family);
	struct pdp_prefix_cursor cursor = {0};
	const struct pdp_prefix_slot *slot;

	do {
		unsigned int max_slots = UINT_MAX;

		slot = pdp_prefix_set_walk(set, &cursor, &max_slots);
		if (slot && slot->round != set->round) {
			struct pdp_route route = {
				.family = family,
				.prefix = {.hi = slot->hi, .lo = slot->lo, .len = slot->len},
				.rank = slot->rank,
			};

			del_rank(fib, &route, route.rank);
		}
	} while (slot);
}

void pdp_fib_sweep(struct pdp_fib *fib)
{
	sweep_routes(fib, 4);
	sweep_routes(fib, 6);
	pdp_neighbours_sweep(&fib->neighbours);
}
