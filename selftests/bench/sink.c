/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * sink.c - where pktgen's packets end: attaches sink.bpf.c to a device, waits, prints what came.
 *
 * Its XDP program hangs on a link that goes away with the process, whatever ends it.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf/wire.h"
#include "loader/loader.h"
#include "selftests/bench/cmdline.h"
#include "selftests/bench/traffic.h"
#include "selftests/bench/sink.skel.h"

#define POLL_NS 20000000
#define UNRULY_MAX 64 /* flows that are named */

struct options {
	const char *dev;
	struct sink_plan plan;
	bool has_vni;
	double seconds, idle; /* 0 = not a reason to stop */
	bool each_second;
	uint64_t count;
};

/* All flows together. */
struct flow_total {
	uint32_t flows; /* that sent anything */
	uint64_t received, lost, reordered, duplicates, too_late;
	uint64_t late_sum, extent_sum, extent_known;
	uint32_t extent_max;
	uint32_t unruly[UNRULY_MAX], n_unruly; /* flows with a packet out of order */
};

#define SERIES_MAX 600

/* Packets a second, in each second since the first one came. */
struct series {
	double pps[SERIES_MAX];
	uint32_t n;
	uint64_t since_ns, packets; /* where the present second began */
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static const char usage[] =
	"Usage: sink --dev DEV [OPTIONS]\n"
	"Count pktgen's packets on DEV by XDP and drop them; the rest passes. Prints JSON at the end.\n"
	"\n"
	"  --dev DEV            device in this network namespace\n"
	"  --encap none|udp|vxlan   tunnel that the packets come in     (none)\n"
	"  --port N             outer UDP destination port; vxlan: 4789 by default\n"
	"  --vni N              for vxlan\n"
	"  --flows N            flows that are told apart, 1 to 32768    (4096)\n"
	"  --mid-stream         count loss from each flow's first packet seen, not from its packet 0\n"
	"  --latency            one-way delay: pktgen must run on this machine\n"
	"  --sum                count packets only, at the least cost: nothing by flow, and so neither loss nor order\n"
	"  --tcp                instead of pktgen's packets, inner TCP over IPv4 from source port 16384 + flow; it passes\n"
	"  --each-second        tell the packets of each second too\n"
	"  --seconds S          end after S seconds\n"
	"  --idle S             end S seconds after the last packet, once one came\n"
	"  --count N            end when N packets came\n";

enum option_id {
	OPT_DEV = 256,
	OPT_ENCAP,
	OPT_PORT,
	OPT_VNI,
	OPT_FLOWS,
	OPT_MID_STREAM,
	OPT_LATENCY,
	OPT_SUM,
	OPT_TCP,
	OPT_EACH_SECOND,
	OPT_SECONDS,
	OPT_IDLE,
	OPT_COUNT,
	OPT_HELP,
};

static const struct option long_options[] = {
	{"dev", required_argument, NULL, OPT_DEV},
	{"encap", required_argument, NULL, OPT_ENCAP},
	{"port", required_argument, NULL, OPT_PORT},
	{"vni", required_argument, NULL, OPT_VNI},
	{"flows", required_argument, NULL, OPT_FLOWS},
	{"mid-stream", no_argument, NULL, OPT_MID_STREAM},
	{"latency", no_argument, NULL, OPT_LATENCY},
	{"sum", no_argument, NULL, OPT_SUM},
	{"tcp", no_argument, NULL, OPT_TCP},
	{"each-second", no_argument, NULL, OPT_EACH_SECOND},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"idle", required_argument, NULL, OPT_IDLE},
	{"count", required_argument, NULL, OPT_COUNT},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL},
};

static bool set_option(struct options *opt, int id, const char *text)
{
	uint64_t number = 0;
	uint8_t encap = 0;
	bool good;

	switch (id) {
	case OPT_DEV:
		opt->dev = text;
		return true;
	case OPT_ENCAP:
		good = cmdline_encap(text, &encap);
		opt->plan.encap = encap;
		return good;
	case OPT_PORT:
		good = cmdline_number(text, 1, 65535, &number);
		opt->plan.port = htons(number);
		return good;
	case OPT_VNI:
		good = cmdline_number(text, 0, 0xffffff, &number);
		opt->plan.vni = htonl(number << 8);
		opt->has_vni = true;
		return good;
	case OPT_FLOWS:
		good = cmdline_number(text, 1, MAX_FLOWS, &number);
		opt->plan.flows = number;
		return good;
	case OPT_MID_STREAM:
		opt->plan.mid_stream = 1;
		return true;
	case OPT_LATENCY:
		opt->plan.latency = 1;
		return true;
	case OPT_SUM:
		opt->plan.sum = 1;
		return true;
	case OPT_TCP:
		opt->plan.tcp = opt->plan.mid_stream = 1;
		return true;
	case OPT_EACH_SECOND:
		opt->each_second = true;
		return true;
	case OPT_SECONDS:
		return cmdline_seconds(text, &opt->seconds);
	case OPT_IDLE:
		return cmdline_seconds(text, &opt->idle);
	case OPT_COUNT:
		return cmdline_number(text, 1, UINT64_MAX, &opt->count);
	default:
		return false;
	}
}

