/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* police.h - a rate in the policer's form (struct pdp_limit), and back. Pure. */
#ifndef PDP_POLICE_H
#define PDP_POLICE_H

#include <stdint.h>

#include "bpf/maps.h"

/* GCRA (ITU-T I.371) in 1/16 ns, what is too long is cut. rate_pps 0: no limit. */
struct pdp_limit pdp_police_of(uint64_t rate_pps, uint32_t burst_packets);
/* The same of what a guest's power can process, with a burst that sources have. */
struct pdp_limit pdp_police_power(uint64_t pps);
/* The rate of a limit, packets a second; 0 = there is none. */
uint64_t pdp_police_pps(struct pdp_limit limit);

#endif
