/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* rtbuild.c - what a guest's kernel said, in the words that agents are told it; see rtbuild.h. */
#include "ctl/rtbuild.h"

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Header, fixed attributes, and as many paths as there can be, each with a gateway of another family. */
#define PATH_MAX_LEN (sizeof(struct rtnexthop) + MNL_ATTR_HDRLEN + sizeof(struct rtvia) + 16 + 4)
_Static_assert(128 + PDP_NEXTHOP_PATHS * PATH_MAX_LEN <= PDP_RT_MESSAGE_MAX, "room for all paths");

static size_t addr_len(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

/* With its padding zeroed, which not every libmnl does: messages are compared as bytes. */
static void put(struct nlmsghdr *nlh, uint16_t type, size_t len, const void *data)
{
	memset(mnl_nlmsg_get_payload_tail(nlh), 0, MNL_ATTR_HDRLEN + MNL_ALIGN(len));
	mnl_attr_put(nlh, type, len, data);
}

static struct nlmsghdr *begin(void *buf, uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	return nlh;
}

static void put_gateway(struct nlmsghdr *nlh, const struct pdp_rt_route *route,
			const struct pdp_rt_path *path)
{
	uint8_t via[sizeof(struct rtvia) + 16];
	const uint16_t family = path->gateway_family;

	if (family == route->family) {
		put(nlh, RTA_GATEWAY, addr_len(route->family), path->gateway);
	} else if (family) {
		memcpy(via, &family, sizeof(family));
		memcpy(via + sizeof(struct rtvia), path->gateway, 16);
		put(nlh, RTA_VIA, sizeof(struct rtvia) + addr_len(path->gateway_family), via);
	}
}

static void put_multipath(struct nlmsghdr *nlh, const struct pdp_rt_route *route)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);

	nest->nla_type = RTA_MULTIPATH;
	for (unsigned int i = 0; i < route->n_paths; i++) {
		struct rtnexthop *nh = mnl_nlmsg_get_payload_tail(nlh);

		memset(nh, 0, sizeof(*nh));
		nlh->nlmsg_len += sizeof(*nh);
		nh->rtnh_ifindex = (int)route->paths[i].link;
		nh->rtnh_hops = (unsigned char)(route->paths[i].weight - 1);
		put_gateway(nlh, route, &route->paths[i]);
		nh->rtnh_len = (unsigned short)((uint8_t *)mnl_nlmsg_get_payload_tail(nlh) -
						(uint8_t *)nh);
	}
	mnl_attr_nest_end(nlh, nest);
}

size_t pdp_rt_build_route(const struct pdp_rt_route *route, uint16_t type, void *buf)
{
	struct nlmsghdr *nlh = begin(buf, type);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = route->family;
	rtm->rtm_dst_len = route->len;
	rtm->rtm_table = (uint8_t)route->table;
	rtm->rtm_type = route->type;
	if (route->len)
		put(nlh, RTA_DST, addr_len(route->family), route->dst);
	if (route->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, route->metric);
	if (route->n_paths > 1) {
		put_multipath(nlh, route);
	} else if (route->n_paths) {
		mnl_attr_put_u32(nlh, RTA_OIF, route->paths[0].link);
		put_gateway(nlh, route, &route->paths[0]);
	}
	return nlh->nlmsg_len;
}

size_t pdp_rt_build_neighbour(const struct pdp_rt_neighbour *neighbour, uint16_t type, void *buf)
{
	struct nlmsghdr *nlh = begin(buf, type);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = neighbour->family;
	ndm->ndm_ifindex = (int)neighbour->link;
	ndm->ndm_state = NUD_PERMANENT;
	ndm->ndm_type = RTN_UNICAST;
	put(nlh, NDA_DST, addr_len(neighbour->family), neighbour->addr);
	if (type == RTM_NEWNEIGH)
		put(nlh, NDA_LLADDR, sizeof(neighbour->mac), neighbour->mac);
	return nlh->nlmsg_len;
}

size_t pdp_rt_build_address(const struct pdp_rt_address *address, uint16_t type, void *buf)
{
	struct nlmsghdr *nlh = begin(buf, type);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = address->family;
	ifa->ifa_prefixlen = address->len;
	ifa->ifa_flags = IFA_F_PERMANENT;
	ifa->ifa_index = address->link;
	put(nlh, IFA_LOCAL, addr_len(address->family), address->addr);
	return nlh->nlmsg_len;
}

int pdp_rt_compare_paths(const struct pdp_rt_path *a, const struct pdp_rt_path *b)
{
	if (a->link != b->link)
		return a->link < b->link ? -1 : 1;
	if (a->gateway_family != b->gateway_family)
		return a->gateway_family < b->gateway_family ? -1 : 1;
	return memcmp(a->gateway, b->gateway, sizeof(a->gateway));
}

static int compare(const void *a, const void *b)
{
	const struct pdp_rt_path *left = a, *right = b;
	int order = pdp_rt_compare_paths(left, right);

	return order ? order : left->weight - right->weight;
}

void pdp_rt_sort_paths(struct pdp_rt_route *route)
{
	qsort(route->paths, route->n_paths, sizeof(route->paths[0]), compare);
}

static size_t canonical_route(const struct nlmsghdr *nlh, void *buf)
{
	struct pdp_rt_route route;
	unsigned int n = 0;

	if (pdp_rt_parse_route(nlh, &route) != PDP_RT_taken)
		return 0;
	for (unsigned int i = 0; i < route.n_paths; i++)
		if (!route.paths[i].dead)
			route.paths[n++] = route.paths[i];
	route.n_paths = route.type == RTN_UNICAST ? n : 0;
	if (route.type == RTN_UNICAST && !n)
		route.type = RTN_UNREACHABLE;
	pdp_rt_sort_paths(&route);
	return pdp_rt_build_route(&route, RTM_NEWROUTE, buf);
}

size_t pdp_rt_canonical(const struct nlmsghdr *nlh, void *buf)
{
	struct pdp_rt_neighbour neighbour;
	struct pdp_rt_address address;

	if (nlh->nlmsg_type == RTM_NEWROUTE)
		return canonical_route(nlh, buf);
	if (nlh->nlmsg_type == RTM_NEWNEIGH &&
	    pdp_rt_parse_neighbour(nlh, &neighbour) == PDP_RT_taken && neighbour.usable)
		return pdp_rt_build_neighbour(&neighbour, RTM_NEWNEIGH, buf);
	if (nlh->nlmsg_type == RTM_NEWADDR && pdp_rt_parse_address(nlh, &address) == PDP_RT_taken)
		return pdp_rt_build_address(&address, RTM_NEWADDR, buf);
	return 0;
}
