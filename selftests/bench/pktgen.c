/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pktgen.c - a traffic source: BPF live frames, made in the kernel and sent out of a device.
 *
 * Reads options, has frame.h lay the frame out, loads pktgen.bpf.c with the plan as constants and
 * calls BPF_PROG_RUN until time or count is up. One process keeps one CPU busy. README.md says how
 * a rate is held.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "selftests/bench/cmdline.h"
#include "selftests/bench/device.h"
#include "selftests/bench/frame.h"
#include "selftests/bench/pace.h"
#include "selftests/bench/pktgen.skel.h"
#include "selftests/bench/refused.skel.h"

#define BATCH 64 /* frames between two runs of the softirqs; a veth's ring holds 256 */
#define CHUNK 16384 /* frames a call, flat out: some 5 ms */
#define GRACE_NS 250000000 /* after --seconds, to send what was due by then */
#define TEMPLATE_MAX 3600
#define SIZE_V4 46 /* what an Ethernet frame of 64 bytes, its checksum included, holds */
#define SIZE_V6 64 /* the least with a whole probe */

struct options {
	const char *dev;
	const char *dst_list;
	struct frame_spec frame;
	bool has_src_mac, has_dst_mac;
	uint64_t rate; /* packets/s, 0 = flat out */
	uint64_t count; /* 0 = no limit */
	double seconds; /* 0 = no limit */
	uint32_t flows;
	uint64_t seed;
	bool unwatched;
	bool no_times;
};

struct pktgen {
	struct options opt;
	struct pktgen_plan plan;
	uint8_t frame[TEMPLATE_MAX];
	struct pktgen_dst *dsts;
	uint32_t n_dsts;
	struct pktgen_bpf *skel;
	struct refused_bpf *refused; /* NULL: nobody wants to know */
	int anchor_netns;
	int anchor_link;
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static const char usage[] =
	"Usage: pktgen --dev DEV --src ADDR --dst ADDR [OPTIONS]\n"
	"Send UDP packets out of DEV, made in the kernel; prints JSON when done.\n"
	"\n"
	"  --dev DEV            device to send from, in this network namespace\n"
	"  --src, --dst ADDR    addresses of the inner packet, IPv4 or IPv6\n"
	"  --dst-list FILE      destinations of these prefixes, in turn, instead of --dst\n"
	"  --size BYTES         of the inner IP packet   (IPv4: 46, the payload of a 64-byte frame; IPv6: 64)\n"
	"  --encap none|udp|vxlan                                             (none)\n"
	"  --local, --remote IP:PORT   outer addresses and ports, for udp and vxlan\n"
	"  --vni N              for vxlan\n"
	"  --inner-src-mac, --inner-dst-mac MAC   for vxlan\n"
	"  --src-mac, --dst-mac MAC    of the frame (DEV's own; that of the veth peer)\n"
	"  --rate PPS           packets a second, 0 = as fast as it goes      (0)\n"
	"  --count N            stop after N packets\n"
	"  --seconds S          stop after S seconds\n"
	"  --flows N            flows in turn, 1 to 32768                     (1)\n"
	"  --seed N             of the random destinations                    (1)\n"
	"  --unwatched          leave out refusals that only a tracepoint tells; it slows each drop\n"
	"                       by XDP on this machine, anybody's\n"
	"  --no-times           leave out when each packet was sent: to read a clock takes as long as to send\n";

enum option_id {
	OPT_DEV = 256,
	OPT_SRC,
	OPT_DST,
	OPT_DST_LIST,
	OPT_SIZE,
	OPT_ENCAP,
	OPT_LOCAL,
	OPT_REMOTE,
	OPT_VNI,
	OPT_INNER_SRC_MAC,
	OPT_INNER_DST_MAC,
	OPT_SRC_MAC,
	OPT_DST_MAC,
	OPT_RATE,
	OPT_COUNT,
	OPT_SECONDS,
	OPT_FLOWS,
	OPT_SEED,
	OPT_UNWATCHED,
	OPT_NO_TIMES,
	OPT_HELP,
};

static const struct option long_options[] = {
	{"dev", required_argument, NULL, OPT_DEV},
	{"src", required_argument, NULL, OPT_SRC},
	{"dst", required_argument, NULL, OPT_DST},
	{"dst-list", required_argument, NULL, OPT_DST_LIST},
	{"size", required_argument, NULL, OPT_SIZE},
	{"encap", required_argument, NULL, OPT_ENCAP},
	{"local", required_argument, NULL, OPT_LOCAL},
	{"remote", required_argument, NULL, OPT_REMOTE},
	{"vni", required_argument, NULL, OPT_VNI},
	{"inner-src-mac", required_argument, NULL, OPT_INNER_SRC_MAC},
	{"inner-dst-mac", required_argument, NULL, OPT_INNER_DST_MAC},
	{"src-mac", required_argument, NULL, OPT_SRC_MAC},
	{"dst-mac", required_argument, NULL, OPT_DST_MAC},
	{"rate", required_argument, NULL, OPT_RATE},
	{"count", required_argument, NULL, OPT_COUNT},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"flows", required_argument, NULL, OPT_FLOWS},
	{"seed", required_argument, NULL, OPT_SEED},
	{"unwatched", no_argument, NULL, OPT_UNWATCHED},
	{"no-times", no_argument, NULL, OPT_NO_TIMES},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL},
};

