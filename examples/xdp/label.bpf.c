/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * label.bpf.c - a vnet that switches labels, and does not know of IP.
 *
 * What its tunnels carry begins with label stack entries as MPLS has them (RFC 3032; in UDP, RFC 7510), and
 * behind them whatever the ends like. A table says of each label by which it is replaced, or that it is taken
 * off, and through which vif the packet leaves. All that is not in the table is dropped. docs/own-data-plane.md
 * takes it apart.
 */
#include "examples/xdp/outer.h"

#define LABEL_SHIFT 12
#define LABEL_TTL 0xff
#define LABEL_REST 0xf00 /* traffic class, bottom of stack */

enum label_action {
	LABEL_SWAP = 1, /* put another in its place */
	LABEL_POP = 2, /* take it off; what is below goes on */
};

struct label_route {
	__u32 out; /* of LABEL_SWAP */
	__u16 vif;
	__u16 action; /* enum label_action; 0: none */
};

/* By label. The owner fills it, through the pin. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct label_route);
} labels SEC(".maps");

enum label_count { SWITCHED, CUT, UNKNOWN, EXPIRED, NO_VIF, COUNTS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} label_counts SEC(".maps");

static inline int count(__u32 what, int action)
{
	__u64 *counter = bpf_map_lookup_elem(&label_counts, &what);

	if (counter)
		++*counter;
	return action;
}

SEC("xdp")
int label_switch(struct xdp_md *ctx)
{
	struct head *head = read_head(ctx);
	__be32 *entry = (void *)(head + 1);
	const struct label_route *route;
	__u32 word, label;

	if (!head || (void *)(entry + 1) > (void *)(long)ctx->data_end)
		return count(CUT, XDP_DROP);
	word = bpf_ntohl(*entry);
	label = word >> LABEL_SHIFT;
	route = bpf_map_lookup_elem(&labels, &label);
	if (!route)
		return count(UNKNOWN, XDP_DROP);
	if ((word & LABEL_TTL) <= 1)
		return count(EXPIRED, XDP_DROP);

	if (route->action == LABEL_SWAP)
		*entry = bpf_htonl(route->out << LABEL_SHIFT | (word & LABEL_REST) |
				   ((word & LABEL_TTL) - 1));
	if (!send_through(ctx, route->vif, route->action == LABEL_POP ? sizeof(*entry) : 0))
		return count(NO_VIF, XDP_DROP);
	return count(SWITCHED, XDP_TX);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
