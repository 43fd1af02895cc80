/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * api.h - HTTP and JSON on run_dir/pdpd.sock. docs/api.md describes it.
 */
#ifndef PDP_API_H
#define PDP_API_H

#include "ctl/node.h"
#include "loader/loader.h"

struct event_base;
struct pdp_api;

/* Strings stay the caller's, and must stay. */
struct pdp_api_conf {
	const char *group; /* of the socket: its members may look */
	const char *admins; /* a group whose members may change */
	void (*leave)(void *arg); /* a client wants the node down */
	void *arg;
};

/*
 * pdp_api_open() - listen on run_dir/pdpd.sock: 0660, of root and the group where there is one.
 *
 * Root, pdpd's own user and admins may change. The answer to who wants the node down waits until
 * pdp_api_answer_down(). A socket that a dead pdpd left is replaced; -EADDRINUSE when a live one
 * listens.
 */
int pdp_api_open(struct pdp_api **out, struct event_base *base, struct pdp_node *node,
		 const struct pdp_api_conf *conf, struct pdp_error *err);

/* Stop listening and unlink the socket; a pending answer stays pending. NULL is fine. */
void pdp_api_stop_listening(struct pdp_api *api);
/* Answer who asked for the end, if somebody did, with what became of it; err NULL = all is down. */
void pdp_api_answer_down(struct pdp_api *api, const char *node, const struct pdp_error *err);
/* Write out, for a second at most, what the end of the node or of a change has been answered. */
void pdp_api_flush(struct pdp_api *api);
/* NULL is fine. */
void pdp_api_close(struct pdp_api *api);

#endif
