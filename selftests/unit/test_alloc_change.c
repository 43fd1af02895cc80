/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_alloc_change - growth and shrink: against searches through everything. */
#include "selftests/unit/alloc_fixture.h"

/* --- resize -------------------------------------------------------------------------------------- */

static char *resize(struct node *node, size_t vnet, uint32_t power)
{
	static char text[PDP_ERRLEN];
	struct pdp_alloc_change changes[PDP_ALLOC_CHANGES_MAX];
	struct pdp_error err;
	size_t n, at = 0;

	text[0] = '\0';
	if (pdp_alloc_resize(node->alloc, node->slices[vnet], node->vnets[vnet].n_slices, power,
			     changes, &n, &err))
		snprintf(text, sizeof(text), "%s", err.text);
	for (size_t i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "%s%s:%u->%u", i ? " " : "",
				      node->fes[changes[i].fe].name, changes[i].before,
				      changes[i].after);
	return text;
}

static void worked_resizes(void **state)
{
	static const uint32_t capacities[N_FES] = {1000, 1000, 1000, 1000, 1000};
	struct node node;

	(void)state;
	open_node(&node, capacities);
	put(&node, 0, 0, 1000);
	put(&node, 0, 1, 500);
	assert_string_equal(resize(&node, 0, 3000), "fe1:1000->1000 fe2:500->1000 fe3:0->1000");
	assert_string_equal(resize(&node, 0, 1500), "fe1:1000->1000 fe2:500->500");
	assert_string_equal(resize(&node, 0, 2500), "fe1:1000->1000 fe2:500->500 fe3:0->1000");
	assert_string_equal(resize(&node, 0, 1000), "fe1:1000->1000 fe2:500->0");
	assert_string_equal(resize(&node, 0, 1200), "fe1:1000->1000 fe2:500->200");
	assert_string_equal(resize(&node, 0, 500), "fe1:1000->0 fe2:500->500");
	assert_string_equal(resize(&node, 0, 9000),
			    "power 9000m does not fit: the node has 5000m in all (fe1, fe2, fe3 "
			    "and 2 more)");
	assert_string_equal(resize(&node, 0, 0), "power 0 makes no guest; give at least 1m");
	put(&node, 1, 1, 300);
	put(&node, 2, 2, 900);
	/* 200m are left beside it, an FE idle. */
	assert_string_equal(resize(&node, 0, 1700), "fe1:1000->1000 fe2:500->700");
	assert_string_equal(resize(&node, 0, 1800), "fe1:1000->1000 fe2:500->500 fe4:0->300");
	/* 200m beside it and 100m on fe3 are all there is. */
	put(&node, 3, 3, 1000);
	put(&node, 4, 4, 1000);
	assert_non_null(strstr(resize(&node, 0, 1801), "largest free remainder is 700m on fe2"));
	assert_string_equal(resize(&node, 0, 1800), "fe1:1000->1000 fe2:500->700 fe3:0->100");
	pdp_alloc_free(node.alloc);
}

/* 3000m and back is where it began, whatever else is there. */
static void there_and_back(void **state)
{
	static const uint32_t capacities[N_FES] = {1000, 1000, 1000, 1000, 1000};
	struct pdp_alloc_change changes[PDP_ALLOC_CHANGES_MAX];
	struct pdp_slice slices[PDP_ALLOC_CHANGES_MAX];
	struct node node;
	size_t n;

	(void)state;
	open_node(&node, capacities);
	put(&node, 0, 0, 1000);
	put(&node, 0, 1, 500);
	assert_int_equal(pdp_alloc_resize(node.alloc, node.slices[0], 2, 3000, changes, &n, NULL),
			 0);
	pdp_alloc_apply(node.alloc, changes, n);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		slices[i] = (struct pdp_slice){changes[i].fe, changes[i].after};
	assert_int_equal(pdp_alloc_resize(node.alloc, slices, n, 1500, changes, &n, NULL), 0);
	pdp_alloc_apply(node.alloc, changes, n);
	assert_int_equal(node.fes[0].used, 1000);
	assert_int_equal(node.fes[1].used, 500);
	assert_int_equal(node.fes[2].used, 0);
	pdp_alloc_free(node.alloc);
}

