/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* route_api.c - requests about routes; see route_api.h. */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/route_api.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "ctl/agentconf.h"
#include "ctl/guest.h"
#include "ctl/layout.h"
#include "ctl/reply.h"
#include "ctl/route_check.h"
#include "ctl/route_kernel.h"
#include "ctl/rtbuild.h"
#include "ctl/rtjson.h"

#define PREFIX "/v1/vnets/"
#define PLACES_AT_ONCE 512 /* of a table, for one chunk */
#define ANSWER_TIMEOUT_S 3
#define QUERIES_MAX 16

struct query;

/* One guest's part in a query. */
struct part {
	struct query *query;
	struct pdp_guest_box *box; /* that will answer; NULL = none will */
	char name[48];
};

struct query {
	LIST_ENTRY(query) others;
	struct pdp_route_api *api;
	struct evhttp_request *req;
	char vnet[PDP_LABEL_MAX];
	/* show */
	struct pdp_agentconf *told;
	size_t place;
	struct evbuffer *lines;
	bool started;
	/* of an agent, or get */
	struct part parts[PDP_VNET_GUESTS_MAX];
	size_t waiting; /* for so many */
	struct event *timeout;
	json_t *rows;
	struct pdp_route_check *check;
};

struct pdp_route_api {
	struct pdp_node *node;
	LIST_HEAD(queries, query) queries;
	size_t n;
};

static struct pdp_node_vnet *vnet_of(const struct query *q)
{
	return pdp_node_vnet(q->api->node, q->vnet);
}

/* --- end ------------------------------------------------------------------------------------------- */

static void free_query(struct query *q)
{
	pdp_route_check_cancel(q->check);
	for (size_t i = 0; i < PDP_VNET_GUESTS_MAX; i++)
		if (q->parts[i].box)
			pdp_guest_forget_asked(q->parts[i].box, &q->parts[i]);
	if (q->timeout)
		event_free(q->timeout);
	if (q->lines)
		evbuffer_free(q->lines);
	pdp_agentconf_unref(q->told);
	json_decref(q->rows);
	evhttp_connection_set_closecb(evhttp_request_get_connection(q->req), NULL, NULL);
	LIST_REMOVE(q, others);
	q->api->n--;
	free(q);
}

static void on_gone(struct evhttp_connection *conn, void *arg)
{
	(void)conn;
	free_query(arg);
}

static void answer(struct query *q, int status, json_t *value)
{
	struct evhttp_request *req = q->req;

	free_query(q);
	pdp_reply(req, status, value);
}

static void refuse(struct query *q, int code, const char *why)
{
	struct evhttp_request *req = q->req;

	free_query(q);
	pdp_reply_error(req, pdp_reply_status(code), why);
}

/* --- show: lines ----------------------------------------------------------------------------------- */

static void add_line(struct query *q, json_t *row)
{
	char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;

	if (text)
		evbuffer_add_printf(q->lines, "%s\n", text);
	free(text);
	json_decref(row);
}

static void start_lines(struct query *q)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(q->req);

	if (q->started)
		return;
	q->started = true;
	evhttp_add_header(headers, "Content-Type", "application/x-ndjson");
	evhttp_add_header(headers, "Connection", "close");
	evhttp_send_reply_start(q->req, HTTP_OK, NULL);
}

static void end_lines(struct query *q)
{
	struct evhttp_request *req = q->req;

	start_lines(q);
	if (evbuffer_get_length(q->lines))
		evhttp_send_reply_chunk(req, q->lines);
	free_query(q);
	evhttp_send_reply_end(req);
}

static int add_route(const struct pdp_rtkey *key, const struct nlmsghdr *nlh, void *arg)
{
	struct query *q = arg;

	if (key->kind == RTM_NEWROUTE)
		add_line(q, pdp_rt_json(nlh, pdp_route_vif_name, vnet_of(q)));
	return 0;
}

static void on_written(struct evhttp_connection *conn, void *arg)
{
	struct query *q = arg;

	(void)conn;
	while (q->place != SIZE_MAX && !evbuffer_get_length(q->lines))
		pdp_agentconf_walk(q->told, &q->place, PLACES_AT_ONCE, add_route, q);
	if (q->place == SIZE_MAX)
		end_lines(q);
	else
		evhttp_send_reply_chunk_with_cb(q->req, q->lines, on_written, q);
}

static void show_told(struct query *q)
{
	q->told = pdp_agentconf_ref(vnet_of(q)->told);
	start_lines(q);
	on_written(NULL, q);
}

/* --- questions to agents --------------------------------------------------------------------------- */

static void wait_for_answers(struct query *q)
{
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};

	event_add(q->timeout, &timeout);
}

