/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_pair4.c - wide groups that are pairs: which are, what they become, and that there is always room for that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

#include "fe-agent/lpm4.h"

#define BASE 0x0a090000u /* the /16 that the tests are in */
#define SHORTER 99 /* what 10.0.0.0/8 leads to */

struct lab {
	struct pdp_router_memory memory;
	struct pdp_lpm4 lpm;
	uint32_t values[PDP_GROUP4_ENTRIES]; /* of each /24 in BASE, 0: no route */
};

static void make(struct lab *lab, uint32_t wides)
{
	struct pdp_router_memory part;
	uint32_t old;

	*lab = (struct lab){0};
	assert_int_equal(pdp_router_memory_anonymous(&lab->memory), 0);
	part = lab->memory;
	part.sizes.wides4 = wides;
	/* Pairs are where the fast half reads. */
	part.shared = true;
	assert_int_equal(pdp_lpm4_init(&lab->lpm, &part), 0);
	assert_int_equal(pdp_lpm4_add(&lab->lpm,
				      &(struct pdp_lpm_prefix){.hi = 10ULL << 56, .len = 8}, 0,
				      SHORTER, &old),
			 0);
}

static void end(struct lab *lab)
{
	pdp_lpm4_fini(&lab->lpm);
	pdp_router_memory_unmap(&lab->memory);
}

static struct pdp_lpm_prefix slash24(uint32_t addr)
{
	return (struct pdp_lpm_prefix){.hi = (uint64_t)addr << 32, .len = 24};
}

static int route(struct pdp_lpm4 *lpm, uint32_t addr, uint32_t value)
{
	struct pdp_lpm_prefix p = slash24(addr);
	uint32_t old;

	return value ? pdp_lpm4_add(lpm, &p, 0, value, &old) : pdp_lpm4_del(lpm, &p, 0, &old);
}

static void set(struct lab *lab, unsigned int i, uint32_t value)
{
	if (lab->values[i] == value)
		return;
	lab->values[i] = value;
	assert_int_equal(route(&lab->lpm, BASE + (i << 8), value), 0);
}

static uint32_t lookup(const struct lab *lab, uint32_t addr)
{
	uint32_t value;

	pdp_lpm4_lookup_burst(&lab->lpm, &addr, &value, 1);
	return value;
}

static void is_right(const struct lab *lab, uint32_t shorter)
{
	for (unsigned int i = 0; i < PDP_GROUP4_ENTRIES; i++)
		assert_int_equal(lookup(lab, BASE + (i << 8) + 77),
				 lab->values[i] ? lab->values[i] : shorter);
	assert_int_equal(lookup(lab, BASE - 1), SHORTER);
	assert_int_equal(lookup(lab, BASE + 0x10000), SHORTER);
}

static bool is_pair(const struct lab *lab)
{
	return pdp_group4_is_pair(&lab->lpm.wide.t, lab->lpm.groups[BASE >> 16]);
}

/* Every other /24, from one to all of them, leads to one thing: that is a pair, however many runs it is. */
static void two_things_are_a_pair(void **state)
{
	struct lab lab;

	(void)state;
	make(&lab, PDP_RT_GROUPS);
	for (unsigned int i = 0; i < PDP_GROUP4_ENTRIES; i += 2) {
		set(&lab, i, 5);
		assert_true(is_pair(&lab));
		is_right(&lab, SHORTER);
	}
	for (unsigned int i = 1; i < PDP_GROUP4_ENTRIES; i += 2) {
		set(&lab, i, 6);
		assert_int_equal(is_pair(&lab), i == 255);
		is_right(&lab, SHORTER);
	}
	/* Another of the two. */
	set(&lab, 0, 6);
	assert_true(is_pair(&lab));
	is_right(&lab, SHORTER);
	end(&lab);
}

static void a_third_thing_is_none(void **state)
{
	struct lab lab;

	(void)state;
	make(&lab, PDP_RT_GROUPS);
	set(&lab, 63, 5);
	set(&lab, 64, 5);
	set(&lab, 200, 5);
	for (unsigned int i = 0; i < PDP_GROUP4_ENTRIES; i++) {
		const uint32_t before = lab.values[i];

		assert_true(is_pair(&lab));
		set(&lab, i, 7);
		assert_false(is_pair(&lab));
		is_right(&lab, SHORTER);
		set(&lab, i, before);
	}
	assert_true(is_pair(&lab));
	is_right(&lab, SHORTER);
	end(&lab);
}

/* A /24 with a longer prefix leads to a narrow group, which is a thing like others. */
static void a_narrow_group_is_a_thing(void **state)
{
	const struct pdp_lpm_prefix p = {.hi = (uint64_t)(BASE + 0x0901) << 32, .len = 32};
	struct lab lab;
	uint32_t old;

	(void)state;
	make(&lab, PDP_RT_GROUPS);
	set(&lab, 9, 5);
	assert_int_equal(pdp_lpm4_add(&lab.lpm, &p, 0, 8, &old), 0);
	assert_true(is_pair(&lab));
	assert_int_equal(lookup(&lab, BASE + 0x0901), 8);
	is_right(&lab, SHORTER);
	set(&lab, 10, 5);
	assert_false(is_pair(&lab));
	assert_int_equal(lookup(&lab, BASE + 0x0901), 8);
	is_right(&lab, SHORTER);
	end(&lab);
}

