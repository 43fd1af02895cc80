/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * firewall.bpf.c - a vnet that is a stateful firewall for IPv4, UDP and TCP, between an inside and an outside.
 *
 * What comes in through one of a pair of vifs leaves through the other. From the inside anything may be begun;
 * from the outside comes what belongs to a flow that the inside has begun, and what goes to an open port. ICMP
 * from the inside goes to the vnet's control plane, so that hosts can ping their gateway. All else is dropped.
 * What nobody asked for is counted by where it came from, and firewall_agent.c bans who sends too much of it.
 * docs/own-data-plane.md takes it apart.
 */
#include <linux/tcp.h>

#include "examples/xdp/firewall.h"
#include "examples/xdp/outer.h"

#define SECOND 1000000000ull
#define UDP_IDLE (60 * SECOND)
#define TCP_IDLE (3600 * SECOND)
#define TCP_CLOSING (10 * SECOND) /* after FIN or RST */
#define ANY_FRAGMENT 0x3fff /* offset, and "more fragments" */

/* By vif id. The owner fills it, through the pin. */
struct fw_side {
	__u16 other; /* vif through which it leaves */
	__u16 inside;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct fw_side);
} fw_sides SEC(".maps");

/* What the outside may begin: a protocol and a destination port, network order. */
struct fw_port {
	__be16 port;
	__u16 proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct fw_port);
	__type(value, __u32);
} fw_open SEC(".maps");

/* Seen from the inside. */
struct fw_flow {
	__be32 inside;
	__be32 outside;
	__be16 inside_port;
	__be16 outside_port;
	__u32 proto;
};

struct fw_state {
	__u64 until; /* it lives, ns */
	__u32 closing; /* of TCP: one end has closed it */
	__u32 pad;
};

/* The oldest gives way when there are too many: it is an LRU table. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct fw_flow);
	__type(value, struct fw_state);
} fw_flows SEC(".maps");

/* Mmapable, and so handed over to the owner's agent. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FW_HOSTS);
	__type(key, __u32);
	__type(value, struct fw_host);
} fw_hosts SEC(".maps");

enum fw_count { PASSED, NOT_IPV4, FRAGMENT, NO_PORTS, NO_SIDE, NOT_BEGUN, UNASKED, BANNED, COUNTS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} fw_counts SEC(".maps");

static inline int count(__u32 what, int action)
{
	__u64 *counter = bpf_map_lookup_elem(&fw_counts, &what);

	if (counter)
		++*counter;
	return action;
}

/* What is looked at of a packet. */
struct seen {
	struct fw_flow flow; /* as the packet has it: its source is the inside */
	bool begins; /* may be the first of its flow */
	bool ends;
};

/* Ports, and of TCP whether it begins or ends a connection; false when they are cut. */
static inline bool read_ports(const void *l4, const void *end, struct seen *seen)
{
	const struct udphdr *udp = l4;
	const struct tcphdr *tcp = l4;

	if ((void *)(udp + 1) > end)
		return false;
	seen->flow.inside_port = udp->source;
	seen->flow.outside_port = udp->dest;
	seen->begins = true;
	if (seen->flow.proto != IPPROTO_TCP)
		return true;
	if ((void *)(tcp + 1) > end)
		return false;
	seen->begins = tcp->syn && !tcp->ack;
	seen->ends = tcp->fin || tcp->rst;
	return true;
}

static inline struct fw_flow turned(const struct fw_flow *flow)
{
	return (struct fw_flow){
		.inside = flow->outside,
		.outside = flow->inside,
		.inside_port = flow->outside_port,
		.outside_port = flow->inside_port,
		.proto = flow->proto,
	};
}

/* From the inside, or of a flow that the inside has begun, or to an open port. */
static inline bool is_allowed(const struct fw_side *side, const struct seen *seen)
{
	struct fw_flow flow = side->inside ? seen->flow : turned(&seen->flow);
	struct fw_port port = {.port = seen->flow.outside_port, .proto = seen->flow.proto};
	struct fw_state *was = bpf_map_lookup_elem(&fw_flows, &flow), state = {};
	const __u64 idle = flow.proto == IPPROTO_TCP ? TCP_IDLE : UDP_IDLE;
	__u64 now = bpf_ktime_get_ns();
	bool known = was && was->until > now;

	if (!known && !seen->begins)
		return false;
	if (!known && !side->inside && !bpf_map_lookup_elem(&fw_open, &port))
		return false;
	state.closing = seen->ends || (known && was->closing && !seen->begins);
	state.until = now + (state.closing ? TCP_CLOSING : idle);
	bpf_map_update_elem(&fw_flows, &flow, &state, BPF_ANY);
	return true;
}

/* Of an outside; hosts of one hash share a fate. */
static inline struct fw_host *find_host(__be32 address)
{
	__u32 at = address * 2654435761u >> (32 - FW_HOSTS_BITS);

	return bpf_map_lookup_elem(&fw_hosts, &at);
}

/* Dropped, as the outside was not asked. */
static inline int unasked(struct fw_host *host)
{
	if (host)
		__sync_fetch_and_add(&host->unasked, 1);
	return count(UNASKED, XDP_DROP);
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct head *head = read_head(ctx);
	struct iphdr *ip = (void *)(head + 1);
	struct fw_host *host = NULL;
	const struct fw_side *side;
	struct seen seen = {};
	__u32 vif;

	if (!head || (void *)(ip + 1) > end || head->tag.proto != bpf_htons(ETH_P_IP) ||
	    ip->version != 4 || ip->ihl < 5)
		return count(NOT_IPV4, XDP_DROP);
	vif = bpf_ntohs(head->tag.vif);
	side = bpf_map_lookup_elem(&fw_sides, &vif);
	if (!side)
		return count(NO_SIDE, XDP_DROP);
	if (ip->protocol == IPPROTO_ICMP && side->inside)
		return XDP_REDIRECT;
	if (ip->frag_off & bpf_htons(ANY_FRAGMENT))
		return count(FRAGMENT, XDP_DROP);

	seen.flow.inside = ip->saddr;
	seen.flow.outside = ip->daddr;
	seen.flow.proto = ip->protocol;
	if ((ip->protocol != IPPROTO_UDP && ip->protocol != IPPROTO_TCP) ||
	    !read_ports((void *)ip + ip->ihl * 4, end, &seen))
		return count(NO_PORTS, XDP_DROP);
	if (!side->inside)
		host = find_host(ip->saddr);
	if (host && host->banned)
		return count(BANNED, XDP_DROP);
	if (!is_allowed(side, &seen))
		return side->inside ? count(NOT_BEGUN, XDP_DROP) : unasked(host);
	if (!send_through(ctx, side->other, 0))
		return count(NO_SIDE, XDP_DROP);
	return count(PASSED, XDP_TX);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
