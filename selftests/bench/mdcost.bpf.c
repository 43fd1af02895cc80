/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mdcost.bpf.c - a packet of any of n vnets, handed to the program whose cost is asked for.
 *
 * The kernel gives a frame back as the last program left it, so its header is written anew each time. The
 * same is done before the bare redirect: what differs is the program.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "selftests/bench/mdcost.h"

const volatile struct mdcost_plan plan;
__u32 turn;
__u32 number;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} mdcost_next SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} mdcost_to SEC(".maps");

static __always_inline void put16(__u8 *frame, __u8 *end, __u32 at, __u16 value)
{
	__be16 *field = (void *)(frame + (at & 63));

	if ((__u8 *)(field + 1) <= end)
		*field = bpf_htons(value);
}

SEC("xdp")
int mdcost_source(struct xdp_md *ctx)
{
	__u64 *word = (void *)(long)ctx->data;
	__u8 *frame = (void *)word, *end = (void *)(long)ctx->data_end;
	__u16 id;

	if (frame + sizeof(plan.header) > end)
		return XDP_ABORTED;
	for (int i = 0; i < MDCOST_WORDS; i++)
		word[i] = plan.header[i];
	/* Numerical Recipes' generator: cheap, and far from the order of the maps. */
	turn = turn * 1664525 + 1013904223;
	id = 1 + ((__u64)turn * plan.n >> 32);
	put16(frame, end, plan.sport, MDCOST_PORT + id);
	put16(frame, end, plan.dport, MDCOST_PORT + id);
	if (plan.vif) {
		put16(frame, end, plan.vif, id);
		/* seq, as the dispatcher's reordering meter sees it from a flow in order. */
		number++;
		put16(frame, end, plan.vif + 6, number >> 16);
		put16(frame, end, plan.vif + 8, number);
	}
	bpf_tail_call(ctx, &mdcost_next, 0);
	return XDP_ABORTED;
}

/* The bare one: new MAC addresses, as redirect.bpf.c. */
SEC("xdp")
int mdcost_redirect(struct xdp_md *ctx)
{
	__u32 *frame = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if ((void *)frame + ETH_HLEN > end)
		return XDP_DROP;
	frame[0] = 0x02;
	frame[1] = 0x03;
	frame[2] = 0x04;
	return bpf_redirect_map(&mdcost_to, 0, XDP_DROP);
}

/* Where packets end. */
SEC("xdp")
int mdcost_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
