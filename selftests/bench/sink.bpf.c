/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * sink.bpf.c - counts what pktgen sent, where it ends: packets, loss and reordering per flow.
 *
 * XDP on the receiving device. Takes the tunnel named by the plan off, looks for a probe in the
 * inner UDP payload, accounts for it and drops the packet. All else is XDP_PASS. Or, when the plan says
 * so, watches TCP go by: a sender numbers a connection's packets, retransmissions too, by the IPv4 id.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/maps.h"
#include "bpf/wire.h"
#include "selftests/bench/traffic.h"

const volatile struct sink_plan plan;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sink_count);
} sink_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sink_flow);
} sink_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sink_delays);
} sink_delays SEC(".maps");

struct cursor {
	void *pos;
	void *end;
};

struct vlan_tag {
	__be16 tci;
	__be16 type;
};

/* Step over Ethernet and up to two VLAN tags; returns the EtherType, 0 when cut. */
static __always_inline __be16 skip_ethernet(struct cursor *at)
{
	struct ethhdr *eth = at->pos;
	struct vlan_tag *tag;
	__be16 type;

	if ((void *)(eth + 1) > at->end)
		return 0;
	type = eth->h_proto;
	at->pos = eth + 1;
	for (int i = 0; i < 2; i++) {
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		tag = at->pos;
		if ((void *)(tag + 1) > at->end)
			return 0;
		type = tag->type;
		at->pos = tag + 1;
	}
	return type;
}

/* Step over an IP header without options or extensions and a UDP header; NULL when it is not so. */
static __always_inline struct udphdr *skip_ip_udp(struct cursor *at, __be16 type)
{
	struct udphdr *udp;

	if (type == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = at->pos;

		if ((void *)(ip + 1) > at->end || ip->version != 4 || ip->ihl != 5 ||
		    ip->protocol != IPPROTO_UDP || ip->frag_off & bpf_htons(0x3fff))
			return NULL;
		udp = (void *)(ip + 1);
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = at->pos;

		if ((void *)(ip + 1) > at->end || ip->version != 6 || ip->nexthdr != IPPROTO_UDP)
			return NULL;
		udp = (void *)(ip + 1);
	} else {
		return NULL;
	}
	if ((void *)(udp + 1) > at->end)
		return NULL;
	at->pos = udp + 1;
	return udp;
}

/* Step over the tunnel's headers; returns the EtherType of the inner packet, 0 when not ours. */
static __always_inline __be16 skip_tunnel(struct cursor *at, __be16 type)
{
	struct udphdr *udp = skip_ip_udp(at, type);
	struct pdp_vxlan *vxlan;
	__u8 *first;

	if (!udp || udp->dest != plan.port)
		return 0;
	if (plan.encap == PDP_ENCAP_UDP) {
		first = at->pos;
		if ((void *)(first + 1) > at->end)
			return 0;
		return *first >> 4 == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	}
	vxlan = at->pos;
	if ((void *)(vxlan + 1) > at->end || vxlan->vni != plan.vni)
		return 0;
	at->pos = vxlan + 1;
	return skip_ethernet(at);
}

/* Forget the arrivals in (from, to], which the window has room for anew. */
static __always_inline void forget(struct sink_flow *flow, __u32 from, __u32 to)
{
	__u32 words = to / 64 - from / 64;

	for (__u32 i = 1; i <= SINK_WINDOW / 64; i++) {
		if (i <= words)
			flow->seen[(from / 64 + i) & (SINK_WINDOW / 64 - 1)] = 0;
	}
}

static __always_inline void note_gap(struct sink_flow *flow, __u32 to)
{
	struct sink_gap *gap = &flow->gap[flow->n_gaps & (SINK_GAPS - 1)];

	gap->from = flow->next;
	gap->to = to;
	gap->arrival = flow->received;
	flow->n_gaps++;
}

/* RFC 4737, section 4.2: how many packets ago did the first one come that overtook this one. */
static __always_inline void note_extent(struct sink_flow *flow, __u32 seq)
{
	__u64 extent = 0;

	for (int i = 0; i < SINK_GAPS; i++) {
		if (flow->gap[i].from <= seq && seq < flow->gap[i].to)
			extent = flow->received - flow->gap[i].arrival;
	}
	if (!extent)
		flow->extent_unknown++;
	flow->extent_sum += extent;
	if (extent > flow->extent_max)
		flow->extent_max = extent;
}

/* A packet of the flow below next: late, or seen before. */
static __always_inline void account_late(struct sink_flow *flow, __u32 seq)
{
	__u64 bit = 1ULL << (seq & 63);
	__u64 *word = &flow->seen[seq / 64 & (SINK_WINDOW / 64 - 1)];

	__u32 late = flow->next - 1 - seq;

	/* The word that next stands in is shared with what is a whole window older. */
	if (flow->next - seq > SINK_WINDOW - 64) {
		flow->too_late++;
		flow->reordered++;
		flow->late_sum += late;
		flow->extent_unknown++;
	} else if (*word & bit) {
		flow->duplicates++;
	} else {
		*word |= bit;
		flow->reordered++;
		flow->late_sum += late;
		note_extent(flow, seq);
	}
}

