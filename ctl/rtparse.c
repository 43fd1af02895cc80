/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* rtparse.c - what a guest's kernel says of its routing, taken apart; see rtparse.h. */
#include "ctl/rtparse.h"

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

static unsigned int addr_len(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static bool is_ip(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

/*
 * Attributes by type, from `at` over `left` bytes; of one that is there twice, the last. False when they are
 * cut. Counted in bytes of the message: libmnl's own loop takes its length rounded up.
 */
static bool collect_from(const void *at, int left, const struct nlattr **tb, unsigned int max)
{
	const struct nlattr *attr = at;

	for (; left > 0; left -= (int)MNL_ALIGN(attr->nla_len), attr = mnl_attr_next(attr)) {
		if (!mnl_attr_ok(attr, left))
			return false;
		if (mnl_attr_get_type(attr) <= max)
			tb[mnl_attr_get_type(attr)] = attr;
	}
	return true;
}

static bool collect(const struct nlmsghdr *nlh, size_t header, const struct nlattr **tb,
		    unsigned int max)
{
	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + header)
		return false;
	header = MNL_ALIGN(header);
	return collect_from(mnl_nlmsg_get_payload_offset(nlh, header),
			    (int)nlh->nlmsg_len - (int)(MNL_NLMSG_HDRLEN + header), tb, max);
}

static bool get_u32(const struct nlattr *attr, uint32_t absent, uint32_t *value)
{
	*value = absent;
	if (!attr)
		return true;
	if (mnl_attr_get_payload_len(attr) != sizeof(*value))
		return false;
	*value = mnl_attr_get_u32(attr);
	return true;
}

static bool get_addr(const struct nlattr *attr, uint8_t family, uint8_t addr[16])
{
	memset(addr, 0, 16);
	if (!attr || mnl_attr_get_payload_len(attr) != addr_len(family))
		return false;
	memcpy(addr, mnl_attr_get_payload(attr), addr_len(family));
	return true;
}

/* --- paths ---------------------------------------------------------------------------------------- */

/* RTA_GATEWAY is of the route's family, RTA_VIA says its own (RFC 5549: IPv4 routes by IPv6). */
static bool get_gateway(const struct nlattr *gateway, const struct nlattr *via, uint8_t family,
			struct pdp_rt_path *path)
{
	const struct rtvia *v;

	if (gateway) {
		path->gateway_family = family;
		return get_addr(gateway, family, path->gateway);
	}
	if (!via)
		return true;
	v = mnl_attr_get_payload(via);
	if (mnl_attr_get_payload_len(via) < sizeof(*v) || !is_ip((uint8_t)v->rtvia_family) ||
	    mnl_attr_get_payload_len(via) != sizeof(*v) + addr_len((uint8_t)v->rtvia_family))
		return false;
	path->gateway_family = (uint8_t)v->rtvia_family;
	memcpy(path->gateway, v->rtvia_addr, addr_len(path->gateway_family));
	return true;
}

static bool add_nexthop(struct pdp_rt_route *route, const struct rtnexthop *nh)
{
	const struct nlattr *tb[RTA_MAX + 1] = {0};
	struct pdp_rt_path path = {.link = (uint32_t)nh->rtnh_ifindex,
				   .weight = nh->rtnh_hops + 1u,
				   .dead = nh->rtnh_flags & RTNH_F_DEAD};

	if (!collect_from(RTNH_DATA(nh), nh->rtnh_len - (int)RTNH_LENGTH(0), tb, RTA_MAX) ||
	    !get_gateway(tb[RTA_GATEWAY], tb[RTA_VIA], route->family, &path))
		return false;
	if (tb[RTA_ENCAP_TYPE])
		route->encap = true;
	if (route->n_paths < PDP_NEXTHOP_PATHS)
		route->paths[route->n_paths++] = path;
	return true;
}

static bool get_multipath(struct pdp_rt_route *route, const struct nlattr *attr)
{
	const struct rtnexthop *nh = mnl_attr_get_payload(attr);
	int left = mnl_attr_get_payload_len(attr);

	for (; left >= (int)sizeof(*nh); nh = RTNH_NEXT(nh)) {
		if (nh->rtnh_len < sizeof(*nh) || nh->rtnh_len > left || !add_nexthop(route, nh))
			return false;
		left -= RTNH_ALIGN(nh->rtnh_len);
	}
	return left <= 0;
}

static bool get_paths(struct pdp_rt_route *route, const struct rtmsg *rtm, const struct nlattr **tb)
{
	struct pdp_rt_path path = {.weight = 1, .dead = rtm->rtm_flags & RTNH_F_DEAD};

	route->encap = tb[RTA_ENCAP_TYPE];
	if (tb[RTA_MULTIPATH])
		return get_multipath(route, tb[RTA_MULTIPATH]);
	if (!tb[RTA_OIF])
		return true;
	if (!get_u32(tb[RTA_OIF], 0, &path.link) ||
	    !get_gateway(tb[RTA_GATEWAY], tb[RTA_VIA], route->family, &path))
		return false;
	route->paths[route->n_paths++] = path;
	return true;
}

/* --- routes --------------------------------------------------------------------------------------- */

static bool get_destination(struct pdp_rt_route *route, const struct nlattr *dst)
{
	unsigned int bit;

	if (route->len > 8 * addr_len(route->family))
		return false;
	if ((dst || route->len) && !get_addr(dst, route->family, route->dst))
		return false;
	for (bit = route->len; bit < 8 * addr_len(route->family); bit++)
		if (route->dst[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

/* RFC 4291, 2.5.6 and 2.7. */
static bool is_scoped(const uint8_t addr[16])
{
	return addr[0] == 0xff || (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80);
}

static enum pdp_rt_verdict judge_route(const struct pdp_rt_route *route, const struct rtmsg *rtm)
{
	if (route->table != RT_TABLE_MAIN && route->table != RT_TABLE_LOCAL)
		return PDP_RT_table;
	if (rtm->rtm_flags & RTM_F_CLONED)
		return PDP_RT_clone;
	if (rtm->rtm_tos)
		return PDP_RT_tos;
	if (rtm->rtm_src_len)
		return PDP_RT_source;
	if (route->family == AF_INET6 && route->len >= 8 && is_scoped(route->dst))
		return PDP_RT_scope;
	if (route->type < RTN_UNICAST || route->type > RTN_THROW)
		return PDP_RT_type;
	return PDP_RT_taken;
}

enum pdp_rt_verdict pdp_rt_parse_route(const struct nlmsghdr *nlh, struct pdp_rt_route *out)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[RTA_MAX + 1] = {0};

	if (!collect(nlh, sizeof(*rtm), tb, RTA_MAX))
		return PDP_RT_mangled;
	if (!is_ip(rtm->rtm_family))
		return PDP_RT_family;
	out->family = rtm->rtm_family;
	out->len = rtm->rtm_dst_len;
	out->type = rtm->rtm_type;
	out->n_paths = 0;
	memset(out->dst, 0, sizeof(out->dst));
	if (!get_destination(out, tb[RTA_DST]) ||
	    !get_u32(tb[RTA_TABLE], rtm->rtm_table, &out->table) ||
	    !get_u32(tb[RTA_PRIORITY], 0, &out->metric) ||
	    !get_u32(tb[RTA_NH_ID], 0, &out->nexthop) || !get_paths(out, rtm, tb))
		return PDP_RT_mangled;
	return judge_route(out, rtm);
}

/* --- next-hop objects ----------------------------------------------------------------------------- */

static bool get_group(struct pdp_rt_nexthop *out, const struct nlattr *attr)
{
	const struct nexthop_grp *grp = mnl_attr_get_payload(attr);
	unsigned int n = mnl_attr_get_payload_len(attr) / sizeof(*grp), i;

	if (!n || mnl_attr_get_payload_len(attr) % sizeof(*grp))
		return false;
	for (i = 0; i < n && i < PDP_NEXTHOP_PATHS; i++) {
		out->members[i].id = grp[i].id;
		out->members[i].weight = grp[i].weight_high ? 256 : grp[i].weight + 1;
	}
	out->n_members = i;
	return true;
}

enum pdp_rt_verdict pdp_rt_parse_nexthop(const struct nlmsghdr *nlh, struct pdp_rt_nexthop *out)
{
	const struct nhmsg *nhm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NHA_MAX + 1] = {0};

	memset(out, 0, sizeof(*out));
	if (!collect(nlh, sizeof(*nhm), tb, NHA_MAX) || !get_u32(tb[NHA_ID], 0, &out->id) ||
	    !out->id)
		return PDP_RT_mangled;
	if (nlh->nlmsg_type == RTM_DELNEXTHOP)
		return PDP_RT_taken;
	out->blackhole = tb[NHA_BLACKHOLE];
	out->encap = tb[NHA_ENCAP_TYPE];
	if (tb[NHA_GROUP])
		return get_group(out, tb[NHA_GROUP]) ? PDP_RT_taken : PDP_RT_mangled;
	out->path.weight = 1;
	out->path.dead = nhm->nh_flags & RTNH_F_DEAD;
	if (!get_u32(tb[NHA_OIF], 0, &out->path.link))
		return PDP_RT_mangled;
	if (!tb[NHA_GATEWAY])
		return PDP_RT_taken;
	if (!is_ip(nhm->nh_family))
		return PDP_RT_family;
	return get_gateway(tb[NHA_GATEWAY], NULL, nhm->nh_family, &out->path) ? PDP_RT_taken
									      : PDP_RT_mangled;
}

/* --- neighbours, addresses, links ------------------------------------------------------------------ */

/*
 * States in which the kernel itself would send to the address. But NUD_NOARP, on links that need no MAC
 * address, and of which it does not tell.
 */
#define NUD_USABLE (NUD_PERMANENT | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)

static bool is_multicast(uint8_t family, const uint8_t addr[16])
{
	return family == AF_INET ? addr[0] >= 224 : addr[0] == 0xff;
}

enum pdp_rt_verdict pdp_rt_parse_neighbour(const struct nlmsghdr *nlh, struct pdp_rt_neighbour *out)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NDA_MAX + 1] = {0};
	const struct nlattr *mac;

	memset(out, 0, sizeof(*out));
	if (!collect(nlh, sizeof(*ndm), tb, NDA_MAX))
		return PDP_RT_mangled;
	if (!is_ip(ndm->ndm_family))
		return PDP_RT_family;
	out->family = ndm->ndm_family;
	out->link = (uint32_t)ndm->ndm_ifindex;
	if (ndm->ndm_flags & NTF_PROXY)
		return PDP_RT_proxy;
	if (!get_addr(tb[NDA_DST], out->family, out->addr))
		return PDP_RT_mangled;
	if (is_multicast(out->family, out->addr))
		return PDP_RT_proxy;
	mac = tb[NDA_LLADDR];
	out->usable = nlh->nlmsg_type == RTM_NEWNEIGH && ndm->ndm_state & NUD_USABLE && mac &&
		      mnl_attr_get_payload_len(mac) == sizeof(out->mac);
	if (out->usable)
		memcpy(out->mac, mnl_attr_get_payload(mac), sizeof(out->mac));
	return PDP_RT_taken;
}

