/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_router.c - the data plane `router`: bytes in, verdicts and bytes out.
 */
#include "selftests/unit/router_fixture.h"

#include <errno.h>
#include <stdlib.h>

static void assert_verdict(struct frame *f, uint8_t op, uint8_t drop)
{
	assert_int_equal(f->pkt.op, op);
	assert_int_equal(f->pkt.drop, drop);
}

/* A packet that is not forwarded comes back as it was. */
static void expect(struct pdp_dataplane *dp, struct frame *f, uint8_t op, uint8_t drop)
{
	struct frame before = *f;

	run(dp, f);
	assert_verdict(f, op, drop);
	assert_int_equal(f->pkt.vif, before.pkt.vif);
	assert_int_equal(f->pkt.len, before.pkt.len);
	assert_int_equal(f->pkt.proto, before.pkt.proto);
	assert_ptr_equal(f->pkt.data, f->bytes);
	assert_memory_equal(f->bytes, before.bytes, sizeof(f->bytes));
}

static void expect_local(struct pdp_dataplane *dp, struct frame *f)
{
	expect(dp, f, PDP_OP_LOCAL, dp_none);
}

static void expect_drop(struct pdp_dataplane *dp, struct frame *f, uint8_t drop)
{
	expect(dp, f, PDP_OP_DROP, drop);
}

