/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_pool.c - no frame of the UMEM is lost or handed out twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "fe-agent/pool.h"

#define FRAMES 512

static int setup(void **state)
{
	static struct pdp_pool pool;

	*state = &pool;
	return pdp_pool_init(&pool, FRAMES);
}

static int teardown(void **state)
{
	pdp_pool_fini(*state);
	return 0;
}

static void test_every_frame_once(void **state)
{
	struct pdp_pool *pool = *state;
	bool seen[FRAMES] = {false};
	uint64_t addr;

	for (int i = 0; i < FRAMES; i++) {
		assert_true(pdp_pool_take(pool, PDP_FILL, &addr));
		assert_int_equal(addr % PDP_FRAME_SIZE, 0);
		assert_true(addr / PDP_FRAME_SIZE < FRAMES);
		assert_false(seen[addr / PDP_FRAME_SIZE]);
		seen[addr / PDP_FRAME_SIZE] = true;
	}
	assert_false(pdp_pool_take(pool, PDP_FILL, &addr));
	assert_int_equal(pool->count[PDP_FILL], FRAMES);
	assert_true(pdp_pool_balanced(pool));
}

static void test_round_trip(void **state)
{
	struct pdp_pool *pool = *state;
	uint64_t addr, again;

	assert_true(pdp_pool_take(pool, PDP_FILL, &addr));
	/* The kernel names an address within the frame, behind its headroom. */
	assert_true(pdp_pool_move(pool, addr + PDP_FRAME_HEADROOM, PDP_FILL, PDP_HAND));
	assert_true(pdp_pool_move(pool, addr + 100, PDP_HAND, PDP_TX));
	assert_int_equal(pool->count[PDP_TX], 1);
	assert_true(pdp_pool_move(pool, addr + PDP_FRAME_SIZE - 1, PDP_TX, PDP_FREE));
	assert_int_equal(pool->count[PDP_FREE], FRAMES);
	/* The frame used last comes first. */
	assert_true(pdp_pool_take(pool, PDP_FILL, &again));
	assert_int_equal(again, addr);
}

static void test_refuses_lies(void **state)
{
	struct pdp_pool *pool = *state;
	uint64_t addr;

	assert_true(pdp_pool_take(pool, PDP_TX, &addr));
	assert_false(pdp_pool_move(pool, addr, PDP_FILL, PDP_HAND)); /* is elsewhere */
	assert_false(pdp_pool_move(pool, addr + PDP_FRAME_SIZE, PDP_TX, PDP_FREE)); /* is free */
	assert_false(pdp_pool_move(pool, (uint64_t)FRAMES * PDP_FRAME_SIZE, PDP_TX, PDP_FREE));
	assert_false(pdp_pool_move(pool, UINT64_MAX, PDP_TX, PDP_FREE));
	assert_true(pdp_pool_move(pool, addr, PDP_TX, PDP_FREE));
	assert_false(pdp_pool_move(pool, addr, PDP_TX, PDP_FREE)); /* completed twice */
	assert_int_equal(pool->count[PDP_FREE], FRAMES);
	assert_true(pdp_pool_balanced(pool));
}

/* Against a naive model: random moves, legal or not, over a million steps. */
static void test_random_walk(void **state)
{
	struct pdp_pool *pool = *state;
	enum pdp_place model[FRAMES] = {PDP_FREE};
	unsigned int seed = 1;

	for (int step = 0; step < 1000000; step++) {
		unsigned int frame = rand_r(&seed) % (FRAMES + 8);
		enum pdp_place from = rand_r(&seed) % PDP_PLACES, to = rand_r(&seed) % PDP_PLACES;
		uint64_t addr = (uint64_t)frame * PDP_FRAME_SIZE;

		if (from == to)
			continue;
		if (from == PDP_FREE) {
			if (!pdp_pool_take(pool, to, &addr))
				continue;
			frame = addr / PDP_FRAME_SIZE;
			assert_int_equal(model[frame], PDP_FREE);
			model[frame] = to;
			continue;
		}
		if (frame < FRAMES && model[frame] == from) {
			assert_true(pdp_pool_move(pool, addr, from, to));
			model[frame] = to;
		} else {
			assert_false(pdp_pool_move(pool, addr, from, to));
		}
	}
	for (int place = 0; place < PDP_PLACES; place++) {
		uint32_t n = 0;

		for (int i = 0; i < FRAMES; i++)
			n += model[i] == (enum pdp_place)place;
		assert_int_equal(pool->count[place], n);
	}
	assert_true(pdp_pool_balanced(pool));
}

static void test_fini_twice(void **state)
{
	struct pdp_pool pool = {0};

	(void)state;
	pdp_pool_fini(&pool);
	assert_int_equal(pdp_pool_init(&pool, 1), 0);
	pdp_pool_fini(&pool);
	pdp_pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_frame_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuses_lies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_walk, setup, teardown),
		cmocka_unit_test(test_fini_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
