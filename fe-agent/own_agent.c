/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* own_agent.c - the agent of a vnet's owner; see own_agent.h. */
#include "fe-agent/own_agent.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fe-agent/own_maps.h"

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define MAP_TEXT 64 /* of a map in the environment */

struct pdp_own_agent {
	struct pdp_own_parts parts;
	int fds[PDP_OWN_FDS];
	unsigned int n_fds; /* 0 = there is nothing to run */
	pid_t pid; /* 0 = it does not run */
	int pidfd;
	uint64_t start_ms; /* when it was, or is to be started */
	unsigned int pause_ms;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct pdp_own_agent *pdp_own_agent_new(void)
{
	struct pdp_own_agent *own = calloc(1, sizeof(*own));

	if (own)
		own->pidfd = -1;
	return own;
}

/* --- a process ------------------------------------------------------------------------------------ */

static void end(struct pdp_own_agent *own)
{
	if (!own->pid)
		return;
	/* With all that it has started. */
	kill(-own->pid, SIGKILL);
	kill(own->pid, SIGKILL);
	waitpid(own->pid, NULL, 0);
	close(own->pidfd);
	own->pidfd = -1;
	own->pid = 0;
}

static void tell_maps(const struct pdp_own_agent *own, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, PDP_OWN_MAPS_ENV "=");

	for (uint32_t i = 0; i < own->parts.n_maps; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%s:%d:%u:%u", i ? " " : "",
				       own->parts.maps[i].name, own->fds[1 + i],
				       own->parts.maps[i].value_size, own->parts.maps[i].entries);
}

/* In the child: nothing of pdp-fe-agent's but the log and the maps. */
static void become(const struct pdp_own_agent *own, char *maps) __attribute__((noreturn));
static void become(const struct pdp_own_agent *own, char *maps)
{
	char *argv[] = {"own-agent", NULL}, *env[] = {"PATH=/usr/bin:/bin", maps, NULL};
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	for (unsigned int i = 1; i < own->n_fds; i++)
		fcntl(own->fds[i], F_SETFD, 0);
	fexecve(own->fds[0], argv, env);
	warn("cannot run the owner's agent");
	_exit(127);
}

static int start(struct pdp_own_agent *own)
{
	char maps[sizeof(PDP_OWN_MAPS_ENV) + PDP_OWN_MAPS * MAP_TEXT];
	pid_t pid;

	tell_maps(own, maps, sizeof(maps));
	own->start_ms = now_ms();
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		become(own, maps);
	setpgid(pid, pid);
	own->pid = pid;
	own->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

static void start_later(struct pdp_own_agent *own)
{
	const uint64_t now = now_ms();

	if (now - own->start_ms > PAUSE_MAX_MS)
		own->pause_ms = PAUSE_MIN_MS;
	own->start_ms = now + own->pause_ms;
	own->pause_ms = own->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : own->pause_ms * 2;
}

static void reap(struct pdp_own_agent *own)
{
	int status;

	if (waitpid(own->pid, &status, WNOHANG) != own->pid)
		return;
	kill(-own->pid, SIGKILL);
	close(own->pidfd);
	own->pidfd = -1;
	own->pid = 0;
	if (WIFSIGNALED(status))
		warnx("the owner's agent died of signal %d", WTERMSIG(status));
	else
		warnx("the owner's agent ended with status %d", WEXITSTATUS(status));
	start_later(own);
}

/* --- what the client asks for --------------------------------------------------------------------- */

static void let_go(struct pdp_own_agent *own)
{
	end(own);
	while (own->n_fds)
		close(own->fds[--own->n_fds]);
	own->parts = (struct pdp_own_parts){0};
}

void pdp_own_agent_free(struct pdp_own_agent *own)
{
	if (own)
		let_go(own);
	free(own);
}

int pdp_own_agent_set(struct pdp_own_agent *own, const struct pdp_own_parts *parts, const int *fds,
		      unsigned int n_fds)
{
	if (n_fds && own->n_fds && own->parts.digest == parts->digest)
		return 0;
	let_go(own);
	for (unsigned int i = 0; i < n_fds; i++) {
		own->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (own->fds[i] < 0)
			return -errno;
		own->n_fds++;
	}
	own->parts = *parts;
	for (int i = 0; i < PDP_OWN_MAPS; i++)
		own->parts.maps[i].name[sizeof(own->parts.maps[i].name) - 1] = '\0';
	own->pause_ms = PAUSE_MIN_MS;
	own->start_ms = now_ms();
	return 0;
}

int pdp_own_agent_fd(const struct pdp_own_agent *own)
{
	return own ? own->pidfd : -1;
}

int pdp_own_agent_wait_ms(const struct pdp_own_agent *own)
{
	const uint64_t now = now_ms();

	if (!own || own->pid || !own->n_fds)
		return -1;
	return own->start_ms > now ? (int)(own->start_ms - now) : 0;
}

void pdp_own_agent_turn(struct pdp_own_agent *own)
{
	int rc;

	if (own && own->pid)
		reap(own);
	if (pdp_own_agent_wait_ms(own))
		return;
	rc = start(own);
	if (rc) {
		warnx("no process for the owner's agent: %s", strerror(-rc));
		start_later(own);
	}
}
