/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * delay.h - the delay line: packets of vifs with `impair: {delay-ms: ...}` wait here.
 *
 * Between pdp_dispatch or pdp_vif_out, which send them here with a tag that says for how long
 * (seq, in ms), and pdp_delayed, to which they go back as they came. One process for a node, one
 * AF_XDP socket on a veth of its own; the frames lie in the UMEM meanwhile and are copied nowhere.
 * Its counters are in a file that outlives it, so that what waited when it died has a name.
 */
#ifndef PDP_DELAY_H
#define PDP_DELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "fe-agent/burst.h"
#include "fe-agent/delay_stats.h"
#include "fe-agent/delayq.h"

/* A process begins, on the counters of earlier ones. */
void pdp_delay_begin(struct pdp_delay_stats *stats, uint32_t frames);

struct pdp_delay {
	struct pdp_umem *umem;
	struct pdp_delay_stats *stats;
	struct pdp_delayq queue;
};

/* Room for all frames but the reserve. 0 or -ENOMEM. */
int pdp_delay_init(struct pdp_delay *line, struct pdp_umem *umem, struct pdp_delay_stats *stats);
void pdp_delay_fini(struct pdp_delay *line);

/* Take n received frames in: they wait, or are FREE again and counted. Pure but for the UMEM. */
void pdp_delay_take(struct pdp_delay *line, const struct xdp_desc *rx, unsigned int n,
		    uint64_t now_ns);

/* The frames that are due, at most n, as they came. Returns how many. */
unsigned int pdp_delay_give(struct pdp_delay *line, struct xdp_desc *tx, unsigned int n,
			    uint64_t now_ns);

#endif
