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

#include "ctl/agentlink.h"
#include "ctl/cgroup.h"
#include "ctl/container.h"
#include "ctl/felink.h"
#include "ctl/guest_node.h"
#include "ctl/netns.h"
#include "ctl/rootfs.h"

#define MEMORY_MIB_DEFAULT 256
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define STARTS_MAX 8 /* of containers in a row without an agent that got ready */
#define TERM_MS 300 /* for init and agent to end by themselves */
#define SETTLE_NS 50000000ULL /* after an agent's death, until nothing of it moves any more */

struct pdp_guest_box {
	struct pdp_guests *guests;
	uint16_t id;
	char name[48];
	char lxc_name[128];
	char dataplane[16];
	char *cpus;
	uint32_t power;
	uint32_t memory_mib;
	uid_t id_base;
	pdp_guest_fn fn;
	void *arg;

	enum pdp_guest_state state;
	struct pdp_felink link;
	struct pdp_agentlink *agent;
	struct pdp_cgroup cgroup;
	pid_t init_pid;
	int init_pidfd;
	struct event *death_ev; /* init_pidfd is readable */
	struct event *retry_ev;
	unsigned int pause_ms;
	unsigned int starts; /* in a row, without READY */
	unsigned int agents; /* that have ever arrived */

	uint64_t cpu_ns_before; /* of containers that have gone */
	uint64_t rx_drops_before;
	uint64_t rx_drops_seen; /* of this link: a device that is deleted takes its counter along */
	struct pdp_guest_stats at_first; /* the maps outlive controllers, and ids are used again */
	uint64_t died_packets;
	uint64_t lost_at_ns; /* when the last agent was lost; 0 = booked */
};

static int bring_up(struct pdp_guest_box *guest, struct pdp_error *err);
static void take_down(struct pdp_guest_box *guest);

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void tell(struct pdp_guest_box *guest, enum pdp_guest_state state,
		 const struct pdp_error *err)
{
	guest->state = state;
	if (guest->fn)
		guest->fn(guest, state, err, guest->arg);
}

/* --- packets that died with an agent ------------------------------------------------------------ */

static uint64_t eth0_rx_drops(struct pdp_guest_box *guest)
{
	uint64_t now = pdp_felink_rx_drops(&guest->link);

	if (now > guest->rx_drops_seen)
		guest->rx_drops_seen = now;
	return guest->rx_drops_before + guest->rx_drops_seen;
}

static struct pdp_guest_stats read_stats(const struct pdp_guest_box *guest)
{
	struct pdp_guest_stats stats;

	if (pdp_stats_read(guest->guests->loader, PDP_MAP_GUEST_STATS, guest->id, &stats,
			   sizeof(stats)))
		memset(&stats, 0, sizeof(stats));
	return stats;
}

/*
 * What went into agents' sockets and neither came back nor was accounted for. True only while no
 * socket is in the XSKMAP and the last agent's frames have settled (docs/guests.md); then it is all
 * that agents had in hand when they died.
 */
