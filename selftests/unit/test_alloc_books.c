/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_alloc_books - the allocator's index: against a naive model over random events, and its cost. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/alloc.h"

#define MAX_FES 40
#define MAX_VNETS 64

/* The model: an array, searched from end to end. */
struct model {
	struct pdp_alloc_fe fes[MAX_FES];
	char names[MAX_FES][24];
	size_t n;
};

struct held {
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	size_t n;
};

static uint32_t room(const struct pdp_alloc_fe *fe)
{
	return fe->closed ? 0 : fe->capacity - fe->used;
}

/* Is FE a of the model to be preferred to b for a remainder? */
static bool better(const struct model *m, enum pdp_fit fit, size_t a, size_t b)
{
	const struct pdp_alloc_fe *left = &m->fes[a], *right = &m->fes[b];

	if (fit == PDP_FIT_BEST && room(left) != room(right))
		return room(left) < room(right);
	if (fit == PDP_FIT_WORST && room(left) != room(right))
		return room(left) > room(right);
	return strverscmp(left->name, right->name) < 0;
}

static size_t pick_naively(const struct model *m, enum pdp_fit fit, uint32_t power)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < m->n; i++)
		if (room(&m->fes[i]) >= power && (found == SIZE_MAX || better(m, fit, i, found)))
			found = i;
	return found;
}

/* The idle FE with the lowest name among those of most capacity. */
static size_t largest_idle(const struct model *m)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < m->n; i++) {
		const struct pdp_alloc_fe *fe = &m->fes[i];

		if (!room(fe) || fe->used)
			continue;
		if (found == SIZE_MAX || fe->capacity > m->fes[found].capacity ||
		    (fe->capacity == m->fes[found].capacity &&
		     strverscmp(fe->name, m->fes[found].name) < 0))
			found = i;
	}
	return found;
}

/*
 * Whole FEs, the largest first, until the rest fits on one more. With one capacity this is every
 * policy; with several it is what first and worst fit do.
 */
static bool place_naively(struct model *m, enum pdp_fit fit, uint32_t power, struct held *held)
{
	struct model before = *m;

	held->n = 0;
	while (pick_naively(m, fit, power) == SIZE_MAX) {
		size_t whole = largest_idle(m);

		if (whole == SIZE_MAX || m->fes[whole].capacity >= power) {
			*m = before;
			held->n = 0;
			return false;
		}
		m->fes[whole].used = m->fes[whole].capacity;
		power -= m->fes[whole].capacity;
		held->slices[held->n++] = (struct pdp_slice){whole, m->fes[whole].capacity};
	}
	held->slices[held->n] = (struct pdp_slice){pick_naively(m, fit, power), power};
	m->fes[held->slices[held->n].fe].used += power;
	held->n++;
	return true;
}

static void assert_same(const struct model *m, const struct pdp_alloc *alloc)
{
	size_t n;
	const struct pdp_alloc_fe *fes = pdp_alloc_fes(alloc, &n);

	assert_int_equal(n, m->n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(fes[i].used, m->fes[i].used);
		assert_int_equal(fes[i].capacity, m->fes[i].capacity);
		assert_true(fes[i].used <= fes[i].capacity);
	}
}

static void close_or_open_fe(struct model *m, struct pdp_alloc *alloc, size_t fe)
{
	m->fes[fe].closed = !m->fes[fe].closed;
	pdp_alloc_set_closed(alloc, fe, m->fes[fe].closed);
}

static void vnet_event(struct model *m, struct pdp_alloc *alloc, enum pdp_fit fit,
		       struct held *held, uint32_t power)
{
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct pdp_error err = {""};
	size_t n;
	int ret;

