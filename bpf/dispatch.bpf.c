/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * dispatch.bpf.c - pdp_dispatch, the multiplexer: where a packet goes that an FE guest is done with.
 *
 * Stands on the MH side of every FE link. Who sent a frame is known by the link it came from and
 * never by its tag; the tag and the outer headers are compared with what that guest's vnet may send,
 * byte for byte. What agrees leaves through the vif's port, or goes to the vnet's control plane through
 * the vif's link there; anything else is dropped and counted for the guest's vnet. Nothing from a guest
 * ever reaches the host's stack.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/count.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/order.bpf.h"
#include "bpf/out.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/police.bpf.h"
#include "bpf/transit.bpf.h"
#include "bpf/version.bpf.h"
#include "bpf/wire.h"

PDP_MAP(pdp_senders);
PDP_MAP(pdp_vnets);
PDP_MAP(pdp_police);
PDP_MAP(pdp_newest);
PDP_MAP(pdp_transits);
PDP_MAP(pdp_guests);
PDP_MAP(pdp_vifs);
PDP_MAP(pdp_vif_links);
PDP_MAP(pdp_vnet_stats);
PDP_MAP(pdp_guest_stats);
PDP_MAP(pdp_node_stats);

static __always_inline int drop_stranger(void)
{
	struct pdp_node_stats *stats = pdp_node_counters();

	if (stats)
		stats->drop_unknown_link++;
	return XDP_DROP;
}

/* The tag in itself, and against the guest's vnet. */
static __always_inline enum drop_reason check_tag(const struct pdp_tag *tag, __u16 vnet)
{
	if (pdp_tag_version(tag) != PDP_WIRE_VERSION)
		return drop_tag_version;
	if (tag->flags)
		return drop_tag_flags;
	if (pdp_tag_op(tag) < PDP_OP_FORWARD || pdp_tag_op(tag) > PDP_OP_DROP)
		return drop_tag_op;
	if (tag->vnet != bpf_htons(vnet))
		return drop_foreign_vnet;
	return drop_none;
}

/* No options, no fragment, time left to live, from local to remote: whatever length it says. */
static __always_inline bool is_vif_ipv4(const struct iphdr *ip, const struct pdp_vif *vif)
{
	return *(const __u8 *)ip == 0x45 && !(ip->frag_off & bpf_htons(0xbfff)) && ip->ttl &&
	       ip->protocol == IPPROTO_UDP && ip->saddr == vif->local.word[3] &&
	       ip->daddr == vif->remote.word[3] && pdp_fold(pdp_ipv4_sum(ip)) == 0xffff;
}

static __always_inline bool is_vif_ipv6(const struct ipv6hdr *ip, const struct pdp_vif *vif)
{
	return ip->version == 6 && ip->nexthdr == IPPROTO_UDP && ip->hop_limit &&
	       pdp_addr_equal((const void *)&ip->saddr, &vif->local) &&
	       pdp_addr_equal((const void *)&ip->daddr, &vif->remote);
}

static __always_inline bool is_vif_udp(const struct udphdr *udp, const struct pdp_vif *vif,
				       __u8 encap)
{
	if (udp->dest != vif->remote_port)
		return false;
	if (encap == PDP_ENCAP_VXLAN)
		return bpf_ntohs(udp->source) >= PDP_VXLAN_SPORT_MIN;
	return udp->source == vif->local_port;
}

/*
 * The outer headers must be those of the vif's tunnel, and as long as they say: a frame with bytes
 * behind the packet is refused, as a guest has no reason to send one.
 */
static __always_inline enum drop_reason check_outer(struct pdp_cursor cursor,
						    const struct pdp_vif *vif,
						    struct pdp_vif_owner owner, __u32 *outer_len)
{
	__u32 frame_len = pdp_left(&cursor), ip_len, udp_len;
	struct pdp_vxlan *vxlan;
	struct udphdr *udp;

	if (owner.family == 4) {
		struct iphdr *ip = pdp_take(&cursor, sizeof(*ip));

		if (!ip)
			return drop_outer_length;
		if (!is_vif_ipv4(ip, vif))
			return drop_forged_outer;
		ip_len = bpf_ntohs(ip->tot_len);
		udp_len = ip_len - sizeof(*ip);
	} else {
		struct ipv6hdr *ip = pdp_take(&cursor, sizeof(*ip));

		if (!ip)
			return drop_outer_length;
		if (!is_vif_ipv6(ip, vif))
			return drop_forged_outer;
		udp_len = bpf_ntohs(ip->payload_len);
		ip_len = udp_len + sizeof(*ip);
	}

