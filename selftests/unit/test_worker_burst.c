/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_worker_burst.c - from receive descriptor to transmit descriptor, without AF_XDP: tag off and on,
 * each verdict, hostile frames and descriptors, and the account of frames and packets after each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <arpa/inet.h>

#include "fe-agent/burst.h"
#include "fe-agent/tag.h"

#define FRAMES 128

static const uint8_t md_mac[] = {2, 0, 0, 0, 0, 1};
static const uint8_t inner[] = {0x45, 0, 0, 0x2e, 0xab};
static const uint8_t fe_mac[] = {2, 0, 0, 0, 0, 2};

/* A data plane that does what the test says, to every packet. */
struct pdp_dataplane {
	uint8_t op;
	uint8_t drop;
	uint16_t vif;
	uint16_t proto;
	int push; /* bytes put in front */
	unsigned int seen;
	struct pdp_packet last; /* as it came */
};

static void scripted_burst(struct pdp_dataplane *dp, struct pdp_packet *pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		dp->last = pkts[i];
		dp->seen++;
		assert_int_equal(pkts[i].op, PDP_OP_DROP);
		pkts[i].op = dp->op;
		pkts[i].drop = dp->drop;
		pkts[i].vif = dp->vif;
		pkts[i].proto = dp->proto;
		pkts[i].data -= dp->push;
		pkts[i].len += dp->push;
		if (dp->push > 0)
			memset(pkts[i].data, 0xee, dp->push);
	}
}

static const struct pdp_dataplane_ops scripted = {.name = "scripted", .burst = scripted_burst};

struct bench {
	struct pdp_umem umem;
	struct pdp_dataplane dp;
	struct pdp_agent_stats stats;
	struct xdp_desc tx[PDP_BURST];
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	*state = b;
	if (!b)
		return -1;
	b->umem.area = malloc(FRAMES * PDP_FRAME_SIZE);
	return b->umem.area ? pdp_pool_init(&b->umem.pool, FRAMES) : -1;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	pdp_pool_fini(&b->umem.pool);
	free(b->umem.area);
	free(b);
	return 0;
}

/* Receive a frame as the kernel does: a fill frame, data behind the headroom. */
static struct xdp_desc arrive(struct bench *b, const void *frame, uint32_t len)
{
	uint64_t addr;

	assert_true(pdp_pool_take(&b->umem.pool, PDP_FILL, &addr));
	memcpy(b->umem.area + addr + PDP_FRAME_HEADROOM, frame, len);
	return (struct xdp_desc){.addr = addr + PDP_FRAME_HEADROOM, .len = len};
}

static uint32_t make_frame(uint8_t *frame, const struct pdp_tag *tag, uint32_t len)
{
	struct ethhdr eth = {.h_proto = htons(PDP_ETHERTYPE)};

	memcpy(eth.h_dest, fe_mac, ETH_ALEN);
	memcpy(eth.h_source, md_mac, ETH_ALEN);
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), tag, sizeof(*tag));
	memcpy(frame + PDP_TAG_ROOM, inner, len);
	return PDP_TAG_ROOM + len;
}

static struct pdp_tag input_tag(void)
{
	return (struct pdp_tag){
		.version_op = PDP_WIRE_VERSION << 4 | PDP_OP_INPUT,
		.flags = 2,
		.proto = htons(0x0800),
		.vnet = htons(0x1122),
		.vif = htons(0x3344),
		.hash = htonl(0x55667788),
		.seq = htonl(0x99aabbcc),
	};
}

static unsigned int run(struct bench *b, const struct xdp_desc *rx, unsigned int n)
{
	unsigned int n_tx;

	n_tx = pdp_burst(&b->umem, &scripted, &b->dp, rx, n, b->tx, &b->stats);
	assert_true(pdp_pool_balanced(&b->umem.pool));
	assert_int_equal(b->umem.pool.count[PDP_HAND], 0);
	assert_int_equal(b->umem.pool.count[PDP_TX], n_tx);
	return n_tx;
}