/* An address of the inner packet: a prefix with its whole length. */
static int parse_address(const char *text, struct pdp_tun_prefix *out, struct pdp_error *err)
{
	int ret = pdp_tun_prefix_parse(text, out, err);

	if (ret)
		return ret;
	if (strchr(text, '/'))
		return pdp_fail(err, -EINVAL, "'%s': an address has no prefix length", text);
	return 0;
}

static int set_number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out,
		      struct pdp_error *err)
{
	if (!cmdline_number(text, min, max, out))
		return pdp_fail(err, -EINVAL, "--%s %s: must be a number from %llu to %llu", name,
				text, (unsigned long long)min, (unsigned long long)max);
	return 0;
}

static int set_mac(const char *text, uint8_t mac[6], struct pdp_error *err)
{
	if (!cmdline_mac(text, mac))
		return pdp_fail(err, -EINVAL, "'%s' is not a MAC address", text);
	return 0;
}

static int set_option(struct options *opt, int id, const char *text, struct pdp_error *err)
{
	struct frame_spec *frame = &opt->frame;
	uint64_t number = 0;
	int ret = 0;

	switch (id) {
	case OPT_DEV:
		opt->dev = text;
		return 0;
	case OPT_SRC:
		return parse_address(text, &frame->inner_src, err);
	case OPT_DST:
		return parse_address(text, &frame->inner_dst, err);
	case OPT_DST_LIST:
		opt->dst_list = text;
		return 0;
	case OPT_SIZE:
		ret = set_number("size", text, 28, 3400, &number, err);
		frame->size = number;
		return ret;
	case OPT_ENCAP:
		if (!cmdline_encap(text, &frame->encap))
			return pdp_fail(err, -EINVAL, "--encap %s: none, udp or vxlan", text);
		return 0;
	case OPT_LOCAL:
		return pdp_tun_endpoint_parse(text, &frame->local, err);
	case OPT_REMOTE:
		return pdp_tun_endpoint_parse(text, &frame->remote, err);
	case OPT_VNI:
		ret = set_number("vni", text, 0, 0xffffff, &number, err);
		frame->vni = number;
		return ret;
	case OPT_INNER_SRC_MAC:
		return set_mac(text, frame->inner_src_mac, err);
	case OPT_INNER_DST_MAC:
		return set_mac(text, frame->inner_dst_mac, err);
	case OPT_SRC_MAC:
		opt->has_src_mac = true;
		return set_mac(text, frame->src_mac, err);
	case OPT_DST_MAC:
		opt->has_dst_mac = true;
		return set_mac(text, frame->dst_mac, err);
	case OPT_RATE:
		return set_number("rate", text, 0, 100000000, &opt->rate, err);
	case OPT_COUNT:
		return set_number("count", text, 1, UINT64_MAX, &opt->count, err);
	case OPT_SECONDS:
		if (!cmdline_seconds(text, &opt->seconds))
			return pdp_fail(err, -EINVAL, "--seconds %s: must be over 0", text);
		return 0;
	case OPT_FLOWS:
		ret = set_number("flows", text, 1, MAX_FLOWS, &number, err);
		opt->flows = number;
		return ret;
	case OPT_SEED:
		return set_number("seed", text, 1, UINT64_MAX, &opt->seed, err);
	case OPT_UNWATCHED:
		opt->unwatched = true;
		return 0;
	case OPT_NO_TIMES:
		opt->no_times = true;
		return 0;
	default:
		return pdp_fail(err, -EINVAL, "see pktgen --help");
	}
}

