/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pdpd.c - the controller of a node: main(). Reads the command line, brings the node up, serves the API
 * until it is told to leave. The node forwards on without it, unless it is to go down.
 */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ctl/api.h"
#include "ctl/apply.h"
#include "ctl/log.h"
#include "ctl/node.h"
#include "ctl/nodefile.h"
#include "ctl/notify.h"
#include "ctl/scrape.h"
#include "ctl/store.h"

#define AGENT "pdp-fe-agent"
#define PDP_RUN_DIR "/run/pdp"

struct daemon {
	struct event_base *base;
	struct event *signals[3];
	struct event *watchdog; /* NULL = nobody asks */
	bool leave;
	bool down; /* and take the node along */
	struct pdp_node *node;
	char state[PATH_MAX];
	char agent[PATH_MAX];
	const char *metrics; /* ADDR:PORT; NULL = on the API's socket alone */
	bool metrics_public;
	struct pdp_node_conf conf;
	struct pdp_api_conf api;
};

static const char usage_text[] =
	"Usage: pdpd [OPTIONS]\n\n"
	"Makes the node what FILE describes, or what it was last, and stays in the foreground. SIGTERM\n"
	"or SIGINT ends pdpd and leaves the node forwarding; 'pdp-ctl node down' takes it down. SIGHUP\n"
	"applies FILE again.\n\n"
	"  -c, --config FILE   the node file (default: what was applied last, or else\n"
	"                      " PDP_NODE_FILE ")\n"
	"      --state FILE    what was applied last (default " PDP_STORE_PATH ";\n"
	"                      with another run directory, state.db in that)\n"
	"      --purge         take the node down at the end\n"
	"      --run-dir DIR   socket and guests' directories (default /run/pdp)\n"
	"      --pins DIR      where maps and links are pinned (default " PDP_PIN_ROOT ")\n"
	"      --agent PATH    the pdp-fe-agent to run in guests (default: beside pdpd)\n"
	"      --force         take the place of a foreign XDP program on a port\n"
	"      --dispatcher    share ports with other XDP programs through libxdp's dispatcher\n"
	"      --group GROUP   its members may look (default pdp)\n"
	"      --admin-group GROUP  its members may change things (default pdp-admin)\n"
	"      --metrics ADDR:PORT  serve /metrics on TCP too, on a loopback address\n"
	"      --metrics-public     ... on an address that others can reach\n"
	"  -V, --version       the version\n"
	"  -h, --help          this text\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},  {"run-dir", required_argument, NULL, 'r'},
	{"pins", required_argument, NULL, 'P'},	   {"agent", required_argument, NULL, 'a'},
	{"force", no_argument, NULL, 'f'},	   {"dispatcher", no_argument, NULL, 'd'},
	{"metrics", required_argument, NULL, 'm'}, {"metrics-public", no_argument, NULL, 'M'},
	{"group", required_argument, NULL, 'g'},   {"admin-group", required_argument, NULL, 'A'},
	{"state", required_argument, NULL, 's'},   {"purge", no_argument, NULL, 'u'},
	{"foreground", no_argument, NULL, 'F'},	   {"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},	   {NULL, 0, NULL, 0},
};

/* Beside this program in the build tree; PREFIX/libexec/pdp when installed. */
static void find_agent(char agent[PATH_MAX])
{
	static const char *const places[] = {AGENT, "../libexec/pdp/" AGENT};
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	snprintf(agent, PATH_MAX, "%s", AGENT);
	if (len < 0)
		return;
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", self, places[i]);
		if (!access(path, X_OK) && realpath(path, agent))
			return;
	}
	snprintf(agent, PATH_MAX, "%.*s/%s", PATH_MAX - 32, self, AGENT);
}

/* 0: go on; 1: done; 2: usage. */
static int parse(struct daemon *d, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			d->conf.config = optarg;
			break;
		case 's':
			d->conf.state = optarg;
			break;
		case 'u':
			d->down = true;
			break;
		case 'r':
			d->conf.run_dir = optarg;
			break;
		case 'P':
			d->conf.pins = optarg;
			break;
		case 'a':
			d->conf.agent = optarg;
			break;
		case 'f':
			d->conf.attach |= PDP_ATTACH_FORCE;
			break;
		case 'd':
			d->conf.attach |= PDP_ATTACH_DISPATCHER;
			break;
		case 'm':
			d->metrics = optarg;
			break;
		case 'M':
			d->metrics_public = true;
			break;
		case 'g':
			d->api.group = optarg;
			break;
		case 'A':
			d->api.admins = optarg;
			break;
		case 'F':
			break; /* the only mode there is */
		case 'V':
			printf("pdpd %s\n", PDP_VERSION);
			return 1;
		case 'h':
			fputs(usage_text, stdout);
			return 1;
		default:
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "pdpd: '%s' is one word too many\n", argv[optind]);
		return 2;
	}
	return 0;
}

