/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * delayq.h - frames that wait for their time. Of the delay line (delay.h).
 *
 * A binary heap by time, and by order of arrival where times are equal: frames of one delay never
 * overtake each other, whatever the clock's grain. Pure: no clock, no frame is touched.
 */
#ifndef PDP_DELAYQ_H
#define PDP_DELAYQ_H

#include <stdbool.h>
#include <stdint.h>

struct pdp_delayed {
	uint64_t due_ns;
	uint64_t order; /* the queue's own */
	uint64_t addr; /* in the UMEM */
	uint32_t len;
	uint16_t vnet;
};

struct pdp_delayq {
	struct pdp_delayed *heap;
	uint32_t n;
	uint32_t room;
	uint64_t arrivals;
};

/* 0 or -ENOMEM. fini takes a zeroed or a finished queue too. */
int pdp_delayq_init(struct pdp_delayq *q, uint32_t room);
void pdp_delayq_fini(struct pdp_delayq *q);

/* False, and nothing has changed, when the queue is full. frame->order is not looked at. */
bool pdp_delayq_push(struct pdp_delayq *q, const struct pdp_delayed *frame);

/* Take out the first frame that is due at this time. False: none is. */
bool pdp_delayq_pop(struct pdp_delayq *q, uint64_t now_ns, struct pdp_delayed *out);

/* When the first frame is due; UINT64_MAX when none waits. */
uint64_t pdp_delayq_next(const struct pdp_delayq *q);

#endif
