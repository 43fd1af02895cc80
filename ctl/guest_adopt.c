/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest_adopt.c - a guest from one controller to the next, while it forwards.
 *
 * Container, monitor, agent, link, programs and maps need no controller; what this process has of them
 * are descriptors and figures. So letting go is closing, and taking over is finding each of them, proving
 * that it is the one that would be made, and listening where the agent will connect again.
 */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/guest.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/container.h"
#include "ctl/failpoint.h"
#include "ctl/guest_box.h"
#include "ctl/netns.h"
#include "ctl/process.h"
#include "ctl/rootfs.h"

#define RETURN_S 5 /* for an agent to connect again; it tries once a second */

/* --- taking over --------------------------------------------------------------------------------- */

static int differs(struct pdp_error *err, const char *what, const char *have, const char *want)
{
	return pdp_fail(err, -ESTALE, "it runs with %s %s, wanted is %s", what, have, want);
}

/* What cannot be changed while it runs must be as it is wanted. */
static int compare(const struct pdp_guest_kept *have, const struct pdp_guest_kept *want,
		   struct pdp_error *err)
{
	if (have->id != want->id)
		return pdp_fail(err, -ESTALE, "it runs with id %u, wanted is %u", have->id,
				want->id);
	if (have->link_mtu != want->link_mtu)
		return pdp_fail(err, -ESTALE, "it runs with a link MTU of %u, wanted is %u",
				have->link_mtu, want->link_mtu);
	if (strcmp(have->cpus, want->cpus) != 0)
		return differs(err, "CPUs", *have->cpus ? have->cpus : "any",
			       *want->cpus ? want->cpus : "any");
	if (strcmp(have->dataplane, want->dataplane) != 0)
		return differs(err, "data plane", have->dataplane, want->dataplane);
	return 0;
}

/* Its figures go on; what is wanted of power and memory is kept to be set. */
static int recall(struct pdp_guest_box *guest, struct pdp_error *err)
{
	struct pdp_guest_kept kept, want = guest->k;
	int code = pdp_kept_open(&guest->file, guest->guests->run_dir, want.name, &kept, err);

	if (!code)
		code = compare(&kept, &want, err);
	if (!code && kept.stats_map != want.stats_map)
		code = pdp_fail(err, -ESTALE, "the map that its packets were counted in is gone");
	if (code)
		return code;
	guest->k = kept;
	guest->k.power = want.power;
	guest->k.memory_mib = want.memory_mib;
	guest->unwatched = true;
	pdp_agentlink_set_past(guest->agent, &kept.agent);
	return 0;
}

static int find_container(struct pdp_guest_box *guest, struct pdp_error *err)
{
	int code;

	code = pdp_box_watch_init(guest, err);
	return code ? code : pdp_cgroup_find(&guest->cgroup, guest->init_pid, err);
}

static int find_link(struct pdp_guest_box *guest, struct pdp_error *err)
{
	char owner[160];
	int netns_fd = pdp_netns_open(guest->init_pid, err);

	if (netns_fd < 0)
		return netns_fd;
	pdp_box_owner(guest, owner);
	return pdp_felink_find(&guest->link, guest->guests->rtnl, guest->k.id, owner,
			       guest->k.link_mtu, netns_fd, err);
}

static void on_no_return(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_guest_box *guest = arg;
	struct pdp_error err;

	(void)fd, (void)what;
	if (guest->state != PDP_GUEST_ADOPTED)
		return;
	pdp_fail(&err, 0, "guest %s: its agent has not connected again within %d s", guest->k.name,
		 RETURN_S);
	pdp_box_tell(guest, PDP_GUEST_STARTING, &err);
}

/* The pid may be another's by now: an agent is a child of its guest's init. */
static bool has_agent(const struct pdp_guest_box *guest)
{
	struct pdp_process process;

	return !pdp_process_look(pdp_agentlink_pid(guest->agent), &process) &&
	       process.parent == guest->init_pid && !process.exiting;
}