	if (held->n) {
		pdp_alloc_release(alloc, held->slices, held->n);
		for (size_t i = 0; i < held->n; i++)
			m->fes[held->slices[i].fe].used -= held->slices[i].power;
		held->n = 0;
		return;
	}
	ret = pdp_alloc_place(alloc, power, slices, &n, &err);
	if (!place_naively(m, fit, power, held)) {
		assert_int_equal(ret, -ENOSPC);
		assert_non_null(strstr(err.text, "power "));
		assert_int_equal(n, 0);
		return;
	}
	assert_int_equal(ret, 0);
	assert_int_equal(n, held->n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(slices[i].fe, held->slices[i].fe);
		assert_int_equal(slices[i].power, held->slices[i].power);
	}
}

/* Vnets come and go, FEs close and open; every answer is the model's, FE by FE. */
static void random_events(enum pdp_fit fit, uint32_t sizes)
{
	static struct held held[MAX_VNETS];
	struct model m = {.n = 5 + (size_t)rand() % (MAX_FES - 4)};
	struct pdp_alloc *alloc;

	memset(held, 0, sizeof(held));
	for (size_t i = 0; i < m.n; i++) {
		/* Names in no order. */
		snprintf(m.names[i], sizeof(m.names[i]), "fe%zu", i * 7 % MAX_FES);
		m.fes[i] = (struct pdp_alloc_fe){.name = m.names[i],
						 .capacity = 100 + (uint32_t)rand() % sizes * 50};
	}
	assert_int_equal(pdp_alloc_open(&alloc, m.fes, m.n, fit, NULL), 0);
	for (int event = 0; event < 4000; event++) {
		size_t fe = (size_t)rand() % (20 * MAX_FES);

		if (fe < m.n)
			close_or_open_fe(&m, alloc, fe);
		else
			vnet_event(&m, alloc, fit, &held[rand() % MAX_VNETS],
				   1 + (uint32_t)rand() % 300);
		assert_same(&m, alloc);
	}
	pdp_alloc_free(alloc);
}

static void one_capacity(void **state)
{
	(void)state;
	srand(3);
	for (int i = 0; i < 5; i++) {
		random_events(PDP_FIT_BEST, 1);
		random_events(PDP_FIT_FIRST, 1);
		random_events(PDP_FIT_WORST, 1);
	}
}

static void many_capacities(void **state)
{
	(void)state;
	srand(4);
	for (int i = 0; i < 5; i++) {
		random_events(PDP_FIT_FIRST, 4);
		random_events(PDP_FIT_WORST, 4);
		random_events(PDP_FIT_FIRST, 20);
		random_events(PDP_FIT_WORST, 20);
	}
}

static void take_is_all_or_nothing(void **state)
{
	const struct pdp_alloc_fe fes[] = {{"fe1", 1000, 0}, {"fe2", 1000, 600}};
	const struct pdp_slice fits[] = {{0, 1000}, {1, 400}}, not [] = {{0, 1000}, {1, 401}};
	const struct pdp_alloc_fe *now;
	struct pdp_alloc *alloc;
	struct pdp_error err;
	size_t n;

	(void)state;
	assert_int_equal(pdp_alloc_open(&alloc, fes, 2, PDP_FIT_BEST, &err), 0);
	assert_int_equal(pdp_alloc_take(alloc, not, 2, &err), -EOVERFLOW);
	assert_string_equal(err.text, "FE fe2 has 400m free, less than the guest's 401m");
	now = pdp_alloc_fes(alloc, &n);
	assert_int_equal(now[0].used, 0);
	assert_int_equal(pdp_alloc_take(alloc, fits, 2, &err), 0);
	assert_int_equal(now[0].used, 1000);
	assert_int_equal(now[1].used, 1000);
	pdp_alloc_free(alloc);
}

