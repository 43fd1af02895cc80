/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * route_kernel.h - what the kernel of a vnet's control plane does with a packet.
 */
#ifndef PDP_ROUTE_KERNEL_H
#define PDP_ROUTE_KERNEL_H

#include <linux/netlink.h>

#include "ctl/mhguest.h"
#include "fe-agent/channel.h"
#include "loader/loader.h"

/*
 * pdp_route_kernel() - ask it now; fn is called once, from within, with the route, or NULL: there is none.
 *
 * The route is said as agents are told theirs, with vif ids. 0 or -errno.
 */
int pdp_route_kernel(int netns_fd, const struct pdp_lookup *what, const struct pdp_mh_guest *guest,
		     void (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg,
		     struct pdp_error *err);

#endif
