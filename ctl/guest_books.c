/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest_books.c - a guest's counters, over the deaths of its agents, links, containers and controllers.
 *
 * Whatever counts inside a guest dies with something: the agent's memory with the agent, eth0's drops
 * with the link, the cgroup's time with the container. What has gone is summed in guest->k, which the
 * next controller finds again.
 */
#include "ctl/guest.h"

#include <bpf/bpf.h>
#include <string.h>
#include <time.h>

#include "ctl/guest_box.h"

#define SETTLE_NS 50000000ULL /* after an agent's death, until nothing of it moves any more */
#define DRAIN_STILL_NS 20000000ULL

uint64_t pdp_box_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

uint64_t pdp_box_rx_drops(struct pdp_guest_box *guest)
{
	uint64_t now = pdp_felink_rx_drops(&guest->link);

	if (now > guest->k.rx_drops_seen)
		guest->k.rx_drops_seen = now;
	return guest->k.rx_drops_before + guest->k.rx_drops_seen;
}

uint64_t pdp_box_tx_drops(struct pdp_guest_box *guest)
{
	uint64_t now = pdp_felink_tx_drops(&guest->link);

	if (now > guest->k.tx_drops_seen)
		guest->k.tx_drops_seen = now;
	return guest->k.tx_drops_before + guest->k.tx_drops_seen;
}

void pdp_box_bury_link(struct pdp_guest_box *guest)
{
	guest->k.rx_drops_before = pdp_box_rx_drops(guest);
	guest->k.rx_drops_seen = 0;
	guest->k.tx_drops_before = pdp_box_tx_drops(guest);
	guest->k.tx_drops_seen = 0;
}

struct pdp_guest_stats pdp_box_stats(const struct pdp_guest_box *guest)
{
	struct pdp_guest_stats stats;

	if (pdp_stats_read(guest->guests->loader, PDP_MAP_GUEST_STATS, guest->k.id, &stats,
			   sizeof(stats)))
		memset(&stats, 0, sizeof(stats));
	return stats;
}

