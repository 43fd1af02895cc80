/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mhguest.c - the life of an MH guest, put together from its parts.
 *
 * Parts, in the order they are made: directory and configuration (mhroot), container, sysctls and vifs
 * (mhlink), addresses and routes (mhtables), channel (mhtalk), upon which pdp-mh-init starts the daemons.
 * They restart inside; this file restarts the container when that has gone.
 */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/mhguest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ctl/bucket.h"
#include "ctl/container.h"
#include "ctl/ethtool.h"
#include "ctl/failpoint.h"
#include "ctl/mhguest_box.h"
#include "ctl/mhroot.h"
#include "ctl/netns.h"

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define LOOPBACK 1 /* ifindex of lo, in every namespace */
#define TERM_MS 1500 /* for init to end its daemons and itself */

static int begin(struct pdp_mh_guest *guest, struct pdp_error *err);
static void take_down(struct pdp_mh_guest *guest);

void pdp_mh_tell(struct pdp_mh_guest *guest, const struct pdp_error *err)
{
	if (guest->fn)
		guest->fn(guest, guest->state, err, guest->arg);
}

/* --- its end, and the next one -------------------------------------------------------------------- */

/* The pause is long only for one that ends again and again. */
static void retry_later(struct pdp_mh_guest *guest)
{
	struct timeval pause;

	if (pdp_bucket_now_ms() - guest->started_ms > 2 * PAUSE_MAX_MS)
		guest->pause_ms = PAUSE_MIN_MS;
	pause = (struct timeval){.tv_sec = guest->pause_ms / 1000,
				 .tv_usec = (suseconds_t)(guest->pause_ms % 1000) * 1000};
	event_add(guest->retry_ev, &pause);
	guest->pause_ms = guest->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : guest->pause_ms * 2;
}

/* Up, or down for another try; one that never was up is not tried again, so that who asked for it hears. */
static void conclude(struct pdp_mh_guest *guest, int code, const struct pdp_error *why)
{
	struct pdp_error err;

	if (!code) {
		guest->was_up = true;
		pdp_mh_tell(guest, NULL);
		return;
	}
	take_down(guest);
	pdp_fail(&err, code, "control plane of %s: %s", guest->vnet_name, why->text);
	if (guest->was_up)
		retry_later(guest);
	else
		guest->state = PDP_MH_FAILED;
	pdp_mh_tell(guest, &err);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_mh_guest *guest = arg;
	struct pdp_error err;
	int code;

	(void)fd, (void)what;
	guest->restarts++;
	code = begin(guest, &err);
	if (code)
		conclude(guest, code, &err);
}

static void on_death(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_mh_guest *guest = arg;
	struct pdp_error err;

	(void)fd, (void)what;
	pdp_fail(&err, 0, "container %s (init %d) has ended", guest->lxc_name,
		 (int)guest->init_pid);
	take_down(guest);
	retry_later(guest);
	pdp_mh_tell(guest, &err);
}

/* --- what its init tells -------------------------------------------------------------------------- */

static void on_talk(enum pdp_mhtalk_event event, const char *text, void *arg)
{
	struct pdp_mh_guest *guest = arg;
	struct pdp_error err;

	switch (event) {
	case PDP_MHTALK_HELLO:
	case PDP_MHTALK_UP:
		return;
	case PDP_MHTALK_DOWN:
		guest->daemon_restarts++;
		break;
	case PDP_MHTALK_TROUBLE:
		break;
	}
	pdp_fail(&err, 0, "%s", text);
	pdp_mh_tell(guest, &err);
}

/* --- up ------------------------------------------------------------------------------------------- */

static int begin_container(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	const struct pdp_container_conf conf = {
		.mh = true,
		.name = guest->lxc_name,
		.run_dir = guest->guests->run_dir,
		.guest_dir = guest->name,
		.pivot = guest->guests->pivot,
		.arguments = "",
		.id_base = guest->id_base,
		.power = guest->control.power,
		.memory_mib = guest->control.memory_mib,
	};

	return pdp_container_begin(&guest->starter, &conf, err);
}