/* Take the outer headers of vif id off, checking all of them; returns the inner IP packet. */
static uint8_t *check_outer(struct frame *f, uint16_t id, uint32_t *len, uint8_t *tos)
{
	struct pdp_dp_vif vif = make_vif(id);
	uint8_t *p = f->pkt.data, *udp;
	uint32_t left = f->pkt.len;

	assert_verdict(f, PDP_OP_FORWARD, dp_none);
	assert_int_equal(f->pkt.vif, id);
	if (vif.family == 4) {
		assert_int_equal(f->pkt.proto, ETH_P_IP);
		assert_int_equal(p[0], 0x45);
		assert_int_equal(ntohs(pdp_load16(p + 2)), left);
		assert_int_equal(ntohs(pdp_load16(p + 6)) & ~0x4000, 0);
		assert_int_equal(p[8], vif.ttl);
		assert_int_equal(p[9], IPPROTO_UDP);
		assert_int_equal(pdp_sum_fold(pdp_sum_bytes(0, p, 20)), 0xffff);
		assert_memory_equal(p + 12, vif.local, 4);
		assert_memory_equal(p + 16, vif.remote, 4);
		*tos = p[1];
		udp = p + 20;
	} else {
		uint64_t sum = pdp_sum_bytes(htons(IPPROTO_UDP), p + 8, 32);

		assert_int_equal(f->pkt.proto, ETH_P_IPV6);
		assert_int_equal(p[0] >> 4, 6);
		assert_int_equal(ntohs(pdp_load16(p + 4)), left - 40);
		assert_int_equal(p[6], IPPROTO_UDP);
		assert_int_equal(p[7], vif.ttl);
		assert_memory_equal(p + 8, vif.local, 16);
		assert_memory_equal(p + 24, vif.remote, 16);
		assert_int_not_equal(pdp_load16(p + 46), 0);
		sum += pdp_load16(p + 4);
		assert_int_equal(pdp_sum_fold(pdp_sum_bytes(sum, p + 40, left - 40)), 0xffff);
		*tos = p[0] << 4 | p[1] >> 4;
		udp = p + 40;
	}
	left -= udp - p;
	assert_int_equal(ntohs(pdp_load16(udp + 4)), left);
	assert_int_equal(pdp_load16(udp + 2), vif.remote_port);
	p = udp + 8;
	if (vif.encap == PDP_DP_UDP) {
		assert_int_equal(pdp_load16(udp), vif.local_port);
	} else {
		assert_true(ntohs(pdp_load16(udp)) >= PDP_VXLAN_SPORT_MIN);
		assert_int_equal(ntohl(pdp_load32(p)), PDP_VXLAN_FLAG_I);
		assert_int_equal(pdp_load32(p + 4), vif.vni);
		assert_memory_equal(p + 8, MAC_FAR, 6);
		assert_memory_equal(p + 14, id == 3 ? MAC3 : MAC4, 6);
		assert_int_equal(ntohs(pdp_load16(p + 20)),
				 p[22] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
		p += 22;
	}
	*len = left - (p - udp);
	return p;
}

/* The inner packet is the one that came in but for TTL, checksum and what tos says. */
static void expect_forward(struct pdp_dataplane *dp, struct frame *f, uint16_t id, uint8_t tos)
{
	uint8_t was[2048], *inner, *p = f->bytes, outer_tos;
	bool framed = f->pkt.proto == PDP_PROTO_ETHERNET;
	uint32_t len;

	if (framed)
		p += 14;
	memcpy(was, p, sizeof(was) - 14);
	run(dp, f);
	inner = check_outer(f, id, &len, &outer_tos);
	assert_ptr_equal(inner, p);
	assert_int_equal(outer_tos, tos);
	if (was[0] >> 4 == 4) {
		assert_int_equal(len, ntohs(pdp_load16(was + 2)));
		was[1] = tos;
		was[8]--;
		fix_check4(was);
	} else {
		assert_int_equal(len, 40 + ntohs(pdp_load16(was + 4)));
		was[0] = 0x60 | tos >> 4;
		was[1] = tos << 4 | (was[1] & 0xf);
		was[7]--;
	}
	assert_memory_equal(inner, was, len);
}

static void forwards_every_way(void **state)
{
	static const char *const dst4[] = {"10.1.0.9", "10.2.0.9", "10.3.0.9", "10.4.0.9"};
	static const char *const dst6[] = {"2001:db8:1::9", "2001:db8:2::9", "2001:db8:3::9",
					   "2001:db8:4::9"};
	struct pdp_dataplane *dp = make_router();
	struct frame f;
	unsigned int i, framed;
	uint16_t len;

	(void)state;
	for (i = 0; i < 4; i++) {
		for (framed = 0; framed < 2; framed++) {
			for (len = 20; len < 90; len++) {
				make4(&f, "198.51.100.1", dst4[i], len);
				if (framed)
					make_frame(&f);
				expect_forward(dp, &f, i + 1, 0);
			}
			for (len = 40; len < 90; len++) {
				make6(&f, "2001:db8:99::1", dst6[i], len);
				if (framed)
					make_frame(&f);
				expect_forward(dp, &f, i + 1, 0);
			}
		}
	}
	make4(&f, "198.51.100.1", "10.30.1.1", 1400);
	expect_forward(dp, &f, 3, 0);
	pdp_router.fini(dp);
}

static void forwards_a_burst(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct frame *f = calloc(PDP_BURST, sizeof(*f));
	struct pdp_packet pkts[PDP_BURST];
	unsigned int i;

	(void)state;
	for (i = 0; i < PDP_BURST; i++) {
		if (i % 3)
			make4(&f[i], "198.51.100.1", i % 2 ? "10.2.0.1" : "10.5.0.1", 28 + i);
		else
			make6(&f[i], "2001:db8:99::1", "2001:db8:3::9", 48 + i);
		pkts[i] = f[i].pkt;
	}
	pdp_router.burst(dp, pkts, PDP_BURST);
	pdp_router.quiescent(dp);
	for (i = 0; i < PDP_BURST; i++) {
		uint8_t tos;
		uint32_t len;

		f[i].pkt = pkts[i];
		if (i % 3 && !(i % 2)) {
			assert_verdict(&f[i], PDP_OP_DROP, dp_blackhole);
			continue;
		}
		check_outer(&f[i], i % 3 ? 2 : 3, &len, &tos);
		assert_int_equal(len, (i % 3 ? 28 : 48) + i);
	}
	free(f);
	pdp_router.fini(dp);
}

static void trims_what_trails(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct frame f;

	(void)state;
	make4(&f, "198.51.100.1", "10.1.0.9", 28);
	f.pkt.len += 18;
	expect_forward(dp, &f, 1, 0);
	make6(&f, "2001:db8:99::1", "2001:db8:1::9", 48);
	make_frame(&f);
	f.pkt.len += 1;
	expect_forward(dp, &f, 1, 0);
	pdp_router.fini(dp);
}

static void outer_df_follows_inner(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct frame f;

	(void)state;
	make4(&f, "198.51.100.1", "10.1.0.9", 28);
	expect_forward(dp, &f, 1, 0);
	assert_int_equal(pdp_load16(f.pkt.data + 6), 0);
	make4(&f, "198.51.100.1", "10.1.0.9", 28);
	pdp_store16(f.bytes + 6, htons(0x4000));
	fix_check4(f.bytes);
	expect_forward(dp, &f, 1, 0);
	assert_int_equal(pdp_load16(f.pkt.data + 6), htons(0x4000));
	make6(&f, "2001:db8:99::1", "2001:db8:1::9", 48);
	expect_forward(dp, &f, 1, 0);
	assert_int_equal(pdp_load16(f.pkt.data + 6), htons(0x4000));
	pdp_router.fini(dp);
}

/* RFC 6040, figure 4, whole: rows inner, columns outer Not-ECT, ECT(1), ECT(0), CE; -1 = drop. */
static void ecn_is_combined(void **state)
{
	static const int table[4][4] = {
		[PDP_ECN_NOT_ECT] = {0, 0, 0, -1},
		[PDP_ECN_ECT1] = {1, 1, 1, 3},
		[PDP_ECN_ECT0] = {2, 1, 2, 3},
		[PDP_ECN_CE] = {3, 3, 3, 3},
	};
	struct pdp_dataplane *dp = make_router();
	unsigned int inner, outer, v6, id;
	struct frame f;
	int ecn;

	(void)state;
	for (inner = 0; inner < 4; inner++) {
		for (outer = 0; outer < 4; outer++) {
			for (v6 = 0; v6 < 2; v6++) {
				for (id = 1; id <= 2; id++) {
					uint8_t tos = 0xb8 | inner;

					if (v6) {
						make6(&f, "2001:db8:99::1",
						      id == 1 ? "2001:db8:1::9" : "2001:db8:2::9",
						      60);
						f.bytes[0] = 0x60 | tos >> 4;
						f.bytes[1] = tos << 4 | 0x5;
					} else {
						make4(&f, "198.51.100.1",
						      id == 1 ? "10.1.0.9" : "10.2.0.9", 60);
						f.bytes[1] = tos;
						fix_check4(f.bytes);
					}
					f.pkt.ecn = outer;
					ecn = table[inner][outer];
					if (ecn < 0)
						expect_drop(dp, &f, dp_ecn);
					else
						expect_forward(dp, &f, id, 0xb8 | ecn);
				}
			}
		}
	}
	pdp_router.fini(dp);
}

static void local_verdicts(void **state)
{
	static const struct {
		const char *src, *dst;
	} cases[] = {
		{"198.51.100.1", "10.1.0.1"}, /* our address */
		{"198.51.100.1", "10.1.255.255"}, /* the prefix's broadcast */
		{"198.51.100.1", "10.6.0.1"}, /* unreachable */
		{"198.51.100.1", "10.7.0.1"}, /* prohibit */
		{"198.51.100.1", "172.16.0.1"}, /* no route */
		{"198.51.100.1", "224.0.0.5"}, /* OSPF */
		{"198.51.100.1", "255.255.255.255"},
		{"0.0.0.0", "255.255.255.255"}, /* DHCP */
		{"198.51.100.1", "10.3.0.77"}, /* neighbour not known */
		{"2001:db8:99::1", "2001:db8:1::1"},
		{"2001:db8:99::1", "2001:db8:77::1"},
		{"2001:db8:99::1", "ff02::5"},
		{"::", "ff02::1:ff00:1"}, /* duplicate address detection */
		{"fe80::1", "2001:db8:1::9"},
		{"2001:db8:99::1", "fe80::1"},
	};
	struct pdp_dataplane *dp = make_router();
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (af_of(cases[i].dst) == AF_INET)
			make4(&f, cases[i].src, cases[i].dst, 60);
		else
			make6(&f, cases[i].src, cases[i].dst, 60);
		expect_local(dp, &f);
		make_frame(&f);
		expect_local(dp, &f);
	}
	pdp_router.fini(dp);
}

