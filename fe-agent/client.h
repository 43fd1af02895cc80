/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * client.h - the agent's end of the channel to the controller (channel.h).
 *
 * Off the packet's path, in the main thread: connects, says HELLO, applies what the controller sends
 * to the data plane, and connects again for as long as the worker runs. The worker has the data plane
 * from the first SYNC on, when the configuration is complete. A controller that comes anew sends its
 * whole configuration again, into the tables that are in force: what is as it was costs nothing, and
 * what was not said again is taken out at SYNC (mark and sweep). A second set of tables would have
 * no half-way state, but a full table twice is memory that guests would have to be given for that.
 */
#ifndef PDP_CLIENT_H
#define PDP_CLIENT_H

#include "fe-agent/worker.h"

struct pdp_client_conf {
	const char *path; /* of the controller's socket */
	const struct pdp_dataplane_ops *ops;
	struct pdp_worker *worker; /* started before run, stopped before free */
	const struct pdp_port *port;
	int stats_fd;
	int signal_fd; /* readable when the agent is to end */
};

struct pdp_client;

/* 0; -ENAMETOOLONG: the path does not fit a socket's address; -ENOMEM. */
int pdp_client_new(struct pdp_client **out, const struct pdp_client_conf *conf);
void pdp_client_free(struct pdp_client *client); /* NULL is fine */

/* Serve the controller until a signal comes or the worker ends by itself. */
void pdp_client_run(struct pdp_client *client);

#endif
