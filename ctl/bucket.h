/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * bucket.h - a token bucket: so many at once, then one for each interval.
 *
 * For what a guest can make the controller do. The time is the caller's: pure but for the clock.
 */
#ifndef PDP_BUCKET_H
#define PDP_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct pdp_bucket {
	uint32_t depth; /* tokens when full; at least 1 */
	uint32_t interval_ms; /* in which one comes; at least 1 */
	uint32_t missing; /* a zeroed one is full */
	uint64_t since_ms; /* of the interval that runs while any is missing */
};

/* Take a token; false when there is none. now_ms: of a clock that does not go back. */
bool pdp_bucket_take(struct pdp_bucket *bucket, uint64_t now_ms);

/* Of CLOCK_MONOTONIC. */
uint64_t pdp_bucket_now_ms(void);

#endif
