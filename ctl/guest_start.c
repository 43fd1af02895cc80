/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest_start.c - from nothing to a container whose agent may come, without waiting for any of it.
 *
 * A container takes LXC and the kernel 0.1 s, most of which is waiting. So some start at once, others
 * queue, and the event loop goes on: a node of fifty guests comes up, and one that loses an FE hears of
 * its other guests' deaths meanwhile.
 */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/guest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "ctl/container.h"
#include "ctl/failpoint.h"
#include "ctl/guest_box.h"
#include "ctl/netns.h"
#include "ctl/rootfs.h"

#define STARTS_AT_ONCE 4

/* --- the parts of a start ----------------------------------------------------------------------- */

static int begin_container(struct pdp_guest_box *guest, struct pdp_error *err)
{
	char arguments[64];
	const struct pdp_container_conf conf = {
		.name = guest->lxc_name,
		.run_dir = guest->guests->run_dir,
		.guest_dir = guest->k.name,
		.pivot = guest->guests->pivot,
		.arguments = arguments,
		.cpus = guest->k.cpus,
		.id_base = guest->id_base,
		.power = guest->k.power,
		.memory_mib = guest->k.memory_mib,
	};

	snprintf(arguments, sizeof(arguments), "--dev " PDP_FELINK_INNER " --dataplane %s",
		 guest->k.dataplane);
	guest->begun.power = guest->agent_power = conf.power;
	guest->begun.memory_mib = conf.memory_mib;
	return pdp_container_begin(&guest->starter, &conf, err);
}

void pdp_box_owner(const struct pdp_guest_box *guest, char owner[160])
{
	snprintf(owner, 160, "%s%s", guest->guests->owner_prefix, guest->k.name);
}

static int make_link(struct pdp_guest_box *guest, struct pdp_error *err)
{
	char owner[160];
	int netns_fd = pdp_netns_open(guest->init_pid, err);

	if (netns_fd < 0)
		return netns_fd;
	pdp_box_owner(guest, owner);
	return pdp_felink_make(&guest->link, guest->guests->rtnl, guest->k.id, owner,
			       guest->guests->link_mtu, netns_fd, err);
}

void pdp_box_dispatch_link(uint16_t id, char name[16])
{
	snprintf(name, 16, "fe-%u", id);
}

/* The program on eth0 first: a redirect into a veth whose far end runs none is lost. */
int pdp_box_attach(struct pdp_guest_box *guest, int *xskmap_fd, struct pdp_error *err)
{
	struct pdp_loader *loader = guest->guests->loader;
	char name[16];
	int code = pdp_box_attach_inner(guest, xskmap_fd, err);

	if (code)
		return code;
	pdp_box_dispatch_link(guest->k.id, name);
	/* The link is ours: whatever else stands on it was put there behind our back. */
	code = pdp_loader_attach(loader, PDP_HOOK_DISPATCH, name, guest->link.ifindex,
				 PDP_ATTACH_FORCE, err);
	if (!code && guest->thread.told)
		pdp_box_thread(guest);
	return code;
}

int pdp_box_open_channel(struct pdp_guest_box *guest, int xskmap_fd, struct pdp_error *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/guest/%s/agent.sock", guest->guests->run_dir,
		     guest->k.name) >= PATH_MAX)
		return pdp_fail(err, -ENAMETOOLONG, "path %s is too long", guest->guests->run_dir);
	pdp_box_tell_memory(guest);
	return pdp_agentlink_listen(guest->agent, path, guest->id_base + PDP_GUEST_AGENT_ID,
				    &guest->link, xskmap_fd, err);
}

/* What comes after the container. Last the channel: init waits for its socket before it starts the agent. */
static int furnish(struct pdp_guest_box *guest, struct pdp_error *err)
{
	int xskmap_fd = -1;
	int code = pdp_box_watch_init(guest, err);

	if (!code)
		code = pdp_cgroup_find(&guest->cgroup, guest->init_pid, err);
	if (!code)
		code = make_link(guest, err);
	pdp_failpoint("guest-link");
	if (!code)
		code = pdp_box_attach(guest, &xskmap_fd, err);
	pdp_failpoint("guest-programs");
	return code ? code : pdp_box_open_channel(guest, xskmap_fd, err);
}