static void ttl_and_mtu_are_local(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct frame f;
	uint8_t ttl;

	(void)state;
	for (ttl = 0; ttl < 3; ttl++) {
		make4(&f, "198.51.100.1", "10.1.0.9", 60);
		f.bytes[8] = ttl;
		fix_check4(f.bytes);
		if (ttl < 2)
			expect_local(dp, &f);
		else
			expect_forward(dp, &f, 1, 0);
		make6(&f, "2001:db8:99::1", "2001:db8:1::9", 60);
		f.bytes[7] = ttl;
		if (ttl < 2)
			expect_local(dp, &f);
		else
			expect_forward(dp, &f, 1, 0);
	}
	make4(&f, "198.51.100.1", "10.1.0.9", 1400);
	expect_forward(dp, &f, 1, 0);
	make4(&f, "198.51.100.1", "10.1.0.9", 1401);
	expect_local(dp, &f);
	make6(&f, "2001:db8:99::1", "2001:db8:3::9", 1400);
	expect_forward(dp, &f, 3, 0);
	make6(&f, "2001:db8:99::1", "2001:db8:3::9", 1401);
	expect_local(dp, &f);
	pdp_router.fini(dp);
}

static void options_are_local(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct frame f;

	(void)state;
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	f.bytes[0] = 0x46;
	fix_check4(f.bytes);
	expect_local(dp, &f);
	make6(&f, "2001:db8:99::1", "2001:db8:1::9", 60);
	f.bytes[6] = 0;
	expect_local(dp, &f);
	pdp_router.fini(dp);
}

