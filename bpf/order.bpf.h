/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * order.bpf.h - does a packet that comes back from an FE guest come in its flow's order?
 *
 * Sequence numbers are counted by bucket of the hash, so those of one flow rise, with gaps where its
 * neighbours in the bucket and lost packets were. A packet is reordered when one with a higher number of
 * its own flow came back before it (RFC 4737, section 3); packets of different flows are never compared,
 * so flows that share a bucket but not a guest do not count. The flow is the hash: what the vnet calls a
 * flow (its flow key).
 *
 * The newest number of each flow is one word among the few of its set, which share a cache line. Where a
 * set has more flows than words, some of them are watched, now these, now those, and packets of the others
 * are not metered: a sample. CPUs share the words. No BPF helper and no map: it compiles natively as well.
 */
#ifndef PDP_ORDER_BPF_H
#define PDP_ORDER_BPF_H

#include <linux/types.h>
#include <stdbool.h>

#include "bpf/counters.h"
#include "bpf/maps.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define PDP_ORDER_TRIES 4
/* No packet is so late; numbering has begun anew, as with new maps on one side. */
#define PDP_ORDER_RESTART (1 << 20)
#define PDP_NOT_METERED (-1)

static __always_inline __u64 pdp_newest_word(__u32 hash, __u32 seq)
{
	return (__u64)hash << 32 | seq;
}

/* By how many numbers the newest of its flow is ahead of this one, which it may become. */
static __always_inline __s32 pdp_order_in(__u64 *word, __u32 hash, __u32 seq)
{
	for (int i = 0; i < PDP_ORDER_TRIES; i++) {
		__u64 was = *(volatile __u64 *)word;
		__s32 late = (__s32)((__u32)was - seq);

		if (was >> 32 != hash)
			return PDP_NOT_METERED;
		if (late >= 0 && late < PDP_ORDER_RESTART)
			return late;
		if (__sync_val_compare_and_swap(word, was, pdp_newest_word(hash, seq)) == was)
			return 0;
	}
	return PDP_NOT_METERED;
}

/*
 * A flow that has no word in its set: a free one at once, another's at one packet of 64, by lot.
 * The lot is drawn from the number, which no sender can foresee for long, and does not repeat as flows do.
 */
static __always_inline __s32 pdp_order_begin(__u64 *set, __u32 hash, __u32 seq)
{
	__u32 lot = (seq ^ hash) * 0x9e3779b1;
	__u64 *word = &set[lot >> 24 & (PDP_NEWEST_WAYS - 1)], was;

	for (int i = 0; i < PDP_NEWEST_WAYS; i++)
		if (!*(volatile __u64 *)&set[i])
			return __sync_val_compare_and_swap(&set[i], 0, pdp_newest_word(hash, seq))
				       ? PDP_NOT_METERED
				       : 0;
	if (lot >> 26)
		return PDP_NOT_METERED;
	was = *(volatile __u64 *)word;
	__sync_val_compare_and_swap(word, was, pdp_newest_word(hash, seq));
	return PDP_NOT_METERED;
}

/*
 * pdp_order_see() - a packet with this hash and number has come back.
 *
 * 0: in order (or a copy of the newest). Above: reordered, and by how many numbers it is late.
 * PDP_NOT_METERED: there is nothing to compare it with.
 */
static __always_inline __s32 pdp_order_see(struct pdp_newest *newest, __u32 hash, __u32 seq)
{
	__u64 *set = newest->of[hash % PDP_NEWEST_SETS];

	/* A word of the hash 0 would look free. */
	hash += !hash;
	for (int i = 0; i < PDP_NEWEST_WAYS; i++)
		if (*(volatile __u64 *)&set[i] >> 32 == hash)
			return pdp_order_in(&set[i], hash, seq);
	return pdp_order_begin(set, hash, seq);
}

/* Where a lateness is counted: among 1, 2, up to 4, up to 8 ... up to 64, more. */
static __always_inline __u32 pdp_late_bucket(__u32 late)
{
	__u32 bucket = 0;

	for (int i = 0; i < PDP_LATE_BUCKETS - 1; i++)
		bucket += late > 1U << i;
	return bucket;
}

#endif
