/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * hops.h - what the kernel lost between two devices (pdp_xmit_drops), by whose and where to.
 *
 * The map knows devices alone, and a device that has gone takes its number along. So what went through
 * it is laid at its vnet's door before that: the vnet's entries of PDP_HOP_GONE.
 */
#ifndef PDP_HOPS_H
#define PDP_HOPS_H

#include "loader/loader.h"

/* Where the packets were to go. */
enum pdp_hop_kind {
	PDP_HOP_PORT,
	PDP_HOP_LOCAL, /* a vif's link to its MH guest */
	PDP_HOP_DELAY, /* the delay line's */
};

/* "port", "local", "delay". */
const char *pdp_hop_kind_name(enum pdp_hop_kind kind);

/* Vnet of a vif's link, or of a gone device's entry; 0 = it is neither. */
uint16_t pdp_hop_vnet(const struct pdp_loader *ld, uint32_t from_ifindex);
/* A device that is no FE guest's link. */
enum pdp_hop_kind pdp_hop_kind(const struct pdp_loader *ld, uint32_t to_ifindex);

/* Lost so far from one device to another. */
uint64_t pdp_hops_between(const struct pdp_loader *ld, int from_ifindex, int to_ifindex);

/* All of them, as they were at one time. */
struct pdp_hops {
	struct pdp_hop_count {
		struct pdp_hop hop;
		uint64_t packets;
	} * at;
	size_t n;
};

/* 0 or -ENOMEM; the caller's to free. The map has room for many and holds few: a walk over it costs by room. */
int pdp_hops_read(struct pdp_hops *out, const struct pdp_loader *ld);
void pdp_hops_free(struct pdp_hops *hops);

/*
 * A device of a vnet goes: lay its losses at the vnet's door. with_ports: those towards ports too, which
 * for an FE guest's link are in its guest's books.
 */
void pdp_hops_bury(const struct pdp_loader *ld, uint32_t ifindex, uint16_t vnet, bool with_ports);

/* The delay line's device goes; whose packets it lost is still told by where they came from. */
void pdp_hops_bury_delay(const struct pdp_loader *ld, uint32_t ifindex);

/* A vnet's id begins anew. */
void pdp_hops_forget(const struct pdp_loader *ld, uint16_t vnet);

#endif
