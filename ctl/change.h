/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * change.h - requests that change the node: a whole node file, or one thing of it.
 *
 *   POST /v1/apply                      a node file
 *   POST /v1/vnets                      {"name": "red", "power": "1500m", ...}
 *   PATCH, DELETE /v1/vnets/red         {"power": "3000m"}
 *
 * and the same for ports, fes, vifs, routes and neighbours; and
 *
 *   POST /v1/alloc/defrag               move guests so that fewer FEs are in use
 *
 * docs/api.md.
 */
#ifndef PDP_CHANGE_H
#define PDP_CHANGE_H

#include <stdbool.h>

#include "ctl/node.h"

struct evhttp_request;
struct pdp_changes;

/* 0 or -ENOMEM. */
int pdp_changes_new(struct pdp_changes **out, struct pdp_node *node);
/* Who still waits is left without an answer. NULL is fine. */
void pdp_changes_free(struct pdp_changes *changes);

/* Is an answer on its way to who asked for a change? */
bool pdp_changes_answering(const struct pdp_changes *changes);

/* What follows a request's ?: dry_run, name, generation. */
struct pdp_change_query {
	bool dry_run; /* say what would change, change nothing */
	char name[128]; /* of the node file */
	uint64_t generation; /* 0 = not said */
};

/* 0 or -EINVAL. */
int pdp_change_query(struct pdp_change_query *out, struct evhttp_request *req,
		     struct pdp_error *err);

/* Does the request of a change only ask what would be? Who may look may ask that. */
bool pdp_change_is_dry(struct evhttp_request *req);

/* Is this path one of changes (with this method, an EVHTTP_REQ_*)? */
bool pdp_change_is(const char *path, int method);

/*
 * Do what the request of a writer says, and answer it when the node is so; the plan is the answer. With
 * ?dry_run the plan is all that is made. The answer may come after a while, from the event loop.
 */
void pdp_change_request(struct pdp_changes *changes, struct evhttp_request *req);

#endif
