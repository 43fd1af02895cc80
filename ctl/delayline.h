/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * delayline.h - where the packets of slow vifs wait: a veth pair on the MH and one pdp-delay for it.
 *
 *   pdp_dispatch, pdp_vif_out --> pdpdelay0 ===== pdpdelay1 [pdp_guest_rx] --> pdp-delay
 *   port <-- [pdp_delayed]        pdpdelay0 ===== pdpdelay1 <-----------------
 *
 * There only while a vif has a delay. It outlives pdpd. Pair and process are one: when either goes the other
 * does too, what lies in them is booked as lost, and both are made anew. Owned by pdpd's main thread.
 * docs/impair.md is the story.
 */
#ifndef PDP_DELAYLINE_H
#define PDP_DELAYLINE_H

#include "ctl/events.h"
#include "ctl/publish.h"

struct event_base;
struct pdp_delayline;

/* Strings stay the caller's, and must stay. */
struct pdp_delayline_conf {
	struct event_base *base;
	struct pdp_loader *loader;
	struct pdp_publish *store;
	struct pdp_events *events;
	const char *node;
	const char *run_dir;
	const char *pins;
	const char *agent; /* pdp-delay stands beside it */
};

/* Nothing is made yet, and nothing that is there is touched. 0 or -ENOMEM. */
int pdp_delayline_new(struct pdp_delayline **out, const struct pdp_delayline_conf *conf,
		      struct pdp_error *err);
/* What runs, runs on. NULL is fine. */
void pdp_delayline_release(struct pdp_delayline *line);

/*
 * Make it, take over what an earlier controller left, or see that all of it is in force; when this
 * returns, packets can come. 0 or -errno.
 */
int pdp_delayline_start(struct pdp_delayline *line, struct pdp_error *err);
/* A device has been set down or is gone: if it is the line's, and still is not there, the line is made anew. */
void pdp_delayline_link_down(struct pdp_delayline *line, int ifindex);
/* Nobody sends to it any more: it ends when what waits has gone. Nothing there is fine. */
void pdp_delayline_stop(struct pdp_delayline *line);
/* It ends now, with all that waits, and is released. NULL is fine. */
void pdp_delayline_end(struct pdp_delayline *line);

/* What an earlier node left, whose maps are no more: it goes, books and all. */
void pdp_delayline_clear(struct pdp_delayline *line);

/* "off", "running", "draining", "lost" (about to be started again). */
const char *pdp_delayline_state(const struct pdp_delayline *line);

#endif
