/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* reply.c - answers of the API; see reply.h. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>

#include "ctl/reply.h"

#define HTTP_CONFLICT 409

void pdp_reply(struct evhttp_request *req, int status, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);

	json_decref(value);
	if (!text) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	evhttp_add_header(headers, "Content-Type", "application/json");
	evhttp_add_header(headers, "Connection", "close");
	evbuffer_add_printf(evhttp_request_get_output_buffer(req), "%s\n", text);
	evhttp_send_reply(req, status, NULL, NULL);
	free(text);
}

void pdp_reply_error(struct evhttp_request *req, int status, const char *why)
{
	pdp_reply(req, status, json_pack("{s:s}", "error", why));
}

int pdp_reply_status(int error)
{
	switch (-error) {
	case EINVAL:
	case ERANGE:
	case EFBIG:
		return HTTP_BADREQUEST;
	case ENOENT:
	case ENODEV:
		return HTTP_NOTFOUND;
	case EEXIST:
	case ENOSPC:
	case ESTALE:
		return HTTP_CONFLICT;
	case EBUSY:
		return HTTP_SERVUNAVAIL;
	default:
		return HTTP_INTERNAL;
	}
}

void pdp_reply_never(struct evhttp_request *req)
{
	if (!evhttp_request_get_connection(req))
		evhttp_request_free(req);
}
