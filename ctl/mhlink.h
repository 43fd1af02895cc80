/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mhlink.h - a vif as a device of an MH guest: a veth pair, pdpvf<ID> on the MH, the vif's name inside.
 *
 * The inner end is the owner's: he may set it down, give it addresses, other MTUs. What the data path
 * stands on is not: that there are two ends, names, MACs, programs, offloads, that a udp vif has no
 * neighbours to ask for. pdp_mhlink_ensure() makes it so, at first, after a change and after damage.
 */
#ifndef PDP_MHLINK_H
#define PDP_MHLINK_H

#include <stdbool.h>

#include "ctl/mhguest.h"
#include "ctl/rtnl.h"

#define PDP_MHLINK_PREFIX "pdpvf"

/* What all links of a guest have in common. */
struct pdp_mhlinks {
	struct pdp_loader *loader;
	struct pdp_rtnl *outside; /* in the MH's namespace */
	struct pdp_rtnl *inside; /* in the guest's */
	int ethtool_outside;
	int ethtool_inside;
	int netns_fd;
	char owner[160]; /* alias of the MH side */
};

struct pdp_mhlink {
	struct pdp_mh_vif vif; /* as wanted */
	int ifindex; /* MH side; 0 = there is none */
	int inner_ifindex;
	uint32_t mtu; /* that the inner end was given; the owner may have another since */
	bool was_up; /* the inner end, when it was last looked at */
};

/* Both ends of vif as they are to be. Either is on, once asked for, for what is new and comes back. */
enum pdp_mhlink_news {
	PDP_MHLINK_MADE =
		1 << 0, /* the pair is new: ifindexes are others, and nothing is on it yet */
	PDP_MHLINK_MENDED = 1 << 1, /* something was not as wanted */
	PDP_MHLINK_CAME_UP = 1 << 2, /* the inner end was down: routes over it may have gone */
};

/*
 * pdp_mhlink_ensure() - make it so.
 * @news: what was found, enum pdp_mhlink_news or-ed; in `what`, if anything but CAME_UP, in words.
 * 0 or -errno, with err.
 */
int pdp_mhlink_ensure(struct pdp_mhlink *link, const struct pdp_mhlinks *links, unsigned int *news,
		      struct pdp_error *what, struct pdp_error *err);

/* The MH side up or down, and with it the carrier inside. */
int pdp_mhlink_carrier(struct pdp_mhlink *link, const struct pdp_mhlinks *links, bool up,
		       struct pdp_error *err);

/* Delete the pair and its pins. What is not there is fine. */
void pdp_mhlink_remove(struct pdp_mhlink *link, struct pdp_loader *loader, struct pdp_rtnl *rtnl);

/* Delete what bears this alias and is of no vif in the list; *n is raised by how many. */
int pdp_mhlink_reap(struct pdp_rtnl *rtnl, struct pdp_loader *loader, const char *owner,
		    const struct pdp_mhlink *keep, size_t n_keep, unsigned int *n,
		    struct pdp_error *err);

/* Settings of the guest's whole network: forwarding and what a router wants besides. */
int pdp_mhlink_sysctls(const struct pdp_mhlinks *links, bool *mended, struct pdp_error *err);

#endif
