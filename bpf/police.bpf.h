/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * police.bpf.h - a rate as one 64-bit time: GCRA (ITU-T I.371).
 *
 * Of the classifier for all that comes in for a vnet, of the dispatcher for what goes to its control
 * plane. The caller owns the time.
 */
#ifndef PDP_POLICE_BPF_H
#define PDP_POLICE_BPF_H

#include "bpf/maps.bpf.h"

#define PDP_POLICE_TRIES 4

/*
 * A packet conforms unless it comes earlier than its theoretical arrival time by more than the
 * burst. CPUs share the time. Where they keep racing, the packet is charged and goes.
 */
static __always_inline bool pdp_conforms(__u64 *arrival, __u64 cost, __u64 burst)
{
	__u64 now = bpf_ktime_get_ns() << PDP_POLICE_SHIFT;

	for (int i = 0; i < PDP_POLICE_TRIES; i++) {
		__u64 tat = *(volatile __u64 *)arrival;
		__u64 start = tat > now ? tat : now;

		if (start - now > burst)
			return false;
		if (__sync_val_compare_and_swap(arrival, tat, start + cost) == tat)
			return true;
	}
	__sync_fetch_and_add(arrival, cost);
	return true;
}

#endif
