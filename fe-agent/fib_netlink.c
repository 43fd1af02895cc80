/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fib_netlink.c - the router's FIB from rtnetlink messages (RFC 3549, rtnetlink(7)).
 *
 * The messages are those that the MH guest's kernel sent, with vif ids for interface indexes. They
 * are not trusted to be well-formed. What a router of this kind has no use for (other tables, link
 * states, clones) is passed over; what it would get wrong (TOS routes, lightweight tunnels) is
 * refused, so that it is seen.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "fe-agent/fib.h"

static unsigned int addr_len(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

/* 4 or 6 for AF_INET or AF_INET6, else 0. */
static uint8_t family_of(uint8_t af)
{
	return af == AF_INET ? 4 : af == AF_INET6 ? 6 : 0;
}

static uint64_t load_be(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

struct pdp_lpm_prefix pdp_fib_prefix(uint8_t family, const uint8_t *addr, unsigned int len)
{
	struct pdp_lpm_prefix p = {.len = len};

	if (family == 4) {
		p.hi = load_be(addr, 4) << 32;
	} else {
		p.hi = load_be(addr, 8);
		p.lo = load_be(addr + 8, 8);
	}
	return p;
}

/*
 * Attributes by type. One seen twice, or cut short, is a mangled message. Counted in bytes of the
 * message: libmnl's own loop takes its length rounded up, which may lie outside.
 */
static int collect(const struct nlmsghdr *nlh, unsigned int header, const struct nlattr **tb,
		   unsigned int max)
{
	int left = (int)(nlh->nlmsg_len - MNL_NLMSG_HDRLEN - header);
	const struct nlattr *attr;
	unsigned int type;

	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + header)
		return -EBADMSG;
	attr = mnl_nlmsg_get_payload_offset(nlh, header);
	for (; left > 0; left -= MNL_ALIGN(attr->nla_len), attr = mnl_attr_next(attr)) {
		if (!mnl_attr_ok(attr, left))
			return -EBADMSG;
		type = mnl_attr_get_type(attr);
		if (type > max)
			continue;
		if (tb[type])
			return -EBADMSG;
		tb[type] = attr;
	}
	return 0;
}

/* An address of the family, whole. */
static int get_addr(const struct nlattr *attr, uint8_t family, uint8_t addr[16])
{
	if (!attr || mnl_attr_get_payload_len(attr) != addr_len(family))
		return -EBADMSG;
	memset(addr, 0, 16);
	memcpy(addr, mnl_attr_get_payload(attr), addr_len(family));
	return 0;
}

static int get_u32(const struct nlattr *attr, uint32_t absent, uint32_t *value)
{
	*value = absent;
	if (!attr)
		return 0;
	if (mnl_attr_get_payload_len(attr) != sizeof(uint32_t))
		return -EBADMSG;
	*value = mnl_attr_get_u32(attr);
	return 0;
}

/* RTA_GATEWAY is of the route's family, RTA_VIA says its own (RFC 5549: IPv4 routes by IPv6). */
static int get_gateway(const struct nlattr *gateway, const struct nlattr *via, uint8_t family,
		       struct pdp_nexthop_path *path)
{
	const struct rtvia *v;

	if (gateway) {
		path->gateway_family = family;
		return get_addr(gateway, family, path->gateway);
	}
	if (!via)
		return 0;
	if (mnl_attr_get_payload_len(via) < sizeof(*v))
		return -EBADMSG;
	v = mnl_attr_get_payload(via);
	path->gateway_family = family_of(v->rtvia_family);
	if (!path->gateway_family ||
	    mnl_attr_get_payload_len(via) != sizeof(*v) + addr_len(path->gateway_family))
		return -EBADMSG;
	memcpy(path->gateway, v->rtvia_addr, addr_len(path->gateway_family));
	return 0;
}

static int add_path(struct pdp_nexthop *hop, const struct pdp_nexthop_path *path, uint32_t ifindex)
{
	if (!ifindex || ifindex > UINT16_MAX)
		return -ENODEV;
	if (hop->n_paths == PDP_NEXTHOP_PATHS)
		return -E2BIG;
	hop->paths[hop->n_paths] = *path;
	hop->paths[hop->n_paths++].vif = ifindex;
	return 0;
}

static int get_nexthop(const struct rtnexthop *nh, uint8_t family, unsigned int skip,
		       struct pdp_nexthop *hop)
{
	const struct nlattr *attr = (const void *)RTNH_DATA(nh);
	int left = nh->rtnh_len - (int)RTNH_LENGTH(0);
	const struct nlattr *gateway = NULL, *via = NULL;
	struct pdp_nexthop_path path = {.weight = nh->rtnh_hops + 1u};
	int err;

	if (nh->rtnh_flags & skip)
		return 0;
	for (; left > 0; left -= (int)MNL_ALIGN(attr->nla_len), attr = mnl_attr_next(attr)) {
		if (!mnl_attr_ok(attr, left))
			return -EBADMSG;
		if (mnl_attr_get_type(attr) == RTA_GATEWAY)
			gateway = attr;
		else if (mnl_attr_get_type(attr) == RTA_VIA)
			via = attr;
		else if (mnl_attr_get_type(attr) == RTA_ENCAP_TYPE)
			return -EOPNOTSUPP;
	}
	err = get_gateway(gateway, via, family, &path);
	return err ? err : add_path(hop, &path, nh->rtnh_ifindex);
}

static int get_multipath(const struct nlattr *attr, uint8_t family, unsigned int skip,
			 struct pdp_nexthop *hop)
{
	const struct rtnexthop *nh = mnl_attr_get_payload(attr);
	int left = mnl_attr_get_payload_len(attr);
	int err;

	for (; left >= (int)sizeof(*nh); nh = RTNH_NEXT(nh)) {
		if (nh->rtnh_len < sizeof(*nh) || nh->rtnh_len > left)
			return -EBADMSG;
		err = get_nexthop(nh, family, skip, hop);
		if (err)
			return err;
		left -= RTNH_ALIGN(nh->rtnh_len);
	}
	return left > 0 ? -EBADMSG : 0;
}

/* Paths with a flag of skip (RTNH_F_DEAD) are left out. */
static int get_paths(const struct nlattr **tb, uint8_t family, unsigned int flags,
		     unsigned int skip, struct pdp_nexthop *hop)
{
	struct pdp_nexthop_path path = {.weight = 1};
	uint32_t oif;
	int err;

	if (tb[RTA_ENCAP_TYPE])
		return -EOPNOTSUPP;
	if (tb[RTA_MULTIPATH])
		return get_multipath(tb[RTA_MULTIPATH], family, skip, hop);
	if (flags & skip)
		return 0;
	err = get_u32(tb[RTA_OIF], 0, &oif);
	if (!err)
		err = get_gateway(tb[RTA_GATEWAY], tb[RTA_VIA], family, &path);
	return err ? err : add_path(hop, &path, oif);
}

/*
 * What the router does at the end of a route. All that wants an ICMP message or belongs to the node
 * is the MH guest's kernel's; it has the same route and knows why.
 */
static int get_hop(const struct nlattr **tb, const struct rtmsg *rtm, uint8_t family,
		   unsigned int skip, struct pdp_nexthop *hop)
{
	int err = 0;

	hop->type = rtm->rtm_type;
	switch (rtm->rtm_type) {
	case RTN_UNICAST:
		hop->kind = PDP_NEXTHOP_FORWARD;
		err = get_paths(tb, family, rtm->rtm_flags, skip, hop);
		/* All its links are down: as good as unreachable. */
		if (!err && !hop->n_paths)
			hop->kind = PDP_NEXTHOP_LOCAL;
		return err;
	case RTN_BLACKHOLE:
		hop->kind = PDP_NEXTHOP_BLACKHOLE;
		return 0;
	case RTN_LOCAL:
	case RTN_BROADCAST:
	case RTN_ANYCAST:
	case RTN_MULTICAST:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
	case RTN_THROW:
		hop->kind = PDP_NEXTHOP_LOCAL;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* Link-local and multicast IPv6 destinations are never looked up: RFC 4291, 2.5.6 and 2.7. */
static bool is_looked_up(const struct pdp_route *route)
{
	uint64_t hi = route->prefix.hi;

	if (route->family == 4)
		return true;
	return (route->prefix.len < 10 || hi >> 54 != 0xfe80 >> 6) &&
	       (route->prefix.len < 8 || hi >> 56 != 0xff);
}

static bool of_interest(const struct rtmsg *rtm, uint32_t table, const struct pdp_route *route)
{
	if (rtm->rtm_flags & RTM_F_CLONED)
		return false;
	return (table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL) && is_looked_up(route);
}

static int get_destination(const struct nlattr **tb, const struct rtmsg *rtm,
			   struct pdp_route *route)
{
	uint8_t addr[16] = {0};
	struct pdp_lpm_prefix host;
	int err;

	if (rtm->rtm_dst_len > 8 * addr_len(route->family))
		return -EINVAL;
	if (rtm->rtm_dst_len || tb[RTA_DST]) {
		err = get_addr(tb[RTA_DST], route->family, addr);
		if (err)
			return err;
	}
	host = pdp_fib_prefix(route->family, addr, 8 * addr_len(route->family));
	route->prefix = pdp_lpm_prefix_shorten(&host, rtm->rtm_dst_len);
	return host.hi == route->prefix.hi && host.lo == route->prefix.lo ? 0 : -EINVAL;
}

static int parse_route(const struct nlmsghdr *nlh, struct pdp_route *route, bool *wanted)
{
	const struct nlattr *tb[RTA_MAX + 1] = {0};
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	/* A link that went down takes its routes along: then the dead path is the one to delete. */
	unsigned int skip = nlh->nlmsg_type == RTM_NEWROUTE ? RTNH_F_DEAD : 0;
	uint32_t table = RT_TABLE_UNSPEC, metric = 0, link = 0;
	int err;

	*wanted = false;
	err = collect(nlh, sizeof(*rtm), tb, RTA_MAX);
	if (err)
		return err;
	route->family = family_of(rtm->rtm_family);
	if (!route->family)
		return -EAFNOSUPPORT;
	err = get_destination(tb, rtm, route);
	if (!err)
		err = get_u32(tb[RTA_TABLE], rtm->rtm_table, &table);
	if (!err)
		err = get_u32(tb[RTA_PRIORITY], 0, &metric);
	if (err || !of_interest(rtm, table, route))
		return err;
	if (rtm->rtm_src_len || rtm->rtm_tos)
		return -EOPNOTSUPP;
	err = get_hop(tb, rtm, route->family, skip, &route->hop);
	if (!err && route->family == 6 && rtm->rtm_type == RTN_UNICAST && !tb[RTA_GATEWAY])
		err = get_u32(tb[RTA_OIF], 0, &link);
	route->rank = pdp_rank(table == RT_TABLE_LOCAL ? PDP_ORIGIN_LOCAL : PDP_ORIGIN_MAIN, 0,
			       metric, link);
	*wanted = !err;
	return err;
}

/*
 * Nothing to delete is no error: the kernel reports the end of IPv6 addresses whose beginning it did
 * not, and a dump may be younger than the message.
 */
static int del_if_there(struct pdp_fib *fib, const struct pdp_route *route)
{
	int err = pdp_fib_del(fib, route);

	return err == -ENOENT ? 0 : err;
}

static int apply_route(struct pdp_fib *fib, const struct nlmsghdr *nlh)
{
	struct pdp_route route = {0};
	bool wanted;
	int err = parse_route(nlh, &route, &wanted);

	if (err || !wanted)
		return err;
	if (nlh->nlmsg_type == RTM_DELROUTE)
		return del_if_there(fib, &route);
	err = pdp_fib_add(fib, &route);
	/* Replaced is the route of this metric, on whichever link it was. */
	if (!err && nlh->nlmsg_flags & NLM_F_REPLACE)
		pdp_fib_del_beside(fib, &route, PDP_RANK_LINK_BITS);
	return err;
}

/* States in which the kernel itself would send to the address. */
#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)

static int apply_neighbour(struct pdp_fib *fib, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NDA_MAX + 1] = {0};
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct pdp_neighbour_key key = {0};
	int err;

	err = collect(nlh, sizeof(*ndm), tb, NDA_MAX);
	if (err)
		return err;
	if (ndm->ndm_family == AF_BRIDGE || ndm->ndm_flags & NTF_PROXY)
		return 0;
	key.family = family_of(ndm->ndm_family);
	if (!key.family)
		return -EAFNOSUPPORT;
	if (ndm->ndm_ifindex <= 0 || ndm->ndm_ifindex > UINT16_MAX)
		return -ENODEV;
	key.vif = ndm->ndm_ifindex;
	err = get_addr(tb[NDA_DST], key.family, key.addr);
	if (err)
		return err;
	if (nlh->nlmsg_type == RTM_NEWNEIGH && ndm->ndm_state & NUD_USABLE && tb[NDA_LLADDR]) {
		if (mnl_attr_get_payload_len(tb[NDA_LLADDR]) != 6)
			return -EBADMSG;
		return pdp_neighbours_set(&fib->neighbours, &key,
					  mnl_attr_get_payload(tb[NDA_LLADDR]));
	}
	/* Not usable any more. Never having known it is no error. */
	pdp_neighbours_del(&fib->neighbours, &key);
	return 0;
}

/* One host route to ourselves. rank tells apart those that several addresses cause. */
static int apply_host(struct pdp_fib *fib, const struct nlmsghdr *nlh, uint8_t family, uint8_t rtn,
		      const uint8_t addr[16], uint64_t rank)
{
	struct pdp_route route = {
		.family = family,
		.prefix = pdp_fib_prefix(family, addr, 8 * addr_len(family)),
		.rank = rank,
		.hop = {.kind = PDP_NEXTHOP_LOCAL, .type = rtn},
	};

	return nlh->nlmsg_type == RTM_NEWADDR ? pdp_fib_add(fib, &route)
					      : del_if_there(fib, &route);
}

/*
 * The prefix's broadcast address, for prefixes that have one (RFC 919; /31: RFC 3021). Addresses in
 * one prefix share it, each with a route of its own.
 */
static int apply_broadcast(struct pdp_fib *fib, const struct nlmsghdr *nlh,
			   const struct ifaddrmsg *ifa, const uint8_t local[16])
{
	uint32_t host = load_be(local, 4), broadcast;
	uint8_t addr[16] = {0};
	unsigned int i;

	if (ifa->ifa_prefixlen > 30)
		return 0;
	broadcast = host | 0xffffffffu >> ifa->ifa_prefixlen;
	for (i = 0; i < 4; i++)
		addr[i] = broadcast >> (24 - 8 * i);
	return apply_host(fib, nlh, 4, RTN_BROADCAST, addr,
			  pdp_rank(PDP_ORIGIN_BROADCAST, ifa->ifa_prefixlen, host, ifa->ifa_index));
}

static int apply_address(struct pdp_fib *fib, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[IFA_MAX + 1] = {0};
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	uint8_t addr[16], family;
	int err;

	err = collect(nlh, sizeof(*ifa), tb, IFA_MAX);
	if (err)
		return err;
	family = family_of(ifa->ifa_family);
	if (!family)
		return -EAFNOSUPPORT;
	if (ifa->ifa_prefixlen > 8 * addr_len(family))
		return -EINVAL;
	if (!ifa->ifa_index || ifa->ifa_index > UINT16_MAX)
		return -ENODEV;
	/* On a point-to-point link IFA_ADDRESS is the far end. */
	err = get_addr(tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS], family, addr);
	if (!err)
		err = apply_host(fib, nlh, family, RTN_LOCAL, addr,
				 pdp_rank(PDP_ORIGIN_ADDRESS, ifa->ifa_prefixlen, 0,
					  ifa->ifa_index));
	if (!err && family == 4)
		err = apply_broadcast(fib, nlh, ifa, addr);
	return err;
}

static int apply(struct pdp_fib *fib, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return apply_route(fib, nlh);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return apply_neighbour(fib, nlh);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return apply_address(fib, nlh);
	case NLMSG_NOOP:
	case NLMSG_DONE:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* A message in a few words, for people: its destination if it is a route, else its type. */
static void describe(const struct nlmsghdr *nlh, char *text, size_t size)
{
	const struct nlattr *tb[RTA_MAX + 1] = {0};
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	uint8_t family, addr[16] = {0};
	char dst[INET6_ADDRSTRLEN];

	snprintf(text, size, "message of type %u", nlh->nlmsg_type);
	if ((nlh->nlmsg_type != RTM_NEWROUTE && nlh->nlmsg_type != RTM_DELROUTE) ||
	    collect(nlh, sizeof(*rtm), tb, RTA_MAX))
		return;
	family = family_of(rtm->rtm_family);
	if (!family || (tb[RTA_DST] && get_addr(tb[RTA_DST], family, addr)) ||
	    !inet_ntop(rtm->rtm_family, addr, dst, sizeof(dst)))
		return;
	snprintf(text, size, "route %s/%u", dst, rtm->rtm_dst_len);
}

static void note_refused(struct pdp_dp_refused *refused, const struct nlmsghdr *nlh)
{
	if (refused && !refused->n++)
		describe(nlh, refused->first, sizeof(refused->first));
}

int pdp_fib_netlink(struct pdp_fib *fib, const void *msgs, size_t len,
		    struct pdp_dp_refused *refused)
{
	const struct nlmsghdr *nlh = msgs;
	int err, first = 0;
	size_t step;

	for (; len; len -= step, nlh = (const void *)((const char *)nlh + step)) {
		if (len < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > len)
			return first ? first : -EBADMSG;
		err = apply(fib, nlh);
		if (err)
			note_refused(refused, nlh);
		if (!first)
			first = err;
		step = MNL_ALIGN((size_t)nlh->nlmsg_len);
		if (step > len)
			step = len;
	}
	return first;
}
