/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * client.h - questions to pdpd over its unix socket.
 */
#ifndef PDP_CLIENT_H
#define PDP_CLIENT_H

#include <jansson.h>

#include "loader/loader.h"

/*
 * A question to run_dir/pdpd.sock. On success *out is the caller's reference. 0; -ECONNREFUSED when no
 * pdpd answers there; -EPROTO for an answer that is no JSON; -EREMOTEIO when pdpd refused, with its
 * words in err; -errno.
 */
int pdp_client_get(json_t **out, const char *run_dir, const char *path, struct pdp_error *err);
int pdp_client_post(json_t **out, const char *run_dir, const char *path, struct pdp_error *err);

/* The same with any method and a body of len bytes. Waits for the node for as long as it takes. */
int pdp_client_send(json_t **out, const char *run_dir, const char *method, const char *path,
		    const char *body, size_t len, struct pdp_error *err);

/* The same, and until the answer comes tick is called about once a second. */
int pdp_client_wait(json_t **out, const char *run_dir, const char *method, const char *path,
		    const char *body, size_t len, void (*tick)(void *arg), void *arg,
		    struct pdp_error *err);

/* An answer that is text; *out is the caller's. */
int pdp_client_text(char **out, const char *run_dir, const char *path, struct pdp_error *err);

/*
 * An answer of JSON lines that may never end: fn for each line as it comes. Ends when pdpd closes it
 * (0) or when fn does not return 0, which is then returned.
 */
int pdp_client_follow(const char *run_dir, const char *path,
		      int (*fn)(const json_t *row, void *arg), void *arg, struct pdp_error *err);

/* One part of a path or query, escaped; the caller's to free with curl_free(). NULL without memory. */
char *pdp_client_escape(const char *text);

#endif
