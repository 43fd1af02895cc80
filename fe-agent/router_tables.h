/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * router_tables.h - the tables of the data plane `router` as they lie in memory.
 *
 * Shared by its two halves: router.c, the agent half, which writes them and reads them for its packets,
 * and router.bpf.c, the fast half, which reads the same memory in the kernel. It is anonymous memory when
 * there is no fast half, and else mmapable BPF arrays, one for each table: the controller makes them and
 * sets their sizes, the agent maps them. No map here is the MD's, and so this is none of the headers in
 * bpf/.
 *
 *   pdp_rt_root4    by an IPv4 address's first 16 bits   what is no longer than /16 or for all of it the same,
 *                                                        and else the wide group
 *   pdp_rt_wide4    by the next 8 bits                   what is no longer than /24, or the narrow group
 *   pdp_rt_pair4    by the same                          the same, of wide groups that lead to two things
 *   pdp_rt_kind4    by a wide group's id                 which of the two it is
 *   pdp_rt_narrow4  by the last 8 bits                   what is longer than /24
 *   pdp_rt_block4   by id, which groups have             what their runs lead to
 *   pdp_rt_root6    by an IPv6 address's first 16 bits   the best prefix that ends here, the node
 *   pdp_rt_node6    by 4 bits more                       the best prefix that ends here, the next node
 *   pdp_rt_hops     by id, which the above lead to       next hop of a route
 *   pdp_rt_paths    by id, which a hop has               next hops of a multipath route
 *   pdp_rt_nbucket  by hash of (vif, address)            head of a chain of neighbours
 *   pdp_rt_neighs   by id                                MAC address of a neighbour
 *   pdp_rt_vif_ids  by a vif's id                        its place in pdp_rt_vifs
 *   pdp_rt_vifs     by that place                        outer header of a vif
 *
 * IPv4 is made to fit into a processor's caches. A group is 256 entries in one cache line: equal entries
 * beside each other are a run, a bitmap says where runs begin, and what counts its bits finds the run of an
 * entry (Degermark, Brodnik, Carlsson, Pink: "Small Forwarding Tables for Fast Routing Lookups", SIGCOMM 1997;
 * with population count: Asai, Ohara: "Poptrie", SIGCOMM 2015). What the runs lead to stands in the group
 * itself, as often as there are runs or, where few values come up again and again, as a colour for each run and
 * a palette; or it stands in blocks of a cache line each. These are not side by side, as in either paper: so there
 * is no memory to be moved, and a change writes one group anew. A wide group that leads to no more than two things,
 * as most do, is a pair instead, of a bit for each entry: it takes two thirds of a line. Id 0 is never given out: a
 * zeroed word means none.
 *
 * One writer, the agent; readers in RCU read-side sections. Every word is stored at once, what it leads to
 * was written before, and is used for something else a grace period after nothing leads to it any more.
 */
#ifndef PDP_ROUTER_TABLES_H
#define PDP_ROUTER_TABLES_H

#include <linux/types.h>
#include <stddef.h>

#include "bpf/wire.h"

/*
 * An entry of IPv4's root, and what a run of a group leads to: the id of a hop, 0 = none, or from PDP_NEXTHOPS on
 * the wide group of a /16 that holds longer prefixes, or the narrow one of a /24.
 */
#define PDP_NEXTHOPS 16384 /* most that any table has */
#define PDP_RT_GROUPS (65536 - PDP_NEXTHOPS) /* of each kind */

/*
 * An entry of IPv6's root or of a node: the child in the upper half, 0 = none, and below it a leaf. A leaf
 * is the length of the prefix that won, and what it leads to: the id of a hop, 0 = none.
 */
#define PDP_RT_CHILD_SHIFT 32
#define PDP_RT_LEN_SHIFT 24
#define PDP_RT_VALUE 0x00ffffffu

#define PDP_RT_ROOT_BITS 16
#define PDP_RT_NODE_BITS 4

struct pdp_rt_root4 {
	__u16 entry[32];
};

struct pdp_rt_root6 {
	__u64 entry[8];
};

