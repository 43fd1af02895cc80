/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pdp-fe-init.c - process 1 of an FE guest: gives up root, then keeps one agent running.
 *
 *   pdp-fe-init ARGUMENTS...     runs /pdp/pdp-fe-agent ARGUMENTS...
 *
 * LXC starts it as uid 0 of the guest's user namespace with the capabilities that changing to another
 * uid needs. Before anything else runs it becomes uid 1 with CAP_NET_RAW as its only capability in
 * every set, bounding set included, so neither it nor a child can have more again. It keeps the
 * namespace, and so eth0 and its XDP program, alive while agents come and go; an agent that ends is
 * started again after 0.1 s, doubled up to 5 s as long as agents end within 5 s.
 *
 * It waits for the controller's socket before the first agent: eth0 is ready when the socket is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fe-agent/channel.h"

#define AGENT "/pdp/pdp-fe-agent"
#define LOG PDP_AGENT_DIR "/agent.log"
#define AGENT_UID 1
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define SOCKET_POLL_MIN_MS 2
#define SOCKET_POLL_MAX_MS 100
#define STOP_MS 200

/* For people: into the guest's log, which is standard error. */
static int complain(const char *what)
{
	fprintf(stderr, "pdp-fe-init: %s: %s\n", what, strerror(errno));
	return -1;
}

/* The bounding set becomes CAP_NET_RAW alone. */
static int bound_capabilities(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (cap != CAP_NET_RAW && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return complain("drop a capability from the bounding set");
	return 0;
}

static int keep_net_raw(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {0};

	caps[0].permitted = caps[0].effective = caps[0].inheritable = 1U << CAP_NET_RAW;
	if (syscall(SYS_capset, &header, caps) ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0))
		return complain("keep CAP_NET_RAW");
	return 0;
}

static int become_agent(void)
{
	if (bound_capabilities())
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) ||
	    setresgid(AGENT_UID, AGENT_UID, AGENT_UID) ||
	    setresuid(AGENT_UID, AGENT_UID, AGENT_UID))
		return complain("become uid 1");
	if (keep_net_raw())
		return -1;
	/* LXC's monitor set it, the change of uid cleared it: no guest outlives its monitor. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) ? complain("tie to the monitor") : 0;
}

static void open_log(void)
{
	int fd = open(LOG, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static pid_t start_agent(char **argv, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sigprocmask(SIG_SETMASK, mask, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	argv[0] = (char *)AGENT;
	execv(AGENT, argv);
	complain("exec " AGENT);
	_exit(127);
}

/* Asked to stop: the agent first, so that it closes its books; what is left then dies with us. */
static void stop(pid_t agent, const sigset_t *signals) __attribute__((noreturn));
static void stop(pid_t agent, const sigset_t *signals)
{
	const struct timespec patience = {.tv_nsec = STOP_MS * 1000000L};

	if (agent > 0 && !kill(agent, SIGTERM))
		while (sigtimedwait(signals, NULL, &patience) > 0)
			if (waitpid(agent, NULL, WNOHANG) == agent)
				break;
	exit(EXIT_SUCCESS);
}

/* Until pid ends; other children are orphans of it, reaped in passing. */
static int wait_for_end(pid_t pid, const sigset_t *signals)
{
	int status, signal;
	pid_t ended;

	for (;;) {
		sigwait(signals, &signal);
		if (signal != SIGCHLD)
			stop(pid, signals);
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == pid)
				return status;
	}
}

static void tell_end(int status, unsigned int pause_ms)
{
	if (WIFSIGNALED(status))
		fprintf(stderr, "pdp-fe-init: agent died of signal %d (%s); again in %u ms\n",
			WTERMSIG(status), strsignal(WTERMSIG(status)), pause_ms);
	else
		fprintf(stderr, "pdp-fe-init: agent ended with status %d; again in %u ms\n",
			WEXITSTATUS(status), pause_ms);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Sleep, but end at once on SIGTERM. */
static void sleep_ms(unsigned int ms, const sigset_t *signals)
{
	const uint64_t end = now_ms() + ms;
	uint64_t now;

	while ((now = now_ms()) < end) {
		const struct timespec left = {.tv_sec = (time_t)((end - now) / 1000),
					      .tv_nsec = (long)((end - now) % 1000) * 1000000L};
		int signal = sigtimedwait(signals, NULL, &left);

		if (signal > 0 && signal != SIGCHLD)
			stop(0, signals);
	}
}

/* Looks less often with time: a guest whose controller died before it listened may wait for good. */
static void wait_for_controller(const sigset_t *signals)
{
	unsigned int pause_ms = SOCKET_POLL_MIN_MS;

	while (access(PDP_AGENT_SOCK, F_OK)) {
		sleep_ms(pause_ms, signals);
		if (pause_ms < SOCKET_POLL_MAX_MS)
			pause_ms++;
	}
}

static void keep_running(char **argv, const sigset_t *signals, const sigset_t *mask)
{
	unsigned int pause_ms = PAUSE_MIN_MS;

	for (;;) {
		const uint64_t start = now_ms();
		pid_t pid = start_agent(argv, mask);

		if (pid < 0) {
			complain("fork");
		} else {
			int status = wait_for_end(pid, signals);

			if (now_ms() - start > PAUSE_MAX_MS)
				pause_ms = PAUSE_MIN_MS;
			tell_end(status, pause_ms);
		}
		sleep_ms(pause_ms, signals);
		pause_ms = pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause_ms * 2;
	}
}

int main(int argc, char **argv)
{
	sigset_t signals, mask;

	if (argc < 1 || getpid() != 1) {
		fputs("pdp-fe-init is process 1 of an FE guest; pdpd starts it\n", stderr);
		return 2;
	}
	/* The log is bounded; a full one must not end the agent. Ignoring survives exec. */
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, &mask);
	if (become_agent())
		return EXIT_FAILURE;
	open_log();
	wait_for_controller(&signals);
	keep_running(argv, &signals, &mask);
}
