/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_books.c - what is free on the FEs of a node, and the index that finds it.
 *
 * Off the packet's path: beneath the allocator. An FE that is open and has room is in the index, as idle
 * or as shared; every change takes it out and puts it in again where it then belongs.
 */
#include "ctl/alloc_books.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- classes of capacity ------------------------------------------------------------------------- */

/* The first class that is not larger. */
static size_t class_place(const struct pdp_alloc *alloc, uint32_t capacity)
{
	size_t low = 0, high = alloc->n_classes;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (alloc->classes[middle].capacity > capacity)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct pdp_alloc_class *class_of(struct pdp_alloc *alloc, uint32_t capacity)
{
	return &alloc->classes[class_place(alloc, capacity)];
}

/* There is room in the array for a class of each FE. */
static void class_add(struct pdp_alloc *alloc, uint32_t capacity)
{
	size_t at = class_place(alloc, capacity);
	struct pdp_alloc_class *class = &alloc->classes[at];

	if (at == alloc->n_classes || class->capacity != capacity) {
		memmove(class + 1, class, (alloc->n_classes - at) * sizeof(*class));
		*class = (struct pdp_alloc_class){.capacity = capacity};
		alloc->n_classes++;
	}
	class->n_fes++;
}

static void class_del(struct pdp_alloc *alloc, uint32_t capacity)
{
	struct pdp_alloc_class *class = class_of(alloc, capacity);

	if (--class->n_fes)
		return;
	alloc->n_classes--;
	memmove(class, class + 1,
		(size_t)(alloc->classes + alloc->n_classes - class) * sizeof(*class));
}

/* --- in and out of the index ----------------------------------------------------------------------- */

static void join(struct pdp_alloc *alloc, size_t fe)
{
	const struct pdp_alloc_fe *f = &alloc->fes[fe];

	if (f->closed || !pdp_fe_room(f))
		return;
	if (!pdp_fe_is_idle(f)) {
		pdp_rooms_insert(&alloc->rooms, PDP_ROOMS_SHARED, fe, pdp_fe_room(f));
		return;
	}
	pdp_rooms_insert(&alloc->rooms, PDP_ROOMS_IDLE, fe, f->capacity);
	class_of(alloc, f->capacity)->idle++;
}

static void leave(struct pdp_alloc *alloc, size_t fe)
{
	const struct pdp_alloc_fe *f = &alloc->fes[fe];

	if (f->closed || !pdp_fe_room(f))
		return;
	if (!pdp_fe_is_idle(f)) {
		pdp_rooms_remove(&alloc->rooms, PDP_ROOMS_SHARED, fe);
		return;
	}
	pdp_rooms_remove(&alloc->rooms, PDP_ROOMS_IDLE, fe);
	class_of(alloc, f->capacity)->idle--;
}

static void enlist(struct pdp_alloc *alloc, size_t fe)
{
	if (alloc->fes[fe].closed || !alloc->fes[fe].capacity)
		return;
	class_add(alloc, alloc->fes[fe].capacity);
	join(alloc, fe);
}

static void delist(struct pdp_alloc *alloc, size_t fe)
{
	if (alloc->fes[fe].closed || !alloc->fes[fe].capacity)
		return;
	leave(alloc, fe);
	class_del(alloc, alloc->fes[fe].capacity);
}

void pdp_alloc_set_used(struct pdp_alloc *alloc, size_t fe, uint32_t used)
{
	leave(alloc, fe);
	alloc->fes[fe].used = used;
	join(alloc, fe);
}

void pdp_alloc_set_closed(struct pdp_alloc *alloc, size_t fe, bool closed)
{
	delist(alloc, fe);
	alloc->fes[fe].closed = closed;
	enlist(alloc, fe);
}

/* --- opening and closing --------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b, void *arg)
{
	const struct pdp_alloc *alloc = arg;
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	int order = strverscmp(alloc->fes[left].name, alloc->fes[right].name);

	return order ? order : (left > right) - (left < right);
}

/* Room for n FEs, and for one more, so that n may be 0. */
static int make_room(struct pdp_alloc *alloc, size_t n)
{
	alloc->fes = calloc(n + 1, sizeof(*alloc->fes));
	alloc->order = calloc(n + 1, sizeof(*alloc->order));
	alloc->classes = calloc(n + 1, sizeof(*alloc->classes));
	if (!alloc->fes || !alloc->order || !alloc->classes)
		return -ENOMEM;
	return pdp_rooms_init(&alloc->rooms, n);
}

int pdp_alloc_open(struct pdp_alloc **out, const struct pdp_alloc_fe *fes, size_t n_fes,
		   enum pdp_fit fit, struct pdp_error *err)
{
	struct pdp_alloc *alloc = calloc(1, sizeof(*alloc));
	int ret = alloc ? make_room(alloc, n_fes) : -ENOMEM;

	for (size_t i = 0; !ret && i < n_fes; i++) {
		alloc->fes[i] = fes[i];
		alloc->fes[i].name = strdup(fes[i].name);
		alloc->n_fes++;
		alloc->order[i] = (uint32_t)i;
		if (!alloc->fes[i].name)
			ret = -ENOMEM;
	}
	if (ret) {
		pdp_alloc_free(alloc);
		return pdp_fail(err, ret, "no memory for the books of %zu FEs", n_fes);
	}
	alloc->fit = fit;
	qsort_r(alloc->order, n_fes, sizeof(*alloc->order), compare_names, alloc);
	for (size_t i = 0; i < n_fes; i++)
		pdp_rooms_set_rank(&alloc->rooms, alloc->order[i], (uint32_t)i);
	for (size_t i = 0; i < n_fes; i++)
		enlist(alloc, i);
	*out = alloc;
	return 0;
}

void pdp_alloc_free(struct pdp_alloc *alloc)
{
	if (!alloc)
		return;
	for (size_t i = 0; i < alloc->n_fes; i++)
		free((char *)alloc->fes[i].name);
	free(alloc->fes);
	free(alloc->order);
	free(alloc->classes);
	pdp_rooms_fini(&alloc->rooms);
	free(alloc);
}

const struct pdp_alloc_fe *pdp_alloc_fes(const struct pdp_alloc *alloc, size_t *n_fes)
{
	*n_fes = alloc->n_fes;
	return alloc->fes;
}

/* --- taking and giving back ------------------------------------------------------------------------- */

int pdp_alloc_take(struct pdp_alloc *alloc, const struct pdp_slice *slices, size_t n_slices,
		   struct pdp_error *err)
{
	for (size_t i = 0; i < n_slices; i++) {
		const struct pdp_alloc_fe *fe = &alloc->fes[slices[i].fe];

		if (pdp_fe_room(fe) < slices[i].power) {
			pdp_alloc_release(alloc, slices, i);
			return pdp_fail(err, -EOVERFLOW,
					"FE %s has %um free, less than the guest's %um", fe->name,
					pdp_fe_room(fe), slices[i].power);
		}
		pdp_alloc_set_used(alloc, slices[i].fe, fe->used + slices[i].power);
	}
	return 0;
}

void pdp_alloc_release(struct pdp_alloc *alloc, const struct pdp_slice *slices, size_t n_slices)
{
	for (size_t i = 0; i < n_slices; i++) {
		uint32_t used = alloc->fes[slices[i].fe].used;

		pdp_alloc_set_used(alloc, slices[i].fe,
				   used > slices[i].power ? used - slices[i].power : 0);
	}
}

/* --- questions --------------------------------------------------------------------------------------- */

static size_t smaller_room(const struct pdp_rooms *rooms, size_t a, size_t b)
{
	if (a == PDP_NO_FE || b == PDP_NO_FE)
		return a == PDP_NO_FE ? b : a;
	if (pdp_rooms_room(rooms, a) != pdp_rooms_room(rooms, b))
		return pdp_rooms_room(rooms, a) < pdp_rooms_room(rooms, b) ? a : b;
	return pdp_rooms_rank(rooms, a) < pdp_rooms_rank(rooms, b) ? a : b;
}

static size_t lower_rank(const struct pdp_rooms *rooms, size_t a, size_t b)
{
	if (a == PDP_NO_FE || b == PDP_NO_FE)
		return a == PDP_NO_FE ? b : a;
	return pdp_rooms_rank(rooms, a) < pdp_rooms_rank(rooms, b) ? a : b;
}

static size_t larger_room(const struct pdp_rooms *rooms, size_t a, size_t b)
{
	if (a == PDP_NO_FE || b == PDP_NO_FE)
		return a == PDP_NO_FE ? b : a;
	if (pdp_rooms_room(rooms, a) != pdp_rooms_room(rooms, b))
		return pdp_rooms_room(rooms, a) > pdp_rooms_room(rooms, b) ? a : b;
	return pdp_rooms_rank(rooms, a) < pdp_rooms_rank(rooms, b) ? a : b;
}

/* How each fit looks into one tree, and which of two finds it likes better. */
static const struct {
	size_t (*find)(struct pdp_rooms *rooms, enum pdp_rooms_kind kind, uint32_t room);
	size_t (*better)(const struct pdp_rooms *rooms, size_t a, size_t b);
} fits[] = {
	[PDP_FIT_BEST] = {pdp_rooms_tightest, smaller_room},
	[PDP_FIT_FIRST] = {pdp_rooms_first, lower_rank},
	[PDP_FIT_WORST] = {pdp_rooms_widest, larger_room},
};

size_t pdp_alloc_pick(struct pdp_alloc *alloc, uint32_t power)
{
	size_t idle = fits[alloc->fit].find(&alloc->rooms, PDP_ROOMS_IDLE, power);
	size_t shared = fits[alloc->fit].find(&alloc->rooms, PDP_ROOMS_SHARED, power);

	return fits[alloc->fit].better(&alloc->rooms, idle, shared);
}

size_t pdp_alloc_smaller_room(const struct pdp_alloc *alloc, size_t a, size_t b)
{
	return smaller_room(&alloc->rooms, a, b);
}

size_t pdp_alloc_tightest(struct pdp_alloc *alloc, uint32_t power)
{
	size_t idle = pdp_rooms_tightest(&alloc->rooms, PDP_ROOMS_IDLE, power);
	size_t shared = pdp_rooms_tightest(&alloc->rooms, PDP_ROOMS_SHARED, power);

	return smaller_room(&alloc->rooms, idle, shared);
}

uint32_t pdp_alloc_largest_rest(struct pdp_alloc *alloc)
{
	size_t fe = pdp_rooms_widest(&alloc->rooms, PDP_ROOMS_SHARED, 1);

	return fe == PDP_NO_FE ? 0 : pdp_rooms_room(&alloc->rooms, fe);
}

uint64_t pdp_alloc_most(struct pdp_alloc *alloc, size_t guests)
{
	uint32_t last = pdp_alloc_largest_rest(alloc);
	size_t whole = guests - 1;
	uint64_t power = 0;

	for (size_t c = 0; c < alloc->n_classes; c++) {
		const struct pdp_alloc_class *class = &alloc->classes[c];
		size_t n = class->idle < whole ? class->idle : whole;

		power += (uint64_t)n * class->capacity;
		whole -= n;
		if (n < class->idle) {
			last = class->capacity > last ? class->capacity : last;
			break;
		}
	}
	return power + last;
}

size_t pdp_alloc_bound(const struct pdp_alloc *alloc, uint64_t power)
{
	size_t n = 0;

	for (size_t c = 0; c < alloc->n_classes && power; c++) {
		const struct pdp_alloc_class *class = &alloc->classes[c];
		uint64_t all = (uint64_t) class->n_fes * class->capacity;

		if (power < all)
			return n + (size_t)((power + class->capacity - 1) / class->capacity);
		power -= all;
		n += class->n_fes;
	}
	return n;
}

uint64_t pdp_alloc_steps(const struct pdp_alloc *alloc)
{
	return alloc->steps + alloc->rooms.steps;
}