static void resize_among_others(void **state)
{
	static const uint32_t capacities[N_FES] = {4, 4, 6, 4, 4};
	struct node node;

	(void)state;
	open_node(&node, capacities);
	/* Red has 2 on fe1 beside 2 of green; only fe3 has room, and on a closed FE nothing grows. */
	put(&node, 0, 0, 2);
	put(&node, 1, 0, 2);
	put(&node, 1, 1, 4);
	put(&node, 2, 3, 4);
	put(&node, 2, 4, 4);
	assert_string_equal(resize(&node, 0, 7), "fe1:2->2 fe3:0->5");
	put(&node, 3, 2, 5);
	assert_string_equal(resize(&node, 0, 3), "fe1:2->2 fe3:0->1");
	assert_string_equal(resize(&node, 0, 4),
			    "power 4m does not fit: idle FEs have 0m; largest free remainder is "
			    "2m on fe1");
	pdp_alloc_set_closed(node.alloc, 0, true);
	assert_string_equal(resize(&node, 0, 3), "fe1:2->2 fe3:0->1");
	assert_string_equal(resize(&node, 0, 1), "fe1:2->1");
	pdp_alloc_free(node.alloc);
}

/* It has all the guests it may have, and none can grow: one large guest takes the place of all. */
static void resize_at_most_guests(void **state)
{
	enum { FES = PDP_VNET_GUESTS_MAX + 1 };
	struct pdp_alloc_change changes[PDP_ALLOC_CHANGES_MAX];
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct pdp_alloc_fe fes[FES];
	struct pdp_alloc *alloc;
	struct pdp_error err;
	size_t n;

	(void)state;
	for (size_t i = 0; i < FES; i++)
		fes[i] = (struct pdp_alloc_fe){.name = "fe", .capacity = 1, .used = 1};
	for (size_t i = 0; i < PDP_VNET_GUESTS_MAX; i++)
		slices[i] = (struct pdp_slice){i, 1};
	fes[PDP_VNET_GUESTS_MAX] = (struct pdp_alloc_fe){.name = "large", .capacity = 80};
	assert_int_equal(pdp_alloc_open(&alloc, fes, FES, PDP_FIT_BEST, NULL), 0);
	assert_int_equal(
		pdp_alloc_resize(alloc, slices, PDP_VNET_GUESTS_MAX, 70, changes, &n, &err), 0);
	assert_int_equal(n, FES);
	for (size_t i = 0; i < PDP_VNET_GUESTS_MAX; i++)
		assert_int_equal(changes[i].after, 0);
	assert_int_equal(changes[PDP_VNET_GUESTS_MAX].after, 70);
	/* More than the large one has and the others leave: more guests than may be. */
	assert_int_equal(pdp_alloc_resize(alloc, slices, PDP_VNET_GUESTS_MAX, 144, changes, &n,
					  &err),
			 -E2BIG);
	assert_int_equal(n, 0);
	pdp_alloc_free(alloc);
}

/* What the search through all growths without a guest that goes finds. */
struct growth {
	unsigned int added, changed;
};

struct growths {
	const struct node *node;
	const struct pdp_alloc_vnet *vnet;
	struct growth best;
};

static void try_growths(struct growths *g, size_t fe, uint32_t more, struct growth now, bool shared)
{
	const struct pdp_alloc_fe *f = &g->node->fes[fe];
	uint32_t room;
	bool own = false;

	if (more == 0) {
		if (now.added < g->best.added ||
		    (now.added == g->best.added && now.changed < g->best.changed))
			g->best = now;
		return;
	}
	if (fe == N_FES)
		return;
	try_growths(g, fe + 1, more, now, shared);
	room = f->closed ? 0 : f->capacity - f->used;
	for (size_t i = 0; i < g->vnet->n_slices; i++)
		own = own || g->vnet->slices[i].fe == fe;
	for (uint32_t part = 1; part <= room && part <= more; part++) {
		bool whole = f->used == 0 && part == f->capacity;
		struct growth next = {now.added + !own, now.changed + own};

		/* One new guest may have a part of an FE; the others have FEs to themselves. */
		if (own || whole || !shared)
			try_growths(g, fe + 1, more - part, next, shared || (!own && !whole));
	}
}

