/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * spread.h - over which guests the packets of a capture would go, by a policy and a flow key.
 *
 * The classifier's own flow key, hash and choice of a slot (bpf/flow.bpf.h, bpf/pick.bpf.h), compiled for
 * user space, over the slot table that the controller would fill. One CPU's turns. Pure.
 */
#ifndef PDP_SPREAD_H
#define PDP_SPREAD_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/maps.h"
#include "ctl/slots.h"

/* What is tried. */
struct pdp_spread_conf {
	enum pdp_policy policy;
	enum pdp_key_kind key;
	struct pdp_key bytes; /* of PDP_KEY_BYTES */
	uint32_t gap; /* of flowlet, units of 1024 ns */
	const struct pdp_share *shares; /* the vnet's guests; stay the caller's until it is freed */
	size_t n_shares;
};

/* What came of it, of a guest. */
struct pdp_spread_guest {
	uint64_t packets;
	uint64_t bytes;
	uint64_t flows; /* of which packets went there; a flow is what has one hash */
};

struct pdp_spread;

/* 0; -EINVAL or -E2BIG as pdp_slots_fill(); -ENOMEM. */
int pdp_spread_new(struct pdp_spread **out, const struct pdp_spread_conf *conf);
/* NULL is fine. */
void pdp_spread_free(struct pdp_spread *spread);

/*
 * pdp_spread_see() - the next packet.
 * @inner: what the tunnel carries. @proto: as in the tag, host order. @ns: when it came.
 *
 * The id of the guest that it goes to, 0 when the table has no slot; *hash is the flow's. -ENOMEM.
 */
int pdp_spread_see(struct pdp_spread *spread, const uint8_t *inner, size_t len, uint16_t proto,
		   uint64_t ns, uint32_t *hash);

/* As conf's shares. */
const struct pdp_spread_guest *pdp_spread_guests(const struct pdp_spread *spread);
/* All flows that were seen. */
uint64_t pdp_spread_flows(const struct pdp_spread *spread);

#endif
