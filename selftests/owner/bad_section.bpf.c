/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* bad_section.bpf.c - an owner's object with a program that is not for XDP beside one that is. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int says_tx(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("tc")
int other(struct __sk_buff *skb)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
