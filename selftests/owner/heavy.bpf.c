/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * heavy.bpf.c - a data plane that takes some 12 us over each packet, as one that enciphers would, and keeps none. For what
 * is measured of power: so few of its packets fill a CPU that a source overloads it ten times with ease.
 */
#include "examples/xdp/outer.h"

#define ROUNDS 12000

SEC("xdp")
int heavy(struct xdp_md *ctx)
{
	struct head *head = read_head(ctx);
	const __u32 *word = (const void *)(head + 1);
	__u32 sum = 0;

	if (!head || (void *)(word + 8) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	for (__u32 i = 0; i < ROUNDS; i++)
		sum = (sum ^ word[i & 7]) * 0x9e3779b1u;
	/* So that the work is not in vain. */
	head->tag.hash = sum;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
