/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * dispatch.bpf.c - pdp_dispatch, the multiplexer: last program that a packet meets.
 *
 * Stands on the MH side of every FE link. Who sent a frame is known by the link it came from and
 * never by its tag; the tag and the outer headers are compared with what that guest's vnet may send,
 * byte for byte. What agrees leaves through the vif's port, anything else is dropped and counted for
 * the guest's vnet. Nothing from a guest ever reaches the host's stack.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/count.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/version.bpf.h"
#include "bpf/wire.h"

PDP_MAP(pdp_senders);
PDP_MAP(pdp_guests);
PDP_MAP(pdp_vifs);
PDP_MAP(pdp_ports);
PDP_MAP(pdp_vif_links);
PDP_MAP(pdp_delay_link);
PDP_MAP(pdp_vnet_stats);
PDP_MAP(pdp_vif_stats);
PDP_MAP(pdp_guest_stats);
PDP_MAP(pdp_node_stats);

/* A frame from a guest. */
struct head {
	struct ethhdr eth;
	struct pdp_tag tag;
} __attribute__((packed));

_Static_assert(sizeof(struct head) == 30, "on the wire");

static __always_inline struct pdp_cursor frame(const struct xdp_md *ctx)
{
	return (struct pdp_cursor){(void *)(long)ctx->data, (void *)(long)ctx->data_end};
}

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

static __always_inline bool is_known(struct pdp_vif_mac mac)
{
	return mac.mac[0] | mac.mac[1] | mac.mac[2] | mac.mac[3] | mac.mac[4] | mac.mac[5];
}

/* Up to two tags behind the MAC addresses: one is 802.1Q's, two are 802.1ad's and 802.1Q's. */
static __always_inline void write_vlans(struct pdp_vlan_tag *tag, __u32 vlans, __be16 ethertype)
{
	tag->tci = bpf_htons(vlans >> 16);
	tag->ethertype = ethertype;
	if (vlans & 0xffff) {
		tag->ethertype = bpf_htons(ETH_P_8021Q);
		tag++;
		tag->tci = bpf_htons(vlans & 0xffff);
		tag->ethertype = ethertype;
	}
}

/* Ethernet header, with the vif's VLAN tags, in the place of Ethernet header and tag. */
static __always_inline bool write_l2(struct xdp_md *ctx, __u32 vlans, __be16 ethertype,
				     struct pdp_vif_mac next_hop, struct pdp_vif_mac source)
{
	__u32 tags_len = sizeof(struct pdp_vlan_tag) * ((vlans != 0) + ((vlans & 0xffff) != 0));
	struct pdp_cursor cursor;
	struct ethhdr *eth;

	if (bpf_xdp_adjust_head(ctx, sizeof(struct pdp_tag) - tags_len))
		return false;
	cursor = frame(ctx);
	eth = pdp_take(&cursor, sizeof(*eth) + 2 * sizeof(struct pdp_vlan_tag));
	if (!eth)
		return false;
	__builtin_memcpy(eth->h_dest, next_hop.mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, source.mac, ETH_ALEN);
	eth->h_proto = ethertype;
	if (vlans) {
		eth->h_proto = bpf_htons(vlans & 0xffff ? ETH_P_8021AD : ETH_P_8021Q);
		write_vlans((void *)(eth + 1), vlans, ethertype);
	}
	return true;
}

/* Send a packet of a guest out through its vif. */
static __always_inline int forward(struct xdp_md *ctx, struct pdp_vnet_stats *stats,
				   const struct pdp_tag *tag, struct pdp_cursor outer,
				   const struct pdp_vif *vif, struct pdp_vif_owner owner)
{
	__be16 ethertype = bpf_htons(owner.family == 4 ? ETH_P_IP : ETH_P_IPV6);
	__u32 vif_id = bpf_ntohs(tag->vif);
	struct pdp_vif_stats *vif_stats = bpf_map_lookup_elem(&pdp_vif_stats, &vif_id);
	struct pdp_vif_mac next_hop = PDP_READ_ONCE8(struct pdp_vif_mac, &vif->next_hop);
	struct pdp_vif_mac source = PDP_READ_ONCE8(struct pdp_vif_mac, &vif->source);
	enum drop_reason reason;
	__u32 outer_len;

	if (tag->proto != ethertype)
		return pdp_drop(stats, drop_tag_proto);
	reason = check_outer(outer, vif, owner, &outer_len);
	if (reason)
		return pdp_drop(stats, reason);
	if (outer_len > owner.mtu)
		return pdp_drop(stats, drop_too_big);
	if (!is_known(next_hop))
		return pdp_drop(stats, drop_no_neighbour);
	if (!vif_stats || !write_l2(ctx, vif->vlans, ethertype, next_hop, source) ||
	    bpf_redirect_map(&pdp_ports, owner.port, 0) != XDP_REDIRECT)
		return pdp_drop(stats, drop_port_gone);
	stats->tx_packets++;
	stats->tx_bytes += outer_len;
	vif_stats->tx_packets++;
	vif_stats->tx_bytes += outer_len;
	return XDP_REDIRECT;
}

/* A frame of a known guest: everything from here on is counted for the guest's vnet. */
static __always_inline int multiplex(struct xdp_md *ctx, struct pdp_vnet_stats *stats, __u16 vnet)
{
	struct pdp_cursor cursor = frame(ctx);
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

	switch (pdp_tag_op(tag)) {
	case PDP_OP_FORWARD:
		return forward(ctx, stats, tag, cursor, vif, owner);
	case PDP_OP_LOCAL:
		return pdp_drop(stats, drop_local_no_guest);
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
	struct pdp_cursor cursor = frame(ctx);

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
	return multiplex(ctx, stats, vnet_id);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
