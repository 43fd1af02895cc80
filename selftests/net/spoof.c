/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * spoof.c - a hostile FE guest: raw frames onto its link, past any agent.
 *
 *   spoof --dev eth0 --dst MAC --vnet N --vif N --foreign-vnet N --foreign-vif N
 *         --local IP --remote IP --port N
 *
 *   spoof --src MAC --through IP ... the same
 *
 * Sends each forged frame once and prints "COUNTER NAME" for it: the drop counter that must move.
 * What the guest may send has lines that say "tx_packets". The vif is a udp one over IPv4 with the same port at
 * both ends. With --through the frames are payload of datagrams to that address, from port to port, for a program on
 * a guest's device that makes frames of them (selftests/owner/spoof.bpf.c); MAC is that device's.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/wire.h"

#define PAYLOAD 40

struct guest {
	int fd;
	struct sockaddr_ll to; /* its address: of the frames' source */
	uint8_t dst[6];
	in_addr_t through; /* 0 = it sends itself */
	uint16_t vnet, vif, foreign_vnet, foreign_vif, port;
	in_addr_t local, remote;
};

/* A whole frame as the agent would send it; the forgers below change one thing each. */
struct frame {
	struct ethhdr eth;
	struct pdp_tag tag;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t payload[PAYLOAD];
	uint32_t len; /* of what is sent */
	bool bad_checksum;
} __attribute__((packed));

static uint16_t ip_checksum(const void *data, size_t len)
{
	const uint16_t *word = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len / 2; i++)
		sum += word[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void honest(struct frame *f, const struct guest *g)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->eth.h_dest, g->dst, 6);
	memcpy(f->eth.h_source, g->to.sll_addr, 6);
	f->eth.h_proto = htons(PDP_ETHERTYPE);
	f->tag.version_op = pdp_tag_version_op(PDP_OP_FORWARD);
	f->tag.proto = htons(ETH_P_IP);
	f->tag.vnet = htons(g->vnet);
	f->tag.vif = htons(g->vif);
	f->ip.version = 4;
	f->ip.ihl = 5;
	f->ip.ttl = 64;
	f->ip.protocol = IPPROTO_UDP;
	f->ip.tot_len = htons(sizeof(f->ip) + sizeof(f->udp) + PAYLOAD);
	f->ip.saddr = g->local;
	f->ip.daddr = g->remote;
	f->udp.source = htons(g->port);
	f->udp.dest = htons(g->port);
	f->udp.len = htons(sizeof(f->udp) + PAYLOAD);
	f->payload[0] = 0x45;
	f->len = offsetof(struct frame, len);
}

typedef void forge_fn(struct frame *f, const struct guest *g);

#define FORGE(name, statement)                                   \
	static void name(struct frame *f, const struct guest *g) \
	{                                                        \
		(void)g;                                         \
		statement;                                       \
	}

FORGE(nothing, (void)f)
FORGE(untagged_ip, f->eth.h_proto = htons(ETH_P_IP))
FORGE(untagged_arp, f->eth.h_proto = htons(ETH_P_ARP))
FORGE(untagged_ip6, f->eth.h_proto = htons(ETH_P_IPV6))
FORGE(version_2, f->tag.version_op = 2 << 4 | PDP_OP_FORWARD)
FORGE(version_0, f->tag.version_op = PDP_OP_FORWARD)
FORGE(cut_tag, f->len = sizeof(f->eth) + 10)
FORGE(flags, f->tag.flags = 0x80)
FORGE(op_0, f->tag.version_op = PDP_WIRE_VERSION << 4)
FORGE(op_input, f->tag.version_op = pdp_tag_version_op(PDP_OP_INPUT))
FORGE(op_15, f->tag.version_op = PDP_WIRE_VERSION << 4 | 15)
FORGE(foreign_vnet, f->tag.vnet = htons(g->foreign_vnet))
FORGE(vnet_0, f->tag.vnet = 0)
FORGE(vnet_max, f->tag.vnet = 0xffff)
FORGE(foreign_vif, f->tag.vif = htons(g->foreign_vif))
FORGE(foreign_both, f->tag.vif = htons(g->foreign_vif); f->tag.vnet = htons(g->foreign_vnet))
FORGE(vif_0, f->tag.vif = 0)
FORGE(vif_max, f->tag.vif = 0xffff)
FORGE(foreign_vif_local, f->tag.vif = htons(g->foreign_vif);
      f->tag.version_op = pdp_tag_version_op(PDP_OP_LOCAL))
