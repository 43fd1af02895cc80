/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * traffic.h - what pktgen sends and sink looks for: the probe in the inner UDP payload, and the
 * structs that the two programs share with their BPF halves.
 */
#ifndef PDP_BENCH_TRAFFIC_H
#define PDP_BENCH_TRAFFIC_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stddef.h>

/*
 * The probe, first thing in the inner UDP payload, big-endian. seq counts from 0 within its flow.
 * A payload of 8 to 15 bytes holds only the first 8 of them, a shorter one holds none; the sink
 * knows a whole probe by its magic.
 */
struct probe {
	__be32 seq;
	__be16 flow;
	__be16 magic;
	__be64 time_ns; /* CLOCK_MONOTONIC when it was made */
};

#define PROBE_MAGIC 0x5064 /* sequence number alone */
#define PROBE_MAGIC_TIME 0x5065 /* with time_ns */
#define PROBE_SHORT offsetof(struct probe, time_ns)

_Static_assert(sizeof(struct probe) == 16, "probe layout");
_Static_assert(PROBE_SHORT == 8, "probe layout");

#define MAX_FLOWS 32768
#define FLOW_SPORT 0x4000 /* inner source port of flow 0; flow n has this + n */
#define INNER_DPORT 9 /* discard, RFC 863 */

/* Largest header: Ethernet, IPv6, UDP, VXLAN, Ethernet, IPv6, UDP = 138 bytes, in 8-byte words. */
#define HEADER_WORDS 18

/*
 * What pktgen's BPF half writes into each frame: header[] whole, then the fields that differ from
 * packet to packet. Offsets are from the frame's first byte; a sum is the ones' complement sum of
 * what a checksum covers, the differing fields taken as zero.
 */
struct pktgen_plan {
	__u64 header[HEADER_WORDS];
	__u32 ifindex; /* device to send from */
	__u32 flows;
	__u32 n_dsts; /* prefixes in pktgen_dsts; 0: the destination in header[] */
	__u32 header_len; /* up to the end of the inner UDP header; even */
	__u32 frame_len;
	__u32 probe_len; /* 0, PROBE_SHORT or sizeof(struct probe) */
	__u32 outer_udp; /* offset of the outer UDP header; 0: bare */
	__u32 inner_ip; /* offset of the inner IP header */
	__u32 inner_udp;
	__u32 vary_outer_sport; /* VXLAN: the outer source port follows the flow, RFC 7348 */
	__u32 outer_v6; /* the outer UDP checksum must be there */
	__u32 inner_v6;
	__u32 outer_sum; /* outer pseudo header to the frame's end */
	__u32 inner_ip_sum; /* IPv4: the header */
	__u32 inner_udp_sum; /* IPv6: pseudo header to the frame's end */
	__u32 pad;
};

/*
 * An element of pktgen_dsts, of IPv4 its first word alone: a long list is to take little of the caches. Where mask is 0 bits
 * are drawn.
 */
struct pktgen_dst {
	struct {
		__be32 addr, mask;
	} word[4];
};

#define PKTGEN_DST_V4 8 /* bytes */

_Static_assert(sizeof(((struct pktgen_dst *)0)->word[0]) == PKTGEN_DST_V4, "a word");

/* pktgen's run-time state; one thread writes it. */
struct pktgen_state {
	__u64 sent;
	__u64 random; /* xorshift64, never 0 */
	__u32 turn; /* flow of the next packet */
	__u32 next_dst;
};

/* What sink looks for. */
struct sink_plan {
	__u32 encap; /* enum pdp_encap, 0 = bare */
	__be32 vni; /* in its place, upper 24 bits */
	__u32 flows; /* elements of sink_flows */
	__be16 port; /* outer UDP destination port */
	__u8 mid_stream; /* count loss from the first seq seen, not from 0 */
	__u8 latency;
	__u8 tcp; /* not pktgen's packets: inner TCP over IPv4, which is counted and passed on */
	__u8 sum; /* nothing by flow, and the time of one packet in SUM_TIMED */
};

/* Of the first ones each has its time. */
#define SUM_TIMED 64

/* Per CPU. */
struct sink_count {
	__u64 packets; /* with a probe */
	__u64 plain; /* ours by the outer header, without a probe */
	__u64 bytes; /* frames, from the Ethernet header on, of both */
	__u64 passed; /* not ours */
	__u64 flow_over; /* probe of a flow beyond the table */
	__u64 first_ns;
	__u64 last_ns;
	__u64 latency_packets;
	__u64 latency_sum_ns;
	__u64 latency_min_ns; /* 0: none yet */
	__u64 latency_max_ns;
};

/*
 * Delays in buckets, 16 to each power of two (6 % wide), up to 2^40 ns. Below 16 ns each has its own.
 */
#define DELAY_STEPS 16
#define DELAY_BUCKETS (37 * DELAY_STEPS)

/* Per CPU. */
struct sink_delays {
	__u64 packets[DELAY_BUCKETS];
};

static inline __u32 delay_bucket(__u64 ns)
{
	__u32 shift = 0;

	if (ns >= 1ULL << 40)
		return DELAY_BUCKETS - 1;
	for (int step = 32; step; step /= 2) {
		if (ns >> shift >> step >= DELAY_STEPS)
			shift += step;
	}
	if (ns >> shift >= 2 * DELAY_STEPS)
		shift++;
	return shift * DELAY_STEPS + (ns >> shift);
}

/* The least delay of a bucket, in ns. */
static inline __u64 delay_floor(__u32 bucket)
{
	__u32 shift = bucket < 2 * DELAY_STEPS ? 0 : bucket / DELAY_STEPS - 1;

	return (__u64)(bucket - shift * DELAY_STEPS) << shift;
}

#define SINK_WINDOW 1024 /* sequence numbers below the newest whose arrival is remembered */
#define SINK_GAPS 16 /* jumps of the sequence that are remembered */

/* A jump: [from, to) was passed over when the flow's packet number arrival came in. */
struct sink_gap {
	__u32 from;
	__u32 to;
	__u64 arrival;
};

/*
 * One flow at the sink. next is RFC 4737's NextExp: a packet with seq < next that was not seen
 * before is reordered, and its extent is how many packets ago the first one with a larger seq came.
 */
struct sink_flow {
	struct bpf_spin_lock lock;
	__u32 base; /* first seq that counts for loss */
	__u32 next;
	__u32 n_gaps;
	__u64 received; /* duplicates included */
	__u64 duplicates;
	__u64 reordered;
	__u64 too_late; /* older than the window: reordered, or a duplicate; counted as reordered */
	__u64 late_sum; /* numbers that the reordered were behind the newest */
	__u64 extent_sum;
	__u32 extent_max;
	__u32 extent_unknown; /* reordered, but the jump over it is forgotten */
	__u64 seen[SINK_WINDOW / 64];
	struct sink_gap gap[SINK_GAPS];
};

#endif
