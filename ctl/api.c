/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * api.c - pdpd's ear: evhttp on a unix socket.
 *
 * A client is known by SO_PEERCRED. It has little time and little room: a slow or dead one is cut off
 * and never keeps the event loop waiting.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <grp.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/api.h"
#include "ctl/log.h"
#include "ctl/scrape.h"
#include "ctl/views.h"

#define CLIENT_TIMEOUT_S 5
#define HEADERS_MAX 8192
#define BODY_MAX 65536
#define BACKLOG 128
#define GROUP "pdp"
#define GROUPS_MAX 256
#define FLUSH_MS 1000

struct pdp_api {
	struct event_base *base;
	struct evhttp *http;
	struct pdp_node *node;
	void (*leave)(void *arg);
	void *arg;
	struct evhttp_request *pending; /* POST /v1/node/down, unanswered */
	struct sockaddr_un address;
	gid_t group; /* of the socket; (gid_t)-1 = none but root's */
};

/* --- who asks ---------------------------------------------------------------------------------- */

static int peer_fd(struct evhttp_request *req)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(req);

	return bufferevent_getfd(evhttp_connection_get_bufferevent(conn));
}

static bool is_member(int fd, gid_t gid, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);
	size_t i;

	if (group == (gid_t)-1)
		return false;
	if (gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

static bool may(const struct pdp_api *api, struct evhttp_request *req, bool write)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int fd = peer_fd(req);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	return !write && is_member(fd, peer.gid, api->group);
}

/* --- answers ----------------------------------------------------------------------------------- */

/* Takes the reference. */
static void answer(struct evhttp_request *req, int status, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	struct evbuffer *out = evhttp_request_get_output_buffer(req);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);

	json_decref(value);
	if (!text) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	evhttp_add_header(headers, "Content-Type", "application/json");
	evhttp_add_header(headers, "Connection", "close");
	evbuffer_add_printf(out, "%s\n", text);
	evhttp_send_reply(req, status, NULL, NULL);
	free(text);
}

static void refuse(struct evhttp_request *req, int status, const char *why)
{
	answer(req, status, json_pack("{s:s}", "error", why));
}

static const struct view {
	const char *path;
	json_t *(*make)(struct pdp_node *node);
} views[] = {
	{"/v1/node", pdp_view_node},   {"/v1/ports", pdp_view_ports},
	{"/v1/fes", pdp_view_fes},     {"/v1/vnets", pdp_view_vnets},
	{"/v1/vifs", pdp_view_vifs},   {"/v1/guests", pdp_view_guests},
	{"/v1/stats", pdp_view_stats},
};

static void on_view(struct evhttp_request *req, void *arg)
{
	struct pdp_api *api = arg;
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
	size_t i;

	if (evhttp_request_get_command(req) != EVHTTP_REQ_GET) {
		refuse(req, HTTP_BADMETHOD, "only GET is known here");
		return;
	}
	if (!may(api, req, false)) {
		refuse(req, 403, "only root and members of group " GROUP " may ask");
		return;
	}
	if (!strcmp(path, "/metrics")) {
		pdp_scrape_answer(req, api->node);
		return;
	}
	for (i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		if (!strcmp(path, views[i].path)) {
			answer(req, HTTP_OK, views[i].make(api->node));
			return;
		}
	}
	refuse(req, HTTP_NOTFOUND, "there is no such path");
}

static void on_gone(struct evhttp_connection *conn, void *arg)
{
	struct pdp_api *api = arg;

	(void)conn;
	api->pending = NULL;
}

/* The client hears when it is done, not when it has begun. */
static void on_down(struct evhttp_request *req, void *arg)
{
	struct pdp_api *api = arg;
	struct evhttp_connection *conn = evhttp_request_get_connection(req);

	if (evhttp_request_get_command(req) != EVHTTP_REQ_POST) {
		refuse(req, HTTP_BADMETHOD, "only POST is known here");
		return;
	}
	if (!may(api, req, true)) {
		refuse(req, 403, "only root may take the node down");
		return;
	}
	if (api->pending) {
		refuse(req, HTTP_SERVUNAVAIL, "the node is going down already");
		return;
	}
	api->pending = req;
	evhttp_connection_set_closecb(conn, on_gone, api);
	/* It may take longer than a client may be silent. */
	bufferevent_disable(evhttp_connection_get_bufferevent(conn), EV_READ);
	api->leave(api->arg);
}

/* --- the socket -------------------------------------------------------------------------------- */

static bool answers(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool live;

	if (fd < 0)
		return false;
	live = !connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	return live;
}

