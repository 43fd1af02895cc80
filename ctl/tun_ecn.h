/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_ecn.h - DSCP and ECN between the inner and the outer header. Pure.
 *
 * RFC 6040 for ECN, in normal mode; the outer DSCP is a copy of the inner (RFC 2983, uniform towards
 * the underlay) and is forgotten at the tunnel's end.
 */
#ifndef PDP_TUN_ECN_H
#define PDP_TUN_ECN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is this an IPv4 or IPv6 packet, as far as version and shortest header tell? */
bool pdp_tun_is_ip(const uint8_t *packet, size_t len);

/* TOS or Traffic Class of a packet for which pdp_tun_is_ip() holds. */
uint8_t pdp_tun_traffic_class(const uint8_t *packet);

/*
 * Carry the congestion mark of the outer header (its TOS or Traffic Class) into the inner packet,
 * with the IPv4 checksum. False when the packet must be dropped: marked on the way, and its
 * transport does not know ECN.
 */
bool pdp_tun_decapsulate_ecn(uint8_t *packet, uint8_t outer);

#endif
