/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * delayed.bpf.c - pdp_delayed: what has waited in the delay line goes on to its port.
 *
 * Stands on the MH side of the delay line's link. What comes from there was checked before it went
 * there, and the delay line is the node's own, so its tag is believed; but the vif may have gone or
 * changed meanwhile.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/count.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/out.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/version.bpf.h"
#include "bpf/wire.h"

PDP_MAP(pdp_vnet_stats);
PDP_MAP(pdp_node_stats);

static __always_inline int drop_stranger(void)
{
	struct pdp_node_stats *stats = pdp_node_counters();

	if (stats)
		stats->drop_unknown_delayed++;
	return XDP_DROP;
}

SEC("xdp")
int pdp_delayed(struct xdp_md *ctx)
{
	struct pdp_cursor cursor = pdp_frame(ctx);
	struct pdp_head *head = pdp_take(&cursor, sizeof(*head));
	struct pdp_vif_owner owner;
	struct pdp_vnet_stats *stats;
	struct pdp_vif *vif;
	__u32 vnet_id, vif_id;

	if (!head || head->eth.h_proto != bpf_htons(PDP_ETHERTYPE) ||
	    head->tag.version_op != pdp_tag_version_op(PDP_OP_FORWARD))
		return drop_stranger();
	vnet_id = bpf_ntohs(head->tag.vnet);
	vif_id = bpf_ntohs(head->tag.vif);
	stats = bpf_map_lookup_elem(&pdp_vnet_stats, &vnet_id);
	if (!vnet_id || !stats)
		return drop_stranger();
	stats->delayed_packets++;
	vif = bpf_map_lookup_elem(&pdp_vifs, &vif_id);
	if (!vif)
		return pdp_drop(stats, drop_foreign_vif);
	owner = PDP_READ_ONCE8(struct pdp_vif_owner, &vif->owner);
	if (owner.vnet != vnet_id)
		return pdp_drop(stats, drop_foreign_vif);
	if (head->tag.proto != pdp_underlay(owner))
		return pdp_drop(stats, drop_tag_proto);
	return pdp_transmit(ctx, stats, vif_id, vif, owner, pdp_left(&cursor));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
