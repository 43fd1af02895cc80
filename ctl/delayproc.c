/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* delayproc.c - pdp-delay as a process; see delayproc.h. */
#include "ctl/delayproc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/affinity.h"

#define READY_MS 5000
#define READY_FD 3

void pdp_delayproc_init(struct pdp_delayproc *process)
{
	*process = (struct pdp_delayproc){.pidfd = -1};
}

void pdp_delayproc_forget(struct pdp_delayproc *process)
{
	if (process->pidfd >= 0)
		close(process->pidfd);
	pdp_delayproc_init(process);
}

int pdp_delayproc_find(struct pdp_delayproc *process, const char *stats)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(stats, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int code = -ESRCH;

	if (fd < 0)
		return -ESRCH;
	if (!fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK) {
		process->pid = lock.l_pid;
		process->pidfd = pidfd_open(lock.l_pid, 0);
		code = process->pidfd < 0 ? -ESRCH : 0;
	}
	close(fd);
	return code;
}

/* In the child: nothing of ours but the descriptor that tells when it is ready. */
static void become(char *const argv[], int ready)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	pdp_affinity_restore();
	if (ready == READY_FD ? !fcntl(ready, F_SETFD, 0) : dup2(ready, READY_FD) >= 0) {
		close_range(READY_FD + 1, ~0U, 0);
		execv(argv[0], argv);
	}
	_exit(127);
}

static int wait_ready(struct pdp_delayproc *process, int fd, struct pdp_error *err)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	siginfo_t info = {0};

	if (poll(&ready, 1, READY_MS) <= 0)
		return pdp_fail(err, -ETIMEDOUT, "pdp-delay was not ready after %d ms", READY_MS);
	/* Closed by a process that is ready, or that has ended. */
	if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) ||
	    info.si_pid)
		return pdp_fail(err, -EIO, "pdp-delay ended at once; its reason is in the log");
	return 0;
}

static int start(struct pdp_delayproc *process, char *const argv[], struct pdp_error *err)
{
	int pipe_fds[2], code;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return pdp_fail(err, -errno, "no pipe: %s", strerror(errno));
	pid = fork();
	if (!pid)
		become(argv, pipe_fds[1]);
	close(pipe_fds[1]);
	code = pid < 0 ? pdp_fail(err, -errno, "cannot start pdp-delay: %s", strerror(errno)) : 0;
	if (!code) {
		process->pid = pid;
		process->pidfd = pidfd_open(pid, 0);
		if (process->pidfd < 0)
			code = pdp_fail(err, -errno, "no pidfd: %s", strerror(errno));
	}
	if (!code)
		code = wait_ready(process, pipe_fds[0], err);
	close(pipe_fds[0]);
	return code;
}

int pdp_delayproc_spawn(struct pdp_delayproc *process, const struct pdp_delayproc_conf *conf,
			struct pdp_error *err)
{
	const char *slash = strrchr(conf->agent, '/');
	char path[256], ready[16];
	char *const argv[] = {path,
			      "--dev",
			      (char *)conf->dev,
			      "--xsks",
			      (char *)conf->xsks,
			      "--stats",
			      (char *)conf->stats,
			      "--ready-fd",
			      ready,
			      NULL};
	int code;

	snprintf(path, sizeof(path), "%.*spdp-delay", slash ? (int)(slash - conf->agent) + 1 : 0,
		 conf->agent);
	snprintf(ready, sizeof(ready), "%d", READY_FD);
	if (access(path, X_OK))
		return pdp_fail(err, -errno, "%s: %s; it belongs beside the agent", path,
				strerror(errno));
	code = start(process, argv, err);
	if (code && process->pidfd >= 0)
		pdp_delayproc_end(process, false, READY_MS);
	return code;
}

void pdp_delayproc_reap(struct pdp_delayproc *process, char *why, size_t len)
{
	siginfo_t info = {0};

	snprintf(why, len, "pdp-delay has ended");
	/* Somebody else's child, perhaps: then that one is told how it ended. */
	if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG) || !info.si_pid)
		return;
	if (info.si_code == CLD_EXITED)
		snprintf(why, len, "pdp-delay has ended with status %d", info.si_status);
	else
		snprintf(why, len, "pdp-delay was killed by signal %d (%s)", info.si_status,
			 strsignal(info.si_status));
}

void pdp_delayproc_end(struct pdp_delayproc *process, bool gently, int wait_ms)
{
	struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};
	char why[96];

	pidfd_send_signal(process->pidfd, gently ? SIGTERM : SIGKILL, NULL, 0);
	if (poll(&ended, 1, wait_ms) <= 0) {
		pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
		poll(&ended, 1, wait_ms);
	}
	pdp_delayproc_reap(process, why, sizeof(why));
	pdp_delayproc_forget(process);
}
