/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pdp-delay.c - main() of the delay line, one process for a node.
 *
 * Reading order: delayq, delay (pure); port (AF_XDP). pdpd starts it when a vif gets a delay and ends
 * it with SIGTERM, upon which it gives out what still waits, at its time, and ends. It does not need
 * pdpd while it runs. See docs/man/pdp-delay.8.
 */
#include <bpf/bpf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "fe-agent/delay.h"
#include "fe-agent/port.h"
#include "fe-agent/privileges.h"

#define EXIT_USAGE 2
#define BURST 64
#define KICKS_PER_TURN 4
#define DOZE_NS 50000ULL /* while the link is full */
#define TICK_NS 100000000ULL /* the longest sleep: poll() is blind to a device that is deleted */

struct options {
	struct pdp_port_conf port;
	const char *xsks;
	const char *stats;
	int ready_fd;
};

struct process {
	struct pdp_port *port;
	struct pdp_delay line;
	struct pdp_agent_stats counts; /* of the port; the file has what is told */
	int signal_fd;
	bool ends; /* nothing more will come */
	uint64_t next_tick_ns;
};

static void usage(FILE *out)
{
	fputs("usage: pdp-delay --dev DEV --xsks PIN --stats FILE [--frames N] [--ready-fd FD]\n"
	      "\n"
	      "  --dev DEV      device that packets come from and go back to\n"
	      "  --xsks PIN     pinned XSKMAP of its receive program\n"
	      "  --stats FILE   counters, made if it is not there; locked while the process runs\n"
	      "  --frames N     packet buffers of 2 KiB, a power of two (4096)\n"
	      "  --ready-fd FD  closed when packets can come\n"
	      "  --version, --help\n",
	      out);
}

static uint32_t parse_frames(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n < PDP_FRAMES_MIN || n > PDP_FRAMES_MAX || n & (n - 1))
		errx(EXIT_USAGE, "--frames %s: not a power of two from %u to %u", text,
		     PDP_FRAMES_MIN, PDP_FRAMES_MAX);
	return (uint32_t)n;
}

static int parse_fd(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < 3 || n > 1023)
		errx(EXIT_USAGE, "--ready-fd %s: not a descriptor from 3 to 1023", text);
	return (int)n;
}

