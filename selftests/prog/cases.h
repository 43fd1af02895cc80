/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cases.h - the table of named packets: what comes in, what is wrong with it, what must happen.
 *
 * A case begins as a good frame of a vif, towards the node (IN) or from one of its guests (OUT),
 * has edits made to it, and names the one counter that must move. The rows stand in cases_*.c by
 * topic; test_packets.c runs them.
 */
#ifndef PDP_PROG_CASES_H
#define PDP_PROG_CASES_H

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>

#include "selftests/prog/node.h"

#define CASE_EDITS 8
#define CASE_DELAY_MS 20

enum way {
	WAY_IN, /* from outside, to pdp_classify */
	WAY_OUT, /* from a guest, to pdp_dispatch */
	WAY_LOCAL, /* from a guest, to pdp_dispatch, for the control plane */
	WAY_CONTROL, /* from the control plane, to pdp_vif_out */
	WAY_DELAYED, /* from the delay line, to pdp_delayed */
	WAY_GUEST, /* as WAY_IN leaves it, to guest 1's pdp_guest_rx */
	WAY_PASS, /* from outside, to pdp_pass */
};

/* What a tunnel carries; a vxlan tunnel has an Ethernet header in front of it. */
enum inner {
	INNER_IPV4_UDP,
	INNER_IPV6_UDP,
	INNER_ARP, /* vxlan alone */
	INNER_NOTHING, /* not even an Ethernet header */
};

struct packet_case {
	const char *name;
	enum way way;
	uint16_t vif;
	enum inner inner;
	struct edit edit[CASE_EDITS];

	void (*setup)(struct node *node); /* changes the node for this case alone */
	uint16_t sender; /* OUT, LOCAL: the guest that sends; 0: the first of the vif's vnet */
	bool delayed; /* OUT, CONTROL: goes, to the delay line */
	bool bad_tunnel; /* IN, dropped: its tunnel's entry is broken, and the node is charged */
	bool bytes; /* IN, redirected: what is inside is tagged as bytes */
	bool unknown_device; /* comes in on a device that is neither port nor FE link */
	uint16_t queue;

	int verdict;
	size_t counter; /* offset in the struct that has it: port for PASS, vnet for DROP */
	uint16_t counted_vif; /* IN: the vif that is charged, when it is not .vif */
	const struct pdp_flow_key *key; /* IN, redirected: when it is not that of .inner */
};

#define IN(v) .way = WAY_IN, .vif = v
#define OUT(v) .way = WAY_OUT, .vif = v
#define LOCAL(v) .way = WAY_LOCAL, .vif = v
#define CONTROL(v) .way = WAY_CONTROL, .vif = v
#define DELAYED(v) .way = WAY_DELAYED, .vif = v
#define EDIT(...) .edit = {__VA_ARGS__}

#define PASS(reason) .verdict = XDP_PASS, .counter = offsetof(struct pdp_port_stats, reason)
#define DROP(reason) .verdict = XDP_DROP, .counter = offsetof(struct pdp_vnet_stats, reason)
#define GOES .verdict = XDP_REDIRECT

/* Flow keys, in host order; addresses of IPv6 by their last 32 bits behind fd00::/96. */
#define KEY4(s, d, p, ...)                                                                 \
	.key = &(const struct pdp_flow_key)                                                \
	{                                                                                  \
		.saddr = {bpf_htonl(s)}, .daddr = {bpf_htonl(d)}, .proto = p, .family = 4, \
		__VA_ARGS__                                                                \
	}
#define KEY6(s, d, p, ...)                                                                     \
	.key = &(const struct pdp_flow_key)                                                    \
	{                                                                                      \
		.saddr = {bpf_htonl(0xfd000000), 0, 0, bpf_htonl(s)},                          \
		.daddr = {bpf_htonl(0xfd000000), 0, 0, bpf_htonl(d)}, .proto = p, .family = 6, \
		__VA_ARGS__                                                                    \
	}
#define TWO_PORTS(sp, dp) .sport = bpf_htons(sp), .dport = bpf_htons(dp)
#define INNER_PORTS TWO_PORTS(INNER_SPORT, INNER_DPORT)
#define NO_PORTS .sport = 0, .dport = 0
/* A frame that is not IP, of the MACs that case_build() gives. */
#define KEY_FRAME(ethertype)                                             \
	.key = &(const struct pdp_flow_key)                              \
	{                                                                \
		.saddr = {bpf_htonl(0x02e00000), bpf_htonl(0x00010000)}, \
		.daddr = {bpf_htonl(0x02e00000), bpf_htonl(0x00020000)}, \
		.sport = bpf_htons(ethertype)                            \
	}

#define INNER_SADDR4 0x0a000001
#define INNER_DADDR4 0x0a000102
#define INNER_SADDR6 0x00000001
#define INNER_DADDR6 0x00010002
#define INNER_SPORT 1000
#define INNER_DPORT 2000

struct case_table {
	const struct packet_case *cases;
	size_t n;
};

extern const struct case_table cases_l2, cases_ipv4, cases_ipv6, cases_udp, cases_tunnel,
	cases_inner, cases_bytes, cases_guest, cases_tag, cases_forged, cases_out, cases_local,
	cases_control, cases_impair;

/* The good frame of a case, before its edits. */
void case_build(const struct node *node, const struct packet_case *c, struct packet *p);

#endif
