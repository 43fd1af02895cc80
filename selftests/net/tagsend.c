/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tagsend.c - plays the MD towards one FE agent: tagged packets out of a device, and a look at every
 * byte of what comes back. Stands against agentd's configuration.
 *
 *   tagsend DEV GUEST_MAC [--count N] [--pps N] [--ttl N] [--v6] [--lossy]
 *
 * Each packet enters by vif 1 for a destination behind vif 2. With a TTL of 1 it must come back as
 * LOCAL, unchanged; otherwise as FORWARD, with vif 2's outer header. Prints sent, received and bad;
 * fails when one is bad, or, without --lossy, when one is missing.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <linux/udp.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bpf/wire.h"

#define VNET 7
#define PAYLOAD 26
#define TAGGED (ETH_HLEN + (int)sizeof(struct pdp_tag))
#define OUTER ((int)(sizeof(struct iphdr) + sizeof(struct udphdr)))
#define WAIT_MS 3000 /* for the last packets */

struct job {
	int fd;
	uint8_t own_mac[ETH_ALEN], guest_mac[ETH_ALEN];
	unsigned int count, pps, ttl;
	bool v6, lossy;
	unsigned int sent, received, bad;
};

static uint16_t checksum(const void *header, size_t len)
{
	const uint16_t *word = header;
	uint32_t sum = 0;

	for (; len; len -= 2)
		sum += *word++;
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

static void put_ip4(uint8_t *at, unsigned int ttl, const char *src, uint32_t dst, int payload)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(ip) + payload),
		.ttl = ttl,
		.protocol = IPPROTO_UDP,
		.daddr = htonl(dst),
	};

	inet_pton(AF_INET, src, &ip.saddr);
	ip.check = checksum(&ip, sizeof(ip));
	memcpy(at, &ip, sizeof(ip));
}

static void put_ip6(uint8_t *at, unsigned int ttl, uint32_t host, int payload)
{
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = htons(payload),
		.nexthdr = IPPROTO_UDP,
		.hop_limit = ttl,
	};

	inet_pton(AF_INET6, "2001:db8:1::1", &ip.saddr);
	inet_pton(AF_INET6, "2001:db8:2::", &ip.daddr);
	ip.daddr.s6_addr32[3] = htonl(host);
	memcpy(at, &ip, sizeof(ip));
}

/* The inner packet number i; returns its length. */
static int put_inner(const struct job *job, uint8_t *at, unsigned int i, unsigned int ttl)
{
	const struct udphdr udp = {
		.source = htons(1000), .dest = htons(2000), .len = htons(sizeof(udp) + PAYLOAD)};
	int header = job->v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	if (job->v6)
		put_ip6(at, ttl, i + 1, sizeof(udp) + PAYLOAD);
	else
		put_ip4(at, ttl, "10.1.0.1", 0x0a020001 + (i & 0xfff), sizeof(udp) + PAYLOAD);
	memcpy(at + header, &udp, sizeof(udp));
	memset(at + header + sizeof(udp), i, PAYLOAD);
	return header + sizeof(udp) + PAYLOAD;
}

static struct pdp_tag make_tag(const struct job *job, enum pdp_op op, uint16_t vif, unsigned int i)
{
	return (struct pdp_tag){
		.version_op = pdp_tag_version_op(op),
		.proto = htons(op != PDP_OP_FORWARD && job->v6 ? ETH_P_IPV6 : ETH_P_IP),
		.vnet = htons(VNET),
		.vif = htons(vif),
		.hash = htonl(~i),
		.seq = htonl(i),
	};
}

static int put_frame(const uint8_t *dst, const uint8_t *src, const struct pdp_tag *tag,
		     uint8_t *frame)
{
	struct ethhdr eth = {.h_proto = htons(PDP_ETHERTYPE)};

	memcpy(eth.h_dest, dst, ETH_ALEN);
	memcpy(eth.h_source, src, ETH_ALEN);
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), tag, sizeof(*tag));
	return TAGGED;
}

/* Every byte that must come back for packet i. */
static int put_answer(const struct job *job, unsigned int i, uint8_t *frame)
{
	const bool local = job->ttl <= 1;
	struct pdp_tag tag = make_tag(job, local ? PDP_OP_LOCAL : PDP_OP_FORWARD, local ? 1 : 2, i);
	int len = put_frame(job->own_mac, job->guest_mac, &tag, frame);

	if (local)
		return len + put_inner(job, frame + len, i, job->ttl);
	return len + OUTER + put_inner(job, frame + len + OUTER, i, job->ttl - 1);
}

