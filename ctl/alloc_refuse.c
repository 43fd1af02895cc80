/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_refuse.c - why a vnet does not fit, in one sentence: what is missing, and where most is free.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl/alloc_books.h"

#define NAMES_SHOWN 3

/* The first few of some names: "fe1, fe2, fe3 and 7 more". */
struct names {
	char text[160];
	size_t used;
	size_t shown;
};

static void add_name(struct names *names, const char *name)
{
	if (names->shown < NAMES_SHOWN && names->used < sizeof(names->text))
		names->used += (size_t)snprintf(names->text + names->used,
						sizeof(names->text) - names->used, "%s%s",
						names->shown ? ", " : "", name);
	names->shown++;
}

/* How many there are in all. */
static void end_names(struct names *names, size_t all)
{
	if (all > names->shown && names->used < sizeof(names->text))
		snprintf(names->text + names->used, sizeof(names->text) - names->used,
			 " and %zu more", all - names->shown);
}

/* Open FEs, by name. */
static void list_open(struct names *names, const struct pdp_alloc *alloc, size_t all)
{
	*names = (struct names){.text = ""};
	for (size_t i = 0; i < alloc->n_fes && names->shown < NAMES_SHOWN; i++)
		if (!alloc->fes[alloc->order[i]].closed)
			add_name(names, alloc->fes[alloc->order[i]].name);
	end_names(names, all);
}

/* Idle FEs, the largest first, then by name. */
static void list_idle(struct names *names, struct pdp_alloc *alloc)
{
	size_t all = 0;

	*names = (struct names){.text = ""};
	for (size_t c = 0; c < alloc->n_classes; c++) {
		size_t fe = pdp_rooms_tightest(&alloc->rooms, PDP_ROOMS_IDLE,
					       alloc->classes[c].capacity);

		all += alloc->classes[c].idle;
		for (uint32_t i = 0; i < alloc->classes[c].idle && names->shown < NAMES_SHOWN;
		     i++) {
			add_name(names, alloc->fes[fe].name);
			fe = pdp_rooms_next(&alloc->rooms, PDP_ROOMS_IDLE, fe);
		}
	}
	end_names(names, all);
}

/* "largest free remainder is 300m on fe2": of the FEs that are not idle. */
static void tell_largest_rest(char *buf, size_t size, struct pdp_alloc *alloc)
{
	size_t fe = pdp_rooms_widest(&alloc->rooms, PDP_ROOMS_SHARED, 1);

	if (fe == PDP_NO_FE)
		snprintf(buf, size, "no FE has a free remainder");
	else
		snprintf(buf, size, "largest free remainder is %um on %s",
			 pdp_rooms_room(&alloc->rooms, fe), alloc->fes[fe].name);
}

/* All FEs have one capacity: say it as Algorithm 1 does, in whole FEs and a remainder. */
static int refuse_alike(struct pdp_alloc *alloc, uint32_t power, struct pdp_error *err)
{
	uint32_t capacity = alloc->classes[0].capacity, idle = alloc->classes[0].idle;
	uint32_t k = power / capacity, r = power % capacity;
	char need[80] = "", rest[80];
	struct names names;
	int n = 0;

	if (k)
		n = snprintf(need, sizeof(need), "%u idle FE%s of %um", k, k == 1 ? "" : "s",
			     capacity);
	if (r)
		snprintf(need + n, sizeof(need) - (size_t)n, "%sa remainder of %um",
			 k ? " and " : "", r);
	tell_largest_rest(rest, sizeof(rest), alloc);
	list_idle(&names, alloc);
	if (idle < k && idle)
		return pdp_fail(err, -ENOSPC, "power %um needs %s; only %u %s idle (%s)%s%s", power,
				need, idle, idle == 1 ? "is" : "are", names.text, r ? ", " : "",
				r ? rest : "");
	return pdp_fail(err, -ENOSPC, "power %um needs %s; %s%s%s", power, need,
			idle < k ? "no FE is idle" : "", idle < k && r ? ", " : "",
			idle >= k || r ? rest : "");
}

int pdp_alloc_refuse(struct pdp_alloc *alloc, uint32_t power, struct pdp_error *err)
{
	uint64_t total = 0, idle = 0;
	struct names names;
	size_t all = 0;
	char rest[80];

	for (size_t c = 0; c < alloc->n_classes; c++) {
		const struct pdp_alloc_class *class = &alloc->classes[c];

		total += (uint64_t) class->n_fes * class->capacity;
		idle += (uint64_t) class->idle * class->capacity;
		all += class->n_fes;
	}
	if (all == 0)
		return pdp_fail(err, -ENOSPC, "power %um does not fit: the node has no %sFE", power,
				alloc->n_fes ? "open " : "");
	list_open(&names, alloc, all);
	if (power > total)
		return pdp_fail(err, -ENOSPC,
				"power %um does not fit: the node has %" PRIu64 "m in all (%s)",
				power, total, names.text);
	if (pdp_alloc_most(alloc, alloc->n_fes + 1) >= power)
		return pdp_fail(
			err, -E2BIG,
			"power %um needs more than %d FE guests, the most of one vnet; give "
			"it FEs of more capacity",
			power, PDP_VNET_GUESTS_MAX);
	if (alloc->n_classes == 1)
		return refuse_alike(alloc, power, err);
	list_idle(&names, alloc);
	tell_largest_rest(rest, sizeof(rest), alloc);
	return pdp_fail(err, -ENOSPC,
			"power %um does not fit: idle FEs have %" PRIu64 "m%s%s%s; %s", power, idle,
			*names.text ? " (" : "", names.text, *names.text ? ")" : "", rest);
}
