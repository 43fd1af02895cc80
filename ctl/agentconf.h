/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentconf.h - what the agents of a vnet have to be told, kept once for all of them.
 *
 * Pure: no socket. Kept is what is in force, not how it came about: one entry for each vif, route,
 * neighbour and address, however often it changes; what was removed is forgotten. Entries stand in the
 * order of their last change. Each agent has a reader, a place in that order: before it stands what the
 * agent has been told, behind it what it has not; an entry that changes ten times before a reader comes to
 * it is told once. Removals stand there too, until every reader with an agent has passed them. Vifs go
 * before what stands on them.
 */
#ifndef PDP_AGENTCONF_H
#define PDP_AGENTCONF_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ctl/rtkey.h"
#include "fe-agent/channel.h"

struct pdp_agentconf;
struct pdp_kept;

/* In this order they are sent: a route's vif is there before it and goes after it. */
enum pdp_conf_phase { PDP_CONF_VIFS, PDP_CONF_NETLINK, PDP_CONF_GONE_VIFS, PDP_CONF_PHASES };

/* With one reference, the caller's; NULL without memory. */
struct pdp_agentconf *pdp_agentconf_new(void);
struct pdp_agentconf *pdp_agentconf_ref(struct pdp_agentconf *conf);
/* Its readers must have ended when the last reference goes. NULL is fine. */
void pdp_agentconf_unref(struct pdp_agentconf *conf);

/* A vif: takes the place of an earlier one with its id; family 0 removes. -EINVAL for id 0, -ENOMEM. */
int pdp_agentconf_vif(struct pdp_agentconf *conf, const struct pdp_dp_vif *vif);

/*
 * rtnetlink messages. One that is about the same route (family, table, prefix, metric, and what the
 * router's ranks tell apart, fe-agent/fib_netlink.c), neighbour or address takes the earlier one's
 * place; one that says what is in force already changes nothing. -EINVAL when they are cut or one alone
 * does not fit a message; nothing is kept then. -ENOMEM: those before it are.
 */
int pdp_agentconf_netlink(struct pdp_agentconf *conf, const void *msgs, size_t len);

/*
 * While it is held, readers are given what there is, but it is not all there is: agents are not to be
 * told to put it in force (pdp_confreader_all_sent() is false). Held by nobody at first.
 */
void pdp_agentconf_hold(struct pdp_agentconf *conf, bool held);
bool pdp_agentconf_held(const struct pdp_agentconf *conf);

struct pdp_agentconf_stats {
	size_t entries; /* in force */
	size_t routes; /* of these */
	size_t neighbours;
	size_t addresses;
	size_t removals; /* that some agent has not been told yet */
	uint64_t changes; /* so far */
};
void pdp_agentconf_stats(const struct pdp_agentconf *conf, struct pdp_agentconf_stats *out);

/* --- one by one, for who mirrors a kernel's tables ------------------------------------------------ */

/* The message that is in force about this key, or NULL. Valid until the next change. */
const struct nlmsghdr *pdp_agentconf_find(const struct pdp_agentconf *conf,
					  const struct pdp_rtkey *key);

/*
 * Mark and sweep: begin a round, say again what is there (which marks it, changed or not), then sweep what
 * was not said. Removals are kept for the length of a round, so that they can be looked at.
 */
void pdp_agentconf_begin_round(struct pdp_agentconf *conf);
/*
 * Remove what bears no mark of this round, a part of it at a time: at most `most` places of the table.
 * *removed: how many; may be NULL. True when it has been through.
 */
bool pdp_agentconf_sweep(struct pdp_agentconf *conf, size_t most, size_t *removed);
/* Sweep nothing (more): the round is over. */
void pdp_agentconf_end_round(struct pdp_agentconf *conf);

/* What this round knows of a key. */
enum pdp_conf_mark {
	PDP_CONF_UNMARKED, /* nothing */
	PDP_CONF_SEEN, /* it was said again */
	PDP_CONF_SET, /* with pdp_agentconf_set_mark(): the caller's own meaning */
};
/* *msg: the last message about it, perhaps a removal, or NULL; may be NULL. */
enum pdp_conf_mark pdp_agentconf_mark(const struct pdp_agentconf *conf, const struct pdp_rtkey *key,
				      const struct nlmsghdr **msg);