static void leave(void *arg)
{
	struct daemon *d = arg;

	d->leave = d->down = true;
	event_base_loopbreak(d->base);
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	struct daemon *d = arg;

	(void)what;
	pdp_log(PDP_LOG_NOTICE, "%s: %s", strsignal(signal),
		d->down ? "taking the node down" : "leaving; the node forwards on");
	d->leave = true;
	event_base_loopbreak(d->base);
}

/* What becomes of it is an event. */
static void on_hangup(evutil_socket_t signal, short what, void *arg)
{
	struct daemon *d = arg;
	struct pdp_model wanted = {0};
	struct pdp_error err;
	const char *file = d->conf.config ? d->conf.config : PDP_NODE_FILE;
	int code;

	(void)signal;
	(void)what;
	if (!d->node)
		return;
	code = pdp_nodefile_load(&wanted, file, &err);
	if (!code)
		code = pdp_node_apply(d->node, &wanted, 0, file, NULL, NULL, NULL, &err);
	if (code)
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
}

static int catch_signals(struct daemon *d)
{
	static const int caught[] = {SIGTERM, SIGINT, SIGHUP};
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		d->signals[i] = evsignal_new(d->base, caught[i],
					     caught[i] == SIGHUP ? on_hangup : on_signal, d);
		if (!d->signals[i] || evsignal_add(d->signals[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

/* A node in another run directory is another node. */
static void find_state(struct daemon *d)
{
	const char *run_dir = d->conf.run_dir ? d->conf.run_dir : PDP_RUN_DIR;

	if (d->conf.state)
		return;
	d->conf.state = PDP_STORE_PATH;
	if (!strcmp(run_dir, PDP_RUN_DIR))
		return;
	snprintf(d->state, sizeof(d->state), "%s/state.db", run_dir);
	d->conf.state = d->state;
}

static void serve(struct daemon *d, const struct pdp_node *node)
{
	pdp_log(PDP_LOG_NOTICE, "node %s forwards: %zu ports, %zu FEs, %zu vnets", node->model.node,
		node->model.n_ports, node->model.n_fes, node->model.n_vnets);
	pdp_notify("READY=1");
	while (!d->leave)
		if (event_base_dispatch(d->base))
			break;
	pdp_notify("STOPPING=1");
}

static int run(struct daemon *d, struct pdp_error *err)
{
	struct pdp_scrape *scrape = NULL;
	struct pdp_api *api = NULL;
	struct pdp_node *node;
	struct pdp_error why;
	int code, down = 0;

	code = d->metrics ? pdp_scrape_check(d->metrics, d->metrics_public, err) : 0;
	if (!code)
		code = pdp_node_up(&node, d->base, &d->conf, err);
	if (code)
		return code;
	d->node = node;
	code = pdp_api_open(&api, d->base, node, &d->api, err);
	if (!code && d->metrics)
		code = pdp_scrape_open(&scrape, d->base, node, d->metrics, d->metrics_public, err);
	if (!code)
		serve(d, node);
	pdp_scrape_close(scrape);
	pdp_api_stop_listening(api);
	if (d->down || (code && !node->forwards_without_us)) {
		down = pdp_node_down(node, &why);
		pdp_api_answer_down(api, node->model.node, down ? &why : NULL);
		pdp_log(PDP_LOG_NOTICE, "node %s is down", node->model.node);
	} else {
		pdp_node_leave(node);
	}
	pdp_api_flush(api);
	pdp_api_close(api);
	d->node = NULL;
	pdp_node_free(node);
	if (code || !down)
		return code;
	return pdp_fail(err, down, "%s", why.text);
}

static void free_events(struct daemon *d)
{
	size_t i;

	for (i = 0; i < sizeof(d->signals) / sizeof(d->signals[0]); i++)
		if (d->signals[i])
			event_free(d->signals[i]);
	if (d->watchdog)
		event_free(d->watchdog);
	event_base_free(d->base);
}

/* Each guest takes some twenty: a node of many needs more than what shells give. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct daemon d = {
		.conf = {.run_dir = PDP_RUN_DIR, .pins = PDP_PIN_ROOT},
		.api = {.group = "pdp", .admins = "pdp-admin", .leave = leave, .arg = &d},
	};
	struct pdp_error err = {""};
	int parsed, code;

	find_agent(d.agent);
	d.conf.agent = d.agent;
	d.conf.cancel = &d.leave;
	parsed = parse(&d, argc, argv);
	if (parsed == 2)
		fputs(usage_text, stderr);
	if (parsed)
		return parsed == 1 ? EXIT_SUCCESS : 2;
	find_state(&d);
	setvbuf(stderr, NULL, _IOLBF, 0);
	allow_descriptors();
	d.base = event_base_new();
	if (!d.base || catch_signals(&d) || pdp_watchdog_start(&d.watchdog, d.base))
		code = pdp_fail(&err, -ENOMEM, "no memory for an event loop");
	else
		code = run(&d, &err);
	if (code)
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
	if (d.base)
		free_events(&d);
	return code ? EXIT_FAILURE : EXIT_SUCCESS;
}
