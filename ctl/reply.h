/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * reply.h - answers of the API: JSON, and what an error is in HTTP.
 */
#ifndef PDP_REPLY_H
#define PDP_REPLY_H

#include <jansson.h>

struct evhttp_request;

/* Answer with JSON and close. Takes the reference; NULL: no memory, 500. */
void pdp_reply(struct evhttp_request *req, int status, json_t *value);

/* {"error": why} */
void pdp_reply_error(struct evhttp_request *req, int status, const char *why);

/* The status of a -errno: 400, 404, 409, 503 or 500. */
int pdp_reply_status(int error);

/*
 * The client has gone before its answer, as its connection's close callback knows: the request is not
 * libevent's any more then, unless the server itself goes.
 */
void pdp_reply_never(struct evhttp_request *req);

#endif
