/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_policy.c - what takes more than one packet to see: turns, flows, sequence numbers, the change
 * of a table, police.
 */
#include <arpa/inet.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ctl/captured.h"
#include "ctl/spread.h"
#include "selftests/prog/cases.h"
#include "selftests/prog/node_fixture.h"

struct sent {
	int verdict;
	uint16_t guest;
	uint32_t hash, seq;
};

static uint32_t read32(const struct packet *p, size_t at)
{
	return (uint32_t)p->data[at] << 24 | p->data[at + 1] << 16 | p->data[at + 2] << 8 |
	       p->data[at + 3];
}

/* Send one packet in and read the tag; the guest is the last byte of its MAC. */
static struct sent classify(uint16_t vif, const struct edit *edits, int n_edits)
{
	struct packet_case c = {.way = WAY_IN, .vif = vif};
	static struct packet in, out;
	struct sent sent = {0};

	case_build(&node, &c, &in);
	for (int i = 0; i < n_edits; i++)
		packet_edit(&in, &edits[i]);
	sent.verdict = node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0, &in, &out);
	if (sent.verdict == XDP_REDIRECT) {
		sent.guest = out.data[5];
		sent.hash = read32(&out, 22);
		sent.seq = read32(&out, 26);
	}
	return sent;
}

/* A packet of vif 1 whose inner addresses and ports are those of flow i. */
static struct sent classify_flow(uint32_t i)
{
	const struct edit edits[] = {
		SET32(INNER_L3, 12, 0x0a000000 + i / 7),
		SET32(INNER_L4, 0, (1024 + i) << 16 | 443),
		FIT_INNER,
	};

	return classify(1, edits, 3);
}

static uint32_t hash_of_flow(uint32_t i)
{
	struct pdp_flow_key key = {
		.saddr = {htonl(0x0a000000 + i / 7)},
		.daddr = {htonl(INNER_DADDR4)},
		.sport = htons(1024 + i),
		.dport = htons(443),
		.proto = 17,
		.family = 4,
	};

	return pdp_flow_hash(&key);
}

static int refill(void **unused)
{
	(void)unused;
	node_fill(&node);
	return 0;
}

static void test_round_robin(void **unused)
{
	static const uint16_t want[] = {3, 4, 3, 4, 3, 4};

	(void)unused;
	for (int i = 0; i < 6; i++)
		assert_int_equal(classify(5, NULL, 0).guest, want[i]);
}

/* 3:2 as in the paper: a b a b a, again and again. */
static void test_weighted(void **unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++)
		assert_int_equal(classify(7, NULL, 0).guest, node_weighted_slots[i % 5]);
}

static void test_turn_survives_a_shorter_table(void **unused)
{
	static const uint16_t one[] = {4};

	(void)unused;
	classify(5, NULL, 0);
	node_set_table(&node, 2, 0, PDP_POLICY_ROUND_ROBIN, one, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(classify(5, NULL, 0).guest, 4);
}

static void test_largest_table(void **unused)
{
	static uint16_t slots[PDP_SLOTS];

	(void)unused;
	for (int i = 0; i < PDP_SLOTS; i++)
		slots[i] = i == PDP_SLOTS - 1 ? 4 : 3;
	node_set_table(&node, 2, 0, PDP_POLICY_ROUND_ROBIN, slots, PDP_SLOTS);
	for (int i = 0; i < 2 * PDP_SLOTS; i++)
		assert_int_equal(classify(5, NULL, 0).guest, slots[i % PDP_SLOTS]);
}

/* 1000 flows: each by its hash's slot, as user space computes it, and evenly within reason. */
static void test_flow_hash(void **unused)
{
	static const uint16_t red[] = {1, 2, 1, 2, 2, 1, 2, 1};
	int slots[8] = {0};

	(void)unused;
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t hash = hash_of_flow(i), slot = pdp_hash_slot(hash, 8);
		struct sent sent = classify_flow(i);

		assert_int_equal(sent.hash, hash);
		assert_int_equal(sent.guest, red[slot]);
		slots[slot]++;
	}
	for (int i = 0; i < 8; i++)
		assert_in_range(slots[i], 80, 170);
}

/* Does vnet 1 send flow i where its hash says? */
static bool at_its_hash(uint32_t i, const uint16_t *slots, uint32_t n)
{
	return classify_flow(i).guest == slots[pdp_hash_slot(hash_of_flow(i), n)];
}

