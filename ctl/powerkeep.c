/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * powerkeep.c - measures guests, asks the power loop, publishes its limits. Off the packet's path.
 *
 * What is remembered of vnets and guests is remembered by id, so that a change of the node does not
 * forget it; what was not met in the last round begins anew.
 */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/powerkeep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/node.h"
#include "ctl/powerloop.h"

/* Of a limit that comes and goes, not each time is told. */
#define EVENTS_AT_ONCE 4
#define EVENT_INTERVAL_MS 10000

struct kept_guest {
	uint64_t round; /* in which it was met last */
	uint64_t cpu_ns, packets; /* as seen then */
	struct pdp_power_guest loop;
};

struct kept_vnet {
	uint64_t round;
	uint64_t drops;
	struct pdp_power_loop loop;
	struct pdp_bucket events;
	bool told; /* that it is limited */
};

struct pdp_powerkeep {
	struct pdp_node *node;
	struct event *tick;
	uint64_t round, ns; /* ns: when it was */
	struct kept_guest guests[PDP_MAX_GUESTS + 1];
	struct kept_vnet vnets[PDP_MAX_VNETS + 1];
};

static uint64_t risen(uint64_t now, uint64_t *before)
{
	const uint64_t by = now > *before ? now - *before : 0;

	*before = now;
	return by;
}

/* --- threads ------------------------------------------------------------------------------------ */

static void tell_thread(const struct pdp_node_guest *guest, const struct pdp_guest_view *view)
{
	struct pdp_events *events = guest->node->events;
	char object[80];

	snprintf(object, sizeof(object), "guest %s", guest->name);
	if (*view->thread_why)
		pdp_event(events, PDP_LOG_WARNING, PDP_EVENT_GUEST_THREAD, object,
			  "what its fast half uses cannot be charged to it: %s", view->thread_why);
	else if (view->thread_pid)
		pdp_event(events, PDP_LOG_INFO, PDP_EVENT_GUEST_THREAD, object,
			  "its packets are processed by thread %d", (int)view->thread_pid);
	else
		pdp_event(events, PDP_LOG_INFO, PDP_EVENT_GUEST_THREAD, object,
			  "its packets have no thread of their own any more");
}

/* Where it is asked for. An agent alone is held by its quota (docs/fast-half.md). */
static bool wants_thread(const struct pdp_node_guest *guest)
{
	return guest->vnet->conf->data.fast_half == PDP_FAST_HALF_ON;
}

/* Has it a thread? */
static bool look_at_thread(const struct pdp_node_guest *guest)
{
	bool changed = pdp_guest_set_threaded(guest->box, wants_thread(guest));
	struct pdp_guest_view view;

	if (changed) {
		pdp_guest_look(guest->box, &view);
		tell_thread(guest, &view);
	}
	return pdp_guest_has_thread(guest->box);
}

/* --- measures ----------------------------------------------------------------------------------- */

/* What its two halves have processed: neither what was lost before it nor what waits. */
static uint64_t packets_of(const struct pdp_node *node, uint16_t id)
{
	struct pdp_guest_stats stats;

	if (pdp_stats_read(node->loader, PDP_MAP_GUEST_STATS, id, &stats, sizeof(stats)))
		return 0;
	return stats.rx_packets + stats.fast_packets;
}

static uint64_t drops_of(const struct pdp_node *node, uint16_t id)
{
	struct pdp_vnet_stats stats;

	if (pdp_stats_read(node->loader, PDP_MAP_VNET_STATS, id, &stats, sizeof(stats)))
		return 0;
	return stats.drop_over_power;
}

/* Adds its packets to the step; false when it is met for the first time and there is nothing to compare. */
static bool measure(struct pdp_powerkeep *keep, const struct pdp_node_guest *guest,
		    struct pdp_power_step *step)
{
	struct kept_guest *kept = &keep->guests[guest->id];
	const struct pdp_guest_cpu cpu = pdp_guest_cpu(guest->box);
	bool known = kept->round + 1 == keep->round;

	if (!known)
		memset(kept, 0, sizeof(*kept));
	kept->round = keep->round;
	kept->loop.power = guest->power;
	kept->loop.cpu_ns = risen(cpu.agent_ns + cpu.thread_ns, &kept->cpu_ns);
	step->packets += risen(packets_of(keep->node, guest->id), &kept->packets);
	return known;
}

