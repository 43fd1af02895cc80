/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * control_mirror.h - the mirror of an MH guest's routing tables, through the guest's life.
 */
#ifndef PDP_CONTROL_MIRROR_H
#define PDP_CONTROL_MIRROR_H

#include "ctl/node.h"

/*
 * There will be a guest: agents that have nothing yet are told to put in force what there is when all of it
 * is known, and not before.
 */
void pdp_control_mirror_expect(struct pdp_node_control *control);
/* The guest is there, perhaps another than before: mirror it. Nothing happens to one that is mirrored. */
int pdp_control_mirror_begin(struct pdp_node_control *control, struct pdp_error *err);
/* The limit may have changed. Devices that come and go are seen by themselves. */
void pdp_control_mirror_again(struct pdp_node_control *control);
/* The guest's namespace is gone: agents keep what they know. */
void pdp_control_mirror_lost(struct pdp_node_control *control);
/* There will be no guest any more. */
void pdp_control_mirror_end(struct pdp_node_control *control);

#endif
