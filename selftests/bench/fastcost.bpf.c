/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fastcost.bpf.c - a packet to a random destination, handed to the fast half of the router.
 *
 * BPF_PROG_TEST_RUN gives a frame back as the last run left it, so it is made anew each time. The same is done
 * before fastcost_bare, which makes room and sends the frame back: what differs is the fast half.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/parse.bpf.h"
#include "selftests/bench/fastcost.h"

const volatile struct fastcost_plan plan;
__u32 turn;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} fastcost_next SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FASTCOST_ADDRS / 2);
	__type(key, __u32);
	__type(value, __be32[2]);
} fastcost_addrs SEC(".maps");

SEC("xdp")
int fastcost_source(struct xdp_md *ctx)
{
	__u32 len = ctx->data_end - ctx->data, at;
	__u8 *frame, *end;
	__be32 *pair, dst;

	if (len > plan.len && bpf_xdp_adjust_head(ctx, FASTCOST_GROWS))
		return XDP_ABORTED;
	frame = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (frame + sizeof(plan.header) > end)
		return XDP_ABORTED;
	for (int i = 0; i < FASTCOST_WORDS; i++)
		((__u64 *)frame)[i] = plan.header[i];
	/* Numerical Recipes' generator: cheap, and far from the order of the table. */
	turn = turn * 1664525 + 1013904223;
	at = (turn >> 8 & (plan.n - 1)) / 2;
	pair = bpf_map_lookup_elem(&fastcost_addrs, &at);
	if (!pair)
		return XDP_ABORTED;
	dst = pair[turn >> 8 & 1];
	*(__be32 *)(frame + FASTCOST_DST) = dst;
	*(__u16 *)(frame + FASTCOST_CHECK) = ~pdp_fold((__u64)plan.sum + dst);
	bpf_tail_call(ctx, &fastcost_next, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int fastcost_bare(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, -FASTCOST_GROWS) ? XDP_ABORTED : XDP_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