static unsigned int run_one(struct bench *b, const void *frame, uint32_t len)
{
	struct xdp_desc rx = arrive(b, frame, len);

	return run(b, &rx, 1);
}

static void expect_sent(struct bench *b, const struct pdp_tag *tag, const void *payload,
			uint32_t len)
{
	const uint8_t *frame = b->umem.area + b->tx[0].addr;

	assert_int_equal(b->tx[0].len, PDP_TAG_ROOM + len);
	assert_memory_equal(frame, md_mac, ETH_ALEN);
	assert_memory_equal(frame + ETH_ALEN, fe_mac, ETH_ALEN);
	assert_memory_equal(frame + 2 * ETH_ALEN, "\x88\xb5", 2);
	assert_memory_equal(frame + ETH_HLEN, tag, sizeof(*tag));
	assert_memory_equal(frame + PDP_TAG_ROOM, payload, len);
}

static void test_packet_has_the_tags_fields(void **state)
{
	struct bench *b = *state;
	struct pdp_tag tag = input_tag();
	uint8_t frame[256] = {0};

	b->dp.op = PDP_OP_DROP;
	assert_int_equal(run_one(b, frame, make_frame(frame, &tag, sizeof(inner))), 0);
	assert_int_equal(b->dp.last.len, sizeof(inner));
	assert_int_equal(b->dp.last.hash, 0x55667788);
	assert_int_equal(b->dp.last.proto, 0x0800);
	assert_int_equal(b->dp.last.vif, 0x3344);
	assert_int_equal(b->dp.last.ecn, 2);
	assert_int_equal(b->dp.last.drop, dp_none);
}

static void test_forward(void **state)
{
	struct bench *b = *state;
	struct pdp_tag tag = input_tag(), want = tag;
	uint8_t frame[256], outer[28 + sizeof(inner)];

	b->dp = (struct pdp_dataplane){
		.op = PDP_OP_FORWARD, .vif = 0x7788, .proto = 0x86dd, .push = 28};
	assert_int_equal(run_one(b, frame, make_frame(frame, &tag, sizeof(inner))), 1);
	want.version_op = PDP_WIRE_VERSION << 4 | PDP_OP_FORWARD;
	want.flags = 0;
	want.vif = htons(0x7788);
	want.proto = htons(0x86dd);
	memset(outer, 0xee, 28);
	memcpy(outer + 28, inner, sizeof(inner));
	expect_sent(b, &want, outer, sizeof(outer));
	assert_int_equal(b->stats.rx_packets, 1);
	assert_int_equal(b->stats.forward_packets, 1);
	assert_int_equal(b->stats.local_packets, 0);
}

/* LOCAL gives back what came, whatever the data plane tried on the way to its verdict. */
static void test_local(void **state)
{
	struct bench *b = *state;
	struct pdp_tag tag = input_tag(), want = tag;
	uint8_t frame[256] = {0};

	b->dp = (struct pdp_dataplane){
		.op = PDP_OP_LOCAL, .vif = 0x7788, .proto = 0x86dd, .push = 28};
	assert_int_equal(run_one(b, frame, make_frame(frame, &tag, sizeof(inner))), 1);
	want.version_op = PDP_WIRE_VERSION << 4 | PDP_OP_LOCAL;
	want.flags = 0;
	expect_sent(b, &want, inner, sizeof(inner));
	assert_int_equal(b->stats.local_packets, 1);
}

static void test_drop_is_counted_by_reason(void **state)
{
	struct bench *b = *state;
	struct pdp_tag tag = input_tag();
	uint8_t frame[256] = {0};

	b->dp = (struct pdp_dataplane){.op = PDP_OP_DROP, .drop = dp_blackhole};
	assert_int_equal(run_one(b, frame, make_frame(frame, &tag, sizeof(inner))), 0);
	assert_int_equal(b->stats.dp_drops[dp_blackhole], 1);
	assert_int_equal(b->umem.pool.count[PDP_FREE], FRAMES);
}

