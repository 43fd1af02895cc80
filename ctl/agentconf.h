/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentconf.h - what an agent has to be told, kept for agents to come.
 *
 * Pure: no socket. Kept is what is in force, not how it came about: one entry for each vif, route,
 * neighbour and address, however often it changes; what was removed is forgotten. While an agent is
 * there, what has not been sent yet is known, removals included. Vifs go before what stands on them.
 */
#ifndef PDP_AGENTCONF_H
#define PDP_AGENTCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fe-agent/channel.h"

struct pdp_kept;
TAILQ_HEAD(pdp_kept_list, pdp_kept);

/* In this order they are sent: a route's vif is there before it and goes after it. */
enum pdp_conf_phase { PDP_CONF_VIFS, PDP_CONF_NETLINK, PDP_CONF_GONE_VIFS, PDP_CONF_PHASES };

struct pdp_agentconf {
	struct pdp_kept **buckets; /* all entries, by what they are about */
	size_t n_buckets; /* 0 or a power of two */
	size_t n;
	/* All entries, each list in the order of its entries' last change. */
	struct pdp_kept_list unsent[PDP_CONF_PHASES], sent[PDP_CONF_PHASES];
	bool live; /* there is an agent */
	size_t offered; /* how many entries the message of the moment has */
};

void pdp_agentconf_init(struct pdp_agentconf *conf);

/* A vif: takes the place of an earlier one with its id; family 0 removes. -EINVAL for id 0, -ENOMEM. */
int pdp_agentconf_vif(struct pdp_agentconf *conf, const struct pdp_dp_vif *vif);

/*
 * rtnetlink messages. One that is about the same route (family, table, prefix, metric, and what the
 * router's ranks tell apart, fe-agent/fib_netlink.c), neighbour or address takes the earlier one's
 * place. -EINVAL when they are cut or one alone does not fit a message; nothing is kept then.
 */
int pdp_agentconf_netlink(struct pdp_agentconf *conf, const void *msgs, size_t len);

/* A new agent that knows nothing yet; or (not live) the agent is gone. */
void pdp_agentconf_begin(struct pdp_agentconf *conf, bool live);

/*
 * The next message to send, header and body, into buf; its length, 0 when all is sent. It is the next
 * one until pdp_agentconf_sent() says that it has gone out.
 * @size: of buf, at least PDP_CHANNEL_MAX.
 */
size_t pdp_agentconf_next(struct pdp_agentconf *conf, void *buf, size_t size);
void pdp_agentconf_sent(struct pdp_agentconf *conf);
bool pdp_agentconf_all_sent(const struct pdp_agentconf *conf);

/* Forget everything; it is as after init. */
void pdp_agentconf_clear(struct pdp_agentconf *conf);

#endif
