/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentasks.h - what an agent was asked about its tables, and who waits for the answers.
 *
 * For agentlink.c: it sends what is due and brings what comes. Each question ends with one last call of
 * its function, whatever becomes of the agent. Dumps are asked for one after the other.
 */
#ifndef PDP_AGENTASKS_H
#define PDP_AGENTASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fe-agent/channel.h"
#include "loader/loader.h"

/*
 * msgs: whole rtnetlink messages as far as their lengths say, len 0 = none; more follow unless last. err: there
 * will be no answer. It may not free the link.
 */
typedef void (*pdp_agent_answer_fn)(const void *msgs, size_t len, bool last,
				    const struct pdp_error *err, void *arg);

struct pdp_agentask;

struct pdp_agentasks {
	TAILQ_HEAD(, pdp_agentask) asks;
	uint32_t seq;
};

void pdp_agentasks_init(struct pdp_agentasks *asks);

/* 0 or -ENOMEM. */
int pdp_agentasks_dump(struct pdp_agentasks *asks, pdp_agent_answer_fn fn, void *arg);
int pdp_agentasks_lookup(struct pdp_agentasks *asks, const struct pdp_lookup *what,
			 pdp_agent_answer_fn fn, void *arg);
/* Whoever asked is gone: no more calls with this arg. Its answers are taken and thrown away. */
void pdp_agentasks_forget(struct pdp_agentasks *asks, const void *arg);

/* The next question to be sent into buf, of PDP_AGENTASK_MAX bytes; its length, 0 = none is due. */
#define PDP_AGENTASK_MAX 64
size_t pdp_agentasks_next(const struct pdp_agentasks *asks, void *buf);
/* It has been sent. */
void pdp_agentasks_sent(struct pdp_agentasks *asks);

/* An answer has come: ROUTES, DUMPED or FOUND. -EPROTO: nobody asked for it. */
int pdp_agentasks_answer(struct pdp_agentasks *asks, const struct pdp_msg *msg, size_t len,
			 struct pdp_error *err);

/* The agent is gone: nothing will be answered. */
void pdp_agentasks_end(struct pdp_agentasks *asks, const char *why);

#endif
