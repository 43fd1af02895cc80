/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * memory.h - how much memory the tables may take.
 *
 * A guest's limit is its cgroup's, and who goes beyond is killed: memory is refused by nobody. So the
 * agent, which the controller tells the limit, looks at what it has and refuses the route itself. One
 * limit a process, kept by the thread that writes the tables.
 */
#ifndef PDP_MEMORY_H
#define PDP_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Of the limit, for all that is not the agent's own anonymous memory: init, kernel, channel. */
#define PDP_MEMORY_SPARE (4u << 20)

/* From now on; 0 = no limit, as at first. */
void pdp_memory_limit(uint64_t bytes);

/*
 * May so many bytes more be touched? 0 or -ENOMEM. For small amounts memory is looked at only now and
 * then: what is asked for in between may be beyond the limit by a part of PDP_MEMORY_SPARE.
 */
int pdp_memory_take(size_t bytes);

/* What this process has of its own, in bytes; 0 when the kernel does not say. */
uint64_t pdp_memory_used(void);

#endif
