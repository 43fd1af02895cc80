/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentconf.h - what an agent has to be told: messages in order, kept for agents to come.
 *
 * Pure: no socket. Each message is kept once and marked when it has gone out on the connection of
 * the moment; a new connection takes all marks away.
 */
#ifndef PDP_AGENTCONF_H
#define PDP_AGENTCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fe-agent/channel.h"

/* A message as it goes out: header and body in one piece. */
struct pdp_kept {
	struct pdp_msg *msg;
	size_t len; /* with the header */
	bool sent;
};

struct pdp_agentconf {
	struct pdp_kept *kept;
	size_t n, room;
	size_t next; /* all before it are sent */
};

/*
 * A vif: takes the place of an earlier one with its id, otherwise comes last. One that removes
 * (family 0) is forgotten when the next connection begins. 0, -EINVAL for id 0, -ENOMEM.
 */
int pdp_agentconf_vif(struct pdp_agentconf *conf, const struct pdp_dp_vif *vif);

/*
 * rtnetlink messages, split at their borders into pieces that fit the channel. -EINVAL when they are
 * cut or one alone does not fit; nothing is kept then.
 */
int pdp_agentconf_netlink(struct pdp_agentconf *conf, const void *msgs, size_t len);

/* A new connection: nothing is sent yet. */
void pdp_agentconf_rewind(struct pdp_agentconf *conf);

/* The next message to send, or NULL; mark it once it is out. */
struct pdp_kept *pdp_agentconf_next(struct pdp_agentconf *conf);

/* Forget everything. A zeroed one is fine. */
void pdp_agentconf_clear(struct pdp_agentconf *conf);

#endif