static void set_flowlet_gap(uint32_t gap)
{
	struct pdp_vnet vnet;
	uint32_t id = 1;

	node_get(&node, MAP_VNETS, &id, &vnet);
	vnet.flowlet_gap = gap;
	node_set(&node, MAP_VNETS, &id, &vnet);
}

static uint64_t flowlet_of(uint32_t i)
{
	struct pdp_flowlets flowlets;
	uint32_t id = 1;

	node_get(&node, MAP_FLOWLETS, &id, &flowlets);
	return flowlets.flowlet[hash_of_flow(i) % PDP_FLOWLETS];
}

/* The flow's last packet came this many units of 1024 ns earlier than it did. */
static void age_flowlet(uint32_t i, uint64_t by)
{
	struct pdp_flowlets flowlets;
	uint32_t id = 1;

	node_get(&node, MAP_FLOWLETS, &id, &flowlets);
	flowlets.flowlet[hash_of_flow(i) % PDP_FLOWLETS] -= by << 16;
	node_set(&node, MAP_FLOWLETS, &id, &flowlets);
}

static const uint16_t four[] = {1, 2, 1, 2};

/* A flow begins at its hash and stays, however often it comes, as long as it does not pause. */
static void test_flowlet_stays(void **unused)
{
	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOWLET, four, 4);
	set_flowlet_gap(UINT32_MAX);
	for (uint32_t i = 0; i < 100; i++) {
		uint16_t first = classify_flow(i).guest;

		age_flowlet(i, 1000000);
		assert_int_equal(classify_flow(i).guest, first);
	}
}

static void test_flowlet_begins_at_its_hash(void **unused)
{
	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOWLET, four, 4);
	set_flowlet_gap(UINT32_MAX);
	for (uint32_t i = 0; i < 40; i++)
		if (!flowlet_of(i))
			assert_true(at_its_hash(i, four, 4));
}

/* A flow that paused longer than the gap goes to whose turn it is; one that paused as long as that not. */
static void test_flowlet_moves_after_a_pause(void **unused)
{
	static const uint16_t turns[] = {1, 2};
	uint16_t first;

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOWLET, turns, 2);
	set_flowlet_gap(10000000);
	first = classify_flow(0).guest;
	for (int i = 0; i < 5; i++)
		assert_int_equal(classify_flow(0).guest, first);
	age_flowlet(0, 10000001);
	assert_int_equal(classify_flow(0).guest, 1);
	age_flowlet(0, 10000001);
	assert_int_equal(classify_flow(0).guest, 2);
	age_flowlet(0, 1000);
	assert_int_equal(classify_flow(0).guest, 2);
	age_flowlet(0, 10000001);
	assert_int_equal(classify_flow(0).guest, 1);
}

/* A slot that a shorter table has not got is not looked up. */
static void test_flowlet_in_a_shorter_table(void **unused)
{
	static const uint16_t long_one[] = {1, 1, 1, 1, 1, 1, 1, 1}, one[] = {2};

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOWLET, long_one, 8);
	set_flowlet_gap(UINT32_MAX);
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(classify_flow(i).guest, 1);
	node_set_table(&node, 1, 1, PDP_POLICY_FLOWLET, one, 1);
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(classify_flow(i).guest, 2);
}

/* A TCP packet of flow i with these flags, in vnet 1. */
static struct sent classify_tcp(uint32_t i, uint8_t flags)
{
	const struct edit edits[] = {
		SET8(INNER_L3, 9, IPPROTO_TCP),
		SET32(INNER_L3, 12, 0x0a000000 + i / 7),
		SET32(INNER_L4, 0, (1024 + i) << 16 | 443),
		SET8(INNER_L4, 13, flags),
		FIT_INNER,
	};

	return classify(1, edits, 5);
}

/* Data in turn; SYN, FIN and RST of a connection all to one guest, and they take no turn. */
static void test_spray(void **unused)
{
	static const uint8_t edges[] = {0x02, 0x12, 0x11, 0x04, 0x01};

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_SPRAY, four, 4);
	for (uint32_t i = 0; i < 40; i++) {
		struct sent data = classify_tcp(i, 0x10);
		uint16_t home = four[pdp_hash_slot(data.hash, 4)];

		assert_int_equal(data.guest, four[2 * i % 4]);
		for (size_t k = 0; k < sizeof(edges); k++)
			assert_int_equal(classify_tcp(i, edges[k]).guest, home);
		assert_int_equal(classify_tcp(i, 0x18).guest, four[(2 * i + 1) % 4]);
	}
}

