/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* police.c - a rate in the policer's form: what a packet costs, and how early it may come. */
#include "ctl/police.h"

#define SECOND (1000000000ULL << PDP_POLICE_SHIFT)

/* Of a limit by power: sources send in bursts. */
#define POWER_BURST_MS 50
#define POWER_BURST_MIN 64

struct pdp_limit pdp_police_of(uint64_t rate_pps, uint32_t burst_packets)
{
	uint64_t each, early;

	if (!rate_pps)
		return (struct pdp_limit){0};
	each = SECOND / rate_pps;
	each = each ? each : 1;
	each = each < UINT32_MAX ? each : UINT32_MAX;
	early = burst_packets > 1 ? each * (burst_packets - 1) : 0;
	return (struct pdp_limit){
		.cost = (uint32_t)each,
		.burst = early < UINT32_MAX ? (uint32_t)early : UINT32_MAX,
	};
}

struct pdp_limit pdp_police_power(uint64_t pps)
{
	const uint64_t packets = pps * POWER_BURST_MS / 1000;

	return pdp_police_of(pps, packets < POWER_BURST_MIN ? POWER_BURST_MIN : (uint32_t)packets);
}

uint64_t pdp_police_pps(struct pdp_limit limit)
{
	return limit.cost ? SECOND / limit.cost : 0;
}