FORGE(proto_ip6, f->tag.proto = htons(ETH_P_IPV6))
FORGE(proto_frame, f->tag.proto = htons(PDP_PROTO_ETHERNET))
FORGE(outer_source, f->ip.saddr = htonl(0x0a000001))
FORGE(outer_destination, f->ip.daddr = htonl(0x0a000002))
FORGE(outer_tcp, f->ip.protocol = IPPROTO_TCP)
FORGE(outer_fragment, f->ip.frag_off = htons(0x2000))
FORGE(outer_sport, f->udp.source = htons(53))
FORGE(outer_dport, f->udp.dest = htons(22))
FORGE(outer_ihl, f->ip.ihl = 6)
FORGE(outer_checksum, f->bad_checksum = true)
FORGE(length_long, f->ip.tot_len = htons(1400))
FORGE(length_udp, f->udp.len = htons(9))
FORGE(seq_max, f->tag.seq = htonl(0xffffffff))
FORGE(seq_back, f->tag.seq = htonl(1); f->tag.hash = htonl(7))
FORGE(to_local, f->tag.version_op = pdp_tag_version_op(PDP_OP_LOCAL))
FORGE(to_drop, f->tag.version_op = pdp_tag_version_op(PDP_OP_DROP))

static const struct {
	const char *counter;
	const char *name;
	forge_fn *forge;
} forgeries[] = {
	{"tx_packets", "honest", nothing},
	{"tx_packets", "the last sequence number", seq_max},
	{"tx_packets", "a sequence number of long ago, of another flow", seq_back},
	{"drop_untagged", "an IPv4 packet", untagged_ip},
	{"drop_untagged", "ARP", untagged_arp},
	{"drop_untagged", "an IPv6 packet", untagged_ip6},
	{"drop_tag_version", "tag of version 2", version_2},
	{"drop_tag_version", "tag of version 0", version_0},
	{"drop_tag_version", "tag cut after 10 bytes", cut_tag},
	{"drop_tag_flags", "a reserved flag", flags},
	{"drop_tag_op", "operation 0", op_0},
	{"drop_tag_op", "operation INPUT", op_input},
	{"drop_tag_op", "operation 15", op_15},
	{"drop_foreign_vnet", "another vnet's id", foreign_vnet},
	{"drop_foreign_vnet", "another vnet's id and vif", foreign_both},
	{"drop_foreign_vnet", "vnet 0", vnet_0},
	{"drop_foreign_vnet", "vnet 65535", vnet_max},
	{"drop_foreign_vif", "another vnet's vif", foreign_vif},
	{"drop_foreign_vif", "another vnet's vif, LOCAL", foreign_vif_local},
	{"drop_foreign_vif", "vif 0", vif_0},
	{"drop_foreign_vif", "vif 65535", vif_max},
	{"drop_tag_proto", "IPv6 announced on an IPv4 tunnel", proto_ip6},
	{"drop_tag_proto", "a frame announced", proto_frame},
	{"drop_forged_outer", "foreign outer source", outer_source},
	{"drop_forged_outer", "foreign outer destination", outer_destination},
	{"drop_forged_outer", "TCP outside", outer_tcp},
	{"drop_forged_outer", "a fragment outside", outer_fragment},
	{"drop_forged_outer", "another UDP source port", outer_sport},
	{"drop_forged_outer", "another UDP destination port", outer_dport},
	{"drop_forged_outer", "IP options outside", outer_ihl},
	{"drop_forged_outer", "wrong IP checksum outside", outer_checksum},
	{"drop_outer_length", "IP longer than the frame", length_long},
	{"drop_outer_length", "UDP shorter than the packet", length_udp},
	{"drop_local_no_guest", "LOCAL on the own vif", to_local},
	{"drop_by_guest", "DROP", to_drop},
};

