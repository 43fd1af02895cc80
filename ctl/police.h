/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* police.h - a rate in the policer's form (struct pdp_vnet), and back. Pure. */
#ifndef PDP_POLICE_H
#define PDP_POLICE_H

#include <stdint.h>

#include "bpf/maps.h"

/* struct pdp_vnet's fields for a rate: GCRA (ITU-T I.371) in 1/16 ns, what is too long is cut. */
void pdp_police_of(uint64_t rate_pps, uint32_t burst_packets, uint32_t *cost, uint32_t *burst);
/* The burst of a limit by power, in packets. */
uint32_t pdp_police_power_burst(uint64_t pps);
/* The limit by power in a map's entry; 0 = none is in force. */
uint64_t pdp_police_power_pps(const struct pdp_vnet *vnet);

#endif
