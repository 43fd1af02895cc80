/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guestd.c - one FE guest, with loader and channel but without vnets: what the tests of guests drive.
 *
 *   guestd --run-dir DIR --pins DIR --node NAME --agent PATH [--id N] [--name NAME] [--power N]
 *          [--memory MIB] [--cpus LIST]
 *
 * Prints a line for each change of state, and on SIGUSR1: STATE KEY=VALUE ... It stops its guest on
 * SIGTERM or SIGINT; on SIGKILL it does not, and the next one with these arguments reaps.
 */
#include <event2/event.h>

#include "ctl/agentstats.h"
#include "ctl/guest.h"

#include <bpf/bpf.h>
#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct guestd {
	struct pdp_guests_conf conf;
	struct pdp_guest_spec spec;
	const char *pins;
	struct pdp_guest_box *guest;
};

static const char *const states[] = {
	[PDP_GUEST_STARTING] = "starting", [PDP_GUEST_CONNECTED] = "connected",
	[PDP_GUEST_READY] = "ready",	   [PDP_GUEST_FAILED] = "failed",
	[PDP_GUEST_STOPPED] = "stopped",   [PDP_GUEST_ADOPTED] = "adopted",
	[PDP_GUEST_STALLED] = "stalled",
};

/* The dispatcher knows a guest by its link, and counts for no guest without a vnet: here it is vnet 1. */
static void publish(const struct guestd *d, const struct pdp_guest_view *view)
{
	const uint32_t ifindex = (uint32_t)view->link_ifindex, id = view->id;
	const struct pdp_guest entry = {.vnet = 1};

	bpf_map_update_elem(pdp_loader_map_fd(d->conf.loader, PDP_MAP_GUESTS), &id, &entry,
			    BPF_ANY);
	bpf_map_update_elem(pdp_loader_map_fd(d->conf.loader, PDP_MAP_SENDERS), &ifindex, &view->id,
			    BPF_ANY);
}

/* What went to the guest's agents, and what became of it. */
static void show_books(const struct guestd *d, uint16_t id, const struct pdp_agent_stats *agents)
{
	struct pdp_guest_stats stats;

	if (pdp_stats_read(d->conf.loader, PDP_MAP_GUEST_STATS, id, &stats, sizeof(stats)))
		return;
	printf(" in=%" PRIu64 " back=%" PRIu64 " no_socket=%" PRIu64 " dropped=%" PRIu64,
	       (uint64_t)stats.rx_packets, (uint64_t)stats.from_packets,
	       (uint64_t)stats.drop_no_socket, pdp_agentstats_dropped(agents));
}

static void show(const struct guestd *d, struct pdp_guest_box *guest, const char *why)
{
	struct pdp_agent_stats stats;
	struct pdp_guest_view view;

	pdp_guest_look(guest, &view);
	publish(d, &view);
	pdp_guest_agent_stats(guest, &stats);
	printf("%s pid=%d link=%s ifindex=%d quota=%u/%u cpu_ns=%" PRIu64 " memory=%" PRIu64
	       " restarts=%u rx_drops=%" PRIu64 " died=%" PRIu64 " agent_rx=%" PRIu64
	       " frames=%" PRIu64 " mac=%02x:%02x:%02x:%02x:%02x:%02x",
	       states[view.state], (int)view.init_pid, view.link, view.link_ifindex, view.quota_us,
	       view.period_us, view.cpu_ns, view.memory_bytes, view.restarts, view.eth0_rx_drops,
	       view.agent_died_packets, stats.rx_packets, stats.frames_total, view.mac[0],
	       view.mac[1], view.mac[2], view.mac[3], view.mac[4], view.mac[5]);
	show_books(d, view.id, &stats);
	printf(" why=%s\n", why);
	fflush(stdout);
}

static void on_state(struct pdp_guest_box *guest, enum pdp_guest_state state,
		     const struct pdp_error *err, void *arg)
{
	(void)state;
	show(arg, guest, err ? err->text : "");
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	struct guestd *d = arg;

	(void)what;
	if (signal == SIGUSR1)
		show(d, d->guest, "asked");
	else
		event_base_loopbreak(d->conf.base);
}

