/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * powerloop.c - the limit of a guest from what it uses; see powerloop.h.
 *
 * The kernel tells CPU time in ticks of up to 4 ms, so one step says little of a small guest. Two things
 * make up for it: what a packet costs is taken from several steps, and the debt forgets nothing, so that
 * errors do not add up.
 */
#include "ctl/powerloop.h"

#include <stdbool.h>

#define NS_OF_MS 1e6
#define NS_OF_S 1e9

#define MEMORY 0.75 /* of what was lately, at each step */
#define FAR_OFF 1.5 /* times the power: what was lately says nothing of now */
#define SAVED_NS (0.1 * NS_OF_S) /* of its power, or */
#define SAVED_MIN_NS (10 * NS_OF_MS) /* in CPU time: some ticks */
#define DEBT_NS NS_OF_S /* of its power at most; paid back in a second */
#define OWN 0.5 /* of the power, each half's */
#define NOTICED (1.0 / 16) /* of the power: less is no reason for another quota */
#define PACE_MIN 0.25 /* times the power, while it pays back much */
#define CALM_STEPS 10
#define LIMIT_MIN 100 /* packets a second */
#define LIMIT_MAX 1e8

/* Cores. */
static double power_of(const struct pdp_power_step *step)
{
	return step->power / 1000.0;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

static double saved_most(const struct pdp_power_step *step)
{
	return most(power_of(step) * SAVED_NS, SAVED_MIN_NS);
}

/*
 * Of the agent's time counts what is its own half; the rest is what its fast half has left. It uses its quota in slices, so
 * that what one step lacks of that half is the next one's.
 */
static void count(struct pdp_power_loop *loop, const struct pdp_power_step *step)
{
	double agent_ns;

	loop->own_ns += OWN * power_of(step) * (double)step->ns;
	agent_ns = least((double)step->agent_ns, loop->own_ns);
	loop->own_ns = least(loop->own_ns - agent_ns, saved_most(step));
	loop->used_ns = (double)step->cpu_ns + agent_ns;
}

static void book(struct pdp_power_loop *loop, const struct pdp_power_step *step)
{
	const double power = power_of(step);

	loop->debt_ns += loop->used_ns - power * (double)step->ns;
	loop->debt_ns = most(loop->debt_ns, -saved_most(step));
	loop->debt_ns = least(loop->debt_ns, power * DEBT_NS);
}

static bool is_far_off(const struct pdp_power_loop *loop, const struct pdp_power_step *step)
{
	const double share = power_of(step) * (double)step->ns;

	return loop->used_ns > FAR_OFF * share + SAVED_MIN_NS;
}

/*
 * Where packets were dropped, all that the limit lets in might have come: a source that pauses and then sends
 * more at once than it may is to have its power too.
 */
static double bought(const struct pdp_power_loop *loop, const struct pdp_power_step *step)
{
	const double let_in = (double)loop->limit_pps * (double)step->ns / NS_OF_S;

	return step->drops ? most((double)step->packets, let_in) : (double)step->packets;
}

static void remember(struct pdp_power_loop *loop, const struct pdp_power_step *step)
{
	const double memory = is_far_off(loop, step) ? 0 : MEMORY;

	loop->packets = loop->packets * memory + bought(loop, step);
	loop->spent_ns = loop->spent_ns * memory + loop->used_ns;
}

/* What the power buys; 0 when nothing is known. */
static double affordable(const struct pdp_power_loop *loop, const struct pdp_power_step *step)
{
	const double power = power_of(step) * NS_OF_S;
	const double pace = most(power - loop->debt_ns, power * PACE_MIN);

	if (loop->spent_ns <= 0 || loop->packets <= 0)
		return 0;
	return pace * loop->packets / loop->spent_ns;
}

uint64_t pdp_power_step(struct pdp_power_loop *loop, const struct pdp_power_step *step)
{
	bool indebted;
	double pps;

	count(loop, step);
	remember(loop, step);
	book(loop, step);
	indebted = loop->debt_ns > 0;
	loop->calm = indebted || step->drops ? 0 : loop->calm + 1;
	if (!indebted && (!loop->limit_pps || loop->calm >= CALM_STEPS))
		return loop->limit_pps = 0;
	pps = affordable(loop, step);
	if (pps <= 0)
		return loop->limit_pps;
	/* Few packets are dear ones: while all get through, that is no reason to let fewer in. */
	if (loop->calm && pps < (double)loop->limit_pps)
		return loop->limit_pps;
	return loop->limit_pps = (uint64_t)most(least(pps, LIMIT_MAX), LIMIT_MIN);
}

uint32_t pdp_power_agent(uint32_t power, uint32_t now, uint64_t fast_ns, uint64_t ns)
{
	const double fast = 1000.0 * (double)fast_ns / (double)ns;
	const double left = most(power - fast, OWN * power);

	if (!fast_ns)
		return power;
	if (most(now - left, left - now) < NOTICED * power)
		return now;
	return (uint32_t)(left + 0.5);
}
