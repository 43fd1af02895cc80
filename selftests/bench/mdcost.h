/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mdcost.h - what md_cost tells its BPF half: the frame, and where in it the vif shows.
 */
#ifndef PDP_BENCH_MDCOST_H
#define PDP_BENCH_MDCOST_H

#include <linux/types.h>

#define MDCOST_WORDS 8 /* of the frame, 8 bytes each, that are written anew for each packet */
#define MDCOST_PORT 10000 /* UDP port of vif n on this side is this + n, on the far side as well */

struct mdcost_plan {
	__u64 header[MDCOST_WORDS];
	__u32 n; /* vifs, taken at random; their ids are 1 .. n */
	__u32 sport, dport; /* offsets of the outer ports */
	__u32 vif; /* offset of the tag's vif; 0 = there is no tag */
};

#endif
