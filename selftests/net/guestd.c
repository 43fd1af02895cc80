/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guestd.c - one FE guest, with loader and channel but without vnets: what the tests of guests drive.
 *
 *   guestd --run-dir DIR --pins DIR --node NAME --agent PATH [--id N] [--name NAME] [--power N]
 *          [--memory MIB] [--cpus LIST] [--adopt | --again] [--commands FIFO]
 *
 * Prints a line for each change of state, and on SIGUSR1: STATE KEY=VALUE ... It stops its guest on
 * SIGTERM or SIGINT and lets go of it on SIGHUP; on SIGKILL it does neither. The next one with these
 * arguments reaps what runs, or with --adopt takes it over, or with --again, if it cannot, makes it anew.
 * Commands, a line each: power N, memory MIB,
 * sync, drained, mend, vif ID FAMILY.
 */
#include <event2/event.h>

#include "ctl/agentstats.h"
#include "ctl/container.h"
#include "ctl/guest.h"
#include "ctl/nodelock.h"

#include <bpf/bpf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_SIGNALS 4

struct guestd {
	struct pdp_guests_conf conf;
	struct pdp_guest_spec spec;
	const char *pins;
	const char *fifo;
	bool adopt, again, release, failed;
	struct pdp_guest_box *guest;
	FILE *commands;
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
	       " restarts=%u rx_drops=%" PRIu64 " died=%" PRIu64 " agent_pid=%d agent_rx=%" PRIu64
	       " frames=%" PRIu64 " mac=%02x:%02x:%02x:%02x:%02x:%02x",
	       states[view.state], (int)view.init_pid, view.link, view.link_ifindex, view.quota_us,
	       view.period_us, view.cpu_ns, view.memory_bytes, view.restarts, view.eth0_rx_drops,
	       view.agent_died_packets, (int)view.agent_pid, stats.rx_packets, stats.frames_total,
	       view.mac[0], view.mac[1], view.mac[2], view.mac[3], view.mac[4], view.mac[5]);
	show_books(d, view.id, &stats);
	printf(" why=%s\n", why);
	fflush(stdout);
}

static void on_state(struct pdp_guest_box *guest, enum pdp_guest_state state,
		     const struct pdp_error *err, void *arg)
{
	struct guestd *d = arg;
	struct pdp_guest_view view;

	pdp_guest_look(guest, &view);
	show(d, guest,
	     err					    ? err->text
	     : state == PDP_GUEST_STARTING && view.init_pid ? "started"
							    : "");
	if (state != PDP_GUEST_FAILED)
		return;
	warnx("%s", err->text);
	d->failed = true;
	event_base_loopbreak(d->conf.base);
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	struct guestd *d = arg;

	(void)what;
	if (signal == SIGUSR1)
		show(d, d->guest, "asked");
	else
		event_base_loopbreak(d->conf.base);
	if (signal == SIGHUP)
		d->release = true;
}

