/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rtparse.h - what a guest's kernel says of its routing, taken apart (rtnetlink(7)).
 *
 * The messages are a kernel's, but a guest may have a hand in what is in them, and they are read as if they
 * were forged: nothing outside of them is touched, whatever their lengths say. Pure.
 */
#ifndef PDP_RTPARSE_H
#define PDP_RTPARSE_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "fe-agent/nexthop.h"

/* Why a message is not for the agents. */
#define PDP_RT_VERDICTS(X)                                                    \
	X(taken, "taken")                                                     \
	X(mangled, "cut short or senseless")                                  \
	X(family, "of a family that is neither IPv4 nor IPv6")                \
	X(table, "of a table that is neither main nor local")                 \
	X(clone, "an entry of the kernel's route cache")                      \
	X(tos, "a route for one TOS alone")                                   \
	X(source, "a route for one source prefix alone")                      \
	X(scope, "IPv6 link-local or multicast, which agents do not look up") \
	X(type, "of a type that is not known")                                \
	X(proxy, "a proxied neighbour, or a multicast one")                   \
	X(device, "about a device that is no vif")

enum pdp_rt_verdict {
#define PDP_RT_ENUM(name, help) PDP_RT_##name,
	PDP_RT_VERDICTS(PDP_RT_ENUM)
#undef PDP_RT_ENUM
		PDP_RT_N_VERDICTS,
};

struct pdp_rt_path {
	uint32_t link; /* interface index, or vif id */
	uint16_t weight; /* 1.. */
	uint8_t gateway_family; /* AF_INET, AF_INET6, 0 = on link */
	bool dead; /* its link is down */
	uint8_t gateway[16];
};

struct pdp_rt_route {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t len;
	uint8_t type; /* RTN_... */
	bool encap; /* a lightweight tunnel: for the kernel to do */
	uint32_t table;
	uint32_t metric;
	uint32_t nexthop; /* id of a next-hop object; 0 = none */
	uint8_t dst[16];
	unsigned int n_paths; /* what is beyond PDP_NEXTHOP_PATHS is left out */
	struct pdp_rt_path paths[PDP_NEXTHOP_PATHS];
};

/* A next-hop object, or a group of them. */
struct pdp_rt_nexthop {
	uint32_t id;
	bool blackhole;
	bool encap;
	unsigned int n_members; /* 0 = no group */
	struct {
		uint32_t id;
		uint16_t weight;
	} members[PDP_NEXTHOP_PATHS];
	struct pdp_rt_path path;
};

struct pdp_rt_neighbour {
	uint8_t family;
	bool usable; /* the kernel itself would send to it */
	uint32_t link;
	uint8_t addr[16];
	uint8_t mac[6];
};

struct pdp_rt_address {
	uint8_t family;
	uint8_t len;
	uint32_t link;
	uint8_t addr[16]; /* the near end's */
};

struct pdp_rt_link {
	uint32_t link;
	bool up; /* IFF_UP: the kernel drops the IPv4 routes through a link that is not */
};

/* Each of a message of that kind, new or removal. *out is filled as far as the verdict needs. */
enum pdp_rt_verdict pdp_rt_parse_route(const struct nlmsghdr *nlh, struct pdp_rt_route *out);
enum pdp_rt_verdict pdp_rt_parse_nexthop(const struct nlmsghdr *nlh, struct pdp_rt_nexthop *out);
enum pdp_rt_verdict pdp_rt_parse_neighbour(const struct nlmsghdr *nlh,
					   struct pdp_rt_neighbour *out);
enum pdp_rt_verdict pdp_rt_parse_address(const struct nlmsghdr *nlh, struct pdp_rt_address *out);
enum pdp_rt_verdict pdp_rt_parse_link(const struct nlmsghdr *nlh, struct pdp_rt_link *out);

/* "table" */
const char *pdp_rt_verdict_name(enum pdp_rt_verdict verdict);

#endif