static void bad_headers_are_dropped(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct frame f;
	uint32_t len;

	(void)state;
	for (len = 0; len < 60; len++) {
		make4(&f, "198.51.100.1", "10.1.0.9", 60);
		f.pkt.len = len;
		expect_drop(dp, &f, dp_bad_header);
		make6(&f, "2001:db8:99::1", "2001:db8:1::9", 60);
		f.pkt.len = len;
		expect_drop(dp, &f, dp_bad_header);
	}
	for (len = 0; len < 14; len++) {
		make4(&f, "198.51.100.1", "10.1.0.9", 60);
		make_frame(&f);
		f.pkt.len = len;
		expect_drop(dp, &f, dp_bad_header);
	}
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	f.bytes[0] = 0x55;
	fix_check4(f.bytes);
	expect_drop(dp, &f, dp_bad_header);
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	f.bytes[0] = 0x44;
	expect_drop(dp, &f, dp_bad_header);
	make4(&f, "198.51.100.1", "10.1.0.9", 20);
	f.bytes[0] = 0x4f;
	expect_drop(dp, &f, dp_bad_header);
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	pdp_store16(f.bytes + 2, htons(19));
	fix_check4(f.bytes);
	expect_drop(dp, &f, dp_bad_header);
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	f.bytes[10] ^= 1;
	expect_drop(dp, &f, dp_bad_header);
	make6(&f, "2001:db8:99::1", "2001:db8:1::9", 60);
	f.bytes[0] = 0x40;
	expect_drop(dp, &f, dp_bad_header);
	make6(&f, "2001:db8:99::1", "2001:db8:1::9", 60);
	pdp_store16(f.bytes + 4, htons(21));
	expect_drop(dp, &f, dp_bad_header);
	make6(&f, "2001:db8:99::1", "2001:db8:1::9", 60);
	f.pkt.proto = ETH_P_ARP;
	expect_drop(dp, &f, dp_bad_header);
	pdp_router.fini(dp);
}

static void bad_addresses_are_dropped(void **state)
{
	static const struct {
		const char *src, *dst;
	} cases[] = {
		{"224.0.0.1", "10.1.0.9"},
		{"127.0.0.1", "10.1.0.9"},
		{"0.0.0.0", "10.1.0.9"},
		{"0.1.2.3", "10.1.0.9"},
		{"240.0.0.1", "10.1.0.9"},
		{"255.255.255.255", "10.1.0.9"},
		{"198.51.100.1", "127.0.0.1"},
		{"198.51.100.1", "0.0.0.0"},
		{"198.51.100.1", "240.0.0.1"},
		{"198.51.100.1", "169.254.1.1"},
		{"169.254.1.1", "10.1.0.9"},
		{"ff02::1", "2001:db8:1::9"},
		{"::1", "2001:db8:1::9"},
		{"::", "2001:db8:1::9"},
		{"2001:db8:99::1", "::1"},
		{"2001:db8:99::1", "::"},
		{"::ffff:10.0.0.1", "2001:db8:1::9"},
		{"2001:db8:99::1", "::ffff:10.1.0.9"},
	};
	struct pdp_dataplane *dp = make_router();
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (af_of(cases[i].dst) == AF_INET)
			make4(&f, cases[i].src, cases[i].dst, 60);
		else
			make6(&f, cases[i].src, cases[i].dst, 60);
		expect_drop(dp, &f, dp_bad_address);
	}
	pdp_router.fini(dp);
}

