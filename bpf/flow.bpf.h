/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * flow.bpf.h - the flow key of an inner packet.
 *
 * Stands between the classifier's parsing and its choice of a slot. Nothing here refuses a packet:
 * what is inside a tunnel is the vnet's own business. A header that is cut or malformed gives a key
 * of what could be read, so that equal packets still take equal ways.
 *
 * A fragment, first ones and atomic ones included, has no ports in its key: all fragments of a
 * packet go to one guest.
 */
#ifndef PDP_FLOW_BPF_H
#define PDP_FLOW_BPF_H

#include "bpf/parse.bpf.h"
#include "bpf/wire.h"

/* IPv6 extension headers that are walked over on the way to the ports. */
#define PDP_FLOW_MAX_EXTENSIONS 6

static __always_inline bool pdp_flow_has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP || proto == IPPROTO_UDPLITE;
}

static __always_inline void pdp_flow_ports(struct pdp_cursor cursor, struct pdp_flow_key *key)
{
	__be16 *port = pdp_take(&cursor, 2 * sizeof(*port));

	if (!port)
		return;
	key->sport = port[0];
	key->dport = port[1];
}

/* False when there is no whole IPv4 header. */
static __always_inline bool pdp_flow_ipv4(struct pdp_cursor cursor, struct pdp_flow_key *key)
{
	struct iphdr *ip = pdp_take(&cursor, sizeof(*ip));

	if (!ip)
		return false;
	key->family = 4;
	key->saddr[0] = ip->saddr;
	key->daddr[0] = ip->daddr;
	key->proto = ip->protocol;
	if (!pdp_flow_has_ports(ip->protocol) || ip->frag_off & bpf_htons(0x3fff) || ip->ihl < 5)
		return true;
	cursor.pos = (__u8 *)ip + ip->ihl * 4;
	pdp_flow_ports(cursor, key);
	return true;
}

/* Generic layout of hop-by-hop, routing, destination options and AH (RFC 8200, RFC 4302). */
struct pdp_ipv6_ext {
	__u8 nexthdr;
	__u8 len;
	__u8 rest[6];
};

static __always_inline bool pdp_flow_skips(__u8 nexthdr)
{
	return nexthdr == IPPROTO_HOPOPTS || nexthdr == IPPROTO_ROUTING ||
	       nexthdr == IPPROTO_DSTOPTS || nexthdr == IPPROTO_AH;
}

/* False when there is no whole IPv6 header. */
static __always_inline bool pdp_flow_ipv6(struct pdp_cursor cursor, struct pdp_flow_key *key)
{
	struct ipv6hdr *ip = pdp_take(&cursor, sizeof(*ip));

	if (!ip)
		return false;
	key->family = 6;
	__builtin_memcpy(key->saddr, &ip->saddr, sizeof(key->saddr));
	__builtin_memcpy(key->daddr, &ip->daddr, sizeof(key->daddr));
	key->proto = ip->nexthdr;
	for (int i = 0; i < PDP_FLOW_MAX_EXTENSIONS && pdp_flow_skips(key->proto); i++) {
		bool is_ah = key->proto == IPPROTO_AH;
		struct pdp_ipv6_ext *ext;

		PDP_KEEP_POINTER(cursor.pos);
		ext = pdp_take(&cursor, sizeof(*ext));
		if (!ext)
			return true;
		key->proto = ext->nexthdr;
		cursor.pos = (__u8 *)ext + (is_ah ? (ext->len + 2) * 4 : (ext->len + 1) * 8);
	}
	if (key->proto == IPPROTO_FRAGMENT) {
		struct pdp_ipv6_frag *frag = pdp_take(&cursor, sizeof(*frag));

		if (frag)
			key->proto = frag->nexthdr;
		return true;
	}
	if (pdp_flow_has_ports(key->proto))
		pdp_flow_ports(cursor, key);
	return true;
}

/* An Ethernet frame, as in VXLAN: by its IP packet if it has one, else by its MACs and EtherType. */
static __always_inline void pdp_flow_frame(struct pdp_cursor cursor, struct pdp_flow_key *key)
{
	struct ethhdr *eth = (void *)cursor.pos;
	struct pdp_l2 l2;

	if ((__u8 *)(eth + 1) > cursor.end)
		return;
	if (pdp_parse_l2(&cursor, &l2) == PDP_PARSED) {
		if (l2.ethertype == bpf_htons(ETH_P_IP) && pdp_flow_ipv4(cursor, key))
			return;
		if (l2.ethertype == bpf_htons(ETH_P_IPV6) && pdp_flow_ipv6(cursor, key))
			return;
	}
	__builtin_memcpy(key->saddr, eth->h_source, ETH_ALEN);
	__builtin_memcpy(key->daddr, eth->h_dest, ETH_ALEN);
	key->sport = eth->h_proto;
}

/* The hash of what a tunnel carries; proto as in the tag, host order. */
static __always_inline __u32 pdp_flow_of(struct pdp_cursor inner, __u16 proto)
{
	struct pdp_flow_key key = {};

	if (proto == ETH_P_IP)
		pdp_flow_ipv4(inner, &key);
	else if (proto == ETH_P_IPV6)
		pdp_flow_ipv6(inner, &key);
	else
		pdp_flow_frame(inner, &key);
	return pdp_flow_hash(&key);
}

#endif
