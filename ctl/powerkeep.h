/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * powerkeep.h - keeps each guest within its power: what it uses is measured, ten times a second, and
 * what it may get published (powerloop.h).
 *
 * Of vnets with a guest on whose eth0 more is done than to hand packets to its agent, in a thread or in softirqs
 * of others, and decides which of these. Agents are held by their CFS quota: once a second it becomes what
 * those softirqs leave of their guest's power.
 */
#ifndef PDP_POWERKEEP_H
#define PDP_POWERKEEP_H

#include <stdint.h>

struct pdp_node;
struct pdp_node_vnet;
struct pdp_powerkeep;

/* Begins at once, on the node's event loop. 0 or -ENOMEM. */
int pdp_powerkeep_new(struct pdp_powerkeep **out, struct pdp_node *node);
/* What those guests of a vnet may get together, packets a second, that are limited by their power; 0: none is. */
uint64_t pdp_powerkeep_limit_pps(const struct pdp_node *node, const struct pdp_node_vnet *vnet);
/* Limits stay in force as they are. NULL is fine. */
void pdp_powerkeep_free(struct pdp_powerkeep *keep);

#endif