static void test_answers_that_cannot_be_sent(void **state)
{
	const struct pdp_dataplane answers[] = {
		{.op = 0},
		{.op = PDP_OP_INPUT},
		{.op = 15},
		{.op = PDP_OP_DROP, .drop = dp_drop_count},
		{.op = PDP_OP_DROP, .drop = 255},
		{.op = PDP_OP_FORWARD, .push = PDP_FRAME_HEADROOM + 1}, /* no room for the tag */
	};
	const unsigned int n = sizeof(answers) / sizeof(answers[0]);
	struct bench *b = *state;
	struct pdp_tag tag = input_tag();
	uint8_t frame[256] = {0};

	for (unsigned int i = 0; i < n; i++) {
		b->dp = answers[i];
		assert_int_equal(run_one(b, frame, make_frame(frame, &tag, sizeof(inner))), 0);
		assert_int_equal(b->stats.drop_bad_verdict, i + 1);
	}
	assert_int_equal(b->stats.rx_packets, n);
	assert_int_equal(b->umem.pool.count[PDP_FREE], FRAMES);
}

/* The data plane's headroom is there to its last byte, also in the longest frame. */
static void test_headroom(void **state)
{
	struct bench *b = *state;
	struct pdp_tag tag = input_tag();
	uint8_t frame[PDP_FRAME_SIZE - PDP_FRAME_HEADROOM];
	uint32_t payload = sizeof(frame) - PDP_TAG_ROOM;

	memset(frame, 0x5a, sizeof(frame));
	make_frame(frame, &tag, 0);
	b->dp = (struct pdp_dataplane){.op = PDP_OP_FORWARD, .push = PDP_FRAME_HEADROOM};
	assert_true(b->dp.push >= PDP_DP_HEADROOM);
	assert_int_equal(run_one(b, frame, sizeof(frame)), 1);
	assert_int_equal(b->tx[0].len, PDP_FRAME_SIZE);
	assert_int_equal(b->tx[0].addr % PDP_FRAME_SIZE, 0);
	assert_memory_equal(b->umem.area + b->tx[0].addr + PDP_TAG_ROOM + PDP_FRAME_HEADROOM,
			    frame + PDP_TAG_ROOM, payload);
}

static void test_frame_cut_at_every_byte(void **state)
{
	struct bench *b = *state;
	struct pdp_tag tag = input_tag();
	uint8_t frame[256] = {0};
	uint32_t len = make_frame(frame, &tag, 0);

	b->dp.op = PDP_OP_DROP;
	for (uint32_t cut = 0; cut < len; cut++)
		assert_int_equal(run_one(b, frame, cut), 0);
	assert_int_equal(b->stats.drop_bad_tag, len);
	assert_int_equal(b->dp.seen, 0);
	assert_int_equal(run_one(b, frame, len),
			 0); /* whole tag, empty packet: the plane's to judge */
	assert_int_equal(b->dp.seen, 1);
	assert_int_equal(b->umem.pool.count[PDP_FREE], FRAMES);
}

/* Only version 1, INPUT, and the two ECN bits pass; all other first and second bytes do not. */
static void test_every_version_op_and_flags(void **state)
{
	struct bench *b = *state;
	uint8_t frame[256] = {0};
	unsigned int good = 0;

	b->dp.op = PDP_OP_DROP;
	for (unsigned int v = 0; v < 65536; v++) {
		struct pdp_tag tag = input_tag();

		tag.version_op = v >> 8;
		tag.flags = v;
		run_one(b, frame, make_frame(frame, &tag, 1));
		good += v >> 8 == (PDP_WIRE_VERSION << 4 | PDP_OP_INPUT) && (v & 0xff) < 4;
		assert_int_equal(b->dp.seen, good);
		assert_int_equal(b->stats.drop_bad_tag, v + 1 - good);
	}
	assert_int_equal(good, 4);
}

