/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_alloc - SliceAlloc: worked cases, refusals, and random traces against a naive model. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/alloc.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_FES 8

/* fes: "name:capacity/used ..."; want: "fe:power ..." in order, or the refusal. */
struct alloc_case {
	const char *fes;
	uint32_t power;
	int ret;
	const char *want;
};

static char names[MAX_FES][16];

static size_t read_fes(struct pdp_alloc_fe *fes, const char *text)
{
	size_t n = 0;
	int used;

	while (sscanf(text, " %15[a-z0-9]:%u/%u%n", names[n], &fes[n].capacity, &fes[n].used,
		      &used) == 3) {
		fes[n].name = names[n];
		fes[n].closed = false;
		text += used;
		n++;
	}
	assert_string_equal(text, "");
	return n;
}

static const struct alloc_case cases[] = {
	/* R = kC + r */
	{"fe1:1000/0 fe2:1000/0 fe3:1000/0", 1500, 0, "fe1:1000 fe2:500"},
	{"fe1:1000/0 fe2:1000/0 fe3:1000/0", 2000, 0, "fe1:1000 fe2:1000"},
	{"fe1:1000/0 fe2:1000/0 fe3:1000/0", 3000, 0, "fe1:1000 fe2:1000 fe3:1000"},
	{"fe1:1000/0", 1, 0, "fe1:1"},
	/* an exact fit fits (the paper's > refuses it) */
	{"fe1:1000/500 fe2:1000/0", 500, 0, "fe1:500"},
	{"fe1:1000/500 fe2:1000/0", 1500, 0, "fe2:1000 fe1:500"},
	{"fe1:1000/0", 1000, 0, "fe1:1000"},
	/* best fit: where least is left; ties go to the lowest name, by its number */
	{"fe1:1000/100 fe2:1000/600 fe3:1000/300", 300, 0, "fe2:300"},
	{"fe3:1000/500 fe2:1000/500 fe1:1000/400", 500, 0, "fe2:500"},
	{"fe10:1000/0 fe9:1000/0", 400, 0, "fe9:400"},
	{"fe1:1000/0 fe2:1000/200", 300, 0, "fe2:300"},
	/* different capacities: fewest guests, then tightest */
	{"fe1:1000/0 fe2:4000/0 fe3:1000/0", 3000, 0, "fe2:3000"},
	{"fe1:1000/0 fe2:4000/0 fe3:2000/0", 1500, 0, "fe3:1500"},
	{"fe1:1000/0 fe2:4000/0", 1000, 0, "fe1:1000"},
	{"fe1:2000/0 fe2:2000/0 fe3:1500/0 fe4:1500/0", 3000, 0, "fe3:1500 fe4:1500"},
	{"fe1:10/0 fe2:6/0 fe3:6/0 fe4:3/0", 12, 0, "fe2:6 fe3:6"},
	{"fe1:4000/1000 fe2:1000/0 fe3:1000/0", 3000, 0, "fe1:3000"},
	{"fe1:4000/1000 fe2:1000/0 fe3:1000/0", 4500, 0, "fe2:1000 fe3:1000 fe1:2500"},
	/* refusals say what is missing */
	{"fe1:1000/0 fe2:1000/0 fe3:1000/0", 9000, -ENOSPC,
	 "power 9000m does not fit: the node has 3000m in all (fe1, fe2, fe3)"},
	{"fe1:1000/0 fe2:1000/700 fe3:1000/900", 1500, -ENOSPC,
	 "power 1500m needs 1 idle FE of 1000m and a remainder of 500m; largest free remainder is "
	 "300m on fe2"},
	{"fe1:1000/1000 fe2:1000/700", 500, -ENOSPC,
	 "power 500m needs a remainder of 500m; largest free remainder is 300m on fe2"},
	{"fe1:1000/1000 fe2:1000/1000", 500, -ENOSPC,
	 "power 500m needs a remainder of 500m; no FE has a free remainder"},
	{"fe1:1000/1 fe2:1000/0", 2000, -ENOSPC,
	 "power 2000m needs 2 idle FEs of 1000m; only 1 is idle (fe2)"},
	{"fe1:1000/1 fe2:1000/1", 1000, -ENOSPC,
	 "power 1000m needs 1 idle FE of 1000m; no FE is idle"},
	{"fe1:1000/1 fe2:1000/1", 1200, -ENOSPC,
	 "power 1200m needs 1 idle FE of 1000m and a remainder of 200m; no FE is idle, largest free "
	 "remainder is 999m on fe1"},
	{"fe1:4000/3000 fe2:1000/0 fe3:1000/0", 3500, -ENOSPC,
	 "power 3500m does not fit: idle FEs have 2000m (fe2, fe3); largest free remainder is 1000m "
	 "on fe1"},
	{"a:1/0 b:1/0 c:1/0 d:1/0 e:1/0", 6, -ENOSPC,
	 "power 6m does not fit: the node has 5m in all (a, b, c and 2 more)"},
	{"", 1, -ENOSPC, "power 1m does not fit: the node has no FE"},
	{"fe1:1000/0", 0, -EINVAL, "power 0 makes no guest; give at least 1m"},
	/* an FE without capacity, or filled over it, holds nothing and is not idle */
	{"fe1:0/0 fe2:1000/1500 fe3:1000/0", 300, 0, "fe3:300"},
	{"fe1:4294967295/0 fe2:4294967295/0", 4294967295u, 0, "fe1:4294967295"},
};

