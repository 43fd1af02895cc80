/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mirrord.c - a mirror of one namespace without a node, for tests.
 *
 *   mirrord NETNS MAX_ROUTES VIF=ID...
 *
 * Commands on stdin: "check" compares with a fresh dump and says "same N" or "differs" with each difference;
 * "show" says each route; "count" the routes in force; "stats"; "max N", "buffer BYTES" set. Events are said as they come. Three readers
 * take what agents would be told at once; "told" says how much they were.
 */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/mirror.h"
#include "ctl/netns.h"
#include "ctl/route_diff.h"
#include "ctl/rtparse.h"

#define N_VIFS 16
#define N_READERS 3

struct mirrord {
	struct event_base *base;
	int netns_fd;
	struct {
		char name[IFNAMSIZ];
		uint16_t id;
	} vifs[N_VIFS];
	size_t n_vifs;
	uint32_t max_routes;
	struct pdp_agentconf *told, *fresh;
	struct pdp_mirror *mirror, *second;
	struct pdp_confreader readers[N_READERS];
	uint64_t messages, removals; /* that the first reader was told */
	size_t differences;
};

static uint16_t vif_of(uint32_t ifindex, void *arg)
{
	const struct mirrord *d = arg;
	char name[IFNAMSIZ];
	struct pdp_error why;
	uint16_t id = 0;
	int back;

	static struct {
		uint32_t ifindex;
		uint16_t id;
	} last;

	if (last.ifindex == ifindex)
		return last.id;
	if (pdp_netns_enter(d->netns_fd, &back, &why))
		errx(1, "%s", why.text);
	if (if_indextoname(ifindex, name))
		for (size_t i = 0; i < d->n_vifs; i++)
			if (!strcmp(d->vifs[i].name, name))
				id = d->vifs[i].id;
	pdp_netns_leave(back);
	last.ifindex = ifindex;
	last.id = id;
	return id;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print(const char *what, const struct nlmsghdr *nlh)
{
	struct pdp_rt_route route;
	char addr[INET6_ADDRSTRLEN];

	printf("%s ", what);
	if (!nlh) {
		puts("nothing");
		return;
	}
	if (nlh->nlmsg_type != RTM_NEWROUTE || pdp_rt_parse_route(nlh, &route) != PDP_RT_taken) {
		printf("type %u\n", nlh->nlmsg_type);
		return;
	}
	printf("%s/%u type %u table %u metric %u",
	       inet_ntop(route.family, route.dst, addr, sizeof(addr)), route.len, route.type,
	       route.table, route.metric);
	for (unsigned int i = 0; i < route.n_paths; i++)
		printf(" via %s vif %u weight %u",
		       route.paths[i].gateway_family
			       ? inet_ntop(route.paths[i].gateway_family, route.paths[i].gateway,
					   addr, sizeof(addr))
			       : "-",
		       route.paths[i].link, route.paths[i].weight);
	puts("");
}

static int show(const struct pdp_rtkey *key, const struct nlmsghdr *nlh, void *arg)
{
	(void)arg;
	print(key->kind == RTM_NEWROUTE	  ? "route"
	      : key->kind == RTM_NEWNEIGH ? "neighbour"
					  : "address",
	      nlh);
	return 0;
}

/* What agents would be told is taken at once. */
static void drain(void *arg)
{
	static _Alignas(8) uint8_t buf[PDP_CHANNEL_MAX];
	struct mirrord *d = arg;
	size_t len;

	for (int i = 0; i < N_READERS; i++) {
		while ((len = pdp_confreader_next(&d->readers[i], buf, sizeof(buf)))) {
			const struct nlmsghdr *nlh = (const void *)(buf + sizeof(struct pdp_msg));
			int left = (int)(len - sizeof(struct pdp_msg));

			for (; !i && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
				d->messages++;
				d->removals += nlh->nlmsg_type == RTM_DELROUTE;
			}
			pdp_confreader_sent(&d->readers[i]);
		}
	}
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	drain(arg);
}

static void on_event(enum pdp_mirror_event event, const struct pdp_error *why, void *arg)
{
	static const char *const names[] = {"synced", "overrun", "over", "below", "failed"};
	const struct mirrord *d = arg;
	struct pdp_agentconf_stats stats;
	struct pdp_mirror_stats m;

	pdp_mirror_stats(d->mirror, &m);
	pdp_agentconf_stats(d->told, &stats);
	printf("%s %zu routes round %.3f s swept %zu%s%s\n", names[event], stats.routes,
	       (double)m.round_ns / 1e9, m.table.swept, why ? ": " : "", why ? why->text : "");
	fflush(stdout);
}

static void differ(const struct nlmsghdr *want, const struct nlmsghdr *have, void *arg)
{
	struct mirrord *d = arg;

	if (d->differences++ > 20)
		return;
	print("# want", want);
	print("# have", have);
}

static void on_second(enum pdp_mirror_event event, const struct pdp_error *why, void *arg)
{
	struct mirrord *d = arg;
	struct pdp_route_diff diff = {.want = d->fresh, .have = d->told, .fn = differ, .arg = d};
	struct pdp_agentconf_stats stats;

	(void)why;
	if (event != PDP_MIRROR_SYNCED)
		return;
	d->differences = 0;
	while (!pdp_route_diff_step(&diff))
		;
	pdp_agentconf_stats(d->fresh, &stats);
	if (d->differences)
		printf("differs %zu\n", d->differences);
	else
		printf("same %zu\n", stats.entries);
	fflush(stdout);
	pdp_mirror_free(d->second);
	pdp_agentconf_unref(d->fresh);
	d->second = NULL;
}

static void check(struct mirrord *d)
{
	struct pdp_mirror_table_conf conf = {.vif_of = vif_of, .arg = d};
	struct pdp_error why;

	if (d->second)
		return;
	d->fresh = conf.told = pdp_agentconf_new();
	if (pdp_mirror_new(&d->second, d->base, d->netns_fd, &conf, on_second, d, &why))
		errx(1, "%s", why.text);
}

static void tell_stats(const struct mirrord *d)
{
	struct pdp_mirror_stats m;

	pdp_mirror_stats(d->mirror, &m);
	printf("stats rounds %" PRIu64 " overruns %" PRIu64 " failures %" PRIu64
	       " messages %" PRIu64 " doubts %" PRIu64 " refused %zu unknown %" PRIu64,
	       m.rounds, m.overruns, m.failures, m.table.messages, m.table.doubts, m.table.refused,
	       m.table.unknown);
	for (int i = 0; i < PDP_RT_N_VERDICTS; i++)
		printf(" %s %" PRIu64, pdp_rt_verdict_name(i), m.table.verdicts[i]);
	puts("");
}

static void on_command(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_agentconf_stats stats;
	struct mirrord *d = arg;
	char line[64] = "";
	size_t place = 0;
	ssize_t n = read(fd, line, sizeof(line) - 1);

	(void)what;
	if (n <= 0) {
		event_base_loopbreak(d->base);
		return;
	}
	pdp_agentconf_stats(d->told, &stats);
	if (!strncmp(line, "check", 5))
		check(d);
	else if (!strncmp(line, "show", 4))
		while (place != SIZE_MAX)
			pdp_agentconf_walk(d->told, &place, SIZE_MAX, show, NULL);
	else if (!strncmp(line, "count", 5))
		printf("count %zu at %.3f\n", stats.routes, now());
	else if (!strncmp(line, "stats", 5))
		tell_stats(d);
	else if (!strncmp(line, "told", 4))
		printf("told %" PRIu64 " removals %" PRIu64 "\n", d->messages, d->removals);
	if (!strncmp(line, "max ", 4))
		pdp_mirror_set_max(d->mirror, (uint32_t)atoi(line + 4));
	if (!strncmp(line, "buffer ", 7))
		pdp_mirror_set_buffer(d->mirror, atoi(line + 7));
	fflush(stdout);
}

static void parse(struct mirrord *d, int argc, char **argv)
{
	if (argc < 3 || argc - 3 > N_VIFS)
		errx(2, "usage: mirrord NETNS MAX_ROUTES VIF=ID...");
	d->netns_fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (d->netns_fd < 0)
		err(1, "%s", argv[1]);
	d->max_routes = (uint32_t)atoi(argv[2]);
	for (int i = 3; i < argc; i++) {
		if (sscanf(argv[i], "%15[^=]=%hu", d->vifs[d->n_vifs].name,
			   &d->vifs[d->n_vifs].id) != 2)
			errx(2, "%s", argv[i]);
		d->n_vifs++;
	}
}

int main(int argc, char **argv)
{
	struct mirrord d = {0};
	struct pdp_mirror_table_conf conf = {.vif_of = vif_of, .arg = &d};
	struct event *drain_ev, *command;
	struct pdp_error why;

	parse(&d, argc, argv);
	d.base = event_base_new();
	d.told = conf.told = pdp_agentconf_new();
	conf.max_routes = d.max_routes;
	for (int i = 0; i < N_READERS; i++) {
		pdp_confreader_init(&d.readers[i], d.told, NULL, NULL);
		pdp_confreader_begin(&d.readers[i], true);
	}
	if (pdp_mirror_new(&d.mirror, d.base, d.netns_fd, &conf, on_event, &d, &why))
		errx(1, "%s", why.text);
	command = event_new(d.base, STDIN_FILENO, EV_READ | EV_PERSIST, on_command, &d);
	drain_ev = event_new(d.base, -1, EV_PERSIST, on_drain, &d);
	event_add(drain_ev, &(struct timeval){.tv_usec = 5000});
	event_add(command, NULL);
	event_base_dispatch(d.base);
	pdp_mirror_free(d.mirror);
	pdp_mirror_free(d.second);
	event_free(command);
	event_free(drain_ev);
	for (int i = 0; i < N_READERS; i++)
		pdp_confreader_end(&d.readers[i]);
	pdp_agentconf_unref(d.told);
	event_base_free(d.base);
	return 0;
}
