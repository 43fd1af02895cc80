/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * router_fixture.h - packets, vifs and rtnetlink messages, and a router to hand them to, for its tests.
 *
 *   vif 1  udp over IPv4      vif 3  vxlan over IPv4, VNI 42, MAC 02:00:00:00:00:03
 *   vif 2  udp over IPv6      vif 4  vxlan over IPv6, VNI 43, MAC 02:00:00:00:00:04
 */
#ifndef ROUTER_FIXTURE_H
#define ROUTER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>

#include "fe-agent/checksum.h"
#include "fe-agent/dataplane.h"
#include "fe-agent/encap.h"

#define UNUSED __attribute__((unused))

static const uint8_t MAC3[6] = {2, 0, 0, 0, 0, 3};
static const uint8_t MAC4[6] = {2, 0, 0, 0, 0, 4};
static const uint8_t MAC_FAR[6] = {2, 0xfa, 0, 0, 0, 9};

/* A frame of a UMEM: room in front, then the packet. */
struct frame {
	uint8_t room[PDP_DP_HEADROOM];
	uint8_t bytes[2048];
	struct pdp_packet pkt;
};

UNUSED static uint8_t *put_addr(int af, const char *text, uint8_t *to)
{
	assert_int_equal(inet_pton(af, text, to), 1);
	return to;
}

UNUSED static struct pdp_dp_vif make_vif(uint16_t id)
{
	struct pdp_dp_vif vif = {
		.id = id,
		.encap = id <= 2 ? PDP_DP_UDP : PDP_DP_VXLAN,
		.family = id % 2 ? 4 : 6,
		.mtu = 1400,
		.local_port = htons(id <= 2 ? 5000 + id : PDP_VXLAN_PORT),
		.remote_port = htons(id <= 2 ? 6000 + id : PDP_VXLAN_PORT),
		.ttl = 60 + id,
		.vni = id <= 2 ? 0 : htonl((39 + id) << 8),
		.mac = {2, 0, 0, 0, 0, id},
	};

	if (vif.family == 4) {
		put_addr(AF_INET, "192.0.2.1", vif.local);
		put_addr(AF_INET, "192.0.2.2", vif.remote);
	} else {
		put_addr(AF_INET6, "2001:db8:ffff::1", vif.local);
		put_addr(AF_INET6, "2001:db8:ffff::2", vif.remote);
	}
	return vif;
}

/* --- packets: well-formed UDP, which a test then spoils ------------------------------------- */

UNUSED static void fix_check4(uint8_t *ip)
{
	pdp_store16(ip + 10, 0);
	pdp_store16(ip + 10, pdp_sum_finish(pdp_sum_bytes(0, ip, (ip[0] & 0xf) * 4)));
}

UNUSED static void make4(struct frame *f, const char *src, const char *dst, uint16_t len)
{
	uint8_t *ip = f->bytes;
	unsigned int i;

	memset(f, 0, sizeof(*f));
	for (i = 20; i < len; i++)
		ip[i] = i * 7;
	ip[0] = 0x45;
	pdp_store16(ip + 2, htons(len));
	pdp_store16(ip + 4, htons(0x1234));
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	put_addr(AF_INET, src, ip + 12);
	put_addr(AF_INET, dst, ip + 16);
	fix_check4(ip);
	f->pkt = (struct pdp_packet){
		.data = ip, .len = len, .hash = 0x89abcdef, .proto = ETH_P_IP, .vif = 1};
}

UNUSED static void make6(struct frame *f, const char *src, const char *dst, uint16_t len)
{
	uint8_t *ip = f->bytes;
	unsigned int i;

	memset(f, 0, sizeof(*f));
	for (i = 40; i < len; i++)
		ip[i] = i * 5;
	ip[0] = 0x60;
	pdp_store16(ip + 4, htons(len - 40));
	ip[6] = IPPROTO_UDP;
	ip[7] = 64;
	put_addr(AF_INET6, src, ip + 8);
	put_addr(AF_INET6, dst, ip + 24);
	f->pkt = (struct pdp_packet){
		.data = ip, .len = len, .hash = 0x89abcdef, .proto = ETH_P_IPV6, .vif = 1};
}

