/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * frame.h - lays out the frame that pktgen sends: header template, offsets and the constant part of
 * each checksum. Pure; pktgen.bpf.c fills in what differs from packet to packet.
 */
#ifndef PDP_BENCH_FRAME_H
#define PDP_BENCH_FRAME_H

#include <arpa/inet.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <string.h>

#include "bpf/maps.h"
#include "bpf/wire.h"
#include "ctl/tun_endpoint.h"
#include "selftests/bench/traffic.h"

/* What the frame is to be. Addresses as pdp_tun_prefix with their whole length. */
struct frame_spec {
	uint8_t src_mac[6], dst_mac[6];
	uint8_t encap; /* enum pdp_encap, 0 = bare */
	union pdp_tun_endpoint local, remote; /* of the tunnel */
	uint32_t vni; /* 24 bits */
	uint8_t inner_src_mac[6], inner_dst_mac[6];
	struct pdp_tun_prefix inner_src, inner_dst;
	uint32_t size; /* of the inner IP packet */
};

/* Ones' complement sum of bytes, which begin at an even offset of what the checksum covers. */
static inline uint32_t frame_sum(const void *bytes, size_t len, uint64_t sum)
{
	const uint8_t *byte = bytes;
	uint16_t word;

	for (; len > 1; len -= 2, byte += 2) {
		memcpy(&word, byte, 2);
		sum += word;
	}
	if (len)
		sum += htons(*byte << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline uint32_t frame_put(uint8_t *frame, uint32_t at, const void *bytes, size_t len)
{
	memcpy(frame + at, bytes, len);
	return at + len;
}

static inline uint32_t frame_put_eth(uint8_t *frame, uint32_t at, const uint8_t dst[6],
				     const uint8_t src[6], uint16_t type)
{
	struct ethhdr eth = {.h_proto = htons(type)};

	memcpy(eth.h_dest, dst, 6);
	memcpy(eth.h_source, src, 6);
	return frame_put(frame, at, &eth, sizeof(eth));
}

/* An IP header that announces UDP with payload bytes after the IP header; its checksum is 0. */
static inline uint32_t frame_put_ip(uint8_t *frame, uint32_t at, int family, const void *src,
				    const void *dst, uint32_t payload)
{
	struct iphdr ip4 = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(ip4) + payload),
		.frag_off = htons(0x4000), /* don't fragment */
		.ttl = 64,
		.protocol = IPPROTO_UDP,
	};
	struct ipv6hdr ip6 = {
		.version = 6,
		.payload_len = htons(payload),
		.nexthdr = IPPROTO_UDP,
		.hop_limit = 64,
	};

	if (family == AF_INET) {
		memcpy(&ip4.saddr, src, 4);
		memcpy(&ip4.daddr, dst, 4);
		return frame_put(frame, at, &ip4, sizeof(ip4));
	}
	memcpy(&ip6.saddr, src, 16);
	memcpy(&ip6.daddr, dst, 16);
	return frame_put(frame, at, &ip6, sizeof(ip6));
}

static inline uint32_t frame_put_udp(uint8_t *frame, uint32_t at, __be16 src, __be16 dst,
				     uint32_t payload)
{
	struct udphdr udp = {.source = src, .dest = dst, .len = htons(sizeof(udp) + payload)};

	return frame_put(frame, at, &udp, sizeof(udp));
}

