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

/* What a half has used, and what of that was told: by the kernel in ticks, or charged for what was counted. */
struct sim_time {
	double used_ns, told_ns;
};

/* A guest on a CPU that it may have all of: nothing but the loop holds it, but for its agent's quota. */
struct sim_guest {
	double weight; /* its share of the vnet's packets */
	double packet_ns;
	double idle_ns; /* used in each step whatever comes */
	struct sim_time fast;
	double agent_wants; /* cores */
	struct sim_time agent;
	uint32_t quota; /* millicores; 0 = there is no agent */
	unsigned int quotas; /* that it was given so far */
	double second_ns; /* of the fast half, in the second that has begun */
};

struct sim {
	struct pdp_power_loop loop[GUESTS_MAX];
	uint32_t power[GUESTS_MAX];
	struct sim_guest sim[GUESTS_MAX];
	size_t n;
	double duty; /* the part of the time that packets come in; 0 = all of it */
	double dropped; /* so far */
	double lowest, highest; /* share of its power that the first guest used, in any second */
};

static void add_guest(struct sim *sim, uint32_t power, double weight, double packet_ns)
{
	sim->power[sim->n] = power;
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

	guest->fast.used_ns += guest->idle_ns + done * cost;
	return done;
}

static uint64_t tell(struct sim_time *time, double tick_ns)
{
	const double ticks = (double)(uint64_t)(time->used_ns / tick_ns) * tick_ns;
	const double told = ticks - time->told_ns;

	time->told_ns = ticks;
	return (uint64_t)told;
}

/* The agent does what its quota lets it. */
static void be_agent(struct sim_guest *guest)
{
	const double quota = guest->quota / 1000.0;

	guest->agent.used_ns += STEP_NS * (guest->agent_wants < quota ? guest->agent_wants : quota);
}

/* Once a second that is another one. */
static void share(struct sim_guest *guest, uint32_t power)
{
	const uint32_t quota =
		pdp_power_agent(power, guest->quota, (uint64_t)guest->second_ns, 1000000000);

	guest->quotas += quota != guest->quota;
	guest->quota = quota;
	guest->second_ns = 0;
}

static void step_guest(struct sim *sim, size_t i, double offered, double ms)
{
	struct sim_guest *guest = &sim->sim[i];
	const double limit = (double)sim->loop[i].limit_pps * ms / 1000;
	const double in = sim->loop[i].limit_pps && offered > limit ? limit : offered;
	const double done = process(guest, in);
	struct pdp_power_step now = {
		.ns = (uint64_t)STEP_NS,
		.power = sim->power[i],
		.packets = (uint64_t)done,
		.drops = (uint64_t)(offered - in),
	};

	be_agent(guest);
	now.cpu_ns = tell(&guest->fast, guest->quota ? 1 : TICK_NS);
	now.agent_ns = tell(&guest->agent, TICK_NS);
	guest->second_ns += (double)now.cpu_ns;
	sim->dropped += offered - in;
	pdp_power_step(&sim->loop[i], &now);
}

static void step(struct sim *sim, double offered_pps)
{
	const double ms = PDP_POWER_STEP_MS * (sim->duty > 0 ? sim->duty : 1);

	for (size_t i = 0; i < sim->n; i++)
		step_guest(sim, i, offered_pps * sim->sim[i].weight * ms / 1000, ms);
}

