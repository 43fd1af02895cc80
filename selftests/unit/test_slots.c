/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_slots - slot tables of the three policies: order, proportion, and how few flows move. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/slots.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct pdp_slot_table table, other;
static uint16_t n_slots;

/* Fill and compare with a text of one letter per slot: guest 1 is a, guest 2 is b. */
static void check_order(enum pdp_policy policy, const struct pdp_share *shares, size_t n,
			const char *want)
{
	char got[PDP_SLOTS + 1] = "";

	assert_int_equal(pdp_slots_fill(&table, &n_slots, policy, shares, n), 0);
	for (size_t i = 0; i < n_slots; i++)
		got[i] = (char)('a' + table.guest[i] - 1);
	assert_string_equal(got, want);
}

static unsigned int count_slots(const struct pdp_slot_table *t, size_t n, uint16_t guest)
{
	unsigned int count = 0;

	for (size_t i = 0; i < n; i++)
		count += t->guest[i] == guest;
	return count;
}

static void round_robin_takes_turns(void **state)
{
	const struct pdp_share shares[] = {{1, 1000}, {2, 10}, {3, 0}, {4, 500}};

	(void)state;
	check_order(PDP_POLICY_ROUND_ROBIN, shares, ARRAY_SIZE(shares), "abd");
}

static void weighted_is_smooth(void **state)
{
	static const struct {
		struct pdp_share shares[4];
		size_t n;
		const char *want;
	} cases[] = {
		{{{1, 750}, {2, 500}}, 2, "ababa"},
		{{{1, 75}, {2, 50}}, 2, "ababa"},
		{{{1, 1000}}, 1, "a"},
		{{{1, 1000}, {2, 1000}}, 2, "ab"},
		{{{1, 1000}, {2, 500}}, 2, "aba"},
		{{{1, 1000}, {2, 1000}, {3, 500}}, 3, "abcab"},
		{{{1, 5}, {2, 1}, {3, 1}}, 3, "aabacaa"},
		{{{1, 0}, {2, 300}, {3, 0}, {4, 100}}, 4, "bbdb"},
		{{{1, 4000000000}, {2, 2000000000}}, 2, "aba"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_order(PDP_POLICY_WEIGHTED, cases[i].shares, cases[i].n, cases[i].want);
}

/* Powers whose exact cycle is longer than the table: as near as a table can come, nobody starves. */
static void weighted_comes_near(void **state)
{
	const struct pdp_share odd[] = {{1, 1000}, {2, 333}};
	const struct pdp_share steep[] = {{1, 1000000}, {2, 1}, {3, 1}};
	double part;

	(void)state;
	assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_WEIGHTED, odd, 2), 0);
	assert_in_range(n_slots, 2, PDP_SLOTS);
	part = (double)count_slots(&table, n_slots, 1) / n_slots;
	assert_true(fabs(part - 1000.0 / 1333) < 0.00006);

	assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_WEIGHTED, steep, 3), 0);
	assert_int_equal(count_slots(&table, n_slots, 2), 1);
	assert_int_equal(count_slots(&table, n_slots, 3), 1);
}

/* In a smooth order no guest is ever a whole packet behind or ahead of its part, for two guests. */
static void weighted_never_bunches(void **state)
{
	(void)state;
	for (uint32_t a = 1; a <= 40; a++)
		for (uint32_t b = 1; b <= 40; b++) {
			const struct pdp_share shares[] = {{1, a}, {2, b}};
			double got = 0;

			assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_WEIGHTED,
							shares, 2),
					 0);
			for (uint32_t i = 0; i < n_slots; i++) {
				got += table.guest[i] == 1;
				assert_true(fabs(got - (i + 1.0) * a / (a + b)) < 1);
			}
		}
}

static void nobody_has_power(void **state)
{
	const struct pdp_share drained[] = {{1, 0}, {2, 0}};

	(void)state;
	for (int policy = PDP_POLICY_ROUND_ROBIN; policy <= PDP_POLICY_FLOW_HASH; policy++) {
		n_slots = 7;
		assert_int_equal(pdp_slots_fill(&table, &n_slots, policy, drained, 2), 0);
		assert_int_equal(n_slots, 0);
		assert_int_equal(pdp_slots_fill(&table, &n_slots, policy, NULL, 0), 0);
		assert_int_equal(n_slots, 0);
	}
}

static void limits_are_kept(void **state)
{
	struct pdp_share many[PDP_SLOTS + 1];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct pdp_share){(uint16_t)(i + 1), 1000 + i};
	assert_int_equal(pdp_slots_fill(&table, &n_slots, 0, many, 1), -EINVAL);
	assert_int_equal(pdp_slots_fill(&table, &n_slots, 6, many, 1), -EINVAL);
	assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_WEIGHTED, many, PDP_SLOTS + 1),
			 -E2BIG);
	assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_WEIGHTED, many, PDP_SLOTS), 0);
	assert_int_equal(n_slots, PDP_SLOTS);
	assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_FLOW_HASH, many, PDP_SLOTS),
			 -E2BIG);
	assert_int_equal(
		pdp_slots_fill(&table, &n_slots, PDP_POLICY_FLOW_HASH, many, PDP_SLOTS_MAGLEV), 0);
	for (uint16_t guest = 1; guest <= PDP_SLOTS_MAGLEV; guest++)
		assert_int_equal(count_slots(&table, n_slots, guest), 1);
}

