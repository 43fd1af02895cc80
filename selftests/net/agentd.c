/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentd.c - the least controller that an FE agent can have, for tests of the agent alone.
 *
 *   agentd DEV SOCKET STATS
 *
 * Attaches the receive program to DEV, listens on SOCKET for one agent at a time, puts its AF_XDP
 * socket into the XSKMAP and configures a router with two udp vifs:
 *
 *   vif 1   192.0.2.1:5001    -> 192.0.2.2:5001      10.1.0.0/16  2001:db8:1::/48
 *   vif 2   198.51.100.1:5002 -> 198.51.100.2:5002   10.2.0.0/16  2001:db8:2::/48
 *
 * SIGUSR1: hang up, as a controller that is restarted does. Rewrites STATS, "NAME VALUE" lines, ten times a second: the counters of the last agent, and
 * "agents", "synced" (SYNC answered without an error) and "hung_up".
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bpf/guest.skel.h"
#include "fe-agent/channel.h"

struct agentd {
	struct guest_bpf *skel;
	int listen_fd;
	int fd; /* the agent's, -1 = none */
	const struct pdp_agent_stats *stats;
	unsigned int agents, synced, hung_up;
};

static volatile sig_atomic_t stopped, told_to_hang_up;

static void on_signal(int signal)
{
	if (signal == SIGUSR1)
		told_to_hang_up = 1;
	else
		stopped = 1;
}

static void say(struct agentd *d, enum pdp_msg_type type, const void *body, size_t len)
{
	struct pdp_msg msg = {.type = type, .seq = d->agents};
	struct iovec iov[] = {{&msg, sizeof(msg)}, {(void *)body, len}};
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};

	if (sendmsg(d->fd, &mh, MSG_NOSIGNAL) < 0)
		warn("message of type %d", type);
}

static void say_vif(struct agentd *d, uint16_t id, const char *local, const char *remote, int port)
{
	struct pdp_dp_vif vif = {
		.id = id,
		.encap = 1,
		.family = 4,
		.mtu = 1472,
		.local_port = htons(port),
		.remote_port = htons(port),
		.ttl = 64,
	};

	inet_pton(AF_INET, local, vif.local);
	inet_pton(AF_INET, remote, vif.remote);
	say(d, PDP_MSG_VIF, &vif, sizeof(vif));
}

static void say_route(struct agentd *d, int family, const char *prefix, int len, uint32_t vif)
{
	_Alignas(8) char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	uint8_t addr[16];

	nlh->nlmsg_type = RTM_NEWROUTE;
	nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	rtm->rtm_family = family;
	rtm->rtm_dst_len = len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_type = RTN_UNICAST;
	inet_pton(family, prefix, addr);
	mnl_attr_put(nlh, RTA_DST, family == AF_INET ? 4 : 16, addr);
	mnl_attr_put_u32(nlh, RTA_OIF, vif);
	say(d, PDP_MSG_NETLINK, nlh, nlh->nlmsg_len);
}

static void configure(struct agentd *d)
{
	say_vif(d, 1, "192.0.2.1", "192.0.2.2", 5001);
	say_vif(d, 2, "198.51.100.1", "198.51.100.2", 5002);
	say_route(d, AF_INET, "10.1.0.0", 16, 1);
	say_route(d, AF_INET, "10.2.0.0", 16, 2);
	say_route(d, AF_INET6, "2001:db8:1::", 48, 1);
	say_route(d, AF_INET6, "2001:db8:2::", 48, 2);
	say(d, PDP_MSG_SYNC, NULL, 0);
}

static void hang_up(struct agentd *d)
{
	close(d->fd);
	d->fd = -1;
	d->hung_up++;
}

/* The agent's two descriptors: into the XSKMAP with one, map the other; then close both. */
static bool take_descriptors(struct agentd *d, const struct pdp_hello *hello, const int fds[2])
{
	struct stat st;
	void *stats;
	bool ok;

	if (d->stats)
		munmap((void *)d->stats, sizeof(*d->stats));
	d->stats = NULL;
	ok = !bpf_map__update_elem(d->skel->maps.pdp_xsks, &hello->queue, sizeof(hello->queue),
				   &fds[0], sizeof(fds[0]), 0) &&
	     !fstat(fds[1], &st) && st.st_size == sizeof(*d->stats);
	stats = mmap(NULL, sizeof(*d->stats), PROT_READ, MAP_SHARED, fds[1], 0);
	if (stats != MAP_FAILED)
		d->stats = stats;
	close(fds[0]);
	close(fds[1]);
	return ok && d->stats;
}