static int parse_options(struct options *opt, int argc, char **argv, struct pdp_error *err)
{
	int id, at = 0;

	*opt = (struct options){.plan = {.flows = 4096}};
	while ((id = getopt_long(argc, argv, "", long_options, &at)) != -1) {
		if (id == OPT_HELP) {
			fputs(usage, stdout);
			exit(0);
		}
		if (id == '?')
			return pdp_fail(err, -EINVAL, "see sink --help");
		if (!set_option(opt, id, optarg))
			return pdp_fail(err, -EINVAL, "--%s %s: out of range; see sink --help",
					long_options[at].name, optarg ? optarg : "");
	}
	if (optind < argc)
		return pdp_fail(err, -EINVAL, "'%s' is no option", argv[optind]);
	if (!opt->dev)
		return pdp_fail(err, -EINVAL, "--dev must be given");
	if (opt->plan.encap == PDP_ENCAP_VXLAN && !opt->plan.port)
		opt->plan.port = htons(PDP_VXLAN_PORT);
	if (opt->plan.encap && !opt->plan.port)
		return pdp_fail(err, -EINVAL, "--encap udp needs --port");
	if (opt->plan.encap == PDP_ENCAP_VXLAN && !opt->has_vni)
		return pdp_fail(err, -EINVAL, "--encap vxlan needs --vni");
	return 0;
}

static int attach(struct sink_bpf *skel, const struct options *opt, int *link,
		  struct pdp_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int ifindex = if_nametoindex(opt->dev);
	int ret;

	if (!ifindex)
		return pdp_fail(err, -errno, "%s: %s", opt->dev, strerror(errno));
	memcpy((void *)&skel->rodata->plan, &opt->plan, sizeof(opt->plan));
	bpf_map__set_max_entries(skel->maps.sink_flows, opt->plan.flows);
	ret = sink_bpf__load(skel);
	if (ret)
		return pdp_fail(err, ret, "load the BPF program: %s", strerror(-ret));
	*link = bpf_link_create(bpf_program__fd(skel->progs.pdp_sink), ifindex, BPF_XDP, &opts);
	if (*link < 0)
		return pdp_fail(err, -errno, "%s: attach the XDP program: %s", opt->dev,
				strerror(errno));
	return 0;
}

static void add_cpu(struct sink_count *out, const struct sink_count *cpu)
{
	out->packets += cpu->packets;
	out->plain += cpu->plain;
	out->bytes += cpu->bytes;
	out->passed += cpu->passed;
	out->flow_over += cpu->flow_over;
	out->latency_packets += cpu->latency_packets;
	out->latency_sum_ns += cpu->latency_sum_ns;
	if (cpu->first_ns && (!out->first_ns || cpu->first_ns < out->first_ns))
		out->first_ns = cpu->first_ns;
	if (cpu->last_ns > out->last_ns)
		out->last_ns = cpu->last_ns;
	if (cpu->latency_min_ns &&
	    (!out->latency_min_ns || cpu->latency_min_ns < out->latency_min_ns))
		out->latency_min_ns = cpu->latency_min_ns;
	if (cpu->latency_max_ns > out->latency_max_ns)
		out->latency_max_ns = cpu->latency_max_ns;
}

static int read_counts(const struct sink_bpf *skel, struct sink_count *out, struct pdp_error *err)
{
	int cpus = libbpf_num_possible_cpus();
	struct sink_count *cpu;
	uint32_t zero = 0;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	cpu = cpus > 0 ? calloc(cpus, sizeof(*cpu)) : NULL;
	if (!cpu)
		return pdp_fail(err, -ENOMEM, "no memory for the counts of %d CPUs", cpus);
	if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.sink_counts), &zero, cpu))
		ret = pdp_fail(err, -errno, "read the counts: %s", strerror(errno));
	for (int i = 0; ret == 0 && i < cpus; i++)
		add_cpu(out, &cpu[i]);
	free(cpu);
	return ret;
}

