/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * classify.bpf.c - pdp_classify, the demultiplexer: first program that a packet from outside meets.
 *
 * Stands on every port. A frame that is no tunnel's is left to the host (XDP_PASS) untouched, so
 * that the host's own traffic on the same NIC goes on. A tunnel packet is stripped of its outer
 * headers, tagged, and redirected to the FE guest that the vnet's slot table names. Reads the
 * controller's maps; owns pdp_seqs, pdp_turns, pdp_flowlets, pdp_police, pdp_paces and its counters;
 * shares pdp_transits.
 *
 * The outer UDP checksum is not verified: the inner packet has its own, and RFC 6935 allows zero.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/count.bpf.h"
#include "bpf/flow.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/pick.bpf.h"
#include "bpf/police.bpf.h"
#include "bpf/transit.bpf.h"
#include "bpf/version.bpf.h"
#include "bpf/wire.h"

PDP_MAP(pdp_tunnels);
PDP_MAP(pdp_vnets);
PDP_MAP(pdp_slots);
PDP_MAP(pdp_keys);
PDP_MAP(pdp_guests);
PDP_MAP(pdp_fe_links);
PDP_MAP(pdp_port_ids);
PDP_MAP(pdp_seqs);
PDP_MAP(pdp_turns);
PDP_MAP(pdp_flowlets);
PDP_MAP(pdp_transits);
PDP_MAP(pdp_police);
PDP_MAP(pdp_paces);
PDP_MAP(pdp_port_stats);
PDP_MAP(pdp_vnet_stats);
PDP_MAP(pdp_vif_stats);
PDP_MAP(pdp_guest_stats);
PDP_MAP(pdp_node_stats);

/* What is known of the outer headers. */
struct outer {
	struct pdp_l2 l2;
	struct pdp_l3 l3;
	__be16 sport;
	__be16 dport;
	__u16 udp_len;
	__u32 inner_off; /* bytes in front of the tunnel's payload */
	__be32 vxlan_flags;
};

/* The frame's bytes that the classifier writes: Ethernet and tag. */
struct head {
	__u32 macs[3];
	__be16 ethertype;
	struct pdp_tag tag;
} __attribute__((packed));

_Static_assert(sizeof(struct head) == 30, "on the wire");

static __always_inline struct pdp_cursor frame(const struct xdp_md *ctx)
{
	return (struct pdp_cursor){(void *)(long)ctx->data, (void *)(long)ctx->data_end};
}

/* Not ours: count the reason for the port, leave the frame to the host. */
static __noinline int leave(struct xdp_md *ctx, enum pass_reason reason)
{
	__u32 ifindex = ctx->ingress_ifindex;
	__u32 *port = bpf_map_lookup_elem(&pdp_port_ids, &ifindex);
	__u32 id = port ? *port : 0;
	__u64 *counter = bpf_map_lookup_elem(&pdp_port_stats, &id);

	if (counter && reason > pass_none && reason <= pass_no_tunnel)
		counter[reason - 1]++;
	return XDP_PASS;
}

static __always_inline enum pass_reason read_ip(struct pdp_cursor *cursor, struct outer *outer)
{
	enum pdp_parsed parsed;

	if (outer->l2.ethertype == bpf_htons(ETH_P_IP)) {
		parsed = pdp_parse_ipv4(cursor, &outer->l3);
		if (parsed != PDP_PARSED)
			return parsed == PDP_CUT ? pass_runt : pass_bad_ipv4;
	} else if (outer->l2.ethertype == bpf_htons(ETH_P_IPV6)) {
		parsed = pdp_parse_ipv6(cursor, &outer->l3);
		if (parsed != PDP_PARSED)
			return parsed == PDP_CUT ? pass_runt : pass_bad_ipv6;
	} else {
		return pass_not_ip;
	}
	return pass_none;
}

/* Over the length of Ethernet, two VLAN tags, IPv4 with all options, UDP: 90 bytes. */
#define OUTER_LEN_MASK 127

