/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * outer.bpf.h - the outer headers of a vif, written by a BPF program.
 *
 * For what goes out without having been in an FE guest. Byte for byte what fe-agent/encap.c writes for
 * the same packet (selftests/prog/test_vif_out.c compares): DSCP, ECN and DF of the inner header, the
 * UDP checksum zero over IPv4 and right over IPv6, VXLAN's source port and the flow label from the flow's
 * hash.
 */
#ifndef PDP_OUTER_BPF_H
#define PDP_OUTER_BPF_H

#include "bpf/out.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/sum.bpf.h"
#include "bpf/wire.h"

#define PDP_OUTER_TTL 64

/* What is carried, and what the outer headers take from it. */
struct pdp_inner {
	__u32 off; /* bytes of the frame in front of it */
	__u32 len;
	__u32 hash;
	__u16 proto; /* ETH_P_IP, ETH_P_IPV6 or PDP_PROTO_ETHERNET */
	__u16 id;
	__u8 tos;
	bool df;
};

/* Length, DSCP, ECN and DF; false when the header is cut or malformed. */
static __always_inline bool pdp_read_ipv4(struct pdp_cursor cursor, struct pdp_inner *inner)
{
	struct iphdr *ip = pdp_take(&cursor, sizeof(*ip));

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return false;
	inner->len = bpf_ntohs(ip->tot_len);
	inner->tos = ip->tos;
	inner->df = ip->frag_off & bpf_htons(0x4000);
	return inner->len >= ip->ihl * 4;
}

static __always_inline bool pdp_read_ipv6(struct pdp_cursor cursor, struct pdp_inner *inner)
{
	struct ipv6hdr *ip = pdp_take(&cursor, sizeof(*ip));

	if (!ip || ip->version != 6)
		return false;
	inner->len = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	inner->tos = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	inner->df = true;
	return true;
}

/* Over IPv6 zero would be refused (RFC 8200, 8.1): from the pseudo-header on, all is summed up. */
static __always_inline void pdp_fill_udp_sum(struct xdp_md *ctx)
{
	const __u32 ip_off = sizeof(struct pdp_head), udp_off = ip_off + sizeof(struct ipv6hdr);
	__u64 sum = pdp_sum_frame(ctx, udp_off);
	struct pdp_cursor cursor = pdp_frame(ctx);
	struct ipv6hdr *ip;
	struct udphdr *udp;
	__u32 *word;
	__u16 check;

	cursor.pos += ip_off;
	ip = pdp_take(&cursor, sizeof(*ip) + sizeof(*udp));
	if (!ip)
		return;
	udp = (void *)(ip + 1);
	word = (void *)&ip->saddr;
	for (int i = 0; i < 8; i++)
		sum += word[i];
	check = ~pdp_fold(sum + udp->len + bpf_htons(IPPROTO_UDP));
	udp->check = check ? check : 0xffff;
}

static __always_inline void pdp_write_ipv4(struct iphdr *ip, const struct pdp_vif *vif,
					   const struct pdp_inner *inner, __u32 outer_len)
{
	*(__u8 *)ip = 0x45;
	ip->tos = inner->tos;
	ip->tot_len = bpf_htons(outer_len);
	ip->id = bpf_htons(inner->id);
	ip->frag_off = inner->df ? bpf_htons(0x4000) : 0;
	ip->ttl = PDP_OUTER_TTL;
	ip->protocol = IPPROTO_UDP;
	ip->check = 0;
	ip->saddr = vif->local.word[3];
	ip->daddr = vif->remote.word[3];
	ip->check = ~pdp_fold(pdp_ipv4_sum(ip));
}

static __always_inline void pdp_write_ipv6(struct ipv6hdr *ip, const struct pdp_vif *vif,
					   const struct pdp_inner *inner, __u32 outer_len)
{
	*(__be32 *)ip = bpf_htonl(6u << 28 | (__u32)inner->tos << 20 | (inner->hash & 0xfffff));
	ip->payload_len = bpf_htons(outer_len - sizeof(*ip));
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = PDP_OUTER_TTL;
	__builtin_memcpy(&ip->saddr, &vif->local, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &vif->remote, sizeof(ip->daddr));
}

static __always_inline bool pdp_write_udp(struct pdp_cursor *cursor, const struct pdp_vif *vif,
					  struct pdp_vif_owner owner, const struct pdp_inner *inner)
{
	__u32 len = inner->len + sizeof(struct udphdr);
	struct udphdr *udp = pdp_take(cursor, sizeof(*udp));
	struct pdp_vxlan *vxlan;

	if (!udp)
		return false;
	udp->source = vif->local_port;
	udp->dest = vif->remote_port;
	udp->check = 0;
	if (owner.encap == PDP_ENCAP_VXLAN) {
		vxlan = pdp_take(cursor, sizeof(*vxlan));
		if (!vxlan)
			return false;
		vxlan->flags = bpf_htonl(PDP_VXLAN_FLAG_I);
		vxlan->vni = vif->vni;
		udp->source = bpf_htons(PDP_VXLAN_SPORT_MIN | (inner->hash & 0x3fff));
		len += sizeof(*vxlan);
	}
	udp->len = bpf_htons(len);
	return true;
}

/*
 * Put room for Ethernet header and tag, and the outer headers, in the place of what stands in front of
 * the inner packet; cut off what stands behind it. False when there is no room.
 */
static __always_inline bool pdp_push_outer(struct xdp_md *ctx, const struct pdp_vif *vif,
					   struct pdp_vif_owner owner,
					   const struct pdp_inner *inner, __u32 frame_len)
{
	__u32 outer_len = pdp_outer_len(owner) + inner->len;
	int front = inner->off - pdp_outer_len(owner) - sizeof(struct pdp_head);
	struct pdp_cursor cursor;

	if (inner->off + inner->len < frame_len &&
	    bpf_xdp_adjust_tail(ctx, (int)(inner->off + inner->len - frame_len)))
		return false;
	if (bpf_xdp_adjust_head(ctx, front))
		return false;
	cursor = pdp_frame(ctx);
	if (!pdp_take(&cursor, sizeof(struct pdp_head)))
		return false;
	if (owner.family == 4) {
		struct iphdr *ip = pdp_take(&cursor, sizeof(*ip));

		if (!ip)
			return false;
		pdp_write_ipv4(ip, vif, inner, outer_len);
		return pdp_write_udp(&cursor, vif, owner, inner);
	} else {
		struct ipv6hdr *ip = pdp_take(&cursor, sizeof(*ip));

		if (!ip)
			return false;
		pdp_write_ipv6(ip, vif, inner, outer_len);
		if (!pdp_write_udp(&cursor, vif, owner, inner))
			return false;
		pdp_fill_udp_sum(ctx);
		return true;
	}
}

#endif
