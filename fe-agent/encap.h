/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * encap.h - the outer header that a packet leaves a vif in, and what it shares with the inner one.
 *
 * The last step of a packet in the router. A vif's outer header is made once; per packet it is
 * copied in front and lengths, checksum, DSCP and ECN are set. What comes out is what the dispatcher
 * lets through: no options, no fragment, exact lengths.
 */
#ifndef PDP_ENCAP_H
#define PDP_ENCAP_H

#include <stdbool.h>
#include <stdint.h>

#include "fe-agent/dataplane.h"
#include "fe-agent/router_rules.h"
#include "fe-agent/router_tables.h"

_Static_assert(PDP_OUTER_MAX <= PDP_DP_HEADROOM, "the worker leaves room for it");

/* What differs from packet to packet. */
struct pdp_inner {
	const uint8_t *mac; /* destination of the inner frame, vxlan only */
	uint32_t hash;
	uint16_t proto; /* ETH_P_IP or ETH_P_IPV6, host order */
	uint16_t id; /* for the outer IPv4 header (RFC 6864: unique where DF is not set) */
	uint8_t tos; /* DSCP and ECN */
	bool df; /* DF of inner IPv4; true for IPv6, which no router fragments */
};

/* Make the outer header of a vif. 0, or -EINVAL: no such encapsulation, family, or too long an MTU. */
int pdp_outer_prepare(struct pdp_outer *outer, const struct pdp_dp_vif *vif);

/*
 * pdp_outer_push() - put the outer header in front of an inner IP packet.
 * Returns the new first byte, outer->len bytes before data; that room must be there.
 *
 * The outer UDP checksum is zero over IPv4 and right over IPv6, where Linux refuses zero unless told
 * otherwise (RFC 6935). VXLAN's source port and the IPv6 flow label come from the flow's hash (RFC
 * 7348 section 5, RFC 6438).
 */
uint8_t *pdp_outer_push(const struct pdp_outer *outer, uint8_t *data, uint32_t len,
			const struct pdp_inner *inner);

#endif
