/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mirror_nexthop.h - the next-hop objects of a guest's kernel (ip-nexthop(8)), and the routes by them.
 *
 * A route that names an object says nothing of where it leads, and when the object changes the kernel may
 * say nothing of the route. So each object knows the entries of the agents' configuration that were made
 * with it: those to be said anew, and those that have gone with it. Pure.
 */
#ifndef PDP_MIRROR_NEXTHOP_H
#define PDP_MIRROR_NEXTHOP_H

#include "ctl/agentconf.h"
#include "ctl/rtparse.h"

#define PDP_MIRROR_NEXTHOPS PDP_NEXTHOPS /* agents cannot tell more apart */

struct pdp_mirror_nexthops;

struct pdp_mirror_nexthops *pdp_mirror_nexthops_new(void);
/* Entries stay as they are, on no list. NULL is fine. */
void pdp_mirror_nexthops_free(struct pdp_mirror_nexthops *nhs);

/* It is so now. -ENOSPC, -ENOMEM: it is not noted. */
int pdp_mirror_nexthops_set(struct pdp_mirror_nexthops *nhs, const struct pdp_rt_nexthop *nh);
/* It is gone, and with it, in the kernel, every route by it. */
void pdp_mirror_nexthops_del(struct pdp_mirror_nexthops *nhs, uint32_t id);

/*
 * Where a route by the object leads: type and paths are filled in, with interface indexes. False: there is
 * no such object.
 */
bool pdp_mirror_nexthops_resolve(const struct pdp_mirror_nexthops *nhs, struct pdp_rt_route *route);

/* Where entries of routes by the object are to be listed; NULL: there is none. */
struct pdp_kept_tagged *pdp_mirror_nexthops_users(struct pdp_mirror_nexthops *nhs, uint32_t id);

/*
 * The next entry that is to be said anew, because *id has changed, or (*id 0) removed, because its object is
 * gone. Whoever asks does so, which takes the entry off its list, or puts it on another. NULL: none.
 */
const struct nlmsghdr *pdp_mirror_nexthops_due(struct pdp_mirror_nexthops *nhs, uint32_t *id,
					       const struct pdp_rtkey **key);

/* Mark and sweep, as of the routes. */
void pdp_mirror_nexthops_begin_round(struct pdp_mirror_nexthops *nhs);
void pdp_mirror_nexthops_sweep(struct pdp_mirror_nexthops *nhs);

#endif
