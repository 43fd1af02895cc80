/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_encap.c - outer headers: what the flow's hash and the inner packet put into them, and the
 * corner of the UDP checksum. test_router.c parses whole packets back.
 */
#include "selftests/unit/router_fixture.h"

static uint8_t room[PDP_DP_HEADROOM + 2048];
static uint8_t *const data = room + PDP_DP_HEADROOM;

static uint8_t *push(uint16_t vif_id, uint32_t len, const struct pdp_inner *inner)
{
	struct pdp_dp_vif vif = make_vif(vif_id);
	struct pdp_outer outer;
	uint8_t *p;

	assert_int_equal(pdp_outer_prepare(&outer, &vif), 0);
	p = pdp_outer_push(&outer, data, len, inner);
	assert_ptr_equal(p + outer.len, data);
	return p;
}

static void header_lengths(void **state)
{
	static const uint8_t want[] = {28, 48, 50, 70};
	struct pdp_outer outer;
	uint16_t id;

	(void)state;
	for (id = 1; id <= 4; id++) {
		struct pdp_dp_vif vif = make_vif(id);

		assert_int_equal(pdp_outer_prepare(&outer, &vif), 0);
		assert_int_equal(outer.len, want[id - 1]);
	}
}

static void ttl_of_the_vif(void **state)
{
	struct pdp_inner inner = {.proto = ETH_P_IP};
	struct pdp_dp_vif vif = make_vif(1);
	struct pdp_outer outer;

	(void)state;
	assert_int_equal(push(1, 20, &inner)[8], 61);
	assert_int_equal(push(2, 20, &inner)[7], 62);
	/* Not said: a packet with TTL 0 would go nowhere. */
	vif.ttl = 0;
	assert_int_equal(pdp_outer_prepare(&outer, &vif), 0);
	assert_int_equal(pdp_outer_push(&outer, data, 20, &inner)[8], 64);
}

/* RFC 7348: 49152 to 65535, one flow one port. A udp tunnel's ports are fixed. */
static void source_port_by_flow(void **state)
{
	uint16_t seen[2] = {0};
	uint32_t i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		struct pdp_inner inner = {
			.mac = MAC_FAR, .proto = ETH_P_IP, .hash = i * 2654435761u};
		uint16_t port = ntohs(pdp_load16(push(3, 20, &inner) + 20));

		assert_in_range(port, PDP_VXLAN_SPORT_MIN, 65535);
		assert_int_equal(port, ntohs(pdp_load16(push(3, 20, &inner) + 20)));
		assert_int_equal(ntohs(pdp_load16(push(1, 20, &inner) + 20)), 5001);
		if (i < 2)
			seen[i] = port;
	}
	assert_int_not_equal(seen[0], seen[1]);
}

/* RFC 6438: the flow label of the outer header is the flow's. */
static void flow_label_by_flow(void **state)
{
	struct pdp_inner inner = {.proto = ETH_P_IP, .hash = 0xfedcba98, .tos = 0xb9};
	uint8_t *p = push(2, 20, &inner);

	(void)state;
	assert_int_equal(ntohl(pdp_load32(p)), 6u << 28 | 0xb9u << 20 | 0xcba98);
}

static void identification(void **state)
{
	struct pdp_inner inner = {.proto = ETH_P_IP, .id = 0xbeef};
	uint8_t *p = push(1, 20, &inner);

	(void)state;
	assert_int_equal(pdp_load16(p + 4), htons(0xbeef));
	assert_int_equal(pdp_load16(p + 26), 0); /* no UDP checksum over IPv4 */
}

/* Every payload of two bytes: the checksum holds, and 0 is never sent over IPv6 (RFC 8200, 8.1). */
static void udp_checksum_over_ipv6(void **state)
{
	struct pdp_inner inner = {.proto = ETH_P_IP};
	unsigned int ones = 0;
	uint32_t i;

	(void)state;
	for (i = 0; i < 65536; i++) {
		uint8_t *p;
		uint64_t sum;

		pdp_store16(data, i);
		p = push(2, 2, &inner);
		sum = pdp_sum_bytes(htons(IPPROTO_UDP), p + 8, 32) + htons(10);
		assert_int_equal(pdp_sum_fold(pdp_sum_bytes(sum, p + 40, 10)), 0xffff);
		assert_int_not_equal(pdp_load16(p + 46), 0);
		ones += pdp_load16(p + 46) == 0xffff;
	}
	assert_true(ones >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_lengths),      cmocka_unit_test(ttl_of_the_vif),
		cmocka_unit_test(source_port_by_flow), cmocka_unit_test(flow_label_by_flow),
		cmocka_unit_test(identification),      cmocka_unit_test(udp_checksum_over_ipv6),
	};

	return cmocka_run_group_tests_name("encap", tests, NULL, NULL);
}
