/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * place.c - numbers and FEs for a model, as close as can be to what is. Makes nothing.
 *
 * Between the model and the layout (layout.c). What shrinks gives room first, then FEs are emptied, then
 * comes what grows and what is new, in the order of the model.
 */
#include "ctl/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/alloc_change.h"
#include "ctl/ids.h"

/* A guest that stays or comes. */
struct seat {
	size_t fe;
	uint32_t power;
	uint16_t id, number; /* 0 = new */
};

/* A vnet while it is placed. */
struct seating {
	const struct pdp_vnet_conf *conf;
	const struct pdp_placed_vnet *had; /* NULL = new */
	struct seat seats[PDP_ALLOC_CHANGES_MAX];
	size_t n_seats;
};

struct place {
	const struct pdp_model *model;
	const struct pdp_placement *had;
	struct pdp_alloc_fe *fes; /* those of the model, then FEs that are gone but hold guests */
	size_t n_fes;
	struct pdp_alloc *alloc;
	struct seating *vnets; /* as model->vnets */
	struct pdp_ids port_ids, vnet_ids, vif_ids, guest_ids;
	struct pdp_placement *out;
};

/* --- what is -------------------------------------------------------------------------------------- */

static size_t find_fe(const struct place *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_fes && strcmp(p->fes[i].name, name) != 0; i++)
		;
	return i;
}

