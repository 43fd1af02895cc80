/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * worker.h - the thread that serves one queue: receive, data plane, send, take back, refill.
 *
 * Owns the port and its frames while it runs. The channel's thread talks to it by two words: the data
 * plane, once it is complete, and stop.
 */
#ifndef PDP_WORKER_H
#define PDP_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fe-agent/dataplane.h"
#include "fe-agent/port.h"

struct pdp_worker {
	/* Set by the owner before start. */
	struct pdp_port *port;
	const struct pdp_dataplane_ops *ops;
	struct pdp_agent_stats *stats;
	/* The rest is the worker's. */
	struct pdp_dataplane *_Atomic given;
	struct pdp_dataplane *_Atomic serving; /* what was given, once it takes packets */
	atomic_bool stop;
	atomic_bool ended;
	int wake_fd; /* eventfd: look at given and stop */
	int done_fd; /* eventfd: the worker has ended by itself */
	int rc; /* why: -ENXIO, the device has gone; valid once the thread is joined */
	pthread_t thread;
};

/*
 * Start the thread. It has no data plane yet: what comes in waits on the receive ring, instead of
 * being told that there is no route. 0 or -errno.
 */
int pdp_worker_start(struct pdp_worker *worker);

/*
 * Give it the data plane, the first or another in the place of the last: it takes packets when this returns,
 * and nobody is at the last one any more. dp stays the caller's.
 */
void pdp_worker_give(struct pdp_worker *worker, struct pdp_dataplane *dp);

/* Stop and join. Returns what the worker ended with: 0, or -errno when it ended by itself. */
int pdp_worker_stop(struct pdp_worker *worker);

#endif