static void parse_options(int argc, char **argv, struct options *opt)
{
	static const struct option options[] = {
		{"dev", required_argument, NULL, 'd'},
		{"xsks", required_argument, NULL, 'x'},
		{"stats", required_argument, NULL, 's'},
		{"frames", required_argument, NULL, 'f'},
		{"ready-fd", required_argument, NULL, 'r'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd')
			opt->port.dev = optarg;
		else if (c == 'x')
			opt->xsks = optarg;
		else if (c == 's')
			opt->stats = optarg;
		else if (c == 'f')
			opt->port.frames = parse_frames(optarg);
		else if (c == 'r')
			opt->ready_fd = parse_fd(optarg);
		else if (c == 'V')
			exit(printf("pdp-delay " PDP_VERSION "\n") < 0);
		else if (c == 'h')
			exit((usage(stdout), EXIT_SUCCESS));
		else if (c == '?')
			exit((usage(stderr), EXIT_USAGE));
	}
	if (!opt->port.dev || !opt->xsks || !opt->stats || optind != argc)
		exit((usage(stderr), EXIT_USAGE));
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* The lock says that we run, and whom to signal; it goes with us, however we end. */
static struct pdp_delay_stats *open_stats(const char *path)
{
	const struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	const size_t size = sizeof(struct pdp_delay_stats);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *memory;

	if (fd < 0)
		err(EXIT_FAILURE, "%s", path);
	if (fcntl(fd, F_SETLK, &all))
		errx(EXIT_FAILURE, "%s is locked: another pdp-delay runs", path);
	if (ftruncate(fd, (off_t)size))
		err(EXIT_FAILURE, "%s: cannot make it %zu bytes long", path, size);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(EXIT_FAILURE, "%s: cannot map %zu bytes", path, size);
	return memory;
}

static int enter_xsks(const char *pin, const struct pdp_port *port)
{
	int fd = bpf_obj_get(pin), rc = 0;

	if (fd < 0 || bpf_map_update_elem(fd, &port->queue, &port->fd, BPF_ANY)) {
		rc = -errno;
		warn("%s: cannot enter the socket", pin);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Kick until all is sent, the kernel takes no more, or the turn's share of kicks is used up. */
static int flush(struct process *p)
{
	unsigned int before, pending = pdp_port_pending(p->port);
	int rc = 0;

	for (int i = 0; i < KICKS_PER_TURN && pending; i++) {
		before = pending;
		rc = pdp_port_kick(p->port, &p->counts);
		pdp_port_reclaim(p->port, &p->counts);
		pending = pdp_port_pending(p->port);
		if (rc == -ENXIO || rc == -ENETDOWN || pending == before)
			break;
	}
	return pending ? rc : 0;
}

static unsigned int take_in(struct process *p)
{
	struct xdp_desc rx[BURST];
	unsigned int n = pdp_port_receive(p->port, rx, BURST);

	if (n)
		pdp_delay_take(&p->line, rx, n, now_ns());
	return n;
}

static void give_out(struct process *p)
{
	struct xdp_desc tx[BURST];
	unsigned int room = pdp_port_room(p->port);

	pdp_port_send(p->port, tx,
		      pdp_delay_give(&p->line, tx, room < BURST ? room : BURST, now_ns()));
}

static void sleep_for(struct process *p, uint64_t ns)
{
	struct pollfd fds[] = {
		{.fd = p->signal_fd, .events = POLLIN},
		{.fd = p->port->fd, .events = POLLIN},
	};
	const struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000ULL),
				    .tv_nsec = (long)(ns % 1000000000ULL)};

	if (ppoll(fds, p->ends ? 1 : 2, &ts, NULL) > 0 && fds[0].revents) {
		struct signalfd_siginfo info;

		p->ends = read(p->signal_fd, &info, sizeof(info)) > 0 || p->ends;
	}
}

/* Until the next frame is due, another comes, or it is time to look after the device. */
static void sleep_until_work(struct process *p)
{
	uint64_t now = now_ns(), next = pdp_delayq_next(&p->line.queue);
	uint64_t ns = TICK_NS;

	if (next <= now)
		return;
	if (next - now < ns)
		ns = next - now;
	sleep_for(p, ns);
}

static int keep_house(struct process *p)
{
	uint64_t now = now_ns();

	if (now < p->next_tick_ns)
		return 0;
	p->next_tick_ns = now + TICK_NS;
	pdp_port_look(p->port, &p->counts);
	/* An empty fill ring is among the dropped ones. */
	p->line.stats->socket_drops = p->counts.kernel_rx_dropped + p->counts.kernel_rx_ring_full;
	return pdp_port_gone(p->port) ? -ENXIO : 0;
}

static bool is_done(const struct process *p)
{
	return p->ends && !p->line.queue.n && !pdp_port_pending(p->port);
}

static int serve(struct process *p)
{
	unsigned int n;
	int rc = 0;

	while (!rc) {
		pdp_port_reclaim(p->port, &p->counts);
		pdp_port_refill(p->port);
		n = take_in(p);
		give_out(p);
		rc = flush(p);
		if (rc != -ENXIO)
			rc = keep_house(p);
		if (rc || (!n && is_done(p)))
			break;
		if (pdp_port_pending(p->port))
			/* poll() would send too, and lose without telling. */
			nanosleep(&(struct timespec){.tv_nsec = DOZE_NS}, NULL);
		else if (!n)
			sleep_until_work(p);
	}
	return rc;
}

static int run(const struct options *opt)
{
	struct process p = {.signal_fd = catch_signals()};
	struct pdp_delay_stats *stats = open_stats(opt->stats);
	int rc;

	rc = pdp_port_open(&p.port, &opt->port);
	if (rc)
		return rc;
	pdp_delay_begin(stats, opt->port.frames);
	rc = pdp_delay_init(&p.line, &p.port->umem, stats);
	if (!rc)
		rc = enter_xsks(opt->xsks, p.port);
	if (!rc)
		rc = pdp_drop_privileges();
	if (!rc) {
		if (opt->ready_fd >= 0)
			close(opt->ready_fd);
		rc = serve(&p);
	}
	if (rc == -ENXIO)
		warnx("%s has been deleted; nothing is left to delay", opt->port.dev);
	pdp_delay_fini(&p.line);
	pdp_port_close(p.port);
	return rc;
}

int main(int argc, char **argv)
{
	struct options opt = {.port = {.frames = PDP_FRAMES_MAX}, .ready_fd = -1};

	parse_options(argc, argv, &opt);
	/* A sleep of 20 ms is not to last 50 us longer than it must. */
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	return run(&opt) ? EXIT_FAILURE : EXIT_SUCCESS;
}
