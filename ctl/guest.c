/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest.c - the life of an FE guest, put together from its parts.
 *
 * Parts, in the order they are made: directory (rootfs), container, FE link, receive program and
 * dispatcher (loader), channel (agentlink). pdp-fe-init in the container restarts agents; this file
 * restarts the container when that, too, has gone, under the same id, name and MACs. Off the
 * packet's path.
 */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/guest.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ctl/container.h"
#include "ctl/failpoint.h"
#include "ctl/guest_box.h"
#include "ctl/netns.h"
#include "ctl/own.h"
#include "ctl/rootfs.h"

#define MEMORY_MIB_DEFAULT 256 /* a full table of IPv4 and IPv6 takes half of it (docs/router.md) */
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define STARTS_MAX 8 /* of containers in a row without an agent that got ready */
#define TERM_MS 300 /* for init and agent to end by themselves */

void pdp_box_tell(struct pdp_guest_box *guest, enum pdp_guest_state state,
		  const struct pdp_error *err)
{
	guest->state = state;
	if (guest->fn)
		guest->fn(guest, state, err, guest->arg);
}

/* --- the container's end, and the next one ------------------------------------------------------ */

static void retry_later(struct pdp_guest_box *guest)
{
	const struct timeval pause = {.tv_sec = guest->pause_ms / 1000,
				      .tv_usec = (suseconds_t)(guest->pause_ms % 1000) * 1000};

	event_add(guest->retry_ev, &pause);
	guest->pause_ms = guest->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : guest->pause_ms * 2;
}

/* The container is gone or did not start; err says so. */
void pdp_box_down_again(struct pdp_guest_box *guest, struct pdp_error *err)
{
	if (guest->starts >= STARTS_MAX) {
		pdp_fail(err, 0, "guest %s: %u starts in a row without a ready agent, gave up: %s",
			 guest->k.name, guest->starts, err->text);
		pdp_box_tell(guest, PDP_GUEST_FAILED, err);
		return;
	}
	retry_later(guest);
	pdp_box_tell(guest, PDP_GUEST_STARTING, err);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	pdp_box_bring_up(arg);
}

static void on_death(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_guest_box *guest = arg;
	struct pdp_error err;

	(void)fd, (void)what;
	pdp_fail(&err, 0, "guest %s: container %s (init %d) has ended", guest->k.name,
		 guest->lxc_name, (int)guest->init_pid);
	pdp_box_agent_lost(guest);
	pdp_box_take_down(guest);
	pdp_box_down_again(guest, &err);
}

/* --- what the agent's channel tells ------------------------------------------------------------- */

/* Its socket is not in the XSKMAP yet: the moment to book what the last one lost. */
static void on_arrived(struct pdp_guest_box *guest)
{
	struct pdp_error err;

	if (guest->k.agents++)
		pdp_box_book_died(guest);
	pdp_box_save(guest);
	if (guest->state != PDP_GUEST_ADOPTED)
		return;
	pdp_fail(&err, 0, "guest %s: its agent has died since the last controller did",
		 guest->k.name);
	pdp_box_tell(guest, PDP_GUEST_STARTING, &err);
}

/* What an adopted guest's agent had is in force until it has the new. */
static void on_connected(struct pdp_guest_box *guest)
{
	guest->unwatched = false;
	pdp_box_save(guest);
	if (guest->adopt_ev)
		event_del(guest->adopt_ev);
	pdp_box_fast_connected(guest);
	if (guest->state != PDP_GUEST_ADOPTED)
		pdp_box_tell(guest, PDP_GUEST_CONNECTED, NULL);
}

static void on_synced(struct pdp_guest_box *guest, const struct pdp_error *err)
{
	struct pdp_error why;

	guest->starts = 0;
	guest->pause_ms = PAUSE_MIN_MS;
	/* With what stands there already it forwards, too. */
	if (pdp_box_fast_synced(guest, &why))
		fprintf(stderr, "guest %s: %s\n", guest->k.name, why.text);
	if (guest->state != PDP_GUEST_READY || err)
		pdp_box_tell(guest, PDP_GUEST_READY, err);
}

