/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_pktgen_frame.c - the frames of the traffic source: layout, lengths, sums of checksums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "selftests/bench/frame.h"

struct variant {
	const char *outer_local, *outer_remote; /* NULL: bare */
	const char *inner_src, *inner_dst;
	uint8_t encap;
	uint32_t header_len;
};

#define V4 "192.0.2.1:5001", "192.0.2.2:5002"
#define V6 "[2001:db8::1]:5001", "[2001:db8::2]:5002"
#define IN4 "10.0.0.1", "10.0.0.2"
#define IN6 "fd00::1", "fd00::2"

static const struct variant variants[] = {
	{NULL, NULL, IN4, 0, 14 + 28},
	{NULL, NULL, IN6, 0, 14 + 48},
	{V4, IN4, PDP_ENCAP_UDP, 14 + 28 + 28},
	{V4, IN6, PDP_ENCAP_UDP, 14 + 28 + 48},
	{V6, IN4, PDP_ENCAP_UDP, 14 + 48 + 28},
	{V6, IN6, PDP_ENCAP_UDP, 14 + 48 + 48},
	{V4, IN4, PDP_ENCAP_VXLAN, 14 + 28 + 22 + 28},
	{V4, IN6, PDP_ENCAP_VXLAN, 14 + 28 + 22 + 48},
	{V6, IN4, PDP_ENCAP_VXLAN, 14 + 48 + 22 + 28},
	{V6, IN6, PDP_ENCAP_VXLAN, 14 + 48 + 22 + 48},
};

#define N_VARIANTS (sizeof(variants) / sizeof(variants[0]))

static void make_spec(const struct variant *variant, uint32_t size, struct frame_spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->encap = variant->encap;
	spec->size = size;
	spec->vni = 0xabcdef;
	memset(spec->dst_mac, 0x02, 6);
	memset(spec->src_mac, 0x04, 6);
	assert_int_equal(pdp_tun_prefix_parse(variant->inner_src, &spec->inner_src, NULL), 0);
	assert_int_equal(pdp_tun_prefix_parse(variant->inner_dst, &spec->inner_dst, NULL), 0);
	if (!variant->encap)
		return;
	assert_int_equal(pdp_tun_endpoint_parse(variant->outer_local, &spec->local, NULL), 0);
	assert_int_equal(pdp_tun_endpoint_parse(variant->outer_remote, &spec->remote, NULL), 0);
}

static unsigned int be16(const uint8_t *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

/* The Internet checksum's sum by RFC 1071's words, big-endian and one by one. */
static unsigned int naive_sum(const uint8_t *bytes, size_t len, uint64_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* IP and UDP header at `at` announce just what is there. */
static void check_lengths(const uint8_t *frame, uint32_t at, uint32_t end)
{
	if (frame[at] >> 4 == 4) {
		assert_int_equal(be16(frame + at + 2), end - at);
		assert_int_equal(frame[at + 9], IPPROTO_UDP);
		assert_int_equal(be16(frame + at + 20 + 4), end - at - 20);
	} else {
		assert_int_equal(be16(frame + at + 4), end - at - 40);
		assert_int_equal(frame[at + 6], IPPROTO_UDP);
		assert_int_equal(be16(frame + at + 40 + 4), end - at - 40);
	}
}

static void frames_have_their_layout(void **state)
{
	uint8_t frame[2048];
	struct pktgen_plan plan;
	struct frame_spec spec;

	(void)state;
	for (size_t i = 0; i < N_VARIANTS; i++) {
		const struct variant *variant = &variants[i];

		make_spec(variant, 101, &spec);
		memset(frame, 0xee, sizeof(frame));
		frame_plan(&spec, false, frame, &plan);
		assert_int_equal(plan.header_len, variant->header_len);
		assert_int_equal(plan.frame_len, plan.inner_ip + 101);
		assert_int_equal(frame[plan.frame_len], 0xee);
		assert_memory_equal(plan.header, frame, plan.header_len);
		check_lengths(frame, plan.inner_ip, plan.frame_len);
		assert_int_equal(be16(frame + plan.inner_udp + 2), INNER_DPORT);
		if (!variant->encap)
			continue;
		check_lengths(frame, ETH_HLEN, plan.frame_len);
		assert_int_equal(be16(frame + plan.outer_udp + 2), 5002);
		assert_int_equal(plan.vary_outer_sport, variant->encap == PDP_ENCAP_VXLAN);
		if (variant->encap == PDP_ENCAP_VXLAN)
			assert_memory_equal(frame + plan.outer_udp + 8, "\x08\0\0\0\xab\xcd\xef\0",
					    8);
		if (!plan.outer_v6)
			assert_int_equal(naive_sum(frame + ETH_HLEN, 20, 0), 0xffff);
	}
}

static void probes_fit_the_payload(void **state)
{
	static const struct {
		uint32_t payload, probe;
	} cases[] = {{0, 0}, {7, 0}, {8, 8}, {15, 8}, {16, 16}, {1400, 16}};
	uint8_t frame[2048];
	struct pktgen_plan plan;
	struct frame_spec spec;

	(void)state;
	for (size_t i = 0; i < N_VARIANTS; i++) {
		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
			make_spec(&variants[i], 0, &spec);
			spec.size = frame_min_size(&spec) + cases[k].payload;
			frame_plan(&spec, false, frame, &plan);
			assert_int_equal(plan.probe_len, cases[k].probe);
			assert_true(plan.header_len + plan.probe_len <= plan.frame_len);
		}
	}
}

/* Sum of the pseudo header and the datagram of an IPv6 packet at `at`. */
static unsigned int naive_udp6_sum(const uint8_t *frame, uint32_t at, uint32_t end)
{
	unsigned int sum = naive_sum(frame + at + 8, 32, IPPROTO_UDP + (end - at - 40));

	return naive_sum(frame + at + 40, end - at - 40, sum);
}

static void sums_are_those_of_the_frame(void **state)
{
	uint8_t frame[2048];
	struct pktgen_plan plan;
	struct frame_spec spec;

	(void)state;
	for (size_t i = 0; i < 4 * N_VARIANTS; i++) {
		bool any_dst = i / N_VARIANTS & 1;

		make_spec(&variants[i % N_VARIANTS], i < 2 * N_VARIANTS ? 101 : 200, &spec);
		frame_plan(&spec, any_dst, frame, &plan);
		if (plan.inner_v6)
			assert_int_equal(htons(plan.inner_udp_sum),
					 naive_udp6_sum(frame, plan.inner_ip, plan.frame_len));
		else
			assert_int_equal(htons(plan.inner_ip_sum),
					 naive_sum(frame + plan.inner_ip, 20, 0));
		if (plan.outer_v6)
			assert_int_equal(htons(plan.outer_sum),
					 naive_udp6_sum(frame, ETH_HLEN, plan.frame_len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_have_their_layout),
		cmocka_unit_test(probes_fit_the_payload),
		cmocka_unit_test(sums_are_those_of_the_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
