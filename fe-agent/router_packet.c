/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * router_packet.c - what the router makes of a packet before it asks the FIB. See router_packet.h.
 *
 * RFC 1812 sections 5.2.2 and 5.3.7 (IPv4), RFC 8200 and RFC 4291 (IPv6). What needs an answer or a
 * slow path is LOCAL; DROP is for what a router must not touch.
 */
#include "fe-agent/router_packet.h"

#include <endian.h>
#include <string.h>

#include "fe-agent/checksum.h"
#include "fe-agent/router_rules.h"

#define ETH_LEN 14
#define IPV4_LEN 20
#define IPV6_LEN 40
#define IPV4_DF 0x4000

static uint32_t load_be32(const uint8_t *p)
{
	return be32toh(pdp_load32(p));
}

static uint16_t load_be16(const uint8_t *p)
{
	return be16toh(pdp_load16(p));
}

static bool is_sound4(const uint8_t *ip, uint32_t len)
{
	uint32_t header, total;

	if (len < IPV4_LEN || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 0xf) * 4u;
	total = load_be16(ip + 2);
	return header >= IPV4_LEN && total >= header && total <= len &&
	       pdp_sum_fold(pdp_sum_bytes(0, ip, header)) == 0xffff;
}

/* ECN as after decapsulation; false: RFC 6040 has the packet dropped. */
static bool take_tos(struct pdp_router_packet *p, uint8_t tos, uint8_t outer_ecn)
{
	int ecn = pdp_ecn_decapsulate(tos & 3, outer_ecn & 3);

	p->tos = (tos & ~3) | (ecn & 3);
	return ecn >= 0;
}

static bool look4(struct pdp_packet *pkt, struct pdp_router_packet *p)
{
	uint32_t src, dst;

	if (!is_sound4(p->ip, p->len))
		return pdp_packet_drop(pkt, dp_bad_header);
	p->family = 4;
	p->len = load_be16(p->ip + 2);
	p->ttl = p->ip[8];
	p->df = load_be16(p->ip + 6) & IPV4_DF;
	src = load_be32(p->ip + 12);
	dst = load_be32(p->ip + 16);
	p->dst_hi = (uint64_t)dst << 32;
	p->dst_lo = 0;
	p->on_link = pdp_is_link_local4(src) || pdp_is_link_local4(dst);

	if (!take_tos(p, p->ip[1], pkt->ecn))
		return pdp_packet_drop(pkt, dp_ecn);
	/* A host without an address yet may call to all (DHCP, IGMP). */
	if (pdp_is_multicast4(src) || (src && pdp_is_martian4(src)))
		return pdp_packet_drop(pkt, dp_bad_address);
	if (pdp_is_multicast4(dst) || dst == UINT32_MAX)
		return pdp_packet_local(pkt);
	if (!src || pdp_is_martian4(dst))
		return pdp_packet_drop(pkt, dp_bad_address);
	if ((p->ip[0] & 0xf) * 4 > IPV4_LEN)
		return pdp_packet_local(pkt);
	return true;
}

static bool look6(struct pdp_packet *pkt, struct pdp_router_packet *p)
{
	const uint8_t *ip = p->ip;
	uint64_t src_hi, src_lo;
	bool unspecified;

	if (p->len < IPV6_LEN || ip[0] >> 4 != 6 || IPV6_LEN + load_be16(ip + 4) > (int)p->len)
		return pdp_packet_drop(pkt, dp_bad_header);
	p->family = 6;
	p->len = IPV6_LEN + load_be16(ip + 4);
	p->ttl = ip[7];
	p->df = true;
	p->on_link = false;
	src_hi = be64toh(pdp_load64(ip + 8));
	src_lo = be64toh(pdp_load64(ip + 16));
	p->dst_hi = be64toh(pdp_load64(ip + 24));
	p->dst_lo = be64toh(pdp_load64(ip + 32));
	unspecified = !src_hi && !src_lo;

	if (!take_tos(p, ip[0] << 4 | ip[1] >> 4, pkt->ecn))
		return pdp_packet_drop(pkt, dp_ecn);
	if (pdp_is_multicast6(src_hi) || pdp_is_martian6(src_hi, src_lo) ||
	    pdp_is_martian6(p->dst_hi, p->dst_lo) || (!p->dst_hi && !p->dst_lo))
		return pdp_packet_drop(pkt, dp_bad_address);
	/* Neighbour discovery, MLD and routing protocols live here; the rest gets its ICMP there. */
	if (pdp_is_multicast6(p->dst_hi) || pdp_is_link_local6(p->dst_hi) ||
	    pdp_is_link_local6(src_hi))
		return pdp_packet_local(pkt);
	if (unspecified)
		return pdp_packet_drop(pkt, dp_bad_address);
	/* Hop-by-hop options, jumbograms with them: every router must look (RFC 8200, 4.3). */
	if (ip[6] == IPPROTO_HOPOPTS)
		return pdp_packet_local(pkt);
	return true;
}

/* The frame must be for the vif; what is not IP (ARP above all) is the kernel's. */
static bool look_frame(struct pdp_packet *pkt, const uint8_t *mac, struct pdp_router_packet *p)
{
	uint16_t proto;

	if (p->len < ETH_LEN)
		return pdp_packet_drop(pkt, dp_bad_header);
	if (p->ip[0] & 1)
		return pdp_packet_local(pkt);
	if (!mac || memcmp(p->ip, mac, 6) != 0)
		return pdp_packet_drop(pkt, dp_not_for_us);
	proto = load_be16(p->ip + 12);
	p->ip += ETH_LEN;
	p->len -= ETH_LEN;
	if (proto == ETH_P_IP)
		return look4(pkt, p);
	if (proto == ETH_P_IPV6)
		return look6(pkt, p);
	return pdp_packet_local(pkt);
}

bool pdp_router_look(struct pdp_packet *pkt, const uint8_t *mac, struct pdp_router_packet *p)
{
	p->ip = pkt->data;
	p->len = pkt->len;
	switch (pkt->proto) {
	case ETH_P_IP:
		return look4(pkt, p);
	case ETH_P_IPV6:
		return look6(pkt, p);
	case PDP_PROTO_ETHERNET:
		return look_frame(pkt, mac, p);
	default:
		return pdp_packet_drop(pkt, dp_bad_header);
	}
}
