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
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/api.h"
#include "ctl/control.h"
#include "ctl/api_alloc.h"
#include "ctl/change.h"
#include "ctl/clients.h"
#include "ctl/enforce.h"
#include "ctl/feed.h"
#include "ctl/log.h"
#include "ctl/peer.h"
#include "ctl/reply.h"
#include "ctl/route_api.h"
#include "ctl/scrape.h"
#include "ctl/views.h"

#define SILENCE_S 5
#define REQUEST_TIME_S 10
#define ANSWER_TIME_S 60
#define CLIENTS_MAX 64
#define HEADERS_MAX 8192
#define BODY_MAX (8 << 20) /* a node file */
#define BACKLOG 128
#define FLUSH_MS 1000
#define HTTP_FORBIDDEN 403

struct pdp_api {
	struct event_base *base;
	struct evhttp *http;
	struct pdp_node *node;
	struct evhttp_request *pending; /* POST /v1/node/down, unanswered */
	struct evhttp_connection *answering; /* and its answer, not out of the house yet; or NULL */
	struct sockaddr_un address;
	struct pdp_api_conf conf;
	struct pdp_clients *clients;
	struct pdp_changes *changes;
	struct pdp_feed *feed;
	struct pdp_route_api *routes;
	gid_t group; /* of the socket: may look */
	gid_t admins; /* may change */
};

/* --- who asks ---------------------------------------------------------------------------------- */

static enum pdp_role role_of(const struct pdp_api *api, struct evhttp_request *req)
{
	struct bufferevent *bev =
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(req));

	return pdp_peer_role(bufferevent_getfd(bev), api->group, api->admins);
}

static bool may_read(const struct pdp_api *api, struct evhttp_request *req)
{
	char why[160];

	if (role_of(api, req) >= PDP_ROLE_READER)
		return true;
	snprintf(why, sizeof(why), "only root and members of the groups %s and %s may ask",
		 api->conf.group, api->conf.admins);
	pdp_reply_error(req, HTTP_FORBIDDEN, why);
	return false;
}

static bool may_write(const struct pdp_api *api, struct evhttp_request *req)
{
	char why[160];

	if (role_of(api, req) >= PDP_ROLE_WRITER)
		return true;
	snprintf(
		why, sizeof(why),
		"only root and members of the group %s may change anything; members of %s may look",
		api->conf.admins, api->conf.group);
	pdp_reply_error(req, HTTP_FORBIDDEN, why);
	return false;
}

/* --- what is asked ----------------------------------------------------------------------------- */

static const struct view {
	const char *path;
	json_t *(*make)(struct pdp_node *node);
} views[] = {
	{"/v1/node", pdp_view_node},
	{"/v1/ports", pdp_view_ports},
	{"/v1/fes", pdp_view_fes},
	{"/v1/vnets", pdp_view_vnets},
	{"/v1/vifs", pdp_view_vifs},
	{"/v1/guests", pdp_view_guests},
	{"/v1/stats", pdp_view_stats},
	{"/v1/routes", pdp_view_routes},
	{"/v1/neighbours", pdp_view_neighbours},
	{"/v1/history", pdp_view_history},
};

static void reply_export(struct pdp_api *api, struct evhttp_request *req)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	struct pdp_change_query query;
	struct pdp_error err = {""};
	char *text = NULL;
	int code = pdp_change_query(&query, req, &err);

	if (!code)
		code = pdp_view_export(&text, api->node, query.generation, &err);
	if (code) {
		pdp_reply_error(req, pdp_reply_status(code), err.text);
		return;
	}
	evhttp_add_header(headers, "Content-Type", "application/yaml");
	evhttp_add_header(headers, "Connection", "close");
	evbuffer_add(evhttp_request_get_output_buffer(req), text, strlen(text));
	evhttp_send_reply(req, HTTP_OK, NULL, NULL);
	free(text);
}

static void reply_events(struct pdp_api *api, struct evhttp_request *req)
{
	if (pdp_feed_follows(req))
		pdp_clients_unlimited(api->clients, evhttp_request_get_connection(req));
	pdp_feed_request(api->feed, req);
}

