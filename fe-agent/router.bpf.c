/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * router.bpf.c - the fast half of the data plane `router`: the common case, on eth0 of an FE guest.
 *
 * Stands in the place of pdp_guest_rx. It does what the agent half (router.c) would do with a packet that is
 * to be forwarded, reading the same tables (router_tables.h), and sends it back to the MD (XDP_TX). Everything
 * else climbs: it goes to the agent's socket with its bytes as they came, and is decided and counted
 * there. What is sent is byte for byte what the agent would send (selftests/prog/test_fast.c).
 *
 * The tables are written by the agent, a process of the vnet's owner. Nothing in them is believed further
 * than the verifier sees, and what leaves is looked at by the dispatcher like everything from a guest.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/guest_rx.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/sum.bpf.h"
#include "bpf/version.bpf.h"
#include "fe-agent/router_rules.h"
#include "fe-agent/router_tables.h"

/* clang-format off: a list is read more easily than its expansion. */
/* One element each: how many there are is for the loader to say, before it loads. */
#define TABLE(NAME, name, type, entries)                                                 \
	PDP_MAP_TYPE(pdp_rt_##name, BPF_MAP_TYPE_ARRAY, __u32, type, 1, BPF_F_MMAPABLE); \
	PDP_MAP(pdp_rt_##name);
PDP_ROUTER_TABLES(TABLE)
#undef TABLE
/* clang-format on */

/* A word of a table, read once: the agent may write another at any time. */
#define READ(type, pointer) (*(const volatile type *)(pointer))

#define HEAD_LEN (sizeof(struct ethhdr) + sizeof(struct pdp_tag))

/* A MAC address in words, for a struct ethhdr is read byte by byte. */
struct mac {
	__u32 first;
	__u16 last;
};

/* What is known of a packet. */
struct packet {
	struct mac dest;
	struct mac source;
	struct pdp_tag tag;
	__u32 off; /* of the inner IP header in the frame */
	__u32 len; /* of the IP packet */
	__u32 left; /* of the frame, from there on */
	__u32 hash;
	__u16 proto; /* ETH_P_IP or ETH_P_IPV6 */
	__u8 tos; /* as RFC 6040 has it after decapsulation */
	bool df;
	__u32 hop; /* what the destination leads to, 0: nothing */
	__u64 dst[2]; /* network order; IPv4 in the first four bytes */
};

/* --- what the tables say of a destination --------------------------------------------------------- */

/* What the entry of a group leads to. */
static __always_inline __u32 read_entry(const struct pdp_rt_group4 *group, __u32 i)
{
	__u32 run = pdp_rt_run(group, i), id;
	struct pdp_rt_block4 *block;

	if (group->colours)
		return READ(__u16, &group->palette.value[pdp_rt_colour(group, run)]);
	if (!group->blocks)
		return run < PDP_RT_GROUP_RUNS ? READ(__u16, &group->value[run]) : 0;
	id = pdp_rt_block(group, run);
	block = bpf_map_lookup_elem(&pdp_rt_block4, &id);
	return block ? READ(__u16, &block->value[run % PDP_RT_BLOCK_RUNS]) : 0;
}

/* What the entry of a wide group leads to, and where it leads to nothing *hop. */
static __always_inline __u32 read_wide(__u32 id, __u32 i, __u32 *hop)
{
	__u32 line = id / 512;
	struct pdp_rt_kind4 *kind = bpf_map_lookup_elem(&pdp_rt_kind4, &line);
	struct pdp_rt_group4 *group;
	struct pdp_rt_pair4 *pair;

	if (kind && pdp_rt_is_pair(kind, id)) {
		pair = bpf_map_lookup_elem(&pdp_rt_pair4, &id);
		*hop = pair ? READ(__u16, &pair->hop) : 0;
		return pair ? READ(__u16, &pair->value[pdp_rt_second(pair, i)]) : 0;
	}
	group = bpf_map_lookup_elem(&pdp_rt_wide4, &id);
	*hop = group ? READ(__u16, &group->hop) : 0;
	return group ? read_entry(group, i) : 0;
}

static __always_inline __u32 find_hop4(__u32 dst)
{
	__u32 id = dst >> 21, value, hop;
	struct pdp_rt_root4 *root = bpf_map_lookup_elem(&pdp_rt_root4, &id);
	struct pdp_rt_group4 *group;

	if (!root)
		return 0;
	value = READ(__u16, &root->entry[dst >> 16 & 31]);
	if (value < PDP_NEXTHOPS)
		return value;
	value = read_wide(value - PDP_NEXTHOPS, dst >> 8 & 0xff, &hop);
	if (value >= PDP_NEXTHOPS) {
		id = value - PDP_NEXTHOPS;
		group = bpf_map_lookup_elem(&pdp_rt_narrow4, &id);
		value = group ? read_entry(group, dst & 0xff) : 0;
	}
	return value ? value : hop;
}

/* In host order. A function of its own, so that the verifier walks its loop once. */
__noinline __u32 pdp_find_hop6(__u64 hi, __u64 lo)
{
	__u32 id = hi >> 51, best;
	struct pdp_rt_root6 *root = bpf_map_lookup_elem(&pdp_rt_root6, &id);
	__u64 entry;

	if (!root)
		return 0;
	entry = READ(__u64, &root->entry[hi >> 48 & 7]);
	best = entry;
	hi <<= PDP_RT_ROOT_BITS;
	for (int bit = PDP_RT_ROOT_BITS; bit < 128; bit += PDP_RT_NODE_BITS) {
		struct pdp_rt_node6 *node;

		if (bit == 64)
			hi = lo;
		id = entry >> PDP_RT_CHILD_SHIFT;
		node = id ? bpf_map_lookup_elem(&pdp_rt_node6, &id) : NULL;
		if (!node)
			break;
		entry = READ(__u64, &node->entry[hi >> 60 & 0xf]);
		if ((__u32)entry)
			best = entry;
		hi <<= PDP_RT_NODE_BITS;
	}
	return best & PDP_RT_VALUE;
}

/* --- may it be forwarded? As router_packet.c, but for what is not a plain yes ---------------------- */

static __always_inline bool take_tos(struct packet *p, __u8 tos)
{
	int ecn = pdp_ecn_decapsulate(tos & 3, p->tag.flags & PDP_TAG_ECN_MASK);

	p->tos = (tos & ~3) | (ecn & 3);
	return ecn >= 0;
}

static __always_inline bool is_global4(__u32 addr)
{
	return !pdp_is_multicast4(addr) && !pdp_is_martian4(addr) && !pdp_is_link_local4(addr);
}

static __always_inline bool look4(struct packet *p, struct pdp_cursor cursor)
{
	struct iphdr *ip;

	p->left = pdp_left(&cursor);
	ip = pdp_take(&cursor, sizeof(*ip));
	if (!ip || *(__u8 *)ip != 0x45)
		return false;
	p->len = bpf_ntohs(ip->tot_len);
	p->proto = ETH_P_IP;
	p->df = ip->frag_off & bpf_htons(0x4000);
	p->dst[0] = ip->daddr;
	p->dst[1] = 0;
	/* Before it is known whether it may: the processor goes on while memory is slow. */
	p->hop = find_hop4(bpf_ntohl(ip->daddr));
	return p->len >= sizeof(*ip) && p->len <= p->left && pdp_fold(pdp_ipv4_sum(ip)) == 0xffff &&
	       ip->ttl > 1 && is_global4(bpf_ntohl(ip->saddr)) &&
	       is_global4(bpf_ntohl(ip->daddr)) && take_tos(p, ip->tos);
}

static __always_inline bool is_global6(const __be64 *addr)
{
	__u64 hi = bpf_be64_to_cpu(addr[0]), lo = bpf_be64_to_cpu(addr[1]);

	return !pdp_is_multicast6(hi) && !pdp_is_link_local6(hi) && !pdp_is_martian6(hi, lo) &&
	       (hi || lo);
}

static __always_inline bool look6(struct packet *p, struct pdp_cursor cursor)
{
	const __be64 *saddr, *daddr;
	struct ipv6hdr *ip;

	p->left = pdp_left(&cursor);
	ip = pdp_take(&cursor, sizeof(*ip));
	if (!ip || ip->version != 6 || ip->nexthdr == IPPROTO_HOPOPTS || ip->hop_limit <= 1)
		return false;
	saddr = (const void *)&ip->saddr;
	daddr = (const void *)&ip->daddr;
	p->len = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	p->proto = ETH_P_IPV6;
	p->df = true;
	p->dst[0] = daddr[0];
	p->dst[1] = daddr[1];
	p->hop = pdp_find_hop6(bpf_be64_to_cpu(daddr[0]), bpf_be64_to_cpu(daddr[1]));
	return p->len <= p->left && is_global6(saddr) && is_global6(daddr) &&
	       take_tos(p, ip->priority << 4 | ip->flow_lbl[0] >> 4);
}

static __always_inline const struct pdp_rt_vif *find_vif(__u16 id)
{
	__u32 line = id / 32, place;
	struct pdp_rt_vif_ids *ids = bpf_map_lookup_elem(&pdp_rt_vif_ids, &line);

	if (!ids)
		return NULL;
	place = READ(__u16, &ids->at[id % 32]);
	return place ? bpf_map_lookup_elem(&pdp_rt_vifs, &place) : NULL;
}

static __always_inline struct mac read_mac(const __u8 *at)
{
	return (struct mac){*(const __u32 *)at, *(const __u16 *)(at + 4)};
}

static __always_inline void write_mac(__u8 *at, struct mac mac)
{
	*(__u32 *)at = mac.first;
	*(__u16 *)(at + 4) = mac.last;
}

static __always_inline bool is_equal(struct mac a, struct mac b)
{
	return a.first == b.first && a.last == b.last;
}

/* A frame must be for the vif that it came in through. */
static __always_inline bool look_frame(struct packet *p, struct pdp_cursor cursor)
{
	const struct pdp_rt_vif *in = find_vif(bpf_ntohs(p->tag.vif));
	struct ethhdr *eth = pdp_take(&cursor, sizeof(*eth));

	if (!eth || !in || !in->outer.vxlan ||
	    !is_equal(read_mac(eth->h_dest), read_mac(in->mac)) || (eth->h_dest[0] & 1))
		return false;
	p->off += sizeof(*eth);
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return look4(p, cursor);
	return eth->h_proto == bpf_htons(ETH_P_IPV6) && look6(p, cursor);
}

static __always_inline bool look(struct packet *p, const struct xdp_md *ctx)
{
	struct pdp_cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	struct ethhdr *eth = pdp_take(&cursor, sizeof(*eth));
	struct pdp_tag *tag = pdp_take(&cursor, sizeof(*tag));

	if (!eth || !tag || tag->version_op != pdp_tag_version_op(PDP_OP_INPUT) ||
	    (tag->flags & ~PDP_TAG_ECN_MASK))
		return false;
	p->dest = read_mac(eth->h_dest);
	p->source = read_mac(eth->h_source);
	p->tag = *tag;
	p->off = HEAD_LEN;
	p->hash = bpf_ntohl(tag->hash);
	if (tag->proto == bpf_htons(ETH_P_IP))
		return look4(p, cursor);
	if (tag->proto == bpf_htons(ETH_P_IPV6))
		return look6(p, cursor);
	return tag->proto == bpf_htons(PDP_PROTO_ETHERNET) && look_frame(p, cursor);
}

/* --- where to? ------------------------------------------------------------------------------------ */

static __always_inline const struct pdp_nexthop_path *find_path(const struct packet *p)
{
	struct pdp_rt_paths *paths;
	__u32 id = p->hop;
	struct pdp_rt_hop *hop = id ? bpf_map_lookup_elem(&pdp_rt_hops, &id) : NULL;

	if (!hop || hop->kind != PDP_NEXTHOP_FORWARD)
		return NULL;
	id = hop->paths;
	if (!id)
		return &hop->path;
	paths = bpf_map_lookup_elem(&pdp_rt_paths, &id);
	return paths ? &paths->path[pdp_rt_pick(paths, hop->total, p->hash)] : NULL;
}

/* Longer chains are left to the agent. */
#define CHAIN_MAX 16

/* The MAC address in the first six bytes; 0: not known. */
__noinline __u64 pdp_find_neigh(__u32 link, __u64 addr0, __u64 addr1)
{
	__u32 bucket = pdp_rt_neigh_bucket(link, addr0, addr1), id = bucket / 16;
	struct pdp_rt_bucket *line = bpf_map_lookup_elem(&pdp_rt_nbucket, &id);

	if (!line)
		return 0;
	id = READ(__u32, &line->head[bucket % 16]);
	for (int i = 0; i < CHAIN_MAX; i++) {
		struct pdp_rt_neigh *e = id ? bpf_map_lookup_elem(&pdp_rt_neighs, &id) : NULL;

		if (!e)
			return 0;
		if (e->link == link && e->addr[0] == addr0 && e->addr[1] == addr1)
			return READ(__u64, &e->mac);
		id = READ(__u32, &e->next);
	}
	return 0;
}

/* The gateway's, or that of the destination itself where it is on the link. */
static __always_inline __u64 resolve(const struct packet *p, const struct pdp_nexthop_path *path)
{
	__u32 link = (__u32)path->vif << 8;
	const __u64 *gateway = (const void *)path->gateway;

	if (path->gateway_family)
		return pdp_find_neigh(link | path->gateway_family, gateway[0], gateway[1]);
	return pdp_find_neigh(link | (p->proto == ETH_P_IP ? 4 : 6), p->dst[0], p->dst[1]);
}

/* --- on its way: as router.c and encap.c ------------------------------------------------------------ */

/* TTL and ECN of the inner header, its checksum brought up to date (RFC 1624). */
static __always_inline void rewrite4(const struct packet *p, struct iphdr *ip)
{
	__u16 *word = (void *)ip;
	__u32 sum = (__u16)~ip->check + (__u16)~word[0] + (__u16)~word[4];

	ip->ttl--;
	ip->tos = p->tos;
	ip->check = ~pdp_fold(sum + word[0] + word[4]);
}

static __always_inline void rewrite6(const struct packet *p, struct ipv6hdr *ip)
{
	ip->hop_limit--;
	ip->priority = p->tos >> 4;
	ip->flow_lbl[0] = (p->tos & 0xf) << 4 | (ip->flow_lbl[0] & 0xf);
}

/* Back to where it came from. */
static __always_inline void write_head(const struct packet *p, __u8 *at, __u16 vif, __be16 proto)
{
	struct ethhdr *eth = (void *)at;
	struct pdp_tag *tag = (void *)(eth + 1);

	write_mac(eth->h_dest, p->source);
	write_mac(eth->h_source, p->dest);
	*(__be16 *)(at + 12) = bpf_htons(PDP_ETHERTYPE);
	*tag = p->tag;
	tag->version_op = pdp_tag_version_op(PDP_OP_FORWARD);
	tag->flags = 0;
	tag->proto = proto;
	tag->vif = bpf_htons(vif);
}

static __always_inline void write_ipv4(const struct packet *p, struct iphdr *ip, __u32 total,
				       __u32 sum)
{
	ip->tos = p->tos;
	ip->tot_len = bpf_htons(total);
	ip->id = bpf_htons(pdp_outer_id(p->hash, bpf_ntohl(p->tag.seq)));
	ip->frag_off = p->df ? bpf_htons(0x4000) : 0;
	ip->check = ~pdp_fold((__u64)sum + bpf_htons(p->tos) + ip->tot_len + ip->id + ip->frag_off);
}

static __always_inline void write_ipv6(const struct packet *p, struct ipv6hdr *ip, __u32 total)
{
	*(__be32 *)ip = bpf_htonl(6u << 28 | (__u32)p->tos << 20 | (p->hash & 0xfffff));
	ip->payload_len = bpf_htons(total - sizeof(*ip));
}

/* Over IPv6 all is summed up. The pointers into the frame hold as before: it is only read. */
static __always_inline void write_udp_sum(struct xdp_md *ctx, const struct pdp_outer *outer)
{
	const __u32 at = HEAD_LEN + sizeof(struct ipv6hdr);
	__u64 sum = pdp_sum_frame(ctx, at);
	struct pdp_cursor cursor = {(void *)(long)ctx->data + at, (void *)(long)ctx->data_end};
	struct udphdr *udp = pdp_take(&cursor, sizeof(*udp));
	__u16 check;

	if (!udp)
		return;
	check = ~pdp_fold(sum + outer->sum + udp->len);
	udp->check = check ? check : 0xffff;
}

/* len is a constant and both places are as aligned as the machine needs: whole words. */
static __always_inline void copy(__u8 *to, const __u8 *from, __u32 len)
{
#pragma unroll
	for (__u32 i = 0; i + 8 <= 72; i += 8)
		if (i + 8 <= len)
			*(__u64 *)(to + i) = *(const __u64 *)(from + i);
	if (len & 4)
		*(__u32 *)(to + (len & ~7u)) = *(const __u32 *)(from + (len & ~7u));
	if (len & 2)
		*(__u16 *)(to + (len & ~3u)) = *(const __u16 *)(from + (len & ~3u));
}

/*
 * Put the outer header in front of the packet, for which there is room by now. family and vxlan are those of
 * the vif, and constants to the compiler.
 */
static __always_inline bool write(struct xdp_md *ctx, const struct packet *p,
				  const struct pdp_rt_vif *vif, __u64 mac, int family, bool vxlan)
{
	const __u32 ip_len = family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	const __u32 outer_len = ip_len + sizeof(struct udphdr) +
				(vxlan ? sizeof(struct pdp_vxlan) + sizeof(struct ethhdr) : 0);
	struct pdp_cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	__u8 *head = pdp_take(&cursor, HEAD_LEN);
	__u8 *outer = pdp_take(&cursor, outer_len);
	struct udphdr *udp;
	__u8 *inner;

	/* It is as long as it was looked at and as was added. */
	inner = pdp_take(&cursor, sizeof(struct iphdr));
	if (!head || !outer || !inner)
		return false;
	write_head(p, head, vif->id, bpf_htons(family == 4 ? ETH_P_IP : ETH_P_IPV6));
	copy(outer, vif->outer.bytes, outer_len);
	udp = (void *)(outer + ip_len);
	udp->len = bpf_htons(outer_len - ip_len + p->len);
	if (vxlan) {
		udp->source = bpf_htons(PDP_VXLAN_SPORT_MIN | (p->hash & 0x3fff));
		*(__u32 *)(inner - 14) = mac;
		*(__u16 *)(inner - 10) = mac >> 32;
		*(__be16 *)(inner - 2) = bpf_htons(p->proto);
	}
	/* An IPv6 header's first 20 bytes hold all of it that changes. */
	if (p->proto == ETH_P_IP)
		rewrite4(p, (void *)inner);
	else
		rewrite6(p, (void *)inner);
	if (family == 4) {
		write_ipv4(p, (void *)outer, outer_len + p->len, vif->outer.sum);
	} else {
		write_ipv6(p, (void *)outer, outer_len + p->len);
		write_udp_sum(ctx, &vif->outer);
	}
	return true;
}

static __always_inline bool write_for(struct xdp_md *ctx, const struct packet *p,
				      const struct pdp_rt_vif *vif, __u64 mac)
{
	if (vif->outer.family == 4)
		return vif->outer.vxlan ? write(ctx, p, vif, mac, 4, true)
					: write(ctx, p, vif, mac, 4, false);
	return vif->outer.vxlan ? write(ctx, p, vif, mac, 6, true)
				: write(ctx, p, vif, mac, 6, false);
}

/*
 * Forward the frame and say how long it has become; 0: it climbs, its bytes as they came; -1: it is lost, and
 * this cannot be.
 */
static __always_inline int forward(struct xdp_md *ctx)
{
	const struct pdp_nexthop_path *path;
	const struct pdp_rt_vif *vif;
	struct packet p = {};
	__u32 outer_len;
	__u64 mac = 0;

	if (!look(&p, ctx))
		return 0;
	path = find_path(&p);
	vif = path ? find_vif(path->vif) : NULL;
	if (!vif || p.len > vif->mtu)
		return 0;
	if (vif->outer.vxlan) {
		mac = resolve(&p, path);
		if (!mac)
			return 0;
	}
	outer_len = vif->outer.len & 0x7f;
	if (bpf_xdp_adjust_head(ctx, (int)(p.off - HEAD_LEN - outer_len)))
		return 0;
	/* Bytes behind the end of the packet are cut off. */
	if (p.left > p.len && bpf_xdp_adjust_tail(ctx, (int)(p.len - p.left)))
		return -1;
	if (!write_for(ctx, &p, vif, mac))
		return -1;
	return HEAD_LEN + outer_len + p.len;
}

SEC("xdp")
int pdp_router(struct xdp_md *ctx)
{
	struct pdp_guest_stats *stats = pdp_guest_counters();
	int len;

	if (!stats)
		return XDP_DROP;
	if (!pdp_is_tagged(ctx)) {
		stats->drop_not_tagged++;
		return XDP_DROP;
	}
	len = forward(ctx);
	if (len < 0)
		return XDP_DROP;
	if (!len) {
		stats->climb_packets++;
		return pdp_to_agent(ctx, stats);
	}
	stats->fast_packets++;
	stats->fast_bytes += len;
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
