/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * parse.bpf.h - read Ethernet, VLAN, IPv4, IPv6 and UDP headers from a packet.
 *
 * A cursor stands in the packet; each step checks the bounds, reads one header, moves the cursor
 * behind it and says what it found in a struct of its own type, so that an EtherType is never taken
 * for an IP protocol. No BPF helper and no map: it compiles natively as well.
 */
#ifndef PDP_PARSE_BPF_H
#define PDP_PARSE_BPF_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>

#include "bpf/maps.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

struct pdp_cursor {
	__u8 *pos;
	__u8 *end;
};

enum pdp_parsed {
	PDP_PARSED,
	PDP_CUT, /* the packet ends within a header */
	PDP_MALFORMED,
	PDP_TOO_DEEP, /* more VLAN tags than PDP_MAX_VLANS */
};

#define PDP_MAX_VLANS 2
#define PDP_VLAN_VID_MASK 0x0fff

struct pdp_vlan_tag {
	__be16 tci;
	__be16 ethertype;
};

/* What the link layer says. vlans is as in struct pdp_vif; a priority tag (VID 0) adds nothing. */
struct pdp_l2 {
	__be16 ethertype; /* behind the VLAN tags */
	__u16 pad;
	__u32 vlans;
};

enum pdp_fragment {
	PDP_WHOLE,
	PDP_FIRST_FRAGMENT,
	PDP_LATER_FRAGMENT,
};

/* What the network layer says. */
struct pdp_l3 {
	struct pdp_addr saddr;
	struct pdp_addr daddr;
	__u16 len; /* of the IP packet, header included */
	__u16 header_len; /* up to the transport header */
	__u8 proto; /* IPPROTO_... of the transport header */
	__u8 ecn;
	__u8 fragment; /* enum pdp_fragment */
};

/* Bytes from the cursor to the end. */
static __always_inline __u64 pdp_left(const struct pdp_cursor *cursor)
{
	return cursor->end - cursor->pos;
}

/*
 * In a loop: keep the compiler from comparing counts instead of pointers, which is the same to it
 * but proves nothing to the verifier.
 */
#define PDP_KEEP_POINTER(pointer) asm volatile("" : "+r"(pointer))

/* The next size bytes, or NULL when the packet is shorter. */
static __always_inline void *pdp_take(struct pdp_cursor *cursor, __u32 size)
{
	__u8 *at = cursor->pos;

	/* cppcheck-suppress nullPointerArithmeticRedundantCheck */
	if (at + size > cursor->end)
		return NULL;
	if (!at)
		__builtin_unreachable(); /* so that NULL means cut, and nothing else */
	cursor->pos = at + size;
	return at;
}

static __always_inline bool pdp_is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

static __always_inline enum pdp_parsed pdp_parse_vlans(struct pdp_cursor *cursor, struct pdp_l2 *l2)
{
	struct pdp_vlan_tag *tag = pdp_take(cursor, sizeof(*tag));

	if (!tag)
		return PDP_CUT;
	l2->ethertype = tag->ethertype;
	l2->vlans = (__u32)(bpf_ntohs(tag->tci) & PDP_VLAN_VID_MASK) << 16;
	if (!pdp_is_vlan(l2->ethertype))
		return PDP_PARSED;

	tag = pdp_take(cursor, sizeof(*tag));
	if (!tag)
		return PDP_CUT;
	l2->ethertype = tag->ethertype;
	l2->vlans |= bpf_ntohs(tag->tci) & PDP_VLAN_VID_MASK;
	return pdp_is_vlan(l2->ethertype) ? PDP_TOO_DEEP : PDP_PARSED;
}

/* Ethernet and up to two VLAN tags, of either EtherType. */
static __always_inline enum pdp_parsed pdp_parse_l2(struct pdp_cursor *cursor, struct pdp_l2 *l2)
{
	struct ethhdr *eth = pdp_take(cursor, sizeof(*eth));

	if (!eth)
		return PDP_CUT;
	l2->ethertype = eth->h_proto;
	l2->vlans = 0;
	if (!pdp_is_vlan(l2->ethertype))
		return PDP_PARSED;
	return pdp_parse_vlans(cursor, l2);
}

static __always_inline struct pdp_addr pdp_addr_from_ipv4(__be32 addr)
{
	return (struct pdp_addr){.word = {0, 0, bpf_htonl(0xffff), addr}};
}

static __always_inline bool pdp_addr_equal(const struct pdp_addr *a, const struct pdp_addr *b)
{
	return !((a->word[0] ^ b->word[0]) | (a->word[1] ^ b->word[1]) | (a->word[2] ^ b->word[2]) |
		 (a->word[3] ^ b->word[3]));
}

/* Fold the sum of 32-bit words to the 16 bits of the Internet checksum (RFC 1071). */
static __always_inline __u16 pdp_fold(__u64 sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return sum;
}

