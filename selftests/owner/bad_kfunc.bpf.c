/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* bad_kfunc.bpf.c - an owner's program that calls a function of the kernel. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern void bpf_rcu_read_lock(void) __attribute__((section(".ksyms")));
extern void bpf_rcu_read_unlock(void) __attribute__((section(".ksyms")));

SEC("xdp")
int locks(struct xdp_md *ctx)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
