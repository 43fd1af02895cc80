/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * follow.h - what changes under a running node, and what the maps then say.
 */
#ifndef PDP_FOLLOW_H
#define PDP_FOLLOW_H

#include "ctl/node.h"

/* Callbacks of the underlay; arg is the node. */
extern const struct pdp_underlay_ops pdp_follow_underlay;

/* Callback of a guest; arg is its struct pdp_node_guest. */
void pdp_follow_guest(struct pdp_guest_box *box, enum pdp_guest_state state,
		      const struct pdp_error *err, void *arg);

/* A port into the maps as its device is now: what guests send can leave through it. */
int pdp_follow_port_out(struct pdp_node *node, struct pdp_node_port *port, struct pdp_error *err);
/* The same, and under the classifier. */
int pdp_follow_port(struct pdp_node *node, struct pdp_node_port *port, struct pdp_error *err);
/* The classifier onto a port's device, again. */
int pdp_follow_attach(struct pdp_node *node, struct pdp_node_port *port, struct pdp_error *err);
/* A guest's link into the maps, as it is now. */
int pdp_follow_link(struct pdp_node_guest *guest, struct pdp_error *err);
/* The vnet's slots to those of its guests that forward. */
int pdp_follow_slots(struct pdp_node *node, struct pdp_node_vnet *vnet, struct pdp_error *err);

/* What each guest of the vnet is to have of its slots; as many as it has guests. */
void pdp_follow_shares(const struct pdp_node_vnet *vnet, struct pdp_share *shares);

/* Once a second: rates, and what has changed unheard. */
void pdp_follow_sample(struct pdp_node *node);

/* --- follow_balance.c: vnets with `rebalance: on` ------------------------------------------------- */

/* Once, before the first table: what an earlier controller moved, if this node came up as it was. */
void pdp_follow_recall(const struct pdp_node *node, struct pdp_node_vnet *vnet,
		       const struct pdp_share *shares);
/* Once a second, after the guests were looked at. */
void pdp_follow_balance(struct pdp_node *node, struct pdp_node_vnet *vnet);
/* Slots that are elsewhere than the policy has them. */
uint32_t pdp_follow_moved(const struct pdp_node_vnet *vnet);

/* --- follow_gap.c: vnets of policy flowlet -------------------------------------------------------- */

/* The pause after which a flow may go elsewhere: as set by hand, or as measured. */
uint32_t pdp_follow_gap_us(const struct pdp_node *node, struct pdp_node_vnet *vnet);
/* Once a second: how long packets were with the guests, and what that makes of the pause. */
void pdp_follow_gap(struct pdp_node *node, struct pdp_node_vnet *vnet);

/* --- follow_links.c: devices that others change ------------------------------------------------- */

/* The guest with this link on the MH; NULL. */
struct pdp_node_guest *pdp_follow_guest_at(const struct pdp_node *node, int ifindex);
/* Its link leads nowhere: nothing is to be sent to it, and its siblings have its slots. */
void pdp_follow_link_down(struct pdp_node_guest *guest);
/* Look whether a link that was down is up, or the other way round, and note it in link_down_ns. */
void pdp_follow_link_up(struct pdp_node_guest *guest, const char *ifname);
/* Links that were down: what they lost goes to the books; those that are up have their slots again. */
void pdp_follow_down_links(struct pdp_node_vnet *vnet);
/*
 * Is a port's device one that takes no redirected frames? Known once the classifier stands on it, which
 * drivers wait for; told when it changes.
 */
bool pdp_follow_deaf(struct pdp_node *node, struct pdp_node_port *port);
/* What a port's MTU leaves for its vifs, to maps, agents and control planes. Not while a change is under way. */
void pdp_follow_mtu(struct pdp_node *node, struct pdp_node_port *port);

#endif
