/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tag.h - Ethernet and tag: off a frame that came from the MD, in front of one that goes back.
 *
 * Between the worker and the data plane on a packet's way in and out. Pure functions on bytes.
 */
#ifndef PDP_TAG_H
#define PDP_TAG_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/wire.h"
#include "fe-agent/dataplane.h"

#define PDP_TAG_ROOM (ETH_HLEN + sizeof(struct pdp_tag)) /* 30 bytes */

/* What a frame bore when it came, kept aside: the data plane may write over it. */
struct pdp_arrival {
	struct ethhdr eth;
	struct pdp_tag tag;
	uint8_t *data; /* behind the tag */
	uint32_t len;
};

/*
 * Read Ethernet and tag of a frame, and fill the packet for the data plane with op = DROP, so that a
 * packet the data plane forgets is dropped. False: no tag, a cut one, of another version, not INPUT,
 * or with reserved flags.
 */
bool pdp_tag_strip(uint8_t *frame, uint32_t len, struct pdp_arrival *in, struct pdp_packet *pkt);

/*
 * Write Ethernet and tag in front of the packet, addressed back to where it came from.
 * FORWARD: egress vif and protocol are the packet's. LOCAL: vif, protocol and bytes are those that
 * came. hash, seq and vnet return as they came, flags are 0. [low, high) is the packet's chunk.
 *
 * True, *frame and *len: the frame to send. False, nothing written: another op, or the frame does not
 * lie within the chunk.
 */
bool pdp_tag_push(const struct pdp_arrival *in, const struct pdp_packet *pkt, const uint8_t *low,
		  const uint8_t *high, uint8_t **frame, uint32_t *len);

#endif