/* Read up to the UDP header. */
static __always_inline enum pass_reason read_outer(struct pdp_cursor *cursor, struct outer *outer)
{
	__u8 *start = cursor->pos;
	enum pdp_parsed parsed = pdp_parse_l2(cursor, &outer->l2);
	enum pass_reason reason;
	struct udphdr *udp;

	if (parsed != PDP_PARSED)
		return parsed == PDP_CUT ? pass_runt : pass_vlan_depth;
	reason = read_ip(cursor, outer);
	if (reason)
		return reason;
	if (outer->l3.proto != IPPROTO_UDP)
		return pass_not_udp;
	if (outer->l3.fragment == PDP_LATER_FRAGMENT)
		return pass_fragment;
	udp = pdp_take(cursor, sizeof(*udp));
	if (!udp || outer->l3.len < outer->l3.header_len + sizeof(*udp))
		return pass_runt;
	outer->sport = udp->source;
	outer->dport = udp->dest;
	outer->udp_len = bpf_ntohs(udp->len);
	/* Measured, not added up: so the verifier forgets by which of many ways it came here. */
	outer->inner_off = (cursor->pos - start) & OUTER_LEN_MASK;
	return pass_none;
}

/* By the VNI too; the payload then begins behind the VXLAN header. */
static __always_inline enum pass_reason find_vni(struct pdp_cursor cursor, struct outer *outer,
						 struct pdp_tunnel_key *key,
						 struct pdp_tunnel **tunnel)
{
	struct pdp_vxlan *vxlan;

	cursor.pos += outer->inner_off;
	vxlan = pdp_take(&cursor, sizeof(*vxlan));
	if (!vxlan)
		return pass_runt;
	key->vni = vxlan->vni & bpf_htonl(0xffffff00);
	*tunnel = bpf_map_lookup_elem(&pdp_tunnels, key);
	if (!*tunnel)
		return pass_no_tunnel;
	outer->vxlan_flags = vxlan->flags;
	outer->inner_off += sizeof(*vxlan);
	return pass_none;
}

/*
 * By local address and port; where those are a VXLAN end's, by its VNI too. What comes to VXLAN's own
 * port is looked up by its VNI at once, which saves a look-up where it counts.
 */
static __always_inline enum pass_reason find_tunnel(struct pdp_cursor cursor, struct outer *outer,
						    struct pdp_tunnel **tunnel)
{
	struct pdp_tunnel_key key = {.local = outer->l3.daddr, .port = outer->dport};

	if (key.port == bpf_htons(PDP_VXLAN_PORT) &&
	    find_vni(cursor, outer, &key, tunnel) == pass_none)
		return pass_none;
	key.vni = PDP_VNI_NONE;
	*tunnel = bpf_map_lookup_elem(&pdp_tunnels, &key);
	if (!*tunnel)
		return pass_no_tunnel;
	if ((*tunnel)->encap != PDP_ENCAP_VXLAN)
		return pass_none;
	return find_vni(cursor, outer, &key, tunnel);
}

/*
 * Is it a whole and well-formed packet from the tunnel's other end? A UDP datagram shorter than its
 * IP packet is taken, as Linux does, and its surplus cut off.
 */
static __always_inline enum drop_reason check_outer(const struct outer *outer,
						    const struct pdp_tunnel *tunnel)
{
	__u32 udp_room = outer->l3.len - outer->l3.header_len;
	__u32 headers = sizeof(struct udphdr);

	if (!pdp_addr_equal(&outer->l3.saddr, &tunnel->remote))
		return drop_wrong_remote;
	if (tunnel->remote_port && outer->sport != tunnel->remote_port)
		return drop_wrong_remote;
	if (outer->l2.vlans != tunnel->vlans)
		return drop_wrong_vlan;
	if (outer->l3.fragment != PDP_WHOLE)
		return drop_outer_fragment;
	if (outer->udp_len < sizeof(struct udphdr) || outer->udp_len > udp_room)
		return drop_udp_length;
	if (tunnel->encap == PDP_ENCAP_VXLAN) {
		headers += sizeof(struct pdp_vxlan);
		/* The flags byte whole, for another bit changes what follows; reserved bytes not. */
		if (outer->udp_len < headers ||
		    (outer->vxlan_flags & bpf_htonl(0xff000000)) != bpf_htonl(PDP_VXLAN_FLAG_I))
			return drop_vxlan_header;
	}
	return tunnel->flags & PDP_TUNNEL_DOWN ? drop_impaired_in : drop_none;
}

/* What follows the tag, in host order: the first byte of a udp tunnel's payload tells. */
static __always_inline enum drop_reason check_ip(struct pdp_cursor inner, __u32 len, __u16 *proto)
{
	__u8 *version = pdp_take(&inner, sizeof(*version));

	if (!version || len == 0)
		return drop_inner_short;
	switch (*version >> 4) {
	case 4:
		*proto = ETH_P_IP;
		return len < sizeof(struct iphdr) ? drop_inner_short : drop_none;
	case 6:
		*proto = ETH_P_IPV6;
		return len < sizeof(struct ipv6hdr) ? drop_inner_short : drop_none;
	default:
		return drop_inner_not_ip;
	}
}

