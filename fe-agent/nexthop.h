/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nexthop.h - what routes lead to. Look-up tables hold the id of a next hop.
 *
 * Equal next hops are one object with a count of the routes that hold it: a full table has a few
 * dozens. The packets' side reads pdp_hops_get(); an object lives until a grace period after its
 * last route has gone.
 */
#ifndef PDP_NEXTHOP_H
#define PDP_NEXTHOP_H

#include <stdint.h>

#include "fe-agent/table_mem.h"

#define PDP_HOP_PATHS 32 /* of a multipath route */
#define PDP_HOPS 16384

enum pdp_hop_kind {
	PDP_HOP_FORWARD = 1,
	PDP_HOP_LOCAL,
	PDP_HOP_BLACKHOLE,
};

/* One way out. Compared as bytes: zero what is not used. */
struct pdp_path {
	uint32_t weight; /* 1..256 */
	uint16_t vif;
	uint8_t gateway_family; /* 4, 6, or 0: the destination itself is the neighbour */
	uint8_t pad;
	uint8_t gateway[16]; /* network order; IPv4 in the first four bytes */
};

struct pdp_hop {
	uint8_t kind; /* enum pdp_hop_kind */
	uint8_t n_paths; /* of FORWARD: at least 1; else 0 */
	struct pdp_path paths[PDP_HOP_PATHS];
};

struct pdp_hop_entry;

struct pdp_hops {
	struct pdp_hop_entry **entries; /* by id */
	uint32_t *buckets; /* heads of chains of equal hash */
	struct pdp_ids ids;
};

/* 0 or -ENOMEM. fini is fine on a zeroed one. */
int pdp_hops_init(struct pdp_hops *hops);
void pdp_hops_fini(struct pdp_hops *hops);
/* Hold the next hop that is equal to *hop, made if need be. 0, -ENOMEM or -ENOSPC. */
int pdp_hops_hold(struct pdp_hops *hops, const struct pdp_hop *hop, uint32_t *id);
/* Let go once; id 0 is fine. */
void pdp_hops_put(struct pdp_hops *hops, uint32_t id);
/* The next hop that a table names. In a read-side section, or the writer. */
const struct pdp_hop *pdp_hops_get(const struct pdp_hops *hops, uint32_t id);

/* Which path a flow takes: by weight over the hash, so that a flow stays (RFC 2992's threshold). */
const struct pdp_path *pdp_hop_pick(const struct pdp_hop *hop, uint32_t hash);

#endif