static void routes_without_a_way(void **state)
{
	struct pdp_dp_vif gone = {.id = 1};
	struct pdp_dataplane *dp = make_router();
	struct frame f;

	(void)state;
	make4(&f, "198.51.100.1", "10.5.0.1", 60);
	expect_drop(dp, &f, dp_blackhole);
	make6(&f, "2001:db8:99::1", "2001:db8:5::1", 60);
	expect_drop(dp, &f, dp_blackhole);
	make4(&f, "198.51.100.1", "10.9.0.1", 60);
	expect_drop(dp, &f, dp_no_egress);
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	expect_forward(dp, &f, 1, 0);
	assert_int_equal(pdp_router.set_vif(dp, &gone), 0);
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	expect_drop(dp, &f, dp_no_egress);
	pdp_router.fini(dp);
}

static void frames_by_destination(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct frame f;

	(void)state;
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	make_frame(&f);
	f.bytes[5] ^= 1;
	expect_drop(dp, &f, dp_not_for_us);
	f.bytes[5] ^= 1;
	f.pkt.vif = 4;
	expect_drop(dp, &f, dp_not_for_us);
	f.pkt.vif = 77; /* no such vif */
	expect_drop(dp, &f, dp_not_for_us);
	f.pkt.vif = 1; /* a udp vif has no MAC address */
	expect_drop(dp, &f, dp_not_for_us);
	f.pkt.vif = 3;
	memset(f.bytes, 0xff, 6);
	expect_local(dp, &f);
	memcpy(f.bytes, "\x01\x00\x5e\x00\x00\x05", 6);
	expect_local(dp, &f);
	memcpy(f.bytes, MAC3, 6);
	pdp_store16(f.bytes + 12, htons(ETH_P_ARP));
	expect_local(dp, &f);
	pdp_store16(f.bytes + 12, htons(ETH_P_8021Q));
	expect_local(dp, &f);
	pdp_router.fini(dp);
}

static void vif_changes_are_checked(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct pdp_dp_vif vif = make_vif(1);
	struct frame f;

	(void)state;
	vif.id = 0;
	assert_int_equal(pdp_router.set_vif(dp, &vif), -EINVAL);
	vif = make_vif(1);
	vif.family = 5;
	assert_int_equal(pdp_router.set_vif(dp, &vif), -EINVAL);
	vif = make_vif(1);
	vif.encap = 0;
	assert_int_equal(pdp_router.set_vif(dp, &vif), -EINVAL);
	vif = make_vif(1);
	vif.mtu = 65535;
	assert_int_equal(pdp_router.set_vif(dp, &vif), -EINVAL);
	/* The vif is still what it was; then it changes. */
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	expect_forward(dp, &f, 1, 0);
	vif = make_vif(1);
	vif.mtu = 59;
	assert_int_equal(pdp_router.set_vif(dp, &vif), 0);
	make4(&f, "198.51.100.1", "10.1.0.9", 60);
	expect_local(dp, &f);
	pdp_router.fini(dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwards_every_way),
		cmocka_unit_test(forwards_a_burst),
		cmocka_unit_test(trims_what_trails),
		cmocka_unit_test(outer_df_follows_inner),
		cmocka_unit_test(ecn_is_combined),
		cmocka_unit_test(local_verdicts),
		cmocka_unit_test(ttl_and_mtu_are_local),
		cmocka_unit_test(options_are_local),
		cmocka_unit_test(bad_headers_are_dropped),
		cmocka_unit_test(bad_addresses_are_dropped),
		cmocka_unit_test(routes_without_a_way),
		cmocka_unit_test(frames_by_destination),
		cmocka_unit_test(vif_changes_are_checked),
	};

	return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