uint32_t pdp_box_stats_map(const struct pdp_guest_box *guest)
{
	int fd = pdp_loader_map_fd(guest->guests->loader, PDP_MAP_GUEST_STATS);
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* What the fast half has sent, less what the link had no room for. */
static uint64_t sent_fast(struct pdp_guest_box *guest, const struct pdp_guest_stats *stats)
{
	return stats->fast_packets - guest->k.at_first.fast_packets - pdp_box_tx_drops(guest);
}

/*
 * What has gone into agents' sockets or back from the fast half, and what of it has come to the dispatcher or
 * is accounted for by name.
 */
static void inside(struct pdp_guest_box *guest, const struct pdp_guest_stats *stats, uint64_t *in,
		   uint64_t *out)
{
	struct pdp_agent_stats agents;

	pdp_agentlink_stats(guest->agent, &agents);
	*in = stats->rx_packets - guest->k.at_first.rx_packets - pdp_box_rx_drops(guest) +
	      sent_fast(guest, stats);
	*out = stats->from_packets - guest->k.at_first.from_packets +
	       pdp_agentstats_dropped(&agents);
}

/* How much more has come back than agents and the fast half have sent: of the guest's own making. */
static uint64_t made(struct pdp_guest_box *guest)
{
	struct pdp_guest_stats stats = pdp_box_stats(guest);
	const uint64_t back = stats.from_packets - guest->k.at_first.from_packets;
	struct pdp_agent_stats agents;
	uint64_t sent;

	/* Read after what came back: a packet on its way is not one that was made. */
	pdp_agentlink_stats(guest->agent, &agents);
	stats = pdp_box_stats(guest);
	sent = agents.forward_packets + agents.local_packets - agents.drop_tx_lost +
	       sent_fast(guest, &stats);
	return back > sent ? back - sent : 0;
}

/*
 * An agent that died while no controller ran took its counters along. What came back since they were
 * looked at last is taken as forwarded by it.
 */
static void credit_unwatched(struct pdp_guest_box *guest)
{
	const uint64_t now = made(guest);

	if (guest->unwatched && now > guest->k.made)
		pdp_agentlink_credit(guest->agent, now - guest->k.made);
	guest->unwatched = false;
}

/*
 * True only while no socket is in the XSKMAP and the last agent's frames have settled
 * (docs/guests.md); then the difference is all that agents had in hand when they died.
 */
void pdp_box_book_died(struct pdp_guest_box *guest)
{
	struct pdp_guest_stats stats;
	uint64_t in, out;

	pdp_box_fast_settle(guest);
	stats = pdp_box_stats(guest);
	guest->lost_at_ns = 0;
	credit_unwatched(guest);
	inside(guest, &stats, &in, &out);
	guest->k.died_packets = in > out ? in - out : 0;
}

void pdp_box_agent_lost(struct pdp_guest_box *guest)
{
	guest->lost_at_ns = pdp_box_now_ns();
	pdp_box_fast_lost(guest);
	pdp_box_save(guest);
}

static void book_when_settled(struct pdp_guest_box *guest)
{
	if (guest->lost_at_ns && pdp_box_now_ns() - guest->lost_at_ns > SETTLE_NS &&
	    !pdp_agentlink_alive(guest->agent))
		pdp_box_book_died(guest);
}

void pdp_box_save(struct pdp_guest_box *guest)
{
	if (!guest->unwatched) {
		guest->k.made = made(guest);
		pdp_agentlink_past(guest->agent, &guest->k.agent);
	}
	pdp_kept_save(guest->file, &guest->k);
}

bool pdp_guest_drained(struct pdp_guest_box *guest)
{
	struct pdp_guest_stats now;
	uint64_t in, out;

	book_when_settled(guest);
	now = pdp_box_stats(guest);
	if (memcmp(&now, &guest->drain, sizeof(now)) != 0) {
		guest->drain = now;
		guest->drain_ns = pdp_box_now_ns();
		return false;
	}
	if (pdp_box_now_ns() - guest->drain_ns < DRAIN_STILL_NS)
		return false;
	inside(guest, &now, &in, &out);
	return in <= out + guest->k.died_packets;
}

void pdp_guest_set_note(struct pdp_guest_box *guest, const struct pdp_guest_note *note)
{
	guest->k.note = *note;
	pdp_box_save(guest);
}

void pdp_guest_agent_stats(struct pdp_guest_box *guest, struct pdp_agent_stats *out)
{
	pdp_agentlink_stats(guest->agent, out);
}

void pdp_guest_look(struct pdp_guest_box *guest, struct pdp_guest_view *out)
{
	const struct pdp_guest_cpu cpu = pdp_guest_cpu(guest);
	struct pdp_cpu_quota quota;

	pdp_cgroup_quota(&guest->cgroup, &quota);
	book_when_settled(guest);
	*out = (struct pdp_guest_view){
		.id = guest->k.id,
		.name = guest->k.name,
		.lxc_name = guest->lxc_name,
		.state = guest->state,
		.init_pid = guest->init_pid,
		.agent_pid = pdp_agentlink_pid(guest->agent),
		.link_ifindex = guest->link.ifindex,
		.power = guest->k.power,
		.quota_us = quota.quota_us,
		.period_us = quota.period_us,
		.cpu_ns = cpu.agent_ns + cpu.thread_ns + cpu.softirq_ns,
		.thread_cpu_ns = cpu.thread_ns,
		.softirq_cpu_ns = cpu.softirq_ns,
		.thread_pid = guest->thread.pid,
		.thread_why = guest->thread.why.text,
		.memory_bytes = pdp_cgroup_memory_bytes(&guest->cgroup),
		.restarts = guest->k.agents ? guest->k.agents - 1 : 0,
		.eth0_rx_drops = pdp_box_rx_drops(guest),
		.eth0_tx_drops = pdp_box_tx_drops(guest),
		.agent_died_packets = guest->k.died_packets,
		.note = guest->k.note,
	};
	pdp_box_fast_look(guest, &out->fast);
	memcpy(out->link, guest->link.name, sizeof(out->link));
	memcpy(out->mac, guest->link.mac, sizeof(out->mac));
	memcpy(out->md_mac, guest->link.md_mac, sizeof(out->md_mac));
	pdp_box_save(guest);
}
