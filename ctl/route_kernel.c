/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* route_kernel.c - a question to the kernel of a vnet's control plane; see route_kernel.h. */
#include "ctl/route_kernel.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/agentconf.h"
#include "ctl/mirror_table.h"
#include "ctl/netns.h"
#include "ctl/rtnl.h"

static uint16_t vif_of(uint32_t ifindex, void *arg)
{
	return pdp_mh_vif_of(arg, (int)ifindex);
}

/* As the mirror would: but here it is the only one. */
static int take(const struct nlmsghdr *nlh, void *table)
{
	return pdp_mirror_table_take(table, nlh, false);
}

static int ask(struct pdp_rtnl *rtnl, const struct pdp_lookup *what, struct pdp_mirror_table *table,
	       struct pdp_error *err)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	int code;

	rtm->rtm_family = what->family == 4 ? AF_INET : AF_INET6;
	rtm->rtm_dst_len = what->family == 4 ? 32 : 128;
	rtm->rtm_flags = RTM_F_FIB_MATCH;
	mnl_attr_put(nlh, RTA_DST, what->family == 4 ? 4 : 16, what->addr);
	code = pdp_rtnl_ask(rtnl, nlh, take, table, err, "ask for a route");
	/* Of routes that lead nowhere the kernel says this alone. */
	switch (code) {
	case -ENETUNREACH:
		return 0;
	case -EHOSTUNREACH:
		return pdp_fail(err, code, "unreachable");
	case -EINVAL:
		return pdp_fail(err, code, "blackhole");
	case -EACCES:
		return pdp_fail(err, code, "prohibit");
	default:
		return code;
	}
}

static int first(const struct pdp_rtkey *key, const struct nlmsghdr *nlh, void *arg)
{
	(void)key;
	*(const struct nlmsghdr **)arg = nlh;
	return 1;
}

int pdp_route_kernel(int netns_fd, const struct pdp_lookup *what, const struct pdp_mh_guest *guest,
		     void (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg,
		     struct pdp_error *err)
{
	struct pdp_mirror_table_conf conf = {.vif_of = vif_of, .arg = (void *)guest};
	const struct nlmsghdr *found = NULL;
	struct pdp_mirror_table *table = NULL;
	struct pdp_rtnl *rtnl = NULL;
	size_t place = 0;
	int back, code = pdp_netns_enter(netns_fd, &back, err);

	if (code)
		return code;
	code = pdp_rtnl_open(&rtnl, err);
	pdp_netns_leave(back);
	conf.told = pdp_agentconf_new();
	if (!code && (!conf.told || pdp_mirror_table_new(&table, &conf)))
		code = pdp_fail(err, -ENOMEM, "no memory");
	if (!code)
		code = ask(rtnl, what, table, err);
	if (!code) {
		pdp_agentconf_walk(conf.told, &place, SIZE_MAX, first, &found);
		fn(found, arg);
	}
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(conf.told);
	pdp_rtnl_close(rtnl);
	return code;
}