/* The outer header, whose identification, ECN and checksum are the data plane's to choose. */
static bool good_outer(const uint8_t *outer, int inner_len)
{
	struct iphdr ip;
	struct udphdr udp;
	uint32_t local = 0, remote = 0;

	memcpy(&ip, outer, sizeof(ip));
	memcpy(&udp, outer + sizeof(ip), sizeof(udp));
	inet_pton(AF_INET, "198.51.100.1", &local);
	inet_pton(AF_INET, "198.51.100.2", &remote);
	return ip.version == 4 && ip.ihl == 5 && ip.saddr == local && ip.daddr == remote &&
	       ip.protocol == IPPROTO_UDP && ip.ttl == 64 && !checksum(&ip, sizeof(ip)) &&
	       ntohs(ip.tot_len) == OUTER + inner_len && udp.source == htons(5002) &&
	       udp.dest == htons(5002) && ntohs(udp.len) == sizeof(udp) + inner_len;
}

static bool good_answer(const struct job *job, const uint8_t *frame, int len)
{
	uint8_t want[256];
	struct pdp_tag tag;
	int want_len;

	memcpy(&tag, frame + ETH_HLEN, sizeof(tag));
	want_len = put_answer(job, ntohl(tag.seq), want);
	if (len != want_len)
		return false;
	if (job->ttl > 1) {
		if (!good_outer(frame + TAGGED, len - TAGGED - OUTER))
			return false;
		memcpy(want + TAGGED, frame + TAGGED, OUTER);
	}
	return !memcmp(frame, want, len);
}

static void collect(struct job *job, int wait_ms)
{
	struct pollfd fd = {.fd = job->fd, .events = POLLIN};
	struct sockaddr_ll from = {0};
	socklen_t from_len = sizeof(from);
	uint8_t frame[2048] = {0};
	int len;

	if (poll(&fd, 1, wait_ms) <= 0)
		return;
	while ((len = recvfrom(job->fd, frame, sizeof(frame), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len)) > 0) {
		if (from.sll_pkttype == PACKET_OUTGOING)
			continue;
		job->received++;
		job->bad += len < TAGGED || !good_answer(job, frame, len);
	}
}

static void send_one(struct job *job)
{
	struct pdp_tag tag = make_tag(job, PDP_OP_INPUT, 1, job->sent);
	uint8_t frame[256];
	int len = put_frame(job->guest_mac, job->own_mac, &tag, frame);

	len += put_inner(job, frame + len, job->sent, job->ttl);
	if (send(job->fd, frame, len, 0) != len && errno != ENOBUFS && errno != ENETDOWN)
		err(1, "send");
	job->sent++;
}

static void run(struct job *job)
{
	struct timespec t, gap = {.tv_nsec = 1000000000 / job->pps};
	unsigned int received;

	clock_gettime(CLOCK_MONOTONIC, &t);
	while (job->sent < job->count) {
		send_one(job);
		collect(job, 0);
		t.tv_nsec += gap.tv_nsec;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	}
	do {
		received = job->received;
		collect(job, job->lossy ? 300 : WAIT_MS);
	} while (job->received < job->sent && job->received > received);
}

static void open_device(struct job *job, const char *dev, const char *guest_mac)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(PDP_ETHERTYPE),
		.sll_ifindex = if_nametoindex(dev),
	};
	struct ether_addr *mac = ether_aton(guest_mac);
	struct ifreq ifr = {0};
	int size = 16 << 20;

	job->fd = socket(AF_PACKET, SOCK_RAW, 0);
	strncpy(ifr.ifr_name, dev, sizeof(ifr.ifr_name) - 1);
	if (!mac)
		errx(2, "%s: not a MAC address", guest_mac);
	if (job->fd < 0 || setsockopt(job->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(job->fd, (struct sockaddr *)&sll, sizeof(sll)) ||
	    ioctl(job->fd, SIOCGIFHWADDR, &ifr))
		err(1, "%s", dev);
	memcpy(job->guest_mac, mac, ETH_ALEN);
	memcpy(job->own_mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"count", required_argument, NULL, 'c'}, {"pps", required_argument, NULL, 'p'},
		{"ttl", required_argument, NULL, 't'},	 {"v6", no_argument, NULL, '6'},
		{"lossy", no_argument, NULL, 'l'},	 {0},
	};
	struct job job = {.count = 100, .pps = 1000, .ttl = 64};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			job.count = atoi(optarg);
		else if (c == 'p')
			job.pps = atoi(optarg);
		else if (c == 't')
			job.ttl = atoi(optarg);
		else if (c == '6')
			job.v6 = true;
		else if (c == 'l')
			job.lossy = true;
		else
			return 2;
	}
	if (argc - optind != 2 || job.pps < 2)
		errx(2, "usage: tagsend DEV GUEST_MAC [--count N] [--pps N] [--ttl N] [--v6] "
			"[--lossy]");
	open_device(&job, argv[optind], argv[optind + 1]);
	run(&job);
	printf("sent %u received %u bad %u\n", job.sent, job.received, job.bad);
	return job.bad || (!job.lossy && job.received != job.sent);
}
