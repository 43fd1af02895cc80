/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * powerkeep.h - keeps each vnet within its power: what its guests use is measured, ten times a second, and
 * what it may get published (powerloop.h).
 *
 * Of vnets with a guest whose eth0 has a kernel thread. Where none has, agents are all there is, and
 * their CFS quota holds them.
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
