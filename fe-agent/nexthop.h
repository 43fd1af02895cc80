/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nexthop.h - what routes lead to. Look-up tables hold the id of a next hop.
 *
 * Equal next hops are one object with a count of the routes that hold it: a full table has a few
 * dozens. The packets' side reads pdp_nexthops_get(); an object lives until a grace period after its
 * last route has gone.
 */
#ifndef PDP_NEXTHOP_H
#define PDP_NEXTHOP_H

#include <stdint.h>

#include "fe-agent/table_mem.h"

#define PDP_NEXTHOP_PATHS 32 /* of a multipath route */
#define PDP_NEXTHOPS 16384

enum pdp_nexthop_kind {
	PDP_NEXTHOP_FORWARD = 1,
	PDP_NEXTHOP_LOCAL,
	PDP_NEXTHOP_BLACKHOLE,
};

/* One way out. Compared as bytes: zero what is not used. */
struct pdp_nexthop_path {
	uint32_t weight; /* 1..256 */
	uint16_t vif;
	uint8_t gateway_family; /* 4, 6, or 0: the destination itself is the neighbour */
	uint8_t pad;
	uint8_t gateway[16]; /* network order; IPv4 in the first four bytes */
};

struct pdp_nexthop {
	uint8_t kind; /* enum pdp_nexthop_kind */
	uint8_t type; /* RTN_UNICAST and so on, as the kernel named the route; for the dump */
	uint8_t n_paths; /* of FORWARD: at least 1; else 0 */
	struct pdp_nexthop_path paths[PDP_NEXTHOP_PATHS];
};

struct pdp_nexthop_entry;

struct pdp_nexthops {
	struct pdp_nexthop_entry **entries; /* by id */
	uint32_t *buckets; /* heads of chains of equal hash */
	struct pdp_rcu_ids ids;
};

/* 0 or -ENOMEM. fini is fine on a zeroed one. */
int pdp_nexthops_init(struct pdp_nexthops *hops);
void pdp_nexthops_fini(struct pdp_nexthops *hops);
/* Hold the next hop that is equal to *hop, made if need be. 0, -ENOMEM or -ENOSPC. */
int pdp_nexthops_hold(struct pdp_nexthops *hops, const struct pdp_nexthop *hop, uint32_t *id);
/* Let go once; id 0 is fine. */
void pdp_nexthops_put(struct pdp_nexthops *hops, uint32_t id);
/* The next hop that a table names. In a read-side section, or the writer. */
const struct pdp_nexthop *pdp_nexthops_get(const struct pdp_nexthops *hops, uint32_t id);

/* Which path a flow takes: by weight over the hash, so that a flow stays (RFC 2992's threshold). */
const struct pdp_nexthop_path *pdp_nexthop_pick(const struct pdp_nexthop *hop, uint32_t hash);

#endif