/* What single options cannot say. */
static int check_options(const struct options *opt, struct pdp_error *err)
{
	const struct frame_spec *frame = &opt->frame;

	if (!opt->dev || !frame->inner_src.family || !(frame->inner_dst.family || opt->dst_list))
		return pdp_fail(err, -EINVAL,
				"--dev, --src and --dst (or --dst-list) must be given");
	if (frame->inner_dst.family && frame->inner_dst.family != frame->inner_src.family)
		return pdp_fail(err, -EINVAL, "--src and --dst are not of one family");
	if (frame->encap && (!frame->local.sa.sa_family || !frame->remote.sa.sa_family))
		return pdp_fail(err, -EINVAL, "a tunnel needs --local and --remote");
	if (frame->local.sa.sa_family != frame->remote.sa.sa_family)
		return pdp_fail(err, -EINVAL, "--local and --remote are not of one family");
	if (frame->size < frame_min_size(frame))
		return pdp_fail(err, -EINVAL, "--size %u: IP and UDP header alone are %u bytes",
				frame->size, frame_min_size(frame));
	return 0;
}

static int parse_options(struct options *opt, int argc, char **argv, struct pdp_error *err)
{
	int id, ret;

	*opt = (struct options){.flows = 1, .seed = 1};
	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (id == OPT_HELP) {
			fputs(usage, stdout);
			exit(0);
		}
		ret = set_option(opt, id, optarg, err);
		if (ret)
			return ret;
	}
	if (optind < argc)
		return pdp_fail(err, -EINVAL, "'%s' is no option", argv[optind]);
	if (!opt->frame.size)
		opt->frame.size = opt->frame.inner_src.family == AF_INET ? SIZE_V4 : SIZE_V6;
	return check_options(opt, err);
}

/* --- destinations ----------------------------------------------------------------------------- */

static void set_dst(struct pktgen_dst *dst, const struct pdp_tun_prefix *prefix)
{
	struct pdp_tun_prefix addr = *prefix, mask = {.len = prefix->len};

	memset(mask.addr, 0xff, sizeof(mask.addr));
	pdp_tun_prefix_mask(&addr);
	pdp_tun_prefix_mask(&mask);
	for (int i = 0; i < 4; i++) {
		memcpy(&dst->word[i].addr, &addr.addr[4 * i], 4);
		memcpy(&dst->word[i].mask, &mask.addr[4 * i], 4);
	}
}

