/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mirror.h - follows the routing tables of a network namespace for the agents of a vnet.
 *
 * One rtnetlink socket, opened in the namespace: it dumps what there is, then hears what changes, and puts
 * it into the configuration that the agents share. What it may have missed (an overrun, or what the kernel
 * does without a word) leads to a new round: dump, compare, remove what is no more. Works in bounded parts on
 * the event loop, so that a guest that floods its netlink keeps nobody else waiting. docs/fib-mirror.md.
 */
#ifndef PDP_MIRROR_H
#define PDP_MIRROR_H

#include "ctl/mirror_table.h"
#include "loader/loader.h"

struct event_base;
struct pdp_mirror;

enum pdp_mirror_event {
	PDP_MIRROR_SYNCED, /* a round is over: what is told is what is there */
	PDP_MIRROR_OVERRUN, /* messages were lost; a round follows. Told once until SYNCED */
	PDP_MIRROR_OVER, /* there are more routes than max_routes; err says how many */
	PDP_MIRROR_BELOW, /* no more */
	PDP_MIRROR_FAILED, /* the tables cannot be read, err says why; it tries again */
};

/* err is NULL, or valid during the call. The mirror may be freed from within. */
typedef void (*pdp_mirror_fn)(enum pdp_mirror_event event, const struct pdp_error *err, void *arg);

struct pdp_mirror_stats {
	struct pdp_mirror_counts table;
	uint64_t rounds; /* that came to their end */
	uint64_t overruns;
	uint64_t failures;
	uint64_t round_ns; /* how long the last one took */
	bool synced; /* one has come to its end */
	bool in_round;
};

/*
 * pdp_mirror_new() - begin to mirror the namespace behind netns_fd, which stays the caller's.
 * @conf: copied; its configuration should be held (pdp_agentconf_hold()) until the first SYNCED, unless it
 *        has something that is worth keeping.
 */
int pdp_mirror_new(struct pdp_mirror **out, struct event_base *base, int netns_fd,
		   const struct pdp_mirror_table_conf *conf, pdp_mirror_fn fn, void *arg,
		   struct pdp_error *err);
/* What agents are told stays as it is. NULL is fine. */
void pdp_mirror_free(struct pdp_mirror *mirror);

/* Dump anew: what devices mean (vif_of) has changed. */
void pdp_mirror_resync(struct pdp_mirror *mirror);
/* Of messages that wait for us; 64 MiB at first. 0 or -errno. */
int pdp_mirror_set_buffer(struct pdp_mirror *mirror, int bytes);
void pdp_mirror_set_max(struct pdp_mirror *mirror, uint32_t max_routes);
void pdp_mirror_stats(const struct pdp_mirror *mirror, struct pdp_mirror_stats *out);

#endif