/* Limits that were changed while it started. */
static int renew_limits(struct pdp_guest_box *guest, struct pdp_error *err)
{
	int code = 0;

	if (guest->begun.power != guest->k.power)
		code = pdp_guest_set_power(guest, guest->k.power, err);
	if (!code && guest->begun.memory_mib != guest->k.memory_mib)
		code = pdp_guest_set_memory(guest, guest->k.memory_mib, err);
	return code;
}

/* --- the queue ----------------------------------------------------------------------------------- */

static void start_some(struct pdp_guests *guests);

/* Its container has started or has not; there is room for the next. */
static int end_start(struct pdp_guest_box *guest, struct pdp_error *err)
{
	struct pdp_guests *guests = guest->guests;
	int code = pdp_container_end(&guest->starter, guests->run_dir, guest->lxc_name,
				     guests->pivot, &guest->init_pid, err);

	if (guest->started_ev)
		event_free(guest->started_ev);
	guest->started_ev = NULL;
	guests->n_starting--;
	start_some(guests);
	return code;
}

/* Up, or down for another try; one that never was up is not tried again, so that who asked for it hears. */
static void conclude(struct pdp_guest_box *guest, int code, struct pdp_error *why)
{
	struct pdp_error err;

	if (!code) {
		guest->fresh = false;
		pdp_box_tell(guest, PDP_GUEST_STARTING, NULL);
		return;
	}
	pdp_box_take_down(guest);
	pdp_fail(&err, code, "guest %s: %s", guest->k.name, why->text);
	if (guest->fresh)
		pdp_box_tell(guest, PDP_GUEST_FAILED, &err);
	else
		pdp_box_down_again(guest, &err);
}

static void on_started(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_guest_box *guest = arg;
	struct pdp_error err;
	int code = end_start(guest, &err);

	(void)fd, (void)what;
	pdp_failpoint("guest-container");
	if (!code)
		code = furnish(guest, &err);
	if (!code)
		code = renew_limits(guest, &err);
	conclude(guest, code, &err);
}

static int begin(struct pdp_guest_box *guest, struct pdp_error *err)
{
	int code = pdp_guest_dir_make(guest->guests->run_dir, guest->k.name,
				      guest->id_base + PDP_GUEST_AGENT_ID, err);

	pdp_failpoint("guest-begun");
	if (!code)
		code = begin_container(guest, err);
	if (code)
		return code;
	guest->guests->n_starting++;
	pdp_failpoint("guest-starting");
	guest->started_ev =
		event_new(guest->guests->base, guest->starter.fd, EV_READ, on_started, guest);
	if (guest->started_ev && !event_add(guest->started_ev, NULL))
		return 0;
	return pdp_fail(err, -ENOMEM, "no memory for an event");
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_guests *guests = arg;
	struct pdp_guest_box *guest = TAILQ_FIRST(&guests->waiting);
	struct pdp_error err;
	int code;

	(void)fd, (void)what;
	if (!guest || guests->n_starting >= STARTS_AT_ONCE)
		return;
	TAILQ_REMOVE(&guests->waiting, guest, waits);
	guest->is_waiting = false;
	code = begin(guest, &err);
	start_some(guests);
	if (code)
		conclude(guest, code, &err);
}

/* In a turn of the loop of its own: whoever asks is not told from within. */
static void start_some(struct pdp_guests *guests)
{
	const struct timeval now = {0};

	if (!TAILQ_EMPTY(&guests->waiting) && guests->n_starting < STARTS_AT_ONCE)
		event_add(guests->start_ev, &now);
}

int pdp_guest_starts_init(struct pdp_guests *guests, struct pdp_error *err)
{
	TAILQ_INIT(&guests->waiting);
	guests->start_ev = evtimer_new(guests->base, on_turn, guests);
	return guests->start_ev ? 0 : pdp_fail(err, -ENOMEM, "no memory for guests");
}

void pdp_guest_starts_fini(struct pdp_guests *guests)
{
	if (guests->start_ev)
		event_free(guests->start_ev);
}

void pdp_box_bring_up(struct pdp_guest_box *guest)
{
	guest->starts++;
	guest->state = PDP_GUEST_STARTING;
	guest->is_waiting = true;
	TAILQ_INSERT_TAIL(&guest->guests->waiting, guest, waits);
	start_some(guest->guests);
}

void pdp_box_cancel(struct pdp_guest_box *guest)
{
	if (guest->is_waiting)
		TAILQ_REMOVE(&guest->guests->waiting, guest, waits);
	guest->is_waiting = false;
	if (guest->starter.pid)
		end_start(guest, NULL);
}
