/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * route_diff.h - what two tables of routes, neighbours and addresses have not in common. Pure.
 */
#ifndef PDP_ROUTE_DIFF_H
#define PDP_ROUTE_DIFF_H

#include "ctl/agentconf.h"

/* Put messages in force, each said in the one way of rtbuild.h, so that tables can be compared. */
int pdp_route_diff_put(struct pdp_agentconf *table, const void *msgs, size_t len);

/* One difference; NULL: it is not there. */
typedef void (*pdp_route_diff_fn)(const struct nlmsghdr *want, const struct nlmsghdr *have,
				  void *arg);

struct pdp_route_diff {
	const struct pdp_agentconf *want, *have;
	pdp_route_diff_fn fn;
	void *arg;
	size_t place; /* within the walk */
	bool second; /* the walk of what is had, for what is not wanted */
};

/* Some of the work; true when all is done. Neither table may change meanwhile. */
bool pdp_route_diff_step(struct pdp_route_diff *diff);

#endif