static void reply_metrics(struct pdp_api *api, struct evhttp_request *req)
{
	pdp_scrape_answer(req, api->node);
}

/* What is no array of objects. */
static const struct text {
	const char *path;
	void (*reply)(struct pdp_api *api, struct evhttp_request *req);
} texts[] = {
	{"/metrics", reply_metrics},
	{"/v1/export", reply_export},
	{"/v1/events", reply_events},
};

static void look(struct pdp_api *api, struct evhttp_request *req, const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		if (!strcmp(path, views[i].path)) {
			pdp_reply(req, HTTP_OK, views[i].make(api->node));
			return;
		}
	}
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!strcmp(path, texts[i].path)) {
			texts[i].reply(api, req);
			return;
		}
	}
	if (!pdp_alloc_request(req, api->node, path))
		pdp_reply_error(req, HTTP_NOTFOUND, "there is no such path");
}

/* The node may take longer than a client may be silent. */
static void wait_for_node(struct pdp_api *api, struct evhttp_request *req)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(req);

	pdp_clients_unlimited(api->clients, conn);
	bufferevent_set_timeouts(evhttp_connection_get_bufferevent(conn), NULL, NULL);
}

#define RELOAD "/v1/vnets/reload"

/* What of a vnet is from files: its owner's program, its control plane's configuration. */
static int reload_vnet(struct pdp_node *node, const char *name, struct pdp_error *err)
{
	struct pdp_node_vnet *vnet = pdp_node_vnet(node, name);
	int code = vnet ? pdp_enforce_program(vnet, true, err) : 0;

	if (code || (vnet && vnet->own && !vnet->control))
		return code;
	return pdp_control_reload(node, name, err);
}

static void reload(struct pdp_api *api, struct evhttp_request *req)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
	struct evkeyvalq values;
	struct pdp_error err;
	const char *name = NULL;
	int code;

	if (!evhttp_parse_query_str(query ? query : "", &values))
		name = evhttp_find_header(&values, "name");
	code = reload_vnet(api->node, name ? name : "", &err);
	if (code)
		pdp_reply_error(req, pdp_reply_status(code), err.text);
	else
		pdp_reply(req, HTTP_OK, json_pack("[{s:s}]", "name", name));
	evhttp_clear_headers(&values);
}

static void on_request(struct evhttp_request *req, void *arg)
{
	struct pdp_api *api = arg;
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

	pdp_clients_asked(api->clients, evhttp_request_get_connection(req));
	path = path ? path : "";
	if (evhttp_request_get_command(req) == EVHTTP_REQ_GET && pdp_route_api_is(path)) {
		if (!may_read(api, req))
			return;
		wait_for_node(api, req);
		pdp_route_api_request(api->routes, req);
	} else if (evhttp_request_get_command(req) == EVHTTP_REQ_GET) {
		if (may_read(api, req))
			look(api, req, path);
	} else if (!strcmp(path, RELOAD) && evhttp_request_get_command(req) == EVHTTP_REQ_POST) {
		if (may_write(api, req))
			reload(api, req);
	} else if (!pdp_change_is(path, evhttp_request_get_command(req))) {
		pdp_reply_error(req, HTTP_BADMETHOD, "this method is not known here");
	} else if (pdp_change_is_dry(req)) {
		if (may_read(api, req))
			pdp_change_request(api->changes, req);
	} else if (may_write(api, req)) {
		wait_for_node(api, req);
		pdp_change_request(api->changes, req);
	}
}

static void on_gone(struct evhttp_connection *conn, void *arg)
{
	struct pdp_api *api = arg;

	if (api->answering == conn)
		api->answering = NULL;
	if (api->pending)
		pdp_reply_never(api->pending);
	api->pending = NULL;
}