static inline uint32_t frame_ip_size(int family)
{
	return family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

static inline const void *frame_endpoint_addr(const union pdp_tun_endpoint *end)
{
	return end->sa.sa_family == AF_INET ? (const void *)&end->in4.sin_addr
					    : (const void *)&end->in6.sin6_addr;
}

static inline __be16 frame_endpoint_port(const union pdp_tun_endpoint *end)
{
	return end->sa.sa_family == AF_INET ? end->in4.sin_port : end->in6.sin6_port;
}

/* Sum of an IPv6 pseudo header and of the UDP datagram at `udp` that reaches to the frame's end. */
static inline uint32_t frame_udp6_sum(const uint8_t *frame, uint32_t ip, uint32_t udp, uint32_t len)
{
	uint32_t sum = htons(IPPROTO_UDP) + htons(len - udp);

	sum = frame_sum(frame + ip + offsetof(struct ipv6hdr, saddr), 32, sum);
	return frame_sum(frame + udp, len - udp, sum);
}

/* Outer IP, UDP and VXLAN with the inner Ethernet header; returns where the inner IP begins. */
static inline uint32_t frame_put_tunnel(const struct frame_spec *spec, uint8_t *frame, uint32_t at,
					struct pktgen_plan *plan)
{
	bool vxlan = spec->encap == PDP_ENCAP_VXLAN;
	uint32_t payload = spec->size + (vxlan ? sizeof(struct pdp_vxlan) + ETH_HLEN : 0);
	int family = spec->local.sa.sa_family;
	struct pdp_vxlan header = {htonl(PDP_VXLAN_FLAG_I), htonl(spec->vni << 8)};

	at = frame_put_ip(frame, at, family, frame_endpoint_addr(&spec->local),
			  frame_endpoint_addr(&spec->remote), sizeof(struct udphdr) + payload);
	plan->outer_udp = at;
	plan->outer_v6 = family == AF_INET6;
	plan->vary_outer_sport = vxlan;
	at = frame_put_udp(frame, at, vxlan ? 0 : frame_endpoint_port(&spec->local),
			   frame_endpoint_port(&spec->remote), payload);
	if (!vxlan)
		return at;
	at = frame_put(frame, at, &header, sizeof(header));
	return frame_put_eth(frame, at, spec->inner_dst_mac, spec->inner_src_mac,
			     spec->inner_src.family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
}

/* The checksums' constant parts; the outer IPv4 header, which never differs, gets its own whole. */
static inline void frame_sums(uint8_t *frame, struct pktgen_plan *plan)
{
	uint16_t check;

	if (plan->inner_v6)
		plan->inner_udp_sum =
			frame_udp6_sum(frame, plan->inner_ip, plan->inner_udp, plan->frame_len);
	else
		plan->inner_ip_sum = frame_sum(frame + plan->inner_ip, sizeof(struct iphdr), 0);
	if (!plan->outer_udp)
		return;
	if (plan->outer_v6) {
		plan->outer_sum = frame_udp6_sum(frame, ETH_HLEN, plan->outer_udp, plan->frame_len);
	} else {
		check = ~frame_sum(frame + ETH_HLEN, sizeof(struct iphdr), 0);
		frame_put(frame, ETH_HLEN + offsetof(struct iphdr, check), &check, sizeof(check));
	}
}

/* Bytes of the smallest inner packet: IP and UDP header. */
static inline uint32_t frame_min_size(const struct frame_spec *spec)
{
	return frame_ip_size(spec->inner_src.family) + sizeof(struct udphdr);
}

/*
 * frame_plan() - lay the frame out.
 * @frame: the template, room for 84 bytes more than size; written up to plan->frame_len.
 * @any_dst: the inner destination is drawn per packet, so it counts for nothing in the sums.
 *
 * spec->size must be at least frame_min_size(). Fills all of plan but ifindex, flows and n_dsts.
 */
static inline void frame_plan(const struct frame_spec *spec, bool any_dst, uint8_t *frame,
			      struct pktgen_plan *plan)
{
	static const uint8_t none[16];
	uint16_t type = spec->inner_src.family == AF_INET ? ETH_P_IP : ETH_P_IPV6;
	uint32_t payload = spec->size - frame_min_size(spec);
	uint32_t at;

	memset(plan, 0, sizeof(*plan));
	if (spec->encap)
		type = spec->local.sa.sa_family == AF_INET ? ETH_P_IP : ETH_P_IPV6;
	at = frame_put_eth(frame, 0, spec->dst_mac, spec->src_mac, type);
	if (spec->encap)
		at = frame_put_tunnel(spec, frame, at, plan);
	plan->inner_ip = at;
	plan->inner_v6 = spec->inner_src.family == AF_INET6;
	plan->inner_udp = frame_put_ip(frame, at, spec->inner_src.family, spec->inner_src.addr,
				       any_dst ? none : spec->inner_dst.addr,
				       sizeof(struct udphdr) + payload);
	plan->header_len = frame_put_udp(frame, plan->inner_udp, 0, htons(INNER_DPORT), payload);
	plan->frame_len = plan->header_len + payload;
	memset(frame + plan->header_len, 0, payload);
	plan->probe_len = payload >= sizeof(struct probe) ? sizeof(struct probe)
			  : payload >= PROBE_SHORT	  ? PROBE_SHORT
							  : 0;
	frame_sums(frame, plan);
	memcpy(plan->header, frame, plan->header_len);
}

#endif
