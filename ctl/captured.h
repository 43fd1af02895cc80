/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * captured.h - what the classifier would find in a captured frame: the inner packet of a vnet.
 *
 * A frame out of one of the vnet's tunnels is stripped of its outer headers, as at a port. Any other one
 * is taken for what a tunnel carries: as if captured within the vnet. Pure.
 */
#ifndef PDP_CAPTURED_H
#define PDP_CAPTURED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/maps.h"

/* What a frame of the capture begins with. */
enum pdp_captured_link {
	PDP_CAPTURED_ETHERNET,
	PDP_CAPTURED_IP, /* IPv4 or IPv6 at once */
};

/* Ends of the vnet's tunnels on the node. */
struct pdp_captured_ends {
	const struct pdp_tunnel_key *key; /* vni PDP_VNI_NONE: udp */
	size_t n;
};

struct pdp_captured {
	const uint8_t *inner;
	size_t len;
	uint16_t proto; /* as in the tag, host order */
	bool tunnel; /* out of one of the ends' tunnels */
};

/* False for a frame in which nothing is that a tunnel could carry. */
bool pdp_captured_inner(struct pdp_captured *out, const uint8_t *frame, size_t len,
			enum pdp_captured_link link, const struct pdp_captured_ends *ends);

#endif
