/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* route_diff.c - what two tables have not in common; see route_diff.h. */
#include "ctl/route_diff.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "ctl/rtbuild.h"

#define STEP 8192 /* places of a table */

int pdp_route_diff_put(struct pdp_agentconf *table, const void *msgs, size_t len)
{
	_Alignas(4) uint8_t buf[PDP_RT_MESSAGE_MAX];
	const struct nlmsghdr *nlh = msgs;
	int left = (int)len, code = 0;

	for (; !code && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		size_t n = pdp_rt_canonical(nlh, buf);

		if (n)
			code = pdp_agentconf_netlink(table, buf, n);
	}
	return code;
}

/* Flags tell how it came, not what it is. */
static bool is_same(const struct nlmsghdr *a, const struct nlmsghdr *b)
{
	return a->nlmsg_type == b->nlmsg_type && a->nlmsg_len == b->nlmsg_len &&
	       !memcmp(a + 1, b + 1, a->nlmsg_len - sizeof(*a));
}

static int look_for(const struct pdp_rtkey *key, const struct nlmsghdr *nlh, void *arg)
{
	const struct pdp_route_diff *diff = arg;
	const struct nlmsghdr *other =
		pdp_agentconf_find(diff->second ? diff->want : diff->have, key);

	if (diff->second ? !other : !other || !is_same(nlh, other))
		diff->fn(diff->second ? NULL : nlh, diff->second ? nlh : other, diff->arg);
	return 0;
}

bool pdp_route_diff_step(struct pdp_route_diff *diff)
{
	pdp_agentconf_walk(diff->second ? diff->have : diff->want, &diff->place, STEP, look_for,
			   diff);
	if (diff->place != SIZE_MAX)
		return false;
	if (diff->second)
		return true;
	diff->second = true;
	diff->place = 0;
	return false;
}
