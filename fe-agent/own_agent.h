/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * own_agent.h - the agent of a vnet's owner: a program of his, which runs in the guest beside pdp-fe-agent and maps
 * the arrays that his program on eth0 reads and writes.
 *
 * It comes as a descriptor, with those of the arrays (OWN in channel.h), runs as pdp-fe-agent's child, without a
 * privilege like that one, and ends with it. One that ends by itself is started again after 0.1 s, doubled
 * up to 5 s while it ends within 5 s. own_maps.h is what it is told by.
 */
#ifndef PDP_OWN_AGENT_H
#define PDP_OWN_AGENT_H

#include "fe-agent/channel.h"

struct pdp_own_agent;

/* One that has nothing to run yet; NULL without memory. */
struct pdp_own_agent *pdp_own_agent_new(void);
/* Ends what runs; NULL is fine. */
void pdp_own_agent_free(struct pdp_own_agent *own);

/*
 * Run this from now on; fds are the program and its maps (none: run nothing), and stay the caller's. What is as before
 * runs on. 0 or -errno.
 */
int pdp_own_agent_set(struct pdp_own_agent *own, const struct pdp_own_parts *parts, const int *fds,
		      unsigned int n_fds);

/* Readable when what runs has ended; -1 = nothing runs. NULL is fine, here and below. */
int pdp_own_agent_fd(const struct pdp_own_agent *own);
/* Until something is to be started; -1 = nothing is. */
int pdp_own_agent_wait_ms(const struct pdp_own_agent *own);
/* See to what has ended and what is due. */
void pdp_own_agent_turn(struct pdp_own_agent *own);

#endif