/* Does its agent still run? If so it will come back; else the next one comes as after any death. */
static int await_agent(struct pdp_guest_box *guest, struct pdp_error *err)
{
	const struct timeval patience = {.tv_sec = RETURN_S};

	if (!has_agent(guest)) {
		guest->state = PDP_GUEST_STARTING;
		if (guest->k.agents)
			pdp_box_agent_lost(guest);
		return 0;
	}
	guest->state = PDP_GUEST_ADOPTED;
	guest->adopt_ev = event_new(guest->guests->base, -1, 0, on_no_return, guest);
	if (!guest->adopt_ev || event_add(guest->adopt_ev, &patience))
		return pdp_fail(err, -ENOMEM, "no memory for a timer");
	return 0;
}

/*
 * Its container has ended, and its link with it. No socket is left that a packet could be in: what it
 * held is booked, and the next container takes its place.
 */
static int begin_anew(struct pdp_guest_box *guest, struct pdp_error *err)
{
	char owner[160];
	int code;

	pdp_box_owner(guest, owner);
	pdp_container_stop(guest->guests->run_dir, guest->lxc_name, guest->guests->pivot);
	code = pdp_felink_remove(guest->guests->rtnl, owner, err);
	pdp_box_bury_link(guest);
	guest->k.tables = 0;
	pdp_box_book_died(guest);
	pdp_box_save(guest);
	if (!code)
		pdp_box_bring_up(guest);
	return code;
}

static int take_over(struct pdp_guest_box *guest, struct pdp_error *err)
{
	int xskmap_fd, code = recall(guest, err);

	guest->init_pid = pdp_container_init(guest->guests->run_dir, guest->lxc_name);
	if (code == -ENOENT && guest->init_pid)
		return pdp_fail(err, -ESTALE, "it runs, and nothing is known of what it is");
	if (code)
		return code;
	if (!guest->init_pid)
		return begin_anew(guest, err);
	code = find_container(guest, err);
	if (!code)
		code = find_link(guest, err);
	pdp_failpoint("guest-found");
	/* Without the agent that keeps its tables up to date the fast half goes. */
	if (!code && !has_agent(guest))
		guest->k.tables = 0;
	if (!code)
		code = pdp_box_attach(guest, &xskmap_fd, err);
	pdp_failpoint("guest-taken");
	if (!code)
		code = await_agent(guest, err);
	if (!code)
		code = pdp_box_open_channel(guest, xskmap_fd, err);
	return code;
}

int pdp_guest_adopt(struct pdp_guest_box **out, struct pdp_guests *guests,
		    const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		    struct pdp_error *err)
{
	struct pdp_guest_box *guest;
	struct pdp_error why;
	int code = pdp_box_new(&guest, guests, spec, fn, arg, err);

	*out = NULL;
	if (!guest)
		return code;
	code = take_over(guest, &why);
	if (!code)
		code = pdp_guest_set_power(guest, guest->k.power, &why);
	if (!code)
		code = pdp_guest_set_memory(guest, guest->k.memory_mib, &why);
	if (code) {
		pdp_box_free(guest);
		return pdp_fail(err, code, "guest %s cannot be taken over: %s", spec->name,
				why.text);
	}
	*out = guest;
	return 0;
}

void pdp_guest_release(struct pdp_guest_box *guest)
{
	if (!guest)
		return;
	pdp_box_rx_drops(guest);
	pdp_box_save(guest);
	guest->guests->released = true;
	pdp_box_free(guest);
}

/* --- what is there ------------------------------------------------------------------------------- */

struct search {
	struct pdp_guests *guests;
	int (*fn)(const struct pdp_guest_found *found, void *arg);
	void *arg;
};

static bool is_taken(const struct pdp_guests *guests, const char *name)
{
	const struct pdp_guest_box *box;

	LIST_FOREACH(box, &guests->boxes, others)
		if (!strcmp(box->k.name, name))
			return true;
	return false;
}

