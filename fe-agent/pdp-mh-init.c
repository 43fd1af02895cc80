/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pdp-mh-init.c - process 1 of an MH guest: keeps the programs of a control plane running.
 *
 * The controller has made the vifs, their addresses and static routes when it listens on PDP_MH_SOCK;
 * before that nothing is started. A program that ends is started again after 0.1 s, doubled up to 5 s as
 * long as it ends within 5 s, and the controller is told how it ended with the last that it said. What
 * programs say goes to /var/log/NAME.log, of bounded length. Orphans are reaped.
 *
 * It ends on SIGTERM alone: the guest's network namespace, with the routes that traffic follows, is there
 * as long as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fe-agent/mhchannel.h"
#include "fe-agent/mhservices.h"

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define POLL_MS 50 /* for files that are waited for */
#define CONNECT_MS 500
#define PATIENCE_MS 15000
#define STOP_MS 1000 /* for a program that is asked to end */
#define LOG_MAX (256 * 1024) /* then it is the old log, and a new one begins */
#define TAIL_MAX 400

/* How a service of the list does. */
struct run {
	pid_t pid; /* 0 = it does not run */
	int fd; /* what it says; -1 */
	int log_fd;
	size_t log_len;
	uint64_t started_ms, due_ms, since_ms;
	unsigned int pause_ms;
	bool ran, over; /* over: done, or given up */
	char tail[TAIL_MAX + 1];
	char last_end[PDP_MH_LINE_MAX]; /* told, or to be told */
	bool untold;
};

static struct pdp_mh_services services;
static struct run runs[PDP_MH_SERVICES];
static sigset_t inherited;
static int controller = -1;
static uint64_t connect_ms;
static bool started; /* the controller has been there */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- the controller ------------------------------------------------------------------------------- */

static bool tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool tell(const char *format, ...)
{
	char text[PDP_MH_LINE_MAX];
	va_list args;
	int len;

	if (controller < 0)
		return false;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len >= (int)sizeof(text))
		len = sizeof(text) - 1;
	return send(controller, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) == len;
}

static void tell_all(void)
{
	char names[PDP_MH_LINE_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < services.n; i++)
		if (runs[i].pid && len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, " %s",
						services.list[i].name);
	tell("hello%s", names);
	if (*services.trouble)
		tell("trouble %s", services.trouble);
	for (size_t i = 0; i < services.n; i++)
		if (runs[i].untold)
			runs[i].untold = !tell("%s", runs[i].last_end);
}

static void read_services(bool again)
{
	pdp_mh_services_read(&services, PDP_MH_CONTROL, PDP_MH_CONFIG);
	for (size_t i = 0; i < PDP_MH_SERVICES; i++) {
		runs[i] = (struct run){.fd = -1, .log_fd = -1, .ran = again};
		/* Of those that ran before. */
		if (*services.list[i].after)
			unlink(services.list[i].after);
	}
}

static void connect_controller(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX, .sun_path = PDP_MH_SOCK};

	connect_ms = now_ms() + (started ? CONNECT_MS : POLL_MS);
	/* Not to be held up where others have taken all places in the queue. */
	controller = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (controller >= 0 && connect(controller, (struct sockaddr *)&sun, sizeof(sun))) {
		close(controller);
		controller = -1;
	}
	if (controller < 0)
		return;
	/* Not before: what it is to run may be others' than when the container was made. */
	if (!started)
		read_services(false);
	started = true;
	tell_all();
}

/* --- one program ---------------------------------------------------------------------------------- */

static void rotate_log(size_t i)
{
	char path[64], old[72];

	snprintf(path, sizeof(path), "/run/log/%s.log", services.list[i].name);
	snprintf(old, sizeof(old), "%s.1", path);
	if (runs[i].log_fd >= 0)
		close(runs[i].log_fd);
	rename(path, old);
	runs[i].log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	runs[i].log_len = 0;
}

/* Into the log, and the end of it into the tail. */
static void take_words(size_t i, const char *text, size_t len)
{
	struct run *run = &runs[i];
	const size_t had = strlen(run->tail);

	if (run->log_fd < 0 || run->log_len + len > LOG_MAX)
		rotate_log(i);
	if (run->log_fd >= 0 && write(run->log_fd, text, len) > 0)
		run->log_len += len;
	if (len > TAIL_MAX) {
		text += len - TAIL_MAX;
		len = TAIL_MAX;
	}
	if (had + len > TAIL_MAX) {
		const size_t cut = had + len - TAIL_MAX;

		memmove(run->tail, run->tail + cut, had - cut);
		memcpy(run->tail + had - cut, text, len);
	} else {
		memcpy(run->tail + had, text, len);
	}
	run->tail[had + len > TAIL_MAX ? TAIL_MAX : had + len] = '\0';
}

