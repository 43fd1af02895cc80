/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fastcost.c - what the fast half of the router costs, by its table.
 *
 *   fastcost [--table FILE] [--runs N]    prints {"ns": of one packet, "bare_ns": ..., "routes": N, "runs": N}
 *
 * Prefixes are table.py's, one a line; without a table there are two routes. Packets of 64 bytes from a udp vif to
 * a udp vif, to addresses drawn from the prefixes, go through the program of a guest (BPF_PROG_TEST_RUN); ns is
 * what it takes longer than a program that makes room and sends the frame back, which bare_ns is. The least of
 * several turns of both.
 */
#include <arpa/inet.h>
#include <err.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "fe-agent/checksum.h"
#include "selftests/bench/fastcost.h"
#include "selftests/bench/fastcost.skel.h"
#include "selftests/prog/halves.h"

#define TURNS 7
#define INNER_LEN 46
#define VIF 1

static uint64_t seed = 88172645463325252ULL;

static uint32_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 32;
}

/* --- the table --------------------------------------------------------------------------------------- */

struct prefix {
	uint32_t addr; /* host order */
	unsigned int len;
};

static struct prefix *prefixes;
static size_t n_prefixes;

static void append(const char *text, unsigned int len)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1 || len > 32)
		errx(1, "'%s' is no IPv4 prefix", text);
	if (!(n_prefixes & (n_prefixes - 1))) {
		prefixes = realloc(prefixes, 2 * (n_prefixes + 1) * sizeof(*prefixes));
		if (!prefixes)
			errx(1, "no memory");
	}
	prefixes[n_prefixes++] = (struct prefix){ntohl(addr.s_addr), len};
}

static void load(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[256], *slash;

	if (!f)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, " #\t\n")] = '\0';
		slash = strchr(line, '/');
		if (!slash)
			continue;
		*slash = '\0';
		append(line, strtoul(slash + 1, NULL, 10));
	}
	fclose(f);
	if (!n_prefixes)
		errx(1, "%s: nothing in it", path);
}

static void add_route(struct pdp_dataplane *dp, const struct prefix *p)
{
	uint8_t buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	int rc;

	nlh->nlmsg_type = RTM_NEWROUTE;
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = p->len;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_table = RT_TABLE_MAIN;
	mnl_attr_put_u32(nlh, RTA_DST, htonl(p->addr));
	mnl_attr_put_u32(nlh, RTA_OIF, VIF);
	rc = pdp_router.netlink(dp, buf, MNL_ALIGN(nlh->nlmsg_len), NULL);
	if (rc)
		errx(1, "route not added: %s", strerror(-rc));
}

static void fill_router(struct pdp_dataplane *dp)
{
	struct pdp_dp_vif vif = {
		.id = VIF,
		.encap = PDP_DP_UDP,
		.family = 4,
		.mtu = 1400,
		.local = {192, 0, 2, 1},
		.remote = {192, 0, 2, 2},
	};

	if (pdp_router.set_vif(dp, &vif))
		errx(1, "vif not set");
	for (size_t i = 0; i < n_prefixes; i++)
		add_route(dp, &prefixes[i]);
}

/* --- the frame --------------------------------------------------------------------------------------- */

static uint32_t build(struct fastcost_plan *plan, uint8_t *frame)
{
	static const uint8_t head[] = {2, 0xfe, 0, 0, 1, 1, 2,	 0xfe, 0, 0, 2, 1, 0x88, 0xb5, 0x11,
				       0, 8,	0, 0, 1, 0, VIF, 1,    2, 3, 4, 0, 0,	 0,    1};
	uint8_t *ip = frame + sizeof(head);

	memcpy(frame, head, sizeof(head));
	ip[0] = 0x45;
	pdp_store16(ip + 2, htons(INNER_LEN));
	ip[8] = 64;
	ip[9] = 17;
	ip[12] = 10;
	ip[15] = 1;
	memcpy(plan->header, frame, sizeof(plan->header));
	plan->sum = pdp_sum_fold(pdp_sum_bytes(0, ip, 20));
	plan->len = sizeof(head) + INNER_LEN;
	return plan->len;
}

