/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * stats.h - the agent's counters, in a memfd that the controller maps too (channel.h).
 *
 * Each counter has one writer, the worker or, for routes, the client; readers see it whole, since it
 * is one aligned word.
 */
#ifndef PDP_STATS_H
#define PDP_STATS_H

#include "fe-agent/channel.h"

struct pdp_stats {
	struct pdp_agent_stats *counters;
	int fd;
};

/* Make and seal the memfd, all counters 0. Says on stderr why it failed. 0 or -errno. */
int pdp_stats_open(struct pdp_stats *stats);
void pdp_stats_close(struct pdp_stats *stats); /* zeroed or closed already is fine */

#endif
