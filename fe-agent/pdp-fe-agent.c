/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pdp-fe-agent.c - main() of the FE agent: a slice of one vnet's data plane, in an FE guest.
 *
 * Reading order: pool, tag, burst (pure); port, worker (AF_XDP); client (the controller). Opens the
 * socket, gives up every privilege, starts the worker, serves the channel until a signal comes or the
 * device has gone. See docs/man/pdp-fe-agent.8.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fe-agent/client.h"
#include "fe-agent/privileges.h"
#include "fe-agent/stats.h"

#define EXIT_USAGE 2

struct options {
	struct pdp_port_conf port;
	const char *socket;
	const char *dataplane;
	bool allow_root;
};

static void usage(FILE *out)
{
	fputs("usage: pdp-fe-agent --dev DEV [--queue N] [--socket PATH] [--dataplane NAME]\n"
	      "                    [--frames N] [--allow-root]\n"
	      "\n"
	      "  --dev DEV         device that faces the MD\n"
	      "  --queue N         its receive queue (0)\n"
	      "  --socket PATH     the controller's socket (" PDP_AGENT_SOCK ")\n"
	      "  --dataplane NAME  what to do with packets (router)\n"
	      "  --frames N        packet buffers of 2 KiB, a power of two (4096)\n"
	      "  --allow-root      run as uid 0 of this user namespace\n"
	      "  --version, --help\n",
	      out);
}

static bool parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || n < min || n > max)
		return false;
	*out = n;
	return true;
}

static bool parse_frames(const char *text, uint32_t *out)
{
	return parse_number(text, PDP_FRAMES_MIN, PDP_FRAMES_MAX, out) && !(*out & (*out - 1));
}

static void parse_options(int argc, char **argv, struct options *opt)
{
	static const struct option options[] = {
		{"dev", required_argument, NULL, 'd'},
		{"queue", required_argument, NULL, 'q'},
		{"socket", required_argument, NULL, 's'},
		{"dataplane", required_argument, NULL, 'p'},
		{"frames", required_argument, NULL, 'f'},
		{"allow-root", no_argument, NULL, 'r'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd')
			opt->port.dev = optarg;
		else if (c == 'q' && !parse_number(optarg, 0, UINT16_MAX, &opt->port.queue))
			errx(EXIT_USAGE, "--queue %s: not a queue number", optarg);
		else if (c == 's')
			opt->socket = optarg;
		else if (c == 'p')
			opt->dataplane = optarg;
		else if (c == 'f' && !parse_frames(optarg, &opt->port.frames))
			errx(EXIT_USAGE, "--frames %s: not a power of two from %u to %u", optarg,
			     PDP_FRAMES_MIN, PDP_FRAMES_MAX);
		else if (c == 'r')
			opt->allow_root = true;
		else if (c == 'V')
			exit(printf("pdp-fe-agent " PDP_VERSION "\n") < 0);
		else if (c == 'h')
			exit((usage(stdout), EXIT_SUCCESS));
		else if (c == '?')
			exit((usage(stderr), EXIT_USAGE));
	}
	if (!opt->port.dev || optind != argc)
		exit((usage(stderr), EXIT_USAGE));
}

/* Have SIGTERM and SIGINT read from a descriptor; the worker's thread inherits the mask. */
static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Run the worker and serve the controller; the first instance of the data plane is the client's. */
static int serve(struct pdp_worker *worker, const struct pdp_client_conf *conf)
{
	struct pdp_client *client;
	int rc;

	rc = pdp_client_new(&client, conf);
	if (rc) {
		warnx("%s: %s", conf->path, strerror(-rc));
		return rc;
	}
	rc = pdp_worker_start(worker);
	if (rc) {
		warnx("no thread for queue %u: %s", conf->port->queue, strerror(-rc));
	} else {
		pdp_client_run(client);
		rc = pdp_worker_stop(worker);
		if (rc == -ENXIO)
			warnx("%s has been deleted; nothing is left to serve", conf->port->dev);
	}
	pdp_client_free(client);
	return rc;
}

static int run(const struct options *opt, const struct pdp_dataplane_ops *ops)
{
	struct pdp_stats stats = {0};
	struct pdp_port *port = NULL;
	int rc;

	rc = pdp_port_open(&port, &opt->port);
	if (rc)
		return rc;
	rc = pdp_drop_privileges();
	if (!rc)
		rc = pdp_stats_open(&stats);
	if (!rc) {
		struct pdp_worker worker = {.port = port, .ops = ops, .stats = stats.counters};
		struct pdp_client_conf conf = {
			.path = opt->socket,
			.ops = ops,
			.worker = &worker,
			.port = port,
			.stats_fd = stats.fd,
			.signal_fd = catch_signals(),
		};

		rc = serve(&worker, &conf);
	}
	pdp_stats_close(&stats);
	pdp_port_close(port);
	return rc;
}

int main(int argc, char **argv)
{
	struct options opt = {
		.port = {.frames = PDP_FRAMES_MAX},
		.socket = PDP_AGENT_SOCK,
		.dataplane = "router",
	};
	const struct pdp_dataplane_ops *ops;

	parse_options(argc, argv, &opt);
	ops = pdp_dataplane_find(opt.dataplane);
	if (!ops)
		errx(EXIT_USAGE, "--dataplane %s: there is no such data plane", opt.dataplane);
	if (!geteuid() && !opt.allow_root)
		errx(EXIT_FAILURE, "runs as uid 0; give it a uid of its own with CAP_NET_RAW, "
				   "or --allow-root");
	return run(&opt, ops) ? EXIT_FAILURE : EXIT_SUCCESS;
}
