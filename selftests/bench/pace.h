/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pace.h - when pktgen sends how many packets to hold a rate. Pure: time is an argument.
 *
 * Packet k is due at start + k / rate, so errors do not add up. Packets go in calls, and a call is made
 * every PACE_TICK_NS at most. A source that the machine kept waiting catches up at twice its rate, in
 * bursts of what falls due in PACE_BURST_NS at most: one as large as the delay would be lost on the way.
 */
#ifndef PDP_BENCH_PACE_H
#define PDP_BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_TICK_NS 200000 /* a call costs some 12 us besides its packets */
#define PACE_BURST_NS 2000000
#define PACE_DEBT_NS 1000000000 /* the part of a delay beyond this is forgiven */
#define PACE_SPARE 64 /* packets: rounding is no debt */

struct pace {
	uint64_t rate; /* packets/s, over 0 */
	uint64_t start; /* moved on when a debt is forgiven */
	uint64_t last; /* time of the latest call */
	bool behind; /* the latest call left over what was due */
};

static inline uint64_t pace_packets(const struct pace *pace, uint64_t ns)
{
	return (unsigned __int128)ns * pace->rate / 1000000000;
}

/* The time of a first call is `now`. */
static inline void pace_begin(struct pace *pace, uint64_t rate, uint64_t now)
{
	*pace = (struct pace){.rate = rate, .start = now, .last = now - PACE_TICK_NS};
}

/* When to make the next call, `sent` packets being sent. */
static inline uint64_t pace_next(const struct pace *pace, uint64_t sent)
{
	uint64_t wait = ((unsigned __int128)sent * 1000000000 + pace->rate - 1) / pace->rate;
	uint64_t due = pace->start + wait;

	return due > pace->last + PACE_TICK_NS ? due : pace->last + PACE_TICK_NS;
}

/* How many packets to send in a call that is made now. */
static inline uint64_t pace_due(struct pace *pace, uint64_t sent, uint64_t now)
{
	uint64_t gap = now - pace->last < PACE_BURST_NS / 2 ? now - pace->last : PACE_BURST_NS / 2;
	uint64_t owed = pace_packets(pace, now - pace->start) + 1;
	uint64_t most = pace_packets(pace, 2 * gap) + 1;
	uint64_t debt = pace_packets(pace, PACE_DEBT_NS) + PACE_SPARE;

	owed = owed > sent ? owed - sent : 0;
	if (owed > debt)
		pace->start += (unsigned __int128)(owed - debt) * 1000000000 / pace->rate;
	pace->last = now;
	pace->behind = owed > most;
	return pace->behind ? most : owed;
}

#endif
