/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* bucket.c - a token bucket; see bucket.h. */
#include "ctl/bucket.h"

#include <time.h>

/* What has come since; the part of an interval that is over counts for the next token. */
static void fill(struct pdp_bucket *bucket, uint64_t now_ms)
{
	const uint64_t come = (now_ms - bucket->since_ms) / bucket->interval_ms;

	if (come >= bucket->missing) {
		bucket->missing = 0;
		bucket->since_ms = now_ms;
		return;
	}
	bucket->missing -= (uint32_t)come;
	bucket->since_ms += come * bucket->interval_ms;
}

bool pdp_bucket_take(struct pdp_bucket *bucket, uint64_t now_ms)
{
	fill(bucket, now_ms);
	if (bucket->missing == bucket->depth)
		return false;
	bucket->missing++;
	return true;
}

uint64_t pdp_bucket_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
