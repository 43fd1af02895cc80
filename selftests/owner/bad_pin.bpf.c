/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* bad_pin.bpf.c - an owner's object that asks for a pin of its own. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u32);
} own_pin SEC(".maps");

SEC("xdp")
int looks_up(struct xdp_md *ctx)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&own_pin, &only) ? XDP_TX : XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
