/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_router_mutation.c - hostile bytes: packets and rtnetlink messages, valid but for random changes.
 *
 * Under ASan and UBSan, each input in a block of memory of exactly its size. What a packet may become
 * is what the dispatcher lets through; else its bytes have not changed.
 */
#include "selftests/unit/router_fixture.h"

#include <stdlib.h>

static uint64_t seed = 88172645463325252ULL;

static uint32_t draw(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 32) % n;
}

static void mutate(uint8_t *bytes, size_t len)
{
	static const uint8_t favourites[] = {0x00, 0xff, 0x7f, 0x80, 0x01, 0x45, 0x60, 0x04};
	unsigned int n = draw(5);

	while (n-- && len) {
		/* Headers are where the decisions are. */
		size_t at = draw(draw(2) ? len : (len < 48 ? len : 48));

		bytes[at] = draw(2) ? favourites[draw(8)] : draw(256);
	}
}

static void draw_packet(struct frame *f)
{
	static const char *const dst4[] = {"10.1.0.9", "10.2.0.9", "10.3.0.9", "10.30.0.9",
					   "10.4.0.9", "10.1.0.1", "10.5.0.1", "224.0.0.5"};
	static const char *const dst6[] = {"2001:db8:1::9", "2001:db8:2::9", "2001:db8:3::9",
					   "2001:db8:4::9", "2001:db8:1::1", "2001:db8:5::1",
					   "ff02::1",	    "fe80::1"};
	uint32_t len;

	if (draw(2))
		make4(f, "198.51.100.1", dst4[draw(8)], 20 + draw(100));
	else
		make6(f, "2001:db8:99::1", dst6[draw(8)], 40 + draw(100));
	if (draw(2))
		make_frame(f);
	f->pkt.ecn = draw(4);
	f->pkt.hash = draw(UINT32_MAX);
	if (draw(8) == 0)
		f->pkt.vif = draw(65536);
	mutate(f->bytes, f->pkt.len);
	/* So that more than the checksum is tried. */
	if (f->pkt.proto == ETH_P_IP && f->pkt.len >= (f->bytes[0] & 0xfu) * 4 && draw(2))
		fix_check4(f->bytes);
	len = f->pkt.len;
	if (draw(4) == 0)
		f->pkt.len = draw(len + 1);
}

/* As bpf/ checks it: the lengths fit, the checksum holds, the addresses are the vif's. */
static void assert_outer(const struct pdp_packet *pkt)
{
	struct pdp_dp_vif vif = make_vif(pkt->vif);
	const uint8_t *p = pkt->data, *udp;

	assert_in_range(pkt->vif, 1, 4);
	if (vif.family == 4) {
		assert_int_equal(pkt->proto, ETH_P_IP);
		assert_int_equal(p[0], 0x45);
		assert_int_equal(ntohs(pdp_load16(p + 2)), pkt->len);
		assert_int_equal(pdp_load16(p + 6) & htons(0xbfff), 0);
		assert_int_equal(pdp_sum_fold(pdp_sum_bytes(0, p, 20)), 0xffff);
		assert_memory_equal(p + 12, vif.local, 4);
		assert_memory_equal(p + 16, vif.remote, 4);
		udp = p + 20;
	} else {
		assert_int_equal(pkt->proto, ETH_P_IPV6);
		assert_int_equal(p[0] >> 4, 6);
		assert_int_equal(ntohs(pdp_load16(p + 4)), pkt->len - 40);
		assert_memory_equal(p + 8, vif.local, 16);
		assert_memory_equal(p + 24, vif.remote, 16);
		udp = p + 40;
	}
	assert_int_equal(ntohs(pdp_load16(udp + 4)), pkt->len - (udp - p));
	assert_int_equal(pdp_load16(udp + 2), vif.remote_port);
}

