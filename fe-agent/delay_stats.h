/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * delay_stats.h - the delay line's limits, and its counters in a file that outlives it.
 *
 * Written by pdp-delay while one runs. When none does and its link is gone, the controller closes the books
 * (ctl/delaybooks.h): sent and drop_died of each vnet, died_unseen, unseen_gone. Each counter is one aligned
 * word.
 */
#ifndef PDP_DELAY_STATS_H
#define PDP_DELAY_STATS_H

#include <stdint.h>

#include "fe-agent/pool.h"

#define PDP_DELAY_MAX_MS 10000

/* What fits into a frame of the UMEM behind its headroom: MTU of the delay line's devices. */
#define PDP_DELAY_MTU (PDP_FRAME_SIZE - PDP_FRAME_HEADROOM - 14)

/* Frames that do not wait: so many always stay for the kernel to receive into. */
#define PDP_DELAY_RESERVE(frames) ((frames) / 4)

/* Of a vnet; what waits is received - sent - drops. */
struct pdp_delay_vnet {
	uint64_t received;
	uint64_t sent;
	uint64_t drop_overflow;
	uint64_t drop_died;
};

#define PDP_DELAY_LAYOUT 1

/* The file. Vnet 0 is what no vnet's tag can have brought. */
struct pdp_delay_stats {
	uint64_t layout; /* PDP_DELAY_LAYOUT */
	uint64_t frames; /* of the process that runs, or ran last */
	uint64_t starts;
	uint64_t socket_drops; /* by the kernel, before the process saw them: it was too slow */
	uint64_t socket_drops_before; /* the same, of earlier processes */
	uint64_t died_unseen; /* in the links and sockets of processes that died */
	uint64_t reserved[1];
	uint64_t unseen_gone; /* of these losses: of vnets that are no more */
	struct pdp_delay_vnet vnet[UINT16_MAX + 1];
};

#endif
