/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* agentasks.c - questions to an agent; see agentasks.h. */
#include "ctl/agentasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pdp_agentask {
	TAILQ_ENTRY(pdp_agentask) order;
	struct pdp_msg msg;
	struct pdp_lookup what; /* of a LOOKUP */
	bool sent;
	pdp_agent_answer_fn fn; /* NULL: nobody waits any more */
	void *arg;
};

_Static_assert(sizeof(struct pdp_msg) + sizeof(struct pdp_lookup) <= PDP_AGENTASK_MAX, "fits");

void pdp_agentasks_init(struct pdp_agentasks *asks)
{
	TAILQ_INIT(&asks->asks);
	asks->seq = 0;
}

static int add(struct pdp_agentasks *asks, uint32_t type, const struct pdp_lookup *what,
	       pdp_agent_answer_fn fn, void *arg)
{
	struct pdp_agentask *ask = calloc(1, sizeof(*ask));

	if (!ask)
		return -ENOMEM;
	ask->msg.type = type;
	ask->msg.seq = ++asks->seq;
	if (what)
		ask->what = *what;
	ask->fn = fn;
	ask->arg = arg;
	TAILQ_INSERT_TAIL(&asks->asks, ask, order);
	return 0;
}

int pdp_agentasks_dump(struct pdp_agentasks *asks, pdp_agent_answer_fn fn, void *arg)
{
	return add(asks, PDP_MSG_DUMP, NULL, fn, arg);
}

int pdp_agentasks_lookup(struct pdp_agentasks *asks, const struct pdp_lookup *what,
			 pdp_agent_answer_fn fn, void *arg)
{
	return add(asks, PDP_MSG_LOOKUP, what, fn, arg);
}

void pdp_agentasks_forget(struct pdp_agentasks *asks, const void *arg)
{
	struct pdp_agentask *ask;

	TAILQ_FOREACH(ask, &asks->asks, order)
		if (ask->arg == arg)
			ask->fn = NULL;
}

/* One dump at a time: a second one would end the first. */
static struct pdp_agentask *next_due(const struct pdp_agentasks *asks)
{
	struct pdp_agentask *ask;
	bool dumps = false;

	TAILQ_FOREACH(ask, &asks->asks, order) {
		const bool is_dump = ask->msg.type == PDP_MSG_DUMP;

		if (!ask->sent && !(is_dump && dumps))
			return ask;
		dumps = dumps || is_dump;
	}
	return NULL;
}

size_t pdp_agentasks_next(const struct pdp_agentasks *asks, void *buf)
{
	const struct pdp_agentask *ask = next_due(asks);

	if (!ask)
		return 0;
	memcpy(buf, &ask->msg, sizeof(ask->msg));
	if (ask->msg.type == PDP_MSG_DUMP)
		return sizeof(ask->msg);
	memcpy((uint8_t *)buf + sizeof(ask->msg), &ask->what, sizeof(ask->what));
	return sizeof(ask->msg) + sizeof(ask->what);
}

void pdp_agentasks_sent(struct pdp_agentasks *asks)
{
	struct pdp_agentask *ask = next_due(asks);

	if (ask)
		ask->sent = true;
}

static struct pdp_agentask *asked(const struct pdp_agentasks *asks, uint32_t type, uint32_t seq)
{
	struct pdp_agentask *ask;

	TAILQ_FOREACH(ask, &asks->asks, order)
		if (ask->sent && ask->msg.type == type && ask->msg.seq == seq)
			return ask;
	return NULL;
}

int pdp_agentasks_answer(struct pdp_agentasks *asks, const struct pdp_msg *msg, size_t len,
			 struct pdp_error *err)
{
	const bool last = msg->type != PDP_MSG_ROUTES;
	struct pdp_agentask *ask =
		asked(asks, msg->type == PDP_MSG_FOUND ? PDP_MSG_LOOKUP : PDP_MSG_DUMP, msg->seq);
	pdp_agent_answer_fn fn;
	void *arg;

	if (!ask)
		return pdp_fail(err, -EPROTO, "answer of type %u to a question that was not asked",
				msg->type);
	fn = ask->fn;
	arg = ask->arg;
	if (last) {
		TAILQ_REMOVE(&asks->asks, ask, order);
		free(ask);
	}
	if (fn)
		fn(msg + 1, len, last, NULL, arg);
	return 0;
}

/* Whoever is told may ask anew from within. */
void pdp_agentasks_end(struct pdp_agentasks *asks, const char *why)
{
	TAILQ_HEAD(, pdp_agentask) gone = TAILQ_HEAD_INITIALIZER(gone);
	struct pdp_agentask *ask;
	struct pdp_error err;

	pdp_fail(&err, 0, "%s", why);
	TAILQ_CONCAT(&gone, &asks->asks, order);
	while ((ask = TAILQ_FIRST(&gone))) {
		TAILQ_REMOVE(&gone, ask, order);
		if (ask->fn)
			ask->fn(NULL, 0, true, &err, ask->arg);
		free(ask);
	}
}
