/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * place_fes.c - which FEs the guests of a model are on, as close as can be to where they are.
 *
 * What shrinks gives room first, then FEs are emptied, then comes what grows and what is new, in the order
 * of the model.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/place_seats.h"

static uint32_t power_of(const struct pdp_seating *v)
{
	uint32_t power = 0;
	size_t i;

	for (i = 0; i < v->n_seats; i++)
		power += v->seats[i].power;
	return power;
}

static size_t slices_of(const struct pdp_seating *v, struct pdp_slice *slices)
{
	size_t i;

	for (i = 0; i < v->n_seats; i++)
		slices[i] = (struct pdp_slice){v->seats[i].fe, v->seats[i].power};
	return v->n_seats;
}

/* The seat on an FE, made if need be; NULL: it is gone, for it has no power. */
static struct pdp_seat *set_power(struct pdp_seating *v, size_t fe, uint32_t power)
{
	size_t i;

	for (i = 0; i < v->n_seats && v->seats[i].fe != fe; i++)
		;
	if (i == v->n_seats)
		v->seats[v->n_seats++] = (struct pdp_seat){.fe = fe, .power = power};
	else
		v->seats[i].power = power;
	if (power)
		return &v->seats[i];
	free(v->seats[i].why);
	memmove(&v->seats[i], &v->seats[i + 1], (--v->n_seats - i) * sizeof(v->seats[0]));
	return NULL;
}

/* Of a seat whose power has just been taken. */
static void note_why(const struct pdp_place *p, struct pdp_seat *seat, const char *before)
{
	const struct pdp_slice slice = {seat->fe, seat->power};
	char why[PDP_WHY_MAX];

	pdp_alloc_why(p->alloc, &slice, why, sizeof(why));
	free(seat->why);
	if (asprintf(&seat->why, "%s%s", before, why) < 0)
		seat->why = NULL;
}

/* Taken one by one, so that each is held against what was free before those after it. */
static void seat_new(struct pdp_place *p, struct pdp_seating *v, const struct pdp_slice *slice)
{
	pdp_alloc_take(p->alloc, slice, 1, NULL);
	note_why(p, set_power(v, slice->fe, slice->power), "");
}

static int resize(struct pdp_place *p, struct pdp_seating *v, struct pdp_error *err)
{
	struct pdp_alloc_change changes[PDP_ALLOC_CHANGES_MAX];
	struct pdp_slice slices[PDP_ALLOC_CHANGES_MAX];
	size_t i, n = slices_of(v, slices), n_changes;
	struct pdp_error why;
	int code = pdp_alloc_resize(p->alloc, slices, n, v->conf->power, changes, &n_changes, &why);

	if (code)
		return pdp_fail(err, code, "vnet %s: %s", v->conf->name, why.text);
	/* What is new comes behind what there is. */
	pdp_alloc_apply(p->alloc, changes, n);
	for (i = 0; i < n_changes; i++) {
		const struct pdp_slice slice = {changes[i].fe, changes[i].after};

		if (changes[i].before)
			set_power(v, changes[i].fe, changes[i].after);
		else
			seat_new(p, v, &slice);
	}
	return 0;
}

static int place_new(struct pdp_place *p, struct pdp_seating *v, struct pdp_error *err)
{
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct pdp_error why;
	size_t i, n;
	int code = pdp_alloc_place(p->alloc, v->conf->power, slices, &n, &why);

	if (code)
		return pdp_fail(err, code, "vnet %s: %s", v->conf->name, why.text);
	pdp_alloc_release(p->alloc, slices, n);
	for (i = 0; i < n; i++)
		seat_new(p, v, &slices[i]);
	return 0;
}

/* A move that is in the books already; because: "which is drained". */
static void move(const struct pdp_place *p, struct pdp_seating *v, const struct pdp_alloc_move *m,
		 const char *because)
{
	const char *from = p->fes[m->from].name;
	uint32_t there = 0;
	struct pdp_seat *seat;
	char before[96];
	size_t i;

	for (i = 0; i < v->n_seats; i++)
		if (v->seats[i].fe == m->to)
			there = v->seats[i].power;
	set_power(v, m->from, 0);
	seat = set_power(v, m->to, there + m->power);
	snprintf(before, sizeof(before), "from %s, %s: ", from, because);
	if (!there)
		note_why(p, seat, before);
	else if (!seat->why && asprintf(&seat->why, "%sjoins the guest there", before) < 0)
		seat->why = NULL;
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

static int see_vnets(const struct pdp_place *p, struct vnets_seen *seen)
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

static int empty_fe(struct pdp_place *p, size_t fe, struct pdp_error *err)
{
	const char *because = fe < p->model->n_fes ? "which is drained" : "which goes";
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
		move(p, &p->vnets[seen.moves[i].vnet], &seen.moves[i], because);
	forget_vnets(&seen);
	return code;
}

static int empty_fes(struct pdp_place *p, struct pdp_error *err)
{
	size_t i, n;
	const struct pdp_alloc_fe *fes = pdp_alloc_fes(p->alloc, &n);
	int code = 0;

	for (i = 0; !code && i < n; i++)
		if (fes[i].closed && fes[i].used)
			code = empty_fe(p, i, err);
	return code;
}

static int check_fes(const struct pdp_place *p, struct pdp_error *err)
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

int pdp_place_choose_fes(struct pdp_place *p, struct pdp_error *err)
{
	size_t i, n = p->model->n_vnets;
	int code = 0;

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

/* The move in the allocator's terms. */
static int find_move(const struct pdp_place *p, const struct pdp_place_move *what,
		     struct pdp_alloc_move *out, struct pdp_error *err)
{
	struct pdp_seating *v;
	size_t i;

	*out = (struct pdp_alloc_move){.from = pdp_place_find_fe(p, what->from),
				       .to = pdp_place_find_fe(p, what->to),
				       .power = what->power};
	while (out->vnet < p->model->n_vnets &&
	       strcmp(p->model->vnets[out->vnet].name, what->vnet) != 0)
		out->vnet++;
	v = &p->vnets[out->vnet];
	for (i = 0; out->vnet < p->model->n_vnets && i < v->n_seats; i++)
		if (v->seats[i].fe == out->from && v->seats[i].power == what->power)
			break;
	if (out->vnet < p->model->n_vnets && i < v->n_seats && out->to < p->model->n_fes &&
	    !p->fes[out->to].closed &&
	    p->fes[out->to].used + (uint64_t)what->power <= p->fes[out->to].capacity)
		return 0;
	return pdp_fail(err, -ESTALE, "vnet %s: %um cannot move from %s to %s by now", what->vnet,
			what->power, what->from, what->to);
}

int pdp_place_move_seat(struct pdp_place *p, const struct pdp_place_move *what,
			struct pdp_error *err)
{
	struct pdp_alloc_move m;
	int code = find_move(p, what, &m, err);

	if (code)
		return code;
	pdp_alloc_move(p->alloc, &m, 1);
	move(p, &p->vnets[m.vnet], &m, what->because);
	return 0;
}