/* A vnet whose payload is its own affair takes for bytes what cannot be IP. */
static __always_inline enum drop_reason check_inner(struct pdp_cursor inner, __u32 len, __u8 encap,
						    __u8 payload, __u16 *proto)
{
	enum drop_reason reason;

	*proto = PDP_PROTO_ETHERNET;
	if (encap == PDP_ENCAP_VXLAN)
		return len < sizeof(struct ethhdr) ? drop_inner_short : drop_none;
	reason = check_ip(inner, len, proto);
	if (reason && len && payload == PDP_PAYLOAD_ANY) {
		*proto = PDP_PROTO_BYTES;
		return drop_none;
	}
	return reason;
}

static __always_inline bool within_rate(const struct pdp_vnet *vnet, __u32 vnet_id)
{
	struct pdp_limit rate = PDP_READ_ONCE8(struct pdp_limit, &vnet->rate);
	struct pdp_police *police;

	if (!rate.cost)
		return true;
	police = bpf_map_lookup_elem(&pdp_police, &vnet_id);
	return police && pdp_conforms(&police->tat, rate);
}

static __always_inline bool within_power(const struct pdp_guest *guest, __u32 guest_id)
{
	struct pdp_limit power = PDP_READ_ONCE8(struct pdp_limit, &guest->power);
	struct pdp_pace *pace;

	if (!power.cost)
		return true;
	pace = bpf_map_lookup_elem(&pdp_paces, &guest_id);
	return pace && pdp_conforms_bunched(&pace->tat, power);
}

/* What of the inner packet picks its slot. */
struct flow {
	__u32 hash;
	bool edge; /* of a TCP connection, for spray */
};

__noinline __u32 pdp_hash_bytes(struct xdp_md *ctx, __u32 inner_off, __u16 proto, __u32 vnet_id)
{
	struct pdp_key *key = bpf_map_lookup_elem(&pdp_keys, &vnet_id);
	struct pdp_cursor inner = frame(ctx);

	inner.pos += inner_off & OUTER_LEN_MASK;
	return key ? pdp_flow_of_bytes(inner, proto, key) : 0;
}

__noinline __u32 pdp_hash_hosts(struct xdp_md *ctx, __u32 inner_off, __u16 proto)
{
	struct pdp_cursor inner = frame(ctx);

	inner.pos += inner_off & OUTER_LEN_MASK;
	return pdp_flow_of_hosts(inner, proto);
}

__noinline int pdp_tcp_edge(struct xdp_md *ctx, __u32 inner_off, __u16 proto)
{
	struct pdp_cursor inner = frame(ctx);

	inner.pos += inner_off & OUTER_LEN_MASK;
	return pdp_flow_opens_or_ends(inner, proto);
}

/* By the 5-tuple here, in line; what few vnets ask for elsewhere, so that the rest do not pay for it. */
static __always_inline struct flow find_flow(struct xdp_md *ctx, struct pdp_cursor inner,
					     __u32 inner_off, __u16 proto,
					     const struct pdp_vnet *vnet, __u32 vnet_id,
					     __u8 policy)
{
	struct flow flow = {};

	if (vnet->key == PDP_KEY_5TUPLE)
		flow.hash = pdp_flow_of(inner, proto);
	else if (vnet->key == PDP_KEY_L3)
		flow.hash = pdp_hash_hosts(ctx, inner_off, proto);
	else
		flow.hash = pdp_hash_bytes(ctx, inner_off, proto, vnet_id);
	if (policy == PDP_POLICY_SPRAY)
		flow.edge = pdp_tcp_edge(ctx, inner_off, proto);
	return flow;
}

/* Each CPU takes turns on its own: no cache line moves between them. */
static __always_inline __u32 next_turn(__u32 vnet_id, __u32 n_slots)
{
	struct pdp_turn *turn = bpf_map_lookup_elem(&pdp_turns, &vnet_id);

	return turn ? pdp_take_turn(turn, n_slots) : 0;
}

