/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * firewall_agent.c - the agent of a vnet whose data plane is firewall.bpf.c: bans hosts that send too much that
 * nobody asked for.
 *
 * Runs in each of the vnet's FE guests beside PdP's agent, and has no privilege; the table of hosts is memory that
 * the program on eth0 counts in and reads at the same time. Several guests have one table: all of them come to the
 * same end. docs/own-data-plane.md takes it apart.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "examples/xdp/firewall.h"
#include "fe-agent/own_maps.h"

#define TURN_MS 100
#define UNASKED_MAX 20 /* packets in a turn */
#define BAN_TURNS 100

static struct {
	__u32 unasked; /* at the last turn */
	unsigned int turns; /* that its ban still lasts */
} seen[FW_HOSTS];

static void look_at(struct fw_host *host, __u32 i)
{
	const __u32 unasked = __atomic_load_n(&host->unasked, __ATOMIC_RELAXED);
	const bool banned = seen[i].turns;

	if (unasked - seen[i].unasked > UNASKED_MAX)
		seen[i].turns = BAN_TURNS;
	else if (banned)
		seen[i].turns--;
	seen[i].unasked = unasked;
	if (banned == (seen[i].turns > 0))
		return;
	__atomic_store_n(&host->banned, !banned, __ATOMIC_RELAXED);
	fprintf(stderr, "hosts of hash %u are %s\n", i, banned ? "let in again" : "banned");
}

int main(void)
{
	const struct timespec turn = {.tv_nsec = TURN_MS * 1000000L};
	struct pdp_own_map hosts;
	int rc = pdp_own_map("fw_hosts", &hosts);

	if (rc || hosts.value_size != sizeof(struct fw_host) || hosts.entries != FW_HOSTS) {
		fprintf(stderr, "no table of hosts: %s\n", rc ? strerror(-rc) : "other sizes");
		return 1;
	}
	/* What an agent before this one left: bans begin anew. */
	for (__u32 i = 0; i < FW_HOSTS; i++) {
		struct fw_host *host = pdp_own_value(&hosts, i);

		seen[i].unasked = host->unasked;
		seen[i].turns = host->banned ? BAN_TURNS : 0;
	}
	for (;;) {
		for (__u32 i = 0; i < FW_HOSTS; i++)
			look_at(pdp_own_value(&hosts, i), i);
		nanosleep(&turn, NULL);
	}
}
