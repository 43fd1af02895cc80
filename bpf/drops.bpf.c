/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * drops.bpf.c - pdp_xmit_drop, which counts what the kernel loses behind the programs' back.
 *
 * A redirect is queued; when the device then takes only part of the queue (a full ring, a peer that
 * is down), the rest is freed and only the tracepoint xdp_devmap_xmit tells. Counts the losses of
 * devices in the node's network namespace, for the ledger.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/maps.bpf.h"

PDP_MAP(pdp_xmit_drops);

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