static __noinline __u32 flowlet_slot(__u32 vnet_id, __u32 n_slots, __u32 hash, __u32 gap)
{
	struct pdp_flowlets *flowlets = bpf_map_lookup_elem(&pdp_flowlets, &vnet_id);
	struct pdp_turn *turn = bpf_map_lookup_elem(&pdp_turns, &vnet_id);

	if (!flowlets || !turn)
		return 0;
	return pdp_flowlet_slot(&flowlets->flowlet[hash % PDP_FLOWLETS], turn, hash, n_slots,
				bpf_ktime_get_ns() >> PDP_FLOWLET_SHIFT, gap);
}

static __always_inline __u32 pick_slot(__u32 vnet_id, const struct pdp_vnet *vnet,
				       struct pdp_table table, const struct flow *flow)
{
	switch (table.policy) {
	case PDP_POLICY_FLOW_HASH:
		return pdp_hash_slot(flow->hash, table.n_slots);
	case PDP_POLICY_FLOWLET:
		return flowlet_slot(vnet_id, table.n_slots, flow->hash, vnet->flowlet_gap);
	case PDP_POLICY_SPRAY:
		if (flow->edge)
			return pdp_hash_slot(flow->hash, table.n_slots);
		return next_turn(vnet_id, table.n_slots);
	default:
		return next_turn(vnet_id, table.n_slots);
	}
}

/* The guest in the packet's slot; 0 when there is none. */
static __always_inline __u32 pick_guest(__u32 vnet_id, const struct pdp_vnet *vnet,
					struct pdp_table table, const struct flow *flow)
{
	__u32 half = vnet_id * 2 + (table.half & 1);
	struct pdp_slot_table *slots;
	__u32 slot;

	if (!table.n_slots)
		return 0;
	slot = pick_slot(vnet_id, vnet, table, flow);
	slots = bpf_map_lookup_elem(&pdp_slots, &half);
	return slots && slot < PDP_SLOTS ? slots->guest[slot] : 0;
}

static __always_inline __be32 next_seq(__u32 vnet_id, __u32 hash)
{
	struct pdp_seqs *seqs = bpf_map_lookup_elem(&pdp_seqs, &vnet_id);

	if (!seqs)
		return 0;
	return bpf_htonl(__sync_fetch_and_add(&seqs->next[hash % PDP_SEQ_BUCKETS], 1));
}

/* Not in line: few vnets have it. */
__noinline int pdp_transit_out(__u32 guest_id, __u32 hash, __u32 seq)
{
	struct pdp_transit *transit = bpf_map_lookup_elem(&pdp_transits, &guest_id);

	if (transit)
		pdp_transit_begin(transit, hash, seq, bpf_ktime_get_ns());
	return 0;
}

/* Ethernet header and tag in the place of the outer headers; false when there is no room. */
static __always_inline bool write_head(struct xdp_md *ctx, __u32 inner_off,
				       const struct pdp_guest *guest, const struct pdp_tag *tag)
{
	const __u32 *macs = (const void *)guest;
	struct pdp_cursor cursor;
	struct head *head;

	if (bpf_xdp_adjust_head(ctx, inner_off - sizeof(*head)))
		return false;
	cursor = frame(ctx);
	head = pdp_take(&cursor, sizeof(*head));
	if (!head)
		return false;
	/* struct pdp_guest begins as an Ethernet header does. */
	head->macs[0] = macs[0];
	head->macs[1] = macs[1];
	head->macs[2] = macs[2];
	head->ethertype = bpf_htons(PDP_ETHERTYPE);
	head->tag = *tag;
	return true;
}

_Static_assert(offsetof(struct pdp_guest, mac) == 0 && offsetof(struct pdp_guest, md_mac) == 6,
	       "copied as the first 12 bytes of an Ethernet header");

/* Tag the packet and send it to a guest of its vnet. */
static __always_inline int send_to_guest(struct xdp_md *ctx, struct pdp_vnet_stats *stats,
					 __u32 guest_id, __u32 inner_off, __u32 inner_len,
					 struct pdp_tag *tag)
{
	struct pdp_guest *guest = bpf_map_lookup_elem(&pdp_guests, &guest_id);
	struct pdp_guest_stats *guest_stats = bpf_map_lookup_elem(&pdp_guest_stats, &guest_id);
	__u32 vnet_id = bpf_ntohs(tag->vnet);
	int action;