/* --- limits ------------------------------------------------------------------------------------- */

static void tell_limit(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet,
		       struct kept_vnet *kept)
{
	const bool limited = kept->loop.limit_pps;
	char object[80];

	/* What was told is untold, whatever the bucket says. */
	if (limited == kept->told ||
	    (limited && !pdp_bucket_take(&kept->events, keep->ns / 1000000)))
		return;
	kept->told = limited;
	snprintf(object, sizeof(object), "vnet %s", vnet->conf->name);
	if (limited)
		pdp_event(keep->node->events, PDP_LOG_NOTICE, PDP_EVENT_POWER_LIMIT, object,
			  "gets more packets than its power can process: %" PRIu64
			  " a second are let in",
			  kept->loop.limit_pps);
	else
		pdp_event(keep->node->events, PDP_LOG_NOTICE, PDP_EVENT_POWER_LIMIT, object,
			  "its power suffices again: all packets are let in");
}

static struct kept_vnet *kept_vnet(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet)
{
	struct kept_vnet *kept = &keep->vnets[vnet->id];

	if (kept->round + 1 != keep->round) {
		*kept = (struct kept_vnet){
			.drops = drops_of(keep->node, vnet->id),
			.events = {EVENTS_AT_ONCE, EVENT_INTERVAL_MS},
			/* An earlier controller's. */
			.loop.limit_pps = pdp_publish_power_pps(keep->node->store, vnet->id),
		};
		kept->told = kept->loop.limit_pps;
	}
	kept->round = keep->round;
	return kept;
}

/* A vnet with threads: one more step of its loop. */
static void limit(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet, uint64_t ns)
{
	struct pdp_power_guest guests[PDP_VNET_GUESTS_MAX];
	struct kept_vnet *kept = kept_vnet(keep, vnet);
	struct pdp_power_step step = {.ns = ns};
	size_t i, n = 0;
	bool known = true;

	for (i = 0; i < vnet->n_guests; i++) {
		if (!vnet->guests[i]->box)
			continue;
		known &= measure(keep, vnet->guests[i], &step);
		guests[n++] = keep->guests[vnet->guests[i]->id].loop;
	}
	step.drops = risen(drops_of(keep->node, vnet->id), &kept->drops);
	if (!known)
		return;
	pdp_publish_power(keep->node->store, vnet->id,
			  pdp_power_step(&kept->loop, guests, n, &step));
	for (i = n = 0; i < vnet->n_guests; i++)
		if (vnet->guests[i]->box)
			keep->guests[vnet->guests[i]->id].loop = guests[n++];
	tell_limit(keep, vnet, kept);
}

static void look_at_vnet(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet, uint64_t ns)
{
	bool threads = false;

	for (size_t i = 0; i < vnet->n_guests; i++)
		if (vnet->guests[i]->box)
			threads |= look_at_thread(vnet->guests[i]);
	if (threads)
		limit(keep, vnet, ns);
	else
		pdp_publish_power(keep->node->store, vnet->id, 0);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_powerkeep *keep = arg;
	const uint64_t now = pdp_now_ns(), ns = now - keep->ns;
	struct pdp_node *node = keep->node;

	(void)fd;
	(void)what;
	if (node->state == PDP_NODE_STOPPING || !ns)
		return;
	keep->ns = now;
	keep->round++;
	for (size_t i = 0; i < node->model.n_vnets; i++)
		look_at_vnet(keep, &node->vnets[i], ns);
}

int pdp_powerkeep_new(struct pdp_powerkeep **out, struct pdp_node *node)
{
	const struct timeval interval = {.tv_usec = PDP_POWER_STEP_MS * 1000};
	struct pdp_powerkeep *keep = calloc(1, sizeof(*keep));

	*out = keep;
	if (!keep)
		return -ENOMEM;
	keep->node = node;
	keep->ns = pdp_now_ns();
	keep->round = 1; /* what is zeroed was met in none */
	keep->tick = event_new(node->base, -1, EV_PERSIST, on_tick, keep);
	if (keep->tick && !event_add(keep->tick, &interval))
		return 0;
	pdp_powerkeep_free(keep);
	*out = NULL;
	return -ENOMEM;
}

void pdp_powerkeep_free(struct pdp_powerkeep *keep)
{
	if (!keep)
		return;
	if (keep->tick)
		event_free(keep->tick);
	free(keep);
}