	udp = pdp_take(&cursor, sizeof(*udp));
	if (!udp)
		return drop_outer_length;
	if (!is_vif_udp(udp, vif, owner.encap))
		return drop_forged_outer;
	if (owner.encap == PDP_ENCAP_VXLAN) {
		vxlan = pdp_take(&cursor, sizeof(*vxlan));
		if (!vxlan)
			return drop_outer_length;
		if (vxlan->flags != bpf_htonl(PDP_VXLAN_FLAG_I) || vxlan->vni != vif->vni)
			return drop_forged_outer;
	}
	if (ip_len != frame_len || bpf_ntohs(udp->len) != udp_len)
		return drop_outer_length;
	*outer_len = ip_len;
	return drop_none;
}

/* Send a packet of a guest out through its vif. */
static __always_inline int forward(struct xdp_md *ctx, struct pdp_vnet_stats *stats,
				   const struct pdp_tag *tag, struct pdp_cursor outer,
				   const struct pdp_vif *vif, struct pdp_vif_owner owner)
{
	enum drop_reason reason;
	__u32 outer_len;

	if (tag->proto != pdp_underlay(owner))
		return pdp_drop(stats, drop_tag_proto);
	reason = check_outer(outer, vif, owner, &outer_len);
	if (reason)
		return pdp_drop(stats, reason);
	return pdp_send(ctx, stats, bpf_ntohs(tag->vif), vif, owner, outer_len);
}

/* What the tag says of a packet that came in through this vif; enough for a header to stand on. */
static __always_inline enum drop_reason check_local(const struct pdp_tag *tag, __u64 len,
						    struct pdp_vif_owner owner)
{
	if (owner.encap == PDP_ENCAP_VXLAN) {
		if (tag->proto != bpf_htons(PDP_PROTO_ETHERNET))
			return drop_tag_proto;
		return len < sizeof(struct ethhdr) ? drop_local_short : drop_none;
	}
	if (tag->proto == bpf_htons(ETH_P_IP))
		return len < sizeof(struct iphdr) ? drop_local_short : drop_none;
	if (tag->proto == bpf_htons(ETH_P_IPV6))
		return len < sizeof(struct ipv6hdr) ? drop_local_short : drop_none;
	return drop_tag_proto;
}

static __always_inline bool local_conforms(__u16 vnet)
{
	__u32 vnet_id = vnet;
	struct pdp_vnet *entry = bpf_map_lookup_elem(&pdp_vnets, &vnet_id);
	struct pdp_police *police = bpf_map_lookup_elem(&pdp_police, &vnet_id);

	struct pdp_limit limit;

	if (!entry || !police)
		return false;
	limit = PDP_READ_ONCE8(struct pdp_limit, &entry->local);
	return !limit.cost || pdp_conforms(&police->local_tat, limit);
}

/*
 * Off with the tag. A frame out of a vxlan tunnel stands behind it; an IP packet gets the header of a
 * frame from this end of the link, whose address is the other's but for the last bit.
 */
static __always_inline bool write_local(struct xdp_md *ctx, __be16 proto, struct pdp_vif_mac guest,
					struct pdp_vif_owner owner)
{
	struct pdp_cursor cursor;
	struct ethhdr *eth;

	if (owner.encap == PDP_ENCAP_VXLAN)
		return !bpf_xdp_adjust_head(ctx, sizeof(struct pdp_head));
	if (bpf_xdp_adjust_head(ctx, sizeof(struct pdp_tag)))
		return false;
	cursor = pdp_frame(ctx);
	eth = pdp_take(&cursor, sizeof(*eth));
	if (!eth)
		return false;
	__builtin_memcpy(eth->h_dest, guest.mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, guest.mac, ETH_ALEN);
	eth->h_source[ETH_ALEN - 1] ^= 1;
	eth->h_proto = proto;
	return true;
}

/* Hand a packet of a guest to the control plane, on the vif that it came in through. */
static __always_inline int deliver(struct xdp_md *ctx, struct pdp_vnet_stats *stats,
				   const struct pdp_tag *tag, struct pdp_cursor inner,
				   const struct pdp_vif *vif, struct pdp_vif_owner owner)
{
	__u32 vif_id = bpf_ntohs(tag->vif);
	struct pdp_vif_stats *vif_stats = bpf_map_lookup_elem(&pdp_vif_stats, &vif_id);
	struct pdp_vif_mac guest = PDP_READ_ONCE8(struct pdp_vif_mac, &vif->guest);
	__u64 len = pdp_left(&inner) + pdp_outer_len(owner);
	enum drop_reason reason;

	if (!vif_stats || !pdp_is_known(guest))
		return pdp_drop(stats, drop_local_no_guest);
	reason = check_local(tag, pdp_left(&inner), owner);
	if (reason)
		return pdp_drop(stats, reason);
	if (!local_conforms(owner.vnet))
		return pdp_drop(stats, drop_local_rate);
	if (!write_local(ctx, tag->proto, guest, owner) ||
	    bpf_redirect_map(&pdp_vif_links, vif_id, 0) != XDP_REDIRECT)
		return pdp_drop(stats, drop_local_gone);
	stats->local_packets++;
	stats->local_bytes += len;
	vif_stats->local_packets++;
	vif_stats->local_bytes += len;
	return XDP_REDIRECT;
}