/* What the /16 and shorter ones lead to is said of a pair as of other groups, and can change. */
static void shorter_ones_show_through(void **state)
{
	const struct pdp_lpm_prefix p = {.hi = (uint64_t)BASE << 32, .len = 16};
	struct lab lab;
	uint32_t old;

	(void)state;
	make(&lab, PDP_RT_GROUPS);
	set(&lab, 3, 5);
	set(&lab, 130, 5);
	assert_true(is_pair(&lab));
	is_right(&lab, SHORTER);
	assert_int_equal(pdp_lpm4_add(&lab.lpm, &p, 0, 50, &old), 0);
	is_right(&lab, 50);
	set(&lab, 131, 5);
	is_right(&lab, 50);
	assert_int_equal(pdp_lpm4_del(&lab.lpm, &p, 0, &old), 0);
	is_right(&lab, SHORTER);
	end(&lab);
}

/* A group that is one run no reader comes to. */
static void one_thing_is_none(void **state)
{
	struct lab lab;

	(void)state;
	make(&lab, PDP_RT_GROUPS);
	for (unsigned int i = 0; i < PDP_GROUP4_ENTRIES; i++)
		set(&lab, i, 5);
	assert_false(is_pair(&lab));
	assert_int_equal(lab.lpm.root[BASE >> 16], 5);
	is_right(&lab, SHORTER);
	for (unsigned int i = 0; i < PDP_GROUP4_ENTRIES; i++)
		set(&lab, i, 0);
	assert_int_equal(pdp_rcu_ids_used(&lab.lpm.wide.ids), 0);
	assert_int_equal(pdp_rcu_ids_used(&lab.lpm.wide.pair_ids), 0);
	end(&lab);
}

/* Random ones of two values and of three, in a table where nothing waits for long. */
static void changes_at_random(void **state)
{
	unsigned int pairs = 0, others = 0;
	struct lab lab;

	(void)state;
	make(&lab, 2048);
	srand(7);
	for (unsigned int i = 0; i < 20000; i++) {
		const unsigned int values = i / 5000 % 2 ? 2 : 4;

		set(&lab, (unsigned int)rand() % PDP_GROUP4_ENTRIES, (unsigned int)rand() % values);
		if (is_pair(&lab))
			pairs++;
		else
			others++;
		if (i % 16 == 0)
			is_right(&lab, SHORTER);
	}
	assert_true(pairs > 1000 && others > 1000);
	end(&lab);
}

#define FEW 4096 /* ids there are in the tests of what runs out; one in four is a pair's */

static unsigned int count_pairs(const struct lab *lab)
{
	unsigned int n = 0;

	for (uint32_t id = 1; id < FEW; id++)
		n += pdp_group4_is_pair(&lab->lpm.wide.t, id);
	return n;
}

/* As many /16s as there may be, in each a /24 that leads to 5. */
static uint32_t fill(struct lab *lab)
{
	uint32_t n = 0;

	while (!route(&lab->lpm, 0x20000000 + (n << 16), 5))
		n++;
	assert_int_equal(n, FEW - 2);
	return n;
}

/* Without a pair left it is another group, and the table is not full for that. */
static void pairs_run_out(void **state)
{
	struct lab lab;
	uint32_t n;

	(void)state;
	make(&lab, FEW);
	n = fill(&lab);
	assert_in_range(count_pairs(&lab), FEW / 8, FEW / 4);
	while (n-- > 0) {
		assert_int_equal(lookup(&lab, 0x20000000 + (n << 16)), 5);
		assert_int_equal(lookup(&lab, 0x20000100 + (n << 16)), 0);
	}
	end(&lab);
}

/* In a full table each pair can become a group that is none. */
static void each_pair_has_room(void **state)
{
	struct lab lab;
	uint32_t n, i;

	(void)state;
	make(&lab, FEW);
	n = fill(&lab);
	for (i = 0; i < n; i++) {
		const uint32_t at = 0x20000000 + (i << 16);

		assert_int_equal(route(&lab.lpm, at + 0x0900, 6), 0);
		assert_int_equal(lookup(&lab, at), 5);
		assert_int_equal(lookup(&lab, at + 0x0900), 6);
		assert_int_equal(lookup(&lab, at + 0x0a00), 0);
	}
	assert_int_equal(count_pairs(&lab), 0);
	for (i = 0; i < n; i++) {
		const uint32_t at = 0x20000000 + (i << 16);

		assert_int_equal(route(&lab.lpm, at, 6), 0);
		assert_int_equal(lookup(&lab, at), 6);
		assert_int_equal(lookup(&lab, at + 0x0900), 6);
	}
	/* Half of them go; those that change then may be pairs again. */
	for (i = 0; i < n; i++) {
		assert_int_equal(route(&lab.lpm, 0x20000000 + (i << 16), 0), 0);
		if (i < n / 2)
			assert_int_equal(route(&lab.lpm, 0x20000900 + (i << 16), 0), 0);
	}
	assert_in_range(count_pairs(&lab), 1, FEW / 4);
	end(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_things_are_a_pair),
		cmocka_unit_test(a_third_thing_is_none),
		cmocka_unit_test(a_narrow_group_is_a_thing),
		cmocka_unit_test(shorter_ones_show_through),
		cmocka_unit_test(one_thing_is_none),
		cmocka_unit_test(changes_at_random),
		cmocka_unit_test(pairs_run_out),
		cmocka_unit_test(each_pair_has_room),
	};
	int failed;

	rcu_register_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_unregister_thread();
	return failed;
}
