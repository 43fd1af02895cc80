/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * powerloop.h - how many packets a second a vnet may get so that its guests use no more CPU than their
 * power. Pure: measurements in, a limit out.
 *
 * For guests part of whose work is done where no CFS quota holds it back (docs/fast-half.md).
 * What a guest uses beyond its power is a debt, paid back within a second; what it leaves is saved up, for
 * a tenth of one. A vnet none of whose guests is in debt is not limited. When one is, the limit is what its
 * power buys at what a packet has cost lately, and it stays until the vnet has got along with it, without
 * a drop, for a second.
 *
 * An agent that a quota holds shares the power with its fast half: half of it is each one's own, and what the one
 * does not use the other may.
 */
#ifndef PDP_POWERLOOP_H
#define PDP_POWERLOOP_H

#include <stddef.h>
#include <stdint.h>

/* A guest of the vnet. Zeroed at first; the caller sets what is new before each step. */
struct pdp_power_guest {
	uint32_t power; /* millicores */
	uint64_t cpu_ns; /* used since the last step, of what nothing but the limit holds */
	uint64_t agent_ns; /* and by its agent, if a quota holds that: half of the power counts at most */
	double own_ns; /* the loop's: of the agent's half, not used so far */
	double used_ns; /* the loop's: what counts of both */
	double debt_ns; /* the loop's; below 0: saved up */
	double spent_ns; /* the loop's: lately, older steps count less */
};

/* A vnet. Zeroed at first. */
struct pdp_power_loop {
	uint64_t limit_pps; /* 0 = none is needed */
	double packets; /* lately, as pdp_power_guest.spent_ns */
	unsigned int calm; /* steps in a row that would have gone well without a limit */
};

/* What came of the vnet's packets since the last step. */
struct pdp_power_step {
	uint64_t ns; /* its length; about PDP_POWER_STEP_MS */
	uint64_t packets; /* that its guests have processed */
	uint64_t drops; /* by the limit */
};

#define PDP_POWER_STEP_MS 100

/* The limit from now on, also in loop->limit_pps. Guests that are not measured are left out. */
uint64_t pdp_power_step(struct pdp_power_loop *loop, struct pdp_power_guest *guests, size_t n,
			const struct pdp_power_step *step);

/*
 * pdp_power_agent() - what a guest's agent may use of its power from now on, in millicores: what its fast half, which
 * has used fast_ns in the last ns, leaves of it; half of it at least.
 * @now: what it may so far. Stays while that is right to one part in 16.
 */
uint32_t pdp_power_agent(uint32_t power, uint32_t now, uint64_t fast_ns, uint64_t ns);

#endif
