/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* captured.c - inner packets of captured frames, by the classifier's parser; see captured.h. */
#include "ctl/captured.h"

#include <string.h>

#include "bpf/parse.bpf.h"
#include "bpf/wire.h"

/* An IP packet; what stands behind it is cut off. */
static bool take_ip(struct pdp_captured *out, struct pdp_cursor at)
{
	int version = at.pos < at.end ? *at.pos >> 4 : 0;
	size_t left = pdp_left(&at), own;

	if (version == 4 && left >= sizeof(struct iphdr)) {
		out->proto = ETH_P_IP;
		own = (size_t)at.pos[2] << 8 | at.pos[3];
	} else if (version == 6 && left >= sizeof(struct ipv6hdr)) {
		out->proto = ETH_P_IPV6;
		own = ((size_t)at.pos[4] << 8 | at.pos[5]) + sizeof(struct ipv6hdr);
	} else {
		return false;
	}
	out->inner = at.pos;
	out->len = own < left ? own : left;
	return true;
}

static bool take_frame(struct pdp_captured *out, struct pdp_cursor at)
{
	out->inner = at.pos;
	out->len = pdp_left(&at);
	out->proto = PDP_PROTO_ETHERNET;
	return out->len >= sizeof(struct ethhdr);
}

static const struct pdp_tunnel_key *find_end(const struct pdp_captured_ends *ends,
					     const struct pdp_tunnel_key *key)
{
	size_t i;

	for (i = 0; i < ends->n; i++)
		if (!memcmp(&ends->key[i], key, sizeof(*key)))
			return &ends->key[i];
	return NULL;
}

/* Behind the headers of one of the tunnels. */
static bool take_tunnel(struct pdp_captured *out, struct pdp_cursor at, __be16 ethertype,
			const struct pdp_captured_ends *ends)
{
	struct pdp_tunnel_key key = {.vni = PDP_VNI_NONE};
	struct pdp_vxlan *vxlan;
	struct udphdr *udp;
	struct pdp_l3 l3;
	enum pdp_parsed parsed = ethertype == bpf_htons(ETH_P_IP) ? pdp_parse_ipv4(&at, &l3)
								  : pdp_parse_ipv6(&at, &l3);

	if (parsed != PDP_PARSED || l3.proto != IPPROTO_UDP || l3.fragment != PDP_WHOLE)
		return false;
	udp = pdp_take(&at, sizeof(*udp));
	if (!udp || bpf_ntohs(udp->len) < sizeof(*udp))
		return false;
	if (pdp_left(&at) > bpf_ntohs(udp->len) - sizeof(*udp))
		at.end = at.pos + bpf_ntohs(udp->len) - sizeof(*udp);
	key.local = l3.daddr;
	key.port = udp->dest;
	if (find_end(ends, &key))
		return take_ip(out, at);
	vxlan = pdp_take(&at, sizeof(*vxlan));
	if (!vxlan)
		return false;
	key.vni = vxlan->vni & bpf_htonl(0xffffff00);
	return find_end(ends, &key) && take_frame(out, at);
}

static bool carries_frames(const struct pdp_captured_ends *ends)
{
	return ends->n && ends->key[0].vni != PDP_VNI_NONE;
}

bool pdp_captured_inner(struct pdp_captured *out, const uint8_t *frame, size_t len,
			enum pdp_captured_link link, const struct pdp_captured_ends *ends)
{
	/* The shared parser never writes. */
	struct pdp_cursor whole = {(uint8_t *)(uintptr_t)frame, (uint8_t *)(uintptr_t)frame + len};
	struct pdp_cursor at = whole;
	struct pdp_l2 l2 = {0};

	*out = (struct pdp_captured){0};
	if (link == PDP_CAPTURED_ETHERNET) {
		if (pdp_parse_l2(&at, &l2) != PDP_PARSED)
			return false;
	} else if (len) {
		l2.ethertype = bpf_htons(*frame >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
	}
	if (l2.ethertype == bpf_htons(ETH_P_IP) || l2.ethertype == bpf_htons(ETH_P_IPV6))
		out->tunnel = take_tunnel(out, at, l2.ethertype, ends);
	if (out->tunnel)
		return true;
	if (link == PDP_CAPTURED_ETHERNET && carries_frames(ends))
		return take_frame(out, whole);
	return take_ip(out, at);
}
