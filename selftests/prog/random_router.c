/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* random_router.c - random tables and frames for a router; see random_router.h. */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fe-agent/checksum.h"
#include "selftests/prog/random_router.h"

#define VIFS 8 /* routes lead to two more, which are not there */
#define ROUTES 150
#define NEIGHBOURS 120

/* xorshift64 (Marsaglia, 2003). */
static uint32_t below(uint32_t n)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 32) % n;
}

static bool once_in(uint32_t n)
{
	return !below(n);
}

static void fill(uint8_t *to, size_t len)
{
	while (len--)
		*to++ = below(256);
}

/* Few bits vary, so that routes nest and packets meet them; and the odd address of a special kind. */
static void draw4(uint8_t *addr)
{
	static const uint32_t odd[] = {0,	   0x7f000001, 0xe0000005, 0xffffffff,
				       0xf0000001, 0xa9fe0101, 0x00000001};
	uint32_t a = 0x0a000000 | below(4) << 20 | below(4) << 14 | below(4) << 7 | below(4);

	a = htonl(once_in(30) ? odd[below(7)] : a);
	memcpy(addr, &a, 4);
}

static void draw6(uint8_t *addr)
{
	static const char *const odd[] = {"::",	    "::1", "ff02::5", "fe80::1", "::ffff:10.0.0.1",
					  "ff0e::1"};
	static const uint8_t ours[16] = {0x20, 0x01, 0x0d, 0xb8};

	memcpy(addr, ours, 16);
	addr[3 + below(13)] ^= below(4) << below(7);
	addr[15] ^= below(4);
	if (once_in(30))
		inet_pton(AF_INET6, odd[below(6)], addr);
}

/* --- tables ----------------------------------------------------------------------------------------- */

static void must(int rc, const char *what)
{
	if (!rc)
		return;
	fprintf(stderr, "random router: %s: %s\n", what, strerror(-rc));
	abort();
}

static struct pdp_dp_vif draw_vif(uint16_t id)
{
	struct pdp_dp_vif vif = {
		.id = id,
		.encap = once_in(2) ? PDP_DP_UDP : PDP_DP_VXLAN,
		.family = once_in(2) ? 4 : 6,
		.mtu = once_in(4) ? 100 + below(1400) : 1400,
		.local_port = below(65536),
		.remote_port = below(65536),
		.ttl = below(256),
		.mac = {2, 0, 0, 0, 0, id},
	};

	vif.vni = vif.encap == PDP_DP_VXLAN ? htonl(below(1 << 24) << 8) : 0;
	fill(vif.local, vif.family == 4 ? 4 : 16);
	fill(vif.remote, vif.family == 4 ? 4 : 16);
	return vif;
}

static void put_path(struct nlmsghdr *nlh, uint8_t family, uint16_t vif)
{
	uint8_t gateway[16];

	mnl_attr_put_u32(nlh, RTA_OIF, vif);
	if (once_in(2))
		return;
	if (family == 6 || once_in(3)) {
		struct {
			uint16_t family;
			uint8_t addr[16];
		} via = {.family = AF_INET6};

		draw6(via.addr);
		if (family == 6)
			mnl_attr_put(nlh, RTA_GATEWAY, 16, via.addr);
		else
			mnl_attr_put(nlh, RTA_VIA, sizeof(via), &via);
		return;
	}
	draw4(gateway);
	mnl_attr_put(nlh, RTA_GATEWAY, 4, gateway);
}

static void put_paths(struct nlmsghdr *nlh, uint8_t family, unsigned int n)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);

	while (n--) {
		struct rtnexthop *rtnh = mnl_nlmsg_get_payload_tail(nlh);
		uint8_t gateway[16];

		memset(rtnh, 0, sizeof(*rtnh));
		rtnh->rtnh_ifindex = 1 + below(VIFS + 2);
		rtnh->rtnh_hops = below(256);
		nlh->nlmsg_len += MNL_ALIGN(sizeof(*rtnh));
		if (once_in(2)) {
			draw6(gateway);
			if (family == 4)
				draw4(gateway);
			mnl_attr_put(nlh, RTA_GATEWAY, family == 4 ? 4 : 16, gateway);
		}
		rtnh->rtnh_len = (char *)mnl_nlmsg_get_payload_tail(nlh) - (char *)rtnh;
	}
	mnl_attr_nest_end(nlh, nest);
}

static void clear_host_bits(uint8_t *addr, unsigned int len, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++) {
		unsigned int keep = len >= 8 * (i + 1) ? 8 : len > 8 * i ? len - 8 * i : 0;

		addr[i] &= 0xff00 >> keep;
	}
}