static int watch_init(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	guest->init_pidfd = (int)syscall(SYS_pidfd_open, guest->init_pid, 0);
	if (guest->init_pidfd < 0)
		return pdp_fail(err, -errno, "its init (%d) is gone: %s", (int)guest->init_pid,
				strerror(errno));
	guest->death_ev =
		event_new(guest->guests->base, guest->init_pidfd, EV_READ, on_death, guest);
	if (!guest->death_ev || event_add(guest->death_ev, NULL))
		return pdp_fail(err, -ENOMEM, "no memory for an event");
	return pdp_cgroup_find(&guest->cgroup, guest->init_pid, err);
}

/* Sockets of its namespace. They keep it, so they go when it goes. */
static int open_inside(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	struct pdp_mhlinks *links = &guest->links;
	int back, code;

	links->netns_fd = pdp_netns_open(guest->init_pid, err);
	if (links->netns_fd < 0)
		return links->netns_fd;
	code = pdp_netns_enter(links->netns_fd, &back, err);
	if (code)
		return code;
	code = pdp_rtnl_open(&links->inside, err);
	if (!code) {
		links->ethtool_inside = pdp_ethtool_open(err);
		code = links->ethtool_inside < 0 ? links->ethtool_inside : 0;
	}
	pdp_netns_leave(back);
	return code ? code : pdp_rtnl_set_up(links->inside, LOOPBACK, true, err);
}

static void close_inside(struct pdp_mh_guest *guest)
{
	struct pdp_mhlinks *links = &guest->links;

	pdp_rtnl_close(links->inside);
	links->inside = NULL;
	if (links->ethtool_inside >= 0)
		close(links->ethtool_inside);
	if (links->netns_fd >= 0)
		close(links->netns_fd);
	links->ethtool_inside = links->netns_fd = -1;
}

static int open_channel(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/guest/%s/init.sock", guest->guests->run_dir,
		     guest->name) >= PATH_MAX)
		return pdp_fail(err, -ENAMETOOLONG, "path %s is too long", guest->guests->run_dir);
	return pdp_mhtalk_listen(guest->talk, path, guest->id_base, guest->init_pid, err);
}

/*
 * A configuration that was there and is no more keeps no guest from coming back: what was copied last
 * is there still.
 */
static int put_config(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	const char *run_dir = guest->guests->run_dir;
	struct pdp_error why;
	int code = pdp_mh_dir_make(run_dir, guest->name, guest->id_base, err);

	if (code)
		return code;
	code = pdp_mh_config_put(run_dir, guest->name, guest->id_base, &guest->control, &why);
	if (code && pdp_mh_config_same(run_dir, guest->name, &guest->control)) {
		pdp_mh_tell(guest, &why);
		return 0;
	}
	return code ? pdp_fail(err, code, "%s", why.text) : 0;
}

/* What comes after the container: the namespace is new, and nothing is in it. */
static int furnish(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	struct pdp_mhtables_way way;
	unsigned int news;
	int code = watch_init(guest, err);

	if (!code)
		code = open_inside(guest, err);
	if (!code)
		code = pdp_mhlink_sysctls(&guest->links, NULL, err);
	if (!code)
		code = pdp_mh_ensure(guest, &news, NULL, err);
	pdp_failpoint("mh-links");
	way = pdp_mh_way(guest);
	if (!code)
		code = pdp_mhtables_put(&way, &guest->tables, NULL, err);
	if (!code)
		code = pdp_mhtables_save(&guest->tables, guest->tables_path, err);
	/* They may be others than when it began. */
	if (!code)
		code = pdp_mh_limit(guest, err);
	/* Last: init waits for the socket before it starts anything. */
	if (!code)
		code = open_channel(guest, err);
	if (!code && !pdp_mh_config_same(guest->guests->run_dir, guest->name, &guest->control))
		code = pdp_mh_reload(guest, err);
	if (!code)
		guest->state = PDP_MH_READY;
	return code;
}

