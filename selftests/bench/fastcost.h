/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fastcost.h - what fastcost tells its BPF half: the frame, and where it may go.
 */
#ifndef PDP_BENCH_FASTCOST_H
#define PDP_BENCH_FASTCOST_H

#include <linux/types.h>

#define FASTCOST_WORDS 8 /* of the frame, 8 bytes each, that are written anew for each packet */
#define FASTCOST_CHECK 40 /* offset of the inner header's checksum */
#define FASTCOST_DST 46 /* and of its destination */
#define FASTCOST_GROWS 28 /* what the outer header adds */
#define FASTCOST_ADDRS (1u << 20)

struct fastcost_plan {
	__u64 header[FASTCOST_WORDS];
	__u32 len; /* of the frame */
	__u32 n; /* destinations, taken at random; a power of two */
	__u32 sum; /* of the inner header without checksum and destination */
	__u32 pad;
};

#endif