/* What is no TCP has no ends, whatever stands where TCP has its flags. */
static void test_spray_of_udp(void **unused)
{
	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_SPRAY, four, 4);
	for (uint32_t i = 0; i < 8; i++) {
		const struct edit edits[] = {SET8(INNER_L4, 13, 0x02), FIT_INNER};

		assert_int_equal(classify(1, edits, 2).guest, four[i % 4]);
	}
}

static void set_key(enum pdp_key_kind kind, const struct pdp_key *key)
{
	struct pdp_vnet vnet;
	uint32_t id = 1;

	node_get(&node, MAP_VNETS, &id, &vnet);
	vnet.key = kind;
	node_set(&node, MAP_VNETS, &id, &vnet);
	node_set(&node, MAP_KEYS, &id, key);
}

/* What two hosts say to each other has one hash, whatever the ports; other hosts another. */
static void test_key_of_hosts(void **unused)
{
	struct pdp_flow_key key = {
		.saddr = {htonl(0x0a000000)}, .daddr = {htonl(INNER_DADDR4)}, .family = 4};

	(void)unused;
	set_key(PDP_KEY_L3, &(struct pdp_key){0});
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(classify_flow(i).hash, pdp_flow_hash(&key));
	assert_int_equal(classify_tcp(3, 0).hash, pdp_flow_hash(&key));
	key.saddr[0] = htonl(0x0a000001);
	assert_int_equal(classify_flow(7).hash, pdp_flow_hash(&key));
}

/* Bytes of each layer, under their masks; what the packet has not got is 0. */
static void test_key_of_bytes(void **unused)
{
	const struct pdp_key key = {.byte = {{PDP_KEY_INNER, 0, 0xf0},
					     {PDP_KEY_NETWORK, 9, 0xff},
					     {PDP_KEY_NETWORK, 15, 0x0f},
					     {PDP_KEY_TRANSPORT, 1, 0xff},
					     {PDP_KEY_TRANSPORT, 255, 0xff}}};

	(void)unused;
	set_key(PDP_KEY_BYTES, &key);
	for (uint32_t i = 0; i < 40; i++) {
		struct pdp_flow_key want = {0};
		const uint8_t bytes[] = {0x40, 17, i / 7 & 15, (1024 + i) & 255};

		memcpy(&want, bytes, sizeof(bytes));
		assert_int_equal(classify_flow(i).hash, pdp_flow_hash(&want));
	}
}

/* Fragments have no transport layer, so they stay together under any key. */
static void test_key_of_a_fragment(void **unused)
{
	const struct pdp_key key = {.byte = {{PDP_KEY_TRANSPORT, 1, 0xff}}};
	const struct edit fragment[] = {SET16(INNER_L3, 6, 0x2000), FIT_INNER};
	const struct pdp_flow_key zero = {0};

	(void)unused;
	set_key(PDP_KEY_BYTES, &key);
	assert_int_equal(classify(1, fragment, 2).hash, pdp_flow_hash(&zero));
}