/* One request, on FEs of the test's; on success `used` of those taken grows. */
static int place_once(struct pdp_alloc_fe *fes, size_t n_fes, uint32_t power,
		      struct pdp_slice *slices, size_t *n, struct pdp_error *err)
{
	struct pdp_alloc *alloc;
	int ret;

	assert_int_equal(pdp_alloc_open(&alloc, fes, n_fes, PDP_FIT_BEST, err), 0);
	ret = pdp_alloc_place(alloc, power, slices, n, err);
	for (size_t i = 0; i < *n; i++)
		fes[slices[i].fe].used += slices[i].power;
	pdp_alloc_free(alloc);
	return ret;
}

static void give_back(struct pdp_alloc_fe *fes, const struct pdp_slice *slices, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fes[slices[i].fe].used -= slices[i].power;
}

static void worked_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pdp_alloc_fe fes[MAX_FES], before[MAX_FES];
		struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
		struct pdp_error err = {""};
		size_t n_fes = read_fes(fes, cases[i].fes), n;
		char got[256] = "", *at = got;

		memcpy(before, fes, sizeof(fes));
		assert_int_equal(place_once(fes, n_fes, cases[i].power, slices, &n, &err),
				 cases[i].ret);
		for (size_t j = 0; j < n; j++)
			at += sprintf(at, "%s%s:%u", j ? " " : "", fes[slices[j].fe].name,
				      slices[j].power);
		assert_string_equal(cases[i].ret ? err.text : got, cases[i].want);
		give_back(fes, slices, n);
		for (size_t j = 0; j < n_fes; j++)
			assert_int_equal(fes[j].used, before[j].used);
	}
}

static void too_many_guests(void **state)
{
	struct pdp_alloc_fe fes[PDP_VNET_GUESTS_MAX + 1];
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct pdp_error err;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fes); i++)
		fes[i] = (struct pdp_alloc_fe){.name = "fe", .capacity = 10};
	assert_int_equal(place_once(fes, ARRAY_SIZE(fes), 641, slices, &n, &err), -E2BIG);
	assert_non_null(strstr(err.text, "more than 64 FE guests"));
	assert_int_equal(n, 0);
	assert_int_equal(place_once(fes, ARRAY_SIZE(fes), 640, slices, &n, &err), 0);
	assert_int_equal(n, 64);
}

/* Every FE of another size: the search gives up early, and the answer is still the fewest guests. */
static void many_sizes(void **state)
{
	enum { N_FES = 500 };
	struct pdp_alloc_fe fes[N_FES];
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];

	(void)state;
	for (uint32_t guests = 1; guests <= 20; guests++) {
		uint32_t power = 1, sum = 0;
		size_t n;

		for (uint32_t i = 0; i < N_FES; i++)
			fes[i] = (struct pdp_alloc_fe){.name = "fe", .capacity = 1000 + 7 * i};
		for (uint32_t i = 1; i < guests; i++)
			power += fes[N_FES - i].capacity;
		assert_int_equal(place_once(fes, N_FES, power, slices, &n, NULL), 0);
		assert_int_equal(n, guests);
		for (size_t i = 0; i < n; i++) {
			sum += slices[i].power;
			assert_int_equal(fes[slices[i].fe].used, slices[i].power);
			assert_true(slices[i].power <= fes[slices[i].fe].capacity);
		}
		assert_int_equal(sum, power);
	}
}

