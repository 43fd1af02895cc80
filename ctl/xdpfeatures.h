/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* xdpfeatures.h - can frames be redirected to a device? Asks the kernel's netdev family (since 6.3). */
#ifndef PDP_XDPFEATURES_H
#define PDP_XDPFEATURES_H

/*
 * Does a device of this network namespace take frames that an XDP program redirects to it? 1; 0: no, as a
 * veth whose far end has neither an XDP program nor GRO; -EOPNOTSUPP: the kernel cannot tell; -errno.
 */
int pdp_xdp_takes_redirects(int ifindex);

#endif
