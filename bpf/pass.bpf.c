/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pass.bpf.c - pdp_pass, for a port that only sends.
 *
 * A veth takes redirected frames only when its peer runs an XDP program. Decides nothing.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/version.bpf.h"

SEC("xdp")
int pdp_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
