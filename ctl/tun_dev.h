/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_dev.h - the TUN device of pdp-tun: made, given MTU, addresses and routes, brought up.
 */
#ifndef PDP_TUN_DEV_H
#define PDP_TUN_DEV_H

#include <net/if.h>

#include "ctl/rtnl.h"
#include "ctl/tun_endpoint.h"

struct pdp_tun_dev {
	int fd; /* non-blocking, one packet a read or write, no header; the device lives as long */
	int ifindex;
	char name[IFNAMSIZ];
};

/*
 * Make a TUN device of this name; a %d in it is replaced by the first free number. -EEXIST when there
 * is such a device already, -EPERM without CAP_NET_ADMIN, -ENODEV without TUN in the kernel.
 */
int pdp_tun_dev_open(struct pdp_tun_dev *dev, const char *name, struct pdp_error *err);

/* Removes the device, and with it its addresses and routes. fd -1 is fine. */
void pdp_tun_dev_close(struct pdp_tun_dev *dev);

int pdp_tun_dev_add_address(struct pdp_rtnl *rtnl, const struct pdp_tun_dev *dev,
			    const struct pdp_tun_prefix *address, struct pdp_error *err);
/* The device must be up. Bits after the prefix must be 0. */
int pdp_tun_dev_add_route(struct pdp_rtnl *rtnl, const struct pdp_tun_dev *dev,
			  const struct pdp_tun_prefix *prefix, struct pdp_error *err);

/* -ELOOP when packets to the remote end would now go through the device itself. */
int pdp_tun_dev_check_loop(struct pdp_rtnl *rtnl, const struct pdp_tun_dev *dev,
			   const union pdp_tun_endpoint *remote, struct pdp_error *err);

#endif