static int end_start(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	const struct pdp_mh_guests *guests = guest->guests;

	if (guest->started_ev)
		event_free(guest->started_ev);
	guest->started_ev = NULL;
	return pdp_container_end(&guest->starter, guests->run_dir, guest->lxc_name, guests->pivot,
				 &guest->init_pid, err);
}

static void on_started(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_mh_guest *guest = arg;
	struct pdp_error err;
	int code = end_start(guest, &err);

	(void)fd, (void)what;
	pdp_failpoint("mh-container");
	if (!code)
		code = furnish(guest, &err);
	conclude(guest, code, &err);
}

/* All of it, anew; on_started() goes on. */
static int begin(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	int code = pdp_mh_root(guest->guests, err);

	guest->started_ms = pdp_bucket_now_ms();
	guest->state = PDP_MH_STARTING;
	if (!code)
		code = put_config(guest, err);
	if (!code)
		code = begin_container(guest, err);
	if (code)
		return code;
	guest->started_ev =
		event_new(guest->guests->base, guest->starter.fd, EV_READ, on_started, guest);
	if (guest->started_ev && !event_add(guest->started_ev, NULL))
		return 0;
	return pdp_fail(err, -ENOMEM, "no memory for an event");
}

/* By descriptor: the pid may be another's by now. */
static void end_init(const struct pdp_mh_guest *guest)
{
	struct pollfd init = {.fd = guest->init_pidfd, .events = POLLIN};

	if (guest->init_pidfd >= 0 &&
	    !syscall(SYS_pidfd_send_signal, guest->init_pidfd, SIGTERM, NULL, 0))
		poll(&init, 1, TERM_MS);
}

static void forget_init(struct pdp_mh_guest *guest)
{
	if (guest->death_ev)
		event_free(guest->death_ev);
	guest->death_ev = NULL;
	if (guest->init_pidfd >= 0)
		close(guest->init_pidfd);
	guest->init_pidfd = -1;
}

/* Everything but pins, directory and what is remembered. Half-made is fine. */
static void take_down(struct pdp_mh_guest *guest)
{
	struct pdp_mh_guests *guests = guest->guests;

	pdp_mhtalk_shut(guest->talk);
	if (guest->starter.pid)
		end_start(guest, NULL);
	end_init(guest);
	forget_init(guest);
	guest->cpu_ns_before += pdp_cgroup_cpu_ns(&guest->cgroup);
	memset(&guest->cgroup, 0, sizeof(guest->cgroup));
	for (size_t i = 0; i < guest->n_vifs; i++)
		pdp_mhlink_remove(&guest->vifs[i], guests->loader, guests->rtnl);
	close_inside(guest);
	pdp_container_stop(guests->run_dir, guest->lxc_name, guests->pivot);
	guest->init_pid = 0;
	guest->state = PDP_MH_STARTING;
}

/* --- taking over ---------------------------------------------------------------------------------- */

/* What was put and is in the file is not said again: a kernel that is told the same tells its daemons. */
static int take_over_tables(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	struct pdp_mhtables_way way = pdp_mh_way(guest);
	struct pdp_mhtables had;
	int code;

	pdp_mhtables_load(&had, guest->tables_path);
	code = pdp_mhtables_put(&way, &guest->tables, &had, err);
	if (!code)
		pdp_mhtables_withdraw(&way, &had, &guest->tables);
	pdp_mhtables_free(&had);
	return code ? code : pdp_mhtables_save(&guest->tables, guest->tables_path, err);
}