static int send_all(const struct guest *g)
{
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		struct frame f;
		ssize_t sent;

		honest(&f, g);
		forgeries[i].forge(&f, g);
		f.ip.check = 0;
		f.ip.check = ip_checksum(&f.ip, sizeof(f.ip)) ^ (f.bad_checksum ? 0x0100 : 0);
		sent = g->through ? send(g->fd, &f, f.len, 0)
				  : sendto(g->fd, &f, f.len, 0, (const struct sockaddr *)&g->to,
					   sizeof(g->to));
		if (sent != (ssize_t)f.len) {
			perror(forgeries[i].name);
			return -1;
		}
		printf("%s %s\n", forgeries[i].counter, forgeries[i].name);
	}
	return 0;
}

static int parse(struct guest *g, int argc, char **argv)
{
	static const struct option options[] = {
		{"dev", 1, NULL, 'd'},		{"dst", 1, NULL, 'm'},
		{"vnet", 1, NULL, 'n'},		{"vif", 1, NULL, 'v'},
		{"foreign-vnet", 1, NULL, 'N'}, {"foreign-vif", 1, NULL, 'V'},
		{"local", 1, NULL, 'l'},	{"remote", 1, NULL, 'r'},
		{"port", 1, NULL, 'p'},		{"src", 1, NULL, 's'},
		{"through", 1, NULL, 't'},	{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		uint16_t number = c == '?' || strchr("dmlrst", c) ? 0 : strtoul(optarg, NULL, 10);

		if (c == 'd')
			g->to.sll_ifindex = if_nametoindex(optarg);
		else if (c == 'm' && !ether_aton_r(optarg, (struct ether_addr *)g->dst))
			return -1;
		else if (c == 's' && !ether_aton_r(optarg, (struct ether_addr *)g->to.sll_addr))
			return -1;
		else if (c == 't')
			g->through = inet_addr(optarg);
		else if (c == 'l')
			g->local = inet_addr(optarg);
		else if (c == 'r')
			g->remote = inet_addr(optarg);
		else if (c == 'n')
			g->vnet = number;
		else if (c == 'v')
			g->vif = number;
		else if (c == 'N')
			g->foreign_vnet = number;
		else if (c == 'V')
			g->foreign_vif = number;
		else if (c == 'p')
			g->port = number;
		else if (c == '?')
			return -1;
	}
	return (g->to.sll_ifindex || g->through) && g->vnet && g->vif && g->port ? 0 : -1;
}

/* From the port of the tunnel's far end to the near one. */
static int open_tunnel(const struct guest *g)
{
	struct sockaddr_in end = {.sin_family = AF_INET, .sin_port = htons(g->port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&end, sizeof(end)))
		return -1;
	end.sin_addr.s_addr = g->through;
	return connect(fd, (const struct sockaddr *)&end, sizeof(end)) ? -1 : fd;
}

int main(int argc, char **argv)
{
	struct guest g = {.to = {.sll_family = AF_PACKET, .sll_halen = 6}};
	int err;

	if (parse(&g, argc, argv)) {
		fprintf(stderr, "spoof: missing or bad arguments; they are named in its source\n");
		return 2;
	}
	g.fd = g.through ? open_tunnel(&g) : socket(AF_PACKET, SOCK_RAW, 0);
	if (g.fd < 0) {
		perror("spoof: socket");
		return 1;
	}
	err = send_all(&g);
	close(g.fd);
	return err ? 1 : 0;
}
