/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * clients.h - how many clients a server has at once, and how long each may take.
 *
 * evhttp's own time limit begins anew with each byte: a client that sends one every few seconds would
 * stay for hours. Here a request has a limit as a whole, and so has its answer.
 */
#ifndef PDP_CLIENTS_H
#define PDP_CLIENTS_H

struct event_base;
struct evhttp;
struct evhttp_connection;
struct pdp_clients;

struct pdp_clients_conf {
	unsigned int most; /* one more, and the one that has been asking longest is cut off */
	unsigned int request_s; /* from the connection to the whole request */
	unsigned int answer_s; /* from then on, until all is written */
};

/* Watch all clients of an evhttp server that will connect. 0 or -ENOMEM. Free the server first. */
int pdp_clients_watch(struct pdp_clients **out, struct event_base *base, struct evhttp *http,
		      const struct pdp_clients_conf *conf);
/* NULL is fine. */
void pdp_clients_free(struct pdp_clients *clients);

/* A whole request is here: the time for the answer begins. Once for each request. */
void pdp_clients_asked(struct pdp_clients *clients, struct evhttp_connection *conn);

/* This answer takes as long as it takes: it waits for the node, or never ends. */
void pdp_clients_unlimited(struct pdp_clients *clients, struct evhttp_connection *conn);

#endif
