/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fib_dump.c - rtnetlink messages from the router's FIB: the way back of fib_netlink.c.
 *
 * What is said here and handed to pdp_fib_netlink() of an empty FIB makes the same one. A dump walks
 * the sets of routes, then the neighbours, a bounded step at a time.
 */
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "fe-agent/fib.h"

/* Slots looked at in one step: under a millisecond also where they are empty. */
#define STEP_SLOTS 32768

enum phase { PHASE_IPV4, PHASE_IPV6, PHASE_NEIGHBOURS, PHASE_END };

/* What the words of struct pdp_dp_cursor are. */
struct cursor {
	uint32_t phase;
	uint32_t neighbour;
	struct pdp_prefix_cursor set;
};

_Static_assert(sizeof(struct cursor) <= sizeof(struct pdp_dp_cursor), "fits");

/* One route as the sets have it. */
struct entry {
	uint8_t family;
	struct pdp_lpm_prefix prefix;
	enum pdp_origin origin;
	uint8_t addr_len; /* of an address's prefix */
	uint32_t metric;
	uint16_t link;
};

static bool is_table(enum pdp_origin origin)
{
	return origin == PDP_ORIGIN_LOCAL || origin == PDP_ORIGIN_MAIN;
}

static struct entry make_entry(uint8_t family, const struct pdp_lpm_prefix *p, uint64_t rank)
{
	enum pdp_origin origin = rank >> 60;

	return (struct entry){
		.family = family,
		.prefix = *p,
		.origin = origin,
		.addr_len = rank >> 48 & 0xff,
		.metric = is_table(origin) ? rank >> PDP_RANK_LINK_BITS & UINT32_MAX : 0,
		.link = rank & UINT16_MAX,
	};
}

static uint8_t af_of(uint8_t family)
{
	return family == 4 ? AF_INET : AF_INET6;
}

static unsigned int bytes_of(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

/* Padding is zeroed, which not every libmnl does. */
static void put_attr(struct nlmsghdr *nlh, uint16_t type, size_t len, const void *data)
{
	memset(mnl_nlmsg_get_payload_tail(nlh), 0, MNL_ATTR_HDRLEN + MNL_ALIGN(len));
	mnl_attr_put(nlh, type, len, data);
}

static void put_prefix(struct nlmsghdr *nlh, uint16_t type, const struct entry *e)
{
	uint8_t addr[16];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		addr[i] = e->prefix.hi >> (56 - 8 * i);
		addr[8 + i] = e->prefix.lo >> (56 - 8 * i);
	}
	put_attr(nlh, type, bytes_of(e->family), addr);
}

/*
 * A gateway of the route's own family is RTA_GATEWAY, but an IPv6 route that is told apart by its link
 * came without one.
 */
static void put_gateway(struct nlmsghdr *nlh, const struct entry *e,
			const struct pdp_nexthop_path *path)
{
	struct {
		struct rtvia via;
		uint8_t addr[16];
	} via = {.via.rtvia_family = af_of(path->gateway_family)};
	unsigned int len = bytes_of(path->gateway_family);

	if (!path->gateway_family)
		return;
	if (path->gateway_family == e->family && !e->link) {
		put_attr(nlh, RTA_GATEWAY, len, path->gateway);
		return;
	}
	memcpy((uint8_t *)&via + sizeof(via.via), path->gateway, len);
	put_attr(nlh, RTA_VIA, sizeof(via.via) + len, &via);
}

static void put_paths(struct nlmsghdr *nlh, const struct entry *e, const struct pdp_nexthop *hop)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	unsigned int i;

	for (i = 0; i < hop->n_paths; i++) {
		struct rtnexthop *nh = mnl_nlmsg_get_payload_tail(nlh);

		*nh = (struct rtnexthop){.rtnh_hops = hop->paths[i].weight - 1,
					 .rtnh_ifindex = hop->paths[i].vif};
		nlh->nlmsg_len += sizeof(*nh);
		put_gateway(nlh, e, &hop->paths[i]);
		nh->rtnh_len = (uint8_t *)mnl_nlmsg_get_payload_tail(nlh) - (uint8_t *)nh;
	}
	mnl_attr_nest_end(nlh, nest);
}

/* Would it be the same route with its one path in its own attributes? */
static bool is_plain(const struct entry *e, const struct pdp_nexthop *hop)
{
	const struct pdp_nexthop_path *path = &hop->paths[0];

	return hop->n_paths == 1 && path->weight == 1 &&
	       (e->family == 4 || e->link || path->gateway_family);
}

static size_t put_route(void *buf, const struct entry *e, const struct pdp_nexthop *hop)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	uint32_t table = e->origin == PDP_ORIGIN_MAIN ? RT_TABLE_MAIN : RT_TABLE_LOCAL;

	nlh->nlmsg_type = RTM_NEWROUTE;
	rtm->rtm_family = af_of(e->family);
	rtm->rtm_dst_len = e->prefix.len;
	rtm->rtm_table = table;
	rtm->rtm_type = hop->type;
	mnl_attr_put_u32(nlh, RTA_TABLE, table);
	if (e->prefix.len)
		put_prefix(nlh, RTA_DST, e);
	if (e->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, e->metric);
	if (is_plain(e, hop)) {
		mnl_attr_put_u32(nlh, RTA_OIF, hop->paths[0].vif);
		put_gateway(nlh, e, &hop->paths[0]);
	} else if (hop->n_paths) {
		put_paths(nlh, e, hop);
	} else {
		/* A route to nowhere in particular has none of its links up. */
		rtm->rtm_flags = hop->type == RTN_UNICAST ? RTNH_F_DEAD : 0;
		if (e->link)
			mnl_attr_put_u32(nlh, RTA_OIF, e->link);
	}
	return MNL_ALIGN(nlh->nlmsg_len);
}