enum pdp_rt_verdict pdp_rt_parse_address(const struct nlmsghdr *nlh, struct pdp_rt_address *out)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[IFA_MAX + 1] = {0};

	memset(out, 0, sizeof(*out));
	if (!collect(nlh, sizeof(*ifa), tb, IFA_MAX))
		return PDP_RT_mangled;
	if (!is_ip(ifa->ifa_family))
		return PDP_RT_family;
	out->family = ifa->ifa_family;
	out->len = ifa->ifa_prefixlen;
	out->link = ifa->ifa_index;
	/* On a point-to-point link IFA_ADDRESS is the far end. */
	if (out->len > 8 * addr_len(out->family) ||
	    !get_addr(tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS], out->family, out->addr))
		return PDP_RT_mangled;
	return out->family == AF_INET6 && is_scoped(out->addr) ? PDP_RT_scope : PDP_RT_taken;
}

enum pdp_rt_verdict pdp_rt_parse_link(const struct nlmsghdr *nlh, struct pdp_rt_link *out)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	memset(out, 0, sizeof(*out));
	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*ifi))
		return PDP_RT_mangled;
	/* A bridge speaks of its ports in this way. */
	if (ifi->ifi_family != AF_UNSPEC)
		return PDP_RT_family;
	out->link = (uint32_t)ifi->ifi_index;
	out->up = nlh->nlmsg_type == RTM_NEWLINK && ifi->ifi_flags & IFF_UP;
	return PDP_RT_taken;
}

const char *pdp_rt_verdict_name(enum pdp_rt_verdict verdict)
{
	static const char *const names[] = {
#define PDP_RT_NAME(name, help) #name,
		PDP_RT_VERDICTS(PDP_RT_NAME)
#undef PDP_RT_NAME
	};

	return verdict < PDP_RT_N_VERDICTS ? names[verdict] : "unknown";
}