static void draw_route(struct pdp_dataplane *dp, uint8_t family)
{
	static const uint8_t types[] = {RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_LOCAL};
	uint8_t buf[4096] __attribute__((aligned(8))), dst[16];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	nlh->nlmsg_type = RTM_NEWROUTE;
	rtm->rtm_family = family == 4 ? AF_INET : AF_INET6;
	rtm->rtm_dst_len = once_in(20) ? 0 : 8 + below(family == 4 ? 25 : 121);
	rtm->rtm_type = once_in(8) ? types[below(3)] : RTN_UNICAST;
	rtm->rtm_table = rtm->rtm_type == RTN_LOCAL ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
	if (family == 4)
		draw4(dst);
	else
		draw6(dst);
	clear_host_bits(dst, rtm->rtm_dst_len, family == 4 ? 4 : 16);
	if (rtm->rtm_dst_len)
		mnl_attr_put(nlh, RTA_DST, family == 4 ? 4 : 16, dst);
	if (rtm->rtm_type == RTN_UNICAST && once_in(4))
		put_paths(nlh, family, 2 + below(31));
	else if (rtm->rtm_type != RTN_BLACKHOLE && rtm->rtm_type != RTN_UNREACHABLE)
		put_path(nlh, family, 1 + below(VIFS + 2));
	/* What the router refuses (a special address) is not in its tables: that is all. */
	pdp_router.netlink(dp, buf, MNL_ALIGN(nlh->nlmsg_len), NULL);
}

static void draw_neighbour(struct pdp_dataplane *dp)
{
	uint8_t buf[256] __attribute__((aligned(8))), mac[6] = {2, 0xfa}, addr[16];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	bool v4 = once_in(2);

	nlh->nlmsg_type = RTM_NEWNEIGH;
	ndm->ndm_family = v4 ? AF_INET : AF_INET6;
	ndm->ndm_ifindex = 1 + below(VIFS);
	ndm->ndm_state = NUD_REACHABLE;
	if (v4)
		draw4(addr);
	else
		draw6(addr);
	fill(mac + 2, 4);
	mnl_attr_put(nlh, NDA_DST, v4 ? 4 : 16, addr);
	mnl_attr_put(nlh, NDA_LLADDR, 6, mac);
	must(pdp_router.netlink(dp, buf, MNL_ALIGN(nlh->nlmsg_len), NULL), "neighbour");
}

void random_router(struct pdp_dataplane *dp)
{
	pdp_router.renew(dp);
	for (uint16_t id = 1; id <= VIFS; id++) {
		struct pdp_dp_vif vif = draw_vif(id);

		must(pdp_router.set_vif(dp, &vif), "vif");
	}
	for (int i = 0; i < ROUTES; i++) {
		draw_route(dp, 4);
		draw_route(dp, 6);
	}
	for (int i = 0; i < NEIGHBOURS * VIFS; i++)
		draw_neighbour(dp);
	pdp_router.sweep(dp);
}

/* A route of a length to a vif; false: it is taken out. */
static void set_route(struct pdp_dataplane *dp, const void *addr, uint8_t family, uint8_t len,
		      uint32_t vif, bool there)
{
	uint8_t buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	nlh->nlmsg_type = there ? RTM_NEWROUTE : RTM_DELROUTE;
	rtm->rtm_family = family == 4 ? AF_INET : AF_INET6;
	rtm->rtm_dst_len = len;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_table = RT_TABLE_MAIN;
	if (len)
		mnl_attr_put(nlh, RTA_DST, family == 4 ? 4 : 16, addr);
	mnl_attr_put_u32(nlh, RTA_OIF, vif);
	must(pdp_router.netlink(dp, buf, MNL_ALIGN(nlh->nlmsg_len), NULL), "route");
}

void random_default(struct pdp_dataplane *dp, uint16_t vif)
{
	set_route(dp, NULL, 4, 0, vif, true);
	set_route(dp, NULL, 6, 0, vif, true);
}

/* --- frames ----------------------------------------------------------------------------------------- */

static const uint8_t head[] = {2, 0xfe, 0, 0, 1, 1, 2, 0xfe, 0, 0, 2, 1, 0x88, 0xb5};

static void put16(uint8_t *at, uint16_t value)
{
	pdp_store16(at, htons(value));
}

static uint8_t draw_ttl(void)
{
	return once_in(10) ? below(3) : 3 + below(253);
}

static uint32_t build4(uint8_t *ip, uint32_t len)
{
	fill(ip, len);
	ip[0] = once_in(30) ? below(256) : 0x45;
	put16(ip + 2, once_in(20) ? below(len + 40) : len);
	ip[8] = draw_ttl();
	draw4(ip + 12);
	draw4(ip + 16);
	pdp_store16(ip + 10, 0);
	pdp_store16(ip + 10, pdp_sum_finish(pdp_sum_bytes(0, ip, 20)));
	if (once_in(25))
		ip[below(20)] ^= 1 << below(8);
	return len;
}

