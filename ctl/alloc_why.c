/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_why.c - why a guest that was just given its place has it, in a few words.
 *
 * Off the packet's path: what a plan says of each guest that comes. One look at every FE.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/alloc_books.h"

/* The place at hand, against all others that would have had the room. */
struct field {
	size_t fit; /* FEs with the room, this one among them */
	size_t tighter;
	size_t equal; /* as tight; not this one */
	const char *first_equal; /* by name; NULL = none */
};

static struct field look_around(const struct pdp_alloc *alloc, const struct pdp_slice *slice,
				uint32_t left)
{
	struct field f = {.fit = 1};

	for (size_t i = 0; i < alloc->n_fes; i++) {
		const struct pdp_alloc_fe *fe = &alloc->fes[i];
		uint32_t room = pdp_fe_room(fe);

		if (i == slice->fe || fe->closed || room < slice->power)
			continue;
		f.fit++;
		f.tighter += room - slice->power < left;
		if (room - slice->power != left)
			continue;
		f.equal++;
		if (!f.first_equal || strverscmp(fe->name, f.first_equal) < 0)
			f.first_equal = fe->name;
	}
	return f;
}

void pdp_alloc_why(const struct pdp_alloc *alloc, const struct pdp_slice *slice, char *text,
		   size_t size)
{
	const struct pdp_alloc_fe *fe = &alloc->fes[slice->fe];
	bool whole = slice->power == fe->capacity;
	uint32_t left = pdp_fe_room(fe);
	struct field f = look_around(alloc, slice, left);
	char how[64] = "the only one that fits", after[32] = "", tie[80] = "";

	if (f.fit > 1)
		snprintf(how, sizeof(how), "%s of %zu that fit", f.tighter ? "one" : "the tightest",
			 f.fit);
	if (!whole)
		snprintf(after, sizeof(after), ", %um left after", left);
	if (!f.tighter && f.equal && strverscmp(fe->name, f.first_equal) < 0)
		snprintf(tie, sizeof(tie), "; %s %s, the lowest name wins", f.first_equal,
			 f.equal > 1 ? "and others tie" : "ties");
	snprintf(text, size, "%s%s%s%s", whole ? "a whole FE, " : "", how, after, tie);
}
