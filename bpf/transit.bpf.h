/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * transit.bpf.h - how long packets are with an FE guest: noted on the way to it, counted on the way back.
 *
 * A few packets of a guest are timed at once, each in the place of its number's last bits: those with the same
 * bits pass untimed until it is back, or taken for lost. So what is timed does not depend on how long it takes.
 * Places are shared by CPUs; one that is written by two at once is wrong by what lies between them. No BPF
 * helper and no map: it compiles natively as well.
 */
#ifndef PDP_TRANSIT_BPF_H
#define PDP_TRANSIT_BPF_H

#include <linux/types.h>
#include <stdbool.h>

#include "bpf/maps.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* A number never to be 0, which is no packet. */
static __always_inline __u64 pdp_timed_word(__u32 hash, __u32 seq)
{
	return (__u64)(hash + !hash) << 32 | seq;
}

static __always_inline void pdp_transit_begin(struct pdp_transit *transit, __u32 hash, __u32 seq,
					      __u64 now)
{
	struct pdp_timed *timed = &transit->timed[seq % PDP_TRANSIT_TIMED];

	if (*(volatile __u64 *)&timed->packet && now - timed->when < PDP_TRANSIT_LOST_NS)
		return;
	*(volatile __u64 *)&timed->when = now;
	*(volatile __u64 *)&timed->packet = pdp_timed_word(hash, seq);
}

/* Is the packet one that is timed? */
static __always_inline bool pdp_transit_is_timed(const struct pdp_transit *transit, __u32 hash,
						 __u32 seq)
{
	const struct pdp_timed *timed = &transit->timed[seq % PDP_TRANSIT_TIMED];

	return *(const volatile __u64 *)&timed->packet == pdp_timed_word(hash, seq);
}

/*
 * Where a time is counted: by units of 4.096 us, up to four of them one each, then four to each doubling. The
 * last holds all that is longer than half a second.
 */
static __always_inline __u32 pdp_transit_bucket(__u64 ns)
{
	__u64 units = ns >> PDP_TRANSIT_SHIFT;
	__u32 bucket = 0;

	for (int i = 0; i < PDP_TRANSIT_BUCKETS / 4 - 2 && units >= 8; i++) {
		units >>= 1;
		bucket += 4;
	}
	return units < 8 ? bucket + units : PDP_TRANSIT_BUCKETS - 1;
}

static __always_inline void pdp_transit_end(struct pdp_transit *transit, __u32 seq, __u64 now)
{
	struct pdp_timed *timed = &transit->timed[seq % PDP_TRANSIT_TIMED];
	__u32 bucket = pdp_transit_bucket(now - timed->when) & (PDP_TRANSIT_BUCKETS - 1);

	__sync_fetch_and_add(&transit->count[bucket], 1);
	*(volatile __u64 *)&timed->packet = 0;
}

#endif
