/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc.c - SliceAlloc: which FEs carry a vnet, and with how much power each.
 *
 * Off the packet's path: before a guest is made. docs/allocation.md says it in prose.
 *
 * A vnet takes some idle FEs whole and at most one slice of another. Idle FEs of one capacity are
 * alike, so the search runs over classes of capacity and not over FEs:
 *
 *   1. fewest guests: with m guests no more can be had than the m - 1 largest idle FEs and the largest
 *      room elsewhere; the smallest m for which that is enough is the answer.
 *   2. tightest fit: of all ways to choose m - 1 whole FEs, the one whose remainder leaves least behind
 *      where it is put. With FEs of one capacity there is one way, and this is Algorithm 1.
 *   3. lowest names, within a class and between equals.
 */
#include "ctl/alloc.h"

#include <errno.h>

#include "ctl/alloc_books.h"

/* Choices looked at before the best so far is taken; far more than FEs of a few sizes ever need. */
#define MAX_STEPS 10000

/* The state of one request for best fit. */
struct search {
	struct pdp_alloc *alloc;
	uint32_t largest_rest; /* most that is free on an FE that is not idle */
	uint32_t least_left; /* behind the remainder of the best choice so far */
	unsigned int steps;
};

/* Smallest number of guests that can have so much; more than the most of a vnet: none can. */
static uint32_t fewest_guests(struct pdp_alloc *alloc, uint32_t power)
{
	uint32_t low = 1, high = PDP_VNET_GUESTS_MAX + 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (pdp_alloc_most(alloc, middle) < power)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The least room in which the remainder fits, beside what the choice at hand takes; 0: nowhere. */
static uint32_t tightest_room(struct search *s, uint32_t rest)
{
	struct pdp_rooms *rooms = &s->alloc->rooms;
	size_t fe = pdp_rooms_tightest(rooms, PDP_ROOMS_SHARED, rest);
	uint32_t shared = fe == PDP_NO_FE ? 0 : pdp_rooms_room(rooms, fe);

	for (size_t c = s->alloc->n_classes; c-- > 0;) {
		const struct pdp_alloc_class *class = &s->alloc->classes[c];

		if (class->capacity >= rest && class->whole < class->idle)
			return shared && shared < class->capacity ? shared : class->capacity;
	}
	return shared;
}

/* The remainder of the choice at hand goes where it leaves least; keep the choice if it is the best. */
static void weigh(struct search *s, uint32_t rest)
{
	uint32_t tightest = tightest_room(s, rest);

	if (tightest < rest || tightest - rest >= s->least_left)
		return;
	s->least_left = tightest - rest;
	for (size_t c = 0; c < s->alloc->n_classes; c++)
		s->alloc->classes[c].best = s->alloc->classes[c].whole;
}

/* Could whole FEs from class c on and one remainder give so much? */
static bool is_enough(const struct search *s, size_t c, uint32_t whole, uint64_t power)
{
	uint32_t last = s->alloc->n_classes ? s->alloc->classes[0].capacity : 0;

	last = last > s->largest_rest ? last : s->largest_rest;
	if (whole == 0)
		return power <= last;
	return c < s->alloc->n_classes &&
	       (uint64_t)whole * s->alloc->classes[c].capacity + last >= power;
}

/*
 * Choose `whole` FEs from class c on, the largest first, so that something is left of the power for
 * the remainder; weigh every choice.
 */
static void choose(struct search *s, size_t c, uint32_t whole, uint64_t power)
{
	struct pdp_alloc_class *class = &s->alloc->classes[c];
	uint64_t n;

	if (s->least_left == 0 || s->steps >= MAX_STEPS || !is_enough(s, c, whole, power))
		return;
	s->steps++;
	if (whole == 0) {
		weigh(s, (uint32_t)power);
		return;
	}
	n = (power - 1) / class->capacity;
	n = n < whole ? n : whole;
	n = n < class->idle ? n : class->idle;
	do {
		class->whole = (uint32_t)n;
		choose(s, c + 1, whole - (uint32_t)n, power - n * class->capacity);
	} while (n--);
	class->whole = 0;
}

/* Best fit: the whole FEs that make the remainder leave least. */
static void choose_tightest(struct pdp_alloc *alloc, uint32_t whole, uint32_t power)
{
	struct search s = {.alloc = alloc, .least_left = UINT32_MAX};

	s.largest_rest = pdp_alloc_largest_rest(alloc);
	choose(&s, 0, whole, power);
	alloc->steps += s.steps;
}

/* The other fits: the largest whole FEs. So many always leave something for the remainder. */
static void choose_largest(struct pdp_alloc *alloc, uint32_t whole)
{
	for (size_t c = 0; c < alloc->n_classes; c++) {
		struct pdp_alloc_class *class = &alloc->classes[c];

		class->best = class->idle < whole ? class->idle : whole;
		whole -= class->best;
	}
}

/* Take what was chosen. */
static size_t take(struct pdp_alloc *alloc, uint32_t power, struct pdp_slice *slices)
{
	size_t n = 0;

	for (size_t c = 0; c < alloc->n_classes; c++) {
		uint32_t capacity = alloc->classes[c].capacity;

		for (uint32_t i = 0; i < alloc->classes[c].best; i++) {
			size_t fe = pdp_rooms_tightest(&alloc->rooms, PDP_ROOMS_IDLE, capacity);

			pdp_alloc_set_used(alloc, fe, capacity);
			power -= capacity;
			slices[n++] = (struct pdp_slice){fe, capacity};
		}
	}
	slices[n].fe = pdp_alloc_pick(alloc, power);
	slices[n].power = power;
	pdp_alloc_set_used(alloc, slices[n].fe, alloc->fes[slices[n].fe].used + power);
	return n + 1;
}

int pdp_alloc_place(struct pdp_alloc *alloc, uint32_t power, struct pdp_slice *slices,
		    size_t *n_slices, struct pdp_error *err)
{
	uint32_t guests;

	*n_slices = 0;
	if (power == 0)
		return pdp_fail(err, -EINVAL, "power 0 makes no guest; give at least 1m");
	guests = fewest_guests(alloc, power);
	if (guests > PDP_VNET_GUESTS_MAX)
		return pdp_alloc_refuse(alloc, power, err);
	if (alloc->fit == PDP_FIT_BEST)
		choose_tightest(alloc, guests - 1, power);
	else
		choose_largest(alloc, guests - 1);
	*n_slices = take(alloc, power, slices);
	return 0;
}