/* Addresses within the prefixes, in random order. */
static void fill_addrs(int map)
{
	uint32_t *addrs = mmap(NULL, FASTCOST_ADDRS * sizeof(*addrs), PROT_READ | PROT_WRITE,
			       MAP_SHARED, map, 0);

	if (addrs == MAP_FAILED)
		err(1, "addresses");
	for (size_t i = 0; i < FASTCOST_ADDRS; i++) {
		const struct prefix *p = &prefixes[draw() % n_prefixes];
		uint32_t mask = p->len ? ~0u << (32 - p->len) : 0;

		addrs[i] = htonl(p->addr | (draw() & ~mask));
	}
	munmap(addrs, FASTCOST_ADDRS * sizeof(*addrs));
}

/* --- the run ----------------------------------------------------------------------------------------- */

static struct fastcost_bpf *make_source(const struct fastcost_plan *plan)
{
	struct fastcost_bpf *skel = fastcost_bpf__open();

	if (!skel)
		errx(1, "cannot open the BPF object");
	memcpy((void *)&skel->rodata->plan, plan, sizeof(*plan));
	if (fastcost_bpf__load(skel))
		errx(1, "the BPF object does not load");
	fill_addrs(bpf_map__fd(skel->maps.fastcost_addrs));
	return skel;
}

/* ns a packet; all of them must have been sent. */
static uint32_t run(struct fastcost_bpf *skel, int prog, uint8_t *frame, uint32_t len, int runs)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len, .repeat = runs);
	uint32_t zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(skel->maps.fastcost_next), &zero, &prog, BPF_ANY) ||
	    bpf_prog_test_run_opts(bpf_program__fd(skel->progs.fastcost_source), &opts))
		err(1, "the kernel does not run the program");
	if (opts.retval != XDP_TX)
		errx(1, "a packet was not sent: verdict %u", opts.retval);
	return opts.duration;
}

static void measure(struct halves *h, int runs)
{
	struct fastcost_plan plan = {.n = FASTCOST_ADDRS};
	uint32_t bare = UINT32_MAX, fast = UINT32_MAX, ns, len;
	uint8_t frame[128] = {0};
	struct fastcost_bpf *skel;

	len = build(&plan, frame);
	skel = make_source(&plan);
	for (int i = 0; i < TURNS; i++) {
		ns = run(skel, bpf_program__fd(skel->progs.fastcost_bare), frame, len, runs);
		bare = ns < bare ? ns : bare;
		ns = run(skel, halves_prog(h), frame, len, runs);
		fast = ns < fast ? ns : fast;
	}
	printf("{\"ns\": %d, \"bare_ns\": %u, \"routes\": %zu, \"runs\": %d}\n", (int)(fast - bare),
	       bare, n_prefixes, runs);
	fastcost_bpf__destroy(skel);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"table", required_argument, NULL, 't'},
		{"runs", required_argument, NULL, 'n'},
		{0},
	};
	const struct pdp_router_sizes small = PDP_ROUTER_SMALL, full = PDP_ROUTER_FULL;
	const char *table = NULL;
	int c, runs = 1000000;
	struct halves halves;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't')
			table = optarg;
		else if (c == 'n' && atoi(optarg) > 0)
			runs = atoi(optarg);
		else
			return 2;
	}
	if (table) {
		load(table);
	} else {
		append("10.1.0.0", 16);
		append("10.2.3.0", 24);
	}
	if (halves_start(&halves, table ? &full : &small))
		return 1;
	fill_router(halves.dp);
	measure(&halves, runs);
	halves_stop(&halves);
	free(prefixes);
	return 0;
}
