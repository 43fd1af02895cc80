/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cgroup.h - what a guest may use and has used, from cgroup v1 controllers or v2.
 *
 * LXC makes the groups and sets the limits (container.h); this reads back what is in force, and
 * removes what LXC leaves behind. The tree is the one below /sys/fs/cgroup.
 */
#ifndef PDP_CGROUP_H
#define PDP_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "loader/loader.h"

/* Is /sys/fs/cgroup one v2 tree? Otherwise v1, a directory per controller. */
bool pdp_cgroup_is_v2(void);

/* A CFS quota: quota_us in every period_us. */
struct pdp_cpu_quota {
	uint32_t quota_us; /* 0 = unlimited */
	uint32_t period_us;
};

/*
 * The quota for a power in millicores: a period of 10 ms, short because a throttled agent's receive
 * ring overflows in a long one; longer only where 10 ms would ask for less than the kernel's least
 * quota, 1 ms.
 */
struct pdp_cpu_quota pdp_cpu_quota(uint32_t power);

/* Weight of a power, so that guests without throttling share by power: cpu.shares, cpu.weight. */
uint32_t pdp_cpu_shares(uint32_t power);
uint32_t pdp_cpu_weight(uint32_t power);

/* Where a process's groups are; empty path: no such controller. */
struct pdp_cgroup {
	bool v2;
	char cpu[PATH_MAX];
	char cpuacct[PATH_MAX]; /* v2: as cpu */
	char memory[PATH_MAX];
};

/*
 * pdp_cgroup_parse() - the path of a controller's group in the text of /proc/PID/cgroup.
 * @controller: "cpu", "memory" ..., or "" for the v2 line. -ENOENT when there is none.
 */
int pdp_cgroup_parse(const char *text, const char *controller, char *path, size_t size);

/* The groups of a process. */
int pdp_cgroup_find(struct pdp_cgroup *out, pid_t pid, struct pdp_error *err);

/* As in force now. 0, or -errno with *out zeroed. */
int pdp_cgroup_quota(const struct pdp_cgroup *cg, struct pdp_cpu_quota *out);
/* The limit on memory; 0 when there is none or it cannot be told. */
uint64_t pdp_cgroup_memory_limit(const struct pdp_cgroup *cg);

/* Put in force: the quota and the weight of a power, a quota alone, a limit on memory. 0 or -errno with the file. */
int pdp_cgroup_set_power(const struct pdp_cgroup *cg, uint32_t power, struct pdp_error *err);
int pdp_cgroup_set_quota(const struct pdp_cgroup *cg, uint32_t power, struct pdp_error *err);
int pdp_cgroup_set_memory(const struct pdp_cgroup *cg, uint32_t mib, struct pdp_error *err);

/*
 * A group of our own at the root of the tree (of v1's cpu and cpuacct), for a kernel thread: it may be there
 * already. Its weight is that of a power, and it has no quota: a kernel thread is charged for what it uses,
 * but not held back where a quota says so (6.18), and would use up that of others in its group. It is
 * pdp_cgroup_remove()'s, once no thread is in it or pdp_cgroup_empty() was called.
 */
int pdp_cgroup_make(struct pdp_cgroup *out, const char *name, struct pdp_error *err);
int pdp_cgroup_set_weight(const struct pdp_cgroup *cg, uint32_t power, struct pdp_error *err);
/* Move a thread into it. */
int pdp_cgroup_take(const struct pdp_cgroup *cg, pid_t pid, struct pdp_error *err);
/* All that are in group NAME go to the root's. */
void pdp_cgroup_empty(const char *name);

/* CPU time used since the group was made; 0 when it cannot be told. */
uint64_t pdp_cgroup_cpu_ns(const struct pdp_cgroup *cg);
uint64_t pdp_cgroup_memory_bytes(const struct pdp_cgroup *cg);

/* SIGKILL to every process in the group NAME at the root of the tree (or of v1's pids controller). */
void pdp_cgroup_kill(const char *name);

/* Remove group NAME and the groups below it from every tree. 0; -EBUSY when one still has processes. */
int pdp_cgroup_remove(const char *name);

#endif