/* What user space says of the classifier's choice for packets of a vif; guests have powers 3 and 2. */
static void check_spread(uint16_t vif, enum pdp_policy policy, enum pdp_key_kind key,
			 const struct pdp_key *bytes)
{
	uint16_t vnet = node.vif[vif].owner.vnet, first = (uint16_t)(vnet * 2 - 1);
	const struct pdp_share shares[] = {{first, 300}, {(uint16_t)(first + 1), 200}};
	const struct pdp_tunnel_key end = node_tunnel_key(&node, vif);
	const struct pdp_captured_ends ends = {&end, 1};
	struct pdp_spread_conf conf = {
		.policy = policy, .key = key, .gap = 1000, .shares = shares, .n_shares = 2};
	struct pdp_slot_table table;
	struct pdp_spread *spread;
	uint16_t n_slots;
	uint64_t ns = 0;

	if (bytes)
		conf.bytes = *bytes;
	assert_int_equal(pdp_slots_fill(&table, &n_slots, policy, shares, 2), 0);
	node_set_table(&node, vnet, 0, policy, table.guest, n_slots);
	assert_int_equal(pdp_spread_new(&spread, &conf), 0);
	for (uint32_t i = 0; i < 300; i++) {
		const struct edit edits[] = {
			SET8(INNER_L3, 9, i % 3 ? IPPROTO_TCP : IPPROTO_UDP),
			SET32(INNER_L3, 12, 0x0a000000 + i % 40 / 7),
			SET32(INNER_L4, 0, (1024 + i % 40) << 16 | 443),
			SET8(INNER_L4, 13, i % 5 ? 0x10 : 0x02),
			FIT_INNER,
		};
		struct packet_case c = {.way = WAY_IN, .vif = vif};
		static struct packet in, out;
		struct pdp_captured inner;
		uint32_t hash;
		int guest;

		case_build(&node, &c, &in);
		for (int k = 0; k < 5; k++)
			packet_edit(&in, &edits[k]);
		assert_int_equal(node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0, &in, &out),
				 XDP_REDIRECT);
		assert_true(
			pdp_captured_inner(&inner, in.data, in.len, PDP_CAPTURED_ETHERNET, &ends));
		assert_true(inner.tunnel);
		assert_int_equal(inner.proto, out.data[16] << 8 | out.data[17]);
		guest = pdp_spread_see(spread, inner.inner, inner.len, inner.proto, ns, &hash);
		assert_int_equal(hash, read32(&out, 22));
		assert_int_equal(guest, out.data[5]);
	}
	assert_true(pdp_spread_guests(spread)[0].packets + pdp_spread_guests(spread)[1].packets ==
		    300);
	assert_true(pdp_spread_flows(spread) > 0 && pdp_spread_flows(spread) <= 80);
	pdp_spread_free(spread);
}

/* `vnet key test`, slot for slot: every policy with every kind of key, and frames in a vxlan tunnel. */
static void test_spread_says_the_same(void **unused)
{
	const struct pdp_key bytes = {
		.byte = {{PDP_KEY_NETWORK, 15, 0x0f}, {PDP_KEY_TRANSPORT, 1, 0xff}}};

	(void)unused;
	for (int policy = PDP_POLICY_ROUND_ROBIN; policy <= PDP_POLICY_SPRAY; policy++)
		for (int key = PDP_KEY_5TUPLE; key <= PDP_KEY_BYTES; key++) {
			node_fill(&node);
			set_key((enum pdp_key_kind)key, &bytes);
			set_flowlet_gap(UINT32_MAX);
			check_spread(1, (enum pdp_policy)policy, (enum pdp_key_kind)key, &bytes);
		}
	node_fill(&node);
	check_spread(5, PDP_POLICY_FLOW_HASH, PDP_KEY_5TUPLE, NULL);
	check_spread(6, PDP_POLICY_FLOW_HASH, PDP_KEY_5TUPLE, NULL);
}

/* After the same pauses the same turns. */
static void test_spread_of_flowlets(void **unused)
{
	const struct pdp_share shares[] = {{1, 300}, {2, 200}};
	const struct pdp_tunnel_key end = node_tunnel_key(&node, 1);
	const struct pdp_captured_ends ends = {&end, 1};
	const uint32_t gap = 10000000;
	const struct pdp_spread_conf conf = {
		.policy = PDP_POLICY_FLOWLET, .gap = gap, .shares = shares, .n_shares = 2};
	struct packet_case c = {.way = WAY_IN, .vif = 1};
	static struct packet in, out;
	struct pdp_slot_table table;
	struct pdp_captured inner;
	struct pdp_spread *spread;
	uint64_t ns = 1000000;
	uint16_t n_slots;
	uint32_t hash;

	(void)unused;
	assert_int_equal(pdp_slots_fill(&table, &n_slots, conf.policy, shares, 2), 0);
	node_set_table(&node, 1, 0, conf.policy, table.guest, n_slots);
	set_flowlet_gap(gap);
	assert_int_equal(pdp_spread_new(&spread, &conf), 0);
	case_build(&node, &c, &in);
	packet_edit(&in, &(struct edit)SET32(INNER_L3, 12, 0x0a000000));
	packet_edit(&in, &(struct edit)SET32(INNER_L4, 0, 1024 << 16 | 443));
	packet_edit(&in, &(struct edit)FIT_INNER);
	assert_true(pdp_captured_inner(&inner, in.data, in.len, PDP_CAPTURED_ETHERNET, &ends));
	for (int i = 0; i < 60; i++) {
		int guest = pdp_spread_see(spread, inner.inner, inner.len, inner.proto, ns, &hash);

		assert_int_equal(node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0, &in, &out),
				 XDP_REDIRECT);
		assert_int_equal(guest, out.data[5]);
		if (i % 3)
			continue;
		age_flowlet(0, gap + 1);
		ns += (uint64_t)(gap + 1) << PDP_FLOWLET_SHIFT;
	}
	pdp_spread_free(spread);
}