/* What the naive model finds: every subset of idle FEs taken whole, and every FE for the rest. */
struct best {
	unsigned int guests;
	uint64_t left;
};

static struct best search_naively(const struct pdp_alloc_fe *fes, size_t n, uint32_t power)
{
	struct best best = {UINT32_MAX, UINT64_MAX};

	for (unsigned int set = 0; set < 1u << n; set++) {
		unsigned int guests = 1;
		uint64_t whole = 0;
		int fits = 1;

		for (size_t i = 0; i < n; i++)
			if (set >> i & 1) {
				fits &= fes[i].used == 0 && fes[i].capacity > 0;
				whole += fes[i].capacity;
				guests++;
			}
		if (!fits || whole >= power)
			continue;
		for (size_t i = 0; i < n; i++) {
			uint64_t left = fes[i].capacity - fes[i].used + whole - power;

			if (set >> i & 1 || fes[i].capacity - fes[i].used + whole < power)
				continue;
			if (guests < best.guests || (guests == best.guests && left < best.left))
				best = (struct best){guests, left};
		}
	}
	return best;
}

struct held {
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	size_t n;
};

/* All that holds after every event, whatever the FEs: sums, capacities, at most one guest not whole. */
static void check_placed(const struct pdp_alloc_fe *before, const struct pdp_alloc_fe *fes,
			 size_t n, uint32_t power, const struct held *held, struct best best)
{
	uint64_t sum = 0;

	assert_int_equal(held->n, best.guests);
	for (size_t i = 0; i < held->n; i++) {
		const struct pdp_slice *slice = &held->slices[i];
		int last = i + 1 == held->n;

		sum += slice->power;
		assert_true(slice->power > 0);
		assert_true(slice->fe < n);
		assert_int_equal(fes[slice->fe].used, before[slice->fe].used + slice->power);
		assert_true(fes[slice->fe].used <= fes[slice->fe].capacity);
		if (!last)
			assert_int_equal(slice->power, fes[slice->fe].capacity);
		else
			assert_int_equal(fes[slice->fe].capacity - fes[slice->fe].used, best.left);
	}
	assert_int_equal(sum, power);
}

/* Vnets come and go at random on FEs of few or many sizes; every answer is the naive model's. */
static void random_traces(void **state)
{
	static const char *const fe_names[MAX_FES] = {"fe0", "fe1", "fe2", "fe3",
						      "fe4", "fe5", "fe6", "fe7"};

	(void)state;
	srand(20090817);
	for (int trace = 0; trace < 300; trace++) {
		struct pdp_alloc_fe fes[MAX_FES], before[MAX_FES];
		struct held held[16] = {0};
		uint32_t sizes = trace % 3 == 0 ? 1 : trace % 3 == 1 ? 3 : 20, most = 0;
		size_t n_fes = 1 + (size_t)rand() % MAX_FES;

		for (size_t i = 0; i < n_fes; i++) {
			fes[i] = (struct pdp_alloc_fe){
				.name = fe_names[i],
				.capacity = 10 + (uint32_t)rand() % sizes * 3,
			};
			most += fes[i].capacity;
		}
		for (int event = 0; event < 40; event++) {
			struct held *h = &held[rand() % 16];
			uint32_t power = 1 + (uint32_t)rand() % (most / 2 + 1);
			struct best best;
			int ret;

			if (h->n) {
				give_back(fes, h->slices, h->n);
				h->n = 0;
				continue;
			}
			memcpy(before, fes, sizeof(fes));
			best = search_naively(fes, n_fes, power);
			ret = place_once(fes, n_fes, power, h->slices, &h->n, NULL);
			if (best.guests == UINT32_MAX) {
				assert_int_equal(ret, -ENOSPC);
				assert_int_equal(h->n, 0);
				assert_memory_equal(before, fes, n_fes * sizeof(*fes));
			} else {
				assert_int_equal(ret, 0);
				check_placed(before, fes, n_fes, power, h, best);
			}
		}
		for (size_t i = 0; i < ARRAY_SIZE(held); i++)
			give_back(fes, held[i].slices, held[i].n);
		for (size_t i = 0; i < n_fes; i++)
			assert_int_equal(fes[i].used, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_cases),
		cmocka_unit_test(too_many_guests),
		cmocka_unit_test(many_sizes),
		cmocka_unit_test(random_traces),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
