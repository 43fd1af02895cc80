/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * refused.bpf.c - counts frames that a device cannot take as redirected ones at all: it is told here and nowhere else.
 *
 * Beside pktgen.bpf.c, in an object of its own: to load it, all of the kernel's types must be read, which takes longer than
 * all the rest of pktgen's start.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Whose frames. */
const volatile __u32 refused_prog_id;
__u64 refused;

/* The fields that are read, of the kernel's types; the rest is found through BTF. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_prog_aux {
	__u32 id;
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};
#pragma clang attribute pop

struct net_device;

SEC("tp_btf/xdp_redirect_err")
int BPF_PROG(pdp_pktgen_err, const struct net_device *from, const struct bpf_prog *prog)
{
	if (prog->aux->id == refused_prog_id)
		refused++;
	return 0;
}

char _license[] SEC("license") = "GPL";