/*
 * The agent is gone. It may be so because its link is: deleted from outside, or with its namespace.
 * A link cannot be made again under a container that an agent of old may still run in, so both go.
 */
static void on_lost(struct pdp_guest_box *guest, const struct pdp_error *lost)
{
	struct pdp_link link;
	struct pdp_error err;

	pdp_box_agent_lost(guest);
	if (pdp_rtnl_link_by_index(guest->guests->rtnl, guest->link.ifindex, &link, NULL) !=
	    -ENODEV) {
		pdp_box_tell(guest, PDP_GUEST_STARTING, lost);
		return;
	}
	pdp_fail(&err, 0, "guest %s: its link %s is gone; %s", guest->k.name, guest->link.name,
		 lost->text);
	pdp_box_take_down(guest);
	pdp_box_down_again(guest, &err);
}

static void on_agent(enum pdp_agent_event event, const struct pdp_error *err, void *arg)
{
	struct pdp_guest_box *guest = arg;

	switch (event) {
	case PDP_AGENT_ARRIVED:
		on_arrived(guest);
		break;
	case PDP_AGENT_CONNECTED:
		on_connected(guest);
		break;
	case PDP_AGENT_FULL:
		pdp_box_fast_full(guest);
		break;
	case PDP_AGENT_SYNCED:
		on_synced(guest, err);
		break;
	case PDP_AGENT_LOST:
		on_lost(guest, err);
		break;
	case PDP_AGENT_REFUSED:
		pdp_box_tell(guest,
			     guest->state == PDP_GUEST_ADOPTED ? PDP_GUEST_ADOPTED
							       : PDP_GUEST_STARTING,
			     err);
		break;
	case PDP_AGENT_STALLED:
		if (guest->state != PDP_GUEST_STALLED)
			pdp_box_tell(guest, PDP_GUEST_STALLED, err);
		break;
	}
}

/* --- up and down --------------------------------------------------------------------------------- */

int pdp_box_watch_init(struct pdp_guest_box *guest, struct pdp_error *err)
{
	guest->init_pidfd = (int)syscall(SYS_pidfd_open, guest->init_pid, 0);
	if (guest->init_pidfd < 0)
		return pdp_fail(err, -errno, "guest %s: its init (%d) is gone: %s", guest->k.name,
				(int)guest->init_pid, strerror(errno));
	guest->death_ev =
		event_new(guest->guests->base, guest->init_pidfd, EV_READ, on_death, guest);
	if (!guest->death_ev || event_add(guest->death_ev, NULL))
		return pdp_fail(err, -ENOMEM, "guest %s: no memory for an event", guest->k.name);
	return 0;
}

/* Let init end its agent and itself; whoever does not is killed with the container. */
static void end_init(const struct pdp_guest_box *guest)
{
	struct pollfd init = {.fd = guest->init_pidfd, .events = POLLIN};

	/* By descriptor: the pid may be another's by now. */
	if (guest->init_pidfd >= 0 &&
	    !syscall(SYS_pidfd_send_signal, guest->init_pidfd, SIGTERM, NULL, 0))
		poll(&init, 1, TERM_MS);
}

/* Everything but pins and what is remembered. Half-made is fine. */
void pdp_box_take_down(struct pdp_guest_box *guest)
{
	pdp_box_cancel(guest);
	if (guest->death_ev)
		event_free(guest->death_ev);
	guest->death_ev = NULL;
	end_init(guest);
	pdp_agentlink_shut(guest->agent);
	pdp_box_bury_link(guest);
	guest->k.tables = guest->fast.on = 0;
	guest->k.cpu_ns_before += pdp_cgroup_cpu_ns(&guest->cgroup);
	memset(&guest->cgroup, 0, sizeof(guest->cgroup));
	pdp_box_bury_thread(guest);
	pdp_felink_delete(&guest->link, guest->guests->rtnl);
	pdp_container_stop(guest->guests->run_dir, guest->lxc_name, guest->guests->pivot);
	if (guest->init_pidfd >= 0)
		close(guest->init_pidfd);
	guest->init_pidfd = -1;
	guest->init_pid = 0;
	pdp_guest_dir_remove(guest->guests->run_dir, guest->k.name);
	pdp_box_save(guest);
}