void pdp_agentconf_set_mark(struct pdp_agentconf *conf, const struct pdp_rtkey *key);

/*
 * Entries that have something in common (next-hop objects) can be put on a list of the caller's, which
 * loses them when they are removed. An entry is on one list at most.
 */
LIST_HEAD(pdp_kept_tagged, pdp_kept);
void pdp_agentconf_tag(struct pdp_agentconf *conf, const struct pdp_rtkey *key,
		       struct pdp_kept_tagged *list);
void pdp_agentconf_untag(struct pdp_agentconf *conf, const struct pdp_rtkey *key);
/* The first of a list, its key and message; NULL: it is empty. */
const struct nlmsghdr *pdp_kept_first(const struct pdp_kept_tagged *list,
				      const struct pdp_rtkey **key);
void pdp_kept_untag_all(struct pdp_kept_tagged *list);
void pdp_kept_move_all(struct pdp_kept_tagged *from, struct pdp_kept_tagged *to);

/*
 * A note of the caller's on an entry in force: there is another beside it in the kernel, which has one place
 * for both here. Gone when the entry is said otherwise.
 */
void pdp_agentconf_set_shadows(struct pdp_agentconf *conf, const struct pdp_rtkey *key,
			       bool shadows);
bool pdp_agentconf_shadows(const struct pdp_agentconf *conf, const struct pdp_rtkey *key);

/* Is something in force about a key that differs from this one in the link alone? */
bool pdp_agentconf_beside(const struct pdp_agentconf *conf, const struct pdp_rtkey *key);
/* Remove what is in force about a key; false: nothing is. */
bool pdp_agentconf_remove(struct pdp_agentconf *conf, const struct pdp_rtkey *key);

/*
 * All messages in force, in no order, a part at a time: at most `most` places of the table from *place,
 * which is moved on. fn as for scandir: not 0 ends it and is returned. *place is SIZE_MAX at the end.
 */
typedef int (*pdp_kept_fn)(const struct pdp_rtkey *key, const struct nlmsghdr *nlh, void *arg);
int pdp_agentconf_walk(const struct pdp_agentconf *conf, size_t *place, size_t most, pdp_kept_fn fn,
		       void *arg);

/* --- readers --------------------------------------------------------------------------------------- */

struct pdp_confreader {
	struct pdp_agentconf *conf;
	LIST_ENTRY(pdp_confreader) others;
	void (*wake)(void *arg); /* there is something to send, or it is no longer held */
	void *arg;
	bool live; /* there is an agent */
	uint64_t since; /* its agent came; earlier removals are not for it */
	struct pdp_kept *at[PDP_CONF_PHASES]; /* the last that was sent; NULL = none */
	uint64_t passed[PDP_CONF_PHASES]; /* number of that change */
	struct pdp_kept *offered; /* the last in the message of the moment; NULL = there is none */
	enum pdp_conf_phase phase; /* of that message */
};

/* Takes a reference. wake may be NULL. */
void pdp_confreader_init(struct pdp_confreader *reader, struct pdp_agentconf *conf,
			 void (*wake)(void *arg), void *arg);
/* NULL conf is fine. */
void pdp_confreader_end(struct pdp_confreader *reader);

/* A new agent that knows nothing yet; or (not live) the agent is gone. */
void pdp_confreader_begin(struct pdp_confreader *reader, bool live);

/*
 * The next message to send, header and body, into buf; its length, 0 when all is sent. It is the next
 * one until pdp_confreader_sent() says that it has gone out, or something changes.
 * @size: of buf, at least PDP_CHANNEL_MAX.
 */
size_t pdp_confreader_next(struct pdp_confreader *reader, void *buf, size_t size);
void pdp_confreader_sent(struct pdp_confreader *reader);
/* Is there something to send? */
bool pdp_confreader_due(struct pdp_confreader *reader);
/* Has everything been sent, and is it complete? */
bool pdp_confreader_all_sent(struct pdp_confreader *reader);

#endif
