/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * flowgap.h - the pause after which a flow may go to another FE guest, from how long packets are with each.
 * Pure.
 *
 * A packet that goes to another guest than the one before it must not come back earlier. It does not if the
 * pause between them is longer than the longest that packets are with the one guest less the shortest that they are
 * with the other.
 */
#ifndef PDP_FLOWGAP_H
#define PDP_FLOWGAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/maps.h"

#define PDP_GAP_MIN_US 50
#define PDP_GAP_MAX_US 100000

/* How long packets were with a guest lately. All zero: nothing is known. */
struct pdp_transit_times {
	bool seen;
	uint32_t count[PDP_TRANSIT_BUCKETS]; /* as last seen */
	float lately[PDP_TRANSIT_BUCKETS]; /* packets, older ones count less: of ten seconds */
};

/* The next look at a guest's counters, each second. The first only says where they stand. */
void pdp_transit_see(struct pdp_transit_times *times, const uint32_t count[PDP_TRANSIT_BUCKETS]);

/* Nearly all packets were with the guest as long as this. */
struct pdp_transit_span {
	uint64_t low_ns, high_ns;
};

/* False when too few came lately to tell. */
bool pdp_transit_span(const struct pdp_transit_times *times, struct pdp_transit_span *out);

/*
 * pdp_gap_next() - the pause from now on, where gap_us is in force.
 *
 * A quarter longer than needed, and within the bounds. It changes only when it is off by more than a quarter: at
 * once when it is too short, by a quarter a second when it is too long. It stays when fewer than two
 * guests are known.
 */
uint32_t pdp_gap_next(uint32_t gap_us, const struct pdp_transit_span *spans, size_t n);

#endif