/* One prefix a line; what follows it after a blank, and lines with '#', are left out. */
static int read_destinations(struct pktgen *gen, struct pdp_error *err)
{
	struct pdp_tun_prefix prefix;
	struct pktgen_dst *grown;
	unsigned int line_no = 0;
	char line[256];
	int ret = 0;
	FILE *file = fopen(gen->opt.dst_list, "re");

	if (!file)
		return pdp_fail(err, -errno, "%s: %s", gen->opt.dst_list, strerror(errno));
	while (ret == 0 && fgets(line, sizeof(line), file)) {
		line_no++;
		line[strcspn(line, " \t\r\n#")] = '\0';
		if (!line[0])
			continue;
		ret = pdp_tun_prefix_parse(line, &prefix, err);
		if (ret == 0 && prefix.family != gen->opt.frame.inner_src.family)
			ret = pdp_fail(err, -EINVAL, "'%s' is not of --src's family", line);
		if (ret) {
			ret = pdp_fail(err, ret, "%s:%u: not a prefix of --src's family: '%s'",
				       gen->opt.dst_list, line_no, line);
			break;
		}
		if ((gen->n_dsts & (gen->n_dsts - 1)) == 0) {
			grown = realloc(gen->dsts,
					(gen->n_dsts ? 2 * gen->n_dsts : 1) * sizeof(*grown));
			if (!grown) {
				ret = pdp_fail(err, -ENOMEM, "no memory for the prefixes");
				break;
			}
			gen->dsts = grown;
		}
		set_dst(&gen->dsts[gen->n_dsts++], &prefix);
	}
	fclose(file);
	if (ret == 0 && gen->n_dsts == 0)
		return pdp_fail(err, -EINVAL, "%s: holds no prefix", gen->opt.dst_list);
	return ret;
}

static int look_up_devices(struct pktgen *gen, int *ifindex, struct pdp_error *err)
{
	struct options *opt = &gen->opt;
	struct pdp_rtnl *rtnl;
	struct pdp_link link;
	int ret = pdp_rtnl_open(&rtnl, err);

	if (ret)
		return ret;
	ret = pdp_rtnl_link(rtnl, opt->dev, &link, err);
	if (ret == 0 && !(link.flags & IFF_UP))
		ret = pdp_fail(err, -ENETDOWN, "%s is down", opt->dev);
	if (ret == 0 && !opt->has_dst_mac)
		ret = device_peer_mac(rtnl, &link, opt->frame.dst_mac, err);
	if (ret == 0 && !opt->has_src_mac)
		memcpy(opt->frame.src_mac, link.mac, 6);
	*ifindex = link.ifindex;
	pdp_rtnl_close(rtnl);
	return ret;
}

/* --- BPF -------------------------------------------------------------------------------------- */

/* Of an element of the list. */
static size_t dst_size(const struct pktgen *gen)
{
	return gen->plan.inner_v6 ? sizeof(*gen->dsts) : PKTGEN_DST_V4;
}

static void shuffle(struct pktgen *gen)
{
	const uint64_t seed = gen->opt.seed;
	unsigned short state[3] = {seed, seed >> 16, seed >> 32};

	for (uint32_t i = gen->n_dsts; i-- > 1;) {
		uint32_t other = (uint32_t)nrand48(state) % (i + 1);
		struct pktgen_dst dst = gen->dsts[i];

		gen->dsts[i] = gen->dsts[other];
		gen->dsts[other] = dst;
	}
}

/*
 * Shuffled, for the program takes them in turn: who drew one at random out of a long list would wait for memory at each
 * packet, for longer than many a router takes.
 */
static int fill_destinations(struct pktgen *gen, struct pdp_error *err)
{
	const size_t size = gen->n_dsts * dst_size(gen);
	char *dsts;

	if (!gen->n_dsts)
		return 0;
	shuffle(gen);
	dsts = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    bpf_map__fd(gen->skel->maps.pktgen_dsts), 0);
	if (dsts == MAP_FAILED)
		return pdp_fail(err, -errno, "fill the destinations: %s", strerror(errno));
	for (uint32_t i = 0; i < gen->n_dsts; i++)
		memcpy(dsts + i * dst_size(gen), &gen->dsts[i], dst_size(gen));
	munmap(dsts, size);
	return 0;
}