#define PDP_RT_GROUP_RUNS 12 /* that a group has room for itself */
#define PDP_RT_COLOURS 4
#define PDP_RT_COLOURED_RUNS 64 /* that it has room for if they lead to no more than so many */
#define PDP_RT_GROUP_BLOCKS 8
#define PDP_RT_BLOCK_RUNS 32

struct pdp_rt_group4 {
	__u64 starts[4]; /* bit i: with entry i begins a run; not said of entry 0 */
	__u8 before[4]; /* bits that are set in the words before */
	__u8 blocks; /* 0: the values of the runs are here */
	__u8 colours; /* 0: there is no palette */
	__u16 hop; /* of a wide group: where no run has an answer; what no longer prefix than /16 leads to */
	union {
		__u16 value[PDP_RT_GROUP_RUNS];
		struct {
			__u16 value[PDP_RT_COLOURS];
			__u8 colours[PDP_RT_COLOURED_RUNS / 4]; /* 2 bits a run, the lowest first */
		} palette;
		struct {
			__u16 low[PDP_RT_GROUP_BLOCKS];
			__u8 high[PDP_RT_GROUP_BLOCKS];
		} block; /* ids; block i is of runs 32i and following */
	};
};

struct pdp_rt_block4 {
	__u16 value[PDP_RT_BLOCK_RUNS];
};

struct pdp_rt_pair4 {
	__u64 second[4]; /* bit i: entry i is the second of the two */
	__u16 value[2];
	__u16 hop; /* as of a group */
	__u16 pad;
};

/* Of 512 wide groups. */
struct pdp_rt_kind4 {
	__u64 pair[8]; /* bit i: group i is in pdp_rt_pair4, and not in pdp_rt_wide4 */
};

struct pdp_rt_node6 {
	__u64 entry[1 << PDP_RT_NODE_BITS];
};

enum pdp_nexthop_kind {
	PDP_NEXTHOP_FORWARD = 1,
	PDP_NEXTHOP_LOCAL,
	PDP_NEXTHOP_BLACKHOLE,
};

/* One way out. Compared as bytes: zero what is not used. */
struct pdp_nexthop_path {
	__u32 weight; /* 1..256 */
	__u16 vif;
	__u8 gateway_family; /* 4, 6, or 0: the destination itself is the neighbour */
	__u8 pad;
	__u8 gateway[16]; /* network order; IPv4 in the first four bytes */
};

/* The only path of FORWARD, or the id of its several, whose weights add up to total. */
struct pdp_rt_hop {
	struct pdp_nexthop_path path;
	__u32 paths; /* 0: there is one */
	__u32 total;
	__u8 kind; /* enum pdp_nexthop_kind */
	__u8 pad[31];
};

#define PDP_NEXTHOP_PATHS 32 /* of a multipath route */

struct pdp_rt_paths {
	__u16 upto[PDP_NEXTHOP_PATHS]; /* sum of the weights up to this one's; UINT16_MAX: no path */
	struct pdp_nexthop_path path[PDP_NEXTHOP_PATHS];
};

#define PDP_RT_BUCKETS 16384

struct pdp_rt_bucket {
	__u32 head[16];
};

/* The MAC address in the first six bytes of its word; the last byte is the writer's. */
struct pdp_rt_neigh {
	__u64 mac;
	__u64 addr[2]; /* network order; IPv4 in the first four bytes, the rest zero */
	__u32 link; /* vif << 8 | family, 4 or 6 */
	__u32 next; /* id in the bucket's chain */
};

struct pdp_rt_vif_ids {
	__u16 at[32];
};

/* IPv6, UDP, VXLAN, Ethernet. */
#define PDP_OUTER_MAX (40 + 8 + 8 + 14)

/* The outer header that packets leave a vif in, but for what differs from packet to packet. */
struct pdp_outer {
	__u8 bytes[72];
	__u64 sum; /* IPv4: of the header as it stands; IPv6: of the pseudo-header without length */
	__u8 len; /* of bytes */
	__u8 family; /* 4 or 6 */
	__u8 vxlan;
	__u8 pad[5];
};

struct pdp_rt_vif {
	struct pdp_outer outer;
	__u16 id;
	__u16 mtu; /* largest inner IP packet */
	__u8 mac[6]; /* of the vif itself, vxlan only */
	__u8 pad[30];
};

