/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * redirect.c - puts redirect.bpf.c on a device and holds it there until a signal comes.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "selftests/bench/cmdline.h"
#include "selftests/bench/device.h"
#include "selftests/bench/redirect.skel.h"

struct options {
	const char *from, *to;
	uint8_t macs[12]; /* destination, source */
	bool has_dst_mac, has_src_mac;
};

static const char usage[] =
	"Usage: redirect --from DEV --to DEV [--dst-mac MAC] [--src-mac MAC]\n"
	"Send every frame that comes in at one device out of the other by XDP, until SIGINT or SIGTERM.\n"
	"The frames get --dst-mac (that of the other end, if it is a veth) and --src-mac (the device's own).\n";

static int set_option(struct options *opt, int id, const char *text, struct pdp_error *err)
{
	switch (id) {
	case 'f':
		opt->from = text;
		return 0;
	case 't':
		opt->to = text;
		return 0;
	case 'd':
		opt->has_dst_mac = true;
		if (cmdline_mac(text, opt->macs))
			return 0;
		break;
	case 's':
		opt->has_src_mac = true;
		if (cmdline_mac(text, opt->macs + 6))
			return 0;
		break;
	default:
		return pdp_fail(err, -EINVAL, "see redirect --help");
	}
	return pdp_fail(err, -EINVAL, "'%s' is not a MAC address", text);
}

static int parse_options(struct options *opt, int argc, char **argv, struct pdp_error *err)
{
	static const struct option long_options[] = {
		{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 't'},
		{"dst-mac", required_argument, NULL, 'd'},
		{"src-mac", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL},
	};
	int id, ret;

	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (id == 'h') {
			fputs(usage, stdout);
			exit(0);
		}
		ret = set_option(opt, id, optarg, err);
		if (ret)
			return ret;
	}
	if (!opt->from || !opt->to || optind < argc)
		return pdp_fail(err, -EINVAL, "--from and --to must be given; see redirect --help");
	return 0;
}

static int look_up_devices(struct options *opt, int *from, int *to, struct pdp_error *err)
{
	struct pdp_link in, out;
	struct pdp_rtnl *rtnl;
	int ret = pdp_rtnl_open(&rtnl, err);

	if (ret)
		return ret;
	ret = pdp_rtnl_link(rtnl, opt->from, &in, err);
	if (ret == 0)
		ret = pdp_rtnl_link(rtnl, opt->to, &out, err);
	if (ret == 0 && !opt->has_dst_mac)
		ret = device_peer_mac(rtnl, &out, opt->macs, err);
	if (ret == 0) {
		if (!opt->has_src_mac)
			memcpy(opt->macs + 6, out.mac, 6);
		*from = in.ifindex;
		*to = out.ifindex;
	}
	pdp_rtnl_close(rtnl);
	return ret;
}

/* The devmap is filled before the program is attached. */
static int attach(struct redirect_bpf *skel, const struct options *opt, int from, uint32_t to,
		  int *link, struct pdp_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	uint32_t zero = 0;
	int ret;

	memcpy((void *)skel->rodata->macs, opt->macs, sizeof(opt->macs));
	ret = redirect_bpf__load(skel);
	if (ret)
		return pdp_fail(err, ret, "load the BPF program: %s", strerror(-ret));
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.redirect_to), &zero, &to, BPF_ANY))
		return pdp_fail(err, -errno, "%s as target: %s", opt->to, strerror(errno));
	*link = bpf_link_create(bpf_program__fd(skel->progs.pdp_redirect), from, BPF_XDP, &opts);
	if (*link < 0)
		return pdp_fail(err, -errno, "%s: attach the XDP program: %s", opt->from,
				strerror(errno));
	return 0;
}

static int run(struct options *opt, struct pdp_error *err)
{
	struct redirect_bpf *skel;
	int from, to, link = -1, sig, ret;
	sigset_t set;

	ret = look_up_devices(opt, &from, &to, err);
	if (ret)
		return ret;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	skel = redirect_bpf__open();
	if (!skel)
		return pdp_fail(err, -errno, "open the BPF object: %s", strerror(errno));
	ret = attach(skel, opt, from, to, &link, err);
	if (ret == 0) {
		fprintf(stderr, "redirect: redirecting %s to %s\n", opt->from, opt->to);
		sigwait(&set, &sig);
	}
	if (link >= 0)
		close(link);
	redirect_bpf__destroy(skel);
	return ret;
}

int main(int argc, char **argv)
{
	struct options opt = {0};
	struct pdp_error err = {{0}};
	int status = 0;

	libbpf_set_print(NULL);
	if (parse_options(&opt, argc, argv, &err))
		status = 2;
	else if (run(&opt, &err))
		status = 1;
	if (status)
		fprintf(stderr, "redirect: %s\n", err.text);
	return status;
}
