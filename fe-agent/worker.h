/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * worker.h - the thread that serves one queue: receive, data plane, send, take back, refill.
 *
 * Owns the port and its frames while it runs. The channel's thread talks to it by two words: which
 * data plane instance is in force, and stop.
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
	struct pdp_dataplane *_Atomic wanted;
	struct pdp_dataplane *_Atomic in_force;
	atomic_bool stop;
	atomic_bool ended;
	int wake_fd; /* eventfd: look at wanted and stop */
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
 * Put an instance in force, between two bursts, without a packet lost. Returns the former one, NULL
 * the first time, when the worker has let go of it, for the caller to finish.
 */
struct pdp_dataplane *pdp_worker_swap(struct pdp_worker *worker, struct pdp_dataplane *dp);

/* Stop and join. Returns what the worker ended with: 0, or -errno when it ended by itself. */
int pdp_worker_stop(struct pdp_worker *worker);

#endif
