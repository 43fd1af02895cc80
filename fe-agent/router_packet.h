/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * router_packet.h - what the router makes of a packet before it asks the FIB: is it sound, may it be
 * forwarded, where does it want to go.
 *
 * First step of a packet in the router. Reads the bytes, changes none.
 */
#ifndef PDP_ROUTER_PACKET_H
#define PDP_ROUTER_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "fe-agent/dataplane.h"

struct pdp_router_packet {
	uint8_t *ip; /* the inner IP header */
	uint32_t len; /* of the IP packet, without what may trail it */
	uint8_t family; /* 4 or 6 */
	uint8_t ttl;
	uint8_t tos; /* DSCP as it came, ECN as RFC 6040 has it after decapsulation */
	bool df; /* true for IPv6 */
	bool on_link; /* an IPv4 link-local address: not to be forwarded (RFC 3927, 2.7) */
	uint64_t dst_hi; /* destination, host order; IPv4 in the upper half of dst_hi */
	uint64_t dst_lo;
};

/*
 * pdp_router_look() - look at a packet.
 * @mac: the ingress vif's MAC address, or NULL when there is no such vif; for frames alone
 *
 * True: *p is filled in, the FIB shall decide. False: pkt has its verdict, PDP_OP_LOCAL or
 * PDP_OP_DROP.
 */
bool pdp_router_look(struct pdp_packet *pkt, const uint8_t *mac, struct pdp_router_packet *p);

/* The verdicts that leave the bytes alone. Both return false, for pdp_router_look(). */
static inline bool pdp_packet_drop(struct pdp_packet *pkt, enum pdp_dp_drop why)
{
	pkt->op = PDP_OP_DROP;
	pkt->drop = why;
	return false;
}

static inline bool pdp_packet_local(struct pdp_packet *pkt)
{
	pkt->op = PDP_OP_LOCAL;
	pkt->drop = dp_none;
	return false;
}

#endif
