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
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX
/* Choices looked at before the best so far is taken; far more than FEs of a few sizes ever need. */
#define MAX_STEPS 10000
#define NAMES_SHOWN 3

/* Idle FEs of one capacity. */
struct class
{
	uint32_t capacity;
	uint32_t idle; /* how many there are */
	uint32_t whole; /* how many the choice at hand takes whole */
	uint32_t best; /* and how many the best choice so far */
};

/* The state of one request. */
struct search {
	const struct pdp_alloc_fe *fes;
	size_t n_fes;
	struct class *classes; /* largest capacity first */
	size_t n_classes;
	uint32_t largest_rest; /* most that is free on an FE that is not idle */
	uint32_t least_left; /* behind the remainder of the best choice so far */
	unsigned int steps;
};

static uint32_t room(const struct pdp_alloc_fe *fe)
{
	return fe->capacity > fe->used ? fe->capacity - fe->used : 0;
}

/* A guest that has an idle FE has it alone; an FE without capacity is never idle. */
static bool is_idle(const struct pdp_alloc_fe *fe)
{
	return fe->used == 0 && fe->capacity > 0;
}

/* Is a before b in the order of names? fe2 is before fe10. */
static bool name_before(const struct pdp_alloc_fe *a, const struct pdp_alloc_fe *b)
{
	return strverscmp(a->name, b->name) < 0;
}

static int compare_classes(const void *a, const void *b)
{
	const struct class *left = a, *right = b;

	return (left->capacity < right->capacity) - (left->capacity > right->capacity);
}

/* Count the idle FEs by capacity, and note the largest room on the others. */
static int survey(struct search *s)
{
	s->classes = calloc(s->n_fes ? s->n_fes : 1, sizeof(*s->classes));
	if (!s->classes)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_fes; i++) {
		size_t c = 0;

		if (!is_idle(&s->fes[i])) {
			if (room(&s->fes[i]) > s->largest_rest)
				s->largest_rest = room(&s->fes[i]);
			continue;
		}
		while (c < s->n_classes && s->classes[c].capacity != s->fes[i].capacity)
			c++;
		s->n_classes += c == s->n_classes;
		s->classes[c].capacity = s->fes[i].capacity;
		s->classes[c].idle++;
	}
	qsort(s->classes, s->n_classes, sizeof(*s->classes), compare_classes);
	return 0;
}

/* The most that so many guests can have in all: all but one on whole idle FEs, the largest. */
static uint64_t most_power(const struct search *s, size_t guests)
{
	size_t whole = guests - 1;
	uint32_t last = s->largest_rest;
	uint64_t power = 0;

	for (size_t c = 0; c < s->n_classes; c++) {
		size_t n = s->classes[c].idle < whole ? s->classes[c].idle : whole;

		power += (uint64_t)n * s->classes[c].capacity;
		whole -= n;
		if (n < s->classes[c].idle) {
			if (s->classes[c].capacity > last)
				last = s->classes[c].capacity;
			break;
		}
	}
	return power + last;
}

/* The remainder of the choice at hand goes where it leaves least; keep the choice if it is the best. */
static void weigh(struct search *s, uint32_t rest)
{
	uint32_t tightest = UINT32_MAX;

	for (size_t i = 0; i < s->n_fes; i++)
		if (!is_idle(&s->fes[i]) && room(&s->fes[i]) >= rest && room(&s->fes[i]) < tightest)
			tightest = room(&s->fes[i]);
	for (size_t c = 0; c < s->n_classes; c++)
		if (s->classes[c].whole < s->classes[c].idle && s->classes[c].capacity >= rest &&
		    s->classes[c].capacity < tightest)
			tightest = s->classes[c].capacity;
	if (tightest < rest || tightest - rest >= s->least_left)
		return;
	s->least_left = tightest - rest;
	for (size_t c = 0; c < s->n_classes; c++)
		s->classes[c].best = s->classes[c].whole;
}

/*
 * Choose `whole` FEs from class c on, the largest first, so that something is left of the power for
 * the remainder; weigh every choice.
 */
static void choose(struct search *s, size_t c, uint32_t whole, uint64_t power)
{
	uint64_t n;

	if (s->least_left == 0 || s->steps++ >= MAX_STEPS)
		return;
	if (whole == 0) {
		if (power <= UINT32_MAX)
			weigh(s, (uint32_t)power);
		return;
	}
	if (c == s->n_classes)
		return;
	n = (power - 1) / s->classes[c].capacity;
	n = n < whole ? n : whole;
	n = n < s->classes[c].idle ? n : s->classes[c].idle;
	do {
		s->classes[c].whole = (uint32_t)n;
		choose(s, c + 1, whole - (uint32_t)n, power - n * s->classes[c].capacity);
	} while (n--);
	s->classes[c].whole = 0;
}

/* Of the FEs with exactly this room, idle or not as asked, the one with the lowest name. */
static size_t lowest_with(const struct pdp_alloc_fe *fes, size_t n_fes, uint32_t free, bool idle)
{
	size_t found = NONE;

	for (size_t i = 0; i < n_fes; i++)
		if (room(&fes[i]) == free && (!idle || is_idle(&fes[i])) &&
		    (found == NONE || name_before(&fes[i], &fes[found])))
			found = i;
	return found;
}

/* Take what was chosen. */
static size_t take(struct pdp_alloc_fe *fes, size_t n_fes, const struct search *s, uint32_t power,
		   struct pdp_slice *slices)
{
	size_t n = 0;

