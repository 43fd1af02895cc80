/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * dataplane.h - what a vnet's data plane is to the FE agent: a burst in, verdicts out.
 *
 * Between the worker (which owns AF_XDP, frames and the tag) and the data planes (one file each,
 * which own tables and know nothing of sockets). A data plane never blocks, never allocates per
 * packet, and is tested by handing it bytes.
 */
#ifndef PDP_DATAPLANE_H
#define PDP_DATAPLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/vif.h"
#include "bpf/wire.h"

#define PDP_BURST 64

/* A data plane may put this many bytes in front of a packet: VLAN-less IPv6 + UDP + VXLAN + Ethernet
 * is 70; the rest is spare.
 */
#define PDP_DP_HEADROOM 128

/* Why a data plane dropped a packet: X(name, what it means). Reported to the controller by name. */
#define PDP_DP_DROPS(X)                                                                   \
	X(dp_bad_header, "inner header malformed: version, length or checksum")           \
	X(dp_not_for_us, "frame whose destination MAC is not the vif's")                  \
	X(dp_blackhole, "matched a blackhole route")                                      \
	X(dp_bad_address, "source or destination that is never forwarded")                \
	X(dp_ecn, "congestion marked outside on a packet that cannot bear it (RFC 6040)") \
	X(dp_no_egress, "the route's vif has gone")                                       \
	X(dp_bytes, "for the control plane, but not of a protocol that a kernel takes")

#define PDP_DP_ENUM(name, help) name,
enum pdp_dp_drop { dp_none = 0, PDP_DP_DROPS(PDP_DP_ENUM) dp_drop_count };

/*
 * A packet in a burst. In: data and len are what follows the tag, the fields come from the tag. Out:
 * op, vif and drop; for PDP_OP_FORWARD data and len cover the outer IP header to the end, and proto
 * is its EtherType. For PDP_OP_LOCAL the bytes are unchanged.
 */
struct pdp_packet {
	uint8_t *data;
	uint32_t len;
	uint32_t hash;
	uint32_t seq;
	uint16_t proto; /* host order: ETH_P_IP, ETH_P_IPV6, PDP_PROTO_ETHERNET or _BYTES */
	uint16_t vif; /* in: ingress; out: egress */
	uint8_t ecn; /* of the outer header that was stripped */
	uint8_t op; /* out: enum pdp_op, never INPUT */
	uint8_t drop; /* out, for PDP_OP_DROP: enum pdp_dp_drop */
};

/* How far a dump has come; zeroed at its beginning. What the words mean is the data plane's. */
struct pdp_dp_cursor {
	uint64_t words[4];
};

/* A buffer of this size holds any one message of a dump. */
#define PDP_DP_MESSAGE 2048

/* Messages that were not applied; add up over calls. */
struct pdp_dp_refused {
	unsigned int n;
	char first[64]; /* in words */
};

struct pdp_dataplane;
struct pdp_router_memory;

struct pdp_dataplane_ops {
	const char *name;
	/*
	 * Make an empty instance; *out belongs to the caller until fini. Its tables stand in this memory, which
	 * belongs to it if it could be made (router_memory.h), or with NULL in its own. 0 or -errno.
	 */
	int (*init)(struct pdp_dataplane **out, const struct pdp_router_memory *memory);
	/* Destroy; NULL is fine. No burst may be running. */
	void (*fini)(struct pdp_dataplane *dp);
	/* Add, replace (same id) or, with family 0, remove a vif. Any thread but the worker's. */
	int (*set_vif)(struct pdp_dataplane *dp, const struct pdp_dp_vif *vif);
	/*
	 * Apply rtnetlink messages (RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEIGH, RTM_DELNEIGH,
	 * RTM_NEWADDR, RTM_DELADDR) whose interface indexes are vif ids. Any thread but the
	 * worker's; traffic goes on and sees each route before or after, never half. 0 or -errno of
	 * the first message that did not apply, -ENOMEM where the guest's memory does not hold it (memory.h);
	 * the others are applied. refused may be NULL.
	 */
	int (*netlink)(struct pdp_dataplane *dp, const void *msgs, size_t len,
		       struct pdp_dp_refused *refused);
	/*
	 * All vifs, routes and neighbours will be said anew from now on; what has not been said again
	 * when sweep comes is taken out then. Until then the old stays in force beside the new.
	 */
	void (*renew)(struct pdp_dataplane *dp);
	void (*sweep)(struct pdp_dataplane *dp);
	/* How many routes are in force, for the statistics. Any thread but the worker's. */
	void (*routes)(struct pdp_dataplane *dp, uint64_t *routes4, uint64_t *routes6);
	/*
	 * What is in the tables, as messages that netlink() takes, into buf (aligned to 8) from the cursor
	 * on: a bounded step, so *len may be 0 before the end. True: that was the end. size is at least
	 * PDP_DP_MESSAGE. Any thread but the worker's; changes in between are fine (channel.h).
	 */
	bool (*dump)(struct pdp_dataplane *dp, struct pdp_dp_cursor *cursor, void *buf, size_t size,
		     size_t *len);
	/*
	 * The route in force for an address, with the path that a flow of this hash takes, as a message.
	 * Returns its length, 0 = no route. buf and size as for dump. Any thread but the worker's.
	 */
	size_t (*lookup)(struct pdp_dataplane *dp, uint8_t family, const uint8_t addr[16],
			 uint32_t hash, void *buf, size_t size);
	/* The pure function: up to PDP_BURST packets. The worker's thread alone. */
	void (*burst)(struct pdp_dataplane *dp, struct pdp_packet *pkts, unsigned int n);
	/* The worker holds no reference into tables now (it is between bursts). Worker's thread. */
	void (*quiescent)(struct pdp_dataplane *dp);
	/* Worker's thread, around going to sleep: no burst will run until online. */
	void (*offline)(struct pdp_dataplane *dp);
	void (*online)(struct pdp_dataplane *dp);
};

extern const struct pdp_dataplane_ops pdp_router, pdp_handup;

/* By the name in the node file's data-plane.kind; NULL when there is none. */
const struct pdp_dataplane_ops *pdp_dataplane_find(const char *name);

#endif
