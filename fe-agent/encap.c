/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * encap.c - the outer header that a packet leaves a vif in. See encap.h.
 */
#include "fe-agent/encap.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "fe-agent/checksum.h"

#define IPV4_LEN 20
#define IPV6_LEN 40
#define UDP_LEN 8
#define DEFAULT_TTL 64 /* RFC 1340, and the kernel's own */

static uint8_t *prepare_ip(struct pdp_outer *outer, const struct pdp_dp_vif *vif)
{
	uint8_t *p = outer->bytes;
	uint8_t ttl = vif->ttl ? vif->ttl : DEFAULT_TTL;

	if (vif->family == 4) {
		p[0] = 0x45;
		p[8] = ttl;
		p[9] = IPPROTO_UDP;
		memcpy(p + 12, vif->local, 4);
		memcpy(p + 16, vif->remote, 4);
		outer->sum = pdp_sum_fold(pdp_sum_bytes(0, p, IPV4_LEN));
		return p + IPV4_LEN;
	}
	p[0] = 0x60;
	p[6] = IPPROTO_UDP;
	p[7] = ttl;
	memcpy(p + 8, vif->local, 16);
	memcpy(p + 24, vif->remote, 16);
	outer->sum = pdp_sum_fold(pdp_sum_bytes(htobe16(IPPROTO_UDP), p + 8, 32));
	return p + IPV6_LEN;
}

static uint8_t *prepare_vxlan(uint8_t *p, const struct pdp_dp_vif *vif)
{
	struct pdp_vxlan vxlan = {.flags = htobe32(PDP_VXLAN_FLAG_I), .vni = vif->vni};

	memcpy(p, &vxlan, sizeof(vxlan));
	p += sizeof(vxlan);
	memcpy(p + 6, vif->mac, 6);
	return p + 14;
}

int pdp_outer_prepare(struct pdp_outer *outer, const struct pdp_dp_vif *vif)
{
	uint8_t *p;

	if ((vif->family != 4 && vif->family != 6) ||
	    (vif->encap != PDP_DP_UDP && vif->encap != PDP_DP_VXLAN))
		return -EINVAL;
	*outer = (struct pdp_outer){.family = vif->family, .vxlan = vif->encap == PDP_DP_VXLAN};
	p = prepare_ip(outer, vif);
	memcpy(p, &vif->local_port, 2);
	memcpy(p + 2, &vif->remote_port, 2);
	p += UDP_LEN;
	if (outer->vxlan)
		p = prepare_vxlan(p, vif);
	outer->len = p - outer->bytes;
	return vif->mtu + outer->len > UINT16_MAX ? -EINVAL : 0;
}

static void finish_ipv4(const struct pdp_outer *outer, uint8_t *p, uint32_t total,
			const struct pdp_inner *inner)
{
	uint64_t sum = outer->sum;

	p[1] = inner->tos;
	pdp_store16(p + 2, htobe16(total));
	pdp_store16(p + 4, htobe16(inner->id));
	pdp_store16(p + 6, inner->df ? htobe16(0x4000) : 0);
	sum += htobe16(inner->tos);
	sum += (uint64_t)pdp_load16(p + 2) + pdp_load16(p + 4) + pdp_load16(p + 6);
	pdp_store16(p + 10, pdp_sum_finish(sum));
}

static void finish_ipv6(const struct pdp_outer *outer, uint8_t *p, uint32_t total,
			const struct pdp_inner *inner)
{
	uint32_t first = 6u << 28 | (uint32_t)inner->tos << 20 | (inner->hash & 0xfffff);
	uint64_t sum = pdp_sum_add(outer->sum, htobe16(total - IPV6_LEN));
	uint16_t check;

	pdp_store32(p, htobe32(first));
	pdp_store16(p + 4, htobe16(total - IPV6_LEN));
	check = pdp_sum_finish(pdp_sum_bytes(sum, p + IPV6_LEN, total - IPV6_LEN));
	pdp_store16(p + IPV6_LEN + 6, check ? check : 0xffff);
}

uint8_t *pdp_outer_push(const struct pdp_outer *outer, uint8_t *data, uint32_t len,
			const struct pdp_inner *inner)
{
	uint32_t ip_len = outer->family == 4 ? IPV4_LEN : IPV6_LEN;
	uint32_t total = outer->len + len;
	uint8_t *p = data - outer->len;

	memcpy(p, outer->bytes, outer->len);
	pdp_store16(p + ip_len + 4, htobe16(total - ip_len));
	if (outer->vxlan) {
		pdp_store16(p + ip_len, htobe16(PDP_VXLAN_SPORT_MIN | (inner->hash & 0x3fff)));
		memcpy(data - 14, inner->mac, 6);
		pdp_store16(data - 2, htobe16(inner->proto));
	}
	if (outer->family == 4)
		finish_ipv4(outer, p, total, inner);
	else
		finish_ipv6(outer, p, total, inner);
	return p;
}