static void book_died(struct pdp_guest_box *guest)
{
	const struct pdp_guest_stats stats = read_stats(guest);
	struct pdp_agent_stats agents;
	uint64_t in, out;

	guest->lost_at_ns = 0;
	pdp_agentlink_stats(guest->agent, &agents);
	in = stats.rx_packets - guest->at_first.rx_packets - eth0_rx_drops(guest);
	out = stats.from_packets - guest->at_first.from_packets + pdp_agentstats_dropped(&agents);
	guest->died_packets = in > out ? in - out : 0;
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
static void down_again(struct pdp_guest_box *guest, struct pdp_error *err)
{
	if (guest->starts >= STARTS_MAX) {
		pdp_fail(err, 0, "guest %s: %u starts in a row without a ready agent, gave up: %s",
			 guest->name, guest->starts, err->text);
		tell(guest, PDP_GUEST_FAILED, err);
		return;
	}
	retry_later(guest);
	tell(guest, PDP_GUEST_STARTING, err);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_guest_box *guest = arg;
	struct pdp_error err;

	(void)fd, (void)what;
	if (bring_up(guest, &err))
		down_again(guest, &err);
	else
		tell(guest, PDP_GUEST_STARTING, NULL);
}

static void on_death(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_guest_box *guest = arg;
	struct pdp_error err;

	(void)fd, (void)what;
	pdp_fail(&err, 0, "guest %s: container %s (init %d) has ended", guest->name,
		 guest->lxc_name, (int)guest->init_pid);
	guest->lost_at_ns = now_ns();
	take_down(guest);
	down_again(guest, &err);
}

/* --- what the agent's channel tells ------------------------------------------------------------- */

static void on_arrived(struct pdp_guest_box *guest)
{
	if (guest->agents++)
		book_died(guest);
}

static void on_synced(struct pdp_guest_box *guest, const struct pdp_error *err)
{
	guest->starts = 0;
	guest->pause_ms = PAUSE_MIN_MS;
	if (guest->state != PDP_GUEST_READY || err)
		tell(guest, PDP_GUEST_READY, err);
}

/*
 * The agent is gone. It may be so because its link is: deleted from outside, or with its namespace.
 * A link cannot be made again under a container that an agent of old may still run in, so both go.
 */
static void on_lost(struct pdp_guest_box *guest, const struct pdp_error *lost)
{
	struct pdp_link link;
	struct pdp_error err;

	guest->lost_at_ns = now_ns();
	if (pdp_rtnl_link_by_index(guest->guests->rtnl, guest->link.ifindex, &link, NULL) !=
	    -ENODEV) {
		tell(guest, PDP_GUEST_STARTING, lost);
		return;
	}
	pdp_fail(&err, 0, "guest %s: its link %s is gone; %s", guest->name, guest->link.name,
		 lost->text);
	take_down(guest);
	down_again(guest, &err);
}

static void on_agent(enum pdp_agent_event event, const struct pdp_error *err, void *arg)
{
	struct pdp_guest_box *guest = arg;

	switch (event) {
	case PDP_AGENT_ARRIVED:
		on_arrived(guest);
		break;
	case PDP_AGENT_CONNECTED:
		tell(guest, PDP_GUEST_CONNECTED, NULL);
		break;
	case PDP_AGENT_SYNCED:
		on_synced(guest, err);
		break;
	case PDP_AGENT_LOST:
		on_lost(guest, err);
		break;
	case PDP_AGENT_REFUSED:
		tell(guest, PDP_GUEST_STARTING, err);
		break;
	}
}

/* --- up and down --------------------------------------------------------------------------------- */

static int start_container(struct pdp_guest_box *guest, struct pdp_error *err)
{
	char arguments[64];
	const struct pdp_container_conf conf = {
		.name = guest->lxc_name,
		.run_dir = guest->guests->run_dir,
		.guest_dir = guest->name,
		.pivot = guest->guests->pivot,
		.arguments = arguments,
		.cpus = guest->cpus,
		.id_base = guest->id_base,
		.power = guest->power,
		.memory_mib = guest->memory_mib,
	};

	snprintf(arguments, sizeof(arguments), "--dev " PDP_FELINK_INNER " --dataplane %s",
		 guest->dataplane);
	return pdp_container_start(&conf, &guest->init_pid, err);
}

static int watch_init(struct pdp_guest_box *guest, struct pdp_error *err)
{
	guest->init_pidfd = (int)syscall(SYS_pidfd_open, guest->init_pid, 0);
	if (guest->init_pidfd < 0)
		return pdp_fail(err, -errno, "guest %s: its init (%d) is gone: %s", guest->name,
				(int)guest->init_pid, strerror(errno));
	guest->death_ev =
		event_new(guest->guests->base, guest->init_pidfd, EV_READ, on_death, guest);
	if (!guest->death_ev || event_add(guest->death_ev, NULL))
		return pdp_fail(err, -ENOMEM, "guest %s: no memory for an event", guest->name);
	return 0;
}

static int make_link(struct pdp_guest_box *guest, struct pdp_error *err)
{
	char owner[160];
	int netns_fd = pdp_netns_open(guest->init_pid, err);

	if (netns_fd < 0)
		return netns_fd;
	snprintf(owner, sizeof(owner), "%s%s", guest->guests->owner_prefix, guest->name);
	return pdp_felink_make(&guest->link, guest->guests->rtnl, guest->id, owner,
			       guest->guests->link_mtu, netns_fd, err);
}

static void dispatch_link(const struct pdp_guest_box *guest, char name[16])
{
	snprintf(name, 16, "fe-%u", guest->id);
}

/* The receive program first: a redirect into a veth whose far end runs none is lost. */
static int attach_programs(struct pdp_guest_box *guest, int *xskmap_fd, struct pdp_error *err)
{
	struct pdp_loader *loader = guest->guests->loader;
	char name[16];
	int back, code = pdp_netns_enter(guest->link.netns_fd, &back, err);

	if (code)
		return code;
	code = pdp_loader_attach_guest(loader, guest->id, guest->link.inner_ifindex, xskmap_fd,
				       err);
	pdp_netns_leave(back);
	if (code)
		return code;
	dispatch_link(guest, name);
	return pdp_loader_attach(loader, PDP_HOOK_DISPATCH, name, guest->link.ifindex, 0, err);
}

static int open_channel(struct pdp_guest_box *guest, int xskmap_fd, struct pdp_error *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/guest/%s/agent.sock", guest->guests->run_dir,
		     guest->name) >= PATH_MAX)
		return pdp_fail(err, -ENAMETOOLONG, "path %s is too long", guest->guests->run_dir);
	return pdp_agentlink_listen(guest->agent, path, guest->id_base + PDP_GUEST_AGENT_ID,
				    &guest->link, xskmap_fd, err);
}

