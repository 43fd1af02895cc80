/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * feed.h - GET /v1/events: what happened to the node, and what happens.
 */
#ifndef PDP_FEED_H
#define PDP_FEED_H

#include <jansson.h>
#include <stdbool.h>

#include "ctl/events.h"

struct evhttp_request;
struct pdp_feed;

/* The one follower of these events, on behalf of all clients. 0 or -ENOMEM. */
int pdp_feed_new(struct pdp_feed **out, struct pdp_events *events);
/* Before the HTTP server goes. NULL is fine. */
void pdp_feed_free(struct pdp_feed *feed);

/*
 * Answer with the events that are kept, as an array: ?after=NUMBER those that are newer, ?last=COUNT
 * the newest. With ?follow one object a line, these first and then each as it happens, until the client
 * goes; one that does not read is let go when a megabyte waits for it.
 */
void pdp_feed_request(struct pdp_feed *feed, struct evhttp_request *req);

/* Is this request one that never ends? */
bool pdp_feed_follows(struct evhttp_request *req);

/* {"number": 1, "time": "2026-11-23T12:04:11.020Z", "kind": "guest-lost", "level": "warning", ...} */
json_t *pdp_event_json(const struct pdp_node_event *event);

#endif