static void volume_bound(void **state)
{
	const struct pdp_alloc_fe fes[] = {{"a", 1000, 0},
					   {"b", 4000, 100},
					   {"c", 1000, 0},
					   {"d", 4000, 0},
					   {"e", 9000, 0, true}};
	const struct {
		uint64_t power;
		size_t bound;
	} cases[] = {{0, 0},	{1, 1},	   {4000, 1}, {4001, 2},
		     {8000, 2}, {8001, 3}, {9001, 4}, {99999, 4}};
	struct pdp_alloc *alloc;

	(void)state;
	assert_int_equal(pdp_alloc_open(&alloc, fes, 5, PDP_FIT_BEST, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(pdp_alloc_bound(alloc, cases[i].power), cases[i].bound);
	pdp_alloc_free(alloc);
}

static void no_open_fe(void **state)
{
	const struct pdp_alloc_fe fe = {"fe1", 1000, 0, true};
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct pdp_alloc *alloc;
	struct pdp_error err;
	size_t n;

	(void)state;
	assert_int_equal(pdp_alloc_open(&alloc, &fe, 1, PDP_FIT_BEST, NULL), 0);
	assert_int_equal(pdp_alloc_place(alloc, 5, slices, &n, &err), -ENOSPC);
	assert_string_equal(err.text, "power 5m does not fit: the node has no open FE");
	pdp_alloc_set_closed(alloc, 0, false);
	assert_int_equal(pdp_alloc_place(alloc, 5, slices, &n, &err), 0);
	pdp_alloc_free(alloc);
}

/* What one event costs on a node of n FEs of one capacity, nine tenths full: visited nodes. */
static double steps_per_event(size_t n_fes, enum pdp_fit fit)
{
	enum { EVENTS = 4000 };
	struct pdp_alloc_fe *fes = calloc(n_fes, sizeof(*fes));
	struct held *held = calloc(n_fes, sizeof(*held));
	char(*names)[24] = calloc(n_fes, sizeof(*names));
	struct pdp_alloc *alloc;
	uint64_t before;

	assert_true(fes && held && names);
	for (size_t i = 0; i < n_fes; i++) {
		snprintf(names[i], sizeof(names[i]), "fe%zu", i);
		fes[i] = (struct pdp_alloc_fe){.name = names[i], .capacity = 1000};
	}
	assert_int_equal(pdp_alloc_open(&alloc, fes, n_fes, fit, NULL), 0);
	for (size_t i = 0; i < n_fes; i++)
		pdp_alloc_place(alloc, 300 + (uint32_t)rand() % 1200, held[i].slices, &held[i].n,
				NULL);
	before = pdp_alloc_steps(alloc);
	for (int event = 0; event < EVENTS; event++) {
		struct held *h = &held[(size_t)rand() % n_fes];

		pdp_alloc_release(alloc, h->slices, h->n);
		pdp_alloc_place(alloc, 300 + (uint32_t)rand() % 1200, h->slices, &h->n, NULL);
	}
	before = pdp_alloc_steps(alloc) - before;
	pdp_alloc_free(alloc);
	free(fes);
	free(held);
	free(names);
	return (double)before / (2 * EVENTS);
}

/* A hundred times the FEs: a linear search would take a hundred times the steps. */
static void cost_grows_with_the_logarithm(void **state)
{
	(void)state;
	srand(5);
	for (enum pdp_fit fit = PDP_FIT_BEST; fit <= PDP_FIT_WORST; fit++) {
		double few = steps_per_event(100, fit), many = steps_per_event(10000, fit);

		print_message("fit %d: %.0f steps an event on 100 FEs, %.0f on 10,000\n", fit, few,
			      many);
		/* log 10000 / log 100 = 2, and a half for the shape of the trees. */
		assert_true(many < 2.5 * few);
		assert_true(few > 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_capacity),
		cmocka_unit_test(many_capacities),
		cmocka_unit_test(take_is_all_or_nothing),
		cmocka_unit_test(volume_bound),
		cmocka_unit_test(no_open_fe),
		cmocka_unit_test(cost_grows_with_the_logarithm),
	};

	return cmocka_run_group_tests_name("alloc_books", tests, NULL, NULL);
}
