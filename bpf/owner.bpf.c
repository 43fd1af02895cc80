/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * owner.bpf.c - pdp_owner_rx, on eth0 of an FE guest whose data plane is its owner's: the frame around his
 * program.
 *
 * The loader puts the owner's program in the place of pdp_owner() (loader/owner.c), so that both are one
 * program to the kernel, and what comes out of his is looked at here: back to the link, into the guest's
 * own socket, or dropped, and counted in each case. He cannot reach a device, a socket or the guest's stack.
 * What he sends back is checked by pdp_dispatch like all that comes from a guest.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/maps.bpf.h"
#include "bpf/version.bpf.h"
#include "bpf/wire.h"

PDP_MAP(pdp_xsks);
PDP_MAP(pdp_guest_stats);

const volatile __u16 guest_id = 0;

/* Where the owner's program goes; volatile, so that nothing is known here of what it says. */
__noinline int pdp_owner(struct xdp_md *ctx)
{
	volatile int action = ctx ? XDP_ABORTED : XDP_DROP;

	return action;
}

static __always_inline bool is_tagged(const struct xdp_md *ctx)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;

	return (void *)(eth + 1) <= (void *)(long)ctx->data_end &&
	       eth->h_proto == bpf_htons(PDP_ETHERTYPE);
}

SEC("xdp")
int pdp_owner_rx(struct xdp_md *ctx)
{
	__u32 id = guest_id;
	struct pdp_guest_stats *stats = bpf_map_lookup_elem(&pdp_guest_stats, &id);

	if (!stats)
		return XDP_DROP;
	if (!is_tagged(ctx)) {
		stats->drop_not_tagged++;
		return XDP_DROP;
	}
	switch (pdp_owner(ctx)) {
	case XDP_TX:
		stats->fast_packets++;
		stats->fast_bytes += (long)ctx->data_end - (long)ctx->data;
		return XDP_TX;
	case XDP_DROP:
		stats->drop_by_program++;
		return XDP_DROP;
	case XDP_REDIRECT:
		break;
	default:
		stats->drop_verdict++;
		return XDP_DROP;
	}
	/* Whatever he redirected to, if anything: it goes to this socket. */
	if (bpf_redirect_map(&pdp_xsks, ctx->rx_queue_index, XDP_DROP) != XDP_REDIRECT) {
		stats->drop_no_socket++;
		return XDP_DROP;
	}
	stats->rx_packets++;
	stats->climb_packets++;
	return XDP_REDIRECT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
