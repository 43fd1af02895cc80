/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pktgen.bpf.c - makes one packet per run and sends it out of a device.
 *
 * Run by BPF_PROG_RUN with BPF_F_TEST_XDP_LIVE_FRAMES. The kernel hands the same pages out again
 * as the last receiver left them, so the whole header is written each time. All of the plan is
 * constant when the program is loaded: the verifier drops the branches that this run cannot take.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/wire.h"
#include "selftests/bench/traffic.h"

const volatile struct pktgen_plan plan;
struct pktgen_state state;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pktgen_dst);
} pktgen_dsts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} pktgen_seqs SEC(".maps");

static __always_inline __u64 draw(void)
{
	__u64 x = state.random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	state.random = x;
	return x;
}

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Write header_len bytes of the template. */
static __always_inline void write_header(void *frame)
{
	__u32 len = plan.header_len;
	__u32 at = 0;

	for (__u32 i = 0; i < HEADER_WORDS; i++) {
		if (i < len / 8)
			((__u64 *)frame)[i] = plan.header[i];
	}
	at = len & ~7u;
	if (len & 4) {
		*(__u32 *)(frame + at) =
			*(const volatile __u32 *)((const volatile char *)plan.header + at);
		at += 4;
	}
	if (len & 2)
		*(__u16 *)(frame + at) =
			*(const volatile __u16 *)((const volatile char *)plan.header + at);
}

/* The list's next destination; returns its part of a checksum's sum, or -1. */
static __always_inline __s64 write_destination(void *frame)
{
	__u64 random = draw();
	__u32 i = state.next_dst;
	struct pktgen_dst *dst = bpf_map_lookup_elem(&pktgen_dsts, &i);
	__be32 *to, word;
	__u64 sum;

	if (!dst)
		return -1;
	state.next_dst = i + 1 < plan.n_dsts ? i + 1 : 0;
	if (!plan.inner_v6) {
		word = dst->word[0].addr | ((__u32)random & ~dst->word[0].mask);
		*(__be32 *)(frame + plan.inner_ip + offsetof(struct iphdr, daddr)) = word;
		return word;
	}
	to = frame + plan.inner_ip + offsetof(struct ipv6hdr, daddr);
	sum = to[0] = dst->word[0].addr | ((__u32)random & ~dst->word[0].mask);
	random = draw();
	sum += to[1] = dst->word[1].addr | ((__u32)random & ~dst->word[1].mask);
	sum += to[2] = dst->word[2].addr | ((__u32)(random >> 32) & ~dst->word[2].mask);
	random = draw();
	sum += to[3] = dst->word[3].addr | ((__u32)random & ~dst->word[3].mask);
	return sum;
}

static __always_inline __s64 write_probe(void *frame, __u32 flow)
{
	struct probe *probe = frame + plan.header_len;
	__u32 *seq = bpf_map_lookup_elem(&pktgen_seqs, &flow);
	__u64 sum, now;

	if (!seq)
		return -1;
	probe->seq = bpf_htonl(*seq);
	*seq += 1;
	probe->flow = bpf_htons(flow);
	if (plan.probe_len == PROBE_SHORT) {
		probe->magic = bpf_htons(PROBE_MAGIC);
		return (__u64)probe->seq + probe->flow + probe->magic;
	}
	probe->magic = bpf_htons(PROBE_MAGIC_TIME);
	sum = (__u64)probe->seq + probe->flow + probe->magic;
	now = bpf_cpu_to_be64(bpf_ktime_get_ns());
	probe->time_ns = now;
	return sum + (now >> 32) + (__u32)now;
}

/* The checksums, from the sums of the plan and the sum of all that was written after the header. */
static __always_inline void write_checksums(void *frame, __u64 dst, __u64 rest, __u64 outer)
{
	struct udphdr *udp = frame + plan.inner_udp;
	__u64 checks;
	__u16 check;

	if (plan.inner_v6) {
		check = fold(plan.inner_udp_sum + dst + rest);
		udp->check = check ? check : 0xffff;
		checks = udp->check;
	} else {
		struct iphdr *ip = frame + plan.inner_ip;

		ip->check = fold(plan.inner_ip_sum + dst);
		checks = ip->check;
	}
	if (plan.outer_udp && plan.outer_v6) {
		udp = frame + plan.outer_udp;
		check = fold(plan.outer_sum + dst + rest + outer + checks);
		udp->check = check ? check : 0xffff;
	}
}

SEC("xdp")
int pdp_pktgen(struct xdp_md *ctx)
{
	void *frame = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 flow = state.turn;
	__u64 rest, outer = 0;
	__s64 part, dst = 0;

	if (frame + plan.header_len + plan.probe_len > end)
		return XDP_ABORTED;
	state.turn = flow + 1 < plan.flows ? flow + 1 : 0;

	write_header(frame);
	if (plan.n_dsts) {
		dst = write_destination(frame);
		if (dst < 0)
			return XDP_ABORTED;
	}
	rest = bpf_htons(FLOW_SPORT + flow);
	*(__be16 *)(frame + plan.inner_udp) = rest;
	if (plan.outer_udp && plan.vary_outer_sport) {
		outer = bpf_htons(PDP_VXLAN_SPORT_MIN | (flow & 0x3fff));
		*(__be16 *)(frame + plan.outer_udp) = outer;
	}
	if (plan.probe_len) {
		part = write_probe(frame, flow);
		if (part < 0)
			return XDP_ABORTED;
		rest += part;
	}
	write_checksums(frame, dst, rest, outer);
	state.sent++;
	return bpf_redirect(plan.ifindex, 0);
}

char _license[] SEC("license") = "GPL";