	for (size_t c = 0; c < s->n_classes; c++)
		for (uint32_t i = 0; i < s->classes[c].best; i++) {
			uint32_t capacity = s->classes[c].capacity;
			size_t fe = lowest_with(fes, n_fes, capacity, true);

			fes[fe].used = capacity;
			power -= capacity;
			slices[n++] = (struct pdp_slice){fe, capacity};
		}
	slices[n].fe = lowest_with(fes, n_fes, power + s->least_left, false);
	slices[n].power = power;
	fes[slices[n].fe].used += power;
	return n + 1;
}

/* The names of the first few FEs of a kind: "fe1, fe2, fe3 and 7 more". */
static void list_names(char *buf, size_t size, const struct search *s, bool idle_only)
{
	size_t n = 0, used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < s->n_fes; i++) {
		if (idle_only && !is_idle(&s->fes[i]))
			continue;
		if (n < NAMES_SHOWN && used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", n ? ", " : "",
						 s->fes[i].name);
		n++;
	}
	if (n > NAMES_SHOWN && used < size)
		snprintf(buf + used, size - used, " and %zu more", n - NAMES_SHOWN);
}

/* "largest free remainder is 300m on fe2": of the FEs that are not idle. */
static void tell_largest_rest(char *buf, size_t size, const struct search *s)
{
	if (!s->largest_rest) {
		snprintf(buf, size, "no FE has a free remainder");
		return;
	}
	for (size_t i = 0; i < s->n_fes; i++)
		if (!is_idle(&s->fes[i]) && room(&s->fes[i]) == s->largest_rest) {
			snprintf(buf, size, "largest free remainder is %um on %s", s->largest_rest,
				 s->fes[i].name);
			return;
		}
}

/* All FEs have one capacity: say it as Algorithm 1 does, in whole FEs and a remainder. */
static int refuse_alike(const struct search *s, uint32_t capacity, uint32_t power,
			struct pdp_error *err)
{
	uint32_t k = power / capacity, r = power % capacity;
	uint32_t idle = s->n_classes ? s->classes[0].idle : 0;
	char need[80], rest[80], names[160];
	int n = 0;

	need[0] = '\0';
	if (k)
		n = snprintf(need, sizeof(need), "%u idle FE%s of %um", k, k == 1 ? "" : "s",
			     capacity);
	if (r)
		snprintf(need + n, sizeof(need) - (size_t)n, "%sa remainder of %um",
			 k ? " and " : "", r);
	tell_largest_rest(rest, sizeof(rest), s);
	list_names(names, sizeof(names), s, true);
	if (idle < k && idle)
		return pdp_fail(err, -ENOSPC, "power %um needs %s; only %u %s idle (%s)%s%s", power,
				need, idle, idle == 1 ? "is" : "are", names, r ? ", " : "",
				r ? rest : "");
	return pdp_fail(err, -ENOSPC, "power %um needs %s; %s%s%s", power, need,
			idle < k ? "no FE is idle" : "", idle < k && r ? ", " : "",
			idle >= k || r ? rest : "");
}

static int refuse(const struct search *s, uint32_t power, struct pdp_error *err)
{
	uint32_t capacity = 0;
	uint64_t total = 0, idle = 0;
	char names[160], rest[80];
	bool alike = true;

	for (size_t i = 0; i < s->n_fes; i++) {
		alike = alike && s->fes[i].capacity == s->fes[0].capacity;
		capacity = s->fes[i].capacity;
		total += capacity;
		idle += is_idle(&s->fes[i]) ? capacity : 0;
	}
	list_names(names, sizeof(names), s, false);
	if (s->n_fes == 0)
		return pdp_fail(err, -ENOSPC, "power %um does not fit: the node has no FE", power);
	if (power > total)
		return pdp_fail(err, -ENOSPC,
				"power %um does not fit: the node has %" PRIu64 "m in all (%s)",
				power, total, names);
	if (most_power(s, s->n_fes + 1) >= power)
		return pdp_fail(
			err, -E2BIG,
			"power %um needs more than %d FE guests, the most of one vnet; give "
			"it FEs of more capacity",
			power, PDP_VNET_GUESTS_MAX);
	if (alike)
		return refuse_alike(s, capacity, power, err);
	list_names(names, sizeof(names), s, true);
	tell_largest_rest(rest, sizeof(rest), s);
	return pdp_fail(err, -ENOSPC,
			"power %um does not fit: idle FEs have %" PRIu64 "m%s%s%s; %s", power, idle,
			*names ? " (" : "", names, *names ? ")" : "", rest);
}

int pdp_slice_alloc(struct pdp_alloc_fe *fes, size_t n_fes, uint32_t power,
		    struct pdp_slice *slices, size_t *n_slices, struct pdp_error *err)
{
	struct search s = {.fes = fes, .n_fes = n_fes, .least_left = UINT32_MAX};
	uint32_t guests = 1;
	int ret;

	*n_slices = 0;
	if (power == 0)
		return pdp_fail(err, -EINVAL, "power 0 makes no guest; give at least 1m");
	if (survey(&s))
		return pdp_fail(err, -ENOMEM, "out of memory");
	while (guests <= PDP_VNET_GUESTS_MAX && most_power(&s, guests) < power)
		guests++;
	if (guests > PDP_VNET_GUESTS_MAX) {
		ret = refuse(&s, power, err);
	} else {
		choose(&s, 0, guests - 1, power);
		*n_slices = take(fes, n_fes, &s, power, slices);
		ret = 0;
	}
	free(s.classes);
	return ret;
}

void pdp_slice_free(struct pdp_alloc_fe *fes, const struct pdp_slice *slices, size_t n_slices)
{
	for (size_t i = 0; i < n_slices; i++) {
		struct pdp_alloc_fe *fe = &fes[slices[i].fe];

		fe->used -= slices[i].power < fe->used ? slices[i].power : fe->used;
	}
}