static uint32_t build6(uint8_t *ip, uint32_t len)
{
	len += 20;
	fill(ip, len);
	ip[0] = once_in(30) ? below(256) : 0x60 | (ip[0] & 0xf);
	put16(ip + 4, once_in(20) ? below(len) : len - 40);
	ip[6] = once_in(20) ? 0 : 17;
	ip[7] = draw_ttl();
	draw6(ip + 8);
	draw6(ip + 24);
	return len;
}

/* An IP packet of a vif, or a frame around one; *proto is what the tag says of it. */
static uint32_t build_inner(uint8_t *at, uint32_t len, uint16_t vif, uint16_t *proto)
{
	static const uint8_t group[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t mac[6] = {2, 0, 0, 0, 0, vif}, *ip = at;
	bool v4 = once_in(2), frame = once_in(2);

	if (frame) {
		ip += 14;
		fill(at, 14);
		memcpy(at, once_in(20) ? group : mac, 6);
		put16(at + 12, once_in(20) ? 0x0806 : v4 ? 0x0800 : 0x86dd);
	}
	*proto = frame ? PDP_PROTO_ETHERNET : v4 ? 0x0800 : 0x86dd;
	if (once_in(40))
		*proto = once_in(2) ? PDP_PROTO_BYTES : 0x0800;
	return (v4 ? build4(ip, len) : build6(ip, len)) + (ip - at);
}

uint32_t random_frame(uint8_t *frame, size_t room)
{
	uint16_t vif = 1 + below(VIFS), proto;
	uint32_t len = 20 + below(once_in(4) ? 1400 : 100);
	uint8_t *tag = frame + sizeof(head);

	memcpy(frame, head, sizeof(head));
	fill(tag, 16);
	len = build_inner(tag + 16, len, vif, &proto);
	tag[0] = once_in(50) ? below(256) : 0x11;
	tag[1] = once_in(50) ? below(256) : once_in(4) ? below(4) : 0;
	put16(tag + 2, proto);
	put16(tag + 6, vif);
	len += 30;
	if (once_in(5)) {
		uint32_t more = below(40);

		fill(frame + len, more);
		len += more;
	}
	if (once_in(20))
		len = 14 + below(len - 14);
	return len < room ? len : room;
}

/* --- routes that come and go ------------------------------------------------------------------------- */

#define FLAP_DST 0x0a140509 /* 10.20.5.9 */

void random_flap_vifs(struct pdp_dataplane *dp)
{
	const uint32_t dst = htonl(FLAP_DST & 0xffff0000);

	for (uint16_t id = 1; id <= FLAP_VIFS; id++) {
		struct pdp_dp_vif vif = draw_vif(id);

		vif.encap = PDP_DP_UDP;
		vif.mtu = 1400;
		must(pdp_router.set_vif(dp, &vif), "vif");
	}
	set_route(dp, &dst, 4, 16, 1, true);
}

void random_flap(struct pdp_dataplane *dp, unsigned int n)
{
	const uint32_t wide = htonl(FLAP_DST & 0xffffff00), narrow = htonl(FLAP_DST);
	const uint32_t elsewhere = htonl(0x0b000000 | n % 7 << 16 | n % 251);
	const struct {
		const void *dst;
		uint8_t len;
		uint16_t vif;
		bool there;
	} steps[] = {
		{&narrow, 32, 3, true},
		{&wide, 24, 2, true},
		{&wide, 24, 2, false},
		{&narrow, 32, 3, false},
		/* Takes the groups that were let go, and fills them with something else. */
		{&elsewhere, 32, VIFS + 2, true},
		{&elsewhere, 32, VIFS + 2, false},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		set_route(dp, steps[i].dst, 4, steps[i].len, steps[i].vif, steps[i].there);
		/* For packets to come by. */
		usleep(50);
	}
}

uint32_t random_flap_frame(uint8_t *frame)
{
	const uint32_t dst = htonl(FLAP_DST + below(2)), src = htonl(0x0a000001);
	uint8_t *tag = frame + sizeof(head), *ip = tag + 16;

	memcpy(frame, head, sizeof(head));
	memset(tag, 0, 16 + 60);
	tag[0] = 0x11;
	put16(tag + 2, 0x0800);
	put16(tag + 6, 1);
	ip[0] = 0x45;
	put16(ip + 2, 60);
	ip[8] = 64;
	memcpy(ip + 12, &src, 4);
	memcpy(ip + 16, &dst, 4);
	pdp_store16(ip + 10, pdp_sum_finish(pdp_sum_bytes(0, ip, 20)));
	return sizeof(head) + 16 + 60;
}
