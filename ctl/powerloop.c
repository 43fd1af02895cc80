/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * powerloop.c - the limit of a vnet from what its guests use; see powerloop.h.
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
static double power_of(const struct pdp_power_guest *guest)
{
	return guest->power / 1000.0;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

static double saved_most(const struct pdp_power_guest *guest)
{
	return most(power_of(guest) * SAVED_NS, SAVED_MIN_NS);
}

/*
 * Of the agent's time counts what is its own half; the rest is what its fast half has left. It uses its quota in slices, so
 * that what one step lacks of that half is the next one's.
 */
static void count(struct pdp_power_guest *guest, const struct pdp_power_step *step)
{
	double agent_ns;

	guest->own_ns += OWN * power_of(guest) * (double)step->ns;
	agent_ns = least((double)guest->agent_ns, guest->own_ns);
	guest->own_ns = least(guest->own_ns - agent_ns, saved_most(guest));
	guest->used_ns = (double)guest->cpu_ns + agent_ns;
}

static void book(struct pdp_power_guest *guest, const struct pdp_power_step *step)
{
	const double power = power_of(guest);

	guest->debt_ns += guest->used_ns - power * (double)step->ns;
	guest->debt_ns = most(guest->debt_ns, -saved_most(guest));
	guest->debt_ns = least(guest->debt_ns, power * DEBT_NS);
}

static bool is_far_off(const struct pdp_power_guest *guests, size_t n,
		       const struct pdp_power_step *step)
{
	for (size_t i = 0; i < n; i++) {
		const double share = power_of(&guests[i]) * (double)step->ns;

		if (guests[i].used_ns > FAR_OFF * share + SAVED_MIN_NS)
			return true;
	}
	return false;
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

static void remember(struct pdp_power_loop *loop, struct pdp_power_guest *guests, size_t n,
		     const struct pdp_power_step *step)
{
	const double memory = is_far_off(guests, n, step) ? 0 : MEMORY;

	loop->packets = loop->packets * memory + bought(loop, step);
	for (size_t i = 0; i < n; i++)
		guests[i].spent_ns = guests[i].spent_ns * memory + guests[i].used_ns;
}

/* What the power of the guest that is dearest for it buys; 0 when nothing is known. */
static double affordable(const struct pdp_power_loop *loop, const struct pdp_power_guest *guests,
			 size_t n)
{
	double lowest = 0;

	for (size_t i = 0; i < n; i++) {
		const struct pdp_power_guest *guest = &guests[i];
		const double power = power_of(guest) * NS_OF_S;
		const double pace = most(power - guest->debt_ns, power * PACE_MIN);
		double pps;

		if (guest->spent_ns <= 0 || loop->packets <= 0)
			continue;
		pps = pace * loop->packets / guest->spent_ns;
		if (lowest <= 0 || pps < lowest)
			lowest = pps;
	}
	return lowest;
}

uint64_t pdp_power_step(struct pdp_power_loop *loop, struct pdp_power_guest *guests, size_t n,
			const struct pdp_power_step *step)
{
	bool indebted = false;
	double pps;

	for (size_t i = 0; i < n; i++)
		count(&guests[i], step);
	remember(loop, guests, n, step);
	for (size_t i = 0; i < n; i++) {
		book(&guests[i], step);
		indebted |= guests[i].debt_ns > 0;
	}
	loop->calm = indebted || step->drops ? 0 : loop->calm + 1;
	if (!indebted && (!loop->limit_pps || loop->calm >= CALM_STEPS))
		return loop->limit_pps = 0;
	pps = affordable(loop, guests, n);
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