/* All fragments of a packet, also of one with ports, go to one guest. */
static void test_fragments_stay_together(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 50; i++) {
		struct edit edits[] = {
			SET32(INNER_L4, 0, (1024 + i) << 16 | 443),
			SET16(INNER_L3, 6, 0x2000),
			FIT_INNER,
		};
		struct sent first = classify(1, edits, 3), next;

		edits[1].value = 0x2000 | (i + 1);
		next = classify(1, edits, 3);
		assert_int_equal(first.hash, next.hash);
		assert_int_equal(first.guest, next.guest);
	}
}

/* seq counts per vnet and bucket of the hash, without a gap. */
static void test_seq(void **unused)
{
	uint32_t next[PDP_SEQ_BUCKETS] = {0};

	(void)unused;
	for (uint32_t i = 0; i < 500; i++) {
		struct sent sent = classify_flow(i % 100);

		assert_int_equal(sent.seq, next[sent.hash % PDP_SEQ_BUCKETS]++);
	}
	assert_int_equal(classify(7, NULL, 0).seq, 0);
}

static void test_seq_wraps(void **unused)
{
	uint32_t id = 1, hash = hash_of_flow(0);
	struct pdp_seqs seqs = {0};

	(void)unused;
	seqs.next[hash % PDP_SEQ_BUCKETS] = UINT32_MAX;
	node_set(&node, MAP_SEQS, &id, &seqs);
	assert_int_equal(classify_flow(0).seq, UINT32_MAX);
	assert_int_equal(classify_flow(0).seq, 0);
}

/* What is not sent takes no sequence number. */
static void test_drop_takes_no_seq(void **unused)
{
	static const uint16_t none[1];
	uint32_t id = 1, hash = hash_of_flow(0);
	struct pdp_seqs seqs;

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOW_HASH, none, 1);
	assert_int_equal(classify_flow(0).verdict, XDP_DROP);
	node_get(&node, MAP_SEQS, &id, &seqs);
	assert_int_equal(seqs.next[hash % PDP_SEQ_BUCKETS], 0);
}

static void test_other_half(void **unused)
{
	static const uint16_t first[] = {1}, second[] = {2};

	(void)unused;
	node_set_table(&node, 1, 0, PDP_POLICY_FLOW_HASH, first, 1);
	assert_int_equal(classify_flow(0).guest, 1);
	node_set_table(&node, 1, 1, PDP_POLICY_FLOW_HASH, second, 1);
	assert_int_equal(classify_flow(0).guest, 2);
	node_set_table(&node, 1, 0, PDP_POLICY_FLOW_HASH, first, 1);
	assert_int_equal(classify_flow(0).guest, 1);
}

static uint64_t now_16th_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * 1000000000ull + now.tv_nsec) << PDP_POLICE_SHIFT;
}

static void police(uint32_t cost, uint32_t burst, uint64_t tat)
{
	struct pdp_police state = {.tat = tat};
	struct pdp_vnet vnet;
	uint32_t id = 1;

	node_get(&node, MAP_VNETS, &id, &vnet);
	vnet.police_cost = cost;
	vnet.police_burst = burst;
	node_set(&node, MAP_VNETS, &id, &vnet);
	node_set(&node, MAP_POLICE, &id, &state);
}

static uint64_t police_tat(void)
{
	struct pdp_police state;
	uint32_t id = 1;

	node_get(&node, MAP_POLICE, &id, &state);
	return state.tat;
}

/* After idling, time not used is not saved: the packet is due one cost after now. */
static void test_police_idle(void **unused)
{
	uint64_t before = now_16th_ns(), after;

	(void)unused;
	police(1000, 0, 0);
	assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
	after = now_16th_ns();
	assert_in_range(police_tat(), before + 1000, after + 1000);
}