static void on_table(const void *msgs, size_t len, bool last, const struct pdp_error *err,
		     void *arg)
{
	struct part *part = arg;
	struct query *q = part->query;
	const struct nlmsghdr *nlh = msgs;
	int left = (int)len;

	wait_for_answers(q);
	if (last)
		part->box = NULL;
	if (err && !q->started) {
		refuse(q, -EREMOTEIO, err->text);
		return;
	}
	if (err)
		add_line(q, json_pack("{s:s}", "error", err->text));
	start_lines(q);
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		if (nlh->nlmsg_type == RTM_NEWROUTE)
			add_line(q, pdp_rt_json(nlh, pdp_route_vif_name, vnet_of(q)));
	if (last)
		end_lines(q);
	else if (evbuffer_get_length(q->lines))
		evhttp_send_reply_chunk(q->req, q->lines);
}

static void show_agent(struct query *q, const char *name)
{
	const struct pdp_node_vnet *vnet = vnet_of(q);
	struct pdp_guest_box *box = NULL;
	struct pdp_error err;

	for (size_t i = 0; i < vnet->n_guests; i++)
		if (!strcmp(vnet->guests[i]->name, name))
			box = vnet->guests[i]->box;
	if (!box) {
		pdp_fail(&err, 0, "vnet %s has no guest '%s'", q->vnet, name);
		refuse(q, -ENOENT, err.text);
		return;
	}
	if (pdp_guest_dump(box, on_table, &q->parts[0], &err)) {
		refuse(q, -EREMOTEIO, err.text);
		return;
	}
	q->parts[0].box = box;
	wait_for_answers(q);
}

/* --- get ------------------------------------------------------------------------------------------- */

static void add_found(struct query *q, const char *by, const struct nlmsghdr *nlh,
		      const char *error)
{
	json_t *route = nlh ? pdp_rt_json(nlh, pdp_route_vif_name, vnet_of(q)) : NULL;

	json_array_append_new(q->rows, json_pack("{s:s, s:s, s:o, s:o}", "vnet", q->vnet, "by", by,
						 "route", route ? route : json_null(), "error",
						 error ? json_string(error) : json_null()));
}

static void got_all(struct query *q)
{
	json_t *rows = json_incref(q->rows);

	answer(q, HTTP_OK, rows);
}

static void on_found(const void *msgs, size_t len, bool last, const struct pdp_error *err,
		     void *arg)
{
	struct part *part = arg;
	struct query *q = part->query;

	(void)last;
	part->box = NULL;
	add_found(q, part->name, !err && mnl_nlmsg_ok(msgs, (int)len) ? msgs : NULL,
		  err ? err->text : NULL);
	if (!--q->waiting)
		got_all(q);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct query *q = arg;

	(void)fd, (void)what;
	for (size_t i = 0; i < PDP_VNET_GUESTS_MAX; i++)
		if (q->rows && q->parts[i].box)
			add_found(q, q->parts[i].name, NULL, "its agent does not answer");
	if (q->rows) {
		got_all(q);
	} else if (q->started) {
		add_line(q, json_pack("{s:s}", "error", "its agent does not answer any more"));
		end_lines(q);
	} else {
		refuse(q, -ETIMEDOUT, "its agent does not answer");
	}
}

static void on_kernel(const struct nlmsghdr *nlh, void *arg)
{
	struct query *q = arg;

	add_found(q, "control", nlh, NULL);
}

/* What the control plane's kernel would do, where there is one. */
static void ask_kernel(struct query *q, const struct pdp_lookup *what)
{
	const struct pdp_node_vnet *vnet = vnet_of(q);
	struct pdp_error err;
	int netns_fd;

	if (!vnet->control || !vnet->control->box)
		return;
	netns_fd = pdp_mh_netns(vnet->control->box, &err);
	if (netns_fd < 0 ||
	    pdp_route_kernel(netns_fd, what, vnet->control->box, on_kernel, q, &err))
		add_found(q, "control", NULL, err.text);
	if (netns_fd >= 0)
		close(netns_fd);
}

static void get(struct query *q, const struct pdp_lookup *what)
{
	const struct pdp_node_vnet *vnet = vnet_of(q);
	struct pdp_error err;

	q->rows = json_array();
	ask_kernel(q, what);
	for (size_t i = 0; i < vnet->n_guests; i++) {
		const struct pdp_node_guest *guest = vnet->guests[i];
		struct part *part = &q->parts[i];

		snprintf(part->name, sizeof(part->name), "%s", guest->name);
		if (!guest->box)
			add_found(q, part->name, NULL, "it is not there");
		else if (pdp_guest_lookup(guest->box, what, on_found, part, &err))
			add_found(q, part->name, NULL, err.text);
		else
			part->box = guest->box, q->waiting++;
	}
	if (q->waiting)
		wait_for_answers(q);
	else
		got_all(q);
}