static int take_over_rest(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	struct pdp_mh_guests *guests = guest->guests;
	unsigned int strays = 0;
	int code = pdp_mhlink_reap(guests->rtnl, guests->loader, guest->links.owner, guest->vifs,
				   guest->n_vifs, &strays, err);

	if (!code)
		code = pdp_mh_limit(guest, err);
	if (!code)
		code = open_channel(guest, err);
	if (code || pdp_mh_config_same(guests->run_dir, guest->name, &guest->control))
		return code;
	return pdp_mh_reload(guest, err);
}

static int take_over(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	struct pdp_error told;
	bool mended = false;
	unsigned int news;
	int code = watch_init(guest, err);

	if (!code)
		code = open_inside(guest, err);
	if (!code)
		code = pdp_mhlink_sysctls(&guest->links, &mended, err);
	if (!code)
		code = pdp_mh_ensure(guest, &news, &told, err);
	pdp_failpoint("mh-found");
	if (!code)
		code = take_over_tables(guest, err);
	if (!code)
		code = take_over_rest(guest, err);
	if (!code) {
		guest->state = PDP_MH_READY;
		guest->was_up = true;
	}
	return code;
}

/* --- one by one ----------------------------------------------------------------------------------- */

static void free_guest(struct pdp_mh_guest *guest)
{
	pdp_mhtalk_free(guest->talk);
	if (guest->starter.pid)
		end_start(guest, NULL);
	close_inside(guest);
	forget_init(guest);
	if (guest->retry_ev)
		event_free(guest->retry_ev);
	pdp_mhtables_free(&guest->tables);
	free(guest->vifs);
	LIST_REMOVE(guest, others);
	free(guest);
}

static void name_guest(struct pdp_mh_guest *guest, const struct pdp_mh_spec *spec)
{
	const struct pdp_mh_guests *guests = guest->guests;

	guest->vnet = spec->vnet;
	snprintf(guest->vnet_name, sizeof(guest->vnet_name), "%s", spec->conf->name);
	snprintf(guest->name, sizeof(guest->name), "%s" PDP_MH_SUFFIX, spec->conf->name);
	snprintf(guest->lxc_name, sizeof(guest->lxc_name), "%s%s", guests->lxc_prefix, guest->name);
	snprintf(guest->links.owner, sizeof(guest->links.owner), "%s%s", guests->owner_prefix,
		 guest->name);
	snprintf(guest->tables_path, sizeof(guest->tables_path), "%.3900s/guest/%s/tables",
		 guests->run_dir, guest->name);
	guest->id_base = pdp_mh_id_base(guests->id_block, spec->vnet);
}

static int new_guest(struct pdp_mh_guest **out, struct pdp_mh_guests *guests,
		     const struct pdp_mh_spec *spec, struct pdp_error *err)
{
	struct pdp_mh_guest *guest = calloc(1, sizeof(*guest));
	int code;

	*out = guest;
	if (!guest)
		return pdp_fail(err, -ENOMEM, "no memory for an MH guest");
	LIST_INSERT_HEAD(&guests->boxes, guest, others);
	guest->guests = guests;
	guest->state = PDP_MH_STARTING;
	guest->control = spec->conf->control;
	guest->was_up = spec->keep_trying;
	guest->init_pidfd = -1;
	guest->pause_ms = PAUSE_MIN_MS;
	guest->links = (struct pdp_mhlinks){.loader = guests->loader,
					    .outside = guests->rtnl,
					    .ethtool_outside = guests->ethtool_fd,
					    .ethtool_inside = -1,
					    .netns_fd = -1};
	name_guest(guest, spec);
	guest->retry_ev = event_new(guests->base, -1, 0, on_retry, guest);
	code = pdp_mhtalk_new(&guest->talk, guests->base, on_talk, guest, err);
	if (!code && !guest->retry_ev)
		code = pdp_fail(err, -ENOMEM, "no memory for an MH guest");
	if (!code)
		code = pdp_mh_take_vifs(guest, spec, err);
	if (!code)
		code = pdp_mh_tables_of(&guest->tables, spec, err);
	return code;
}