/* Within the burst each packet moves the time by one cost, however early it is. */
static void test_police_burst(void **unused)
{
	uint64_t tat = now_16th_ns() + (100000000ull << PDP_POLICE_SHIFT);

	(void)unused;
	police(1 << 20, UINT32_MAX & ~PDP_POLICE_POWER, tat);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
		if (tat > now_16th_ns()) /* or this machine stood still for 0.1 s */
			assert_int_equal(police_tat(), tat + ((uint64_t)i << 20));
	}
}

/* What is refused is not charged, and takes no turn. */
static void test_police_refuses(void **unused)
{
	uint64_t tat = now_16th_ns() + (3600000000000ull << PDP_POLICE_SHIFT);

	(void)unused;
	police(1000, UINT32_MAX & ~PDP_POLICE_POWER, tat);
	for (int i = 0; i < 3; i++)
		assert_int_equal(classify_flow(0).verdict, XDP_DROP);
	assert_int_equal(police_tat(), tat);
	police(0, 0, tat);
	assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
}

/*
 * Over its power, nothing goes until a bunch may: 64 packets, or a millisecond's. The last bit of the time says so. Bursts
 * are of 134 ms here, and packets of 0.26 ms.
 */
static void test_power_comes_in_bunches(void **unused)
{
	const uint32_t cost = 1 << 22, burst = (1u << 31) | PDP_POLICE_POWER;
	const uint64_t bunch = 1000000ull << PDP_POLICE_SHIFT, closed = 1;
	uint64_t tat = now_16th_ns() + (3600000000000ull << PDP_POLICE_SHIFT);

	(void)unused;
	police(cost, burst, tat);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(classify_flow(0).verdict, XDP_DROP);
		assert_int_equal(police_tat(), tat | closed);
	}
	/* Not over it yet: goes, as of any rate. */
	tat = (now_16th_ns() + burst - bunch / 2) & ~closed;
	police(cost, burst, tat);
	assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
	assert_int_equal(police_tat(), tat + cost);
	/* The same, having been over it. */
	police(cost, burst, tat | closed);
	if (classify_flow(0).verdict == XDP_REDIRECT)
		assert_true(now_16th_ns() + burst - bunch >= tat); /* this machine stood still */
	else
		assert_int_equal(police_tat(), tat | closed);
	/* A bunch below it. */
	tat = (now_16th_ns() + burst - 2 * bunch) & ~closed;
	police(cost, burst, tat | closed);
	assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
	assert_int_equal(police_tat(), tat + cost);
}

/* Send one LOCAL packet of vif 1. */
static int deliver(void)
{
	struct packet_case c = {.way = WAY_LOCAL, .vif = 1};
	static struct packet in, out;

	case_build(&node, &c, &in);
	return node_run(&node, PROG_DISPATCH, node.link_ifindex[1], 0, &in, &out);
}

/* A burst to the control plane goes, the flood behind it does not; transit traffic is not asked. */
static void test_local_police(void **unused)
{
	uint64_t second = 1000000000ull << PDP_POLICE_SHIFT;
	struct pdp_vnet vnet;
	uint32_t id = 1;
	int sent = 0;

	(void)unused;
	node_get(&node, MAP_VNETS, &id, &vnet);
	vnet.local_cost = second / 20; /* 20 pps, so that this machine's pauses do not matter */
	vnet.local_burst = 4 * vnet.local_cost;
	node_set(&node, MAP_VNETS, &id, &vnet);
	for (int i = 0; i < 100; i++)
		sent += deliver() == XDP_REDIRECT;
	assert_in_range(sent, 5, 60);
	assert_int_equal(classify_flow(0).verdict, XDP_REDIRECT);
}

/* Half of the packets: 1000 of 2000, give or take nine standard deviations. */
static void test_loss(void **unused)
{
	struct packet_case c = {.way = WAY_OUT, .vif = 1};
	struct pdp_vif vif = node.vif[1];
	static struct packet in, out;
	uint32_t id = 1;
	int sent = 0;

	(void)unused;
	vif.impair.loss = 0x7fffffff;
	node_set(&node, MAP_VIFS, &id, &vif);
	case_build(&node, &c, &in);
	for (int i = 0; i < 2000; i++)
		sent += node_run(&node, PROG_DISPATCH, node.link_ifindex[1], 0, &in, &out) ==
			XDP_REDIRECT;
	assert_in_range(sent, 800, 1200);
}

