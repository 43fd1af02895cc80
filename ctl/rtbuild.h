/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rtbuild.h - what a guest's kernel said, in the words that agents are told it (rtnetlink(7)).
 *
 * One way to say each thing, with what routers need and nothing else: what is the same is the same bytes.
 * Links are vif ids. Pure.
 */
#ifndef PDP_RTBUILD_H
#define PDP_RTBUILD_H

#include <stddef.h>
#include <stdint.h>

#include "ctl/rtparse.h"

#define PDP_RT_MESSAGE_MAX 2048 /* no message is longer */

/*
 * pdp_rt_build_route() - the RTM_NEWROUTE or RTM_DELROUTE of a route.
 *
 * Its paths must lead to vifs. Types other than unicast have no paths. A single path is said as a route
 * without RTA_MULTIPATH. The table is main or local, TOS and source are none.
 * Returns the message's length.
 */
size_t pdp_rt_build_route(const struct pdp_rt_route *route, uint16_t type, void *buf);

/* RTM_NEWNEIGH of one that is usable, or RTM_DELNEIGH; likewise. */
size_t pdp_rt_build_neighbour(const struct pdp_rt_neighbour *neighbour, uint16_t type, void *buf);
size_t pdp_rt_build_address(const struct pdp_rt_address *address, uint16_t type, void *buf);

/*
 * pdp_rt_canonical() - a message about a route, neighbour or address that agents know, said in this one way.
 *
 * Links stay what they are. 0: it is about nothing that agents know, or mangled.
 */
size_t pdp_rt_canonical(const struct nlmsghdr *nlh, void *buf);

/* Put paths into an order of their own: kernels tell them in different ones. */
void pdp_rt_sort_paths(struct pdp_rt_route *route);
int pdp_rt_compare_paths(const struct pdp_rt_path *a, const struct pdp_rt_path *b);

#endif
