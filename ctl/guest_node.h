/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest_node.h - what the files of guest.h share: the node that guests are of.
 */
#ifndef PDP_GUEST_NODE_H
#define PDP_GUEST_NODE_H

#include <limits.h>
#include <sys/queue.h>

#include "ctl/guest.h"
#include "ctl/rtnl.h"

struct event;

struct pdp_guests {
	struct event_base *base;
	struct pdp_loader *loader;
	struct pdp_rtnl *rtnl; /* in the MH's namespace */
	uint32_t link_mtu;
	unsigned int id_block;
	char node[64];
	char run_dir[PATH_MAX];
	char lxc_prefix[80]; /* pdp-NODE- */
	char owner_prefix[80]; /* of FE links' aliases: "pdp NODE " */
	char pivot[80]; /* cgroup of monitors that end: pdp-NODE.pivot */
	LIST_HEAD(pdp_guest_boxes, pdp_guest_box)
	boxes; /* guests that are not stopped or released */
	bool released; /* some that run on */
	TAILQ_HEAD(pdp_guest_queue, pdp_guest_box) waiting; /* for their turn to start */
	unsigned int n_starting;
	struct event *start_ev; /* somebody's turn */
};

/* A name becomes a path, an LXC name and a cgroup: is it of [a-z0-9-] alone? */
bool pdp_guest_name_ok(const char *name);

#endif
