/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * process.h - what /proc tells of a process that is not a child of ours.
 */
#ifndef PDP_PROCESS_H
#define PDP_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct pdp_process {
	pid_t parent;
	bool kernel; /* a kernel thread */
	bool exiting; /* it closes its sockets some time before it is gone: kill(pid, 0) will not do */
};

/* 0; -ESRCH when there is none. */
int pdp_process_look(pid_t pid, struct pdp_process *out);

#endif