_Static_assert(PDP_OUTER_MAX <= sizeof(((struct pdp_outer *)0)->bytes), "all outer headers fit");
_Static_assert(sizeof(struct pdp_rt_root4) == 64, "a cache line");
_Static_assert(sizeof(struct pdp_rt_root6) == 64, "a cache line");
_Static_assert(sizeof(struct pdp_rt_group4) == 64, "a cache line");
_Static_assert(offsetof(struct pdp_rt_group4, value) == 40, "group layout");
_Static_assert(PDP_RT_COLOURS == 1 << 2, "a colour is 2 bits");
_Static_assert(sizeof(struct pdp_rt_block4) == 64, "a cache line");
_Static_assert(sizeof(struct pdp_rt_pair4) == 40,
	       "as far apart in an array of BPF's, which rounds up to 8");
_Static_assert(PDP_RT_GROUP_BLOCKS *PDP_RT_BLOCK_RUNS == 256, "each entry can be a run");
_Static_assert(sizeof(struct pdp_rt_kind4) == 64, "a cache line");
_Static_assert(sizeof(struct pdp_rt_node6) == 128, "node layout");
_Static_assert(sizeof(struct pdp_nexthop_path) == 24, "no padding: compared as bytes");
_Static_assert(sizeof(struct pdp_rt_hop) == 64, "a cache line");
_Static_assert(sizeof(struct pdp_rt_paths) == 832, "paths layout");
_Static_assert(offsetof(struct pdp_rt_paths, path) == 64, "what is searched is a cache line");
_Static_assert(sizeof(struct pdp_rt_bucket) == 64, "a cache line");
_Static_assert(sizeof(struct pdp_rt_neigh) == 32, "two in a cache line");
_Static_assert(sizeof(struct pdp_rt_vif_ids) == 64, "a cache line");
_Static_assert(sizeof(struct pdp_rt_vif) == 128, "two cache lines");
_Static_assert(offsetof(struct pdp_rt_vif, id) == 88, "vif layout");

/* How many elements the tables have whose size can be chosen; element 0 is never used. */
struct pdp_router_sizes {
	__u32 wides4; /* PDP_RT_GROUPS at most */
	__u32 narrows4; /* as many */
	__u32 blocks4;
	__u32 nodes6;
	__u32 hops;
	__u32 paths;
	__u32 neighs;
	__u32 vifs;
};

_Static_assert(sizeof(struct pdp_router_sizes) == 32, "travels in a channel message");

/* X(NAME, name of the map behind pdp_rt_, its element, how many: `sizes` is the struct above). */
#define PDP_ROUTER_TABLES(X)                                                \
	X(ROOT4, root4, struct pdp_rt_root4, (1u << PDP_RT_ROOT_BITS) / 32) \
	X(WIDE4, wide4, struct pdp_rt_group4, sizes->wides4)                \
	X(PAIR4, pair4, struct pdp_rt_pair4, sizes->wides4)                 \
	X(KIND4, kind4, struct pdp_rt_kind4, sizes->wides4 / 512 + 1)       \
	X(NARROW4, narrow4, struct pdp_rt_group4, sizes->narrows4)          \
	X(BLOCK4, block4, struct pdp_rt_block4, sizes->blocks4)             \
	X(ROOT6, root6, struct pdp_rt_root6, (1u << PDP_RT_ROOT_BITS) / 8)  \
	X(NODE6, node6, struct pdp_rt_node6, sizes->nodes6)                 \
	X(HOPS, hops, struct pdp_rt_hop, sizes->hops)                       \
	X(PATHS, paths, struct pdp_rt_paths, sizes->paths)                  \
	X(NBUCKET, nbucket, struct pdp_rt_bucket, PDP_RT_BUCKETS / 16)      \
	X(NEIGHS, neighs, struct pdp_rt_neigh, sizes->neighs)               \
	X(VIF_IDS, vif_ids, struct pdp_rt_vif_ids, 65536 / 32)              \
	X(VIFS, vifs, struct pdp_rt_vif, sizes->vifs)

