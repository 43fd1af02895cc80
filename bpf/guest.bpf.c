/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest.bpf.c - pdp_guest_rx, on eth0 of an FE guest: between the FE link and the agent's sockets.
 *
 * Loaded once per guest, each with its own pdp_xsks and its guest's id. A tagged frame goes to the
 * AF_XDP socket of its queue; nothing reaches the guest's own stack.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/maps.bpf.h"
#include "bpf/version.bpf.h"
#include "bpf/wire.h"

PDP_MAP(pdp_xsks);
PDP_MAP(pdp_guest_stats);

const volatile __u16 guest_id = 0;

SEC("xdp")
int pdp_guest_rx(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 id = guest_id;
	struct pdp_guest_stats *stats = bpf_map_lookup_elem(&pdp_guest_stats, &id);

	if (!stats)
		return XDP_DROP;
	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(PDP_ETHERTYPE)) {
		stats->drop_not_tagged++;
		return XDP_DROP;
	}
	/* The flags are what comes back when the queue has no socket. */
	if (bpf_redirect_map(&pdp_xsks, ctx->rx_queue_index, XDP_DROP) != XDP_REDIRECT) {
		stats->drop_no_socket++;
		return XDP_DROP;
	}
	stats->rx_packets++;
	return XDP_REDIRECT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