	if (!guest_id || !guest || !guest_stats || guest->vnet != vnet_id)
		return pdp_drop(stats, drop_no_guest);
	if (!within_power(guest, guest_id)) {
		guest_stats->over_power_packets++;
		return pdp_drop(stats, drop_over_power);
	}
	tag->seq = next_seq(vnet_id, bpf_ntohl(tag->hash));
	if (guest->timed)
		pdp_transit_out(guest_id, bpf_ntohl(tag->hash), bpf_ntohl(tag->seq));
	if (!write_head(ctx, inner_off, guest, tag))
		return pdp_drop(stats, drop_headroom);
	action = bpf_redirect_map(&pdp_fe_links, guest_id, 0);
	if (action != XDP_REDIRECT)
		return pdp_drop(stats, drop_guest_link_gone);
	guest_stats->to_packets++;
	guest_stats->to_bytes += sizeof(struct head) + inner_len;
	return action;
}

/* The controller writes no such entry; whoever edits the map by hand is to see what it does. */
static __always_inline int drop_bad_entry(void)
{
	struct pdp_node_stats *stats = pdp_node_counters();

	if (stats)
		stats->drop_bad_tunnel++;
	return XDP_DROP;
}

/* A tunnel packet of ours: everything from here on is counted for its vnet. */
static __always_inline int demultiplex(struct xdp_md *ctx, const struct outer *outer,
				       const struct pdp_tunnel *tunnel)
{
	__u32 vnet_id = tunnel->vnet, vif_id = tunnel->vif;
	struct pdp_vnet_stats *stats = bpf_map_lookup_elem(&pdp_vnet_stats, &vnet_id);
	struct pdp_vif_stats *vif_stats = bpf_map_lookup_elem(&pdp_vif_stats, &vif_id);
	struct pdp_vnet *vnet = bpf_map_lookup_elem(&pdp_vnets, &vnet_id);
	__u32 inner_off = outer->inner_off, inner_len, frame_len;
	struct pdp_cursor inner = frame(ctx);
	struct pdp_table table;
	enum drop_reason reason;
	struct flow flow;
	__u16 proto;

	if (!vnet_id || !stats || !vif_stats || !vnet)
		return drop_bad_entry();
	stats->rx_packets++;
	stats->rx_bytes += outer->l3.len;
	vif_stats->rx_packets++;
	vif_stats->rx_bytes += outer->l3.len;

	reason = check_outer(outer, tunnel);
	if (reason)
		return pdp_drop(stats, reason);
	inner_len = outer->udp_len - sizeof(struct udphdr);
	if (tunnel->encap == PDP_ENCAP_VXLAN)
		inner_len -= sizeof(struct pdp_vxlan);
	frame_len = pdp_left(&inner);
	inner.pos += inner_off;
	reason = check_inner(inner, inner_len, tunnel->encap, vnet->payload, &proto);
	if (reason)
		return pdp_drop(stats, reason);
	if (!within_rate(vnet, vnet_id))
		return pdp_drop(stats, drop_policed);

	/* Padding of a short frame, or bytes behind the UDP datagram. */
	if (inner_off + inner_len < frame_len) {
		if (bpf_xdp_adjust_tail(ctx, (int)(inner_off + inner_len - frame_len)))
			return pdp_drop(stats, drop_headroom);
		inner = frame(ctx);
		inner.pos += inner_off;
	}
	table = PDP_READ_ONCE8(struct pdp_table, &vnet->table);
	flow = find_flow(ctx, inner, inner_off, proto, vnet, vnet_id, table.policy);

	struct pdp_tag tag = {
		.version_op = pdp_tag_version_op(PDP_OP_INPUT),
		.flags = outer->l3.ecn,
		.proto = bpf_htons(proto),
		.vnet = bpf_htons(vnet_id),
		.vif = bpf_htons(vif_id),
		.hash = bpf_htonl(flow.hash),
	};
	return send_to_guest(ctx, stats, pick_guest(vnet_id, vnet, table, &flow), inner_off,
			     inner_len, &tag);
}

SEC("xdp")
int pdp_classify(struct xdp_md *ctx)
{
	struct pdp_cursor cursor = frame(ctx);
	struct pdp_tunnel *tunnel;
	struct outer outer = {};
	enum pass_reason reason;

	reason = read_outer(&cursor, &outer);
	if (reason)
		return leave(ctx, reason);
	reason = find_tunnel(frame(ctx), &outer, &tunnel);
	if (reason)
		return leave(ctx, reason);
	return demultiplex(ctx, &outer, tunnel);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
