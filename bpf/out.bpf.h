/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * out.bpf.h - the way out through a vif: what is done to its packets on purpose, then to the port.
 *
 * Last steps of a packet, whoever sent it: an FE guest (pdp_dispatch), the control plane
 * (pdp_vif_out), or the delay line (pdp_delayed), where packets wait that a vif delays. All of them
 * bring it in the same form, as an FE guest sends it:
 *
 *   Ethernet | tag | outer IP | UDP | [VXLAN] | inner packet or frame
 */
#ifndef PDP_OUT_BPF_H
#define PDP_OUT_BPF_H

#include "bpf/count.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/wire.h"

PDP_MAP(pdp_vifs);
PDP_MAP(pdp_ports);
PDP_MAP(pdp_delay_link);
PDP_MAP(pdp_vif_stats);

/* What stands in front of the outer packet. */
struct pdp_head {
	struct ethhdr eth;
	struct pdp_tag tag;
} __attribute__((packed));

_Static_assert(sizeof(struct pdp_head) == 30, "on the wire");

static __always_inline struct pdp_cursor pdp_frame(const struct xdp_md *ctx)
{
	return (struct pdp_cursor){(void *)(long)ctx->data, (void *)(long)ctx->data_end};
}

static __always_inline bool pdp_is_known(struct pdp_vif_mac mac)
{
	return mac.mac[0] | mac.mac[1] | mac.mac[2] | mac.mac[3] | mac.mac[4] | mac.mac[5];
}

/* EtherType of a vif's outer packets. */
static __always_inline __be16 pdp_underlay(struct pdp_vif_owner owner)
{
	return bpf_htons(owner.family == 4 ? ETH_P_IP : ETH_P_IPV6);
}

/* Bytes of a vif's outer headers, IP options aside. */
static __always_inline __u32 pdp_outer_len(struct pdp_vif_owner owner)
{
	return (owner.family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) +
	       sizeof(struct udphdr) +
	       (owner.encap == PDP_ENCAP_VXLAN ? sizeof(struct pdp_vxlan) : 0);
}

/* Up to two tags behind the MAC addresses: one is 802.1Q's, two are 802.1ad's and 802.1Q's. */
static __always_inline void pdp_write_vlans(struct pdp_vlan_tag *tag, __u32 vlans, __be16 ethertype)
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
static __always_inline bool pdp_write_l2(struct xdp_md *ctx, __u32 vlans, __be16 ethertype,
					 struct pdp_vif_mac next_hop, struct pdp_vif_mac source)
{
	__u32 tags_len = sizeof(struct pdp_vlan_tag) * ((vlans != 0) + ((vlans & 0xffff) != 0));
	struct pdp_cursor cursor;
	struct ethhdr *eth;

	if (bpf_xdp_adjust_head(ctx, sizeof(struct pdp_tag) - tags_len))
		return false;
	cursor = pdp_frame(ctx);
	eth = pdp_take(&cursor, sizeof(*eth) + 2 * sizeof(struct pdp_vlan_tag));
	if (!eth)
		return false;
	__builtin_memcpy(eth->h_dest, next_hop.mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, source.mac, ETH_ALEN);
	eth->h_proto = ethertype;
	if (vlans) {
		eth->h_proto = bpf_htons(vlans & 0xffff ? ETH_P_8021AD : ETH_P_8021Q);
		pdp_write_vlans((void *)(eth + 1), vlans, ethertype);
	}
	return true;
}

/* To the port, with the MAC addresses of now. */
static __always_inline int pdp_transmit(struct xdp_md *ctx, struct pdp_vnet_stats *stats,
					__u32 vif_id, const struct pdp_vif *vif,
					struct pdp_vif_owner owner, __u32 outer_len)
{
	struct pdp_vif_stats *vif_stats = bpf_map_lookup_elem(&pdp_vif_stats, &vif_id);
	struct pdp_vif_mac next_hop = PDP_READ_ONCE8(struct pdp_vif_mac, &vif->next_hop);
	struct pdp_vif_mac source = PDP_READ_ONCE8(struct pdp_vif_mac, &vif->source);

	if (!pdp_is_known(next_hop))
		return pdp_drop(stats, drop_no_neighbour);
	if (!vif_stats || !pdp_write_l2(ctx, vif->vlans, pdp_underlay(owner), next_hop, source) ||
	    bpf_redirect_map(&pdp_ports, owner.port, 0) != XDP_REDIRECT)
		return pdp_drop(stats, drop_port_gone);
	stats->tx_packets++;
	stats->tx_bytes += outer_len;
	vif_stats->tx_packets++;
	vif_stats->tx_bytes += outer_len;
	return XDP_REDIRECT;
}

/* To the delay line, which reads in the tag how many ms to hold it and for whom. */
static __always_inline int pdp_delay(struct xdp_md *ctx, struct pdp_vnet_stats *stats, __u32 vif_id,
				     struct pdp_vif_owner owner, __u16 delay_ms)
{
	struct pdp_cursor cursor = pdp_frame(ctx);
	struct pdp_head *head = pdp_take(&cursor, sizeof(*head));

	if (!head)
		return pdp_drop(stats, drop_delay_gone);
	__builtin_memset(head, 0, sizeof(*head));
	head->eth.h_proto = bpf_htons(PDP_ETHERTYPE);
	head->tag.version_op = pdp_tag_version_op(PDP_OP_FORWARD);
	head->tag.proto = pdp_underlay(owner);
	head->tag.vnet = bpf_htons(owner.vnet);
	head->tag.vif = bpf_htons(vif_id);
	head->tag.seq = bpf_htonl(delay_ms);
	if (bpf_redirect_map(&pdp_delay_link, 0, 0) != XDP_REDIRECT)
		return pdp_drop(stats, drop_delay_gone);
	stats->delay_packets++;
	return XDP_REDIRECT;
}

/* Send a packet, outer headers and all, through a vif, and do to it what the vif does to packets. */
static __always_inline int pdp_send(struct xdp_md *ctx, struct pdp_vnet_stats *stats, __u32 vif_id,
				    const struct pdp_vif *vif, struct pdp_vif_owner owner,
				    __u32 outer_len)
{
	struct pdp_vif_impair impair = PDP_READ_ONCE8(struct pdp_vif_impair, &vif->impair);

	if (outer_len > owner.mtu)
		return pdp_drop(stats, drop_too_big);
	if (impair.down)
		return pdp_drop(stats, drop_impaired_down);
	if (impair.loss && bpf_get_prandom_u32() <= impair.loss)
		return pdp_drop(stats, drop_impaired_loss);
	if (impair.delay_ms)
		return pdp_delay(ctx, stats, vif_id, owner, impair.delay_ms);
	return pdp_transmit(ctx, stats, vif_id, vif, owner, outer_len);
}

#endif
