/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mdcost.c - what the classifier and the dispatcher cost, by the number of vnets, beside a bare redirect.
 *
 *   mdcost classify|dispatch|redirect N ACTIVE [PACKETS]    prints {"ns": CPU time of one packet, "packets": ..., ...}
 *
 * A node without traffic (selftests/prog/node.c) gets n vnets with a guest and a vif each. Live frames of random
 * ones of the first ACTIVE then run through mdcost.bpf.c and the program in question, which redirects them into a veth, where
 * they are dropped. That all of them were redirected is checked by the programs' own counters. The dispatcher
 * knows a sender by its device, so there it is one vnet with n vifs.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "selftests/bench/mdcost.h"
#include "selftests/bench/mdcost.skel.h"
#include "selftests/prog/node.h"

#define CHUNK 65536
#define BATCH 64
#define N_MAX (PDP_MAX_VNETS - 1)
#define DEFAULT_PACKETS 2000000

static const char usage[] = "Usage: mdcost classify|dispatch|redirect VNETS ACTIVE [PACKETS]\n";

/* The measured one, and where its packets come from and go to. */
struct subject {
	const char *name;
	int prog; /* enum node_prog; PROGS: the bare redirect */
	const char *to; /* the peer of the device that it redirects into */
	enum node_map stats;
	size_t counter;
	size_t stats_size;
};

static const struct subject subjects[] = {
	{"classify", PROG_CLASSIFY, "fe1-p", MAP_VNET_STATS,
	 offsetof(struct pdp_vnet_stats, rx_packets), sizeof(struct pdp_vnet_stats)},
	{"dispatch", PROG_DISPATCH, "pdpA-p", MAP_VNET_STATS,
	 offsetof(struct pdp_vnet_stats, tx_packets), sizeof(struct pdp_vnet_stats)},
	{"redirect", PROGS, "fe1-p", NODE_MAPS, 0, 0},
};

static void die(const char *what)
{
	fprintf(stderr, "mdcost: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- vnets ------------------------------------------------------------------------------------- */

#define LOCAL 0xc0000201 /* 192.0.2.1 */
#define REMOTE 0xc0000202

static struct pdp_addr addr4(uint32_t host)
{
	return (struct pdp_addr){.word = {0, 0, htonl(0xffff), htonl(host)}};
}

/* Vif and tunnel of this number, of a vnet. */
static void fill_vif(struct node *node, uint32_t id, uint16_t vnet)
{
	const __be16 port = htons((uint16_t)(MDCOST_PORT + id));
	struct pdp_vif vif = {
		.owner = {.vnet = vnet,
			  .port = 1,
			  .encap = PDP_ENCAP_UDP,
			  .family = 4,
			  .mtu = NODE_MTU},
		.next_hop.mac = {0x02, 0xaa},
		.source.mac = {0x02, 0xbb},
		.local_port = port,
		.remote_port = port,
		.local = addr4(LOCAL),
		.remote = addr4(REMOTE),
	};
	struct pdp_tunnel_key key = {.local = vif.local, .port = port, .vni = PDP_VNI_NONE};
	struct pdp_tunnel tunnel = {.vif = (uint16_t)id,
				    .vnet = vnet,
				    .encap = PDP_ENCAP_UDP,
				    .remote_port = port,
				    .remote = vif.remote};

	node_set(node, MAP_VIFS, &id, &vif);
	node_set(node, MAP_TUNNELS, &key, &tunnel);
}

/* Vnet and guest of this number, all guests behind one link. */
static void fill_vnet(struct node *node, uint32_t id)
{
	const uint16_t slots[] = {(uint16_t)id};
	struct pdp_guest guest = {
		.mac = {0x02, 0xcc}, .md_mac = {0x02, 0xdd}, .vnet = (uint16_t)id};

	node_set(node, MAP_GUESTS, &id, &guest);
	node_set(node, MAP_FE_LINKS, &id, &node->link_ifindex[1]);
	node_set(node, MAP_VNETS, &id, &(struct pdp_vnet){0});
	node_set_table(node, (uint16_t)id, 0, PDP_POLICY_FLOW_HASH, slots, 1);
}

/* --- the frame --------------------------------------------------------------------------------- */

#define INNER_LEN 46 /* of a 64-byte frame */
#define UDP_LEN (8 + INNER_LEN)

static void set16(struct packet *p, size_t at, uint16_t value)
{
	p->data[at] = (uint8_t)(value >> 8);
	p->data[at + 1] = (uint8_t)value;
}

/* An IPv4 packet with UDP in it; where it begins. */
static size_t put_udp(struct packet *p, uint32_t from, uint32_t to, uint16_t udp_len)
{
	const __be32 saddr = htonl(from), daddr = htonl(to);
	size_t at = p->len;

	packet_put_ipv4(p, IPPROTO_UDP, &saddr, &daddr);
	set16(p, at + 2, (uint16_t)(20 + udp_len));
	packet_ipv4_checksum(p, at);
	packet_put32(p, 0x40000009); /* ports */
	packet_put16(p, udp_len);
	packet_put16(p, 0);
	return at;
}

/* As it comes in at the port, or from the guest of vnet 1. */
static void build_frame(struct packet *p, struct mdcost_plan *plan, bool from_guest)
{
	static const uint8_t macs[12] = {0x02, 1, 0, 0, 0, 0, 0x02, 2};
	static const uint8_t payload[INNER_LEN - 28];
	size_t at;

	packet_put(p, macs, sizeof(macs));
	if (from_guest) {
		packet_put16(p, PDP_ETHERTYPE);
		plan->vif = (uint32_t)p->len + offsetof(struct pdp_tag, vif);
		packet_put8(p, PDP_WIRE_VERSION << 4 | PDP_OP_FORWARD);
		packet_put8(p, 0);
		packet_put16(p, 0x0800);
		packet_put16(p, 1); /* vnet */
		packet_put16(p, 0); /* vif */
		packet_put32(p, 0x12345678);
		packet_put32(p, 9);
		at = put_udp(p, LOCAL, REMOTE, UDP_LEN);
	} else {
		packet_put16(p, 0x0800);
		at = put_udp(p, REMOTE, LOCAL, UDP_LEN);
	}
	plan->sport = (uint32_t)at + 20;
	plan->dport = (uint32_t)at + 22;
	put_udp(p, 0x0a000001, 0x0a000102, INNER_LEN - 20);
	packet_put(p, payload, sizeof(payload));
	memcpy(plan->header, p->data, sizeof(plan->header));
}

/* --- the run ----------------------------------------------------------------------------------- */

struct bench {
	struct node node;
	struct mdcost_bpf *skel;
	struct packet frame;
	struct xdp_md ctx;
};

static const struct subject *find_subject(const char *name)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (!strcmp(subjects[i].name, name))
			return &subjects[i];
	return NULL;
}

static void attach(int prog, unsigned int ifindex, unsigned int flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);

	if (bpf_link_create(prog, (int)ifindex, BPF_XDP, &opts) < 0)
		die("cannot attach a program");
}