static void read_words(size_t i)
{
	char text[4096];
	ssize_t n;

	while (runs[i].fd >= 0 && (n = read(runs[i].fd, text, sizeof(text))) > 0)
		take_words(i, text, (size_t)n);
}

/* The last lines in one, clean. */
static void last_words(struct run *run, char *out, size_t size)
{
	char *text = run->tail;
	size_t len = strlen(text), lines = 0;

	while (len && strchr(" \r\n", text[len - 1]))
		text[--len] = '\0';
	for (size_t at = len; at > 0; at--)
		if (text[at - 1] == '\n' && (++lines == 2 || len - at > TAIL_MAX / 2)) {
			text += at;
			break;
		}
	for (char *c = text; *c; c++)
		*c = *c == '\n' ? '|' : (unsigned char)*c < ' ' ? ' ' : *c;
	snprintf(out, size, "%s", text);
}

static void run_child(size_t i, int out) __attribute__((noreturn));
static void run_child(size_t i, int out)
{
	struct pdp_mh_service *service = &services.list[i];

	sigprocmask(SIG_SETMASK, &inherited, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	setsid();
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (*service->dir && chdir(service->dir))
		fprintf(stderr, "cannot go to %s: %s\n", service->dir, strerror(errno));
	if (service->again && runs[i].ran)
		service->argv[service->n_args] = (char *)service->again;
	execv(service->argv[0], service->argv);
	fprintf(stderr, "cannot run %s: %s\n", service->argv[0], strerror(errno));
	_exit(127);
}

static void start(size_t i)
{
	struct run *run = &runs[i];
	int fds[2];

	run->tail[0] = '\0';
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return;
	/* Only our end must not block. */
	fcntl(fds[1], F_SETFL, 0);
	run->pid = fork();
	if (!run->pid)
		run_child(i, fds[1]);
	close(fds[1]);
	run->fd = fds[0];
	run->started_ms = now_ms();
	if (run->pid < 0) {
		run->pid = 0;
		close(run->fd);
		run->fd = -1;
		run->due_ms = now_ms() + PAUSE_MAX_MS;
		return;
	}
	run->ran = true;
	if (!services.list[i].once)
		tell("up %s", services.list[i].name);
}

static void describe_end(int status, char *out, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(out, size, "died of signal %d", WTERMSIG(status));
	else
		snprintf(out, size, "ended with %d", WEXITSTATUS(status));
}

/* A daemon that was started anew is to have its part of the configuration again. */
static void do_once_again(const char *daemon)
{
	for (size_t i = 0; i < services.n; i++) {
		struct pdp_mh_service *service = &services.list[i];
		const char *dash = strchr(service->name, '-');

		if (!service->once || !dash || strcmp(dash + 1, daemon) != 0)
			continue;
		runs[i].over = false;
		runs[i].since_ms = 0;
		unlink(service->after);
	}
}

static void note_end(size_t i, int status)
{
	struct pdp_mh_service *service = &services.list[i];
	struct run *run = &runs[i];
	char how[64], words[TAIL_MAX + 1];

	read_words(i);
	close(run->fd);
	run->fd = -1;
	run->pid = 0;
	run->over = service->once;
	if (service->once && !status)
		return;
	describe_end(status, how, sizeof(how));
	last_words(run, words, sizeof(words));
	snprintf(run->last_end, sizeof(run->last_end), "%s %s %s%s%s",
		 service->once ? "trouble" : "down", service->name, how, *words ? ": " : "", words);
	run->untold = !tell("%s", run->last_end);
	if (service->once)
		return;
	if (!run->pause_ms || now_ms() - run->started_ms > PAUSE_MAX_MS)
		run->pause_ms = PAUSE_MIN_MS;
	run->due_ms = now_ms() + run->pause_ms;
	run->pause_ms = run->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : run->pause_ms * 2;
	do_once_again(service->name);
}

/* Children of ours, and orphans of theirs. */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < services.n; i++)
			if (runs[i].pid == pid)
				note_end(i, status);
}

/* --- all of them ---------------------------------------------------------------------------------- */

