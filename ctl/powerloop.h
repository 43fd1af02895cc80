/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * powerloop.h - how many packets a second a guest may get so that it uses no more CPU than its power.
 * Pure: measurements in, a limit out.
 *
 * For guests part of whose work is done where no CFS quota holds it back (docs/fast-half.md).
 * What a guest uses beyond its power is a debt, paid back within a second; what it leaves is saved up, for
 * a tenth of one. A guest that is not in debt is not limited. When it is, the limit is what its
 * power buys at what a packet has cost lately, and it stays until the guest has got along with it, without
 * a drop, for a second.
 *
 * An agent that a quota holds shares the power with its fast half: half of it is each one's own, and what the one
 * does not use the other may.
 */
#ifndef PDP_POWERLOOP_H
#define PDP_POWERLOOP_H

#include <stddef.h>
#include <stdint.h>

/* A guest. Zeroed at first. */
struct pdp_power_loop {
	uint64_t limit_pps; /* 0 = none is needed */
	double packets; /* lately, older steps count less */
	double spent_ns; /* lately, as packets */
	double own_ns; /* of the agent's half, not used so far */
	double used_ns; /* what counts of both, in the last step */
	double debt_ns; /* below 0: saved up */
	unsigned int calm; /* steps in a row that would have gone well without a limit */
};

/* What came of it since the last step. */
struct pdp_power_step {
	uint64_t ns; /* its length; about PDP_POWER_STEP_MS */
	uint32_t power; /* of the guest, millicores */
	uint64_t cpu_ns; /* used of what nothing but the limit holds */
	uint64_t agent_ns; /* and by its agent, if a quota holds that: half of the power counts at most */
	uint64_t packets; /* processed */
	uint64_t drops; /* by the limit */
};

#define PDP_POWER_STEP_MS 100

/* The limit from now on, also in loop->limit_pps. */
uint64_t pdp_power_step(struct pdp_power_loop *loop, const struct pdp_power_step *step);

/*
 * pdp_power_agent() - what a guest's agent may use of its power from now on, in millicores: what its fast half, which
 * has used fast_ns in the last ns, leaves of it; half of it at least.
 * @now: what it may so far. Stays while that is right to one part in 16.
 */
uint32_t pdp_power_agent(uint32_t power, uint32_t now, uint64_t fast_ns, uint64_t ns);

#endif