static void test_other_ethertypes(void **state)
{
	struct bench *b = *state;
	struct pdp_tag tag = input_tag();
	const uint16_t types[] = {0x0800, 0x8100, 0x88b6, 0x88b4, 0xb588, 0};
	uint8_t frame[256] = {0};
	uint32_t len = make_frame(frame, &tag, 1);

	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint16_t type = htons(types[i]);

		memcpy(frame + 2 * ETH_ALEN, &type, sizeof(type));
		assert_int_equal(run_one(b, frame, len), 0);
		assert_int_equal(b->stats.drop_bad_tag, i + 1);
	}
	assert_int_equal(b->dp.seen, 0);
}

static void test_descriptors_that_lie(void **state)
{
	struct bench *b = *state;
	const uint64_t end = (uint64_t)FRAMES * PDP_FRAME_SIZE;
	struct xdp_desc rx[] = {
		{.addr = end, .len = 64},
		{.addr = UINT64_MAX - 10, .len = 64},
		{.addr = 1ULL << 48, .len = 64},
		{.addr = 5 * PDP_FRAME_SIZE, .len = 64}, /* a frame that is not in the ring */
		{.addr = PDP_FRAME_HEADROOM, .len = PDP_FRAME_SIZE}, /* over its chunk */
		{.addr = PDP_FRAME_HEADROOM, .len = UINT32_MAX},
	};
	const unsigned int n = sizeof(rx) / sizeof(rx[0]);

	assert_int_equal(run(b, rx, n), 0);
	assert_int_equal(b->stats.drop_bad_desc, n);
	assert_int_equal(b->stats.rx_packets, n);
	assert_int_equal(b->dp.seen, 0);
	assert_int_equal(b->umem.pool.count[PDP_FREE], FRAMES);
}

/* The same frame twice in one burst: the second is refused, not sent twice. */
static void test_frame_named_twice(void **state)
{
	struct bench *b = *state;
	struct pdp_tag tag = input_tag();
	uint8_t frame[256] = {0};
	struct xdp_desc rx[2];

	b->dp.op = PDP_OP_LOCAL;
	rx[0] = rx[1] = arrive(b, frame, make_frame(frame, &tag, 1));
	assert_int_equal(run(b, rx, 2), 1);
	assert_int_equal(b->stats.drop_bad_desc, 1);
}

/* A burst of good and bad mixed: order is kept, each ends in one counter. */
static void test_mixed_burst(void **state)
{
	struct bench *b = *state;
	struct xdp_desc rx[PDP_BURST];
	uint8_t frame[256] = {0};
	unsigned int good = 0;

	b->dp.op = PDP_OP_LOCAL;
	for (unsigned int i = 0; i < PDP_BURST; i++) {
		struct pdp_tag tag = input_tag();

		tag.seq = htonl(i);
		if (i % 3 == 0)
			tag.version_op = 0;
		rx[i] = arrive(b, frame, make_frame(frame, &tag, 1));
	}
	assert_int_equal(run(b, rx, PDP_BURST), PDP_BURST - 22);
	for (unsigned int i = 0; i < PDP_BURST; i++) {
		struct pdp_tag tag;

		if (i % 3 == 0)
			continue;
		memcpy(&tag, b->umem.area + b->tx[good++].addr + ETH_HLEN, sizeof(tag));
		assert_int_equal(ntohl(tag.seq), i);
	}
	assert_int_equal(b->stats.bursts, 1);
	assert_int_equal(b->stats.rx_packets, PDP_BURST);
	assert_int_equal(b->stats.local_packets, PDP_BURST - 22);
	assert_int_equal(b->stats.drop_bad_tag, 22);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_packet_has_the_tags_fields),
		TEST(test_forward),
		TEST(test_local),
		TEST(test_drop_is_counted_by_reason),
		TEST(test_answers_that_cannot_be_sent),
		TEST(test_headroom),
		TEST(test_frame_cut_at_every_byte),
		TEST(test_every_version_op_and_flags),
		TEST(test_other_ethertypes),
		TEST(test_descriptors_that_lie),
		TEST(test_frame_named_twice),
		TEST(test_mixed_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
