/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_change.c - another power for a vnet that is placed: with as little change as can be.
 *
 * Off the packet's path. What a change costs decides the order of preference: a new guest is a container
 * and a table to fill, a guest that goes must be drained, another power of a guest is one cgroup file.
 */
#include "ctl/alloc_change.h"

#include <errno.h>

#include "ctl/alloc_books.h"

#define NONE SIZE_MAX

struct plan {
	struct pdp_alloc *alloc;
	struct pdp_alloc_change *changes;
	size_t n; /* guests there are, then new ones */
	bool was_closed[PDP_VNET_GUESTS_MAX];
};

/* What a guest may grow by where it is. */
static uint32_t room_beside(const struct plan *p, size_t i)
{
	const struct pdp_alloc_change *change = &p->changes[i];
	const struct pdp_alloc_fe *fe = &p->alloc->fes[change->fe];

	return p->was_closed[i] ? 0 : pdp_fe_room(fe) - (change->after - change->before);
}

/* The FEs a vnet is on take no second guest of it. */
static void close_own(struct plan *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p->was_closed[i] = p->alloc->fes[p->changes[i].fe].closed;
		pdp_alloc_set_closed(p->alloc, p->changes[i].fe, true);
	}
}

static void reopen_own(struct plan *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pdp_alloc_set_closed(p->alloc, p->changes[i].fe, p->was_closed[i]);
}

/* The guest with the least room that is enough; without one, that with the most. */
static size_t grower(const struct plan *p, size_t n, uint64_t more)
{
	size_t tightest = NONE, widest = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t room = room_beside(p, i);

		if (room >= more && (tightest == NONE || room < room_beside(p, tightest)))
			tightest = i;
		if (room > room_beside(p, widest))
			widest = i;
	}
	return tightest == NONE ? widest : tightest;
}

/* Give the guests there are so much more, the fewest of them. There is the room. */
static void grow_in_place(struct plan *p, size_t n, uint64_t more)
{
	while (more) {
		size_t i = grower(p, n, more);
		uint32_t room = room_beside(p, i);

		room = room < more ? room : (uint32_t)more;
		p->changes[i].after += room;
		more -= room;
	}
}

/* The fewest new guests with which the vnet can have so much more; more than it may have: none. */
static size_t fewest_new(const struct plan *p, uint64_t in_place, uint64_t more)
{
	size_t n = 0;

	while (p->n + n <= PDP_VNET_GUESTS_MAX &&
	       in_place + (n ? pdp_alloc_most(p->alloc, n) : 0) < more)
		n++;
	return n;
}

/* Add what pdp_alloc_place() finds for so much, and take none of it. */
static void add_new(struct plan *p, uint32_t power)
{
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	size_t n;

	if (!power || pdp_alloc_place(p->alloc, power, slices, &n, NULL))
		return;
	pdp_alloc_release(p->alloc, slices, n);
	for (size_t i = 0; i < n; i++)
		p->changes[p->n++] = (struct pdp_alloc_change){slices[i].fe, 0, slices[i].power};
}

/* By so much, without taking anything away. False: it cannot be done so. */
static bool grow(struct plan *p, uint64_t more)
{
	size_t own = p->n, new;
	uint64_t in_place = 0, elsewhere;

	close_own(p, own);
	for (size_t i = 0; i < own; i++)
		in_place += room_beside(p, i);
	new = fewest_new(p, in_place, more);
	if (own + new <= PDP_VNET_GUESTS_MAX) {
		elsewhere = new ? pdp_alloc_most(p->alloc, new) : 0;
		elsewhere = elsewhere < more ? elsewhere : more;
		grow_in_place(p, own, more - elsewhere);
		add_new(p, (uint32_t)elsewhere);
	}
	reopen_own(p, own);
	return own + new <= PDP_VNET_GUESTS_MAX;
}

/* As if it had nothing; what happens to be the same is kept. */
static int place_anew(struct plan *p, const struct pdp_slice *slices, uint32_t power,
		      struct pdp_error *err)
{
	struct pdp_slice found[PDP_VNET_GUESTS_MAX];
	size_t own = p->n, n;
	int ret;

	pdp_alloc_release(p->alloc, slices, own);
	ret = pdp_alloc_place(p->alloc, power, found, &n, err);
	if (!ret)
		pdp_alloc_release(p->alloc, found, n);
	for (size_t i = 0; i < own; i++)
		pdp_alloc_set_used(p->alloc, slices[i].fe,
				   p->alloc->fes[slices[i].fe].used + slices[i].power);
	if (ret)
		return ret;
	for (size_t i = 0; i < own; i++)
		p->changes[i].after = 0;
	for (size_t i = 0; i < n; i++) {
		size_t same = 0;

		while (same < own && p->changes[same].fe != found[i].fe)
			same++;
		if (same == own)
			p->changes[p->n++] = (struct pdp_alloc_change){found[i].fe, 0, 0};
		p->changes[same < own ? same : p->n - 1].after = found[i].power;
	}
	return 0;
}

/*
 * The guest to take from: one that is exactly too much, else the smallest that keeps something, else
 * the largest. The last of equals, which came last.
 */
static size_t giver(const struct plan *p, uint64_t less)
{
	size_t exact = NONE, smallest = NONE, largest = 0;

	for (size_t i = 0; i < p->n; i++) {
		uint32_t power = p->changes[i].after;

		if (power == less)
			exact = i;
		if (power > less && (smallest == NONE || power <= p->changes[smallest].after))
			smallest = i;
		if (power >= p->changes[largest].after)
			largest = i;
	}
	if (exact != NONE)
		return exact;
	return smallest != NONE ? smallest : largest;
}

static void shrink(struct plan *p, uint64_t less)
{
	while (less) {
		struct pdp_alloc_change *change = &p->changes[giver(p, less)];
		uint32_t taken = change->after < less ? change->after : (uint32_t)less;

		change->after -= taken;
		less -= taken;
	}
}

int pdp_alloc_resize(struct pdp_alloc *alloc, const struct pdp_slice *slices, size_t n_slices,
		     uint32_t power, struct pdp_alloc_change *changes, size_t *n_changes,
		     struct pdp_error *err)
{
	struct plan p = {.alloc = alloc, .changes = changes, .n = n_slices};
	uint64_t before = 0;
	int ret = 0;

	*n_changes = 0;
	if (power == 0)
		return pdp_fail(err, -EINVAL, "power 0 makes no guest; give at least 1m");
	for (size_t i = 0; i < n_slices; i++) {
		changes[i] =
			(struct pdp_alloc_change){slices[i].fe, slices[i].power, slices[i].power};
		before += slices[i].power;
	}
	if (power < before)
		shrink(&p, before - power);
	else if (power > before && !grow(&p, power - before))
		ret = place_anew(&p, slices, power, err);
	if (!ret)
		*n_changes = p.n;
	return ret;
}

void pdp_alloc_apply(struct pdp_alloc *alloc, const struct pdp_alloc_change *changes,
		     size_t n_changes)
{
	for (size_t i = 0; i < n_changes; i++)
		pdp_alloc_set_used(alloc, changes[i].fe,
				   alloc->fes[changes[i].fe].used - changes[i].before +
					   changes[i].after);
}
