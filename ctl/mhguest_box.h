/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mhguest_box.h - MH guests, for the files that share their life:
 *
 *   mhguest.c         is made or taken over, ends, is made again
 *   mhguest_change.c  becomes another while it runs; is mended
 *   mhguest_node.c    all of a node; what an earlier controller left
 */
#ifndef PDP_MHGUEST_BOX_H
#define PDP_MHGUEST_BOX_H

#include <limits.h>
#include <sys/queue.h>

#include "ctl/cgroup.h"
#include "ctl/container.h"
#include "ctl/mhguest.h"
#include "ctl/mhlink.h"
#include "ctl/mhtables.h"
#include "ctl/mhtalk.h"

#define PDP_MH_SUFFIX "-cp"

struct pdp_mh_guests {
	struct event_base *base;
	struct pdp_loader *loader;
	struct pdp_rtnl *rtnl; /* in the MH's namespace */
	int ethtool_fd; /* there too */
	unsigned int id_block;
	bool rooted; /* mhroot is there */
	bool released; /* some that run on */
	char node[64];
	char run_dir[PATH_MAX];
	char agent_path[PATH_MAX];
	char lxc_prefix[80]; /* pdp-NODE- */
	char owner_prefix[80]; /* "pdp NODE " */
	char pivot[80];
	LIST_HEAD(pdp_mh_boxes, pdp_mh_guest) boxes;
};

struct pdp_mh_guest {
	LIST_ENTRY(pdp_mh_guest) others;
	struct pdp_mh_guests *guests;
	uint16_t vnet;
	char vnet_name[PDP_LABEL_MAX];
	char name[48];
	char lxc_name[128];
	char tables_path[PATH_MAX];
	uid_t id_base;
	pdp_mh_fn fn;
	void *arg;

	enum pdp_mh_state state;
	struct pdp_control_conf control; /* as wanted */
	struct pdp_mhlink *vifs;
	size_t n_vifs;
	struct pdp_mhtables tables; /* in force, or to be when the vif is there */
	struct pdp_mhlinks links;
	struct pdp_container_starter starter; /* pid 0: none is under way */
	struct event *started_ev;
	bool was_up; /* READY once: tried again whatever comes */
	struct pdp_cgroup cgroup;
	pid_t init_pid;
	int init_pidfd;
	struct event *death_ev;
	struct event *retry_ev;
	unsigned int pause_ms;
	uint64_t started_ms;
	uint64_t cpu_ns_before; /* of containers that have gone */
	unsigned int restarts, daemon_restarts;
	struct pdp_mhtalk *talk;
};

/* --- mhguest_node.c ------------------------------------------------------------------------------- */

/* The shared root, made with the first guest. */
int pdp_mh_root(struct pdp_mh_guests *guests, struct pdp_error *err);

/* --- mhguest.c ------------------------------------------------------------------------------------ */

/* State and fault to whoever owns it. */
void pdp_mh_tell(struct pdp_mh_guest *guest, const struct pdp_error *err);

/* --- mhguest_change.c ----------------------------------------------------------------------------- */

/* Vifs of the spec that it has not, at the end of the list; those that it has, as the spec says. */
int pdp_mh_take_vifs(struct pdp_mh_guest *guest, const struct pdp_mh_spec *spec,
		     struct pdp_error *err);
/* Every vif's link; made: any is new. It is told what was mended, if told is not NULL. */
int pdp_mh_ensure(struct pdp_mh_guest *guest, unsigned int *news, struct pdp_error *told,
		  struct pdp_error *err);
/* How its kernel is reached. */
struct pdp_mhtables_way pdp_mh_way(struct pdp_mh_guest *guest);
/* Tables of a spec; the caller's to free. */
int pdp_mh_tables_of(struct pdp_mhtables *out, const struct pdp_mh_spec *spec,
		     struct pdp_error *err);
/* The cgroups' limits, as wanted. */
int pdp_mh_limit(struct pdp_mh_guest *guest, struct pdp_error *err);

#endif
