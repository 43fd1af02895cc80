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

/* Walk over extension headers; *proto becomes that of the first other header, or of where it ends. */
static __always_inline bool pdp_flow_walk(struct pdp_cursor *cursor, __u8 *proto)
{
	for (int i = 0; i < PDP_FLOW_MAX_EXTENSIONS && pdp_flow_skips(*proto); i++) {
		bool is_ah = *proto == IPPROTO_AH;
		struct pdp_ipv6_ext *ext;

		PDP_KEEP_POINTER(cursor->pos);
		ext = pdp_take(cursor, sizeof(*ext));
		if (!ext)
			return false;
		*proto = ext->nexthdr;
		cursor->pos = (__u8 *)ext + (is_ah ? (ext->len + 2) * 4 : (ext->len + 1) * 8);
	}
	return true;
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
	if (!pdp_flow_walk(&cursor, &key->proto))
		return true;
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

/* The 5-tuple of what a tunnel carries; proto as in the tag, host order. Bytes have none. */
static __always_inline void pdp_flow_tuple(struct pdp_cursor inner, __u16 proto,
					   struct pdp_flow_key *key)
{
	if (proto == ETH_P_IP)
		pdp_flow_ipv4(inner, key);
	else if (proto == ETH_P_IPV6)
		pdp_flow_ipv6(inner, key);
	else if (proto == PDP_PROTO_ETHERNET)
		pdp_flow_frame(inner, key);
}

/* Its hash. */
static __always_inline __u32 pdp_flow_of(struct pdp_cursor inner, __u16 proto)
{
	struct pdp_flow_key key = {};

	pdp_flow_tuple(inner, proto, &key);
	return pdp_flow_hash(&key);
}

#define PDP_LAYER_NONE 0xffff

/* Where the layers of an inner packet begin, in bytes from its first one. */
struct pdp_layers {
	__u16 network; /* PDP_LAYER_NONE: it has none */
	__u16 transport;
	__u8 proto; /* of transport; 0 for none */
};

static __always_inline void pdp_layers_ipv4(struct pdp_cursor cursor, __u16 at,
					    struct pdp_layers *layers)
{
	struct iphdr *ip = pdp_take(&cursor, sizeof(*ip));

	if (!ip)
		return;
	layers->network = at;
	if (ip->ihl < 5 || ip->frag_off & bpf_htons(0x3fff))
		return;
	layers->transport = at + ip->ihl * 4;
	layers->proto = ip->protocol;
}

static __always_inline void pdp_layers_ipv6(struct pdp_cursor cursor, __u16 at,
					    struct pdp_layers *layers)
{
	__u8 *start = cursor.pos;
	struct ipv6hdr *ip = pdp_take(&cursor, sizeof(*ip));
	__u8 proto;

	if (!ip)
		return;
	layers->network = at;
	proto = ip->nexthdr;
	if (!pdp_flow_walk(&cursor, &proto) || proto == IPPROTO_FRAGMENT)
		return;
	layers->transport = at + (cursor.pos - start);
	layers->proto = proto;
}

static __always_inline struct pdp_layers pdp_flow_layers(struct pdp_cursor inner, __u16 proto)
{
	struct pdp_layers layers = {PDP_LAYER_NONE, PDP_LAYER_NONE, 0};
	__u8 *start = inner.pos;
	struct pdp_l2 l2;

	if (proto == PDP_PROTO_ETHERNET) {
		if (pdp_parse_l2(&inner, &l2) != PDP_PARSED)
			return layers;
		proto = bpf_ntohs(l2.ethertype);
	}
	if (proto == ETH_P_IP)
		pdp_layers_ipv4(inner, inner.pos - start, &layers);
	else if (proto == ETH_P_IPV6)
		pdp_layers_ipv6(inner, inner.pos - start, &layers);
	return layers;
}

/* Bytes of the inner packet that may be asked for: a mask. */
#define PDP_FLOW_REACH 1023

/* A byte of the inner packet, or 0. */
static __always_inline __u8 pdp_flow_byte(struct pdp_cursor inner, __u32 at)
{
	if (at > PDP_FLOW_REACH)
		return 0;
	/* What the compiler knows of it, the verifier is to see. */
	PDP_KEEP_POINTER(at);
	inner.pos += at & PDP_FLOW_REACH;
	return inner.pos + 1 > inner.end ? 0 : *inner.pos;
}

static __always_inline __u8 pdp_key_value(struct pdp_cursor inner, const struct pdp_layers *layers,
					  const struct pdp_key_byte *byte)
{
	__u32 at = 0;

	if (byte->layer == PDP_KEY_NETWORK)
		at = layers->network;
	else if (byte->layer == PDP_KEY_TRANSPORT)
		at = layers->transport;
	return pdp_flow_byte(inner, at + byte->offset) & byte->mask;
}

/* The hash of the bytes that a key names, whatever the protocol. */
static __always_inline __u32 pdp_flow_of_bytes(struct pdp_cursor inner, __u16 proto,
					       const struct pdp_key *key)
{
	struct pdp_layers layers = pdp_flow_layers(inner, proto);
	struct pdp_flow_key flow = {};
	__u8 *value = (void *)&flow;

	_Static_assert(offsetof(struct pdp_flow_key, sport) == PDP_KEY_BYTES_MAX,
		       "addresses' room");
	for (int i = 0; i < PDP_KEY_BYTES_MAX; i++) {
		if (key->byte[i].layer == PDP_KEY_END)
			break;
		value[i] = pdp_key_value(inner, &layers, &key->byte[i]);
	}
	return pdp_flow_hash(&flow);
}

/* By addresses alone: all that two hosts say to each other goes one way. */
static __always_inline __u32 pdp_flow_of_hosts(struct pdp_cursor inner, __u16 proto)
{
	struct pdp_flow_key key = {};

	pdp_flow_tuple(inner, proto, &key);
	key.sport = 0;
	key.dport = 0;
	key.proto = 0;
	return pdp_flow_hash(&key);
}

#define PDP_TCP_FIN 0x01
#define PDP_TCP_SYN 0x02
#define PDP_TCP_RST 0x04

/* Does the packet begin or end a TCP connection? */
static __always_inline bool pdp_flow_opens_or_ends(struct pdp_cursor inner, __u16 proto)
{
	struct pdp_layers layers = pdp_flow_layers(inner, proto);
	const __u32 flags_at = 13; /* RFC 9293, section 3.1 */

	return layers.proto == IPPROTO_TCP && pdp_flow_byte(inner, layers.transport + flags_at) &
						      (PDP_TCP_FIN | PDP_TCP_SYN | PDP_TCP_RST);
}

#endif