/* Every slot is filled and each guest has its part to within one slot. */
static void maglev_is_balanced(void **state)
{
	const struct pdp_share shares[] = {{3, 1000}, {9, 500}, {4, 1500}, {700, 0}, {12, 250}};
	double power = 0;

	(void)state;
	assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_FLOW_HASH, shares,
					ARRAY_SIZE(shares)),
			 0);
	assert_int_equal(n_slots, PDP_SLOTS_MAGLEV);
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
		power += shares[i].power;
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		double want = shares[i].power / power * n_slots;

		assert_true(fabs(count_slots(&table, n_slots, shares[i].guest) - want) <= 1);
	}
}

static void maglev_ignores_order(void **state)
{
	const struct pdp_share up[] = {{1, 1000}, {2, 500}, {3, 1000}, {4, 0}};
	const struct pdp_share down[] = {{3, 1000}, {2, 500}, {1, 1000}};
	uint16_t n;

	(void)state;
	assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_FLOW_HASH, up, 4), 0);
	assert_int_equal(pdp_slots_fill(&other, &n, PDP_POLICY_FLOW_HASH, down, 3), 0);
	assert_memory_equal(&table, &other, sizeof(table));
}

/* Slots that change although their guest is in both tables. */
static unsigned int moved_needlessly(uint16_t gone)
{
	unsigned int moved = 0;

	for (size_t i = 0; i < PDP_SLOTS_MAGLEV; i++)
		moved += table.guest[i] != other.guest[i] && table.guest[i] != gone &&
			 other.guest[i] != gone;
	return moved;
}

/* One guest of n goes: its slots move, of the others' few. The other way round it is a guest that comes. */
static void maglev_moves_few(void **state)
{
	unsigned int worst = 0;

	(void)state;
	for (size_t n = 2; n <= 16; n++)
		for (size_t gone = 0; gone < n; gone++) {
			struct pdp_share shares[16];
			uint16_t guest;

			for (size_t i = 0; i < n; i++)
				shares[i] = (struct pdp_share){(uint16_t)(i + 1), 1000};
			assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_FLOW_HASH,
							shares, n),
					 0);
			guest = shares[gone].guest;
			shares[gone].power = 0;
			assert_int_equal(pdp_slots_fill(&other, &n_slots, PDP_POLICY_FLOW_HASH,
							shares, n),
					 0);
			assert_int_equal(count_slots(&other, n_slots, guest), 0);
			if (moved_needlessly(guest) > worst)
				worst = moved_needlessly(guest);
		}
	print_message("# at most %u of %d slots moved between guests that stayed\n", worst,
		      PDP_SLOTS_MAGLEV);
	assert_in_range(worst, 0, PDP_SLOTS_MAGLEV / 8);
}

/* One guest grows or shrinks: slots move to it or from it, of the others' few. */
static void maglev_changes_power(void **state)
{
	struct pdp_share shares[] = {{1, 1000}, {2, 1000}, {3, 1000}, {4, 1000}};

	(void)state;
	for (uint32_t power = 100; power <= 4000; power += 100) {
		shares[2].power = 1000;
		assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_FLOW_HASH, shares, 4),
				 0);
		shares[2].power = power;
		assert_int_equal(pdp_slots_fill(&other, &n_slots, PDP_POLICY_FLOW_HASH, shares, 4),
				 0);
		assert_in_range(moved_needlessly(3), 0, PDP_SLOTS_MAGLEV / 8);
	}
}

/* Several MDs, and every version, must fill the same table: its FNV-1a digest is fixed here. */
static void maglev_is_golden(void **state)
{
	const struct pdp_share shares[] = {{1, 1000}, {2, 500}, {3, 1000}};
	uint32_t digest = 2166136261u;

	(void)state;
	assert_int_equal(pdp_slots_fill(&table, &n_slots, PDP_POLICY_FLOW_HASH, shares, 3), 0);
	for (size_t i = 0; i < n_slots; i++)
		digest = (digest ^ table.guest[i]) * 16777619u;
	assert_int_equal(digest, 0x7cff617e);
}

/* The others are filled as one of these. */
static void flowlet_and_spray_are_as(void **state)
{
	static const enum pdp_policy same[][2] = {{PDP_POLICY_FLOWLET, PDP_POLICY_FLOW_HASH},
						  {PDP_POLICY_SPRAY, PDP_POLICY_WEIGHTED}};
	const struct pdp_share shares[] = {{1, 750}, {2, 500}, {3, 333}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		uint16_t n;

		assert_int_equal(pdp_slots_fill(&table, &n_slots, same[i][0], shares, 3), 0);
		assert_int_equal(pdp_slots_fill(&other, &n, same[i][1], shares, 3), 0);
		assert_int_equal(n_slots, n);
		assert_memory_equal(&table, &other, sizeof(table));
	}
}

static void policies_have_names(void **state)
{
	(void)state;
	for (int policy = PDP_POLICY_ROUND_ROBIN; policy <= PDP_POLICY_SPRAY; policy++)
		assert_int_equal(pdp_policy_by_name(pdp_policy_name(policy)), policy);
	assert_string_equal(pdp_policy_name(PDP_POLICY_FLOW_HASH), "flow-hash");
	assert_int_equal(pdp_policy_by_name("flow"), 0);
	assert_int_equal(pdp_policy_by_name(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flowlet_and_spray_are_as),
		cmocka_unit_test(round_robin_takes_turns),
		cmocka_unit_test(weighted_is_smooth),
		cmocka_unit_test(weighted_comes_near),
		cmocka_unit_test(weighted_never_bunches),
		cmocka_unit_test(nobody_has_power),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(maglev_is_balanced),
		cmocka_unit_test(maglev_ignores_order),
		cmocka_unit_test(maglev_moves_few),
		cmocka_unit_test(maglev_changes_power),
		cmocka_unit_test(maglev_is_golden),
		cmocka_unit_test(policies_have_names),
	};

	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
