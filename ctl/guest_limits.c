/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* guest_limits.c - what a guest may use, and what stands on its link: changed and mended while it runs. */
#include "ctl/guest.h"

#include <errno.h>
#include <stdio.h>

#include "ctl/guest_box.h"
#include "ctl/netns.h"
#include "ctl/powerloop.h"

static int check_power(const struct pdp_guest_box *guest, struct pdp_error *err)
{
	const struct pdp_cpu_quota want = pdp_cpu_quota(guest->k.power);
	struct pdp_cpu_quota have;
	int code = pdp_cgroup_quota(&guest->cgroup, &have);

	if (code)
		return pdp_fail(err, code, "guest %s: its CPU quota cannot be read back",
				guest->k.name);
	if (have.quota_us == want.quota_us && have.period_us == want.period_us)
		return 0;
	return pdp_fail(err, -ERANGE,
			"guest %s: %um is a quota of %u us in %u, in force is %u in %u",
			guest->k.name, guest->k.power, want.quota_us, want.period_us, have.quota_us,
			have.period_us);
}

int pdp_guest_set_power(struct pdp_guest_box *guest, uint32_t power, struct pdp_error *err)
{
	struct pdp_error why;
	int code;

	if (!power)
		return pdp_fail(err, -EINVAL, "guest %s: power is 0", guest->k.name);
	guest->k.power = guest->agent_power = power;
	pdp_box_save(guest);
	if (!guest->init_pid)
		return 0;
	code = pdp_cgroup_set_power(&guest->cgroup, power, &why);
	if (!code && guest->thread.pid)
		code = pdp_cgroup_set_weight(&guest->thread.cgroup, power, &why);
	if (code)
		return pdp_fail(err, code, "guest %s: %s", guest->k.name, why.text);
	return check_power(guest, err);
}

int pdp_guest_share_power(struct pdp_guest_box *guest, uint64_t fast_ns, uint64_t ns,
			  struct pdp_error *err)
{
	const uint32_t agent = pdp_power_agent(guest->k.power, guest->agent_power, fast_ns, ns);
	struct pdp_error why;
	int code;

	if (!guest->init_pid || agent == guest->agent_power)
		return 0;
	code = pdp_cgroup_set_quota(&guest->cgroup, agent, &why);
	if (code)
		return pdp_fail(err, code, "guest %s: %s", guest->k.name, why.text);
	guest->agent_power = agent;
	return 0;
}

int pdp_guest_set_memory(struct pdp_guest_box *guest, uint32_t memory_mib, struct pdp_error *err)
{
	const uint64_t want = (uint64_t)memory_mib << 20;
	struct pdp_error why;
	uint64_t have;
	int code;

	if (!memory_mib)
		return pdp_fail(err, -EINVAL, "guest %s: memory is 0", guest->k.name);
	guest->k.memory_mib = memory_mib;
	pdp_box_save(guest);
	if (!guest->init_pid)
		return 0;
	code = pdp_cgroup_set_memory(&guest->cgroup, memory_mib, &why);
	if (code)
		return pdp_fail(err, code, "guest %s: %s", guest->k.name, why.text);
	pdp_box_tell_memory(guest);
	have = pdp_cgroup_memory_limit(&guest->cgroup);
	if (have == want)
		return 0;
	return pdp_fail(err, -ERANGE, "guest %s: wanted is a limit of %llu bytes, in force is %llu",
			guest->k.name, (unsigned long long)want, (unsigned long long)have);
}

/* Program and pin of one end; the calling thread is in its namespace. */
static int check_end(const struct pdp_guest_box *guest, const char *link, int ifindex,
		     struct pdp_error *why)
{
	return pdp_loader_check_link(guest->guests->loader, link, ifindex, why);
}

static int check_links(const struct pdp_guest_box *guest, struct pdp_error *why)
{
	char link[32];
	int back, code;

	pdp_box_dispatch_link(guest->k.id, link);
	code = check_end(guest, link, guest->link.ifindex, why);
	if (code)
		return code;
	code = pdp_netns_enter(guest->link.netns_fd, &back, why);
	if (code)
		return code;
	snprintf(link, sizeof(link), "guest-%u", guest->k.id);
	code = check_end(guest, link, guest->link.inner_ifindex, why);
	pdp_netns_leave(back);
	return code;
}

int pdp_guest_mend(struct pdp_guest_box *guest, bool *mended, struct pdp_error *what)
{
	struct pdp_error why;
	int xskmap_fd = -1, code;
	unsigned int n;

	*mended = false;
	if (!guest->link.ifindex || !check_links(guest, what))
		return 0;
	code = pdp_loader_repin(guest->guests->loader, &n, &why);
	if (!code && check_links(guest, &why))
		code = pdp_box_attach(guest, &xskmap_fd, &why);
	if (code)
		return pdp_fail(what, code, "guest %s: %s", guest->k.name, why.text);
	*mended = true;
	return 0;
}
