/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pdp-tun.c - joins this host to a udp vnet: a TUN device whose packets go, each whole, into UDP
 * datagrams to a vif of a PdP node (or to another pdp-tun). The far end of the paper's virtual links.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ctl/tun_dev.h"
#include "ctl/tun_pump.h"
#include "ctl/tun_underlay.h"

#define PREFIXES_MAX 64
/* Packets that may wait in the device. With TUN's 500 a single TCP flow keeps losing some. */
#define QUEUE_PACKETS 2000
#define MTU_MIN 68 /* RFC 791 */
#define MTU_MIN_V6 1280 /* RFC 8200 */

struct prefixes {
	struct pdp_tun_prefix prefix[PREFIXES_MAX];
	unsigned int n;
};

struct options {
	union pdp_tun_endpoint local, remote;
	const char *dev;
	struct prefixes addresses, routes;
	int mtu; /* 0: what fits */
	bool stats_json;
};

static const char usage[] =
	"Usage: pdp-tun --local IP:PORT --remote IP:PORT [OPTIONS]\n"
	"Join this host to a udp vnet by a TUN device. IPv6 endpoints are written [IP]:PORT.\n"
	"\n"
	"  --local IP:PORT      this end of the tunnel\n"
	"  --remote IP:PORT     the other end: a vif of a PdP node, or another pdp-tun\n"
	"  --dev NAME           device to make                      (tun%d: the first free one)\n"
	"  --address IP/LEN     address of the device; may be given again\n"
	"  --route IP/LEN       route through the device; may be given again\n"
	"  --mtu BYTES          of the device                       (what fits the underlay)\n"
	"  --stats-json         print the counters as JSON on standard output\n"
	"  --version, --help\n"
	"\n"
	"Runs until SIGINT or SIGTERM, then removes the device and prints its counters; prints them at\n"
	"SIGUSR1 too.\n";

enum option_id {
	OPT_LOCAL = 256,
	OPT_REMOTE,
	OPT_DEV,
	OPT_ADDRESS,
	OPT_ROUTE,
	OPT_MTU,
	OPT_STATS_JSON,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option long_options[] = {
	{"local", required_argument, NULL, OPT_LOCAL},
	{"remote", required_argument, NULL, OPT_REMOTE},
	{"dev", required_argument, NULL, OPT_DEV},
	{"address", required_argument, NULL, OPT_ADDRESS},
	{"route", required_argument, NULL, OPT_ROUTE},
	{"mtu", required_argument, NULL, OPT_MTU},
	{"stats-json", no_argument, NULL, OPT_STATS_JSON},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL},
};

static int add_prefix(struct prefixes *list, const char *option, const char *text,
		      struct pdp_error *err)
{
	if (list->n == PREFIXES_MAX)
		return pdp_fail(err, -EINVAL, "more than %d times %s", PREFIXES_MAX, option);
	return pdp_tun_prefix_parse(text, &list->prefix[list->n++], err);
}

static int set_mtu(struct options *opt, const char *text, struct pdp_error *err)
{
	char *end;
	long mtu = strtol(text, &end, 10);

	if (end == text || *end || mtu < MTU_MIN || mtu > 65535)
		return pdp_fail(err, -EINVAL, "--mtu %s: must be %d to 65535", text, MTU_MIN);
	opt->mtu = mtu;
	return 0;
}

static int set_option(struct options *opt, int id, const char *text, struct pdp_error *err)
{
	switch (id) {
	case OPT_LOCAL:
		return pdp_tun_endpoint_parse(text, &opt->local, err);
	case OPT_REMOTE:
		return pdp_tun_endpoint_parse(text, &opt->remote, err);
	case OPT_DEV:
		opt->dev = text;
		return 0;
	case OPT_ADDRESS:
		return add_prefix(&opt->addresses, "--address", text, err);
	case OPT_ROUTE:
		return add_prefix(&opt->routes, "--route", text, err);
	case OPT_MTU:
		return set_mtu(opt, text, err);
	case OPT_STATS_JSON:
		opt->stats_json = true;
		return 0;
	case OPT_VERSION:
		puts("pdp-tun " PDP_VERSION);
		exit(0);
	case OPT_HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		return pdp_fail(err, -EINVAL, "see pdp-tun --help");
	}
}

static int parse_options(struct options *opt, int argc, char **argv, struct pdp_error *err)
{
	int id, ret;

	*opt = (struct options){.dev = "tun%d"};
	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		ret = set_option(opt, id, optarg, err);
		if (ret)
			return ret;
	}
	if (optind < argc)
		return pdp_fail(err, -EINVAL, "'%s' is no option; see pdp-tun --help",
				argv[optind]);
	if (!opt->local.sa.sa_family || !opt->remote.sa.sa_family)
		return pdp_fail(err, -EINVAL, "--local and --remote must be given");
	for (unsigned int i = 0; i < opt->routes.n; i++)
		pdp_tun_prefix_mask(&opt->routes.prefix[i]);
	return 0;
}

static bool has_ipv6(const struct prefixes *list)
{
	for (unsigned int i = 0; i < list->n; i++) {
		if (list->prefix[i].family == AF_INET6)
			return true;
	}
	return false;
}