static bool hear_hello(struct agentd *d)
{
	struct pdp_msg msg;
	struct pdp_hello hello;
	int fds[2];
	struct iovec iov[] = {{&msg, sizeof(msg)}, {&hello, sizeof(hello)}};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fds))];
	struct msghdr mh = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	if (recvmsg(d->fd, &mh, MSG_CMSG_CLOEXEC) != sizeof(msg) + sizeof(hello))
		return false;
	cmsg = CMSG_FIRSTHDR(&mh);
	if (msg.type != PDP_MSG_HELLO || hello.version != PDP_CHANNEL_VERSION || !cmsg ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(fds)) || (mh.msg_flags & MSG_CTRUNC))
		return false;
	memcpy(fds, CMSG_DATA(cmsg), sizeof(fds));
	printf("agent pid %u, %s, ifindex %u, queue %u\n", hello.pid, hello.dataplane,
	       hello.ifindex, hello.queue);
	return take_descriptors(d, &hello, fds);
}

static void welcome(struct agentd *d)
{
	d->fd = accept4(d->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (d->fd < 0)
		return;
	if (!hear_hello(d)) {
		warnx("not an agent's HELLO");
		hang_up(d);
		return;
	}
	d->agents++;
	say(d, PDP_MSG_START, NULL, 0);
	configure(d);
}

static void hear(struct agentd *d)
{
	struct {
		struct pdp_msg msg;
		char body[256];
	} in;
	ssize_t n = recv(d->fd, &in, sizeof(in), MSG_DONTWAIT);
	struct pdp_synced synced;

	if (n <= 0) {
		hang_up(d);
	} else if (in.msg.type == PDP_MSG_ERROR) {
		printf("error: %.*s\n", (int)(n - sizeof(in.msg)), in.body);
	} else if (in.msg.type == PDP_MSG_SYNCED && in.msg.seq == d->agents) {
		memcpy(&synced, in.body, sizeof(synced));
		printf("synced: %s\n", strerror(-synced.error));
		d->synced += !synced.error;
	}
}

static void write_stats(const struct agentd *d, const char *path)
{
	char temp[256];
	FILE *out;

	snprintf(temp, sizeof(temp), "%s.new", path);
	out = fopen(temp, "w");
	if (!out)
		err(1, "%s", temp);
	fprintf(out, "agents %u\nsynced %u\nhung_up %u\n", d->agents, d->synced, d->hung_up);
	if (d->stats) {
#define PRINT(name, help) fprintf(out, #name " %lu\n", d->stats->name);
		PDP_AGENT_STATS(PRINT)
#define PRINT_DROP(name, help) fprintf(out, #name " %lu\n", d->stats->dp_drops[name]);
		PDP_DP_DROPS(PRINT_DROP)
	}
	if (fclose(out) || rename(temp, path))
		err(1, "%s", path);
}

static struct guest_bpf *attach(const char *dev)
{
	struct guest_bpf *skel = guest_bpf__open();
	int ifindex = if_nametoindex(dev);

	if (!skel || !ifindex)
		err(1, "%s", dev);
	skel->rodata->guest_id = 1;
	if (guest_bpf__load(skel))
		err(1, "load");
	skel->links.pdp_guest_rx = bpf_program__attach_xdp(skel->progs.pdp_guest_rx, ifindex);
	if (!skel->links.pdp_guest_rx)
		err(1, "attach to %s", dev);
	return skel;
}

static int listen_on(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) || chmod(path, 0666) ||
	    listen(fd, 1))
		err(1, "%s", path);
	return fd;
}

int main(int argc, char **argv)
{
	struct agentd d = {.fd = -1};
	struct sigaction sa = {.sa_handler = on_signal};

	if (argc != 4)
		errx(2, "usage: agentd DEV SOCKET STATS");
	setlinebuf(stdout);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	d.skel = attach(argv[1]);
	d.listen_fd = listen_on(argv[2]);
	while (!stopped) {
		struct pollfd fd = {.events = POLLIN};

		if (told_to_hang_up && d.fd >= 0)
			hang_up(&d);
		told_to_hang_up = 0;
		fd.fd = d.fd < 0 ? d.listen_fd : d.fd;
		if (poll(&fd, 1, 100) > 0)
			d.fd < 0 ? welcome(&d) : hear(&d);
		write_stats(&d, argv[3]);
	}
	unlink(argv[2]);
	guest_bpf__destroy(d.skel);
	return 0;
}
