/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * redirect.bpf.c - the least that an XDP forwarder can do: new MAC addresses, out of the other port.
 *
 * The measure for bench-smoke: what the kernel charges for a way through the machine at all.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

/* Destination and source address of what goes out. */
const volatile __u32 macs[3];

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} redirect_to SEC(".maps");

SEC("xdp")
int pdp_redirect(struct xdp_md *ctx)
{
	__u32 *frame = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if ((void *)frame + ETH_HLEN > end)
		return XDP_DROP;
	frame[0] = macs[0];
	frame[1] = macs[1];
	frame[2] = macs[2];
	return bpf_redirect_map(&redirect_to, 0, XDP_DROP);
}

char _license[] SEC("license") = "GPL";
