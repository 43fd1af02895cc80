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

#include "fe-agent/lpm4.h"
#include "fe-agent/lpm6.h"
#include "fe-agent/neighbour.h"
#include "fe-agent/nexthop.h"

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

/* 0 or -ENOMEM. fini is fine on a zeroed one. */
int pdp_fib_init(struct pdp_fib *fib);
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

/* Apply rtnetlink messages, aligned to 4: pdp_dataplane_ops.netlink without the lock. */
int pdp_fib_netlink(struct pdp_fib *fib, const void *msgs, size_t len);

#endif
