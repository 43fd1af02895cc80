/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * plan.h - what would change from one state of a node to another, in the order to do it. Pure.
 *
 * What `pdp-ctl plan` shows and what apply walks: adds, then changes, then removes; what others stand
 * on comes first in the adds and last in the removes. Order within the lists of a model has no
 * meaning, except that of a vif's addresses.
 */
#ifndef PDP_PLAN_H
#define PDP_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/model.h"
#include "ctl/placement.h"

enum pdp_change_kind { PDP_ADD, PDP_CHANGE, PDP_REMOVE };

enum pdp_thing {
	PDP_THING_NODE, /* its name; never added or removed */
	PDP_THING_PORT,
	PDP_THING_FE,
	PDP_THING_VNET,
	PDP_THING_VIF,
	PDP_THING_ROUTE,
	PDP_THING_NEIGHBOUR,
};

/* What a change does beyond the values it names. */
enum pdp_effect {
	PDP_EFFECT_REPLACE =
		1 << 0, /* taken away and made anew: a vif of another encap or underlay family */
	PDP_EFFECT_RESTART =
		1 << 1, /* FE guests of the vnet (of all, for the node) are made anew */
	PDP_EFFECT_PLACEMENT = 1 << 2, /* FE guests come, go, or change their power */
	PDP_EFFECT_CONTROL =
		1 << 3, /* the vnet's MH guest comes or goes, or its daemons begin anew */
};

/* A value that changes, by its key in the node file. */
struct pdp_value_change {
	const char *key; /* static */
	char *from, *to; /* as the node file has them; "" = not given */
};

/* An FE guest that comes (from 0), goes (to 0) or changes. A guest that moves goes and comes. */
struct pdp_guest_change {
	uint16_t id, number;
	const char *fe; /* in the placements, and so is why */
	const char *why; /* it comes or takes over what another had; "" = nothing to be said */
	uint32_t from, to; /* millicores */
};

/*
 * One thing that changes. The pointers lead into the two models: before is NULL for an add, after for
 * a remove; which member is meant is told by thing (a vnet's by .vnet and so on). For parts of a vnet,
 * vnet_before and vnet_after are the vnet.
 */
struct pdp_change {
	enum pdp_change_kind kind;
	enum pdp_thing thing;
	unsigned int effects; /* enum pdp_effect */
	union pdp_thing_conf {
		const void *any;
		const struct pdp_port_conf *port;
		const struct pdp_fe_conf *fe;
		const struct pdp_vnet_conf *vnet;
		const struct pdp_vif_conf *vif;
		const struct pdp_route_conf *route;
		const struct pdp_neighbour_conf *neighbour;
	} before, after;
	const struct pdp_vnet_conf *vnet_before, *vnet_after;
	char label[128]; /* "red", "red/v0", "red 10.0.0.0/8", "red 10.0.1.2 on v1" */
	struct pdp_value_change *values; /* of a change */
	size_t n_values;
	struct pdp_guest_change *guests; /* of a vnet */
	size_t n_guests;
};

/* One side. Any member may be NULL: nothing there, not decided, not known. */
struct pdp_plan_side {
	const struct pdp_model *model;
	const struct pdp_placement *placement;
	const uint32_t *port_mtu; /* as model->ports, 0 = not known; tells the MTU of vifs */
};

struct pdp_plan {
	struct pdp_change *changes;
	size_t n;
	size_t n_add, n_change, n_remove;
	struct pdp_plan_side from, to;
};

/*
 * pdp_plan_make() - the changes that lead from one side to the other.
 *
 * A vnet whose model is the same and whose placement is not (a drain, a defragmentation) is a change
 * too. Both sides must outlive the plan. 0 or -ENOMEM; *out is the caller's to free.
 */
int pdp_plan_make(struct pdp_plan *out, const struct pdp_plan_side *from,
		  const struct pdp_plan_side *to);

/* A zeroed one or NULL is fine. */
void pdp_plan_free(struct pdp_plan *plan);

/*
 * For people: "+ vnet red  1500m flow-hash -> fe1 1000m, fe2 500m", a line for each change and one for
 * many routes, then "3 to add, 0 to change, 0 to remove".
 */
void pdp_plan_print(const struct pdp_plan *plan, FILE *file);

/* {"changes": [...], "add": 3, "change": 0, "remove": 0}; docs/state.md. The caller's; NULL without memory. */
json_t *pdp_plan_json(const struct pdp_plan *plan);

/* "vnet", "vif", ... */
const char *pdp_thing_name(enum pdp_thing thing);

#endif
