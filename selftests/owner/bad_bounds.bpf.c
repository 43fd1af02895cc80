/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* bad_bounds.bpf.c - an owner's program that the kernel's verifier refuses: it reads behind the packet. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int reads_on(struct xdp_md *ctx)
{
	const __u8 *data = (void *)(long)ctx->data;

	return data[100] ? XDP_TX : XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
