/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * place_seats.h - a placement while it is made; for place.c and place_fes.c alone.
 */
#ifndef PDP_PLACE_SEATS_H
#define PDP_PLACE_SEATS_H

#include <stdbool.h>

#include "ctl/alloc_change.h"
#include "ctl/ids.h"
#include "ctl/place.h"

/* A guest that stays or comes. */
struct pdp_seat {
	size_t fe;
	uint32_t power;
	uint16_t id, number; /* 0 = new */
	bool outdated;
	char *why; /* it has this place, or more power in it; NULL = it has had them */
};

/* A vnet while it is placed. */
struct pdp_seating {
	const struct pdp_vnet_conf *conf;
	const struct pdp_placed_vnet *had; /* NULL = new */
	const struct pdp_vnet_conf *was; /* in the model of before; NULL = it was not */
	struct pdp_seat seats[PDP_ALLOC_CHANGES_MAX];
	size_t n_seats;
};

struct pdp_place {
	const struct pdp_model *model;
	const struct pdp_placement *had;
	struct pdp_alloc_fe *fes; /* those of the model, then FEs that are gone but hold guests */
	size_t n_fes;
	struct pdp_alloc *alloc;
	struct pdp_seating *vnets; /* as model->vnets */
	struct pdp_ids port_ids, vnet_ids, vif_ids, guest_ids;
	struct pdp_placement *out;
};

/* The index of an FE; n_fes = none. */
size_t pdp_place_find_fe(const struct pdp_place *p, const char *name);

/* FEs for all vnets, as close as can be to what is. As pdp_place(). */
int pdp_place_choose_fes(struct pdp_place *p, struct pdp_error *err);

/* As pdp_place_move(), of the seats. */
int pdp_place_move_seat(struct pdp_place *p, const struct pdp_place_move *what,
			struct pdp_error *err);

#endif