/* A program that is attached somewhere costs BPF_PROG_RUN no RCU grace periods: pktgen.c. */
static void anchor(const struct bench *b)
{
	attach(bpf_program__fd(b->skel->progs.mdcost_source), 1, XDP_FLAGS_SKB_MODE);
}

static void prepare(struct bench *b, const struct subject *s, uint32_t n, uint32_t active)
{
	bool from_guest = s->prog == PROG_DISPATCH;
	struct mdcost_plan plan = {.n = active};
	uint32_t zero = 0;
	int next;

	node_start(&b->node);
	for (uint32_t id = 1; id <= n; id++) {
		fill_vnet(&b->node, id);
		fill_vif(&b->node, id, from_guest ? 1 : (uint16_t)id);
	}
	build_frame(&b->frame, &plan, from_guest);
	b->ctx = (struct xdp_md){.data_end = (uint32_t)b->frame.len,
				 .ingress_ifindex = from_guest ? b->node.link_ifindex[1]
							       : b->node.port_ifindex[1]};
	b->skel = mdcost_bpf__open();
	if (!b->skel)
		die("cannot open the BPF object");
	memcpy((void *)&b->skel->rodata->plan, &plan, sizeof(plan));
	if (mdcost_bpf__load(b->skel))
		die("the BPF object does not load");
	next = s->prog == PROGS ? bpf_program__fd(b->skel->progs.mdcost_redirect)
				: b->node.prog[s->prog];
	if (bpf_map_update_elem(bpf_map__fd(b->skel->maps.mdcost_next), &zero, &next, BPF_ANY) ||
	    bpf_map_update_elem(bpf_map__fd(b->skel->maps.mdcost_to), &zero,
				&b->node.link_ifindex[1], BPF_ANY))
		die("cannot set what is run");
	attach(bpf_program__fd(b->skel->progs.mdcost_drop), if_nametoindex(s->to), 0);
	anchor(b);
}

static void burst(struct bench *b, uint32_t n)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = b->frame.data,
		    .data_size_in = (uint32_t)b->frame.len, .ctx_in = &b->ctx,
		    .ctx_size_in = sizeof(b->ctx), .repeat = (int)n, .batch_size = BATCH,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	if (bpf_prog_test_run_opts(bpf_program__fd(b->skel->progs.mdcost_source), &opts))
		die("the kernel does not run the program");
}

/* Of this thread's CPU: the softirqs that its packets raise are in it, what others run meanwhile is not. */
static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* The subject's own count, over all vnets and CPUs; of the bare redirect there is none. */
static uint64_t counted(const struct bench *b, const struct subject *s, uint32_t n)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t sum = 0;
	char *values;

	if (s->prog == PROGS)
		return 0;
	values = calloc((size_t)cpus, s->stats_size);
	if (!values)
		die("no memory");
	for (uint32_t id = 1; id <= n; id++) {
		node_get(&b->node, s->stats, &id, values);
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += *(uint64_t *)(values + (size_t)cpu * s->stats_size + s->counter);
	}
	free(values);
	return sum;
}

int main(int argc, char **argv)
{
	const struct subject *s = argc > 1 ? find_subject(argv[1]) : NULL;
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0, sent = 0;
	unsigned long active = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned long packets = argc > 4 ? strtoul(argv[4], NULL, 10) : DEFAULT_PACKETS;
	static struct bench b;
	double begin, ns;

	if (!s || n < 1 || n > N_MAX || active < 1 || active > n || !packets || argc > 5) {
		fputs(usage, stderr);
		return 2;
	}
	prepare(&b, s, (uint32_t)n, (uint32_t)active);
	/* Caches as they are in the middle of a run. */
	burst(&b, CHUNK);
	begin = cpu_ns();
	for (; sent < packets; sent += CHUNK)
		burst(&b, CHUNK);
	ns = (cpu_ns() - begin) / (double)sent;
	if (s->prog != PROGS && counted(&b, s, (uint32_t)n) != sent + CHUNK) {
		fprintf(stderr, "mdcost: %s took %llu packets of %lu\n", s->name,
			(unsigned long long)counted(&b, s, (uint32_t)n), sent + CHUNK);
		return 1;
	}
	printf("{\"ns\": %.2f, \"packets\": %lu, \"vnets\": %lu, \"active\": %lu}\n", ns, sent, n,
	       active);
	return 0;
}