/* The MTU that was asked for, if it fits the underlay, or the largest that does. */
static int choose_mtu(const struct options *opt, int udp_fd, struct pdp_error *err)
{
	int family = opt->local.sa.sa_family;
	int overhead = pdp_tun_overhead(family);
	int path = pdp_tun_underlay_mtu(udp_fd, family);
	int mtu = opt->mtu;

	if (path < 0)
		return pdp_fail(err, path, "read the underlay's MTU: %s", strerror(-path));
	if (mtu > path - overhead)
		return pdp_fail(
			err, -EMSGSIZE,
			"MTU %d does not fit: the underlay carries %d bytes, %d of them are IP and UDP header; use at most %d",
			mtu, path, overhead, path - overhead);
	if (!mtu)
		mtu = path - overhead < 65535 ? path - overhead : 65535;
	if (mtu < MTU_MIN_V6 && (has_ipv6(&opt->addresses) || has_ipv6(&opt->routes)))
		return pdp_fail(err, -EMSGSIZE, "MTU %d is too small for IPv6, which needs %d", mtu,
				MTU_MIN_V6);
	return mtu;
}

static int set_up_device(const struct options *opt, const struct pdp_tun_dev *dev, int mtu,
			 struct pdp_error *err)
{
	struct pdp_rtnl *rtnl;
	int ret = pdp_rtnl_open(&rtnl, err);

	if (ret)
		return ret;
	ret = pdp_rtnl_set_mtu(rtnl, dev->ifindex, mtu, err);
	if (ret == 0)
		ret = pdp_rtnl_set_txqueuelen(rtnl, dev->ifindex, QUEUE_PACKETS, err);
	for (unsigned int i = 0; ret == 0 && i < opt->addresses.n; i++)
		ret = pdp_tun_dev_add_address(rtnl, dev, &opt->addresses.prefix[i], err);
	if (ret == 0)
		ret = pdp_rtnl_set_up(rtnl, dev->ifindex, true, err);
	for (unsigned int i = 0; ret == 0 && i < opt->routes.n; i++)
		ret = pdp_tun_dev_add_route(rtnl, dev, &opt->routes.prefix[i], err);
	if (ret == 0)
		ret = pdp_tun_dev_check_loop(rtnl, dev, &opt->remote, err);
	pdp_rtnl_close(rtnl);
	return ret;
}

static int open_signals(int *fd, struct pdp_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (*fd < 0)
		return pdp_fail(err, -errno, "signalfd: %s", strerror(errno));
	return 0;
}

static void print_stats(const struct options *opt, const struct pdp_tun_pump *pump)
{
	pdp_tun_stats_print(pdp_tun_pump_stats(pump), opt->stats_json,
			    opt->stats_json ? stdout : stderr);
}

/* Carry packets; between two runs of the pump a signal is dealt with. */
static int serve(const struct options *opt, struct pdp_tun_pump *pump, int signal_fd,
		 struct pdp_error *err)
{
	struct signalfd_siginfo info = {0};
	int ret;

	do {
		ret = pdp_tun_pump_run(pump, err);
		if (ret == 0 && read(signal_fd, &info, sizeof(info)) != sizeof(info))
			ret = pdp_fail(err, -errno, "read a signal: %s", strerror(errno));
		print_stats(opt, pump);
	} while (ret == 0 && info.ssi_signo == SIGUSR1);
	return ret;
}

static void say_hello(const struct options *opt, const struct pdp_tun_dev *dev, int mtu)
{
	char local[PDP_TUN_ENDPOINT_LEN], remote[PDP_TUN_ENDPOINT_LEN];

	fprintf(stderr, "pdp-tun: %s is up, MTU %d, %s <-> %s\n", dev->name, mtu,
		pdp_tun_endpoint_print(&opt->local, local),
		pdp_tun_endpoint_print(&opt->remote, remote));
}

static int run(const struct options *opt, struct pdp_error *err)
{
	struct pdp_tun_dev dev = {.fd = -1};
	struct pdp_tun_pump *pump = NULL;
	int udp_fd = -1, signal_fd = -1;
	int mtu = 0, ret;

	ret = open_signals(&signal_fd, err);
	if (ret == 0)
		ret = pdp_tun_underlay_open(&udp_fd, &opt->local, &opt->remote, err);
	if (ret == 0)
		ret = mtu = choose_mtu(opt, udp_fd, err);
	if (ret >= 0)
		ret = pdp_tun_dev_open(&dev, opt->dev, err);
	if (ret == 0)
		ret = set_up_device(opt, &dev, mtu, err);
	if (ret == 0)
		ret = pdp_tun_pump_new(&pump, dev.fd, udp_fd, signal_fd, opt->local.sa.sa_family,
				       err);
	if (ret == 0) {
		say_hello(opt, &dev, mtu);
		ret = serve(opt, pump, signal_fd, err);
	}
	pdp_tun_pump_free(pump);
	pdp_tun_dev_close(&dev);
	if (udp_fd >= 0)
		close(udp_fd);
	if (signal_fd >= 0)
		close(signal_fd);
	return ret;
}

int main(int argc, char **argv)
{
	struct pdp_error err = {{0}};
	struct options opt;
	int status = 0;

	if (parse_options(&opt, argc, argv, &err))
		status = 2;
	else if (run(&opt, &err))
		status = 1;
	if (status)
		fprintf(stderr, "pdp-tun: %s\n", err.text);
	return status;
}
