/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentconf_kept.h - what agentconf.c, which keeps, and confreader.c, which hands out, share.
 */
#ifndef PDP_AGENTCONF_KEPT_H
#define PDP_AGENTCONF_KEPT_H

#include "ctl/agentconf.h"

TAILQ_HEAD(pdp_kept_list, pdp_kept);

struct pdp_kept {
	struct pdp_kept *next; /* in its bucket */
	TAILQ_ENTRY(pdp_kept) order;
	union {
		LIST_ENTRY(pdp_kept) tagged; /* in force */
		TAILQ_ENTRY(pdp_kept) gone; /* removal */
	};
	struct pdp_rtkey key;
	uint64_t number; /* of its last change */
	uint32_t mark; /* the round that saw it, twice; plus 1: the caller set it */
	uint16_t len;
	uint8_t phase;
	bool removal; /* to be sent, then forgotten */
	bool is_tagged;
	bool shadows; /* pdp_agentconf_set_shadows() */
	_Alignas(4) uint8_t body[]; /* struct pdp_dp_vif, or one rtnetlink message, padded */
};

struct pdp_agentconf {
	unsigned int refs;
	struct pdp_kept **buckets; /* all entries, by what they are about */
	size_t n_buckets; /* 0 or a power of two */
	size_t n;
	struct pdp_kept_list order[PDP_CONF_PHASES]; /* by last change */
	struct pdp_kept_list gone[PDP_CONF_PHASES]; /* of these, the removals */
	uint64_t last; /* change */
	LIST_HEAD(pdp_confreaders, pdp_confreader) readers;
	bool held;
	uint32_t round; /* of mark and sweep */
	bool in_round;
	size_t swept; /* how far the sweep has come */
	struct pdp_agentconf_stats stats;
};

/* Of removals, those that nobody waits for. */
void pdp_kept_forget_removals(struct pdp_agentconf *conf);

#endif
