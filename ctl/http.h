/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * http.h - one question in HTTP/1.1 over a unix socket, and its answer. Owns nothing between calls.
 */
#ifndef PDP_HTTP_H
#define PDP_HTTP_H

#include <stddef.h>

struct pdp_http {
	const char *socket_path;
	const char *method;
	const char *path; /* escaped */
	const char *body; /* NULL = none */
	size_t len;
	int timeout_ms; /* for all of it; 0 = none */
	/* A piece of the answer's body; not 0 ends it. */
	int (*take)(const char *data, size_t len, void *arg);
	void *arg;
	void (*tick)(void *tick_arg); /* once a second while nothing comes; NULL = nobody waits */
	void *tick_arg;
};

/*
 * Ask. 0, and *status is HTTP's; -ECONNREFUSED when nobody answers at the path; -ETIMEDOUT; -EPROTO for
 * what is no HTTP, or an answer that ends before its end; what take returned; -errno.
 */
int pdp_http_ask(const struct pdp_http *question, int *status);

/* One part of a path or query, escaped; the caller's. NULL without memory. */
char *pdp_http_escape(const char *text);

#endif