static int bind_socket(struct pdp_api *api, struct pdp_error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int code = 0;

	if (fd < 0)
		return pdp_fail(err, -errno, "cannot make a unix socket: %s", strerror(errno));
	if (answers(&api->address)) {
		close(fd);
		return pdp_fail(err, -EADDRINUSE, "another pdpd answers at %s",
				api->address.sun_path);
	}
	unlink(api->address.sun_path);
	/* Never open to others, not even between bind and chmod. */
	mask = umask(0117);
	if (bind(fd, (const struct sockaddr *)&api->address, sizeof(api->address)) ||
	    listen(fd, BACKLOG))
		code = -errno;
	umask(mask);
	if (!code && api->group != (gid_t)-1 && chown(api->address.sun_path, (uid_t)-1, api->group))
		code = -errno;
	if (!code)
		return fd;
	close(fd);
	return pdp_fail(err, code, "cannot listen at %s: %s", api->address.sun_path,
			strerror(-code));
}

static void on_rested(evutil_socket_t fd, short what, void *listener)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(listener);
}

/* No descriptor is left for a client: rest until slow ones have been cut off. */
static void on_exhausted(struct evconnlistener *listener, void *arg)
{
	const struct timeval rest = {.tv_sec = 1};

	(void)arg;
	pdp_log(PDP_LOG_WARNING, "cannot accept a client: %s",
		evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(listener);
	event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, on_rested, listener,
			&rest);
}

static int accept_clients(struct evhttp *http, int fd)
{
	struct evhttp_bound_socket *bound = evhttp_accept_socket_with_handle(http, fd);

	if (!bound)
		return -ENOMEM;
	evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(bound), on_exhausted);
	return 0;
}

static int serve(struct pdp_api *api, struct pdp_error *err)
{
	int fd;

	api->http = evhttp_new(api->base);
	if (!api->http)
		return pdp_fail(err, -ENOMEM, "no memory for the API");
	evhttp_set_timeout(api->http, CLIENT_TIMEOUT_S);
	evhttp_set_max_headers_size(api->http, HEADERS_MAX);
	evhttp_set_max_body_size(api->http, BODY_MAX);
	/* All that evhttp knows, so that a wrong one is refused in JSON. */
	evhttp_set_allowed_methods(api->http, 0xffff);
	evhttp_set_gencb(api->http, on_view, api);
	evhttp_set_cb(api->http, "/v1/node/down", on_down, api);
	fd = bind_socket(api, err);
	if (fd < 0)
		return fd;
	if (accept_clients(api->http, fd)) {
		close(fd);
		return pdp_fail(err, -ENOMEM, "no memory for the API's socket");
	}
	return 0;
}

int pdp_api_open(struct pdp_api **out, struct event_base *base, struct pdp_node *node,
		 void (*leave)(void *arg), void *arg, struct pdp_error *err)
{
	struct pdp_api *api = calloc(1, sizeof(*api));
	const struct group *group = getgrnam(GROUP);
	int code, len;

	if (!api)
		return pdp_fail(err, -ENOMEM, "no memory for the API");
	api->base = base;
	api->node = node;
	api->leave = leave;
	api->arg = arg;
	api->group = group ? group->gr_gid : (gid_t)-1;
	api->address.sun_family = AF_UNIX;
	len = snprintf(api->address.sun_path, sizeof(api->address.sun_path), "%s/pdpd.sock",
		       node->conf.run_dir);
	if (len >= (int)sizeof(api->address.sun_path))
		code = pdp_fail(err, -ENAMETOOLONG, "run directory %s: too long for a socket in it",
				node->conf.run_dir);
	else
		code = serve(api, err);
	if (code) {
		if (api->http)
			evhttp_free(api->http);
		free(api);
		return code;
	}
	*out = api;
	return 0;
}

static void drop_socket(struct evhttp_bound_socket *bound, void *arg)
{
	(void)arg;
	evconnlistener_disable(evhttp_bound_socket_get_listener(bound));
}

void pdp_api_stop_listening(struct pdp_api *api)
{
	if (!api)
		return;
	evhttp_foreach_bound_socket(api->http, drop_socket, NULL);
	unlink(api->address.sun_path);
}

void pdp_api_answer_down(struct pdp_api *api, const char *node, const struct pdp_error *err)
{
	const struct timeval limit = {.tv_usec = FLUSH_MS * 1000L % 1000000,
				      .tv_sec = FLUSH_MS / 1000};
	int turns;

	if (!api || !api->pending)
		return;
	if (err)
		refuse(api->pending, HTTP_INTERNAL, err->text);
	else
		answer(api->pending, HTTP_OK,
		       json_pack("[{s:s, s:s}]", "name", node, "state", "down"));
	/* Until it is written: the connection closes itself then, and clears pending. */
	event_base_loopexit(api->base, &limit);
	for (turns = 0; api->pending && turns < 1000; turns++)
		if (event_base_loop(api->base, EVLOOP_ONCE) || event_base_got_exit(api->base))
			break;
}

void pdp_api_close(struct pdp_api *api)
{
	if (!api)
		return;
	evhttp_free(api->http);
	free(api);
}