/* Have pdp_pktgen_err count what our own program could not redirect. */
static int watch(struct pktgen *gen, struct pdp_error *err)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	int ret;

	if (bpf_obj_get_info_by_fd(bpf_program__fd(gen->skel->progs.pdp_pktgen), &info, &size))
		return pdp_fail(err, -errno, "read the program's id: %s", strerror(errno));
	gen->refused = refused_bpf__open();
	if (!gen->refused)
		return pdp_fail(err, -errno, "open the BPF object: %s", strerror(errno));
	gen->refused->rodata->refused_prog_id = info.id;
	ret = refused_bpf__load(gen->refused);
	if (ret == 0)
		ret = refused_bpf__attach(gen->refused);
	if (ret)
		return pdp_fail(err, ret, "attach to the tracepoint xdp_redirect_err: %s",
				strerror(-ret));
	return 0;
}

static int load(struct pktgen *gen, struct pdp_error *err)
{
	int ret;

	gen->skel = pktgen_bpf__open();
	if (!gen->skel)
		return pdp_fail(err, -errno, "open the BPF object: %s", strerror(errno));
	memcpy((void *)&gen->skel->rodata->plan, &gen->plan, sizeof(gen->plan));
	gen->skel->bss->state.random = gen->opt.seed * 0x9e3779b97f4a7c15ULL | 1;
	if (gen->n_dsts) {
		bpf_map__set_max_entries(gen->skel->maps.pktgen_dsts, gen->n_dsts);
		bpf_map__set_value_size(gen->skel->maps.pktgen_dsts, dst_size(gen));
	}
	bpf_map__set_max_entries(gen->skel->maps.pktgen_seqs, gen->opt.flows);
	ret = pktgen_bpf__load(gen->skel);
	if (ret)
		return pdp_fail(err, ret, "load the BPF program: %s", strerror(-ret));
	return fill_destinations(gen, err);
}

/*
 * Attach the program to the loopback device of a namespace of our own, where no packet ever is. A
 * program that is attached somewhere is known to the kernel's XDP dispatcher already, and
 * BPF_PROG_RUN need not enter and remove it, each time at the price of an RCU grace period (10 ms).
 */
static int anchor(struct pktgen *gen, struct pdp_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_SKB_MODE);
	int prog = bpf_program__fd(gen->skel->progs.pdp_pktgen);
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int ret = 0;

	if (here < 0 || unshare(CLONE_NEWNET))
		ret = pdp_fail(err, -errno, "make a network namespace: %s", strerror(errno));
	if (ret == 0) {
		gen->anchor_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		gen->anchor_link = bpf_link_create(prog, 1, BPF_XDP, &opts);
		if (gen->anchor_link < 0)
			ret = pdp_fail(err, -errno, "attach to lo: %s", strerror(errno));
		if (setns(here, CLONE_NEWNET))
			ret = pdp_fail(err, -errno, "go back to the network namespace: %s",
				       strerror(errno));
	}
	if (here >= 0)
		close(here);
	return ret;
}

/* Send n packets; -EINTR when a signal came in between. */
static int burst(struct pktgen *gen, uint32_t n)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = gen->frame,
		    .data_size_in = gen->plan.frame_len, .repeat = n, .batch_size = BATCH,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	return bpf_prog_test_run_opts(bpf_program__fd(gen->skel->progs.pdp_pktgen), &opts) ? -errno
											   : 0;
}

/* --- pace ------------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* Awake while behind: a busy machine may let a sleeper sleep for milliseconds. */
static void wait_for_turn(const struct pace *pace, uint64_t sent)
{
	uint64_t until = pace_next(pace, sent);

	while (pace->behind && now_ns() < until)
		;
	sleep_until(until);
}

/* Send what is due, of `left` packets at most; flat out if the pace has no rate. */
static int step(struct pktgen *gen, struct pace *pace, uint64_t left)
{
	uint64_t sent = gen->skel->bss->state.sent, n = CHUNK;
	int ret = 0;

	if (pace->rate) {
		wait_for_turn(pace, sent);
		n = pace_due(pace, sent, now_ns());
	}
	if (n > left)
		n = left;
	if (n)
		ret = burst(gen, n < CHUNK ? n : CHUNK);
	return ret == -EINTR || ret == -EAGAIN ? 0 : ret;
}

