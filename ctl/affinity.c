/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* affinity.c - where pdpd itself runs; see affinity.h. */
#include "ctl/affinity.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/power.h"

/* All CPUs that a node file can name. */
struct cpus {
	cpu_set_t sets[(PDP_CPU_MAX + 1) / CPU_SETSIZE];
};

_Static_assert((PDP_CPU_MAX + 1) % CPU_SETSIZE == 0, "sets hold CPUs without a rest");

/* A process's, as its affinity is. */
static struct {
	bool known;
	struct cpus cpus;
} original;

static bool learn_original(void)
{
	if (!original.known)
		original.known = !sched_getaffinity(0, sizeof(original.cpus), original.cpus.sets);
	return original.known;
}

void pdp_affinity_keep_off(const struct pdp_fe_conf *fes, size_t n)
{
	uint8_t named[PDP_CPU_MAX + 1];
	struct cpus cpus;

	if (!learn_original())
		return;
	cpus = original.cpus;
	for (size_t i = 0; i < n; i++) {
		if (pdp_cpus_read(named, fes[i].cpus) < 0)
			continue;
		for (size_t cpu = 0; cpu <= PDP_CPU_MAX; cpu++)
			if (named[cpu])
				CPU_CLR_S(cpu, sizeof(cpus), cpus.sets);
	}
	if (!CPU_COUNT_S(sizeof(cpus), cpus.sets) || sched_setaffinity(0, sizeof(cpus), cpus.sets))
		pdp_affinity_restore();
}

void pdp_affinity_restore(void)
{
	if (original.known)
		sched_setaffinity(0, sizeof(original.cpus), original.cpus.sets);
}
