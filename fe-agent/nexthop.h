/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nexthop.h - what routes lead to. Look-up tables hold the id of a next hop.
 *
 * Equal next hops are one object with a count of the routes that hold it: a full table has a few
 * dozens. Packets read pdp_nexthops_path(), from the tables in router_tables.h; an object lives until a
 * grace period after its last route has gone.
 */
#ifndef PDP_NEXTHOP_H
#define PDP_NEXTHOP_H

#include <stdint.h>

#include "fe-agent/router_memory.h"
#include "fe-agent/table_mem.h"

struct pdp_nexthop {
	uint8_t kind; /* enum pdp_nexthop_kind */
	uint8_t type; /* RTN_UNICAST and so on, as the kernel named the route; for the dump */
	uint8_t n_paths; /* of FORWARD: at least 1; else 0 */
	struct pdp_nexthop_path paths[PDP_NEXTHOP_PATHS];
};

struct pdp_nexthop_entry;

struct pdp_nexthops {
	struct pdp_rt_hop *hops; /* by id */
	struct pdp_rt_paths *paths;
	struct pdp_nexthop_entry **entries; /* by id: what the writer knows of it */
	uint32_t *buckets; /* heads of chains of equal hash */
	struct pdp_rcu_ids ids;
	struct pdp_rcu_ids path_ids;
};

/* In this memory. 0 or -ENOMEM. fini is fine on a zeroed one. */
int pdp_nexthops_init(struct pdp_nexthops *hops, const struct pdp_router_memory *memory);
void pdp_nexthops_fini(struct pdp_nexthops *hops);
/* Hold the next hop that is equal to *hop, made if need be. 0, -ENOMEM or -ENOSPC. */
int pdp_nexthops_hold(struct pdp_nexthops *hops, const struct pdp_nexthop *hop, uint32_t *id);
/* Let go once; id 0 is fine. */
void pdp_nexthops_put(struct pdp_nexthops *hops, uint32_t id);
/* The next hop that a table names. The writer alone. */
const struct pdp_nexthop *pdp_nexthops_get(const struct pdp_nexthops *hops, uint32_t id);

/* What a table names: in a read-side section, or the writer. */
static inline enum pdp_nexthop_kind pdp_nexthops_kind(const struct pdp_nexthops *hops, uint32_t id)
{
	return hops->hops[id].kind;
}

/* Of a hop of kind FORWARD: the path that a flow takes. */
static inline const struct pdp_nexthop_path *pdp_nexthops_path(const struct pdp_nexthops *hops,
							       uint32_t id, uint32_t hash)
{
	const struct pdp_rt_hop *hop = &hops->hops[id];
	const struct pdp_rt_paths *paths = &hops->paths[hop->paths];

	return hop->paths ? &paths->path[pdp_rt_pick(paths, hop->total, hash)] : &hop->path;
}

#endif
