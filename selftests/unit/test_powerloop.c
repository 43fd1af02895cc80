/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_powerloop - the power loop against simulated guests: what a packet costs, how many come, and CPU
 * time that is told in ticks, as the kernel does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "ctl/powerloop.h"

#define TICK_NS 4e6
#define STEP_NS (PDP_POWER_STEP_MS * 1e6)
#define GUESTS_MAX 4

/* A guest on a CPU that it may have all of: nothing but the loop holds it. */
struct sim_guest {
	double weight; /* its share of the vnet's packets */
	double packet_ns;
	double idle_ns; /* used in each step whatever comes */
	double used_ns, told_ns;
};

struct sim {
	struct pdp_power_loop loop;
	struct pdp_power_guest guest[GUESTS_MAX];
	struct sim_guest sim[GUESTS_MAX];
	size_t n;
	double duty; /* the part of the time that packets come in; 0 = all of it */
	double processed, dropped; /* so far */
	double lowest, highest; /* share of its power that the first guest used, in any second */
};

static void add_guest(struct sim *sim, uint32_t power, double weight, double packet_ns)
{
	sim->guest[sim->n].power = power;
	sim->sim[sim->n++] = (struct sim_guest){.weight = weight, .packet_ns = packet_ns};
}

/* Deterministic noise within 5 %. */
static double noisy(double value)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return value * (0.95 + 0.1 * (seed >> 8) / (1 << 24));
}

/* What one guest makes of its packets; the rest is lost on its link, for nothing. */
static double process(struct sim_guest *guest, double packets)
{
	const double cost = noisy(guest->packet_ns);
	const double room = (STEP_NS - guest->idle_ns) / cost;
	const double done = packets < room ? packets : room;

	guest->used_ns += guest->idle_ns + done * cost;
	return done;
}

static uint64_t tell(struct sim_guest *guest)
{
	const double ticks = (double)(uint64_t)(guest->used_ns / TICK_NS) * TICK_NS;
	const double told = ticks - guest->told_ns;

	guest->told_ns = ticks;
	return (uint64_t)told;
}

static void step(struct sim *sim, double offered_pps)
{
	const double ms = PDP_POWER_STEP_MS * (sim->duty > 0 ? sim->duty : 1);
	const double offered = offered_pps * ms / 1000;
	const double limit = (double)sim->loop.limit_pps * ms / 1000;
	const double in = sim->loop.limit_pps && offered > limit ? limit : offered;
	struct pdp_power_step now = {.ns = (uint64_t)STEP_NS, .drops = (uint64_t)(offered - in)};
	double done = 0;

	for (size_t i = 0; i < sim->n; i++) {
		done += process(&sim->sim[i], in * sim->sim[i].weight);
		sim->guest[i].cpu_ns = tell(&sim->sim[i]);
	}
	now.packets = (uint64_t)done;
	sim->processed += done;
	sim->dropped += offered - in;
	pdp_power_step(&sim->loop, sim->guest, sim->n, &now);
}

/* For so long; returns the share of its power that guest 0 used. */
static double run(struct sim *sim, double offered_pps, unsigned int seconds)
{
	const double begun = sim->sim[0].used_ns;
	const double second = sim->guest[0].power * 1e6;

	sim->lowest = 1e9;
	sim->highest = 0;
	for (unsigned int s = 0; s < seconds; s++) {
		const double before = sim->sim[0].used_ns;
		double share;

		for (unsigned int i = 0; i < 1000 / PDP_POWER_STEP_MS; i++)
			step(sim, offered_pps);
		share = (sim->sim[0].used_ns - before) / second;
		sim->lowest = share < sim->lowest ? share : sim->lowest;
		sim->highest = share > sim->highest ? share : sim->highest;
	}
	return (sim->sim[0].used_ns - begun) / second / seconds;
}

static void assert_between(double value, double low, double high)
{
	if (value < low || value > high)
		fail_msg("%g is not in %g..%g", value, low, high);
}

static void overload_uses_the_power(void **state)
{
	static const uint32_t powers[] = {10, 50, 200, 300, 500, 900};

	(void)state;
	for (size_t i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
		struct sim sim = {0};
		const double fair = powers[i] * 1e6 / 500;

		add_guest(&sim, powers[i], 1, 500);
		run(&sim, 10 * fair, 3);
		assert_between(run(&sim, 10 * fair, 60), 0.98, 1.02);
		assert_between((double)sim.loop.limit_pps, 0.5 * fair, 1.6 * fair);
	}
}

static void it_does_not_swing(void **state)
{
	struct sim sim = {0};

	(void)state;
	add_guest(&sim, 300, 1, 700);
	run(&sim, 4e6, 3);
	run(&sim, 4e6, 60);
	assert_between(sim.lowest, 0.94, 1);
	assert_between(sim.highest, 1, 1.06);
}

static void a_flood_is_paid_back_soon(void **state)
{
	struct sim sim = {0};
	double used;

	(void)state;
	add_guest(&sim, 200, 1, 500);
	run(&sim, 1000, 5);
	used = sim.sim[0].used_ns;
	for (int i = 0; i < 5; i++)
		step(&sim, 5e6);
	/* All of the CPU for two steps at most, of which one was saved up for. */
	assert_between(sim.sim[0].used_ns - used, 0, 3.5 * STEP_NS);
	assert_between(run(&sim, 5e6, 5), 0.7, 1.02);
	assert_between(run(&sim, 5e6, 10), 0.97, 1.03);
}

