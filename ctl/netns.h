/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * netns.h - the calling thread in and out of another network namespace.
 *
 * Only the network namespace changes: mounts, and so bpffs, stay as they are. Sockets opened inside
 * belong to it for good, wherever the thread goes.
 */
#ifndef PDP_NETNS_H
#define PDP_NETNS_H

#include <stdint.h>
#include <sys/types.h>

#include "loader/loader.h"

/* A descriptor of a process's network namespace, the caller's to close; -errno. It keeps it alive. */
int pdp_netns_open(pid_t pid, struct pdp_error *err);

/*
 * pdp_netns_enter() - move the calling thread; *back is for pdp_netns_leave(), which must follow.
 * 0 or -errno with the thread where it was.
 */
int pdp_netns_enter(int netns_fd, int *back, struct pdp_error *err);

/* Back again. Cannot fail: a thread that does not know where it is must not go on, and aborts. */
void pdp_netns_leave(int back);

/* What the kernel calls the namespace that a socket belongs to (SO_NETNS_COOKIE); 0 or -errno. */
int pdp_netns_cookie(int socket_fd, uint64_t *cookie);

#endif