/* What an FE guest's LOCAL brought to the control plane can go back the way it came, as it came. */
static void test_local_and_back(void **unused)
{
	static const uint16_t vifs[] = {1, 2, 4, 5, 6};

	(void)unused;
	for (size_t i = 0; i < sizeof(vifs) / sizeof(*vifs); i++) {
		struct packet_case local = {.way = WAY_LOCAL, .vif = vifs[i]};
		struct packet_case out = {.way = WAY_OUT, .vif = vifs[i]};
		static struct packet in, guest, left, want;
		size_t inner;

		case_build(&node, &local, &in);
		case_build(&node, &out, &want);
		inner = want.len - want.at[AT_INNER];
		assert_int_equal(node_run(&node, PROG_DISPATCH,
					  node.link_ifindex[vifs[i] < 5 ? 1 : 3], 0, &in, &guest),
				 XDP_REDIRECT);
		assert_int_equal(node_run(&node, PROG_VIF_OUT, node.vif_ifindex[vifs[i]], 0, &guest,
					  &left),
				 XDP_REDIRECT);
		assert_memory_equal(left.data + left.len - inner, want.data + want.at[AT_INNER],
				    inner);
	}
}

/* What the classifier sends, a guest may send back: in and out again, bytes as they came. */
static void test_there_and_back(void **unused)
{
	struct packet_case in = {.way = WAY_IN, .vif = 4}, out = {.way = WAY_OUT, .vif = 4};
	static struct packet p, tagged, back, left;
	size_t inner;

	(void)unused;
	case_build(&node, &in, &p);
	inner = p.len - p.at[AT_INNER];
	assert_int_equal(node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0, &p, &tagged),
			 XDP_REDIRECT);
	case_build(&node, &out, &back);
	assert_int_equal(back.len - back.at[AT_INNER], inner);
	memcpy(back.data + back.at[AT_INNER], tagged.data + 30, inner);
	assert_int_equal(node_run(&node, PROG_DISPATCH, node.link_ifindex[tagged.data[5]], 0, &back,
				  &left),
			 XDP_REDIRECT);
	assert_int_equal(left.len, p.len);
	assert_memory_equal(left.data + p.at[AT_INNER], p.data + p.at[AT_INNER], inner);
}

/* Turns are a CPU's own: stay on one. */
static int start(void **unused)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return -1;
	return start_node(unused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_round_robin, refill),
		cmocka_unit_test_setup(test_weighted, refill),
		cmocka_unit_test_setup(test_turn_survives_a_shorter_table, refill),
		cmocka_unit_test_setup(test_largest_table, refill),
		cmocka_unit_test_setup(test_flow_hash, refill),
		cmocka_unit_test_setup(test_flowlet_begins_at_its_hash, refill),
		cmocka_unit_test_setup(test_flowlet_stays, refill),
		cmocka_unit_test_setup(test_flowlet_moves_after_a_pause, refill),
		cmocka_unit_test_setup(test_flowlet_in_a_shorter_table, refill),
		cmocka_unit_test_setup(test_spray, refill),
		cmocka_unit_test_setup(test_spray_of_udp, refill),
		cmocka_unit_test_setup(test_key_of_hosts, refill),
		cmocka_unit_test_setup(test_key_of_bytes, refill),
		cmocka_unit_test_setup(test_key_of_a_fragment, refill),
		cmocka_unit_test_setup(test_spread_says_the_same, refill),
		cmocka_unit_test_setup(test_spread_of_flowlets, refill),
		cmocka_unit_test_setup(test_fragments_stay_together, refill),
		cmocka_unit_test_setup(test_seq, refill),
		cmocka_unit_test_setup(test_seq_wraps, refill),
		cmocka_unit_test_setup(test_drop_takes_no_seq, refill),
		cmocka_unit_test_setup(test_other_half, refill),
		cmocka_unit_test_setup(test_police_idle, refill),
		cmocka_unit_test_setup(test_police_burst, refill),
		cmocka_unit_test_setup(test_police_refuses, refill),
		cmocka_unit_test_setup(test_power_comes_in_bunches, refill),
		cmocka_unit_test_setup(test_local_police, refill),
		cmocka_unit_test_setup(test_loss, refill),
		cmocka_unit_test_setup(test_local_and_back, refill),
		cmocka_unit_test_setup(test_there_and_back, refill),
	};

	return cmocka_run_group_tests_name("policy", tests, start, stop_node);
}
