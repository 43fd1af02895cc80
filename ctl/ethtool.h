/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * ethtool.h - offloads off and driver statistics, by SIOCETHTOOL.
 *
 * Like rtnl.h: the descriptor belongs to the network namespace that the calling thread was in when
 * it was opened, and serves that namespace's devices from anywhere.
 */
#ifndef PDP_ETHTOOL_H
#define PDP_ETHTOOL_H

#include <stdint.h>

#include "loader/loader.h"

/* Offloads that hide bytes or lengths from XDP (reliability: partial checksums, VLAN out of band). */
enum pdp_offload {
	PDP_OFFLOAD_RX_CSUM = 1 << 0,
	PDP_OFFLOAD_TX_CSUM = 1 << 1,
	PDP_OFFLOAD_TSO = 1 << 2,
	PDP_OFFLOAD_GSO = 1 << 3,
	PDP_OFFLOAD_GRO = 1 << 4,
	PDP_OFFLOAD_RXVLAN = 1 << 5,
	PDP_OFFLOAD_TXVLAN = 1 << 6,
	PDP_OFFLOAD_ALL = (1 << 7) - 1,
};

/* A descriptor for the calls below, the caller's to close(). -errno. */
int pdp_ethtool_open(struct pdp_error *err);

/*
 * pdp_ethtool_off() - turn offloads off and look that they are.
 * @offloads: enum pdp_offload, or-ed.
 *
 * What the device does not have is off already. 0; -EOPNOTSUPP when one stays on, named in err;
 * -errno.
 */
int pdp_ethtool_off(int fd, const char *ifname, unsigned int offloads, struct pdp_error *err);

/* Those of `offloads` that are on now, or -errno. */
int pdp_ethtool_on(int fd, const char *ifname, unsigned int offloads, struct pdp_error *err);

/*
 * pdp_ethtool_stats() - sum the driver's statistics whose names match a pattern (fnmatch(3), extended).
 * "rx_queue_+([0-9])_drops" on a veth is what was lost before or behind its XDP program. A
 * device without such statistics has 0.
 */
int pdp_ethtool_stats(int fd, const char *ifname, const char *pattern, uint64_t *sum,
		      struct pdp_error *err);

#endif