static void packets(void **state)
{
	struct pdp_dataplane *dp = make_router();
	struct frame *f = malloc(sizeof(*f));
	unsigned long verdicts[5] = {0}, i;

	(void)state;
	assert_non_null(f);
	for (i = 0; i < 300000; i++) {
		struct pdp_packet pkt;
		uint8_t *block;

		draw_packet(f);
		pkt = f->pkt;
		block = malloc(PDP_DP_HEADROOM + pkt.len);
		assert_non_null(block);
		pkt.data = block + PDP_DP_HEADROOM;
		memcpy(pkt.data, f->bytes, pkt.len);
		pdp_router.burst(dp, &pkt, 1);
		pdp_router.quiescent(dp);
		assert_in_range(pkt.op, PDP_OP_FORWARD, PDP_OP_DROP);
		verdicts[pkt.op]++;
		if (pkt.op == PDP_OP_FORWARD) {
			assert_true(pkt.data >= block);
			assert_true(pkt.data + pkt.len <= block + PDP_DP_HEADROOM + f->pkt.len);
			assert_outer(&pkt);
		} else {
			assert_ptr_equal(pkt.data, block + PDP_DP_HEADROOM);
			assert_int_equal(pkt.len, f->pkt.len);
			assert_int_equal(pkt.vif, f->pkt.vif);
			assert_memory_equal(pkt.data, f->bytes, pkt.len);
			assert_int_equal(pkt.op == PDP_OP_DROP, pkt.drop != dp_none);
		}
		free(block);
	}
	/* The mutations neither spoil all packets nor none. */
	assert_true(verdicts[PDP_OP_FORWARD] > 10000);
	assert_true(verdicts[PDP_OP_LOCAL] > 10000);
	assert_true(verdicts[PDP_OP_DROP] > 10000);
	free(f);
	pdp_router.fini(dp);
}

/* One next hop with a gateway, one without. */
static void nl_multipath(struct nlbuf *b)
{
	struct nlmsghdr *nlh = nl_begin(b, RTM_NEWROUTE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	struct rtnexthop first = {.rtnh_len = 16, .rtnh_ifindex = 1};
	struct rtnexthop second = {.rtnh_len = 8, .rtnh_ifindex = 2};
	uint8_t paths[24] = {0};
	struct nlattr gateway = {.nla_len = 8, .nla_type = RTA_GATEWAY};

	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = 12;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_type = RTN_UNICAST;
	put_ip(nlh, RTA_DST, AF_INET, "10.16.0.0");
	memcpy(paths, &first, 8);
	memcpy(paths + 8, &gateway, 4);
	memcpy(paths + 16, &second, 8);
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(paths), paths);
	nl_end(b, nlh);
}

static void draw_messages(struct nlbuf *b)
{
	unsigned int n = 1 + draw(3);

	b->len = 0;
	while (n--) {
		uint16_t del = draw(2);

		switch (draw(6)) {
		case 0:
			nl_route(b, RTM_NEWROUTE + del, RTN_UNICAST, "10.1.0.0", 16, "10.0.0.1", 1,
				 5);
			break;
		case 1:
			nl_route(b, RTM_NEWROUTE + del, RTN_UNICAST, "2001:db8:1::", 48, "fe80::1",
				 2, 5);
			break;
		case 2:
			nl_neigh(b, RTM_NEWNEIGH + del, NUD_STALE, "10.3.0.9", 3, MAC_FAR);
			break;
		case 3:
			nl_addr(b, RTM_NEWADDR + del, "10.1.0.1", 24, 1);
			break;
		case 4:
			nl_addr(b, RTM_NEWADDR + del, "2001:db8:1::1", 64, 1);
			break;
		default:
			nl_multipath(b);
		}
	}
}

static void messages(void **state)
{
	struct pdp_dataplane *dp = NULL;
	struct frame *f = malloc(sizeof(*f));
	unsigned long i, applied = 0, refused = 0;
	struct nlbuf b;

	(void)state;
	assert_non_null(f);
	for (i = 0; i < 100000; i++) {
		uint8_t *block;
		size_t len;

		if (i % 20000 == 0) {
			pdp_router.fini(dp);
			dp = make_router();
		}
		draw_messages(&b);
		mutate(b.bytes, b.len);
		len = draw(4) ? b.len : 1 + draw(b.len);
		block = malloc(len);
		assert_non_null(block);
		memcpy(block, b.bytes, len);
		if (pdp_router.netlink(dp, block, len, NULL))
			refused++;
		else
			applied++;
		free(block);
		draw_packet(f);
		run(dp, f);
	}
	assert_true(applied > 10000);
	assert_true(refused > 10000);
	free(f);
	pdp_router.fini(dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets),
		cmocka_unit_test(messages),
	};

	return cmocka_run_group_tests_name("router mutation", tests, NULL, NULL);
}