/* Put a packet into a frame from the far end to vif 3. */
UNUSED static void make_frame(struct frame *f)
{
	uint16_t proto = f->pkt.proto;

	memmove(f->bytes + 14, f->bytes, f->pkt.len);
	memcpy(f->bytes, MAC3, 6);
	memcpy(f->bytes + 6, MAC_FAR, 6);
	pdp_store16(f->bytes + 12, htons(proto));
	f->pkt.len += 14;
	f->pkt.proto = PDP_PROTO_ETHERNET;
	f->pkt.vif = 3;
}

/* --- rtnetlink messages ----------------------------------------------------------------------- */

struct nlbuf {
	uint8_t bytes[8192] __attribute__((aligned(8)));
	size_t len;
};

UNUSED static void nl_end(struct nlbuf *b, struct nlmsghdr *nlh)
{
	b->len += MNL_ALIGN(nlh->nlmsg_len);
	assert_true(b->len <= sizeof(b->bytes));
}

UNUSED static struct nlmsghdr *nl_begin(struct nlbuf *b, uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(b->bytes + b->len);

	nlh->nlmsg_type = type;
	return nlh;
}

UNUSED static void put_ip(struct nlmsghdr *nlh, uint16_t attr, uint8_t af, const char *text)
{
	uint8_t addr[16];

	mnl_attr_put(nlh, attr, af == AF_INET ? 4 : 16, put_addr(af, text, addr));
}

UNUSED static uint8_t af_of(const char *text)
{
	return strchr(text, ':') ? AF_INET6 : AF_INET;
}

/* A route as the kernel reports it; via, vif and metric may be NULL or 0 for none. */
UNUSED static void nl_route(struct nlbuf *b, uint16_t type, uint8_t rtn, const char *dst,
			    uint8_t len, const char *via, uint32_t vif, uint32_t metric)
{
	struct nlmsghdr *nlh = nl_begin(b, type);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = af_of(dst);
	rtm->rtm_dst_len = len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_type = rtn;
	mnl_attr_put_u32(nlh, RTA_TABLE, RT_TABLE_MAIN);
	if (len)
		put_ip(nlh, RTA_DST, rtm->rtm_family, dst);
	if (metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, metric);
	if (via)
		put_ip(nlh, RTA_GATEWAY, rtm->rtm_family, via);
	if (vif)
		mnl_attr_put_u32(nlh, RTA_OIF, vif);
	nl_end(b, nlh);
}

UNUSED static void nl_neigh(struct nlbuf *b, uint16_t type, uint16_t state, const char *dst,
			    uint32_t vif, const uint8_t mac[6])
{
	struct nlmsghdr *nlh = nl_begin(b, type);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = af_of(dst);
	ndm->ndm_ifindex = vif;
	ndm->ndm_state = state;
	put_ip(nlh, NDA_DST, ndm->ndm_family, dst);
	if (mac)
		mnl_attr_put(nlh, NDA_LLADDR, 6, mac);
	nl_end(b, nlh);
}

UNUSED static void nl_addr(struct nlbuf *b, uint16_t type, const char *addr, uint8_t len,
			   uint32_t vif)
{
	struct nlmsghdr *nlh = nl_begin(b, type);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = af_of(addr);
	ifa->ifa_prefixlen = len;
	ifa->ifa_index = vif;
	put_ip(nlh, IFA_ADDRESS, ifa->ifa_family, addr);
	if (ifa->ifa_family == AF_INET)
		put_ip(nlh, IFA_LOCAL, ifa->ifa_family, addr);
	nl_end(b, nlh);
}

UNUSED static int nl_apply(struct pdp_dataplane *dp, struct nlbuf *b)
{
	int err = pdp_router.netlink(dp, b->bytes, b->len, NULL);

	b->len = 0;
	return err;
}

/* --- a router with the four vifs ---------------------------------------------------------------- */

/* A router with the four vifs and no route. */
UNUSED static struct pdp_dataplane *make_empty(void)
{
	struct pdp_dataplane *dp;
	uint16_t id;

	assert_int_equal(pdp_router.init(&dp, NULL), 0);
	for (id = 1; id <= 4; id++) {
		struct pdp_dp_vif vif = make_vif(id);

		assert_int_equal(pdp_router.set_vif(dp, &vif), 0);
	}
	return dp;
}

