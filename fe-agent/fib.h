/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fib.h - the router's forwarding information base: two look-up tables, next hops, neighbours.
 *
 * Between fib_netlink.c, which fills it from rtnetlink messages, and router.c, which asks it once a
 * packet. One writer at a time; readers in RCU read-side sections.
 */
#ifndef PDP_FIB_H
#define PDP_FIB_H

#include <stddef.h>
#include <stdint.h>

#include "fe-agent/dataplane.h"
#include "fe-agent/lpm4.h"
#include "fe-agent/lpm6.h"
#include "fe-agent/neighbour.h"
#include "fe-agent/nexthop.h"
#include "fe-agent/router_memory.h"

/*
 * A route's rank, lowest first: where it comes from, then its metric. The kernel asks the local table
 * before the main one. The lowest bits tell IPv6 routes apart that differ in the device alone (one
 * prefix on two links).
 *
 *   bits 60-63  enum pdp_origin
 *   bits 48-55  of an address and its broadcast: length of its prefix
 *   bits 16-47  metric; of a broadcast address: the address that it belongs to
 *   bits 0-15   vif, where it tells routes apart
 */
enum pdp_origin {
	PDP_ORIGIN_ADDRESS,
	PDP_ORIGIN_BROADCAST,
	PDP_ORIGIN_LOCAL, /* routing tables */
	PDP_ORIGIN_MAIN,
};

#define PDP_RANK_LINK_BITS 16

static inline uint64_t pdp_rank(enum pdp_origin origin, uint8_t len, uint32_t metric, uint16_t vif)
{
	return (uint64_t)origin << 60 | (uint64_t)len << 48 |
	       (uint64_t)metric << PDP_RANK_LINK_BITS | vif;
}

struct pdp_fib {
	struct pdp_lpm4 lpm4;
	struct pdp_lpm6 lpm6;
	struct pdp_nexthops hops;
	struct pdp_neighbours neighbours;
};

/*
 * A route. (family, prefix, rank) is its identity: of two routes to one prefix that differ in rank
 * both are kept and the lower is in force. hop is its body.
 */
struct pdp_route {
	uint8_t family; /* 4 or 6 */
	struct pdp_lpm_prefix prefix;
	uint64_t rank;
	struct pdp_nexthop hop;
};

/* In this memory. 0 or -ENOMEM. fini is fine on a zeroed one. */
int pdp_fib_init(struct pdp_fib *fib, const struct pdp_router_memory *memory);
void pdp_fib_fini(struct pdp_fib *fib);

/* Add, or replace what has the same identity. 0, -EINVAL, -ENOMEM or -ENOSPC; then nothing changed. */
int pdp_fib_add(struct pdp_fib *fib, const struct pdp_route *route);
/*
 * Take out a route. When the one in the table has more paths than the message names, only those are
 * taken out: so the kernel reports one next hop less of an IPv6 multipath route. 0, -ENOENT, -ENOMEM.
 */
int pdp_fib_del(struct pdp_fib *fib, const struct pdp_route *route);

/*
 * Take out the routes to this one's prefix whose rank differs from its own in the lowest
 * bits alone.
 */
void pdp_fib_del_beside(struct pdp_fib *fib, const struct pdp_route *route, unsigned int bits);

/*
 * Mark and sweep: from renew on all is said anew, and sweep takes out what was not. Until then the old is
 * in force beside the new.
 */
void pdp_fib_renew(struct pdp_fib *fib);
void pdp_fib_sweep(struct pdp_fib *fib);

/* Apply rtnetlink messages, aligned to 4: pdp_dataplane_ops.netlink without the lock. */
int pdp_fib_netlink(struct pdp_fib *fib, const void *msgs, size_t len,
		    struct pdp_dp_refused *refused);

/* fib_dump.c; pdp_dataplane_ops.dump and .lookup without the lock. */
bool pdp_fib_dump(const struct pdp_fib *fib, struct pdp_dp_cursor *cursor, void *buf, size_t size,
		  size_t *len);
size_t pdp_fib_lookup(const struct pdp_fib *fib, uint8_t family, const uint8_t addr[16],
		      uint32_t hash, void *buf, size_t size);

/* An address as the upper bits of a prefix: host order, IPv4 in the upper half of hi. */
struct pdp_lpm_prefix pdp_fib_prefix(uint8_t family, const uint8_t *addr, unsigned int len);

#endif