/* For so long; returns the share of its power that guest 0 used. */
static double run(struct sim *sim, double offered_pps, unsigned int seconds)
{
	const double begun = sim->sim[0].fast.used_ns;
	const double second = sim->power[0] * 1e6;

	sim->lowest = 1e9;
	sim->highest = 0;
	for (unsigned int s = 0; s < seconds; s++) {
		const double before = sim->sim[0].fast.used_ns;
		double part;

		for (unsigned int i = 0; i < 1000 / PDP_POWER_STEP_MS; i++)
			step(sim, offered_pps);
		part = (sim->sim[0].fast.used_ns - before) / second;
		sim->lowest = part < sim->lowest ? part : sim->lowest;
		sim->highest = part > sim->highest ? part : sim->highest;
		for (size_t i = 0; i < sim->n; i++)
			if (sim->sim[i].quota)
				share(&sim->sim[i], sim->power[i]);
	}
	return (sim->sim[0].fast.used_ns - begun) / second / seconds;
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
		assert_between((double)sim.loop[0].limit_pps, 0.5 * fair, 1.6 * fair);
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
	used = sim.sim[0].fast.used_ns;
	for (int i = 0; i < 5; i++)
		step(&sim, 5e6);
	/* All of the CPU for two steps at most, of which one was saved up for. */
	assert_between(sim.sim[0].fast.used_ns - used, 0, 3.5 * STEP_NS);
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
	assert_true(sim.loop[0].limit_pps > 0);
	/* A half of the power from now on: no drop, and then no limit either. */
	step(&sim, 2e5);
	dropped = sim.dropped;
	run(&sim, 2e5, 3);
	assert_between(sim.dropped - dropped, 0, 0);
	assert_int_equal(sim.loop[0].limit_pps, 0);
	/* And as well from a stand. */
	run(&sim, 5e6, 5);
	run(&sim, 0, 3);
	assert_int_equal(sim.loop[0].limit_pps, 0);
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
			assert_int_equal(sim.loop[0].limit_pps, 0);
		}
		/* Nor when it comes in bursts of what it has saved up. */
		for (int s = 0; s < 600; s++) {
			step(&sim, s % 10 ? 0.5 * fair : 1.3 * fair);
			assert_int_equal(sim.loop[0].limit_pps, 0);
		}
	}
}

