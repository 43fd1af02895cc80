/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest.bpf.c - pdp_guest_rx, on eth0 of an FE guest: between the FE link and the agent's sockets.
 *
 * Where no fast half stands: the data plane has none, or it is off. On the delay line's device too. A tagged
 * frame goes to the AF_XDP socket of its queue; nothing reaches the guest's own stack.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/guest_rx.bpf.h"
#include "bpf/version.bpf.h"

SEC("xdp")
int pdp_guest_rx(struct xdp_md *ctx)
{
	struct pdp_guest_stats *stats = pdp_guest_counters();

	if (!stats)
		return XDP_DROP;
	if (!pdp_is_tagged(ctx)) {
		stats->drop_not_tagged++;
		return XDP_DROP;
	}
	return pdp_to_agent(ctx, stats);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
