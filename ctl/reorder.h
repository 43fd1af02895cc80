/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * reorder.h - what the reordering meter's counters say: ratio, extent, how late. Pure.
 *
 * The dispatcher counts (bpf/order.bpf.h): a packet is reordered when one with a higher number of its
 * flow came back before it, and it is as late as that number is ahead of its own.
 */
#ifndef PDP_REORDER_H
#define PDP_REORDER_H

#include <stdint.h>

#include "bpf/counters.h"

struct pdp_reorder {
	uint64_t metered;
	uint64_t reordered;
	uint64_t late_sum; /* numbers */
	uint64_t late[PDP_LATE_BUCKETS];
};

struct pdp_reorder pdp_reorder_of_vnet(const struct pdp_vnet_stats *stats);
struct pdp_reorder pdp_reorder_of_guest(const struct pdp_guest_stats *stats);

/* What was counted between two looks; all of it when counting began anew in between. */
struct pdp_reorder pdp_reorder_since(const struct pdp_reorder *now,
				     const struct pdp_reorder *before);

/* Reordered of the metered packets, 0 to 1 (RFC 4737, 3.4); 0 when none was metered. */
double pdp_reorder_ratio(const struct pdp_reorder *r);
/* How late the reordered were on average, in numbers; 0 when none was. */
double pdp_reorder_extent_mean(const struct pdp_reorder *r);

/* The most numbers that a bucket's packets are late; UINT64_MAX: the last one's. */
uint64_t pdp_reorder_bound(unsigned int bucket);
/* None was later than this; 0 when none was late. */
uint64_t pdp_reorder_extent_max(const struct pdp_reorder *r);

#endif