static void idle_guests_are_not_limited(void **state)
{
	struct sim sim = {0};

	(void)state;
	add_guest(&sim, 100, 1, 500);
	run(&sim, 0, 10);
	assert_int_equal(sim.loop[0].limit_pps, 0);
	/* Few packets, each of which seems dear since the guest is busy with something else. */
	sim.sim[0].idle_ns = 8e6;
	run(&sim, 20, 10);
	assert_int_equal(sim.loop[0].limit_pps, 0);
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

/* However the packets are spread over its guests, each uses its own power, and no more. */
static void guests_of_a_vnet(void **state)
{
	static const struct {
		uint32_t power[2];
		double weight;
	} cases[] = {{{400, 200}, 2.0 / 3}, {{200, 800}, 0.5}, {{300, 300}, 0.4}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sim sim = {0};
		double used;

		add_guest(&sim, cases[i].power[0], cases[i].weight, 500);
		add_guest(&sim, cases[i].power[1], 1 - cases[i].weight, 500);
		run(&sim, 5e6, 3);
		used = sim.sim[1].fast.used_ns;
		assert_between(run(&sim, 5e6, 30), 0.97, 1.03);
		used = (sim.sim[1].fast.used_ns - used) / (cases[i].power[1] * 1e6) / 30;
		assert_between(used, 0.97, 1.03);
	}
}

static void steps_may_be_late(void **state)
{
	struct pdp_power_loop loop = {0};
	struct pdp_power_step late = {
		.ns = 700000000, .power = 200, .packets = 280000, .cpu_ns = 140000000};

	(void)state;
	/* Exactly its power, whatever the length of the step. */
	for (int i = 0; i < 20; i++)
		assert_int_equal(pdp_power_step(&loop, &late), 0);
	late.cpu_ns = 280000000;
	late.packets = 560000;
	assert_in_range(pdp_power_step(&loop, &late), 100000, 400000);
	/* Nothing measured. */
	late.packets = 0;
	late.cpu_ns = 0;
	assert_int_equal(pdp_power_step(&(struct pdp_power_loop){0}, &late), 0);
}

/* What a run takes is known after some seconds, and charged for all of them at once: with all their packets it is little. */
static void what_is_charged_late_comes_with_its_time(void **state)
{
	const struct pdp_power_step late = {
		.ns = 8000000000ULL, .power = 100, .cpu_ns = 56000000, .packets = 5600};
	struct pdp_power_step alone = late;
	struct pdp_power_loop loop = {0};

	(void)state;
	assert_int_equal(pdp_power_step(&loop, &late), 0);
	/* In the last of these steps alone it would be a flood. */
	alone.ns = PDP_POWER_STEP_MS * 1000000ULL;
	alone.packets = 70;
	loop = (struct pdp_power_loop){0};
	assert_in_range(pdp_power_step(&loop, &alone), 1, 200);
}

static void an_agent_gets_what_is_left(void **state)
{
	static const struct {
		uint32_t power, now;
		uint64_t fast_ms; /* in 2 s */
		uint32_t agent;
	} cases[] = {
		{200, 200, 0, 200},    {200, 100, 0, 200},   {200, 200, 120, 140}, /* 60m */
		{200, 140, 120, 140},  {200, 200, 320, 100}, /* 160m: half is its own */
		{200, 200, 4000, 100}, {200, 200, 20, 200}, /* 10m: not worth a change, */
		{200, 140, 140, 140},  {200, 140, 100, 140}, {200, 140, 90, 155}, /* and 15m is */
		{200, 140, 150, 125},  {200, 150, 1, 200},   {200, 195, 1, 195},
		{10, 10, 20, 5},       {1, 1, 2, 1}, /* 0 would be no quota at all */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(pdp_power_agent(cases[i].power, cases[i].now,
						 cases[i].fast_ms * 1000000, 2000000000),
				 cases[i].agent);
}

static void add_agent(struct sim *sim, double wants)
{
	sim->sim[sim->n - 1].agent_wants = wants;
	sim->sim[sim->n - 1].quota = sim->power[sim->n - 1];
}

/* As run(), and *agent: what its agent used. */
static double run_both(struct sim *sim, double offered_pps, unsigned int seconds, double *agent)
{
	const double begun = sim->sim[0].agent.used_ns;
	const double fast = run(sim, offered_pps, seconds);

	*agent = (sim->sim[0].agent.used_ns - begun) / (sim->power[0] * 1e6) / seconds;
	return fast;
}

static void both_halves_share_the_power(void **state)
{
	static const uint32_t powers[] = {10, 50, 200, 500};

	(void)state;
	for (size_t i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
		struct sim sim = {0};
		double fast, agent;

		add_guest(&sim, powers[i], 1, 100);
		add_agent(&sim, 1);
		run(&sim, 5e6, 5);
		fast = run_both(&sim, 5e6, 30, &agent);
		assert_between(fast, 0.46, 0.54);
		assert_between(agent, 0.46, 0.54);
		/* Only the fast half has work: it gets all, in a few seconds. */
		sim.sim[0].agent_wants = 0;
		run(&sim, 5e6, 3);
		assert_between(run(&sim, 5e6, 20), 0.97, 1.03);
		/* Only the agent has. */
		sim.sim[0].agent_wants = 1;
		run(&sim, 0, 2);
		run_both(&sim, 0, 10, &agent);
		assert_between(agent, 0.99, 1.01);
	}
}

/* What the one leaves the other has, without a drop, and its quota stays. */
static void a_half_may_use_what_is_left(void **state)
{
	struct sim sim = {0};
	const double fair = 200 * 1e6 / 100;
	double fast, agent;

	(void)state;
	add_guest(&sim, 200, 1, 100);
	add_agent(&sim, 1);
	run(&sim, 0.3 * fair, 2);
	sim.sim[0].quotas = 0;
	fast = run_both(&sim, 0.3 * fair, 60, &agent);
	assert_between(fast, 0.28, 0.32);
	assert_between(agent, 0.62, 0.74);
	assert_in_range(sim.sim[0].quotas, 0, 6);
	assert_between(sim.dropped, 0, 0);

	sim.sim[0].agent_wants = 0.04;
	run(&sim, 0.75 * fair, 3);
	sim.sim[0].quotas = 0;
	sim.dropped = 0;
	run_both(&sim, 0.75 * fair, 60, &agent);
	assert_between(agent, 0.19, 0.21);
	assert_between(sim.dropped, 0, 0);
	assert_in_range(sim.sim[0].quotas, 0, 1);
}

/* One that comes and goes has no more in the end. */
static void halves_that_come_and_go(void **state)
{
	struct sim sim = {0};
	double used = 0;

	(void)state;
	add_guest(&sim, 200, 1, 100);
	add_agent(&sim, 1);
	run(&sim, 0, 2);
	for (int i = 0; i < 30; i++) {
		double fast, agent;

		fast = run_both(&sim, 5e6, 1 + i % 3, &agent);
		used += (fast + agent) * (1 + i % 3);
		fast = run_both(&sim, 0, 1, &agent);
		used += fast + agent;
	}
	assert_between(used / 90, 0.85, 1.06);
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
		cmocka_unit_test(what_is_charged_late_comes_with_its_time),
		cmocka_unit_test(an_agent_gets_what_is_left),
		cmocka_unit_test(both_halves_share_the_power),
		cmocka_unit_test(a_half_may_use_what_is_left),
		cmocka_unit_test(halves_that_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
