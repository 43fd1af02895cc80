/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * control.h - the MH guests of a node: their place in a change, in the maps, and in what happens.
 *
 * Between the node and mhguest.h. Made before the FE guests, so that there are tables to mirror when
 * those come; removed after them.
 */
#ifndef PDP_CONTROL_H
#define PDP_CONTROL_H

#include "ctl/apply_steps.h"

/* --- a change ------------------------------------------------------------------------------------- */

/* Can the vifs of the other layout's MH guests be devices, by their names? -EINVAL. */
int pdp_control_names(const struct pdp_apply *a, struct pdp_error *err);
/*
 * Begin to make the next one of the other layout, at *next, or change it. 0 and what came of it; -errno,
 * when one could not be made, with what pdp_control_undo() takes back.
 */
enum pdp_control_made {
	PDP_CONTROL_ONE, /* one was begun or changed; there may be more */
	PDP_CONTROL_WAITS, /* for some that were begun; pdp_apply_wake() comes */
	PDP_CONTROL_DONE, /* all are there */
};
int pdp_control_make(struct pdp_apply *a, size_t *next, enum pdp_control_made *made,
		     struct pdp_error *err);
/* Before the switch: what was made is stopped, what was changed is as it was. */
void pdp_control_undo(struct pdp_apply *a);
/* After it: those that stay lose what they do not need any more, those that leave stop. */
void pdp_control_settle(struct pdp_apply *a);
/* The change is forgotten, and its fresh ones with it. */
void pdp_control_abandon(struct pdp_apply *a);

/* All of the node: pdp_mh_stop() or pdp_mh_release(). */
void pdp_control_end(struct pdp_node *node, void (*end)(struct pdp_mh_guest *box));

/* --- a node that runs ----------------------------------------------------------------------------- */

/* The vnet's vifs' links to its MH guest, into the maps or out of them. */
int pdp_control_publish(struct pdp_node *node, const struct pdp_node_vnet *vnet,
			struct pdp_error *err);
/* Tell an MH guest of its vifs' MTUs. 0 also where there is none. */
int pdp_control_retell(struct pdp_node *node, const struct pdp_node_vnet *vnet,
		       struct pdp_error *err);
/* Ports come and go: so do carriers. */
void pdp_control_carrier(struct pdp_node *node, const struct pdp_node_port *port);
/* What others did to them, mended: an event for each. */
void pdp_control_audit(struct pdp_node *node,
		       void (*repaired)(struct pdp_node *node, const char *object, int code,
					const char *what));
/* Once a second: what they use. */
void pdp_control_sample(struct pdp_node *node, uint64_t ns);

/* Copy a vnet's configuration again and start its daemons anew. -ENOENT: it has no control plane. */
int pdp_control_reload(struct pdp_node *node, const char *vnet, struct pdp_error *err);

#endif