/* The client hears when it is done, not when it has begun. */
static void on_down(struct evhttp_request *req, void *arg)
{
	struct pdp_api *api = arg;
	struct evhttp_connection *conn = evhttp_request_get_connection(req);

	pdp_clients_asked(api->clients, conn);
	if (evhttp_request_get_command(req) != EVHTTP_REQ_POST) {
		pdp_reply_error(req, HTTP_BADMETHOD, "only POST is known here");
		return;
	}
	if (!may_write(api, req))
		return;
	if (api->pending) {
		pdp_reply_error(req, HTTP_SERVUNAVAIL, "the node is going down already");
		return;
	}
	api->pending = req;
	wait_for_node(api, req);
	evhttp_connection_set_closecb(conn, on_gone, api);
	api->conf.leave(api->conf.arg);
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
	if (!code && api->group != PDP_NO_GROUP &&
	    chown(api->address.sun_path, (uid_t)-1, api->group))
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
	static const struct pdp_clients_conf limits = {
		.most = CLIENTS_MAX, .request_s = REQUEST_TIME_S, .answer_s = ANSWER_TIME_S};
	int fd;

	api->http = evhttp_new(api->base);
	if (!api->http || pdp_clients_watch(&api->clients, api->base, api->http, &limits) ||
	    pdp_changes_new(&api->changes, api->node) ||
	    pdp_feed_new(&api->feed, api->node->events) ||
	    pdp_route_api_new(&api->routes, api->node))
		return pdp_fail(err, -ENOMEM, "no memory for the API");
	evhttp_set_timeout(api->http, SILENCE_S);
	evhttp_set_max_headers_size(api->http, HEADERS_MAX);
	evhttp_set_max_body_size(api->http, BODY_MAX);
	/* All that evhttp knows, so that a wrong one is refused in JSON. */
	evhttp_set_allowed_methods(api->http, 0xffff);
	evhttp_set_gencb(api->http, on_request, api);
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

static int place_socket(struct pdp_api *api, struct pdp_error *err)
{
	const char *dir = api->node->conf.run_dir;
	int len =
		snprintf(api->address.sun_path, sizeof(api->address.sun_path), "%s/pdpd.sock", dir);

	api->address.sun_family = AF_UNIX;
	if (len >= (int)sizeof(api->address.sun_path))
		return pdp_fail(err, -ENAMETOOLONG, "run directory %s: too long for a socket in it",
				dir);
	return 0;
}

int pdp_api_open(struct pdp_api **out, struct event_base *base, struct pdp_node *node,
		 const struct pdp_api_conf *conf, struct pdp_error *err)
{
	struct pdp_api *api = calloc(1, sizeof(*api));
	int code;

	if (!api)
		return pdp_fail(err, -ENOMEM, "no memory for the API");
	api->base = base;
	api->node = node;
	api->conf = *conf;
	api->group = pdp_group_find(conf->group);
	api->admins = pdp_group_find(conf->admins);
	code = place_socket(api, err);
	if (!code)
		code = serve(api, err);
	if (code) {
		pdp_api_close(api);
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
	struct evhttp_request *req = api ? api->pending : NULL;

	if (!req)
		return;
	api->pending = NULL;
	api->answering = evhttp_request_get_connection(req);
	if (err)
		pdp_reply_error(req, HTTP_INTERNAL, err->text);
	else
		pdp_reply(req, HTTP_OK, json_pack("[{s:s, s:s}]", "name", node, "state", "down"));
}

void pdp_api_flush(struct pdp_api *api)
{
	const struct timeval limit = {.tv_usec = FLUSH_MS * 1000L % 1000000,
				      .tv_sec = FLUSH_MS / 1000};
	int turns;

	if (!api)
		return;
	/* Until all is written: the connections close themselves then. */
	event_base_loopexit(api->base, &limit);
	for (turns = 0; turns < 1000; turns++)
		if ((!api->answering && !pdp_changes_answering(api->changes)) ||
		    event_base_loop(api->base, EVLOOP_ONCE) || event_base_got_exit(api->base))
			break;
}

void pdp_api_close(struct pdp_api *api)
{
	if (!api)
		return;
	pdp_route_api_free(api->routes);
	pdp_feed_free(api->feed);
	if (api->http)
		evhttp_free(api->http);
	pdp_changes_free(api->changes);
	pdp_clients_free(api->clients);
	free(api);
}