/* An FE that is not in the model any more takes nothing new and gives all away. */
static int add_gone_fe(struct place *p, const char *name)
{
	struct pdp_alloc_fe *grown = realloc(p->fes, (p->n_fes + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	p->fes = grown;
	p->fes[p->n_fes++] = (struct pdp_alloc_fe){.name = name, .closed = true};
	return 0;
}

static int seat_guest(struct place *p, struct seating *v, const struct pdp_placed_guest *guest)
{
	size_t fe = find_fe(p, guest->fe);

	if (fe == p->n_fes && add_gone_fe(p, guest->fe))
		return -ENOMEM;
	p->fes[fe].used += guest->power;
	v->seats[v->n_seats++] = (struct seat){fe, guest->power, guest->id, guest->number};
	return 0;
}

static int take_fes(struct place *p)
{
	size_t i;

	p->n_fes = p->model->n_fes;
	p->fes = calloc(p->n_fes + 1, sizeof(*p->fes));
	if (!p->fes)
		return -ENOMEM;
	for (i = 0; i < p->n_fes; i++)
		p->fes[i] = (struct pdp_alloc_fe){.name = p->model->fes[i].name,
						  .capacity = p->model->fes[i].capacity,
						  .closed = p->model->fes[i].drain};
	return 0;
}

static int take_vnets(struct place *p)
{
	size_t i, j;
	int code = 0;

	p->vnets = calloc(p->model->n_vnets + 1, sizeof(*p->vnets));
	if (!p->vnets)
		return -ENOMEM;
	for (i = 0; i < p->model->n_vnets; i++) {
		struct seating *v = &p->vnets[i];

		v->conf = &p->model->vnets[i];
		v->had = pdp_placed_vnet(p->had, v->conf->name);
		for (j = 0; !code && v->had && j < v->had->n_guests; j++)
			code = seat_guest(p, v, &v->had->guests[j]);
	}
	return code;
}

/* Also of what goes now: it bears its number until it has gone. */
static int claim_ids(struct place *p)
{
	const struct pdp_placement *had = p->had;
	size_t i, j;

	if (pdp_ids_init(&p->port_ids, PDP_MAX_PORTS) ||
	    pdp_ids_init(&p->vnet_ids, PDP_MAX_VNETS) || pdp_ids_init(&p->vif_ids, PDP_MAX_VIFS) ||
	    pdp_ids_init(&p->guest_ids, PDP_MAX_GUESTS))
		return -ENOMEM;
	for (i = 0; i < had->n_ports; i++)
		pdp_ids_claim(&p->port_ids, had->ports[i].id);
	for (i = 0; i < had->n_vnets; i++) {
		pdp_ids_claim(&p->vnet_ids, had->vnets[i].id);
		for (j = 0; j < had->vnets[i].n_vifs; j++)
			pdp_ids_claim(&p->vif_ids, had->vnets[i].vifs[j].id);
		for (j = 0; j < had->vnets[i].n_guests; j++)
			pdp_ids_claim(&p->guest_ids, had->vnets[i].guests[j].id);
	}
	return 0;
}

/* --- FEs ------------------------------------------------------------------------------------------ */

static uint32_t power_of(const struct seating *v)
{
	uint32_t power = 0;
	size_t i;

	for (i = 0; i < v->n_seats; i++)
		power += v->seats[i].power;
	return power;
}

static size_t slices_of(const struct seating *v, struct pdp_slice *slices)
{
	size_t i;

	for (i = 0; i < v->n_seats; i++)
		slices[i] = (struct pdp_slice){v->seats[i].fe, v->seats[i].power};
	return v->n_seats;
}

static void set_power(struct seating *v, size_t fe, uint32_t power)
{
	size_t i;

	for (i = 0; i < v->n_seats && v->seats[i].fe != fe; i++)
		;
	if (i == v->n_seats)
		v->seats[v->n_seats++] = (struct seat){.fe = fe, .power = power};
	else
		v->seats[i].power = power;
	if (!power)
		memmove(&v->seats[i], &v->seats[i + 1], (--v->n_seats - i) * sizeof(v->seats[0]));
}

static int resize(struct place *p, struct seating *v, struct pdp_error *err)
{
	struct pdp_alloc_change changes[PDP_ALLOC_CHANGES_MAX];
	struct pdp_slice slices[PDP_ALLOC_CHANGES_MAX];
	size_t i, n = slices_of(v, slices), n_changes;
	struct pdp_error why;
	int code = pdp_alloc_resize(p->alloc, slices, n, v->conf->power, changes, &n_changes, &why);

	if (code)
		return pdp_fail(err, code, "vnet %s: %s", v->conf->name, why.text);
	pdp_alloc_apply(p->alloc, changes, n_changes);
	for (i = 0; i < n_changes; i++)
		set_power(v, changes[i].fe, changes[i].after);
	return 0;
}

static int place_new(struct place *p, struct seating *v, struct pdp_error *err)
{
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct pdp_error why;
	size_t i, n;
	int code = pdp_alloc_place(p->alloc, v->conf->power, slices, &n, &why);

	if (code)
		return pdp_fail(err, code, "vnet %s: %s", v->conf->name, why.text);
	for (i = 0; i < n; i++)
		v->seats[v->n_seats++] =
			(struct seat){.fe = slices[i].fe, .power = slices[i].power};
	return 0;
}

static void move(struct seating *v, const struct pdp_alloc_move *m)
{
	uint32_t there = 0;
	size_t i;

	for (i = 0; i < v->n_seats; i++)
		if (v->seats[i].fe == m->to)
			there = v->seats[i].power;
	set_power(v, m->from, 0);
	set_power(v, m->to, there + m->power);
}

/* What the allocator has to know of each vnet, in one piece of memory. */
struct vnets_seen {
	struct pdp_alloc_vnet *vnets;
	struct pdp_slice *slices;
	struct pdp_alloc_move *moves;
};

static void forget_vnets(struct vnets_seen *seen)
{
	free(seen->vnets);
	free(seen->slices);
	free(seen->moves);
}

static int see_vnets(const struct place *p, struct vnets_seen *seen)
{
	size_t i, n = p->model->n_vnets;

	seen->vnets = calloc(n + 1, sizeof(*seen->vnets));
	seen->slices = calloc(n + 1, PDP_ALLOC_CHANGES_MAX * sizeof(*seen->slices));
	seen->moves = calloc(n + 1, sizeof(*seen->moves));
	if (!seen->vnets || !seen->slices || !seen->moves) {
		forget_vnets(seen);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		struct pdp_slice *at = &seen->slices[i * PDP_ALLOC_CHANGES_MAX];

		seen->vnets[i] = (struct pdp_alloc_vnet){p->vnets[i].conf->name, at,
							 slices_of(&p->vnets[i], at)};
	}
	return 0;
}

static int empty_fe(struct place *p, size_t fe, struct pdp_error *err)
{
	struct vnets_seen seen;
	size_t i, n_moves = 0;
	int code;

	if (see_vnets(p, &seen))
		return pdp_fail(err, -ENOMEM, "no memory to empty an FE");
	code = pdp_alloc_drain(p->alloc, seen.vnets, p->model->n_vnets, fe, seen.moves, &n_moves,
			       err);
	if (!code)
		pdp_alloc_move(p->alloc, seen.moves, n_moves);
	for (i = 0; !code && i < n_moves; i++)
		move(&p->vnets[seen.moves[i].vnet], &seen.moves[i]);
	forget_vnets(&seen);
	return code;
}

static int empty_fes(struct place *p, struct pdp_error *err)
{
	size_t i, n;
	const struct pdp_alloc_fe *fes = pdp_alloc_fes(p->alloc, &n);
	int code = 0;

	for (i = 0; !code && i < n; i++)
		if (fes[i].closed && fes[i].used)
			code = empty_fe(p, i, err);
	return code;
}

static int check_fes(const struct place *p, struct pdp_error *err)
{
	size_t i, n;
	const struct pdp_alloc_fe *fes = pdp_alloc_fes(p->alloc, &n);

	for (i = 0; i < n; i++)
		if (fes[i].used > fes[i].capacity)
			return pdp_fail(
				err, -ENOSPC,
				"FE %s: %um of it are used, which is more than a capacity of "
				"%um; drain it first",
				fes[i].name, fes[i].used, fes[i].capacity);
	return 0;
}

static int choose_fes(struct place *p, struct pdp_error *err)
{
	size_t i, n = p->model->n_vnets;
	int code = pdp_alloc_open(&p->alloc, p->fes, p->n_fes, PDP_FIT_BEST, err);

	for (i = 0; !code && i < p->n_fes; i++)
		pdp_alloc_set_closed(p->alloc, i, p->fes[i].closed);
	for (i = 0; !code && i < n; i++)
		if (p->vnets[i].had && p->vnets[i].conf->power < power_of(&p->vnets[i]))
			code = resize(p, &p->vnets[i], err);
	if (!code)
		code = empty_fes(p, err);
	for (i = 0; !code && i < n; i++)
		if (p->vnets[i].n_seats && p->vnets[i].conf->power > power_of(&p->vnets[i]))
			code = resize(p, &p->vnets[i], err);
	for (i = 0; !code && i < n; i++)
		if (!p->vnets[i].n_seats)
			code = place_new(p, &p->vnets[i], err);
	return code ? code : check_fes(p, err);
}

/* --- numbers -------------------------------------------------------------------------------------- */

/* A guest's memory, data plane and CPUs are given to it at birth. */
static bool is_born_so(const struct place *p, const struct pdp_model *was, const struct seating *v,
		       const struct seat *seat)
{
	const struct pdp_vnet_conf *old = pdp_model_vnet(was, v->conf->name);
	const struct pdp_fe_conf *fe = &p->model->fes[seat->fe];
	const struct pdp_fe_conf *old_fe = pdp_model_fe(was, fe->name);

	return (!old || (old->memory_mib == v->conf->memory_mib &&
			 !strcmp(old->data_plane, v->conf->data_plane))) &&
	       (!old_fe || !strcmp(old_fe->cpus, fe->cpus));
}

static void renew(struct place *p, const struct pdp_model *was)
{
	size_t i, j;

	for (i = 0; i < p->model->n_vnets; i++) {
		struct seating *v = &p->vnets[i];

		for (j = 0; j < v->n_seats; j++)
			if (!is_born_so(p, was, v, &v->seats[j]))
				v->seats[j].id = v->seats[j].number = 0;
	}
}

static bool number_used(const struct seating *v, uint16_t number)
{
	size_t i;

	for (i = 0; i < v->n_seats; i++)
		if (v->seats[i].number == number)
			return true;
	for (i = 0; v->had && i < v->had->n_guests; i++)
		if (v->had->guests[i].number == number)
			return true;
	return false;
}

static uint16_t free_number(const struct seating *v)
{
	uint16_t number = 1;

	while (number_used(v, number))
		number++;
	return number;
}

static int number_guests(struct place *p, struct seating *v, struct pdp_placed_vnet *out,
			 struct pdp_error *err)
{
	size_t i;

	out->guests = calloc(v->n_seats + 1, sizeof(*out->guests));
	if (!out->guests)
		return pdp_fail(err, -ENOMEM, "vnet %s: no memory", v->conf->name);
	out->n_guests = v->n_seats;
	for (i = 0; i < v->n_seats; i++) {
		struct seat *seat = &v->seats[i];

		if (!seat->id) {
			seat->id = pdp_ids_take(&p->guest_ids);
			seat->number = free_number(v);
		}
		if (!seat->id)
			return pdp_fail(err, -ENOSPC, "vnet %s: a node has at most %d guests",
					v->conf->name, PDP_MAX_GUESTS - 1);
		out->guests[i] = (struct pdp_placed_guest){
			.id = seat->id, .number = seat->number, .power = seat->power};
		memcpy(out->guests[i].fe, p->model->fes[seat->fe].name, PDP_LABEL_MAX);
	}
	return 0;
}

static int number_vifs(struct place *p, const struct seating *v, struct pdp_placed_vnet *out,
		       struct pdp_error *err)
{
	size_t i;

	out->vifs = calloc(v->conf->n_vifs + 1, sizeof(*out->vifs));
	if (!out->vifs)
		return pdp_fail(err, -ENOMEM, "vnet %s: no memory", v->conf->name);
	out->n_vifs = v->conf->n_vifs;
	for (i = 0; i < out->n_vifs; i++) {
		const char *name = v->conf->vifs[i].name;
		const struct pdp_placed_vif *had = v->had ? pdp_placed_vif(v->had, name) : NULL;

		memcpy(out->vifs[i].name, name, PDP_LABEL_MAX);
		out->vifs[i].id = had ? had->id : pdp_ids_take(&p->vif_ids);
		if (!out->vifs[i].id)
			return pdp_fail(err, -ENOSPC, "vif %s/%s: a node has at most %d vifs",
					v->conf->name, name, PDP_MAX_VIFS - 1);
	}
	return 0;
}

static int number_vnets(struct place *p, struct pdp_error *err)
{
	size_t i;
	int code = 0;

	p->out->vnets = calloc(p->model->n_vnets + 1, sizeof(*p->out->vnets));
	if (!p->out->vnets)
		return pdp_fail(err, -ENOMEM, "no memory for vnets");
	p->out->n_vnets = p->model->n_vnets;
	for (i = 0; !code && i < p->model->n_vnets; i++) {
		struct pdp_placed_vnet *out = &p->out->vnets[i];
		struct seating *v = &p->vnets[i];

		memcpy(out->name, v->conf->name, PDP_LABEL_MAX);
		out->id = v->had ? v->had->id : pdp_ids_take(&p->vnet_ids);
		out->table_generation = v->had ? v->had->table_generation : 0;
		if (!out->id)
			return pdp_fail(err, -ENOSPC, "vnet %s: a node has at most %d vnets",
					v->conf->name, PDP_MAX_VNETS - 1);
		code = number_vifs(p, v, out, err);
		if (!code)
			code = number_guests(p, v, out, err);
	}
	return code;
}

static int number_ports(struct place *p, struct pdp_error *err)
{
	size_t i;

	p->out->ports = calloc(p->model->n_ports + 1, sizeof(*p->out->ports));
	if (!p->out->ports)
		return pdp_fail(err, -ENOMEM, "no memory for ports");
	p->out->n_ports = p->model->n_ports;
	for (i = 0; i < p->model->n_ports; i++) {
		const char *name = p->model->ports[i].name;
		const struct pdp_placed_port *had = pdp_placed_port(p->had, name);

		memcpy(p->out->ports[i].name, name, PDP_LABEL_MAX);
		p->out->ports[i].id = had ? had->id : pdp_ids_take(&p->port_ids);
		if (!p->out->ports[i].id)
			return pdp_fail(err, -ENOSPC, "port %s: a node has at most %d ports", name,
					PDP_MAX_PORTS - 1);
	}
	return 0;
}

int pdp_place(struct pdp_placement *out, const struct pdp_model *model, const struct pdp_model *was,
	      const struct pdp_placement *had, struct pdp_error *err)
{
	struct place p = {.model = model, .had = had, .out = out};
	int code = 0;

	*out = (struct pdp_placement){0};
	if (take_fes(&p) || take_vnets(&p) || claim_ids(&p))
		code = pdp_fail(err, -ENOMEM, "no memory for a placement");
	if (!code)
		code = choose_fes(&p, err);
	if (!code) {
		renew(&p, was);
		code = number_ports(&p, err);
	}
	if (!code)
		code = number_vnets(&p, err);
	if (code)
		pdp_placement_free(out);
	pdp_alloc_free(p.alloc);
	pdp_ids_fini(&p.port_ids);
	pdp_ids_fini(&p.vnet_ids);
	pdp_ids_fini(&p.vif_ids);
	pdp_ids_fini(&p.guest_ids);
	free(p.vnets);
	free(p.fes);
	return code;
}
