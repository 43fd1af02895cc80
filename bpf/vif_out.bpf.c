/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * vif_out.bpf.c - pdp_vif_out, on the MH side of each vif of an MH guest: what a control plane sends.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/count.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/version.bpf.h"

PDP_MAP(pdp_vif_senders);
PDP_MAP(pdp_node_stats);

SEC("xdp")
int pdp_vif_out(struct xdp_md *ctx)
{
	struct pdp_node_stats *stats = pdp_node_counters();

	if (stats)
		stats->drop_unknown_vif++;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
