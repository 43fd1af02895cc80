/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_underlay.h - the UDP socket of pdp-tun.
 */
#ifndef PDP_TUN_UNDERLAY_H
#define PDP_TUN_UNDERLAY_H

#include "ctl/tun_endpoint.h"

/*
 * pdp_tun_underlay_open() - a non-blocking UDP socket from local to remote.
 *
 * Connected, so that the kernel drops what comes from elsewhere. Never fragments (a PdP node takes no
 * fragments of tunnel packets): what does not fit the path is -EMSGSIZE. Over IPv6 it sends checksums
 * and takes datagrams without (RFC 6935). -EADDRINUSE, -EADDRNOTAVAIL, -ENETUNREACH with a sentence.
 */
int pdp_tun_underlay_open(int *fd, const union pdp_tun_endpoint *local,
			  const union pdp_tun_endpoint *remote, struct pdp_error *err);

/* Bytes that the tunnel's headers take: IP and UDP. */
unsigned int pdp_tun_overhead(int family);

/* Largest IP packet on the way to the remote end as far as known, or -errno. */
int pdp_tun_underlay_mtu(int fd, int family);

#endif
