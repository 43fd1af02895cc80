/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentlink.h - the controller's end of an agent's channel (fe-agent/channel.h).
 *
 * Listens on one guest's socket and serves one agent at a time: checks its HELLO, puts its AF_XDP
 * socket into the guest's XSKMAP and closes its own copy at once (a copy would keep the namespace
 * alive after the guest), then sends the configuration kept so far and SYNC. What is added later
 * goes out as it comes, and a SYNC after it. A SYNC now and then, too, shows that the agent is alive.
 * Whoever misbehaves is cut off, and the next is let in after a pause that doubles from 0.1 s to 5 s.
 * Connections that end well are bounded too: twenty at once, then one a second.
 */
#ifndef PDP_AGENTLINK_H
#define PDP_AGENTLINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/agentasks.h"
#include "ctl/agentconf.h"
#include "ctl/agentstats.h"
#include "ctl/felink.h"
#include "loader/loader.h"

struct event_base;
struct pdp_guest_tables;
struct pdp_agentlink;
struct pdp_own;

enum pdp_agent_event {
	PDP_AGENT_ARRIVED, /* a new agent is accepted; its socket is not in the XSKMAP yet */
	PDP_AGENT_CONNECTED, /* its socket is in the XSKMAP */
	PDP_AGENT_FULL, /* its tables are; SYNCED follows unless it is given others from within */
	PDP_AGENT_SYNCED, /* all that was sent is in force; err: with what exception */
	PDP_AGENT_LOST, /* the connection is gone; err says why */
	PDP_AGENT_REFUSED, /* somebody was turned away; err says why */
	PDP_AGENT_STALLED, /* no answer; err says since when. SYNCED follows if one comes after all */
};

/* err is NULL, or valid during the call. */
typedef void (*pdp_agent_fn)(enum pdp_agent_event event, const struct pdp_error *err, void *arg);

/* @conf: what the agent is to be told, shared with its siblings; NULL = something of its own. */
int pdp_agentlink_new(struct pdp_agentlink **out, struct event_base *base, const char *dataplane,
		      struct pdp_agentconf *conf, pdp_agent_fn fn, void *arg,
		      struct pdp_error *err);
void pdp_agentlink_free(struct pdp_agentlink *al);

/*
 * pdp_agentlink_listen() - open the socket for a guest that has just been made.
 * @path: of the socket; only uid and gid `agent` may connect.  @link: copied from what is needed.
 * @xskmap_fd: stays the caller's, for as long as the link listens.
 */
int pdp_agentlink_listen(struct pdp_agentlink *al, const char *path, uid_t agent,
			 const struct pdp_felink *link, int xskmap_fd, struct pdp_error *err);

/* Close connection and listener, without telling; the configuration and the counters stay. */
void pdp_agentlink_shut(struct pdp_agentlink *al);

/* The guest's limit, which agents keep to by themselves: sent soon, and first to one that comes. */
void pdp_agentlink_memory(struct pdp_agentlink *al, uint32_t memory_mib);

/*
 * Give the agent other memory for its tables: all is said anew into that, and what it has is in force until
 * the next SYNCED. Those who wait for one wait for that. The set is the caller's, until then or until the
 * agent is lost.
 */
void pdp_agentlink_tables(struct pdp_agentlink *al, const struct pdp_guest_tables *tables);
/* The set that the agent of now has in force, by its own word; 0 = it has memory of its own. */
uint32_t pdp_agentlink_has_tables(const struct pdp_agentlink *al);

/*
 * The data plane is its owner's: hand his agent and maps over, soon, and to each agent that comes. To be said again
 * when they have changed. The caller keeps it for as long as the link is.
 */
void pdp_agentlink_own(struct pdp_agentlink *al, struct pdp_own *own);

/* As pdp_agentconf_*() of the link's: to its siblings, too. */
int pdp_agentlink_vif(struct pdp_agentlink *al, const struct pdp_dp_vif *vif);
int pdp_agentlink_netlink(struct pdp_agentlink *al, const void *msgs, size_t len);

/*
 * Call fn, once, when all that was given so far is in force; waits for an agent when there is none.
 * 0 or -ENOMEM. Freeing the link forgets it.
 */
typedef void (*pdp_agent_sync_fn)(const struct pdp_error *err, void *arg);
int pdp_agentlink_sync(struct pdp_agentlink *al, pdp_agent_sync_fn fn, void *arg);

/*
 * Ask the agent for its tables, or where a packet goes: fn is called until the last time, with an error when
 * the agent is lost. -ENOTCONN: there is none; -ENOMEM.
 */
int pdp_agentlink_dump(struct pdp_agentlink *al, pdp_agent_answer_fn fn, void *arg,
		       struct pdp_error *err);
int pdp_agentlink_lookup(struct pdp_agentlink *al, const struct pdp_lookup *what,
			 pdp_agent_answer_fn fn, void *arg, struct pdp_error *err);
/* No more calls with this arg. */
void pdp_agentlink_forget_asked(struct pdp_agentlink *al, const void *arg);

/* What the next controller must know of the agents that came so far. */
struct pdp_agent_past {
	uint64_t xsk; /* of the last one's socket: tells a reconnect from a new agent; 0 = none came */
	int32_t pid; /* of the last one, on the host */
	uint32_t pad;
	struct pdp_agent_stats dead,
		seen; /* of those before it; its own, when it was last looked at */
};
void pdp_agentlink_past(const struct pdp_agentlink *al, struct pdp_agent_past *out);
void pdp_agentlink_set_past(struct pdp_agentlink *al, const struct pdp_agent_past *past);

/* Packets that an agent sent, and that its counters did not live to tell. */
void pdp_agentlink_credit(struct pdp_agentlink *al, uint64_t packets);

/* The process that connected last; 0 = none did. */
pid_t pdp_agentlink_pid(const struct pdp_agentlink *al);

/* Counters of all agents so far. */
void pdp_agentlink_stats(const struct pdp_agentlink *al, struct pdp_agent_stats *out);

/* Is the process that connected last still there? False when none ever did. */
bool pdp_agentlink_alive(const struct pdp_agentlink *al);

#endif
