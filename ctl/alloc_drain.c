/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_drain.c - guests that leave an FE, and where they go.
 *
 * Off the packet's path. To put several guests into several rooms is bin packing: the first attempt is
 * the fit, largest guest first; then its choices are taken back, last first, and others tried.
 */
#include <errno.h>
#include <stdlib.h>

#include "ctl/alloc_books.h"
#include "ctl/alloc_change.h"

/* Targets tried before it is given up. */
#define MAX_STEPS 10000

struct drain {
	struct pdp_alloc *alloc;
	const struct pdp_alloc_vnet *vnets;
	struct pdp_alloc_move *moves;
	size_t n;
	size_t deepest; /* the first guest that no attempt found room for */
	unsigned int steps;
};

static bool place_from(struct drain *d, size_t i);

/* The guest goes there; and do the ones after it find a place? If not it comes back. */
static bool works(struct drain *d, size_t i, size_t fe)
{
	struct pdp_alloc_move *move = &d->moves[i];
	uint32_t used = d->alloc->fes[fe].used;

	d->steps++;
	pdp_alloc_set_used(d->alloc, fe, used + move->power);
	move->to = fe;
	if (place_from(d, i + 1))
		return true;
	pdp_alloc_set_used(d->alloc, fe, used);
	return false;
}

/* To where the vnet has a guest. */
static bool join_sibling(struct drain *d, size_t i)
{
	const struct pdp_alloc_vnet *vnet = &d->vnets[d->moves[i].vnet];

	for (size_t s = 0; s < vnet->n_slices && d->steps < MAX_STEPS; s++) {
		const struct pdp_alloc_fe *fe = &d->alloc->fes[vnet->slices[s].fe];

		if (!fe->closed && pdp_fe_room(fe) >= d->moves[i].power &&
		    works(d, i, vnet->slices[s].fe))
			return true;
	}
	return false;
}

/* Where it leaves least first. FEs of one room are alike: one of them is tried. */
static bool join_others(struct drain *d, size_t i)
{
	uint64_t room = d->moves[i].power;

	while (room <= UINT32_MAX && d->steps < MAX_STEPS) {
		size_t fe = pdp_alloc_tightest(d->alloc, (uint32_t)room);

		if (fe == PDP_NO_FE)
			return false;
		room = (uint64_t)pdp_fe_room(&d->alloc->fes[fe]) + 1;
		if (works(d, i, fe))
			return true;
	}
	return false;
}

/* Find a place for guest i and all after it. */
static bool place_from(struct drain *d, size_t i)
{
	if (i == d->n)
		return true;
	if (i > d->deepest)
		d->deepest = i;
	return join_sibling(d, i) || join_others(d, i);
}

static int compare_moves(const void *a, const void *b)
{
	const struct pdp_alloc_move *left = a, *right = b;

	if (left->power != right->power)
		return left->power < right->power ? 1 : -1;
	return (left->vnet > right->vnet) - (left->vnet < right->vnet);
}

/* The guests on an FE, largest first. */
static size_t guests_on(const struct pdp_alloc_vnet *vnets, size_t n_vnets, size_t fe,
			struct pdp_alloc_move *moves)
{
	size_t n = 0;

	for (size_t v = 0; v < n_vnets; v++)
		for (size_t s = 0; s < vnets[v].n_slices; s++)
			if (vnets[v].slices[s].fe == fe)
				moves[n++] = (struct pdp_alloc_move){v, fe, fe,
								     vnets[v].slices[s].power};
	qsort(moves, n, sizeof(*moves), compare_moves);
	return n;
}

static int refuse(const struct drain *d, const char *fe, struct pdp_error *err)
{
	const struct pdp_alloc_move *stuck = &d->moves[d->deepest];
	const char *vnet = d->vnets[stuck->vnet].name;

	if (d->deepest == 0)
		return pdp_fail(err, -ENOSPC,
				"%s holds %um of %s and no other FE has %um free; add an FE or "
				"lower %s's power",
				fe, stuck->power, vnet, stuck->power, vnet);
	return pdp_fail(
		err, -ENOSPC,
		"%s holds %um of %s and no other FE has %um free once %s's %um%s moved; add "
		"an FE or lower %s's power",
		fe, stuck->power, vnet, stuck->power, d->vnets[d->moves[0].vnet].name,
		d->moves[0].power, d->deepest > 1 ? " and others have" : " has", vnet);
}

int pdp_alloc_drain(struct pdp_alloc *alloc, const struct pdp_alloc_vnet *vnets, size_t n_vnets,
		    size_t fe, struct pdp_alloc_move *moves, size_t *n_moves, struct pdp_error *err)
{
	struct drain d = {.alloc = alloc, .vnets = vnets, .moves = moves};
	bool was_closed = alloc->fes[fe].closed, done;

	*n_moves = 0;
	d.n = guests_on(vnets, n_vnets, fe, moves);
	pdp_alloc_set_closed(alloc, fe, true);
	done = place_from(&d, 0);
	for (size_t i = 0; done && i < d.n; i++)
		pdp_alloc_set_used(alloc, moves[i].to,
				   alloc->fes[moves[i].to].used - moves[i].power);
	pdp_alloc_set_closed(alloc, fe, was_closed);
	alloc->steps += d.steps;
	if (!done)
		return refuse(&d, alloc->fes[fe].name, err);
	*n_moves = d.n;
	return 0;
}

void pdp_alloc_move(struct pdp_alloc *alloc, const struct pdp_alloc_move *moves, size_t n_moves)
{
	for (size_t i = 0; i < n_moves; i++) {
		pdp_alloc_set_used(alloc, moves[i].to,
				   alloc->fes[moves[i].to].used + moves[i].power);
		pdp_alloc_set_used(alloc, moves[i].from,
				   alloc->fes[moves[i].from].used - moves[i].power);
	}
}