/* What runs is taken over; what cannot be is in the way. */
static int find_or_make(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	struct pdp_mh_guests *guests = guest->guests;
	struct pdp_error why;
	int code;

	guest->init_pid = pdp_container_init(guests->run_dir, guest->lxc_name);
	if (guest->init_pid) {
		if (!take_over(guest, &why))
			return 0;
		fprintf(stderr, "control plane of %s cannot be taken over and is made anew: %s\n",
			guest->vnet_name, why.text);
		take_down(guest);
	} else if (pdp_container_defined(guests->run_dir, guest->lxc_name)) {
		pdp_container_stop(guests->run_dir, guest->lxc_name, guests->pivot);
	}
	code = begin(guest, &why);
	return code ? pdp_fail(err, code, "control plane of %s: %s", guest->vnet_name, why.text)
		    : 0;
}

int pdp_mh_start(struct pdp_mh_guest **out, struct pdp_mh_guests *guests,
		 const struct pdp_mh_spec *spec, pdp_mh_fn fn, void *arg, struct pdp_error *err)
{
	struct pdp_mh_guest *guest;
	int code = new_guest(&guest, guests, spec, err);

	*out = NULL;
	if (!guest)
		return code;
	if (!code)
		code = find_or_make(guest, err);
	if (code) {
		pdp_mh_stop(guest);
		return code;
	}
	guest->fn = fn;
	guest->arg = arg;
	*out = guest;
	return 0;
}

void pdp_mh_stop(struct pdp_mh_guest *guest)
{
	if (!guest)
		return;
	guest->fn = NULL;
	take_down(guest);
	guest->state = PDP_MH_STOPPED;
	pdp_mh_dir_remove(guest->guests->run_dir, guest->name);
	free_guest(guest);
}

void pdp_mh_release(struct pdp_mh_guest *guest)
{
	if (!guest)
		return;
	guest->guests->released = true;
	free_guest(guest);
}

/* --- what others ask ------------------------------------------------------------------------------ */

int pdp_mh_netns(const struct pdp_mh_guest *guest, struct pdp_error *err)
{
	if (!guest->init_pid)
		return pdp_fail(err, -ENOENT, "the control plane of %s is not there",
				guest->vnet_name);
	return pdp_netns_open(guest->init_pid, err);
}

enum pdp_mh_state pdp_mh_state(const struct pdp_mh_guest *guest)
{
	return guest->state;
}

uint16_t pdp_mh_vif_of(const struct pdp_mh_guest *guest, int ifindex)
{
	for (size_t i = 0; i < guest->n_vifs; i++)
		if (ifindex && guest->vifs[i].inner_ifindex == ifindex)
			return guest->vifs[i].vif.id;
	return 0;
}

int pdp_mh_vif_link(const struct pdp_mh_guest *guest, uint16_t vif)
{
	for (size_t i = 0; guest->state == PDP_MH_READY && i < guest->n_vifs; i++)
		if (guest->vifs[i].vif.id == vif)
			return guest->vifs[i].ifindex;
	return 0;
}

void pdp_mh_look(const struct pdp_mh_guest *guest, struct pdp_mh_view *out)
{
	struct pdp_cpu_quota quota;

	memset(out, 0, sizeof(*out));
	if (!guest)
		return;
	pdp_cgroup_quota(&guest->cgroup, &quota);
	*out = (struct pdp_mh_view){
		.name = guest->name,
		.lxc_name = guest->lxc_name,
		.state = guest->state,
		.init_pid = guest->init_pid,
		.power = guest->control.power,
		.quota_us = quota.quota_us,
		.period_us = quota.period_us,
		.memory_mib = guest->control.memory_mib,
		.cpu_ns = guest->cpu_ns_before + pdp_cgroup_cpu_ns(&guest->cgroup),
		.memory_bytes = pdp_cgroup_memory_bytes(&guest->cgroup),
		.restarts = guest->restarts,
		.daemon_restarts = guest->daemon_restarts,
	};
}