/* Of all CPUs. */
static int read_delays(const struct sink_bpf *skel, struct sink_delays *out, struct pdp_error *err)
{
	int cpus = libbpf_num_possible_cpus();
	struct sink_delays *cpu;
	uint32_t zero = 0;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	cpu = cpus > 0 ? calloc(cpus, sizeof(*cpu)) : NULL;
	if (!cpu)
		return pdp_fail(err, -ENOMEM, "no memory for the delays of %d CPUs", cpus);
	if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.sink_delays), &zero, cpu))
		ret = pdp_fail(err, -errno, "read the delays: %s", strerror(errno));
	for (int i = 0; ret == 0 && i < cpus; i++) {
		for (int b = 0; b < DELAY_BUCKETS; b++)
			out->packets[b] += cpu[i].packets[b];
	}
	free(cpu);
	return ret;
}

/* Lost of a flow: what should have come up to its newest packet, without what came. */
static void add_flow(struct flow_total *total, uint32_t number, const struct sink_flow *flow)
{
	uint64_t unique = flow->received - flow->duplicates;
	uint64_t expected = flow->next - flow->base;

	if (!flow->received)
		return;
	total->flows++;
	total->received += flow->received;
	total->lost += expected > unique ? expected - unique : 0;
	total->reordered += flow->reordered;
	if (flow->reordered && total->n_unruly < UNRULY_MAX)
		total->unruly[total->n_unruly++] = number;
	total->duplicates += flow->duplicates;
	total->too_late += flow->too_late;
	total->late_sum += flow->late_sum;
	total->extent_sum += flow->extent_sum;
	total->extent_known += flow->reordered - flow->extent_unknown;
	if (flow->extent_max > total->extent_max)
		total->extent_max = flow->extent_max;
}

static void read_flows(const struct sink_bpf *skel, uint32_t flows, struct flow_total *total)
{
	struct sink_flow flow;

	memset(total, 0, sizeof(*total));
	for (uint32_t i = 0; i < flows; i++) {
		if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.sink_flows), &i, &flow) == 0)
			add_flow(total, i, &flow);
	}
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static bool is_enough(const struct options *opt, const struct sink_count *count, uint64_t begin)
{
	uint64_t now = now_ns();

	if (opt->seconds > 0 && now - begin >= opt->seconds * 1e9)
		return true;
	if (opt->idle > 0 && count->last_ns && now > count->last_ns + opt->idle * 1e9)
		return true;
	return opt->count && count->packets + count->plain >= opt->count;
}

/* A second ends when it is looked at for the first time after it: its rate is over the time that went by. */
static void note_second(struct series *series, const struct sink_count *count)
{
	uint64_t packets = count->packets + count->plain, now = now_ns();

	if (!packets)
		return;
	if (!series->since_ns) {
		series->since_ns = now;
		series->packets = packets;
	} else if (now - series->since_ns >= 1000000000 && series->n < SERIES_MAX) {
		series->pps[series->n++] =
			(packets - series->packets) * 1e9 / (now - series->since_ns);
		series->since_ns = now;
		series->packets = packets;
	}
}

/* Until one of the reasons to stop; *count is what came. */
static int count_on(const struct options *opt, const struct sink_bpf *skel,
		    struct sink_count *count, struct series *series, struct pdp_error *err)
{
	struct timespec tick = {.tv_nsec = POLL_NS};
	uint64_t begin = now_ns();
	int ret;

	do {
		nanosleep(&tick, NULL);
		ret = read_counts(skel, count, err);
		note_second(series, count);
	} while (ret == 0 && !stopped && !is_enough(opt, count, begin));
	return ret;
}

/* The delay that `part` of all packets stay within: the upper end of its bucket, in us. */
static double delay_quantile(const struct sink_delays *delays, uint64_t packets, double part)
{
	uint64_t seen = 0;
	uint32_t b = 0;

	while (b < DELAY_BUCKETS - 1) {
		seen += delays->packets[b++];
		if (seen >= part * packets)
			break;
	}
	return delay_floor(b) / 1e3;
}

