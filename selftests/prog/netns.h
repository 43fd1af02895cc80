/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* netns.h - network namespaces of a prog test, and the commands that fill them. Include cmocka.h first. */
#ifndef PDP_PROG_NETNS_H
#define PDP_PROG_NETNS_H

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A descriptor of the caller's namespace; the caller closes it. */
static inline int own_netns(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static inline void enter(int netns)
{
	assert_int_equal(setns(netns, CLONE_NEWNET), 0);
}

/* Run it by the shell; the test fails when it does. */
static inline void command(const char *fmt, ...)
{
	char line[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (system(line))
		fail_msg("'%s' failed", line);
}

/*
 * Guests 1 to n: a namespace each, with an eth0 whose other end is m1, m2, ... in home. Without addresses, so that
 * nothing passes but what the test sends. The caller is in home afterwards, and closes the namespaces.
 */
static inline void make_guests(int home, int *guest_ns, int n)
{
	for (int i = 1; i <= n; i++) {
		assert_int_equal(unshare(CLONE_NEWNET), 0);
		guest_ns[i] = own_netns();
		enter(home);
		command("ip link add m%d type veth peer name eth0 index 2 netns /proc/%d/fd/%d", i,
			getpid(), guest_ns[i]);
		command("ip link set m%d addrgenmode none && ip link set m%d up", i, i);
		enter(guest_ns[i]);
		command("ip link set eth0 addrgenmode none && ip link set eth0 up");
	}
	enter(home);
}

#endif
