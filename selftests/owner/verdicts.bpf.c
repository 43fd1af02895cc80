/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * verdicts.bpf.c - an owner's object with a program for each thing that an XDP program may say, and some that
 * none may; and one that says what its map's only element holds, after having counted.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} pdp_xsks SEC(".maps");

struct state {
	__u32 verdict;
	__u32 runs;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct state);
} own_state SEC(".maps");

__u32 own_runs;

#define SAYS(name, what)                    \
	SEC("xdp")                          \
	int says_##name(struct xdp_md *ctx) \
	{                                   \
		return what;                \
	}

SAYS(tx, XDP_TX)
SAYS(drop, XDP_DROP)
SAYS(pass, XDP_PASS)
SAYS(aborted, XDP_ABORTED)
SAYS(redirect, XDP_REDIRECT)
SAYS(nonsense, 77)
SAYS(minus_one, -1)

SEC("xdp")
int into_socket(struct xdp_md *ctx)
{
	return bpf_redirect_map(&pdp_xsks, ctx->rx_queue_index, XDP_DROP);
}

/* A queue that the packet did not come in on. */
SEC("xdp")
int into_other_socket(struct xdp_md *ctx)
{
	return bpf_redirect_map(&pdp_xsks, 9, XDP_DROP);
}

/* A function of its own, for its place behind the frame is reckoned too. */
__attribute__((noinline)) int next_verdict(void *value)
{
	struct state *state = value;

	if (!state)
		return XDP_ABORTED;
	state->runs++;
	own_runs++;
	return state->verdict;
}

SEC("xdp")
int says_state(struct xdp_md *ctx)
{
	__u32 only = 0;

	return next_verdict(bpf_map_lookup_elem(&own_state, &only));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
