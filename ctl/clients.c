/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * clients.c - clients of an evhttp server, their number and their time; see clients.h.
 *
 * evhttp tells of a connection only when a whole request has come. So each connection gets its
 * bufferevent from here, and a second reference to it stays here: evhttp has freed the connection when
 * nobody wants the bufferevent's callbacks any more. The descriptor is closed with the last reference.
 */
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "ctl/clients.h"

#define SWEEP_MS 100

struct client {
	struct client *next;
	struct bufferevent *bev;
	bool asked;
	time_t until; /* CLOCK_MONOTONIC; 0 = no limit */
};

struct pdp_clients {
	struct pdp_clients_conf conf;
	struct event *sweep;
	unsigned int n;
	struct client *first, **last; /* the oldest first; last = where the next one goes */
};

static time_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec;
}

/* evhttp sees the end of the connection, and frees it. */
static void cut_off(const struct client *client)
{
	shutdown(bufferevent_getfd(client->bev), SHUT_RDWR);
}

static bool is_gone(const struct client *client)
{
	void *owner;

	bufferevent_getcb(client->bev, NULL, NULL, NULL, &owner);
	return !owner;
}

/* Take the client at this place of the list out of it. */
static void forget(struct pdp_clients *clients, struct client **at)
{
	struct client *client = *at;

	*at = client->next;
	if (clients->last == &client->next)
		clients->last = at;
	clients->n--;
	bufferevent_decref(client->bev);
	free(client);
}

static void sweep(struct pdp_clients *clients)
{
	struct client **at = &clients->first;
	const time_t when = now();

	while (*at) {
		if (is_gone(*at)) {
			forget(clients, at);
			continue;
		}
		if ((*at)->until && when > (*at)->until)
			cut_off(*at);
		at = &(*at)->next;
	}
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_clients *clients = arg;

	(void)fd;
	(void)what;
	sweep(clients);
	if (!clients->n)
		event_del(clients->sweep);
}

/* Who asks longest without having asked makes room. */
static void make_room(struct pdp_clients *clients)
{
	struct client *client;

	for (client = clients->first; client; client = client->next) {
		if (client->asked)
			continue;
		client->asked = true; /* cut off once */
		cut_off(client);
		return;
	}
}

/* NULL: evhttp makes a connection of its own, which is not watched. */
static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	const struct timeval period = {.tv_usec = SWEEP_MS * 1000};
	struct pdp_clients *clients = arg;
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!client->bev) {
		free(client);
		return NULL;
	}
	bufferevent_incref(client->bev);
	client->until = now() + clients->conf.request_s;
	sweep(clients);
	if (clients->n >= clients->conf.most)
		make_room(clients);
	*clients->last = client;
	clients->last = &client->next;
	if (!clients->n++)
		event_add(clients->sweep, &period);
	return client->bev;
}

int pdp_clients_watch(struct pdp_clients **out, struct event_base *base, struct evhttp *http,
		      const struct pdp_clients_conf *conf)
{
	struct pdp_clients *clients = calloc(1, sizeof(*clients));

	if (!clients)
		return -ENOMEM;
	clients->conf = *conf;
	clients->last = &clients->first;
	clients->sweep = event_new(base, -1, EV_PERSIST, on_sweep, clients);
	if (!clients->sweep) {
		free(clients);
		return -ENOMEM;
	}
	evhttp_set_bevcb(http, on_connection, clients);
	*out = clients;
	return 0;
}

void pdp_clients_free(struct pdp_clients *clients)
{
	if (!clients)
		return;
	while (clients->first)
		forget(clients, &clients->first);
	event_free(clients->sweep);
	free(clients);
}

static struct client *find(struct pdp_clients *clients, struct evhttp_connection *conn)
{
	const struct bufferevent *bev = evhttp_connection_get_bufferevent(conn);
	struct client *client = clients->first;

	while (client && client->bev != bev)
		client = client->next;
	return client;
}

void pdp_clients_asked(struct pdp_clients *clients, struct evhttp_connection *conn)
{
	struct client *client = find(clients, conn);

	if (!client)
		return;
	client->asked = true;
	client->until = now() + clients->conf.answer_s;
}

void pdp_clients_unlimited(struct pdp_clients *clients, struct evhttp_connection *conn)
{
	struct client *client = find(clients, conn);

	if (client)
		client->until = 0;
}
