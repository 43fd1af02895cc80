/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * router_rules.h - what the router's two halves must decide alike: pure functions on values.
 *
 * For the agent half (router_packet.c, router.c, encap.c) and the fast half (router.bpf.c). Addresses in
 * host order.
 */
#ifndef PDP_ROUTER_RULES_H
#define PDP_ROUTER_RULES_H

#include <linux/types.h>
#include <stdbool.h>

#include "bpf/wire.h"

static inline bool pdp_is_multicast4(__u32 addr)
{
	return addr >> 28 == 0xe;
}

/* 0/8, 127/8 and 240/4, which are never forwarded nor come from afar (RFC 6890). */
static inline bool pdp_is_martian4(__u32 addr)
{
	return addr >> 24 == 0 || addr >> 24 == 127 || addr >> 28 == 0xf;
}

/* Not to be forwarded (RFC 3927, 2.7). */
static inline bool pdp_is_link_local4(__u32 addr)
{
	return addr >> 16 == 0xa9fe;
}

static inline bool pdp_is_multicast6(__u64 hi)
{
	return hi >> 56 == 0xff;
}

static inline bool pdp_is_link_local6(__u64 hi)
{
	return hi >> 54 == 0xfe80 >> 6;
}

/* ::1 and the IPv4-mapped addresses, which must not be seen on a wire (RFC 4291, RFC 6890). */
static inline bool pdp_is_martian6(__u64 hi, __u64 lo)
{
	return !hi && (lo == 1 || lo >> 32 == 0xffff);
}

enum pdp_ecn { PDP_ECN_NOT_ECT = 0, PDP_ECN_ECT1 = 1, PDP_ECN_ECT0 = 2, PDP_ECN_CE = 3 };

/*
 * The ECN field of a packet that left a tunnel, from the two it had (RFC 6040, figure 4), or -1: it
 * must be dropped, as it was marked on the way and its ends would not know.
 */
static inline int pdp_ecn_decapsulate(__u8 inner, __u8 outer)
{
	if (outer == PDP_ECN_CE)
		return inner == PDP_ECN_NOT_ECT ? -1 : PDP_ECN_CE;
	if (outer == PDP_ECN_ECT1 && inner == PDP_ECN_ECT0)
		return PDP_ECN_ECT1;
	return inner;
}

/*
 * Identification of an outer IPv4 header (RFC 6864), the same whichever half and whichever guest of the vnet
 * writes it: seq counts the packets of a bucket of flows, and each bucket begins at a place of its own.
 */
static inline __u16 pdp_outer_id(__u32 hash, __u32 seq)
{
	return hash % PDP_SEQ_BUCKETS * (0x10000 / PDP_SEQ_BUCKETS) + seq;
}

#endif
