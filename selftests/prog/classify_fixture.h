/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * classify_fixture.h - what the classifier makes of one packet of a flow: its guest, hash and number. Include cmocka.h
 * first.
 */
#ifndef PDP_PROG_CLASSIFY_FIXTURE_H
#define PDP_PROG_CLASSIFY_FIXTURE_H

#include <arpa/inet.h>
#include <sched.h>

#include "selftests/prog/cases.h"
#include "selftests/prog/node_fixture.h"

struct sent {
	int verdict;
	uint16_t guest;
	uint32_t hash, seq;
};

static inline uint32_t read32(const struct packet *p, size_t at)
{
	return (uint32_t)p->data[at] << 24 | p->data[at + 1] << 16 | p->data[at + 2] << 8 |
	       p->data[at + 3];
}

/* Send one packet in and read the tag; the guest is the last byte of its MAC. */
static inline struct sent classify(uint16_t vif, const struct edit *edits, int n_edits)
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
static inline struct sent classify_flow(uint32_t i)
{
	const struct edit edits[] = {
		SET32(INNER_L3, 12, 0x0a000000 + i / 7),
		SET32(INNER_L4, 0, (1024 + i) << 16 | 443),
		FIT_INNER,
	};

	return classify(1, edits, 3);
}

/* A TCP packet of flow i with these flags, in vnet 1. */
static inline struct sent classify_tcp(uint32_t i, uint8_t flags)
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

static inline uint32_t hash_of_flow(uint32_t i)
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

static inline void set_flowlet_gap(uint32_t gap)
{
	struct pdp_vnet vnet;
	uint32_t id = 1;

	node_get(&node, MAP_VNETS, &id, &vnet);
	vnet.flowlet_gap = gap;
	node_set(&node, MAP_VNETS, &id, &vnet);
}

/* The flow's last packet came this many units of 1024 ns earlier than it did. */
static inline void age_flowlet(uint32_t i, uint64_t by)
{
	struct pdp_flowlets flowlets;
	uint32_t id = 1;

	node_get(&node, MAP_FLOWLETS, &id, &flowlets);
	flowlets.flowlet[hash_of_flow(i) % PDP_FLOWLETS] -= by << 16;
	node_set(&node, MAP_FLOWLETS, &id, &flowlets);
}

/* What each test begins with. */
static inline int refill(void **unused)
{
	(void)unused;
	node_fill(&node);
	return 0;
}

/* Turns are a CPU's own: stay on one. */
static inline int start_on_one_cpu(void **unused)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return -1;
	return start_node(unused);
}

#endif
