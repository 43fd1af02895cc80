/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * delayproc.h - pdp-delay as a process: started, found again, waited for, ended.
 *
 * It holds a lock on its counters' file for as long as it lives, which tells the next controller whom
 * to adopt. It need not be a child of ours.
 */
#ifndef PDP_DELAYPROC_H
#define PDP_DELAYPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "loader/loader.h"

struct pdp_delayproc {
	pid_t pid;
	int pidfd; /* readable when it has ended; -1 = there is none */
};

struct pdp_delayproc_conf {
	const char *agent; /* pdp-delay stands beside it */
	const char *dev;
	const char *stats;
	char xsks[256];
};

void pdp_delayproc_init(struct pdp_delayproc *process);
/* Close the descriptor; the process runs on. */
void pdp_delayproc_forget(struct pdp_delayproc *process);

/* The one that holds the lock; -ESRCH. */
int pdp_delayproc_find(struct pdp_delayproc *process, const char *stats);

/* Start one and wait until packets can come. Nothing is left when this fails. */
int pdp_delayproc_spawn(struct pdp_delayproc *process, const struct pdp_delayproc_conf *conf,
			struct pdp_error *err);

/* It has ended: how, as a sentence. */
void pdp_delayproc_reap(struct pdp_delayproc *process, char *why, size_t len);

/* End it, gently first if it may, and reap it. */
void pdp_delayproc_end(struct pdp_delayproc *process, bool gently, int wait_ms);

#endif
