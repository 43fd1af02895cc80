/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* bad_helper.bpf.c - an owner's programs that call what they may not; one in a function of its own. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int to_device(struct xdp_md *ctx)
{
	return bpf_redirect(1, 0);
}

__attribute__((noinline)) int say(__u32 n)
{
	bpf_printk("%u", n);
	return XDP_TX;
}

SEC("xdp")
int prints(struct xdp_md *ctx)
{
	return say(ctx->rx_queue_index);
}

static long turn(__u32 i, void *arg)
{
	return 0;
}

SEC("xdp")
int loops(struct xdp_md *ctx)
{
	bpf_loop(1 << 20, turn, ctx, 0);
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
