/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * plan_values.h - which values of a thing differ, by the keys of the node file; for plan.c alone.
 */
#ifndef PDP_PLAN_VALUES_H
#define PDP_PLAN_VALUES_H

#include "ctl/plan.h"

/* Note a value if it differs. 0 or -ENOMEM. */
int pdp_note_value(struct pdp_change *change, const char *key, const char *from, const char *to);

/* Compare before and after of the kind; note values and effects. 0 or -ENOMEM. */
int pdp_port_differ(struct pdp_change *change);
int pdp_fe_differ(struct pdp_change *change);
int pdp_vnet_differ(struct pdp_change *change);
int pdp_vif_differ(struct pdp_change *change);
int pdp_route_differ(struct pdp_change *change);
int pdp_neighbour_differ(struct pdp_change *change);

#endif