/* --- guests, one by one -------------------------------------------------------------------------- */

static int check_spec(const struct pdp_guest_spec *spec, struct pdp_error *err)
{
	if (!spec->id || spec->id > PDP_MAX_GUESTS)
		return pdp_fail(err, -EINVAL, "guest id %u is not in 1..%d", spec->id,
				PDP_MAX_GUESTS);
	if (strnlen(spec->name, sizeof(spec->name)) == sizeof(spec->name) ||
	    !pdp_guest_name_ok(spec->name))
		return pdp_fail(err, -EINVAL, "guest %u: name '%.*s' is not of [a-z0-9-]", spec->id,
				(int)sizeof(spec->name), spec->name);
	if (spec->cpus && strlen(spec->cpus) >= PDP_GUEST_CPUS_MAX)
		return pdp_fail(err, -EINVAL, "guest %s: list of CPUs has more than %d characters",
				spec->name, PDP_GUEST_CPUS_MAX - 1);
	if (!spec->power)
		return pdp_fail(err, -EINVAL, "guest %s: power is 0", spec->name);
	if (!spec->dataplane || !pdp_guest_name_ok(spec->dataplane) ||
	    strlen(spec->dataplane) >= sizeof(((struct pdp_guest_kept *)0)->dataplane))
		return pdp_fail(err, -EINVAL, "guest %s: no data plane, or its name is not clean",
				spec->name);
	return 0;
}

void pdp_box_free(struct pdp_guest_box *guest)
{
	if (!guest)
		return;
	pdp_box_cancel(guest);
	pdp_agentlink_free(guest->agent);
	pdp_felink_forget(&guest->link);
	if (guest->death_ev)
		event_free(guest->death_ev);
	if (guest->retry_ev)
		event_free(guest->retry_ev);
	if (guest->adopt_ev)
		event_free(guest->adopt_ev);
	if (guest->init_pidfd >= 0)
		close(guest->init_pidfd);
	pdp_kept_close(guest->file);
	pdp_own_unref(guest->own);
	LIST_REMOVE(guest, others);
	free(guest);
}

static void note_spec(struct pdp_guest_kept *k, const struct pdp_guests *guests,
		      const struct pdp_guest_spec *spec)
{
	k->id = spec->id;
	snprintf(k->name, sizeof(k->name), "%s", spec->name);
	snprintf(k->dataplane, sizeof(k->dataplane), "%s", spec->dataplane);
	snprintf(k->cpus, sizeof(k->cpus), "%s", spec->cpus ? spec->cpus : "");
	k->power = spec->power;
	k->memory_mib = spec->memory_mib ? spec->memory_mib : MEMORY_MIB_DEFAULT;
	k->link_mtu = guests->link_mtu;
}

int pdp_box_new(struct pdp_guest_box **out, struct pdp_guests *guests,
		const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		struct pdp_error *err)
{
	struct pdp_guest_box *guest;
	int code = check_spec(spec, err);

	*out = NULL;
	if (code)
		return code;
	guest = calloc(1, sizeof(*guest));
	if (!guest)
		return pdp_fail(err, -ENOMEM, "no memory for guest %s", spec->name);
	LIST_INSERT_HEAD(&guests->boxes, guest, others);
	guest->guests = guests;
	note_spec(&guest->k, guests, spec);
	guest->own = pdp_own_ref(spec->own);
	snprintf(guest->lxc_name, sizeof(guest->lxc_name), "%s%s", guests->lxc_prefix, spec->name);
	guest->id_base = pdp_guest_id_base(guests->id_block, spec->id);
	guest->fn = fn;
	guest->arg = arg;
	guest->fast.wish = spec->fast_half;
	guest->init_pidfd = -1;
	guest->pause_ms = PAUSE_MIN_MS;
	pdp_felink_init(&guest->link);
	guest->retry_ev = event_new(guests->base, -1, 0, on_retry, guest);
	code = pdp_agentlink_new(&guest->agent, guests->base, guest->k.dataplane, spec->conf,
				 on_agent, guest, err);
	if (!code && !guest->retry_ev)
		code = pdp_fail(err, -ENOMEM, "no memory for guest %s", spec->name);
	if (code) {
		pdp_box_free(guest);
		return code;
	}
	if (guest->own)
		pdp_agentlink_own(guest->agent, guest->own);
	guest->k.at_first = pdp_box_stats(guest);
	guest->k.stats_map = pdp_box_stats_map(guest);
	*out = guest;
	return 0;
}

