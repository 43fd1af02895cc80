/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * notify.c - one datagram a word. The watchdog's ping comes from a timer of the event loop that does all
 * of pdpd's work: a loop that stands still is a pdpd that neither heals nor answers.
 */
#include "ctl/notify.h"

#include <errno.h>
#include <event2/event.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/log.h"

void pdp_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	socklen_t len;
	int fd;

	if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof(to.sun_path))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	memcpy(to.sun_path, path, strlen(path));
	if (*path == '@')
		to.sun_path[0] = '\0';
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
		pdp_log(PDP_LOG_WARNING, "cannot tell %s to %s: %s", state, path, strerror(errno));
	close(fd);
}

unsigned long pdp_watchdog_period_us(const char *usec, const char *pid, pid_t self)
{
	char *end;
	unsigned long period;

	if (!usec || (pid && strtol(pid, NULL, 10) != self))
		return 0;
	period = strtoul(usec, &end, 10);
	return *end || end == usec ? 0 : period / 2;
}

static void ping(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	pdp_notify("WATCHDOG=1");
}

int pdp_watchdog_start(struct event **out, struct event_base *base)
{
	const unsigned long us =
		pdp_watchdog_period_us(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid());
	const struct timeval period = {.tv_sec = (time_t)(us / 1000000),
				       .tv_usec = (suseconds_t)(us % 1000000)};

	*out = NULL;
	if (!us)
		return 0;
	*out = event_new(base, -1, EV_PERSIST, ping, NULL);
	if (*out && !event_add(*out, &period))
		return 0;
	if (*out)
		event_free(*out);
	*out = NULL;
	return -ENOMEM;
}
