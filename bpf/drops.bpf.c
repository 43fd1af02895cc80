/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * drops.bpf.c - what the kernel loses behind the programs' back, for the ledger.
 *
 * A redirect can fail after the program that asked for it has returned. pdp_xmit_drop sees the part of a
 * queue that a device could not send (a full ring, a peer that is down) at the tracepoint xdp_devmap_xmit,
 * and counts it in pdp_xmit_drops; only for devices of the node's network namespace: what an AF_XDP socket
 * loses is in its own statistics.
 *
 * There is another tracepoint, xdp_redirect_err, for the frame that a device does not take at all, being
 * down or of a smaller MTU. It also fires for each frame that a full AF_XDP socket refuses, so that to listen
 * costs a tenth and more under overload. Such devices are taken out of the devmaps instead (ctl/follow.c).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/maps.bpf.h"

PDP_MAP(pdp_xmit_drops);
PDP_MAP(pdp_node_stats);

/* SO_NETNS_COOKIE of the node's namespace. */
const volatile __u64 netns_cookie = 0;

/* The fields that are read, of the kernel's types; the rest is found through BTF. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct net {
	__u64 net_cookie;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	int ifindex;
	possible_net_t nd_net;
};
#pragma clang attribute pop

/* No room for another pair of devices, or no memory. */
static __always_inline void add_unnamed(__u64 drops)
{
	struct pdp_node_stats *stats = pdp_node_counters();

	if (stats)
		stats->drop_unnamed_hop += drops;
}

static __always_inline void add_drops(const struct pdp_hop *hop, __u64 drops)
{
	const __u64 none = 0;
	__u64 *count = bpf_map_lookup_elem(&pdp_xmit_drops, hop);

	if (!count) {
		bpf_map_update_elem(&pdp_xmit_drops, hop, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&pdp_xmit_drops, hop);
	}
	if (count)
		__sync_fetch_and_add(count, drops);
	else
		add_unnamed(drops);
}

SEC("tp_btf/xdp_devmap_xmit")
int BPF_PROG(pdp_xmit_drop, const struct net_device *from, const struct net_device *to, int sent,
	     int drops, int err)
{
	struct pdp_hop hop = {};

	if (drops <= 0 || from->nd_net.net->net_cookie != netns_cookie)
		return 0;
	hop.from_ifindex = from->ifindex;
	hop.to_ifindex = to->ifindex;
	add_drops(&hop, drops);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
