/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_books.h - the inside of struct pdp_alloc, for alloc*.c alone.
 */
#ifndef PDP_ALLOC_BOOKS_H
#define PDP_ALLOC_BOOKS_H

#include "ctl/alloc.h"
#include "ctl/alloc_rooms.h"

/* FEs of one capacity: alike while they are idle. */
struct pdp_alloc_class {
	uint32_t capacity;
	uint32_t n_fes; /* open ones */
	uint32_t idle;
	uint32_t whole; /* of a search: how many the choice at hand takes whole */
	uint32_t best; /* and how many the best choice so far */
};

struct pdp_alloc {
	struct pdp_alloc_fe *fes;
	size_t n_fes;
	uint32_t *order; /* FEs by name */
	enum pdp_fit fit;
	struct pdp_rooms rooms;
	struct pdp_alloc_class *classes; /* of open FEs, largest capacity first */
	size_t n_classes;
	uint64_t steps;
};

/* What is free on an FE. */
static inline uint32_t pdp_fe_room(const struct pdp_alloc_fe *fe)
{
	return fe->capacity > fe->used ? fe->capacity - fe->used : 0;
}

/* A guest that has an idle FE has it alone; an FE without capacity is never idle. */
static inline bool pdp_fe_is_idle(const struct pdp_alloc_fe *fe)
{
	return fe->used == 0 && fe->capacity > 0;
}

/* Every change of what is used goes through here, and so into the index. */
void pdp_alloc_set_used(struct pdp_alloc *alloc, size_t fe, uint32_t used);

/* Where so much goes by the fit: an open FE with the room, or PDP_NO_FE. */
size_t pdp_alloc_pick(struct pdp_alloc *alloc, uint32_t power);

/* The same by best fit, whatever the fit is. */
size_t pdp_alloc_tightest(struct pdp_alloc *alloc, uint32_t power);

/* Of two FEs in the index, or PDP_NO_FE: the one with less room, then with the lower name. */
size_t pdp_alloc_smaller_room(const struct pdp_alloc *alloc, size_t a, size_t b);

/* The most that is free on an FE that is not idle. */
uint32_t pdp_alloc_largest_rest(struct pdp_alloc *alloc);

/* The most power that so many guests can have in all: all but one on whole idle FEs, the largest. */
uint64_t pdp_alloc_most(struct pdp_alloc *alloc, size_t guests);

/* The sentence of a request that does not fit; returns its code. */
int pdp_alloc_refuse(struct pdp_alloc *alloc, uint32_t power, struct pdp_error *err);

#endif
