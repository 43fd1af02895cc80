/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * sum.bpf.h - the sum behind the Internet checksum, over a frame of any length. For BPF programs alone.
 */
#ifndef PDP_SUM_BPF_H
#define PDP_SUM_BPF_H

#include <linux/bpf.h>

#include "bpf/parse.bpf.h"

#define PDP_SUM_CHUNKS 64 /* of 64 bytes: more than an XDP frame has */
#define PDP_SUM_MAX_OFF 128

/*
 * Sum of the 16-bit words from an offset to the end of the frame, not folded. A function of its own, so
 * that the verifier walks its loops once, and not once for each kind of tunnel.
 */
__noinline __u64 pdp_sum_frame(struct xdp_md *ctx, __u32 off)
{
	struct pdp_cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	__u8 *start = cursor.pos;
	__u64 sum = 0;

	if (off > PDP_SUM_MAX_OFF)
		return 0;
	cursor.pos += off;
	for (int i = 0; i < PDP_SUM_CHUNKS; i++) {
		__u32 *word;

		PDP_KEEP_POINTER(cursor.pos);
		word = pdp_take(&cursor, 16 * sizeof(*word));
		if (!word)
			break;
#pragma unroll
		for (int j = 0; j < 16; j++)
			sum += word[j];
	}
	/* Measured, so that the verifier forgets how many chunks there were. */
	off = (cursor.pos - start) & (64 * PDP_SUM_CHUNKS - 1);
	cursor.pos = start + off;
	for (int i = 0; i < 15; i++) {
		__u32 *word;

		PDP_KEEP_POINTER(cursor.pos);
		word = pdp_take(&cursor, sizeof(*word));
		if (!word)
			break;
		sum += *word;
	}
	for (int i = 0; i < 3; i++) {
		__u8 *byte;

		PDP_KEEP_POINTER(cursor.pos);
		byte = pdp_take(&cursor, sizeof(*byte));
		if (!byte)
			break;
		/* The byte's place in a 16-bit word, as it lies in memory. */
		sum += i & 1 ? bpf_htons(*byte) : bpf_htons(*byte << 8);
	}
	return sum;
}

#endif
