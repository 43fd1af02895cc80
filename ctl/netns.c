/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* netns.c - the calling thread in and out of another network namespace; see netns.h. */
#include "ctl/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

int pdp_netns_open(pid_t pid, struct pdp_error *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? pdp_fail(err, -errno, "open %s: %s", path, strerror(errno)) : fd;
}

int pdp_netns_enter(int netns_fd, int *back, struct pdp_error *err)
{
	int code;

	*back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (*back < 0)
		return pdp_fail(err, -errno, "open own network namespace: %s", strerror(errno));
	if (!setns(netns_fd, CLONE_NEWNET))
		return 0;
	code = pdp_fail(err, -errno, "enter network namespace: %s", strerror(errno));
	close(*back);
	*back = -1;
	return code;
}

void pdp_netns_leave(int back)
{
	if (setns(back, CLONE_NEWNET)) {
		perror("cannot go back to own network namespace");
		abort();
	}
	close(back);
}

int pdp_netns_cookie(int socket_fd, uint64_t *cookie)
{
	socklen_t len = sizeof(*cookie);

	return getsockopt(socket_fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &len) ? -errno : 0;
}