static struct growth count(const struct pdp_alloc_change *changes, size_t n, unsigned int *removed)
{
	struct growth found = {0, 0};

	*removed = 0;
	for (size_t i = 0; i < n; i++) {
		found.added += !changes[i].before;
		*removed += !changes[i].after;
		found.changed += changes[i].before && changes[i].after &&
				 changes[i].before != changes[i].after;
	}
	return found;
}

static void check_grown(struct node *node, const struct pdp_alloc_vnet *vnet, uint32_t power,
			int ret, struct growth found, unsigned int removed)
{
	struct growths g = {node, vnet, {UINT32_MAX, UINT32_MAX}};
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	size_t n;

	try_growths(&g, 0, power - power_of(vnet), (struct growth){0, 0}, false);
	if (g.best.added != UINT32_MAX) {
		assert_int_equal(ret, 0);
		assert_int_equal(removed, 0);
		assert_int_equal(found.added, g.best.added);
		assert_int_equal(found.changed, g.best.changed);
		return;
	}
	/* Then it does not fit anywhere else either. */
	assert_int_equal(ret, -ENOSPC);
	pdp_alloc_release(node->alloc, vnet->slices, vnet->n_slices);
	assert_int_equal(pdp_alloc_place(node->alloc, power, slices, &n, NULL), -ENOSPC);
	assert_int_equal(pdp_alloc_take(node->alloc, vnet->slices, vnet->n_slices, NULL), 0);
}

/* The largest guests first: so many must at least change or go. */
static unsigned int least_touched(const struct pdp_alloc_vnet *vnet, uint32_t less)
{
	uint32_t powers[PDP_VNET_GUESTS_MAX];
	unsigned int touched = 0;

	for (size_t i = 0; i < vnet->n_slices; i++)
		powers[i] = vnet->slices[i].power;
	while (less) {
		size_t largest = 0;

		for (size_t i = 0; i < vnet->n_slices; i++)
			if (powers[i] > powers[largest])
				largest = i;
		less -= powers[largest] < less ? powers[largest] : less;
		powers[largest] = 0;
		touched++;
	}
	return touched;
}

static void random_resizes(void **state)
{
	unsigned int grown = 0, refused = 0, shrunk = 0;

	(void)state;
	srand(11);
	for (int i = 0; i < 6000; i++) {
		struct pdp_alloc_change changes[PDP_ALLOC_CHANGES_MAX];
		struct pdp_alloc_vnet *vnet;
		struct growth found;
		unsigned int removed;
		struct node node;
		uint32_t power = 1 + (uint32_t)rand() % (N_FES * CAPACITY), sum = 0;
		size_t n;
		int ret;

		open_random(&node);
		vnet = &node.vnets[(size_t)rand() % N_VNETS];
		power = rand() % 2 ? power : 1 + (uint32_t)rand() % (power_of(vnet) + 3);
		ret = pdp_alloc_resize(node.alloc, vnet->slices, vnet->n_slices, power, changes, &n,
				       NULL);
		assert_unchanged(&node);
		found = count(changes, n, &removed);
		if (power >= power_of(vnet)) {
			check_grown(&node, vnet, power, ret, found, removed);
		} else {
			assert_int_equal(found.added, 0);
			assert_int_equal(removed + found.changed,
					 least_touched(vnet, power_of(vnet) - power));
		}
		assert_unchanged(&node);
		pdp_alloc_apply(node.alloc, changes, n);
		assert_capacities_hold(&node);
		for (size_t c = 0; c < n; c++)
			sum += changes[c].after;
		assert_int_equal(sum, ret ? 0 : power);
		refused += ret != 0;
		shrunk += power < power_of(vnet);
		grown += !ret && power > power_of(vnet);
		pdp_alloc_free(node.alloc);
	}
	print_message("grown %u, refused %u, shrunk %u\n", grown, refused, shrunk);
	assert_true(grown > 100 && refused > 100 && shrunk > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_resizes),      cmocka_unit_test(there_and_back),
		cmocka_unit_test(resize_among_others), cmocka_unit_test(resize_at_most_guests),
		cmocka_unit_test(random_resizes),
	};

	return cmocka_run_group_tests_name("alloc_change", tests, NULL, NULL);
}
