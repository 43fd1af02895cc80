/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * count.bpf.h - the ways out of a program, as values, and their counters.
 *
 * A reason is an enumerator with the name of its counter in bpf/counters.h; the first of each list
 * is 1, and 0 means that the packet goes on. Counters are per CPU and a program does not interrupt
 * itself, so they are added to without a lock.
 */
#ifndef PDP_COUNT_BPF_H
#define PDP_COUNT_BPF_H

#include "bpf/maps.bpf.h"

#define PDP_REASON(name, help) name,

enum pass_reason { pass_none, PDP_PASS_REASONS(PDP_REASON) };

/* In the order of struct pdp_vnet_stats. */
enum drop_reason {
	drop_none,
	PDP_CLASSIFY_DROPS(PDP_REASON) PDP_DISPATCH_DROPS(PDP_REASON) PDP_VIF_OUT_DROPS(PDP_REASON)
};

#define PDP_FIRST_DROP offsetof(struct pdp_vnet_stats, drop_wrong_remote)

_Static_assert(drop_wrong_remote == 1 &&
		       offsetof(struct pdp_vnet_stats, drop_control_headroom) ==
			       PDP_FIRST_DROP + sizeof(__u64) * (drop_control_headroom - 1),
	       "reasons follow the fields");

static __always_inline int pdp_drop(struct pdp_vnet_stats *stats, enum drop_reason reason)
{
	__u64 *counter = (void *)stats + PDP_FIRST_DROP;

	counter[reason - 1]++;
	return XDP_DROP;
}

#endif