/* And a route of each kind. */
UNUSED static struct pdp_dataplane *make_router(void)
{
	struct pdp_dataplane *dp = make_empty();
	struct nlbuf b = {.len = 0};

	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.1.0.0", 16, NULL, 1, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.2.0.0", 16, NULL, 2, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.3.0.0", 16, NULL, 3, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.30.0.0", 16, "10.3.0.9", 3, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.4.0.0", 16, "10.3.0.9", 4, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "10.9.0.0", 16, NULL, 9, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_BLACKHOLE, "10.5.0.0", 16, NULL, 0, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNREACHABLE, "10.6.0.0", 16, NULL, 0, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_PROHIBIT, "10.7.0.0", 16, NULL, 0, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "169.254.0.0", 16, NULL, 1, 0);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "2001:db8:1::", 48, NULL, 1, 1024);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "2001:db8:2::", 48, NULL, 2, 1024);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "2001:db8:3::", 48, "fe80::9", 3, 1024);
	nl_route(&b, RTM_NEWROUTE, RTN_UNICAST, "2001:db8:4::", 48, "fe80::9", 4, 1024);
	nl_route(&b, RTM_NEWROUTE, RTN_BLACKHOLE, "2001:db8:5::", 48, NULL, 0, 1024);
	nl_neigh(&b, RTM_NEWNEIGH, NUD_REACHABLE, "10.3.0.9", 3, MAC_FAR);
	nl_neigh(&b, RTM_NEWNEIGH, NUD_STALE, "10.3.0.9", 4, MAC_FAR);
	nl_neigh(&b, RTM_NEWNEIGH, NUD_PERMANENT, "fe80::9", 3, MAC_FAR);
	nl_neigh(&b, RTM_NEWNEIGH, NUD_PERMANENT, "fe80::9", 4, MAC_FAR);
	nl_addr(&b, RTM_NEWADDR, "10.1.0.1", 16, 1);
	nl_addr(&b, RTM_NEWADDR, "2001:db8:1::1", 48, 1);
	assert_int_equal(nl_apply(dp, &b), 0);
	return dp;
}

/* The inner Ethernet header of what leaves a vxlan vif, len bytes of IP behind it. */
UNUSED static const uint8_t *inner_frame(const struct frame *f, uint32_t len)
{
	return f->pkt.data + f->pkt.len - len - 14;
}

UNUSED static void run(struct pdp_dataplane *dp, struct frame *f)
{
	pdp_router.burst(dp, &f->pkt, 1);
	pdp_router.quiescent(dp);
}

/* --- one route, one packet ---------------------------------------------------------------------- */

#define LOCAL 0
#define DROPPED -1

/* Where a packet from 198.51.100.1 or 2001:db8:99::1 goes: a vif, LOCAL or DROPPED. */
UNUSED static int where(struct pdp_dataplane *dp, const char *dst, uint32_t hash)
{
	struct frame f;

	if (af_of(dst) == AF_INET)
		make4(&f, "198.51.100.1", dst, 60);
	else
		make6(&f, "2001:db8:99::1", dst, 60);
	f.pkt.hash = hash;
	run(dp, &f);
	if (f.pkt.op == PDP_OP_FORWARD)
		return f.pkt.vif;
	return f.pkt.op == PDP_OP_LOCAL ? LOCAL : DROPPED;
}

#define assert_where(dp, dst, what) assert_int_equal(where(dp, dst, 0), what)

UNUSED static int route(struct pdp_dataplane *dp, uint16_t type, uint8_t rtn, const char *dst,
			uint8_t len, const char *via, uint32_t vif, uint32_t metric)
{
	struct nlbuf b = {.len = 0};

	nl_route(&b, type, rtn, dst, len, via, vif, metric);
	return nl_apply(dp, &b);
}

UNUSED static int add(struct pdp_dataplane *dp, const char *dst, uint8_t len, uint32_t vif,
		      uint32_t metric)
{
	return route(dp, RTM_NEWROUTE, RTN_UNICAST, dst, len, NULL, vif, metric);
}

UNUSED static int del(struct pdp_dataplane *dp, const char *dst, uint8_t len, uint32_t vif,
		      uint32_t metric)
{
	return route(dp, RTM_DELROUTE, RTN_UNICAST, dst, len, NULL, vif, metric);
}

UNUSED static void assert_routes(struct pdp_dataplane *dp, uint64_t want4, uint64_t want6)
{
	uint64_t routes4, routes6;

	pdp_router.routes(dp, &routes4, &routes6);
	assert_int_equal(routes4, want4);
	assert_int_equal(routes6, want6);
}

#endif
