/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* police.c - a rate in the policer's form: what a packet costs, and how early it may come. */
#include "ctl/police.h"

/* Of a limit by power: sources send in bursts. */
#define POWER_BURST_MS 50
#define POWER_BURST_MIN 64

void pdp_police_of(uint64_t rate_pps, uint32_t burst_packets, uint32_t *cost, uint32_t *burst)
{
	const uint64_t second = 1000000000ULL << PDP_POLICE_SHIFT;
	uint64_t each, early;

	*cost = 0;
	*burst = 0;
	if (!rate_pps)
		return;
	each = second / rate_pps;
	each = each ? each : 1;
	each = each < UINT32_MAX ? each : UINT32_MAX;
	early = burst_packets > 1 ? each * (burst_packets - 1) : 0;
	*cost = (uint32_t)each;
	*burst = early < UINT32_MAX ? (uint32_t)early : UINT32_MAX;
}

uint32_t pdp_police_power_burst(uint64_t pps)
{
	const uint64_t packets = pps * POWER_BURST_MS / 1000;

	return packets < POWER_BURST_MIN ? POWER_BURST_MIN : (uint32_t)packets;
}

uint64_t pdp_police_power_pps(const struct pdp_vnet *vnet)
{
	const uint64_t second = 1000000000ULL << PDP_POLICE_SHIFT;

	if (!vnet->police_cost || !(vnet->police_burst & PDP_POLICE_POWER))
		return 0;
	return second / vnet->police_cost;
}
