/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_rebalance - slots move from an overloaded guest to an idle one: few at a time, not before it is
 * sure, not for ever, and not back and forth.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/rebalance.h"
#include "ctl/slots.h"

static struct pdp_slot_table base;
static uint16_t n_slots;
static struct pdp_rebalance r;

static int begin(void **unused)
{
	static const struct pdp_share shares[] = {{1, 500}, {2, 500}, {3, 250}};

	(void)unused;
	memset(&r, 0, sizeof(r));
	return pdp_slots_fill(&base, &n_slots, PDP_POLICY_FLOW_HASH, shares, 3);
}

static uint32_t slots_of(uint16_t guest)
{
	struct pdp_slot_table now = base;
	uint32_t n = 0;

	pdp_rebalance_apply(&r, &now, n_slots);
	for (uint16_t slot = 0; slot < n_slots; slot++)
		n += now.guest[slot] == guest;
	return n;
}

/* The first may lose packets, of a thousand that come. */
static struct pdp_rebalance_step look(uint16_t busy1, uint64_t lost1, uint16_t busy2,
				      uint16_t busy3)
{
	const struct pdp_load loads[] = {{1000, lost1, 1, busy1, true},
					 {1000, 0, 2, busy2, true},
					 {1000, 0, 3, busy3, true}};

	return pdp_rebalance_look(&r, &base, n_slots, loads, 3);
}

static void nobody_is_overloaded(void **unused)
{
	(void)unused;
	for (int i = 0; i < 100; i++)
		assert_int_equal(look(890, 10, 100, 100).n, 0);
	assert_int_equal(pdp_rebalance_away(&r, &base, n_slots), 0);
}

static void nobody_is_idle(void **unused)
{
	(void)unused;
	for (int i = 0; i < 100; i++)
		assert_int_equal(look(1000, 99, 800, 950).n, 0);
}

/* Three looks in a row must find the same; then some slots go to the idlest, and no others move. */
static void a_step(void **unused)
{
	struct pdp_rebalance_step step;
	struct pdp_slot_table now = base;
	uint32_t before = slots_of(2);

	(void)unused;
	assert_int_equal(look(950, 0, 300, 200).n, 0);
	assert_int_equal(look(950, 0, 200, 300).n, 0);
	step = look(950, 0, 200, 300);
	assert_int_equal(step.n, PDP_REBALANCE_STEP);
	assert_int_equal(step.from, 1);
	assert_int_equal(step.to, 2);
	assert_int_equal(slots_of(2), before + PDP_REBALANCE_STEP);
	pdp_rebalance_apply(&r, &now, n_slots);
	for (uint16_t slot = 0; slot < n_slots; slot++)
		assert_true(now.guest[slot] == base.guest[slot] ||
			    (base.guest[slot] == 1 && now.guest[slot] == 2));
	for (uint16_t i = 0; i < step.n; i++)
		assert_true(base.guest[step.slot[i]] == 1 && now.guest[step.slot[i]] == 2);
	assert_int_equal(pdp_rebalance_away(&r, &base, n_slots), PDP_REBALANCE_STEP);
}

/* One look that says otherwise begins the counting anew; packets lost are reason enough. */
static void it_must_be_sure(void **unused)
{
	(void)unused;
	for (int i = 0; i < 30; i++) {
		assert_int_equal(look(100, 11, 200, 300).n, 0);
		assert_int_equal(look(100, 11, 200, 300).n, 0);
		assert_int_equal(look(100, 0, 200, 300).n, 0);
	}
	look(100, 11, 200, 300);
	look(100, 11, 200, 300);
	assert_int_equal(look(100, 11, 200, 300).n, PDP_REBALANCE_STEP);
}

/* Idle is who surely is: not one that has just been busy, nor one that loses packets. */
static void who_is_idle(void **unused)
{
	const struct pdp_load loads[] = {
		{1000, 500, 1, 100, true}, {1000, 2, 2, 100, true}, {0, 0, 3, 100, false}};

	(void)unused;
	look(950, 0, 100, 1000);
	look(950, 0, 1000, 1000);
	look(950, 0, 100, 1000);
	assert_int_equal(look(950, 0, 100, 1000).n, 0);
	assert_int_equal(look(950, 0, 100, 1000).to, 2);
	memset(&r, 0, sizeof(r));
	for (int i = 0; i < 10; i++)
		assert_int_equal(pdp_rebalance_look(&r, &base, n_slots, loads, 3).n, 0);
}

/* Whatever goes on: never more at once than a step, with a rest between, and never more than a quarter away. */
static void bounds(void **unused)
{
	uint32_t last = 0, away, total = 0;
	int since = 100;

	(void)unused;
	for (int i = 0; i < 1000; i++) {
		struct pdp_rebalance_step step = look(1000, 100, 0, 0);

		since++;
		if (step.n) {
			assert_true(since >= PDP_REBALANCE_REST);
			since = 0;
		}
		assert_true(step.n <= PDP_REBALANCE_STEP);
		away = pdp_rebalance_away(&r, &base, n_slots);
		assert_true(away <= PDP_REBALANCE_AWAY);
		assert_true(away - last <= PDP_REBALANCE_STEP);
		last = away;
		total += step.n;
	}
	assert_int_equal(last, PDP_REBALANCE_AWAY);
	assert_int_equal(r.moves, total);
	assert_true(slots_of(1) > 0);
}

