/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentlink_talk.h - what agentlink.c, the connection, and agentlink_talk.c, what is said over it, share.
 */
#ifndef PDP_AGENTLINK_TALK_H
#define PDP_AGENTLINK_TALK_H

#include <sys/un.h>

#include "ctl/agentlink.h"
#include "ctl/bucket.h"
#include "ctl/complaints.h"
#include "ctl/hello.h"
#include "ctl/seqpacket.h"

struct event;

#define PDP_AGENT_WATCH_TURNS 3 /* without a sign of life: stalled */
#define PDP_AGENT_WATCH_TURNS_FIRST 20 /* the first SYNC puts a whole configuration in force */

/* Who wants to know when what was given so far is in force. */
struct waiter {
	uint32_t seq; /* of the SYNC that stands for it; */
	bool asked; /* if that was sent */
	pdp_agent_sync_fn fn;
	void *arg;
};

struct pdp_agentlink {
	struct event_base *base;
	pdp_agent_fn fn;
	void *arg;
	char dataplane[16];

	/* Of the guest as it is now. */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	uid_t agent;
	struct pdp_hello_want want;
	int xskmap_fd;
	uint64_t memory; /* its limit in bytes */
	int listen_fd;
	struct event *accept_ev;
	struct event *pause_ev;
	unsigned int pause_ms;
	struct pdp_bucket endings; /* of connections that were greeted */
	struct pdp_complaints complaints;

	/* The connection, if there is one. */
	int fd;
	struct event *read_ev;
	struct event *write_ev;
	bool greeted;
	uint32_t sync_seq; /* of the last SYNC sent */
	uint32_t answered_seq; /* of the last SYNCED */
	bool synced; /* nothing was sent since */
	bool memory_due; /* the agent has not been told its limit */
	bool own_due; /* it has not been told of own, as that is now */
	struct pdp_own *own; /* whose agent it runs; NULL = its data plane is PdP's */
	const struct pdp_guest_tables *tables_due; /* to be sent; NULL = none are */
	uint32_t tables_seq; /* of the last SYNC before that: answers to it are of the tables before */
	uint32_t has_tables; /* as the agent said last */
	int error; /* the first that was told since the last time all was in force */
	struct event *watch_ev;
	unsigned int quiet; /* turns of the watch without a sign of life */
	unsigned int patience; /* with them */
	int unread; /* bytes on their way when the watch looked last */

	/* The agent that greeted last. */
	pid_t pid; /* on the host */
	ino_t xsk_inode; /* tells a reconnect from a new agent */

	struct pdp_confreader conf;
	struct pdp_agentasks asks;
	struct pdp_agentstats stats;
	struct waiter *waiters;
	size_t n_waiters;
};

/* 1 = sent, 0 = no room now (write_ev will tell), -errno. */
int pdp_agentlink_send(struct pdp_agentlink *al, const void *msg, size_t len);
/* Send what is due, in order, then SYNC; a bounded number at a time. As pdp_agentlink_send(). */
int pdp_agentlink_pump(struct pdp_agentlink *al);
/* After the caller has said all it has to say in this turn of the loop. arg: the link. */
void pdp_agentlink_send_soon(void *arg);
/* Begin to watch for signs of life. */
int pdp_agentlink_watch(struct pdp_agentlink *al, struct pdp_error *err);
/* One message of an agent that was greeted. */
int pdp_agentlink_take(struct pdp_agentlink *al, const struct pdp_inbox *in, struct pdp_error *err);

#endif
