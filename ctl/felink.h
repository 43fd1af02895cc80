/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * felink.h - the FE link of one guest: a veth pair, pdpfe<ID> on the MH, eth0 in the guest.
 *
 * Made straight into the running guest's namespace, so it dies with the guest and LXC never touches
 * it. One queue each way, no address and no IPv6 on either end, every offload off that hides bytes
 * from XDP, and a pfifo on eth0: without a real queueing discipline a full 256-slot veth ring loses
 * frames silently, with one the sender is told EAGAIN.
 */
#ifndef PDP_FELINK_H
#define PDP_FELINK_H

#include <net/if.h>
#include <stdint.h>

#include "ctl/rtnl.h"

#define PDP_FELINK_INNER "eth0"
#define PDP_FELINK_QUEUES 1
#define PDP_FELINK_PREFIX "pdpfe"

struct pdp_felink {
	char name[IFNAMSIZ]; /* MH side */
	int ifindex; /* MH side; 0 = there is none */
	int inner_ifindex; /* eth0 */
	uint8_t mac[6]; /* eth0 */
	uint8_t md_mac[6]; /* MH side */
	int netns_fd; /* of the guest; -1 */
	int ethtool_fd; /* a socket in the guest's namespace; -1 */
	uint64_t netns_cookie; /* of the guest */
};

/*
 * pdp_felink_make() - make and configure both ends, up.
 * @rtnl: in the MH's namespace.  @guest: its id, which gives name and MACs, the same every time.
 * @owner: told in the MH side's alias, so that strays can be told.  @netns_fd: becomes the link's,
 * also when this fails.
 * On failure nothing is left and *link is as pdp_felink_init() leaves it.
 */
int pdp_felink_make(struct pdp_felink *link, struct pdp_rtnl *rtnl, uint16_t guest,
		    const char *owner, uint32_t mtu, int netns_fd, struct pdp_error *err);
void pdp_felink_init(struct pdp_felink *link);

/*
 * pdp_felink_find() - the link that an earlier controller made, with the same arguments; nothing is
 * changed. -ENODEV: an end is not there; -ESTALE: it is there, and another's, or other than it would be
 * made (owner, MACs, MTU). netns_fd as for pdp_felink_make().
 */
int pdp_felink_find(struct pdp_felink *link, struct pdp_rtnl *rtnl, uint16_t guest,
		    const char *owner, uint32_t mtu, int netns_fd, struct pdp_error *err);

/* One end of a link for frames alone, in the calling thread's namespace: silent, transparent, up. */
int pdp_felink_configure_end(struct pdp_rtnl *rtnl, int ethtool_fd, const char *ifname, int ifindex,
			     struct pdp_error *err);
/* The end that an AF_XDP socket sends through. */
int pdp_felink_set_queue(struct pdp_rtnl *rtnl, int ifindex, struct pdp_error *err);

/* Close the descriptors; the pair stays. */
void pdp_felink_forget(struct pdp_felink *link);

/* Delete the pair, close the descriptors. A link that is not there is fine. */
void pdp_felink_delete(struct pdp_felink *link, struct pdp_rtnl *rtnl);

/* Frames that eth0 took and could hand to no AF_XDP socket; 0 when it cannot be told. */
uint64_t pdp_felink_rx_drops(const struct pdp_felink *link);

/* Frames that the program on eth0 sent back and that had no room in the link; 0 when it cannot be told. */
uint64_t pdp_felink_tx_drops(const struct pdp_felink *link);

/* Delete the MH side of this owner, if there is one. */
int pdp_felink_remove(struct pdp_rtnl *rtnl, const char *owner, struct pdp_error *err);

/* Delete the MH sides whose alias begins with owner; *n is raised by how many there were. */
int pdp_felink_reap(struct pdp_rtnl *rtnl, const char *owner, unsigned int *n,
		    struct pdp_error *err);

#endif
