/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest_rx.bpf.h - what every program on eth0 of an FE guest has: its guest's counters, and the way to the
 * agent's sockets.
 *
 * Each is loaded once per guest, with its own pdp_xsks and its guest's id.
 */
#ifndef PDP_GUEST_RX_BPF_H
#define PDP_GUEST_RX_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#include "bpf/maps.bpf.h"
#include "bpf/wire.h"

PDP_MAP(pdp_xsks);
PDP_MAP(pdp_guest_stats);

const volatile __u16 guest_id = 0;

static __always_inline struct pdp_guest_stats *pdp_guest_counters(void)
{
	__u32 id = guest_id;

	return bpf_map_lookup_elem(&pdp_guest_stats, &id);
}

/* Is the frame PdP's? Nothing else is to be on the guest's link. */
static __always_inline bool pdp_is_tagged(const struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	return (void *)(eth + 1) <= (void *)(long)ctx->data_end &&
	       eth->h_proto == bpf_htons(PDP_ETHERTYPE);
}

/* To the AF_XDP socket of the queue that the frame came in on. */
static __always_inline int pdp_to_agent(struct xdp_md *ctx, struct pdp_guest_stats *stats)
{
	/* The flags are what comes back when the queue has no socket. */
	if (bpf_redirect_map(&pdp_xsks, ctx->rx_queue_index, XDP_DROP) != XDP_REDIRECT) {
		stats->drop_no_socket++;
		return XDP_DROP;
	}
	stats->rx_packets++;
	return XDP_REDIRECT;
}

#endif