static void parse(int argc, char **argv, struct guestd *d)
{
	static const struct option options[] = {
		{"run-dir", required_argument, NULL, 'r'},
		{"pins", required_argument, NULL, 'p'},
		{"node", required_argument, NULL, 'n'},
		{"agent", required_argument, NULL, 'a'},
		{"id", required_argument, NULL, 'i'},
		{"name", required_argument, NULL, 'g'},
		{"power", required_argument, NULL, 'w'},
		{"memory", required_argument, NULL, 'm'},
		{"cpus", required_argument, NULL, 'c'},
		{"adopt", no_argument, NULL, 'A'},
		{"again", no_argument, NULL, 'R'},
		{"commands", required_argument, NULL, 'C'},
		{0},
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
		else if (c == 'A')
			d->adopt = true;
		else if (c == 'R')
			d->adopt = d->again = true;
		else if (c == 'C')
			d->fifo = optarg;
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

static void catch_signals(struct guestd *d, struct event *events[N_SIGNALS])
{
	const int signals[N_SIGNALS] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};

	for (int i = 0; i < N_SIGNALS; i++) {
		events[i] = evsignal_new(d->conf.base, signals[i], on_signal, d);
		event_add(events[i], NULL);
	}
}

static void on_synced(const struct pdp_error *err, void *arg)
{
	(void)arg;
	printf("synced%s%s\n", err ? ": " : "", err ? err->text : "");
	fflush(stdout);
}

static int mend(struct guestd *d, struct pdp_error *err)
{
	struct pdp_error what;
	bool mended = false;
	int code = pdp_guest_mend(d->guest, &mended, &what);

	if (mended)
		printf("mended: %s\n", what.text);
	return code ? pdp_fail(err, code, "%s", what.text) : 0;
}

static void command(struct guestd *d, const char *line)
{
	struct pdp_error err = {0};
	struct pdp_dp_vif vif = {.encap = 1, .mtu = 1400, .ttl = 64};
	unsigned int a = 0, b = 0;
	int code = 0;

	if (sscanf(line, "power %u", &a) == 1)
		code = pdp_guest_set_power(d->guest, a, &err);
	else if (sscanf(line, "memory %u", &a) == 1)
		code = pdp_guest_set_memory(d->guest, a, &err);
	else if (sscanf(line, "vif %u %u", &a, &b) == 2) {
		vif.id = (uint16_t)a, vif.family = (uint8_t)b;
		code = pdp_guest_set_vif(d->guest, &vif);
	} else if (!strcmp(line, "sync\n"))
		code = pdp_guest_sync(d->guest, on_synced, d);
	else if (!strcmp(line, "drained\n"))
		code = pdp_guest_drained(d->guest) ? 0 : -EAGAIN;
	else if (!strcmp(line, "mend\n"))
		code = mend(d, &err);
	else
		code = -ENOSYS;
	printf("did %d %.*s: %s\n", code, (int)strcspn(line, "\n"), line, err.text);
	fflush(stdout);
}

static void on_command(evutil_socket_t fd, short what, void *arg)
{
	struct guestd *d = arg;
	char line[128];

	(void)fd, (void)what;
	while (fgets(line, sizeof(line), d->commands))
		command(d, line);
	clearerr(d->commands);
}

/* Read and write, so that it has no end. */
static struct event *open_commands(struct guestd *d)
{
	const int fd = open(d->fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct event *event;

	if (fd < 0)
		err(1, "%s", d->fifo);
	d->commands = fdopen(fd, "r");
	event = event_new(d->conf.base, fd, EV_READ | EV_PERSIST, on_command, d);
	event_add(event, NULL);
	return event;
}

static int bring_up(struct guestd *d, struct pdp_guests *guests, struct pdp_error *why)
{
	int code = -ENOENT;

	if (d->adopt)
		code = pdp_guest_adopt(&d->guest, guests, &d->spec, on_state, d, why);
	if (d->adopt && code)
		printf("not adopted %d: %s\n", code, why->text);
	if (code && d->again)
		code = pdp_guest_discard(guests, d->spec.name, why) ? code : -ENOENT;
	if (code == -ENOENT)
		code = pdp_guest_start(&d->guest, guests, &d->spec, on_state, d, why);
	return code;
}

/* Start the guest and serve it until a signal; 0, or 1 with the reason told. */
static int serve(struct guestd *d, struct pdp_guests *guests)
{
	struct event *events[N_SIGNALS], *commands = NULL;
	struct pdp_guest_view view;
	struct pdp_error why;

	if (bring_up(d, guests, &why)) {
		warnx("%s", why.text);
		return 1;
	}
	if (d->fifo)
		commands = open_commands(d);
	catch_signals(d, events);
	configure(d);
	/* One that is made anew says so when it is there. */
	pdp_guest_look(d->guest, &view);
	if (view.init_pid)
		show(d, d->guest, "started");
	event_base_dispatch(d->conf.base);
	if (d->release)
		pdp_guest_release(d->guest);
	else
		pdp_guest_stop(d->guest);
	for (int i = 0; i < N_SIGNALS; i++)
		event_free(events[i]);
	if (commands)
		event_free(commands), fclose(d->commands);
	return d->failed;
}

static int tell_found(const struct pdp_guest_found *found, void *arg)
{
	(void)arg;
	printf("found %s id=%u running=%d power=%u cpus=%s dataplane=%s\n", found->name, found->id,
	       found->running, found->power, found->cpus, found->dataplane);
	return 0;
}

static int take_stock(const struct guestd *d, struct pdp_guests *guests, struct pdp_error *why)
{
	unsigned int strays;
	int code = pdp_guests_each_found(guests, tell_found, NULL, why);

	if (!code && !d->adopt) {
		code = pdp_guests_reap(guests, &strays, why);
		printf("reaped %u\n", strays);
	}
	return code;
}

int main(int argc, char **argv)
{
	struct guestd d = {.conf = {.link_mtu = 1516},
			   .spec = {.id = 1,
				    .name = "red-1",
				    .power = 200,
				    .dataplane = "router",
				    .fast_half = PDP_FAST_HALF_OFF}};
	struct pdp_guests *guests = NULL;
	struct pdp_error why;
	int status = 1, name_fd;

	parse(argc, argv, &d);
	d.conf.base = event_base_new();
	d.conf.id_block = pdp_id_block(d.conf.node, d.conf.run_dir);
	/* As pdpd: two nodes of the same ids would share what a user may lock of memory, which is one UMEM. */
	name_fd = pdp_nodelock_take(PDP_NODELOCK_DIR, d.conf.node, d.conf.run_dir, &d.conf.id_block,
				    &why);
	if (name_fd < 0)
		errx(1, "%s", why.text);
	if (pdp_loader_open(&d.conf.loader, d.pins, &why))
		errx(1, "%s", why.text);
	if (pdp_guests_new(&guests, &d.conf, &why) || take_stock(&d, guests, &why))
		warnx("%s", why.text);
	else
		status = serve(&d, guests);
	pdp_guests_free(guests);
	if (!d.release && pdp_loader_purge(d.conf.loader, &why))
		warnx("%s", why.text);
	pdp_loader_close(d.conf.loader);
	/* What it has refused to take over keeps its ids. */
	pdp_nodelock_leave(PDP_NODELOCK_DIR, d.conf.node, name_fd,
			   access(d.conf.run_dir, F_OK) != 0);
	event_base_free(d.conf.base);
	return status;
}