/* The tables; their descriptors come on the agent's channel in this order. */
#define PDP_RT_ENUM(NAME, name, type, entries) PDP_RT_##NAME,
enum pdp_router_table { PDP_ROUTER_TABLES(PDP_RT_ENUM) PDP_ROUTER_N_TABLES };
#undef PDP_RT_ENUM

/* What most vnets need, under 4 MiB in all; */
#define PDP_ROUTER_SMALL                                                                         \
	{                                                                                        \
		.wides4 = 2048, .narrows4 = 2048, .blocks4 = 4096, .nodes6 = 8192, .hops = 1024, \
		.paths = 64, .neighs = 4096, .vifs = 256                                         \
	}
/* what a full Internet table of IPv4 and IPv6 needs, with as much room again, some 50 MiB. */
#define PDP_ROUTER_FULL                                                                 \
	{                                                                               \
		.wides4 = 49152, .narrows4 = 49152, .blocks4 = 81920, .nodes6 = 262144, \
		.hops = PDP_NEXTHOPS, .paths = 2048, .neighs = 65536, .vifs = 4096      \
	}

/* Bits that are set. BPF has no instruction for it: by adding up neighbours. */
static inline __u32 pdp_rt_ones(__u64 x)
{
#ifndef __bpf__
	return __builtin_popcountll(x);
#else
	x -= x >> 1 & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + (x >> 2 & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return x * 0x0101010101010101ULL >> 56;
#endif
}

/* The run of entry i, 0..255. */
static inline __u32 pdp_rt_run(const struct pdp_rt_group4 *group, __u32 i)
{
	__u64 upto = group->starts[i >> 6 & 3] << (~i & 63);

	return (group->before[i >> 6 & 3] + pdp_rt_ones(upto)) & 0xff;
}

/* The colour of a run, of a group that has a palette. */
static inline __u32 pdp_rt_colour(const struct pdp_rt_group4 *group, __u32 run)
{
	__u32 four = group->palette.colours[run / 4 & (PDP_RT_COLOURED_RUNS / 4 - 1)];

	return four >> run % 4 * 2 & (PDP_RT_COLOURS - 1);
}

/* Is the wide group a pair? Its id is one of the 512. */
static inline __u32 pdp_rt_is_pair(const struct pdp_rt_kind4 *kind, __u32 id)
{
	return kind->pair[id >> 6 & 7] >> (id & 63) & 1;
}

/* Is entry i, 0..255, the second? */
static inline __u32 pdp_rt_second(const struct pdp_rt_pair4 *pair, __u32 i)
{
	return pair->second[i >> 6 & 3] >> (i & 63) & 1;
}

/* The block of a run, of a group that has blocks. */
static inline __u32 pdp_rt_block(const struct pdp_rt_group4 *group, __u32 run)
{
	__u32 i = run / PDP_RT_BLOCK_RUNS & (PDP_RT_GROUP_BLOCKS - 1);

	return group->block.low[i] | (__u32)group->block.high[i] << 16;
}

/* Which of n = 2..PDP_NEXTHOP_PATHS paths a flow takes: by weight over the hash, so that it stays (RFC
 * 2992's threshold). The hash has already picked this guest: its high bits are not free any more, and so it
 * is mixed again. Binary search, without a branch.
 */
static inline __u32 pdp_rt_pick(const struct pdp_rt_paths *paths, __u32 total, __u32 hash)
{
	__u32 point = pdp_hash_slot(hash * 0x9e3779b1u, total), i = 0;

	i += paths->upto[15] <= point ? 16 : 0;
	i += paths->upto[(i + 7) & 31] <= point ? 8 : 0;
	i += paths->upto[(i + 3) & 31] <= point ? 4 : 0;
	i += paths->upto[(i + 1) & 31] <= point ? 2 : 0;
	i += paths->upto[i & 31] <= point ? 1 : 0;
	return i & 31;
}

/* The bucket of a neighbour, as struct pdp_rt_neigh names it. */
static inline __u32 pdp_rt_neigh_bucket(__u32 link, __u64 addr0, __u64 addr1)
{
	__u64 h = pdp_hash_mix(pdp_hash_mix(link, addr0), addr1) * 0x9fb21c651e98df25ULL;

	return h >> 32 & (PDP_RT_BUCKETS - 1);
}

#endif
