/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest_thread.c - the kernel thread of a guest's eth0: threaded NAPI, in a group of the guest's own.
 *
 * What an XDP program on eth0 does, it does in a softirq of whoever sends, unless the device has a thread.
 * The thread's time is the guest's: it is in a group beside the container's, with the same weight, and on the
 * same CPUs. Not in the container's: it would use up the agent's quota, and not be held back itself.
 */
#include "ctl/guest.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "ctl/container.h"
#include "ctl/guest_box.h"
#include "ctl/netdev.h"
#include "ctl/netns.h"
#include "ctl/power.h"
#include "ctl/process.h"

#define LOOK_NS 1000000000ULL
#define TRIES 20

static void group_name(const struct pdp_guest_box *guest, char name[160])
{
	snprintf(name, 160, "%s" PDP_THREAD_GROUP, guest->lxc_name);
}

/* Nothing but a kernel thread is moved: in a pid namespace of our own the number would be another's. */
static int check_thread(pid_t pid, struct pdp_error *err)
{
	struct pdp_process process;

	if (!pdp_process_look(pid, &process) && process.kernel)
		return 0;
	return pdp_fail(err, -ESRCH, "process %d is no kernel thread, as seen from here", (int)pid);
}

/* "": wherever it likes. */
static int bind_cpus(pid_t pid, const char *cpus, struct pdp_error *err)
{
	uint8_t named[PDP_CPU_MAX + 1];
	const size_t size = CPU_ALLOC_SIZE(PDP_CPU_MAX + 1);
	cpu_set_t *set;
	int code = 0;

	if (!*cpus || pdp_cpus_read(named, cpus) < 0)
		return 0;
	set = CPU_ALLOC(PDP_CPU_MAX + 1);
	if (!set)
		return pdp_fail(err, -ENOMEM, "no memory for a set of CPUs");
	CPU_ZERO_S(size, set);
	for (size_t cpu = 0; cpu <= PDP_CPU_MAX; cpu++)
		if (named[cpu])
			CPU_SET_S(cpu, size, set);
	if (sched_setaffinity(pid, size, set))
		code = pdp_fail(err, -errno, "bind thread %d to CPUs %s: %s", (int)pid, cpus,
				strerror(errno));
	CPU_FREE(set);
	return code;
}

/* CPUs last: a v2 group's are those of all when a thread is moved there. */
static int take_thread(struct pdp_guest_box *guest, pid_t pid, struct pdp_error *err)
{
	struct pdp_cgroup *group = &guest->thread.cgroup;
	char name[160];
	int code = check_thread(pid, err);

	group_name(guest, name);
	if (!code)
		code = pdp_cgroup_make(group, name, err);
	if (!code)
		code = pdp_cgroup_set_weight(group, guest->k.power, err);
	if (!code)
		code = pdp_cgroup_take(group, pid, err);
	return code ? code : bind_cpus(pid, guest->k.cpus, err);
}

/* In the guest's network namespace: its thread, made or ended if it is to be. */
static int switch_thread(const struct pdp_guest_box *guest, pid_t *pid, struct pdp_error *err)
{
	int code = pdp_netdev_thread(guest->link.inner_ifindex, pid, err);

	if (code || guest->thread.on == (*pid != 0))
		return code;
	code = pdp_netdev_set_threaded(PDP_FELINK_INNER, guest->thread.on, err);
	if (!code)
		code = pdp_netdev_thread(guest->link.inner_ifindex, pid, err);
	if (!code && guest->thread.on && !*pid)
		code = pdp_fail(err, -ENOENT, "eth0 has no thread though it is to have one");
	return code;
}

/* A thread cannot be moved before it has run for the first time, which takes as long as its CPU is busy. */
static bool is_new(struct pdp_guest_box *guest, int code)
{
	return code == -EINVAL && guest->thread.tries++ < TRIES;
}

/* *pid = the thread that is the guest's now; -EAGAIN: look again soon. */
static int find_thread(struct pdp_guest_box *guest, pid_t *pid, struct pdp_error *err)
{
	int back, code = pdp_netns_enter(guest->link.netns_fd, &back, err);

	*pid = 0;
	if (code)
		return code;
	code = switch_thread(guest, pid, err);
	if (!code && *pid && *pid != guest->thread.pid)
		code = take_thread(guest, *pid, err);
	if (is_new(guest, code))
		code = -EAGAIN;
	else if (!code)
		guest->thread.tries = 0;
	/* One that is not the guest's is worse than none. */
	if (code && code != -EAGAIN)
		pdp_netdev_set_threaded(PDP_FELINK_INNER, false, NULL);
	pdp_netns_leave(back);
	return code;
}

void pdp_box_bury_thread(struct pdp_guest_box *guest)
{
	char name[160];

	guest->k.thread_ns_before += pdp_cgroup_cpu_ns(&guest->thread.cgroup);
	memset(&guest->thread.cgroup, 0, sizeof(guest->thread.cgroup));
	guest->thread.pid = 0;
	group_name(guest, name);
	pdp_cgroup_empty(name);
	pdp_cgroup_remove(name);
}

bool pdp_box_thread(struct pdp_guest_box *guest)
{
	const pid_t was = guest->thread.pid;
	const struct pdp_error why = guest->thread.why;
	pid_t pid;
	int code;

	if (!guest->link.ifindex)
		return false;
	code = find_thread(guest, &pid, &guest->thread.why);
	guest->thread.looked_ns = code == -EAGAIN ? 0 : pdp_box_now_ns();
	guest->thread.pid = code ? 0 : pid;
	if (!code || code == -EAGAIN)
		guest->thread.why.text[0] = '\0';
	if (!guest->thread.pid && (was || *guest->thread.cgroup.cpu))
		pdp_box_bury_thread(guest);
	return was != guest->thread.pid || strcmp(why.text, guest->thread.why.text) != 0;
}

bool pdp_guest_set_threaded(struct pdp_guest_box *guest, bool on)
{
	const bool told = guest->thread.told && guest->thread.on == on;
	const bool none = !on && !guest->thread.pid && !*guest->thread.why.text;

	if (told && (none || pdp_box_now_ns() - guest->thread.looked_ns < LOOK_NS))
		return false;
	guest->thread.told = true;
	guest->thread.on = on;
	return pdp_box_thread(guest);
}

bool pdp_guest_has_thread(const struct pdp_guest_box *guest)
{
	return guest->thread.pid;
}

struct pdp_guest_cpu pdp_guest_cpu(const struct pdp_guest_box *guest)
{
	return (struct pdp_guest_cpu){
		.agent_ns = guest->k.cpu_ns_before + pdp_cgroup_cpu_ns(&guest->cgroup),
		.thread_ns = guest->k.thread_ns_before + pdp_cgroup_cpu_ns(&guest->thread.cgroup),
		.softirq_ns = guest->k.softirq_ns,
	};
}

void pdp_guest_charge(struct pdp_guest_box *guest, uint64_t ns)
{
	guest->k.softirq_ns += ns;
}