static __always_inline void account(struct sink_flow *flow, __u32 seq)
{
	if (flow->received == 0) {
		flow->base = plan.mid_stream ? seq : 0;
		flow->next = flow->base;
		flow->seen[seq / 64 & (SINK_WINDOW / 64 - 1)] = 0;
	}
	flow->received++;
	if (seq < flow->next) {
		account_late(flow, seq);
		return;
	}
	if (seq > flow->next)
		note_gap(flow, seq);
	forget(flow, flow->next ? flow->next - 1 : 0, seq);
	flow->seen[seq / 64 & (SINK_WINDOW / 64 - 1)] |= 1ULL << (seq & 63);
	flow->next = seq + 1;
}

static __always_inline void note_delay(__u64 ns)
{
	__u32 zero = 0, bucket = delay_bucket(ns);
	struct sink_delays *delays = bpf_map_lookup_elem(&sink_delays, &zero);

	if (delays && bucket < DELAY_BUCKETS)
		delays->packets[bucket]++;
}

static __always_inline void note_time(struct sink_count *count, const struct probe *probe)
{
	__u64 now = bpf_ktime_get_ns();
	__u64 latency;

	if (!count->first_ns)
		count->first_ns = now;
	count->last_ns = now;
	if (!probe || !plan.latency)
		return;
	latency = now - bpf_be64_to_cpu(probe->time_ns);
	count->latency_packets++;
	count->latency_sum_ns += latency;
	if (!count->latency_min_ns || latency < count->latency_min_ns)
		count->latency_min_ns = latency;
	if (latency > count->latency_max_ns)
		count->latency_max_ns = latency;
	note_delay(latency);
}

/* The probe at the cursor, or NULL; *timed: whether it has its time. */
static __always_inline struct probe *find_probe(const struct cursor *at, _Bool *timed)
{
	struct probe *probe = at->pos;

	*timed = (void *)(probe + 1) <= at->end && probe->magic == bpf_htons(PROBE_MAGIC_TIME);
	if (*timed)
		return probe;
	if (at->pos + PROBE_SHORT <= at->end && probe->magic == bpf_htons(PROBE_MAGIC))
		return probe;
	return NULL;
}

static __always_inline void account_flow(struct sink_count *count, __u32 flow_id, __u32 seq)
{
	struct sink_flow *flow = bpf_map_lookup_elem(&sink_flows, &flow_id);

	if (!flow) {
		count->flow_over++;
		return;
	}
	bpf_spin_lock(&flow->lock);
	account(flow, seq);
	bpf_spin_unlock(&flow->lock);
}

/* The 16 bits of an IPv4 id as the number of a packet near the next one expected, which another CPU may move a little. */
static __always_inline __u32 number_of_id(__u32 flow_id, __u16 id)
{
	struct sink_flow *flow = bpf_map_lookup_elem(&sink_flows, &flow_id);

	if (!flow || !flow->received)
		return 0x10000 + id;
	return flow->next + (__s16)(id - (__u16)flow->next);
}

/* A packet of a connection from one of our ports. */
static __always_inline void watch_tcp(struct sink_count *count, struct cursor *at, __u32 bytes)
{
	struct iphdr *ip = at->pos;
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 flow_id;

	count->passed++;
	if ((void *)(tcp + 1) > at->end || ip->version != 4 || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_TCP)
		return;
	flow_id = bpf_ntohs(tcp->source) - FLOW_SPORT;
	if (flow_id >= plan.flows)
		return;
	count->packets++;
	count->bytes += bytes;
	note_time(count, NULL);
	account_flow(count, flow_id, number_of_id(flow_id, bpf_ntohs(ip->id)));
}

SEC("xdp")
int pdp_sink(struct xdp_md *ctx)
{
	struct cursor at = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	__u32 zero = 0, bytes = at.end - at.pos;
	struct sink_count *count = bpf_map_lookup_elem(&sink_counts, &zero);
	struct probe *probe;
	struct udphdr *udp;
	_Bool timed;
	__be16 type;

	if (!count)
		return XDP_ABORTED;
	type = skip_ethernet(&at);
	if (plan.encap)
		type = skip_tunnel(&at, type);
	if (plan.tcp) {
		if (type == bpf_htons(ETH_P_IP))
			watch_tcp(count, &at, bytes);
		return XDP_PASS;
	}
	udp = skip_ip_udp(&at, type);
	probe = udp ? find_probe(&at, &timed) : NULL;
	if (!probe && !(udp && udp->dest == bpf_htons(INNER_DPORT))) {
		count->passed++;
		return XDP_PASS;
	}
	count->bytes += bytes;
	if (!plan.sum || count->packets < SUM_TIMED || !(count->packets % SUM_TIMED))
		note_time(count, probe && timed ? probe : NULL);
	if (!probe) {
		count->plain++;
		return XDP_DROP;
	}
	count->packets++;
	if (!plan.sum)
		account_flow(count, bpf_ntohs(probe->flow), bpf_ntohl(probe->seq));
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
