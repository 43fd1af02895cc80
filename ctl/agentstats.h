/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentstats.h - the counters of a guest's agents: the living one's shared memory, and the dead's sums.
 *
 * The memory is the agent's to write and never trusted: it is only shown and summed.
 */
#ifndef PDP_AGENTSTATS_H
#define PDP_AGENTSTATS_H

#include <stdbool.h>

#include "fe-agent/channel.h"
#include "loader/loader.h"

struct pdp_agentstats {
	const struct pdp_agent_stats *live; /* NULL: no agent yet */
	struct pdp_agent_stats dead; /* counters only; what tells a present state stays 0 */
	/* While live is NULL: of an agent of an earlier controller, as that one saw it last. */
	struct pdp_agent_stats seen;
};

/*
 * Is this a memfd that can be mapped without fear of SIGBUS? -EPERM when it is not sealed against
 * resizing, or made of huge pages (a hole in it is filled from a pool that may be empty); -EINVAL when it
 * is too short.
 */
int pdp_agentstats_check(int memfd, struct pdp_error *err);

/*
 * Map the memory behind a checked memfd; the earlier agent's counters go to the dead, unless it is the
 * same agent that has come again.
 */
int pdp_agentstats_map(struct pdp_agentstats *stats, int memfd, bool same, struct pdp_error *err);
void pdp_agentstats_unmap(struct pdp_agentstats *stats);

/* The living one's counters as they are now; what was seen last when there is none. */
void pdp_agentstats_snapshot(const struct pdp_agentstats *stats, struct pdp_agent_stats *out);

/* Dead and living together; frames and routes are the living one's. */
void pdp_agentstats_read(const struct pdp_agentstats *stats, struct pdp_agent_stats *out);

/*
 * Of the packets taken from the socket, those that the agent accounts for by name and that will not
 * come back to the dispatcher.
 */
uint64_t pdp_agentstats_dropped(const struct pdp_agent_stats *sum);

#endif
