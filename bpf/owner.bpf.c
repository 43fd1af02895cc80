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
#include <bpf/bpf_helpers.h>

#include "bpf/guest_rx.bpf.h"
#include "bpf/version.bpf.h"

/* Where the owner's program goes; volatile, so that nothing is known here of what it says. */
__noinline int pdp_owner(struct xdp_md *ctx)
{
	volatile int action = ctx ? XDP_ABORTED : XDP_DROP;

	return action;
}

SEC("xdp")
int pdp_owner_rx(struct xdp_md *ctx)
{
	struct pdp_guest_stats *stats = pdp_guest_counters();

	if (!stats)
		return XDP_DROP;
	if (!pdp_is_tagged(ctx)) {
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
	stats->climb_packets++;
	return pdp_to_agent(ctx, stats);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
