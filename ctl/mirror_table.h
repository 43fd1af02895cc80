/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mirror_table.h - a guest's routing as its kernel tells it, made into what its vnet's agents are told.
 *
 * Message by message: dumped ones between begin and end of a round, and the kernel's own at any time. Links
 * become vifs, next-hop objects the paths that they stand for. Routes that no agent can forward by (out of
 * a device that is no vif, through a lightweight tunnel) lead to the guest's kernel, which can.
 *
 * Where the messages leave it open what is in the kernel, there is a doubt: a new round is due. Until then a
 * route in doubt leads to the kernel, too, or stays what it was. docs/fib-mirror.md names the cases. Pure.
 */
#ifndef PDP_MIRROR_TABLE_H
#define PDP_MIRROR_TABLE_H

#include "ctl/agentconf.h"
#include "ctl/rtparse.h"

#define PDP_MIRROR_OTHERS_MAX 131072 /* neighbours and addresses */

struct pdp_mirror_table;

struct pdp_mirror_table_conf {
	struct pdp_agentconf *told; /* a reference is taken */
	uint32_t max_routes; /* 0 = as many as there are */
	/* Of a device in the guest; 0 = it is no vif. */
	uint16_t (*vif_of)(uint32_t ifindex, void *arg);
	void *arg;
};

struct pdp_mirror_counts {
	uint64_t messages;
	uint64_t verdicts[PDP_RT_N_VERDICTS]; /* PDP_RT_taken: what agents could be told */
	uint64_t unknown; /* of types that nobody asked for */
	uint64_t doubts;
	size_t refused; /* routes beyond max_routes, as of now */
	size_t swept; /* by the last round */
};

int pdp_mirror_table_new(struct pdp_mirror_table **out, const struct pdp_mirror_table_conf *conf);
/* What agents are told stays. NULL is fine. */
void pdp_mirror_table_free(struct pdp_mirror_table *table);

/* One whole message. @dumped: it is part of the answer to a request of this round. 0 or -ENOMEM. */
int pdp_mirror_table_take(struct pdp_mirror_table *table, const struct nlmsghdr *nlh, bool dumped);

void pdp_mirror_table_begin_round(struct pdp_mirror_table *table);
/*
 * All has been dumped: what was not is removed, a part with each call. *removed may be NULL. True at the end.
 */
bool pdp_mirror_table_sweep(struct pdp_mirror_table *table);
/* The round has failed; nothing is removed for it. */
void pdp_mirror_table_end_round(struct pdp_mirror_table *table);

/* Entries that other messages have changed: some of what is due. True when nothing is (any more). */
bool pdp_mirror_table_work(struct pdp_mirror_table *table);

/* Is a new round due? Asking ends the doubt. */
bool pdp_mirror_table_doubts(struct pdp_mirror_table *table);
/* A new round is due: somebody else knows that something has changed. */
void pdp_mirror_table_doubt(struct pdp_mirror_table *table);

/* Routes had to be refused; or none was by the last whole round, and none since. */
bool pdp_mirror_table_is_over(const struct pdp_mirror_table *table);

void pdp_mirror_table_set_max(struct pdp_mirror_table *table, uint32_t max_routes);
void pdp_mirror_table_counts(const struct pdp_mirror_table *table, struct pdp_mirror_counts *out);

#endif