/* Those that tell peers have a moment for it. The one that holds the kernel's routes went before. */
static void stop_all(void)
{
	const struct timespec step = {.tv_nsec = 10000000};
	const uint64_t end = now_ms() + STOP_MS;
	bool left = true;

	for (size_t i = 0; i < services.n; i++)
		if (runs[i].pid && services.list[i].ending == PDP_MH_END_KILL)
			kill(-runs[i].pid, SIGKILL);
	for (size_t i = 0; i < services.n; i++)
		if (runs[i].pid)
			kill(runs[i].pid, SIGTERM);
	while (left) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			for (size_t i = 0; i < services.n; i++)
				if (runs[i].pid == pid)
					runs[i].pid = 0;
		left = false;
		for (size_t i = 0; i < services.n; i++) {
			left |= runs[i].pid > 0;
			if (runs[i].pid && now_ms() > end)
				kill(-runs[i].pid, SIGKILL);
		}
		if (left)
			nanosleep(&step, NULL);
	}
	for (size_t i = 0; i < services.n; i++) {
		if (runs[i].fd >= 0)
			close(runs[i].fd);
		if (runs[i].log_fd >= 0)
			close(runs[i].log_fd);
	}
}

static void reload(void)
{
	stop_all();
	read_services(true);
	if (*services.trouble)
		tell("trouble %s", services.trouble);
}

static bool is_ready(size_t i)
{
	struct run *run = &runs[i];
	const struct pdp_mh_service *service = &services.list[i];

	if (run->pid || run->over || now_ms() < run->due_ms)
		return false;
	if (!*service->after || !access(service->after, F_OK))
		return true;
	if (!run->since_ms)
		run->since_ms = now_ms();
	if (now_ms() - run->since_ms < PATIENCE_MS)
		return false;
	if (!service->once)
		return true;
	run->over = true;
	tell("trouble %s: %s is not there after %d s", service->name, service->after,
	     PATIENCE_MS / 1000);
	return false;
}

static int start_due(void)
{
	int timeout = started ? CONNECT_MS : POLL_MS;

	for (size_t i = 0; i < services.n && started; i++) {
		if (is_ready(i))
			start(i);
		if (!runs[i].pid && !runs[i].over)
			timeout = POLL_MS;
	}
	if (controller < 0 && now_ms() >= connect_ms)
		connect_controller();
	/* With nothing to do, sleep until something comes. */
	return controller >= 0 && timeout == CONNECT_MS ? -1 : timeout;
}

static void hear_controller(void)
{
	char text[PDP_MH_LINE_MAX];
	ssize_t n = recv(controller, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0) {
		close(controller);
		controller = -1;
		connect_ms = now_ms() + CONNECT_MS;
		return;
	}
	text[n] = '\0';
	if (!strcmp(text, "reload"))
		reload();
}

static void hear_signals(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD) {
			stop_all();
			exit(EXIT_SUCCESS);
		}
	reap();
}

static void turn(int signal_fd)
{
	struct pollfd fds[PDP_MH_SERVICES + 2];
	int timeout = start_due();

	fds[0] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = controller, .events = POLLIN};
	for (size_t i = 0; i < PDP_MH_SERVICES; i++)
		fds[2 + i] =
			(struct pollfd){.fd = i < services.n ? runs[i].fd : -1, .events = POLLIN};
	if (poll(fds, PDP_MH_SERVICES + 2, timeout) <= 0)
		return;
	for (size_t i = 0; i < services.n; i++) {
		if (fds[2 + i].revents & POLLIN)
			read_words(i);
		else if (fds[2 + i].revents && fds[2 + i].fd == runs[i].fd) {
			/* It says no more; its end comes by itself. */
			close(runs[i].fd);
			runs[i].fd = -1;
		}
	}
	if (fds[0].revents)
		hear_signals(signal_fd);
	if (fds[1].revents)
		hear_controller();
}

/* --- the beginning -------------------------------------------------------------------------------- */

static void make_dirs(void)
{
	static const struct {
		const char *path;
		uid_t owner;
		mode_t mode;
	} dirs[] = {
		{"/run/bird", PDP_MH_UID_BIRD, 0755},
		{"/run/frr", PDP_MH_UID_FRR, 0755},
		{"/run/lib", 0, 0755},
		{"/run/lib/frr", PDP_MH_UID_FRR, 0755},
		{"/run/lock", 0, 01777},
		{"/run/log", 0, 0755},
		{"/run/log/frr", PDP_MH_UID_FRR, 0755},
		{"/run/root", 0, 0700},
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdir(dirs[i].path, dirs[i].mode) || chmod(dirs[i].path, dirs[i].mode) ||
		    chown(dirs[i].path, dirs[i].owner, dirs[i].owner))
			fprintf(stderr, "pdp-mh-init: %s: %s\n", dirs[i].path, strerror(errno));
}

static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, &inherited);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(void)
{
	int signal_fd;

	if (getpid() != 1) {
		fputs("pdp-mh-init is process 1 of an MH guest; pdpd starts it\n", stderr);
		return 2;
	}
	umask(022);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	signal_fd = open_signals();
	if (signal_fd < 0) {
		perror("pdp-mh-init: signalfd");
		return EXIT_FAILURE;
	}
	make_dirs();
	for (;;)
		turn(signal_fd);
}
