/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * police.bpf.h - a rate as one 64-bit time: GCRA (ITU-T I.371).
 *
 * Of the classifier for all that comes in for a vnet and for what goes to each of its guests, of the dispatcher
 * for what goes to its control plane. The caller owns the time.
 */
#ifndef PDP_POLICE_BPF_H
#define PDP_POLICE_BPF_H

#include "bpf/maps.bpf.h"

#define PDP_POLICE_TRIES 4

/*
 * A packet conforms unless it comes earlier than its theoretical arrival time by more than the
 * burst. CPUs share the time. Where they keep racing, the packet is charged and goes.
 */
static __always_inline bool pdp_conforms(__u64 *arrival, struct pdp_limit limit)
{
	__u64 cost = limit.cost, burst = limit.burst;
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

/* A NAPI poll's worth of packets, if they are due within a millisecond. */
#define PDP_POLICE_BUNCH 64
#define PDP_POLICE_BUNCH_MOST (1000000ULL << PDP_POLICE_SHIFT)
/* In the last bit of the time: over the burst once, and not yet a bunch below it. */
#define PDP_POLICE_CLOSED 1ULL

static __always_inline __u64 pdp_bunch(__u64 cost, __u64 burst)
{
	__u64 bunch = cost * PDP_POLICE_BUNCH;

	bunch = bunch < PDP_POLICE_BUNCH_MOST ? bunch : PDP_POLICE_BUNCH_MOST;
	return bunch < burst / 2 ? bunch : burst / 2;
}

/*
 * The same rate, but whoever is over it waits until a bunch of packets may go: of a flood, one packet in
 * ten would come to its guest alone, and cost it half as much again for cold caches and a poll of its own.
 */
static __always_inline bool pdp_conforms_bunched(__u64 *arrival, struct pdp_limit limit)
{
	__u64 cost = limit.cost, burst = limit.burst;
	__u64 now = bpf_ktime_get_ns() << PDP_POLICE_SHIFT;

	for (int i = 0; i < PDP_POLICE_TRIES; i++) {
		__u64 tat = *(volatile __u64 *)arrival;
		bool closed = tat & PDP_POLICE_CLOSED;
		__u64 start = tat > now ? tat : now;

		if (start - now > burst - (closed ? pdp_bunch(cost, burst) : 0)) {
			if (!closed)
				__sync_val_compare_and_swap(arrival, tat, tat | PDP_POLICE_CLOSED);
			return false;
		}
		if (__sync_val_compare_and_swap(arrival, tat,
						(start + cost) & ~PDP_POLICE_CLOSED) == tat)
			return true;
	}
	__sync_fetch_and_add(arrival, cost & ~PDP_POLICE_CLOSED);
	return true;
}

#endif
