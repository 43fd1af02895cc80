/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* reorder.c - arithmetic of the reordering meter; see reorder.h. Between counters and views. */
#include "ctl/reorder.h"

#include <string.h>

#define TAKE(stats)                                                                              \
	({                                                                                       \
		struct pdp_reorder out_ = {(stats)->metered_packets, (stats)->reordered_packets, \
					   (stats)->late_sum};                                   \
		memcpy(out_.late, &(stats)->late_1, sizeof(out_.late));                          \
		out_;                                                                            \
	})

struct pdp_reorder pdp_reorder_of_vnet(const struct pdp_vnet_stats *stats)
{
	return TAKE(stats);
}

struct pdp_reorder pdp_reorder_of_guest(const struct pdp_guest_stats *stats)
{
	return TAKE(stats);
}

struct pdp_reorder pdp_reorder_since(const struct pdp_reorder *now,
				     const struct pdp_reorder *before)
{
	struct pdp_reorder out = *now;
	int i;

	if (now->metered < before->metered || now->reordered < before->reordered)
		return out;
	out.metered -= before->metered;
	out.reordered -= before->reordered;
	out.late_sum -= before->late_sum;
	for (i = 0; i < PDP_LATE_BUCKETS; i++)
		out.late[i] -= before->late[i];
	return out;
}

double pdp_reorder_ratio(const struct pdp_reorder *r)
{
	return r->metered ? (double)r->reordered / (double)r->metered : 0;
}

double pdp_reorder_extent_mean(const struct pdp_reorder *r)
{
	return r->reordered ? (double)r->late_sum / (double)r->reordered : 0;
}

uint64_t pdp_reorder_bound(unsigned int bucket)
{
	return bucket < PDP_LATE_BUCKETS - 1 ? 1ULL << bucket : UINT64_MAX;
}

uint64_t pdp_reorder_extent_max(const struct pdp_reorder *r)
{
	int i = PDP_LATE_BUCKETS;

	while (i > 0 && !r->late[i - 1])
		i--;
	return i ? pdp_reorder_bound((unsigned int)i - 1) : 0;
}