/* What a guest of this name left when it ended without a controller; one that runs is in the way. */
static int make_room(struct pdp_guests *guests, const struct pdp_guest_spec *spec,
		     struct pdp_error *err)
{
	char lxc_name[128];

	snprintf(lxc_name, sizeof(lxc_name), "%s%s", guests->lxc_prefix, spec->name);
	if (pdp_container_init(guests->run_dir, lxc_name))
		return pdp_fail(err, -EEXIST,
				"guest %s runs already: it is to be adopted or discarded first",
				spec->name);
	if (!pdp_container_defined(guests->run_dir, lxc_name))
		return 0;
	return pdp_guest_discard(guests, spec->name, err);
}

int pdp_guest_start(struct pdp_guest_box **out, struct pdp_guests *guests,
		    const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		    struct pdp_error *err)
{
	struct pdp_guest_box *guest = NULL;
	int code = check_spec(spec, err);

	*out = NULL;
	if (!code)
		code = make_room(guests, spec, err);
	if (!code)
		code = pdp_box_new(&guest, guests, spec, fn, arg, err);
	if (!guest)
		return code;
	code = pdp_kept_make(&guest->file, guests->run_dir, &guest->k, err);
	if (code) {
		pdp_guest_stop(guest);
		return code;
	}
	guest->fresh = true;
	pdp_box_bring_up(guest);
	*out = guest;
	return 0;
}

void pdp_guest_stop(struct pdp_guest_box *guest)
{
	struct pdp_error err;
	char name[16];

	if (!guest)
		return;
	pdp_box_take_down(guest);
	pdp_failpoint("guest-down");
	pdp_box_dispatch_link(guest->k.id, name);
	if (pdp_loader_detach(guest->guests->loader, name, &err) ||
	    pdp_loader_detach_guest(guest->guests->loader, guest->k.id, &err))
		fprintf(stderr, "guest %s: %s\n", guest->k.name, err.text);
	pdp_failpoint("guest-detached");
	pdp_kept_remove(guest->guests->run_dir, guest->k.name);
	pdp_box_free(guest);
}

int pdp_guest_sync(struct pdp_guest_box *guest, pdp_guest_sync_fn fn, void *arg)
{
	return pdp_agentlink_sync(guest->agent, fn, arg);
}

int pdp_guest_set_vif(struct pdp_guest_box *guest, const struct pdp_dp_vif *vif)
{
	return pdp_agentlink_vif(guest->agent, vif);
}

int pdp_guest_netlink(struct pdp_guest_box *guest, const void *msgs, size_t len)
{
	return pdp_agentlink_netlink(guest->agent, msgs, len);
}

int pdp_guest_dump(struct pdp_guest_box *guest, pdp_agent_answer_fn fn, void *arg,
		   struct pdp_error *err)
{
	return pdp_agentlink_dump(guest->agent, fn, arg, err);
}

int pdp_guest_lookup(struct pdp_guest_box *guest, const struct pdp_lookup *what,
		     pdp_agent_answer_fn fn, void *arg, struct pdp_error *err)
{
	return pdp_agentlink_lookup(guest->agent, what, fn, arg, err);
}

void pdp_guest_forget_asked(struct pdp_guest_box *guest, const void *arg)
{
	pdp_agentlink_forget_asked(guest->agent, arg);
}
