/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* scrape.c - metrics over HTTP; see scrape.h. Owns the TCP listener. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/clients.h"
#include "ctl/metrics.h"
#include "ctl/prefix.h"
#include "ctl/scrape.h"

#define SILENCE_S 5
#define CLIENTS_MAX 16
#define REQUEST_TIME_S 10
#define ANSWER_TIME_S 60
#define HEADERS_MAX 8192
#define BODY_MAX 0
#define BACKLOG 16

struct pdp_scrape {
	struct evhttp *http;
	struct pdp_clients *clients;
	struct pdp_node *node;
};

/* --- an answer --------------------------------------------------------------------------------- */

static void free_text(const void *data, size_t len, void *text)
{
	(void)data;
	(void)len;
	free(text);
}

static int append_metrics(struct evbuffer *out, struct pdp_node *node,
			  enum pdp_metrics_format format)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	int code = file ? pdp_metrics_write(node, format, file) : -ENOMEM;

	if (file)
		fclose(file);
	if (!code && !evbuffer_add_reference(out, text, len, free_text, text))
		return 0;
	free(text);
	return code ? code : -ENOMEM;
}

void pdp_scrape_answer(struct evhttp_request *req, struct pdp_node *node)
{
	const char *accept = evhttp_find_header(evhttp_request_get_input_headers(req), "Accept");
	enum pdp_metrics_format format = pdp_metrics_accept(accept);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);

	if (append_metrics(evhttp_request_get_output_buffer(req), node, format)) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	evhttp_add_header(headers, "Content-Type", pdp_metrics_content_type(format));
	evhttp_add_header(headers, "Connection", "close");
	evhttp_send_reply(req, HTTP_OK, NULL, NULL);
}

/* --- the TCP port ------------------------------------------------------------------------------ */

static void on_request(struct evhttp_request *req, void *arg)
{
	struct pdp_scrape *scrape = arg;
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

	pdp_clients_asked(scrape->clients, evhttp_request_get_connection(req));
	if (!path || strcmp(path, "/metrics") != 0)
		evhttp_send_error(req, HTTP_NOTFOUND, NULL);
	else
		pdp_scrape_answer(req, scrape->node);
}

static bool is_loopback(const struct pdp_prefix *addr)
{
	static const uint8_t one[16] = {[15] = 1};

	return addr->family == 4 ? addr->addr[0] == 127 : !memcmp(addr->addr, one, 16);
}

static int bind_port(const struct pdp_prefix *addr, const char *where)
{
	struct sockaddr_storage to;
	int len = sizeof(to), on = 1, code, fd;

	if (evutil_parse_sockaddr_port(where, (struct sockaddr *)&to, &len))
		return -EINVAL;
	fd = socket(addr->family == 6 ? AF_INET6 : AF_INET,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, (struct sockaddr *)&to, (socklen_t)len) && !listen(fd, BACKLOG))
		return fd;
	code = -errno;
	close(fd);
	return code;
}

static int parse(struct pdp_prefix *addr, const char *where, bool any, struct pdp_error *err)
{
	uint16_t port;

	if (pdp_endpoint_parse(addr, &port, where) || !port)
		return pdp_fail(err, -EINVAL,
				"metrics at '%s': give an address and a port, as 127.0.0.1:9464 or "
				"[::1]:9464",
				where);
	if (!is_loopback(addr) && !any)
		return pdp_fail(err, -EPERM,
				"metrics at %s: others can reach that address, and would read them "
				"unasked; take 127.0.0.1 or ::1, or say --metrics-public as well",
				where);
	return 0;
}

int pdp_scrape_check(const char *where, bool any, struct pdp_error *err)
{
	struct pdp_prefix addr;

	return parse(&addr, where, any, err);
}

static int listen_at(struct pdp_scrape *scrape, const char *where, bool any, struct pdp_error *err)
{
	struct pdp_prefix addr;
	int fd = parse(&addr, where, any, err);

	if (fd)
		return fd;
	fd = bind_port(&addr, where);
	if (fd < 0)
		return pdp_fail(err, fd, "metrics at %s: %s", where, strerror(-fd));
	if (!evhttp_accept_socket(scrape->http, fd))
		return 0;
	close(fd);
	return pdp_fail(err, -ENOMEM, "metrics at %s: no memory", where);
}

int pdp_scrape_open(struct pdp_scrape **out, struct event_base *base, struct pdp_node *node,
		    const char *where, bool any, struct pdp_error *err)
{
	static const struct pdp_clients_conf limits = {
		.most = CLIENTS_MAX, .request_s = REQUEST_TIME_S, .answer_s = ANSWER_TIME_S};
	struct pdp_scrape *scrape = calloc(1, sizeof(*scrape));
	int code;

	if (!scrape)
		return pdp_fail(err, -ENOMEM, "no memory for metrics");
	scrape->node = node;
	scrape->http = evhttp_new(base);
	if (!scrape->http || pdp_clients_watch(&scrape->clients, base, scrape->http, &limits)) {
		pdp_scrape_close(scrape);
		return pdp_fail(err, -ENOMEM, "no memory for metrics");
	}
	evhttp_set_timeout(scrape->http, SILENCE_S);
	evhttp_set_max_headers_size(scrape->http, HEADERS_MAX);
	evhttp_set_max_body_size(scrape->http, BODY_MAX);
	evhttp_set_allowed_methods(scrape->http, EVHTTP_REQ_GET);
	evhttp_set_gencb(scrape->http, on_request, scrape);
	code = listen_at(scrape, where, any, err);
	if (code) {
		pdp_scrape_close(scrape);
		return code;
	}
	*out = scrape;
	return 0;
}

void pdp_scrape_close(struct pdp_scrape *scrape)
{
	if (!scrape)
		return;
	if (scrape->http)
		evhttp_free(scrape->http);
	pdp_clients_free(scrape->clients);
	free(scrape);
}
