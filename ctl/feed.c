/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* feed.c - events to clients, once or for as long as they stay; see feed.h. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/feed.h"
#include "ctl/reply.h"

#define UNREAD_MAX (1 << 20)

struct follower {
	struct follower *next;
	struct pdp_feed *feed;
	struct evhttp_request *req;
};

struct pdp_feed {
	struct pdp_events *events;
	struct follower *followers;
};

json_t *pdp_event_json(const struct pdp_node_event *event)
{
	static const char *const levels[] = {
		[PDP_LOG_ERROR] = "error",
		[PDP_LOG_WARNING] = "warning",
		[PDP_LOG_NOTICE] = "notice",
		[PDP_LOG_INFO] = "info",
	};
	char day[32], when[48];
	struct tm tm;

	gmtime_r(&event->when.tv_sec, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(when, sizeof(when), "%s.%03ldZ", day, event->when.tv_nsec / 1000000);
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "number", (json_int_t)event->number,
			 "time", when, "kind", pdp_event_kind_name(event->kind), "level",
			 levels[event->level], "object", event->object, "text", event->text);
}

/* --- following --------------------------------------------------------------------------------- */

static struct bufferevent *stream_of(struct evhttp_request *req)
{
	return evhttp_connection_get_bufferevent(evhttp_request_get_connection(req));
}

/* The connection has gone, and the request with it. */
static void on_gone(struct evhttp_connection *conn, void *arg)
{
	struct follower *follower = arg;

	struct follower **at = &follower->feed->followers;

	(void)conn;
	while (*at != follower)
		at = &(*at)->next;
	*at = follower->next;
	pdp_reply_never(follower->req);
	free(follower);
}

static void send_line(struct evhttp_request *req, const struct pdp_node_event *event)
{
	json_t *row = pdp_event_json(event);
	char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
	struct evbuffer *line = evbuffer_new();

	if (text && line && evbuffer_add_printf(line, "%s\n", text) > 0)
		evhttp_send_reply_chunk(req, line);
	if (line)
		evbuffer_free(line);
	free(text);
	json_decref(row);
}

/* Who does not read finds the connection closed, and may ask again from the last number seen. */
static void on_event(const struct pdp_node_event *event, void *arg)
{
	struct pdp_feed *feed = arg;
	struct follower *follower;

	for (follower = feed->followers; follower; follower = follower->next) {
		struct bufferevent *stream = stream_of(follower->req);

		if (evbuffer_get_length(bufferevent_get_output(stream)) < UNREAD_MAX)
			send_line(follower->req, event);
		else
			shutdown(bufferevent_getfd(stream), SHUT_RDWR);
	}
}

int pdp_feed_new(struct pdp_feed **out, struct pdp_events *events)
{
	struct pdp_feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return -ENOMEM;
	feed->events = events;
	pdp_events_follow(events, on_event, feed);
	*out = feed;
	return 0;
}

void pdp_feed_free(struct pdp_feed *feed)
{
	struct follower *follower, *next;

	if (!feed)
		return;
	pdp_events_follow(feed->events, NULL, NULL);
	for (follower = feed->followers; follower; follower = next) {
		next = follower->next;
		evhttp_connection_set_closecb(evhttp_request_get_connection(follower->req), NULL,
					      NULL);
		free(follower);
	}
	free(feed);
}

static void follow(struct pdp_feed *feed, struct evhttp_request *req, uint64_t after)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	struct follower *follower = calloc(1, sizeof(*follower));
	const struct pdp_node_event *event;

	if (!follower) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	follower->req = req;
	follower->feed = feed;
	follower->next = feed->followers;
	feed->followers = follower;
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_gone, follower);
	evhttp_add_header(headers, "Content-Type", "application/x-ndjson");
	evhttp_send_reply_start(req, HTTP_OK, NULL);
	/* Silence on both sides is what this is for. */
	bufferevent_set_timeouts(stream_of(req), NULL, NULL);
	while ((event = pdp_events_next(feed->events, after))) {
		send_line(req, event);
		after = event->number;
	}
}

/* --- a request --------------------------------------------------------------------------------- */

struct query {
	bool follow;
	uint64_t after;
	uint64_t last; /* 0 = all */
};

static void read_number(uint64_t *out, const struct evkeyvalq *pairs, const char *key)
{
	const char *text = evhttp_find_header(pairs, key);

	if (text)
		*out = strtoull(text, NULL, 10);
}

static struct query query_of(struct evhttp_request *req)
{
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req)), *follow;
	struct evkeyvalq pairs;
	struct query out = {false, 0, 0};

	if (!text || evhttp_parse_query_str(text, &pairs))
		return out;
	follow = evhttp_find_header(&pairs, "follow");
	out.follow = follow && strcmp(follow, "0") != 0;
	read_number(&out.after, &pairs, "after");
	read_number(&out.last, &pairs, "last");
	evhttp_clear_headers(&pairs);
	return out;
}

static uint64_t newest(const struct pdp_feed *feed)
{
	const struct pdp_node_event *event = NULL, *next;

	while ((next = pdp_events_next(feed->events, event ? event->number : 0)))
		event = next;
	return event ? event->number : 0;
}

static json_t *rows_after(const struct pdp_feed *feed, uint64_t after)
{
	const struct pdp_node_event *event;
	json_t *rows = json_array();

	while ((event = pdp_events_next(feed->events, after))) {
		json_array_append_new(rows, pdp_event_json(event));
		after = event->number;
	}
	return rows;
}

bool pdp_feed_follows(struct evhttp_request *req)
{
	return query_of(req).follow;
}

void pdp_feed_request(struct pdp_feed *feed, struct evhttp_request *req)
{
	struct query query = query_of(req);
	uint64_t last = newest(feed);

	if (query.last && query.last < last && last - query.last > query.after)
		query.after = last - query.last;
	if (query.follow)
		follow(feed, req, query.after);
	else
		pdp_reply(req, HTTP_OK, rows_after(feed, query.after));
}
