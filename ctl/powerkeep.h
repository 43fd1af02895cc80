/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * powerkeep.h - keeps each vnet within its power: what its guests use is measured, ten times a second, and
 * what it may get published (powerloop.h).
 *
 * Of vnets with a guest on whose eth0 more is done than to hand packets to its agent, in a thread or in softirqs
 * of others, and decides which of these. Agents are held by their CFS quota: once a second it becomes what
 * those softirqs leave of their guest's power.
 */
#ifndef PDP_POWERKEEP_H
#define PDP_POWERKEEP_H

struct pdp_node;
struct pdp_powerkeep;

/* Begins at once, on the node's event loop. 0 or -ENOMEM. */
int pdp_powerkeep_new(struct pdp_powerkeep **out, struct pdp_node *node);
/* Limits stay in force as they are. NULL is fine. */
void pdp_powerkeep_free(struct pdp_powerkeep *keep);

#endif
