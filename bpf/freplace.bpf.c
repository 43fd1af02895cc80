/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * freplace.bpf.c - the smallest pair of programs that shows whether this kernel takes freplace.
 *
 * No packet meets them: pdp_kernel_has_freplace() loads pdp_probe_xdp and tries to put pdp_probe_ext
 * in the place of its function, which is what libxdp's dispatcher does with each of its programs.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int pdp_probe_hole(struct xdp_md *ctx)
{
	volatile int action = XDP_PASS;

	/* The argument is looked at so that the compiler leaves it in the signature. */
	if (!ctx)
		return XDP_ABORTED;
	return action;
}

SEC("xdp")
int pdp_probe_xdp(struct xdp_md *ctx)
{
	return pdp_probe_hole(ctx);
}

SEC("freplace/pdp_probe_hole")
int pdp_probe_ext(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
