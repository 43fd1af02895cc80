/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * enforce.h - makes the maps say what the node is, and nothing else.
 *
 * The same steps for a node that comes up, that changes, that was adopted, and whose maps somebody
 * changed by hand: what is right already is not written again.
 */
#ifndef PDP_ENFORCE_H
#define PDP_ENFORCE_H

#include "ctl/layout.h"
#include "ctl/node.h"

/*
 * All that the node has and can have: each vnet's guests, vifs, police and slots before the tunnels that
 * lead to them, then the ports. Goes on past an error; returns and tells the first.
 */
int pdp_enforce_add(struct pdp_node *node, struct pdp_error *err);

/*
 * Ahead of the switch: vifs of the next layout that take the place of one with another tunnel, and the ports
 * that they leave through. Nothing of it is used before agents hear of it.
 */
int pdp_enforce_replacing(struct pdp_node *node, struct pdp_layout *next, struct pdp_error *err);

/* Parts of pdp_enforce_add(), in this order: ports and the delay line as ways out, each vnet, ports as ways in. */
int pdp_enforce_ways_out(struct pdp_node *node, struct pdp_error *err);
int pdp_enforce_vnet(struct pdp_node *node, struct pdp_node_vnet *vnet, struct pdp_error *err);
int pdp_enforce_ports(struct pdp_node *node, struct pdp_error *err);

/*
 * The owner's program as the vnet is to have it, on all of its guests, or on none: -errno, err says why, and the one
 * before stays in force. anew: read it again although it is that one already. 0 also where there is none.
 */
int pdp_enforce_program(struct pdp_node_vnet *vnet, bool anew, struct pdp_error *err);

/* A vif as it is now: MTU, next hop, MACs. */
void pdp_enforce_vif(struct pdp_node *node, const struct pdp_node_vif *vif);

/* No way in for what the node has not: tunnels and slots. Guests that leave can still come to rest. */
void pdp_enforce_close(struct pdp_node *node);

/* Nothing else of what the node has not: vifs, guests, ports. Not while guests leave. */
void pdp_enforce_forget(struct pdp_node *node);

#endif
