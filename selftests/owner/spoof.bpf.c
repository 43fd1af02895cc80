/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * spoof.bpf.c - a hostile owner's program: what comes in as payload goes back to the link as a frame.
 *
 * So whoever sends into the vnet's tunnel has any frame on the FE link, past the agent and from where the fast
 * half sends (selftests/net/spoof.c writes them).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

#include "bpf/wire.h"

SEC("xdp")
int spoof(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_head(ctx, sizeof(struct ethhdr) + sizeof(struct pdp_tag)))
		return XDP_DROP;
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