static void parse(int argc, char **argv, struct guestd *d)
{
	static const struct option options[] = {
		{"run-dir", required_argument, NULL, 'r'}, {"pins", required_argument, NULL, 'p'},
		{"node", required_argument, NULL, 'n'},	   {"agent", required_argument, NULL, 'a'},
		{"id", required_argument, NULL, 'i'},	   {"name", required_argument, NULL, 'g'},
		{"power", required_argument, NULL, 'w'},   {"memory", required_argument, NULL, 'm'},
		{"cpus", required_argument, NULL, 'c'},	   {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			d->conf.run_dir = optarg;
		else if (c == 'p')
			d->pins = optarg;
		else if (c == 'n')
			d->conf.node = optarg;
		else if (c == 'a')
			d->conf.agent_path = optarg;
		else if (c == 'i')
			d->spec.id = (uint16_t)atoi(optarg);
		else if (c == 'g')
			snprintf(d->spec.name, sizeof(d->spec.name), "%s", optarg);
		else if (c == 'w')
			d->spec.power = (uint32_t)atoi(optarg);
		else if (c == 'c')
			d->spec.cpus = optarg;
		else if (c == 'm')
			d->spec.memory_mib = (uint32_t)atoi(optarg);
		else
			exit(2);
	}
	if (!d->conf.run_dir || !d->pins || !d->conf.node || !d->conf.agent_path)
		errx(2, "--run-dir, --pins, --node and --agent are needed");
}

/* A vif and a SYNC, as a vnet would give it: enough for READY. */
static void configure(struct guestd *d)
{
	const struct pdp_dp_vif vif = {.id = 1,
				       .encap = 1,
				       .family = 4,
				       .mtu = 1400,
				       .ttl = 64,
				       .local_port = 0x8913,
				       .remote_port = 0x8913,
				       .local = {192, 0, 2, 1},
				       .remote = {192, 0, 2, 2}};

	if (pdp_guest_set_vif(d->guest, &vif))
		errx(1, "vif refused");
}

static void catch_signals(struct guestd *d, struct event *events[3])
{
	const int signals[3] = {SIGTERM, SIGINT, SIGUSR1};

	for (int i = 0; i < 3; i++) {
		events[i] = evsignal_new(d->conf.base, signals[i], on_signal, d);
		event_add(events[i], NULL);
	}
}

/* Start the guest and serve it until a signal; 0, or 1 with the reason told. */
static int serve(struct guestd *d, struct pdp_guests *guests)
{
	struct event *events[3];
	struct pdp_error err;

	if (pdp_guest_start(&d->guest, guests, &d->spec, on_state, d, &err)) {
		warnx("%s", err.text);
		return 1;
	}
	catch_signals(d, events);
	configure(d);
	show(d, d->guest, "started");
	event_base_dispatch(d->conf.base);
	pdp_guest_stop(d->guest);
	for (int i = 0; i < 3; i++)
		event_free(events[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct guestd d = {.conf = {.link_mtu = 1516},
			   .spec = {.id = 1, .name = "red-1", .power = 200, .dataplane = "router"}};
	struct pdp_guests *guests = NULL;
	struct pdp_error err;
	unsigned int strays;
	int status = 1;

	parse(argc, argv, &d);
	d.conf.base = event_base_new();
	if (pdp_loader_open(&d.conf.loader, d.pins, &err))
		errx(1, "%s", err.text);
	if (pdp_guests_new(&guests, &d.conf, &err) || pdp_guests_reap(guests, &strays, &err)) {
		warnx("%s", err.text);
	} else {
		printf("reaped %u\n", strays);
		status = serve(&d, guests);
	}
	pdp_guests_free(guests);
	if (pdp_loader_purge(d.conf.loader, &err))
		warnx("%s", err.text);
	pdp_loader_close(d.conf.loader);
	event_base_free(d.conf.base);
	return status;
}