static int find_one(const struct search *search, const char *name)
{
	struct pdp_guests *guests = search->guests;
	struct pdp_guest_found found = {0};
	struct pdp_guest_kept kept = {0};
	struct pdp_kept_file *file = NULL;
	char lxc_name[160];

	/* An FE guest's name ends with its number; others are MH guests. */
	if (!isdigit((unsigned char)name[strlen(name) - 1]) || is_taken(guests, name) ||
	    strlen(name) >= sizeof(found.name))
		return 0;
	snprintf(found.name, sizeof(found.name), "%s", name);
	snprintf(lxc_name, sizeof(lxc_name), "%s%s", guests->lxc_prefix, name);
	found.id = pdp_kept_id(guests->run_dir, name);
	found.running = pdp_container_init(guests->run_dir, lxc_name) > 0;
	if (!pdp_kept_open(&file, guests->run_dir, name, &kept, NULL)) {
		found.power = kept.power;
		found.memory_mib = kept.memory_mib;
		found.link_mtu = kept.link_mtu;
		memcpy(found.cpus, kept.cpus, sizeof(found.cpus));
		memcpy(found.dataplane, kept.dataplane, sizeof(found.dataplane));
	}
	pdp_kept_close(file);
	return search->fn(&found, search->arg);
}

static int find_container_named(const char *lxc_name, void *arg)
{
	const struct search *search = arg;

	return find_one(search, lxc_name + strlen(search->guests->lxc_prefix));
}

/* Those that are remembered and have no container any more. */
static int find_remembered(const struct search *search)
{
	char path[PATH_MAX], lxc_name[PATH_MAX];
	struct dirent **entries;
	int n, code = 0;

	if (snprintf(path, sizeof(path), "%s/kept", search->guests->run_dir) >= PATH_MAX)
		return -ENAMETOOLONG;
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		snprintf(lxc_name, sizeof(lxc_name), "%s%s", search->guests->lxc_prefix, name);
		if (!code && pdp_guest_name_ok(name) &&
		    !pdp_container_defined(search->guests->run_dir, lxc_name))
			code = find_one(search, name);
		free(entries[i]);
	}
	free(entries);
	return code;
}

int pdp_guests_each_found(struct pdp_guests *guests,
			  int (*fn)(const struct pdp_guest_found *found, void *arg), void *arg,
			  struct pdp_error *err)
{
	struct search search = {guests, fn, arg};
	int code = pdp_container_each(guests->run_dir, guests->lxc_prefix, find_container_named,
				      &search, err);

	return code ? code : find_remembered(&search);
}

bool pdp_guest_is_foreign(const char *run_dir, const char *name, uint32_t link_mtu)
{
	struct pdp_guest_kept kept;
	struct pdp_kept_file *file;
	int code = pdp_kept_open(&file, run_dir, name, &kept, NULL);

	pdp_kept_close(file);
	return code == -EINVAL || (!code && kept.link_mtu != link_mtu);
}

/* --- what is not wanted -------------------------------------------------------------------------- */

/* Its receive program and dispatcher, if its number is known. */
static int detach(struct pdp_guests *guests, const char *name, struct pdp_error *err)
{
	uint16_t id = pdp_kept_id(guests->run_dir, name);
	char link[16];
	int code;

	if (!id)
		return 0;
	pdp_box_dispatch_link(id, link);
	code = pdp_loader_detach(guests->loader, link, err);
	return code ? code : pdp_loader_detach_guest(guests->loader, id, err);
}

int pdp_guest_discard(struct pdp_guests *guests, const char *name, struct pdp_error *err)
{
	char lxc_name[160], owner[160];
	int code;

	if (!pdp_guest_name_ok(name) || is_taken(guests, name))
		return pdp_fail(err, -EINVAL, "guest '%s' cannot be discarded: %s", name,
				is_taken(guests, name) ? "it is in use" : "no name of a guest");
	snprintf(lxc_name, sizeof(lxc_name), "%s%s", guests->lxc_prefix, name);
	snprintf(owner, sizeof(owner), "%s%s", guests->owner_prefix, name);
	pdp_container_stop(guests->run_dir, lxc_name, guests->pivot);
	code = pdp_felink_remove(guests->rtnl, owner, err);
	if (!code)
		code = detach(guests, name, err);
	pdp_guest_dir_remove(guests->run_dir, name);
	pdp_kept_remove(guests->run_dir, name);
	return code;
}
