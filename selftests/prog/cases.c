/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cases.c - the good frame that a case begins with. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "selftests/prog/cases.h"

static const uint8_t host_macs[12] = {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2};
static const uint8_t inner_macs[12] = {0x02, 0xe0, 0, 0, 0, 2, 0x02, 0xe0, 0, 0, 0, 1};

static void put_inner_ipv4(struct packet *p)
{
	uint32_t saddr = htonl(INNER_SADDR4), daddr = htonl(INNER_DADDR4);

	packet_put_ipv4(p, IPPROTO_UDP, &saddr, &daddr);
}

static void put_inner_ipv6(struct packet *p)
{
	uint32_t saddr[4] = {htonl(0xfd000000), 0, 0, htonl(INNER_SADDR6)};
	uint32_t daddr[4] = {htonl(0xfd000000), 0, 0, htonl(INNER_DADDR6)};

	packet_put_ipv6(p, IPPROTO_UDP, saddr, daddr);
}

/* RFC 826, a request. */
static void put_arp(struct packet *p)
{
	packet_put32(p, 0x00010800);
	packet_put32(p, 0x06040001);
	packet_put(p, inner_macs + 6, 6);
	packet_put32(p, INNER_SADDR4);
	packet_put(p, "\0\0\0\0\0\0", 6);
	packet_put32(p, INNER_DADDR4);
}

static void put_inner_ip(struct packet *p, enum inner inner)
{
	packet_mark(p, AT_INNER_L3);
	if (inner == INNER_IPV6_UDP)
		put_inner_ipv6(p);
	else
		put_inner_ipv4(p);
	packet_mark(p, AT_INNER_L4);
	packet_put16(p, INNER_SPORT);
	packet_put16(p, INNER_DPORT);
	packet_put16(p, 16);
	packet_put16(p, 0);
	packet_mark(p, AT_PAYLOAD);
	packet_put(p, "payload.", 8);
	packet_edit(p, &(struct edit)FIT_INNER);
}

static void put_inner(struct packet *p, enum inner inner, bool ethernet)
{
	static const uint16_t ethertype[] = {0x0800, 0x86dd, 0x0806};

	packet_mark(p, AT_INNER);
	if (inner == INNER_NOTHING)
		return;
	if (ethernet) {
		packet_put(p, inner_macs, sizeof(inner_macs));
		packet_put16(p, ethertype[inner]);
	}
	if (inner == INNER_ARP)
		put_arp(p);
	else
		put_inner_ip(p, inner);
}

/* The tunnel packet, from the outer IP header on. */
static void put_tunnel(struct packet *p, const struct pdp_vif *vif, bool in, enum inner inner)
{
	const struct pdp_addr *from = in ? &vif->remote : &vif->local;
	const struct pdp_addr *to = in ? &vif->local : &vif->remote;
	bool vxlan = vif->owner.encap == PDP_ENCAP_VXLAN;

	packet_mark(p, AT_L3);
	if (vif->owner.family == 4)
		packet_put_ipv4(p, IPPROTO_UDP, &from->word[3], &to->word[3]);
	else
		packet_put_ipv6(p, IPPROTO_UDP, from, to);
	packet_mark(p, AT_L4);
	packet_put16(p, vxlan ? 55555 : ntohs(in ? vif->remote_port : vif->local_port));
	packet_put16(p, ntohs(in ? vif->local_port : vif->remote_port));
	packet_put32(p, 0);
	packet_mark(p, AT_VXLAN);
	if (vxlan) {
		packet_put32(p, PDP_VXLAN_FLAG_I);
		packet_put32(p, ntohl(vif->vni));
	}
	put_inner(p, inner, vxlan);
	packet_edit(p, &(struct edit)FIT);
}

static void put_vlans(struct packet *p, uint32_t vlans)
{
	if (vlans & 0xffff) {
		packet_put16(p, 0x88a8);
		packet_put16(p, vlans >> 16);
		packet_put16(p, 0x8100);
		packet_put16(p, vlans & 0xffff);
	} else if (vlans) {
		packet_put16(p, 0x8100);
		packet_put16(p, vlans >> 16);
	}
}

static void put_tag(struct packet *p, enum pdp_op op, uint16_t proto, uint16_t vnet, uint16_t vif)
{
	packet_put16(p, PDP_ETHERTYPE);
	packet_mark(p, AT_TAG);
	packet_put8(p, PDP_WIRE_VERSION << 4 | op);
	packet_put8(p, 0);
	packet_put16(p, proto);
	packet_put16(p, vnet);
	packet_put16(p, vif);
	packet_put32(p, 0x12345678);
	packet_put32(p, 9);
}

void case_build(const struct node *node, const struct packet_case *c, struct packet *p)
{
	const struct pdp_vif *vif = &node->vif[c->vif];
	uint16_t underlay = vif->owner.family == 4 ? 0x0800 : 0x86dd;
	uint16_t proto = c->inner == INNER_IPV6_UDP ? 0x86dd : 0x0800;
	bool vxlan = vif->owner.encap == PDP_ENCAP_VXLAN;

	memset(p, 0, sizeof(*p));
	packet_put(p, host_macs, sizeof(host_macs));
	switch (c->way) {
	case WAY_OUT:
		put_tag(p, PDP_OP_FORWARD, underlay, vif->owner.vnet, c->vif);
		put_tunnel(p, vif, false, c->inner);
		break;
	case WAY_DELAYED:
		put_tag(p, PDP_OP_FORWARD, underlay, vif->owner.vnet, c->vif);
		put_tunnel(p, vif, false, c->inner);
		break;
	case WAY_LOCAL:
		put_tag(p, PDP_OP_LOCAL, vxlan ? PDP_PROTO_ETHERNET : proto, vif->owner.vnet,
			c->vif);
		put_inner(p, c->inner, vxlan);
		break;
	case WAY_CONTROL:
		p->len = vxlan ? 0 : p->len;
		if (!vxlan)
			packet_put16(p, proto);
		put_inner(p, c->inner, vxlan);
		break;
	case WAY_GUEST:
		put_tag(p, PDP_OP_INPUT, 0x0800, vif->owner.vnet, c->vif);
		put_inner(p, c->inner, false);
		break;
	case WAY_IN:
	case WAY_PASS:
		put_vlans(p, vif->vlans);
		packet_put16(p, underlay);
		put_tunnel(p, vif, true, c->inner);
		break;
	}
}
