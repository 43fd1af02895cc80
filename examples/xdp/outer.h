/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * outer.h - what the samples do to every packet: read its tag, and send it on through a vif.
 *
 * Not a part of PdP's interface, which is bpf/wire.h and bpf/vif.h: copy it and change it. It knows udp tunnels,
 * over IPv4 and IPv6.
 *
 *   in   Ethernet | tag (INPUT)   | payload
 *   out  Ethernet | tag (FORWARD) | outer IP | UDP | payload
 */
#ifndef OUTER_H
#define OUTER_H

#include <linux/bpf.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/vif.h"
#include "bpf/wire.h"

/* By vif id. The controller fills it, and keeps it, because of its name and its value. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct pdp_dp_vif);
} pdp_dp_vifs SEC(".maps");

struct head {
	struct ethhdr eth;
	struct pdp_tag tag;
} __attribute__((packed));

/* The head of a frame of ours; NULL for any other. */
static inline struct head *read_head(const struct xdp_md *ctx)
{
	struct head *head = (void *)(long)ctx->data;

	if ((void *)(head + 1) > (void *)(long)ctx->data_end ||
	    head->tag.version_op != pdp_tag_version_op(PDP_OP_INPUT))
		return NULL;
	return head;
}

static inline __u16 fold(__u32 sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	return (sum >> 16) + (sum & 0xffff);
}

static inline void write_ipv4(struct iphdr *ip, const struct pdp_dp_vif *vif, __u16 len, __u32 seq)
{
	const __u16 *word = (const void *)ip;
	__u32 sum = 0;

	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(len),
		.id = bpf_htons(seq),
		.ttl = vif->ttl,
		.protocol = IPPROTO_UDP,
	};
	__builtin_memcpy(&ip->saddr, vif->local, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, vif->remote, sizeof(ip->daddr));
	for (int i = 0; i < 10; i++)
		sum += word[i];
	ip->check = ~fold(sum);
}

static inline void write_ipv6(struct ipv6hdr *ip, const struct pdp_dp_vif *vif, __u16 len)
{
	*ip = (struct ipv6hdr){
		.version = 6,
		.payload_len = bpf_htons(len - sizeof(*ip)),
		.nexthdr = IPPROTO_UDP,
		.hop_limit = vif->ttl,
	};
	__builtin_memcpy(&ip->saddr, vif->local, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, vif->remote, sizeof(ip->daddr));
}

/* RFC 6935 lets the checksum be 0 over IPv6 too. */
static inline void write_udp(struct udphdr *udp, const struct pdp_dp_vif *vif, __u16 len)
{
	*udp = (struct udphdr){
		.source = vif->local_port,
		.dest = vif->remote_port,
		.len = bpf_htons(len),
	};
}

/* Ethernet and tag as the packet came with them, turned round. */
static inline void write_head(struct head *head, const struct head *was,
			      const struct pdp_dp_vif *vif)
{
	*head = *was;
	__builtin_memcpy(head->eth.h_dest, was->eth.h_source, ETH_ALEN);
	__builtin_memcpy(head->eth.h_source, was->eth.h_dest, ETH_ALEN);
	head->tag.version_op = pdp_tag_version_op(PDP_OP_FORWARD);
	head->tag.flags = 0;
	head->tag.proto = bpf_htons(vif->family == 4 ? ETH_P_IP : ETH_P_IPV6);
	head->tag.vif = bpf_htons(vif->id);
}

/*
 * Send the payload, but for its first strip bytes, through a vif. False: there is no such vif, or the payload is
 * larger than it takes; then the packet is as it was.
 */
static inline bool send_through(struct xdp_md *ctx, __u32 vif_id, __u32 strip)
{
	const struct pdp_dp_vif *vif = bpf_map_lookup_elem(&pdp_dp_vifs, &vif_id);
	struct head *head = read_head(ctx), was;
	__u32 ip_len, len;
	void *end;

	if (!vif || !head || vif->encap != PDP_DP_UDP)
		return false;
	was = *head;
	len = bpf_xdp_get_buff_len(ctx) - sizeof(was) - strip;
	ip_len = vif->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	if (len > vif->mtu ||
	    bpf_xdp_adjust_head(ctx, (int)(strip - ip_len - sizeof(struct udphdr))))
		return false;

	head = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	len += sizeof(struct udphdr);
	if (vif->family == 4) {
		struct iphdr *ip = (void *)(head + 1);

		if ((void *)(ip + 1) + sizeof(struct udphdr) > end)
			return false;
		write_ipv4(ip, vif, len + sizeof(*ip), bpf_ntohl(was.tag.seq));
		write_udp((void *)(ip + 1), vif, len);
	} else {
		struct ipv6hdr *ip = (void *)(head + 1);

		if ((void *)(ip + 1) + sizeof(struct udphdr) > end)
			return false;
		write_ipv6(ip, vif, len + sizeof(*ip));
		write_udp((void *)(ip + 1), vif, len);
	}
	write_head(head, &was, vif);
	return true;
}

#endif
