/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* bad_map.bpf.c - an owner's object with a map of devices. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} own_devices SEC(".maps");

SEC("xdp")
int to_device(struct xdp_md *ctx)
{
	return bpf_redirect_map(&own_devices, 0, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