/* Sum of the 20 bytes that every IPv4 header has. */
static __always_inline __u64 pdp_ipv4_sum(const struct iphdr *ip)
{
	const __u32 *word = (const void *)ip;

	return (__u64)word[0] + word[1] + word[2] + word[3] + word[4];
}

/* Sum of an IPv4 header's options; false when they are cut. */
static __always_inline bool pdp_ipv4_options_sum(struct pdp_cursor options, __u32 words, __u64 *sum)
{
	for (__u32 i = 0; i < 10 && i < words; i++) {
		__u32 *word;

		PDP_KEEP_POINTER(options.pos);
		word = pdp_take(&options, sizeof(*word));
		if (!word)
			return false;
		*sum += *word;
	}
	return true;
}

static __always_inline enum pdp_fragment pdp_ipv4_fragment(__be16 frag_off)
{
	if (frag_off & bpf_htons(0x1fff))
		return PDP_LATER_FRAGMENT;
	return frag_off & bpf_htons(0x2000) ? PDP_FIRST_FRAGMENT : PDP_WHOLE;
}

/* IPv4 with any options. Version, lengths and header checksum must be right. */
static __always_inline enum pdp_parsed pdp_parse_ipv4(struct pdp_cursor *cursor, struct pdp_l3 *l3)
{
	__u64 frame_left = pdp_left(cursor);
	struct iphdr *ip = pdp_take(cursor, sizeof(*ip));
	__u64 sum;

	if (!ip)
		return PDP_CUT;
	if (ip->version != 4 || ip->ihl < 5)
		return PDP_MALFORMED;
	sum = pdp_ipv4_sum(ip);
	l3->header_len = sizeof(*ip);
	if (ip->ihl > 5) {
		if (!pdp_ipv4_options_sum(*cursor, ip->ihl - 5, &sum))
			return PDP_CUT;
		/* Read anew, or the verifier goes on once for each number of options. */
		l3->header_len = (*(volatile __u8 *)ip & 15) * 4;
		cursor->pos = (__u8 *)ip + l3->header_len;
	}
	l3->len = bpf_ntohs(ip->tot_len);
	if (l3->len < l3->header_len || l3->len > frame_left || pdp_fold(sum) != 0xffff)
		return PDP_MALFORMED;
	l3->saddr = pdp_addr_from_ipv4(ip->saddr);
	l3->daddr = pdp_addr_from_ipv4(ip->daddr);
	l3->proto = ip->protocol;
	l3->ecn = ip->tos & 3;
	l3->fragment = pdp_ipv4_fragment(ip->frag_off);
	return PDP_PARSED;
}

/* RFC 8200, section 4.5. */
struct pdp_ipv6_frag {
	__u8 nexthdr;
	__u8 reserved;
	__be16 offset;
	__be32 id;
};

/* ::ffff:0:0/96 stands for IPv4 in the maps, and has no place on the wire. */
static __always_inline bool pdp_is_mapped(const struct pdp_addr *addr)
{
	return !(addr->word[0] | addr->word[1] | (addr->word[2] ^ bpf_htonl(0xffff)));
}

/*
 * IPv6. Of the extension headers only a fragment header that comes first is looked into: a tunnel's
 * packets have none, and what has is not taken for one. An atomic fragment is a first fragment.
 */
static __always_inline enum pdp_parsed pdp_parse_ipv6(struct pdp_cursor *cursor, struct pdp_l3 *l3)
{
	struct ipv6hdr *ip = pdp_take(cursor, sizeof(*ip));
	struct pdp_ipv6_frag *frag;
	__u32 payload_len;

	if (!ip)
		return PDP_CUT;
	payload_len = bpf_ntohs(ip->payload_len);
	if (ip->version != 6 || payload_len > pdp_left(cursor) ||
	    payload_len > 0xffff - sizeof(*ip))
		return PDP_MALFORMED;
	__builtin_memcpy(&l3->saddr, &ip->saddr, sizeof(l3->saddr));
	__builtin_memcpy(&l3->daddr, &ip->daddr, sizeof(l3->daddr));
	if (pdp_is_mapped(&l3->daddr))
		return PDP_MALFORMED;
	l3->header_len = sizeof(*ip);
	l3->len = sizeof(*ip) + payload_len;
	l3->proto = ip->nexthdr;
	l3->ecn = ip->flow_lbl[0] >> 4 & 3;
	l3->fragment = PDP_WHOLE;
	if (ip->nexthdr != IPPROTO_FRAGMENT)
		return PDP_PARSED;

	frag = pdp_take(cursor, sizeof(*frag));
	if (!frag)
		return PDP_CUT;
	l3->proto = frag->nexthdr;
	l3->header_len += sizeof(*frag);
	l3->fragment = frag->offset & bpf_htons(0xfff8) ? PDP_LATER_FRAGMENT : PDP_FIRST_FRAGMENT;
	return PDP_PARSED;
}

#endif