static size_t put_address(void *buf, const struct entry *e)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	nlh->nlmsg_type = RTM_NEWADDR;
	ifa->ifa_family = af_of(e->family);
	ifa->ifa_prefixlen = e->addr_len;
	ifa->ifa_index = e->link;
	put_prefix(nlh, e->family == 4 ? IFA_LOCAL : IFA_ADDRESS, e);
	return MNL_ALIGN(nlh->nlmsg_len);
}

static size_t put_slot(const struct pdp_fib *fib, void *buf, uint8_t family,
		       const struct pdp_prefix_slot *slot)
{
	struct pdp_lpm_prefix p = {.hi = slot->hi, .lo = slot->lo, .len = slot->len};
	struct entry e = make_entry(family, &p, slot->rank);

	if (e.origin == PDP_ORIGIN_ADDRESS)
		return put_address(buf, &e);
	/* Comes with its address. */
	if (e.origin == PDP_ORIGIN_BROADCAST)
		return 0;
	return put_route(buf, &e, pdp_nexthops_get(&fib->hops, slot->value));
}

/* True: all routes of the family are said. */
static bool dump_routes(const struct pdp_fib *fib, uint8_t family, struct pdp_prefix_cursor *cursor,
			uint8_t *buf, size_t size, size_t *len)
{
	const struct pdp_prefix_set *set = family == 4 ? &fib->lpm4.set : &fib->lpm6.set;
	unsigned int max_slots = STEP_SLOTS;
	const struct pdp_prefix_slot *slot;

	while (size - *len >= PDP_DP_MESSAGE) {
		slot = pdp_prefix_set_walk(set, cursor, &max_slots);
		if (!slot)
			return !cursor->left;
		*len += put_slot(fib, buf + *len, family, slot);
	}
	return false;
}

static size_t put_neighbour(void *buf, const struct pdp_neighbour_key *key, const uint8_t mac[6])
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	nlh->nlmsg_type = RTM_NEWNEIGH;
	ndm->ndm_family = af_of(key->family);
	ndm->ndm_ifindex = key->vif;
	ndm->ndm_state = NUD_PERMANENT;
	put_attr(nlh, NDA_DST, bytes_of(key->family), key->addr);
	put_attr(nlh, NDA_LLADDR, 6, mac);
	return MNL_ALIGN(nlh->nlmsg_len);
}

static bool dump_neighbours(const struct pdp_fib *fib, uint32_t *cursor, uint8_t *buf, size_t size,
			    size_t *len)
{
	struct pdp_neighbour_key key;
	uint8_t mac[6];

	while (size - *len >= PDP_DP_MESSAGE) {
		if (!pdp_neighbours_walk(&fib->neighbours, cursor, &key, mac))
			return true;
		*len += put_neighbour(buf + *len, &key, mac);
	}
	return false;
}

bool pdp_fib_dump(const struct pdp_fib *fib, struct pdp_dp_cursor *cursor, void *buf, size_t size,
		  size_t *len)
{
	struct cursor c;
	bool end;

	memcpy(&c, cursor, sizeof(c));
	*len = 0;
	if (c.phase == PHASE_END)
		return true;
	if (c.phase == PHASE_NEIGHBOURS)
		end = dump_neighbours(fib, &c.neighbour, buf, size, len);
	else
		end = dump_routes(fib, c.phase == PHASE_IPV4 ? 4 : 6, &c.set, buf, size, len);
	if (end) {
		c.phase++;
		c.set = (struct pdp_prefix_cursor){0};
	}
	memcpy(cursor, &c, sizeof(c));
	return c.phase == PHASE_END;
}

/* What a packet to the address finds in the tables. */
static uint32_t find_hop(const struct pdp_fib *fib, uint8_t family,
			 const struct pdp_lpm_prefix *host)
{
	const struct pdp_lpm6_key key = {.hi = host->hi, .lo = host->lo};
	const uint32_t addr = host->hi >> 32;
	uint32_t hop;

	if (family == 4)
		pdp_lpm4_lookup_burst(&fib->lpm4, &addr, &hop, 1);
	else
		pdp_lpm6_lookup_burst(&fib->lpm6, &key, &hop, 1);
	return hop;
}

size_t pdp_fib_lookup(const struct pdp_fib *fib, uint8_t family, const uint8_t addr[16],
		      uint32_t hash, void *buf, size_t size)
{
	const struct pdp_prefix_set *set = family == 4 ? &fib->lpm4.set : &fib->lpm6.set;
	unsigned int max_len = 8 * bytes_of(family), len = max_len + 1;
	struct pdp_lpm_prefix host = pdp_fib_prefix(family, addr, max_len), p;
	uint32_t id = find_hop(fib, family, &host);
	struct pdp_nexthop hop;
	struct entry e;
	uint64_t rank;

	if (!id || size < PDP_DP_MESSAGE)
		return 0;
	/* The tables say where to, the set why. */
	do
		p = pdp_lpm_prefix_shorten(&host, --len);
	while (len && pdp_prefix_set_best(set, &p, &rank) != id);
	hop = *pdp_nexthops_get(&fib->hops, id);
	if (hop.n_paths > 1) {
		hop.paths[0] = *pdp_nexthops_path(&fib->hops, id, hash);
		hop.paths[0].weight = 1;
		hop.n_paths = 1;
	}
	e = make_entry(family, &p, rank);
	return put_route(buf, &e, &hop);
}
