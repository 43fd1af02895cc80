/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * vif_out.bpf.c - pdp_vif_out: what a vnet's control plane sends goes out, past the FE guests.
 *
 * Stands on the MH side of each vif of an MH guest. Through which vif a frame leaves is known by the
 * link it came from; nothing in it is believed, and none of it is looked at but what the outer headers
 * share with the inner one. Those are the same that an FE guest's router writes (fe-agent/encap.c), so
 * the other end of the tunnel cannot tell who sent a packet.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/count.bpf.h"
#include "bpf/flow.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/out.bpf.h"
#include "bpf/outer.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/version.bpf.h"
#include "bpf/wire.h"

PDP_MAP(pdp_vif_senders);
PDP_MAP(pdp_vnet_stats);
PDP_MAP(pdp_node_stats);

/* Identification of outer IPv4 headers: unique where DF is not set (RFC 6864), whoever sends. */
__u32 packet_id;

static __always_inline int drop_stranger(void)
{
	struct pdp_node_stats *stats = pdp_node_counters();

	if (stats)
		stats->drop_unknown_vif++;
	return XDP_DROP;
}

/* The IP packet behind the Ethernet header, of the length that it says. */
static __always_inline enum drop_reason read_packet(struct pdp_cursor cursor,
						    struct pdp_inner *inner)
{
	struct ethhdr *eth = pdp_take(&cursor, sizeof(*eth));
	enum drop_reason reason = drop_control_length;
	__u32 left = pdp_left(&cursor);

	if (!eth)
		return drop_control_length;
	inner->off = sizeof(*eth);
	inner->proto = bpf_ntohs(eth->h_proto);
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		if (pdp_read_ipv4(cursor, inner))
			reason = inner->len > left ? drop_control_length : drop_none;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		if (pdp_read_ipv6(cursor, inner))
			reason = inner->len > left ? drop_control_length : drop_none;
	} else {
		reason = drop_control_not_ip;
	}
	inner->hash = pdp_flow_of(cursor, inner->proto);
	return reason;
}

/* The frame as it is. If there is no IP packet in it, it has no DSCP and no DF to be copied. */
static __always_inline enum drop_reason read_frame(struct pdp_cursor cursor,
						   struct pdp_inner *inner)
{
	struct pdp_cursor start = cursor;
	struct pdp_l2 l2;

	inner->proto = PDP_PROTO_ETHERNET;
	inner->hash = pdp_flow_of(cursor, PDP_PROTO_ETHERNET);
	if (pdp_parse_l2(&cursor, &l2) == PDP_PARSED) {
		if (l2.ethertype == bpf_htons(ETH_P_IP))
			pdp_read_ipv4(cursor, inner);
		else if (l2.ethertype == bpf_htons(ETH_P_IPV6))
			pdp_read_ipv6(cursor, inner);
	}
	inner->len = pdp_left(&start);
	return inner->len < sizeof(struct ethhdr) ? drop_control_length : drop_none;
}

/* A frame of a known vif: everything from here on is counted for its vnet. */
static __always_inline int send_out(struct xdp_md *ctx, struct pdp_vnet_stats *stats, __u32 vif_id,
				    struct pdp_vif_stats *vif_stats, const struct pdp_vif *vif,
				    struct pdp_vif_owner owner)
{
	struct pdp_cursor cursor = pdp_frame(ctx);
	__u32 frame_len = pdp_left(&cursor), outer_len;
	struct pdp_inner inner = {};
	enum drop_reason reason;

	reason = owner.encap == PDP_ENCAP_VXLAN ? read_frame(cursor, &inner)
						: read_packet(cursor, &inner);
	if (reason)
		inner.len = frame_len;
	outer_len = pdp_outer_len(owner) + inner.len;
	stats->control_packets++;
	stats->control_bytes += outer_len;
	vif_stats->control_packets++;
	vif_stats->control_bytes += outer_len;
	if (reason)
		return pdp_drop(stats, reason);
	/* Before the room is made for it, and lengths are written in 16 bits. */
	if (outer_len > owner.mtu)
		return pdp_drop(stats, drop_too_big);
	inner.id = __sync_fetch_and_add(&packet_id, 1);
	if (!pdp_push_outer(ctx, vif, owner, &inner, frame_len))
		return pdp_drop(stats, drop_control_headroom);
	return pdp_send(ctx, stats, vif_id, vif, owner, outer_len);
}

SEC("xdp")
int pdp_vif_out(struct xdp_md *ctx)
{
	__u32 ifindex = ctx->ingress_ifindex, vnet_id;
	__u32 *sender = bpf_map_lookup_elem(&pdp_vif_senders, &ifindex);
	struct pdp_vif_stats *vif_stats;
	struct pdp_vif_owner owner;
	struct pdp_vnet_stats *stats;
	struct pdp_vif *vif;
	__u32 vif_id;

	if (!sender)
		return drop_stranger();
	vif_id = *sender;
	vif = bpf_map_lookup_elem(&pdp_vifs, &vif_id);
	vif_stats = bpf_map_lookup_elem(&pdp_vif_stats, &vif_id);
	if (!vif || !vif_stats)
		return drop_stranger();
	owner = PDP_READ_ONCE8(struct pdp_vif_owner, &vif->owner);
	vnet_id = owner.vnet;
	stats = bpf_map_lookup_elem(&pdp_vnet_stats, &vnet_id);
	if (!vnet_id || !stats)
		return drop_stranger();
	return send_out(ctx, stats, vif_id, vif_stats, vif, owner);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