static void it_recovers(void **state)
{
	struct sim sim = {0};
	double dropped;

	(void)state;
	add_guest(&sim, 200, 1, 500);
	run(&sim, 5e6, 10);
	assert_true(sim.loop.limit_pps > 0);
	/* A half of the power from now on: no drop, and then no limit either. */
	step(&sim, 2e5);
	dropped = sim.dropped;
	run(&sim, 2e5, 3);
	assert_between(sim.dropped - dropped, 0, 0);
	assert_int_equal(sim.loop.limit_pps, 0);
	/* And as well from a stand. */
	run(&sim, 5e6, 5);
	run(&sim, 0, 3);
	assert_int_equal(sim.loop.limit_pps, 0);
}

static void under_its_share_it_is_never_limited(void **state)
{
	static const uint32_t powers[] = {10, 50, 200, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
		struct sim sim = {0};
		const double fair = powers[i] * 1e6 / 500;

		add_guest(&sim, powers[i], 1, 500);
		for (int s = 0; s < 600; s++) {
			step(&sim, 0.93 * fair);
			assert_int_equal(sim.loop.limit_pps, 0);
		}
		/* Nor when it comes in bursts of what it has saved up. */
		for (int s = 0; s < 600; s++) {
			step(&sim, s % 10 ? 0.5 * fair : 1.3 * fair);
			assert_int_equal(sim.loop.limit_pps, 0);
		}
	}
}

static void idle_guests_are_not_limited(void **state)
{
	struct sim sim = {0};

	(void)state;
	add_guest(&sim, 100, 1, 500);
	run(&sim, 0, 10);
	assert_int_equal(sim.loop.limit_pps, 0);
	/* Few packets, each of which seems dear since the guest is busy with something else. */
	sim.sim[0].idle_ns = 8e6;
	run(&sim, 20, 10);
	assert_int_equal(sim.loop.limit_pps, 0);
	assert_between(sim.dropped, 0, 0);
}

static void packets_get_dearer(void **state)
{
	struct sim sim = {0};

	(void)state;
	add_guest(&sim, 400, 1, 300);
	run(&sim, 5e6, 10);
	sim.sim[0].packet_ns = 3000;
	run(&sim, 5e6, 3);
	assert_between(run(&sim, 5e6, 20), 0.97, 1.03);
	sim.sim[0].packet_ns = 200;
	run(&sim, 5e6, 3);
	assert_between(run(&sim, 5e6, 20), 0.97, 1.03);
}

/* Nothing comes two thirds of the time, and then ten times as much as it may. */
static void a_source_may_pause(void **state)
{
	struct sim sim = {.duty = 0.33};

	(void)state;
	add_guest(&sim, 200, 1, 500);
	run(&sim, 4e6, 5);
	assert_between(run(&sim, 4e6, 30), 0.96, 1.04);
	/* And then comes without a pause. */
	sim.duty = 0;
	assert_between(run(&sim, 4e6, 10), 0.9, 1.1);
}

/* Two guests share as their powers are; a third gets more than its own, and is the one that counts. */
static void guests_of_a_vnet(void **state)
{
	struct sim sim = {0};

	(void)state;
	add_guest(&sim, 400, 2.0 / 3, 500);
	add_guest(&sim, 200, 1.0 / 3, 500);
	run(&sim, 5e6, 3);
	assert_between(run(&sim, 5e6, 30), 0.93, 1.02);

	sim = (struct sim){0};
	add_guest(&sim, 200, 0.5, 500);
	add_guest(&sim, 800, 0.5, 500);
	run(&sim, 5e6, 3);
	assert_between(run(&sim, 5e6, 30), 0.97, 1.03);
	assert_between(sim.sim[1].used_ns / sim.sim[0].used_ns, 0.8, 1.2);
}

static void steps_may_be_late(void **state)
{
	struct pdp_power_loop loop = {0};
	struct pdp_power_guest guest = {.power = 200};
	struct pdp_power_step late = {.ns = 700000000, .packets = 280000};

	(void)state;
	/* Exactly its power, whatever the length of the step. */
	guest.cpu_ns = 140000000;
	for (int i = 0; i < 20; i++)
		assert_int_equal(pdp_power_step(&loop, &guest, 1, &late), 0);
	guest.cpu_ns = 280000000;
	late.packets = 560000;
	assert_in_range(pdp_power_step(&loop, &guest, 1, &late), 100000, 400000);
	/* No guest, and nothing measured. */
	late.packets = 0;
	guest.cpu_ns = 0;
	assert_int_equal(pdp_power_step(&(struct pdp_power_loop){0}, &guest, 0, &late), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overload_uses_the_power),
		cmocka_unit_test(it_does_not_swing),
		cmocka_unit_test(a_flood_is_paid_back_soon),
		cmocka_unit_test(it_recovers),
		cmocka_unit_test(under_its_share_it_is_never_limited),
		cmocka_unit_test(idle_guests_are_not_limited),
		cmocka_unit_test(packets_get_dearer),
		cmocka_unit_test(a_source_may_pause),
		cmocka_unit_test(guests_of_a_vnet),
		cmocka_unit_test(steps_may_be_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
