/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * burst.h - what happens to a burst between the receive ring and the transmit ring.
 *
 * Descriptors in, descriptors out, through tag and data plane, in the same frames. Knows the UMEM as
 * bytes and the account of its frames; knows no ring and makes no system call, so that the unit tests
 * hand it anything that a ring could.
 */
#ifndef PDP_BURST_H
#define PDP_BURST_H

#include <linux/if_xdp.h>

#include "fe-agent/channel.h"
#include "fe-agent/dataplane.h"
#include "fe-agent/pool.h"

struct pdp_umem {
	uint8_t *area;
	struct pdp_pool pool;
};

/*
 * Handle n <= PDP_BURST received descriptors. Frames in rx are taken from FILL; those that are sent on
 * are in TX with their descriptors in tx (room for n), all others are FREE afterwards. Every packet is
 * counted in stats. Returns the number of descriptors in tx.
 */
unsigned int pdp_burst(struct pdp_umem *umem, const struct pdp_dataplane_ops *ops,
		       struct pdp_dataplane *dp, const struct xdp_desc *rx, unsigned int n,
		       struct xdp_desc *tx, struct pdp_agent_stats *stats);

#endif