/* Send until count or time is up or a signal comes; *seconds is how long that took. */
static int run(struct pktgen *gen, double *seconds, struct pdp_error *err)
{
	const struct options *opt = &gen->opt;
	volatile struct pktgen_state *state = &gen->skel->bss->state;
	uint64_t begin = now_ns(), now = begin;
	uint64_t end = opt->seconds > 0 ? begin + opt->seconds * 1e9 : UINT64_MAX;
	uint64_t count = opt->count ? opt->count : UINT64_MAX;
	struct pace pace;
	int ret = 0;

	pace_begin(&pace, opt->rate, begin);
	/* A rate for some seconds is a count, for which a busy machine gets a little longer. */
	if (opt->rate && opt->seconds > 0 && !opt->count) {
		count = llround(opt->rate * opt->seconds);
		end += GRACE_NS;
	}
	while (!stopped && ret == 0 && now < end && state->sent < count) {
		ret = step(gen, &pace, count - state->sent);
		now = now_ns();
	}
	*seconds = (now - begin) / 1e9;
	if (ret)
		return pdp_fail(err, ret, "BPF_PROG_RUN with live frames: %s", strerror(-ret));
	return 0;
}

/* dropped: frames that the device took and could not put into its queue. */
static void report(const struct pktgen *gen, double seconds, uint32_t dropped)
{
	uint64_t sent = gen->skel->bss->state.sent;
	uint64_t refused = dropped + (gen->refused ? gen->refused->bss->refused : 0);

	printf("{\"sent\": %llu, \"refused\": %llu, \"seconds\": %.6f, \"pps\": %.0f, \"flows\": %u, "
	       "\"size\": %u, \"frame_bytes\": %u}\n",
	       (unsigned long long)sent, (unsigned long long)refused, seconds,
	       seconds > 0 ? sent / seconds : 0, gen->opt.flows, gen->opt.frame.size,
	       gen->plan.frame_len);
	if (sent && refused >= sent)
		fprintf(stderr,
			"pktgen: %s refused every frame: is there an XDP program at its other end?\n",
			gen->opt.dev);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int send_all(struct pktgen *gen, struct pdp_error *err)
{
	double seconds = 0;
	uint32_t dropped;
	int ifindex, ret;

	ret = look_up_devices(gen, &ifindex, err);
	if (ret == 0 && gen->opt.dst_list)
		ret = read_destinations(gen, err);
	if (ret)
		return ret;
	frame_plan(&gen->opt.frame, gen->n_dsts > 0, gen->frame, &gen->plan);
	if (gen->opt.no_times && gen->plan.probe_len > PROBE_SHORT)
		gen->plan.probe_len = PROBE_SHORT;
	gen->plan.ifindex = ifindex;
	gen->plan.flows = gen->opt.flows;
	gen->plan.n_dsts = gen->n_dsts;
	ret = load(gen, err);
	if (ret == 0)
		ret = gen->opt.unwatched ? 0 : watch(gen, err);
	if (ret == 0)
		ret = anchor(gen, err);
	if (ret)
		return ret;
	catch_signals();
	prctl(PR_SET_TIMERSLACK, 1);
	dropped = device_dropped(ifindex);
	ret = run(gen, &seconds, err);
	if (ret == 0)
		report(gen, seconds, device_dropped(ifindex) - dropped);
	return ret;
}

int main(int argc, char **argv)
{
	struct pktgen gen = {.anchor_netns = -1, .anchor_link = -1};
	struct pdp_error err = {{0}};
	int ret = parse_options(&gen.opt, argc, argv, &err);
	int status = 0;

	libbpf_set_print(NULL);
	if (ret)
		status = 2;
	else if (send_all(&gen, &err))
		status = 1;
	if (status)
		fprintf(stderr, "pktgen: %s\n", err.text);
	if (gen.anchor_link >= 0)
		close(gen.anchor_link);
	if (gen.anchor_netns >= 0)
		close(gen.anchor_netns);
	refused_bpf__destroy(gen.refused);
	pktgen_bpf__destroy(gen.skel);
	free(gen.dsts);
	return status;
}