static void report_latency(const struct sink_count *count, const struct sink_delays *delays)
{
	uint64_t packets = count->latency_packets;

	printf(", \"latency_us\": {\"min\": %.1f, \"avg\": %.1f, \"p50\": %.1f, \"p99\": %.1f, "
	       "\"p999\": %.1f, \"max\": %.1f, \"histogram\": [",
	       count->latency_min_ns / 1e3, (double)count->latency_sum_ns / packets / 1e3,
	       delay_quantile(delays, packets, 0.5), delay_quantile(delays, packets, 0.99),
	       delay_quantile(delays, packets, 0.999), count->latency_max_ns / 1e3);
	for (uint32_t b = 0, first = 1; b < DELAY_BUCKETS; b++) {
		if (!delays->packets[b])
			continue;
		printf("%s[%.3f, %llu]", first ? "" : ", ", delay_floor(b) / 1e3,
		       (unsigned long long)delays->packets[b]);
		first = 0;
	}
	printf("]}");
}

static void report_count(const struct sink_count *count, const struct flow_total *total)
{
	uint64_t received = count->packets + count->plain;
	double busy = (count->last_ns - count->first_ns) / 1e9;

	printf("{\"received\": %llu, \"lost\": %llu, \"reordered\": %llu, \"duplicates\": %llu, "
	       "\"flows\": %u, \"bytes\": %llu, \"seconds\": %.6f, \"pps\": %.0f, "
	       "\"extent_max\": %u, \"extent_avg\": %.2f, \"late_avg\": %.3f, \"too_late\": %llu, \"unnumbered\": %llu, "
	       "\"flow_over\": %llu, \"passed\": %llu",
	       (unsigned long long)received, (unsigned long long)total->lost,
	       (unsigned long long)total->reordered, (unsigned long long)total->duplicates,
	       total->flows, (unsigned long long)count->bytes, busy,
	       received > 1 && busy > 0 ? (received - 1) / busy : 0, total->extent_max,
	       total->extent_known ? (double)total->extent_sum / total->extent_known : 0,
	       total->reordered ? (double)total->late_sum / total->reordered : 0,
	       (unsigned long long)total->too_late, (unsigned long long)count->plain,
	       (unsigned long long)count->flow_over, (unsigned long long)count->passed);
}

static void report(const struct options *opt, const struct sink_count *count,
		   const struct flow_total *total, const struct sink_delays *delays,
		   const struct series *series)
{
	report_count(count, total);
	if (count->latency_packets)
		report_latency(count, delays);
	if (opt->each_second) {
		printf(", \"pps_each_second\": [");
		for (uint32_t i = 0; i < series->n; i++)
			printf("%s%.0f", i ? ", " : "", series->pps[i]);
		printf("]");
	}
	printf(", \"reordered_flows\": [");
	for (uint32_t i = 0; i < total->n_unruly; i++)
		printf("%s%u", i ? ", " : "", total->unruly[i]);
	printf("]}\n");
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* The link is closed before anything is read: then the counts and the flows tell of the same packets. */
static int tell(const struct options *opt, const struct sink_bpf *skel, const struct series *series,
		struct pdp_error *err)
{
	static struct sink_delays delays;
	struct flow_total total;
	struct sink_count count;
	int ret = read_counts(skel, &count, err);

	if (ret == 0)
		ret = read_delays(skel, &delays, err);
	if (ret)
		return ret;
	read_flows(skel, opt->plan.flows, &total);
	report(opt, &count, &total, &delays, series);
	return 0;
}

static int run(const struct options *opt, struct pdp_error *err)
{
	struct sink_bpf *skel = sink_bpf__open();
	static struct series series;
	struct sink_count count;
	int link = -1;
	int ret;

	if (!skel)
		return pdp_fail(err, -errno, "open the BPF object: %s", strerror(errno));
	ret = attach(skel, opt, &link, err);
	if (ret == 0) {
		catch_signals();
		fprintf(stderr, "sink: counting on %s\n", opt->dev);
		ret = count_on(opt, skel, &count, &series, err);
	}
	if (link >= 0)
		close(link);
	if (ret == 0)
		ret = tell(opt, skel, &series, err);
	sink_bpf__destroy(skel);
	return ret;
}

int main(int argc, char **argv)
{
	struct pdp_error err = {{0}};
	struct options opt;
	int status = 0;

	libbpf_set_print(NULL);
	if (parse_options(&opt, argc, argv, &err))
		status = 2;
	else if (run(&opt, &err))
		status = 1;
	if (status)
		fprintf(stderr, "sink: %s\n", err.text);
	return status;
}
