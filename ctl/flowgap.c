/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* flowgap.c - see flowgap.h. Off the packet's path. */
#include "ctl/flowgap.h"

#define MEMORY 0.9F /* of what was, at each look */
#define ENOUGH 8.0F /* packets to tell by */
#define LOWEST 0.01F /* of them are passed over at the lower end, */
#define HIGHEST 0.01F /* and at the upper */

void pdp_transit_see(struct pdp_transit_times *times, const uint32_t count[PDP_TRANSIT_BUCKETS])
{
	for (size_t i = 0; i < PDP_TRANSIT_BUCKETS; i++) {
		const uint32_t came = times->seen ? count[i] - times->count[i] : 0;

		times->lately[i] = times->lately[i] * MEMORY + (float)came;
		times->count[i] = count[i];
	}
	times->seen = true;
}

/* From which time on a bucket counts: the inverse of pdp_transit_bucket(). */
static uint64_t begin_of(size_t bucket)
{
	const uint64_t units = bucket < 8 ? bucket : (4 + bucket % 4) << (bucket / 4 - 1);

	return units << PDP_TRANSIT_SHIFT;
}

bool pdp_transit_span(const struct pdp_transit_times *times, struct pdp_transit_span *out)
{
	size_t low = 0, high = PDP_TRANSIT_BUCKETS - 1;
	float all = 0, below = 0, above = 0;

	for (size_t i = 0; i < PDP_TRANSIT_BUCKETS; i++)
		all += times->lately[i];
	if (all < ENOUGH)
		return false;
	while ((below += times->lately[low]) <= all * LOWEST)
		low++;
	while ((above += times->lately[high]) <= all * HIGHEST)
		high--;
	*out = (struct pdp_transit_span){begin_of(low), begin_of(high + 1)};
	return true;
}

/* The pause that suffices between any two guests, in ns. */
static uint64_t needed(const struct pdp_transit_span *spans, size_t n)
{
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (i != j && spans[i].high_ns > spans[j].low_ns &&
			    spans[i].high_ns - spans[j].low_ns > most)
				most = spans[i].high_ns - spans[j].low_ns;
	return most;
}

uint32_t pdp_gap_next(uint32_t gap_us, const struct pdp_transit_span *spans, size_t n)
{
	uint64_t wanted = needed(spans, n) / 1000 * 5 / 4;

	if (n < 2)
		return gap_us;
	wanted = wanted > PDP_GAP_MIN_US ? wanted : PDP_GAP_MIN_US;
	wanted = wanted < PDP_GAP_MAX_US ? wanted : PDP_GAP_MAX_US;
	if (wanted * 4 > gap_us * 5ULL)
		return (uint32_t)wanted;
	if (wanted * 4 >= gap_us * 3ULL)
		return gap_us;
	return wanted > gap_us * 3ULL / 4 ? (uint32_t)wanted : (uint32_t)(gap_us * 3ULL / 4);
}