/* --- check ----------------------------------------------------------------------------------------- */

static void on_checked(json_t *rows, const struct pdp_error *err, void *arg)
{
	struct query *q = arg;

	q->check = NULL;
	if (err)
		refuse(q, -EREMOTEIO, err->text);
	else
		answer(q, HTTP_OK, rows);
}

static void check(struct query *q)
{
	struct pdp_error err;
	int code = pdp_route_check_begin(&q->check, q->api->node, q->vnet, on_checked, q, &err);

	if (code)
		refuse(q, code, err.text);
}

/* --- requests -------------------------------------------------------------------------------------- */

/* "/v1/vnets/NAME/routes/VERB": the verb, perhaps empty, or NULL. */
static const char *split(const char *path, char vnet[PDP_LABEL_MAX])
{
	const char *name = path + strlen(PREFIX), *slash;

	if (strncmp(path, PREFIX, strlen(PREFIX)) != 0)
		return NULL;
	slash = strchr(name, '/');
	if (!slash || slash - name >= PDP_LABEL_MAX || strncmp(slash, "/routes", 7) != 0 ||
	    (slash[7] && slash[7] != '/'))
		return NULL;
	memset(vnet, 0, PDP_LABEL_MAX);
	memcpy(vnet, name, (size_t)(slash - name));
	return slash[7] ? slash + 8 : slash + 7;
}

bool pdp_route_api_is(const char *path)
{
	char vnet[PDP_LABEL_MAX];

	return split(path, vnet);
}

static bool read_address(struct pdp_lookup *what, const struct evkeyvalq *pairs)
{
	const char *text = evhttp_find_header(pairs, "address");
	const char *hash = evhttp_find_header(pairs, "hash");

	memset(what, 0, sizeof(*what));
	if (hash)
		what->hash = (uint32_t)strtoul(hash, NULL, 0);
	what->family = text && inet_pton(AF_INET, text, what->addr) == 1    ? 4
		       : text && inet_pton(AF_INET6, text, what->addr) == 1 ? 6
									    : 0;
	return what->family;
}

static void dispatch(struct query *q, const char *verb, const struct evkeyvalq *pairs)
{
	const char *fe = evhttp_find_header(pairs, "fe");
	struct pdp_lookup what;

	if (!vnet_of(q))
		refuse(q, -ENOENT, "there is no such vnet");
	else if (!strcmp(verb, "") && fe)
		show_agent(q, fe);
	else if (!strcmp(verb, ""))
		show_told(q);
	else if (!strcmp(verb, "check"))
		check(q);
	else if (strcmp(verb, "get") != 0)
		refuse(q, -ENOENT, "there is no such path");
	else if (read_address(&what, pairs))
		get(q, &what);
	else
		refuse(q, -EINVAL, "address=ADDRESS is needed, of IPv4 or IPv6");
}

static struct query *new_query(struct pdp_route_api *api, struct evhttp_request *req)
{
	struct query *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->api = api;
	q->req = req;
	for (size_t i = 0; i < PDP_VNET_GUESTS_MAX; i++)
		q->parts[i].query = q;
	q->lines = evbuffer_new();
	q->timeout = event_new(api->node->base, -1, 0, on_timeout, q);
	LIST_INSERT_HEAD(&api->queries, q, others);
	api->n++;
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_gone, q);
	if (q->lines && q->timeout)
		return q;
	free_query(q);
	return NULL;
}

void pdp_route_api_request(struct pdp_route_api *api, struct evhttp_request *req)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *text = evhttp_uri_get_query(uri), *verb;
	struct evkeyvalq pairs = {0};
	struct query *q;

	if (api->n >= QUERIES_MAX) {
		pdp_reply_error(req, HTTP_SERVUNAVAIL, "too many ask for routes at once");
		return;
	}
	q = new_query(api, req);
	if (!q) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	verb = split(evhttp_uri_get_path(uri), q->vnet);
	if (evhttp_parse_query_str(text ? text : "", &pairs)) {
		refuse(q, -EINVAL, "the query cannot be read");
		return;
	}
	dispatch(q, verb, &pairs);
	evhttp_clear_headers(&pairs);
}

int pdp_route_api_new(struct pdp_route_api **out, struct pdp_node *node)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->node = node;
	return 0;
}

void pdp_route_api_free(struct pdp_route_api *api)
{
	if (!api)
		return;
	while (!LIST_EMPTY(&api->queries))
		free_query(LIST_FIRST(&api->queries));
	free(api);
}