static __noinline void count_late(struct pdp_vnet_stats *stats, struct pdp_guest_stats *guest,
				  __u32 late)
{
	__u32 bucket = pdp_late_bucket(late) & (PDP_LATE_BUCKETS - 1);

	stats->reordered_packets++;
	stats->late_sum += late;
	(&stats->late_1)[bucket]++;
	guest->reordered_packets++;
	guest->late_sum += late;
	(&guest->late_1)[bucket]++;
}

/* The reordering meter, whatever becomes of the packet from here on. */
static __always_inline void meter(struct pdp_vnet_stats *stats, struct pdp_guest_stats *guest,
				  __u32 vnet, const struct pdp_tag *tag)
{
	struct pdp_newest *newest = bpf_map_lookup_elem(&pdp_newest, &vnet);
	__s32 late;

	if (!newest)
		return;
	late = pdp_order_see(newest, bpf_ntohl(tag->hash), bpf_ntohl(tag->seq));
	if (late == PDP_NOT_METERED)
		return;
	stats->metered_packets++;
	guest->metered_packets++;
	if (late)
		count_late(stats, guest, late);
}

/* Not in line: few vnets have it. */
__noinline int pdp_transit_back(__u32 guest_id, __u32 hash, __u32 seq)
{
	struct pdp_transit *transit = bpf_map_lookup_elem(&pdp_transits, &guest_id);

	if (transit && pdp_transit_is_timed(transit, hash, seq))
		pdp_transit_end(transit, seq, bpf_ktime_get_ns());
	return 0;
}

/* A frame of a known guest: everything from here on is counted for the guest's vnet. */
static __always_inline int multiplex(struct xdp_md *ctx, struct pdp_vnet_stats *stats,
				     struct pdp_guest_stats *guest_stats, __u16 vnet,
				     __u32 timed_guest)
{
	struct pdp_cursor cursor = pdp_frame(ctx);
	struct ethhdr *eth = pdp_take(&cursor, sizeof(*eth));
	struct pdp_vif_owner owner;
	enum drop_reason reason;
	struct pdp_vif *vif;
	struct pdp_tag *tag;
	__u32 vif_id;

	if (!eth || eth->h_proto != bpf_htons(PDP_ETHERTYPE))
		return pdp_drop(stats, drop_untagged);
	tag = pdp_take(&cursor, sizeof(*tag));
	if (!tag)
		return pdp_drop(stats, drop_tag_version);
	reason = check_tag(tag, vnet);
	if (reason)
		return pdp_drop(stats, reason);
	vif_id = bpf_ntohs(tag->vif);
	vif = bpf_map_lookup_elem(&pdp_vifs, &vif_id);
	if (!vif)
		return pdp_drop(stats, drop_foreign_vif);
	owner = PDP_READ_ONCE8(struct pdp_vif_owner, &vif->owner);
	if (owner.vnet != vnet)
		return pdp_drop(stats, drop_foreign_vif);

	meter(stats, guest_stats, vnet, tag);
	if (timed_guest)
		pdp_transit_back(timed_guest, bpf_ntohl(tag->hash), bpf_ntohl(tag->seq));
	switch (pdp_tag_op(tag)) {
	case PDP_OP_FORWARD:
		return forward(ctx, stats, tag, cursor, vif, owner);
	case PDP_OP_LOCAL:
		return deliver(ctx, stats, tag, cursor, vif, owner);
	default:
		return pdp_drop(stats, drop_by_guest);
	}
}

SEC("xdp")
int pdp_dispatch(struct xdp_md *ctx)
{
	__u32 ifindex = ctx->ingress_ifindex, vnet_id;
	__u32 *guest_id = bpf_map_lookup_elem(&pdp_senders, &ifindex);
	struct pdp_guest_stats *guest_stats;
	struct pdp_vnet_stats *stats;
	struct pdp_guest *guest;
	struct pdp_cursor cursor = pdp_frame(ctx);

	if (!guest_id)
		return drop_stranger();
	guest = bpf_map_lookup_elem(&pdp_guests, guest_id);
	guest_stats = bpf_map_lookup_elem(&pdp_guest_stats, guest_id);
	if (!guest || !guest->vnet || !guest_stats)
		return drop_stranger();
	vnet_id = guest->vnet;
	stats = bpf_map_lookup_elem(&pdp_vnet_stats, &vnet_id);
	if (!stats)
		return drop_stranger();
	guest_stats->from_packets++;
	guest_stats->from_bytes += pdp_left(&cursor);
	return multiplex(ctx, stats, guest_stats, vnet_id, guest->timed ? *guest_id : 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