/*
 * Load is by slots, and one guest is half as fast as its power says. A model that answers each step at once:
 * moves come to an end, and none goes back.
 */
static void it_comes_to_rest(void **unused)
{
	uint32_t moves = 0;

	(void)unused;
	for (int i = 0; i < 2000; i++) {
		uint16_t busy1 = (uint16_t)(slots_of(1) * 2800 / n_slots);
		uint16_t busy2 = (uint16_t)(slots_of(2) * 1300 / n_slots);
		struct pdp_rebalance_step step = look(busy1, 0, busy2, 650);

		if (step.n) {
			assert_int_equal(step.from, 1);
			assert_true(i < 500);
			moves += step.n;
		}
	}
	assert_true(slots_of(1) * 2800 / n_slots < PDP_REBALANCE_BUSY);
	assert_true(moves > 0 && moves <= PDP_REBALANCE_AWAY);
}

/* Load that jumps from one guest to the other with each second moves nothing; each minute, next to nothing. */
static void it_does_not_swing(void **unused)
{
	uint32_t moves = 0;

	(void)unused;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(look(i % 2 ? 1000 : 100, 0, i % 2 ? 100 : 1000, 1000).n, 0);
	for (int i = 0; i < 6000; i++)
		moves += look(i / 60 % 2 ? 1000 : 100, 0, i / 60 % 2 ? 100 : 1000, 1000).n;
	assert_true(moves <= 6000 / PDP_REBALANCE_KEEP * 8 * PDP_REBALANCE_STEP);
	assert_true(pdp_rebalance_away(&r, &base, n_slots) <= PDP_REBALANCE_AWAY);
}

/* What was given to a guest that then goes is the policy's again, and the guest's own when it is back. */
static void a_guest_goes(void **unused)
{
	static const struct pdp_share without[] = {{1, 500}, {2, 0}, {3, 250}};
	struct pdp_slot_table rest, now;

	(void)unused;
	for (int i = 0; i < 3; i++)
		look(950, 0, 200, 300);
	assert_int_equal(pdp_rebalance_away(&r, &base, n_slots), PDP_REBALANCE_STEP);
	assert_int_equal(pdp_slots_fill(&rest, &n_slots, PDP_POLICY_FLOW_HASH, without, 3), 0);
	now = rest;
	pdp_rebalance_apply(&r, &now, n_slots);
	assert_memory_equal(&now, &rest, sizeof(now));
}

static void it_is_recalled(void **unused)
{
	struct pdp_slot_table left = base;
	struct pdp_rebalance next = {0};

	(void)unused;
	for (int i = 0; i < 100; i++)
		look(950, 0, 200, 300);
	pdp_rebalance_apply(&r, &left, n_slots);
	assert_true(pdp_rebalance_recall(&next, &base, &left, n_slots));
	assert_memory_equal(next.moved, r.moved, sizeof(r.moved));
	assert_true(next.any);
}

/* A table of a guest less, one of other guests, and one that is too far from the policy's. */
static void it_is_not_made_up(void **unused)
{
	struct pdp_slot_table left = base;
	struct pdp_rebalance next = {0};

	(void)unused;
	assert_true(pdp_rebalance_recall(&next, &base, &base, n_slots));
	assert_false(next.any);
	for (uint16_t slot = 0; slot < n_slots; slot++)
		left.guest[slot] = base.guest[slot] == 3 ? 1 : base.guest[slot];
	assert_false(pdp_rebalance_recall(&next, &base, &left, n_slots));
	left = base;
	left.guest[7] = 4;
	assert_false(pdp_rebalance_recall(&next, &base, &left, n_slots));
	for (uint16_t slot = 0; slot < n_slots / 2; slot++)
		left.guest[slot] = base.guest[slot] % 3 + 1;
	left.guest[7] = 1;
	assert_false(pdp_rebalance_recall(&next, &base, &left, n_slots));
	assert_false(next.any);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nobody_is_overloaded, begin),
		cmocka_unit_test_setup(nobody_is_idle, begin),
		cmocka_unit_test_setup(a_step, begin),
		cmocka_unit_test_setup(it_must_be_sure, begin),
		cmocka_unit_test_setup(who_is_idle, begin),
		cmocka_unit_test_setup(bounds, begin),
		cmocka_unit_test_setup(it_comes_to_rest, begin),
		cmocka_unit_test_setup(it_does_not_swing, begin),
		cmocka_unit_test_setup(a_guest_goes, begin),
		cmocka_unit_test_setup(it_is_recalled, begin),
		cmocka_unit_test_setup(it_is_not_made_up, begin),
	};

	return cmocka_run_group_tests_name("rebalance", tests, NULL, NULL);
}