static int bring_up(struct pdp_guest_box *guest, struct pdp_error *err)
{
	int xskmap_fd = -1;
	int code = pdp_guest_dir_make(guest->guests->run_dir, guest->name,
				      guest->id_base + PDP_GUEST_AGENT_ID, err);

	guest->starts++;
	if (!code)
		code = start_container(guest, err);
	if (!code)
		code = watch_init(guest, err);
	if (!code)
		code = pdp_cgroup_find(&guest->cgroup, guest->init_pid, err);
	if (!code)
		code = make_link(guest, err);
	if (!code)
		code = attach_programs(guest, &xskmap_fd, err);
	/* Last: init waits for the socket before it starts the agent. */
	if (!code)
		code = open_channel(guest, xskmap_fd, err);
	if (code) {
		take_down(guest);
		return pdp_fail(err, code, "guest %s: %s", guest->name, err ? err->text : "");
	}
	guest->state = PDP_GUEST_STARTING;
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
static void take_down(struct pdp_guest_box *guest)
{
	if (guest->death_ev)
		event_free(guest->death_ev);
	guest->death_ev = NULL;
	end_init(guest);
	pdp_agentlink_shut(guest->agent);
	guest->rx_drops_before = eth0_rx_drops(guest);
	guest->rx_drops_seen = 0;
	guest->cpu_ns_before += pdp_cgroup_cpu_ns(&guest->cgroup);
	memset(&guest->cgroup, 0, sizeof(guest->cgroup));
	pdp_felink_delete(&guest->link, guest->guests->rtnl);
	pdp_container_stop(guest->guests->run_dir, guest->lxc_name, guest->guests->pivot);
	if (guest->init_pidfd >= 0)
		close(guest->init_pidfd);
	guest->init_pidfd = -1;
	guest->init_pid = 0;
	pdp_guest_dir_remove(guest->guests->run_dir, guest->name);
}

/* --- guests, one by one -------------------------------------------------------------------------- */

static int check_spec(const struct pdp_guest_spec *spec, struct pdp_error *err)
{
	if (!spec->id || spec->id >= PDP_MAX_GUESTS)
		return pdp_fail(err, -EINVAL, "guest id %u is not in 1..%d", spec->id,
				PDP_MAX_GUESTS - 1);
	if (strnlen(spec->name, sizeof(spec->name)) == sizeof(spec->name) ||
	    !pdp_guest_name_ok(spec->name))
		return pdp_fail(err, -EINVAL, "guest %u: name '%.*s' is not of [a-z0-9-]", spec->id,
				(int)sizeof(spec->name), spec->name);
	if (!spec->power)
		return pdp_fail(err, -EINVAL, "guest %s: power is 0", spec->name);
	if (!spec->dataplane || !pdp_guest_name_ok(spec->dataplane) ||
	    strlen(spec->dataplane) >= sizeof(((struct pdp_guest_box *)0)->dataplane))
		return pdp_fail(err, -EINVAL, "guest %s: no data plane, or its name is not clean",
				spec->name);
	return 0;
}

static void free_box(struct pdp_guest_box *guest)
{
	if (!guest)
		return;
	pdp_agentlink_free(guest->agent);
	if (guest->retry_ev)
		event_free(guest->retry_ev);
	free(guest->cpus);
	free(guest);
}

static int new_box(struct pdp_guest_box **out, struct pdp_guests *guests,
		   const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		   struct pdp_error *err)
{
	struct pdp_guest_box *guest = calloc(1, sizeof(*guest));
	int code;

	if (!guest)
		return pdp_fail(err, -ENOMEM, "no memory for guest %s", spec->name);
	guest->guests = guests;
	guest->id = spec->id;
	snprintf(guest->name, sizeof(guest->name), "%s", spec->name);
	snprintf(guest->lxc_name, sizeof(guest->lxc_name), "%s%s", guests->lxc_prefix, spec->name);
	snprintf(guest->dataplane, sizeof(guest->dataplane), "%s", spec->dataplane);
	guest->cpus = strdup(spec->cpus ? spec->cpus : "");
	guest->power = spec->power;
	guest->memory_mib = spec->memory_mib ? spec->memory_mib : MEMORY_MIB_DEFAULT;
	guest->id_base = pdp_guest_id_base(guests->node, guests->run_dir, spec->id);
	guest->fn = fn;
	guest->arg = arg;
	guest->init_pidfd = -1;
	guest->pause_ms = PAUSE_MIN_MS;
	pdp_felink_init(&guest->link);
	guest->retry_ev = event_new(guests->base, -1, 0, on_retry, guest);
	code = pdp_agentlink_new(&guest->agent, guests->base, guest->dataplane, on_agent, guest,
				 err);
	if (!code && (!guest->cpus || !guest->retry_ev))
		code = pdp_fail(err, -ENOMEM, "no memory for guest %s", spec->name);
	if (code) {
		free_box(guest);
		return code;
	}
	guest->at_first = read_stats(guest);
	guests->boxes++;
	*out = guest;
	return 0;
}

int pdp_guest_start(struct pdp_guest_box **out, struct pdp_guests *guests,
		    const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		    struct pdp_error *err)
{
	struct pdp_guest_box *guest = NULL;
	int code = check_spec(spec, err);

	*out = NULL;
	if (!code)
		code = new_box(&guest, guests, spec, fn, arg, err);
	if (!guest)
		return code;
	code = bring_up(guest, err);
	if (code)
		pdp_guest_stop(guest);
	else
		*out = guest;
	return code;
}

void pdp_guest_stop(struct pdp_guest_box *guest)
{
	struct pdp_error err;
	char name[16];

	if (!guest)
		return;
	take_down(guest);
	dispatch_link(guest, name);
	if (pdp_loader_detach(guest->guests->loader, name, &err) ||
	    pdp_loader_detach_guest(guest->guests->loader, guest->id, &err))
		fprintf(stderr, "guest %s: %s\n", guest->name, err.text);
	guest->guests->boxes--;
	free_box(guest);
}

int pdp_guest_set_vif(struct pdp_guest_box *guest, const struct pdp_dp_vif *vif)
{
	return pdp_agentlink_vif(guest->agent, vif);
}

int pdp_guest_netlink(struct pdp_guest_box *guest, const void *msgs, size_t len)
{
	return pdp_agentlink_netlink(guest->agent, msgs, len);
}

void pdp_guest_look(struct pdp_guest_box *guest, struct pdp_guest_view *out)
{
	struct pdp_cpu_quota quota;

	pdp_cgroup_quota(&guest->cgroup, &quota);
	if (guest->lost_at_ns && now_ns() - guest->lost_at_ns > SETTLE_NS &&
	    !pdp_agentlink_alive(guest->agent))
		book_died(guest);
	*out = (struct pdp_guest_view){
		.id = guest->id,
		.name = guest->name,
		.lxc_name = guest->lxc_name,
		.state = guest->state,
		.init_pid = guest->init_pid,
		.link_ifindex = guest->link.ifindex,
		.power = guest->power,
		.quota_us = quota.quota_us,
		.period_us = quota.period_us,
		.cpu_ns = guest->cpu_ns_before + pdp_cgroup_cpu_ns(&guest->cgroup),
		.memory_bytes = pdp_cgroup_memory_bytes(&guest->cgroup),
		.restarts = guest->agents ? guest->agents - 1 : 0,
		.eth0_rx_drops = eth0_rx_drops(guest),
		.agent_died_packets = guest->died_packets,
	};
	memcpy(out->link, guest->link.name, sizeof(out->link));
	memcpy(out->mac, guest->link.mac, sizeof(out->mac));
	memcpy(out->md_mac, guest->link.md_mac, sizeof(out->md_mac));
}

void pdp_guest_agent_stats(struct pdp_guest_box *guest, struct pdp_agent_stats *out)
{
	pdp_agentlink_stats(guest->agent, out);
}
