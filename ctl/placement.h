/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * placement.h - what a node has decided about its model: the numbers that its things bear in maps and
 * packets, and the FEs that carry its guests.
 *
 * Nobody wrote these down, so they must be kept (store.h): a node that decided again after a restart
 * would move what already forwards. Labels join a placement with its model. Pure.
 */
#ifndef PDP_PLACEMENT_H
#define PDP_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/model.h"

struct pdp_placed_port {
	char name[PDP_LABEL_MAX];
	uint16_t id;
};

struct pdp_placed_vif {
	char name[PDP_LABEL_MAX];
	uint16_t id;
};

#define PDP_PLACED_WHY_MAX 256

struct pdp_placed_guest {
	uint16_t id; /* unique on the node */
	uint16_t number; /* unique within the vnet: guest red-2 has 2 */
	char fe[PDP_LABEL_MAX];
	uint32_t power; /* millicores */
	char why[PDP_PLACED_WHY_MAX]; /* it is new here, for plans; "" = it was here. Not stored */
	bool outdated; /* cannot go on as it is, and is made anew; for pdp_place(), not stored */
};

struct pdp_placed_vnet {
	char name[PDP_LABEL_MAX];
	uint16_t id;
	uint32_t table_generation; /* of the slot table, struct pdp_table */
	struct pdp_placed_vif *vifs;
	size_t n_vifs;
	struct pdp_placed_guest *guests;
	size_t n_guests;
};

/* Everything is owned by the struct it hangs on. Ids are 1 .. limit - 1 of bpf/maps.h, 0 is none. */
struct pdp_placement {
	struct pdp_placed_port *ports;
	size_t n_ports;
	struct pdp_placed_vnet *vnets;
	size_t n_vnets;
};

/* Free what hangs on it and zero it; a zeroed one or NULL is fine. */
void pdp_placement_free(struct pdp_placement *placement);

/* One of its own with the same contents; *out is zeroed on failure. 0 or -ENOMEM. */
int pdp_placement_copy(struct pdp_placement *out, const struct pdp_placement *placement);

/* Lists in the order of their labels (strverscmp), guests in that of their numbers. */
void pdp_placement_sort(struct pdp_placement *placement);

/* By label, or NULL. */
struct pdp_placed_port *pdp_placed_port(const struct pdp_placement *placement, const char *name);
struct pdp_placed_vnet *pdp_placed_vnet(const struct pdp_placement *placement, const char *name);
struct pdp_placed_vif *pdp_placed_vif(const struct pdp_placed_vnet *vnet, const char *name);

#endif
