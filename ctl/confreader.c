/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* confreader.c - an agent's place in what there is to be told; see agentconf.h. */
#include <string.h>

#include "ctl/agentconf_kept.h"

void pdp_confreader_init(struct pdp_confreader *reader, struct pdp_agentconf *conf,
			 void (*wake)(void *arg), void *arg)
{
	*reader =
		(struct pdp_confreader){.conf = pdp_agentconf_ref(conf), .wake = wake, .arg = arg};
	LIST_INSERT_HEAD(&conf->readers, reader, others);
}

void pdp_confreader_end(struct pdp_confreader *reader)
{
	struct pdp_agentconf *conf = reader->conf;

	if (!conf)
		return;
	LIST_REMOVE(reader, others);
	reader->conf = NULL;
	pdp_kept_forget_removals(conf);
	pdp_agentconf_unref(conf);
}

void pdp_confreader_begin(struct pdp_confreader *reader, bool live)
{
	reader->live = live;
	reader->since = reader->conf->last;
	reader->offered = NULL;
	memset(reader->at, 0, sizeof(reader->at));
	memset(reader->passed, 0, sizeof(reader->passed));
	pdp_kept_forget_removals(reader->conf);
}

/* Removals that are older than the agent are not for it. */
static bool is_old(const struct pdp_confreader *reader, const struct pdp_kept *kept)
{
	return kept->removal && kept->number <= reader->since;
}

static struct pdp_kept *after(const struct pdp_confreader *reader, const struct pdp_kept *kept,
			      int phase)
{
	return kept ? TAILQ_NEXT(kept, order) : TAILQ_FIRST(&reader->conf->order[phase]);
}

/* The first that is to be sent; NULL when all is. What is not for this agent is behind it then. */
static struct pdp_kept *first_due(struct pdp_confreader *reader)
{
	struct pdp_kept *due = NULL;

	for (int i = 0; !due && i < PDP_CONF_PHASES; i++) {
		due = after(reader, reader->at[i], i);
		for (; due && is_old(reader, due); due = after(reader, due, i))
			reader->at[i] = due;
	}
	return due;
}

bool pdp_confreader_due(struct pdp_confreader *reader)
{
	return first_due(reader);
}

bool pdp_confreader_all_sent(struct pdp_confreader *reader)
{
	return !reader->conf->held && !first_due(reader);
}

size_t pdp_confreader_next(struct pdp_confreader *reader, void *buf, size_t size)
{
	struct pdp_kept *kept = first_due(reader);
	struct pdp_msg msg = {.type = PDP_MSG_NETLINK};
	size_t len = sizeof(msg);

	reader->offered = NULL;
	if (!kept)
		return 0;
	reader->phase = kept->phase;
	if (kept->phase != PDP_CONF_NETLINK)
		msg.type = PDP_MSG_VIF;
	for (; kept && kept->len <= size - len; kept = after(reader, kept, kept->phase)) {
		if (is_old(reader, kept))
			continue;
		memcpy((uint8_t *)buf + len, kept->body, kept->len);
		len += kept->len;
		reader->offered = kept;
		if (kept->phase != PDP_CONF_NETLINK)
			break;
	}
	memcpy(buf, &msg, sizeof(msg));
	return len;
}

void pdp_confreader_sent(struct pdp_confreader *reader)
{
	if (!reader->offered)
		return;
	reader->at[reader->phase] = reader->offered;
	reader->passed[reader->phase] = reader->offered->number;
	reader->offered = NULL;
	pdp_kept_forget_removals(reader->conf);
}
