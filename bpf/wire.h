/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * wire.h - what PdP puts on a link between the MD (the XDP programs of the management host) and an
 * FE guest, and the flow hash that travels in it.
 *
 * One of the three headers shared by BPF programs and user space (wire.h, maps.h, counters.h); the
 * FE agent knows this one alone. docs/wire-format.md is its prose.
 *
 *   MD -> FE   Ethernet | tag (INPUT)   | inner packet or frame
 *   FE -> MD   Ethernet | tag (FORWARD) | outer IP | UDP | [VXLAN] | inner packet or frame
 *   FE -> MD   Ethernet | tag (LOCAL)   | inner packet or frame, as it came in
 *   FE -> MD   Ethernet | tag (DROP)    | anything: accounted, not forwarded
 */
#ifndef PDP_WIRE_H
#define PDP_WIRE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <stddef.h>

/* IEEE 802 local experimental EtherType 1: it never collides with a real protocol. */
#define PDP_ETHERTYPE 0x88B5
#define PDP_WIRE_VERSION 1

/*
 * What follows the tag, in host order: ETH_P_IP, ETH_P_IPV6, a whole Ethernet frame (GRE's and GENEVE's
 * number for it, RFC 1701), or bytes of a protocol that only the vnet knows (local experimental EtherType 2).
 */
#define PDP_PROTO_ETHERNET 0x6558
#define PDP_PROTO_BYTES 0x88B6

/* Who is to do what with the packet. INPUT goes to the FE, the other three come back from it. */
enum pdp_op {
	PDP_OP_INPUT = 1,
	PDP_OP_FORWARD = 2,
	PDP_OP_LOCAL = 3,
	PDP_OP_DROP = 4,
};

/*
 * Tag flags. On INPUT the two low bits are the ECN field of the outer header that the classifier
 * stripped, for RFC 6040's decapsulation rule. All other bits, and all bits towards the MD, are 0.
 */
#define PDP_TAG_ECN_MASK 0x03

/*
 * The tag, all big-endian.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   |version|  op   |     flags     |             proto             |
 *   |             vnet              |              vif              |
 *   |                             hash                              |
 *   |                              seq                              |
 *
 * vif is the ingress vif towards the FE and the egress vif from it (FORWARD); for LOCAL and DROP the
 * ingress vif is sent back. hash and seq are returned as they came: seq counts per
 * (vnet, hash % PDP_SEQ_BUCKETS) so that the dispatcher can see reordering (order.bpf.h).
 */
struct pdp_tag {
	__u8 version_op;
	__u8 flags;
	__be16 proto;
	__be16 vnet;
	__be16 vif;
	__be32 hash;
	__be32 seq;
};

_Static_assert(sizeof(struct pdp_tag) == 16, "the tag is 16 bytes on the wire");
_Static_assert(offsetof(struct pdp_tag, proto) == 2, "tag layout");
_Static_assert(offsetof(struct pdp_tag, vnet) == 4, "tag layout");
_Static_assert(offsetof(struct pdp_tag, vif) == 6, "tag layout");
_Static_assert(offsetof(struct pdp_tag, hash) == 8, "tag layout");
_Static_assert(offsetof(struct pdp_tag, seq) == 12, "tag layout");

#define PDP_SEQ_BUCKETS 256

static inline __u8 pdp_tag_version(const struct pdp_tag *tag)
{
	return tag->version_op >> 4;
}

static inline __u8 pdp_tag_op(const struct pdp_tag *tag)
{
	return tag->version_op & 0x0f;
}

static inline __u8 pdp_tag_version_op(enum pdp_op op)
{
	return PDP_WIRE_VERSION << 4 | op;
}

/* VXLAN, RFC 7348: the I flag must be set, the VNI stands in the upper 24 bits of the last word. */
struct pdp_vxlan {
	__be32 flags;
	__be32 vni;
};

_Static_assert(sizeof(struct pdp_vxlan) == 8, "RFC 7348");

#define PDP_VXLAN_FLAG_I 0x08000000
#define PDP_VXLAN_PORT 4789
/* A VXLAN sender varies the UDP source port by flow within this range (RFC 7348, section 5). */
#define PDP_VXLAN_SPORT_MIN 49152

/*
 * The flow key: the inner 5-tuple, as found in the packet (network order). Fragments, first ones
 * included, have no ports, so that all fragments of a packet take the same way. A frame that is not
 * IP has its MAC addresses in saddr and daddr and its EtherType in sport. IPv4 addresses stand in the
 * first word.
 */
struct pdp_flow_key {
	__be32 saddr[4];
	__be32 daddr[4];
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 family; /* 4, 6, or 0 for a frame that is not IP */
	__u16 pad;
};

_Static_assert(sizeof(struct pdp_flow_key) == 40, "five 64-bit words are hashed");

static inline __u64 pdp_hash_mix(__u64 h, __u64 word)
{
	h = (h ^ word) * 0x9fb21c651e98df25ULL;
	return h ^ h >> 32;
}

/*
 * pdp_flow_hash() - the hash that picks a slot, and travels in the tag.
 *
 * One function for the classifier and for user space, so that `explain` and the tests tell the
 * truth. Stateless and without a seed: several MDs agree. Multiply-xorshift over 64-bit words with
 * the multiplier of rrmxmx (P. Evensen, 2018); the words of an IPv4 key that are always zero are
 * not hashed.
 */
static inline __u32 pdp_flow_hash(const struct pdp_flow_key *key)
{
	__u64 h = (__u64)key->sport << 32 | (__u64)key->dport << 16 | (__u64)key->proto << 8 |
		  key->family;

	h = pdp_hash_mix(0x2545f4914f6cdd1dULL, h);
	h = pdp_hash_mix(h, (__u64)key->saddr[0] << 32 | key->daddr[0]);
	if (key->family != 4) {
		h = pdp_hash_mix(h, (__u64)key->saddr[1] << 32 | key->daddr[1]);
		h = pdp_hash_mix(h, (__u64)key->saddr[2] << 32 | key->daddr[2]);
		h = pdp_hash_mix(h, (__u64)key->saddr[3] << 32 | key->daddr[3]);
	}
	h *= 0x9fb21c651e98df25ULL;
	return h >> 32;
}

/* Where a hash falls among n slots: the high half of hash * n, which needs no division. */
static inline __u32 pdp_hash_slot(__u32 hash, __u32 n)
{
	return (__u64)hash * n >> 32;
}

#endif
