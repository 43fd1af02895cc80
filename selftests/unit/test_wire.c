/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_wire - the tag as bytes, and the flow hash against values that must never change. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bpf/wire.h"
#include "ctl/slots.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void tag_is_these_bytes(void **state)
{
	static const uint8_t bytes[] = {0x12, 0x03, 0x86, 0xdd, 0x0a, 0xbc, 0x12, 0x34,
					0xde, 0xad, 0xbe, 0xef, 0x00, 0x01, 0x02, 0x03};
	struct pdp_tag tag = {.version_op = pdp_tag_version_op(PDP_OP_FORWARD),
			      .flags = PDP_TAG_ECN_MASK,
			      .proto = htons(ETH_P_IPV6),
			      .vnet = htons(0xabc),
			      .vif = htons(0x1234),
			      .hash = htonl(0xdeadbeef),
			      .seq = htonl(0x00010203)};
	struct pdp_tag read;

	(void)state;
	assert_int_equal(sizeof(bytes), sizeof(tag));
	assert_memory_equal(&tag, bytes, sizeof(bytes));
	memcpy(&read, bytes, sizeof(read));
	assert_int_equal(pdp_tag_version(&read), 1);
	assert_int_equal(pdp_tag_op(&read), PDP_OP_FORWARD);
	assert_int_equal(ntohs(read.proto), ETH_P_IPV6);
	assert_int_equal(ntohs(read.vnet), 0xabc);
	assert_int_equal(ntohs(read.vif), 0x1234);
	assert_int_equal(ntohl(read.hash), 0xdeadbeef);
	assert_int_equal(ntohl(read.seq), 0x00010203);
}

static void version_and_op_round_trip(void **state)
{
	(void)state;
	for (int op = PDP_OP_INPUT; op <= PDP_OP_DROP; op++) {
		struct pdp_tag tag = {.version_op = pdp_tag_version_op(op)};

		assert_int_equal(pdp_tag_version(&tag), PDP_WIRE_VERSION);
		assert_int_equal(pdp_tag_op(&tag), op);
	}
	for (int byte = 0; byte < 256; byte++) {
		struct pdp_tag tag = {.version_op = (__u8)byte};

		assert_int_equal(pdp_tag_version(&tag) << 4 | pdp_tag_op(&tag), byte);
	}
}

static void vxlan_is_these_bytes(void **state)
{
	static const uint8_t bytes[] = {0x08, 0, 0, 0, 0x12, 0x34, 0x56, 0};
	const struct pdp_vxlan vxlan = {htonl(PDP_VXLAN_FLAG_I), htonl(0x123456 << 8)};

	(void)state;
	assert_memory_equal(&vxlan, bytes, sizeof(bytes));
}

/* Addresses as texts, so that the bytes are those of the wire on any host. */
static struct pdp_flow_key make_key(int family, const char *saddr, const char *daddr,
				    unsigned int sport, unsigned int dport, unsigned int proto)
{
	struct pdp_flow_key key = {.sport = htons((uint16_t)sport),
				   .dport = htons((uint16_t)dport),
				   .proto = (uint8_t)proto,
				   .family = (__u8)family};

	assert_int_equal(inet_pton(family == 4 ? AF_INET : AF_INET6, saddr, key.saddr), 1);
	assert_int_equal(inet_pton(family == 4 ? AF_INET : AF_INET6, daddr, key.daddr), 1);
	return key;
}

/* The golden values of the flow hash; the BPF side is held to the same table. Little-endian hosts. */
static void flow_hash_is_golden(void **state)
{
	static const struct {
		int family;
		const char *saddr, *daddr;
		unsigned int sport, dport, proto;
		uint32_t want;
	} cases[] = {
		{4, "10.0.0.1", "10.0.0.2", 1000, 2000, 17, 0xe53cbc51},
		{4, "10.0.0.2", "10.0.0.1", 2000, 1000, 17, 0x4cc6ca57},
		{4, "10.0.0.1", "10.0.0.2", 1000, 2000, 6, 0x4ab8ba8c},
		{4, "10.0.0.1", "10.0.0.2", 0, 0, 17, 0x5ffb5010},
		{4, "0.0.0.0", "0.0.0.0", 0, 0, 0, 0xaa7fb5b8},
		{4, "255.255.255.255", "255.255.255.255", 65535, 65535, 255, 0x7f9a99f3},
		{6, "2001:db8::1", "2001:db8::2", 1000, 2000, 17, 0xdbc74b9e},
		{6, "2001:db8::2", "2001:db8::1", 2000, 1000, 17, 0xc2f1b3f2},
		{6, "fd00::1", "fd00::2", 0, 0, 58, 0xa5a13e4c},
		{6, "::", "::", 0, 0, 0, 0xb889ae28},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pdp_flow_key key = make_key(cases[i].family, cases[i].saddr, cases[i].daddr,
						   cases[i].sport, cases[i].dport, cases[i].proto);

		assert_int_equal(pdp_flow_hash(&key), cases[i].want);
	}
}

/* Every bit of the key that counts changes the hash; the words that IPv4 leaves zero do not count. */
static void every_bit_counts(void **state)
{
	struct pdp_flow_key key = make_key(6, "2001:db8::1", "2001:db8::2", 1000, 2000, 17);
	uint32_t hash = pdp_flow_hash(&key);

	(void)state;
	for (size_t bit = 0; bit < 8 * offsetof(struct pdp_flow_key, family); bit++) {
		struct pdp_flow_key other = key;

		((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(pdp_flow_hash(&other), hash);
	}
}

/* Flows that differ in one port or one address spread over the slots: chi-squared over 64 bins. */
static void flows_spread(void **state)
{
	enum { FLOWS = 65536, BINS = 64 };

	(void)state;
	for (int field = 0; field < 4; field++) {
		uint32_t count[BINS] = {0};
		double chi = 0;

		for (uint32_t i = 0; i < FLOWS; i++) {
			struct pdp_flow_key key =
				make_key(4, "10.0.0.1", "10.0.0.2", 1000, 2000, 17);

			if (field == 0)
				key.sport = htons((uint16_t)i);
			else if (field == 1)
				key.dport = htons((uint16_t)i);
			else if (field == 2)
				key.saddr[0] = htonl(0x0a000000 + i);
			else
				key.daddr[0] = htonl(0x0a000000 + i);
			count[pdp_hash_slot(pdp_flow_hash(&key), BINS)]++;
		}
		for (int bin = 0; bin < BINS; bin++) {
			double miss = (double)count[bin] - (double)FLOWS / BINS;

			chi += miss * miss / ((double)FLOWS / BINS);
		}
		/* 63 degrees of freedom: over 110 has a chance of 1 in 5000. */
		assert_true(chi < 110);
	}
}

static void slot_stays_inside(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= PDP_SLOTS; n++) {
		assert_int_equal(pdp_hash_slot(0, n), 0);
		assert_int_equal(pdp_hash_slot(UINT32_MAX, n), n - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tag_is_these_bytes),	cmocka_unit_test(version_and_op_round_trip),
		cmocka_unit_test(vxlan_is_these_bytes), cmocka_unit_test(flow_hash_is_golden),
		cmocka_unit_test(every_bit_counts),	cmocka_unit_test(flows_spread),
		cmocka_unit_test(slot_stays_inside),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
