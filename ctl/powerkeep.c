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

#include "ctl/fastclock.h"
#include "ctl/node.h"
#include "ctl/powerloop.h"

/* Of a limit that comes and goes, not each time is told. */
#define EVENTS_AT_ONCE 4
#define EVENT_INTERVAL_MS 10000
/* A vnet whose guests have done nothing that a quota does not hold, for so many steps, is not measured. */
#define IDLE_STEPS 10
/* So often it is looked at what the fast half leaves to the agent. */
#define SHARE_NS 1000000000ULL
/* A program that takes so long is given a thread, if it takes so much of a CPU. */
#define THREAD_RUN_NS 500.0
#define THREAD_BUSY 0.05
/* What runs less often takes so little of a CPU that it need not be known at once what a run takes. */
#define OFTEN_PER_S 1000

struct kept_guest {
	uint64_t round; /* in which it was met last */
	uint64_t ns; /* since it was measured last */
	struct pdp_guest_cpu cpu; /* as seen then */
	uint64_t packets;
	uint64_t drops; /* by its limit */
	uint64_t fast_ns; /* used in softirqs since its agent's share was looked at, */
	uint64_t share_ns; /* so long ago */
	bool unshared; /* that could not be put in force, which was told */
	struct pdp_power_loop loop;
};

/* What eth0's program of a guest has run so far, charged or not. */
struct kept_runs {
	uint64_t round; /* in which it was met last */
	uint64_t runs; /* that were charged, */
	uint64_t seen; /* or are to be */
	bool owed; /* what a run takes is not known yet */
	double busy; /* part of a CPU that they have taken since the round before */
};

struct kept_vnet {
	uint64_t round;
	unsigned int idle; /* steps */
	struct pdp_bucket events;
	bool told; /* that it is limited */
};

struct pdp_powerkeep {
	struct pdp_node *node;
	struct event *tick;
	uint64_t round, ns; /* ns: when it was */
	struct pdp_fastclock *clock;
	bool blind; /* there is no such clock, which was told */
	struct pdp_guest_stats stats[PDP_MAX_GUESTS + 1]; /* of this round */
	struct kept_guest guests[PDP_MAX_GUESTS + 1];
	struct kept_runs runs[PDP_MAX_GUESTS + 1];
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

/*
 * Where it is asked for; and with auto, where a run takes so long that to hand the packet to another CPU, which costs
 * some 300 ns, is worth it, and there are many. Where it stands, it stays while a run takes half of that.
 */
static bool wants_thread(const struct pdp_powerkeep *keep, const struct pdp_node_guest *guest)
{
	const double run_ns = pdp_fastclock_run_ns(keep->clock, guest->id);
	const bool has_it = pdp_guest_has_thread(guest->box);

	switch (guest->vnet->conf->data.fast_half) {
	case PDP_FAST_HALF_ON:
		return true;
	case PDP_FAST_HALF_OFF:
		return false;
	default:
		if (!pdp_guest_has_fast_half(guest->box))
			return false;
		if (has_it)
			return run_ns > THREAD_RUN_NS / 2;
		return run_ns > THREAD_RUN_NS && keep->runs[guest->id].busy > THREAD_BUSY;
	}
}

/* Has it a thread? */
static bool look_at_thread(const struct pdp_powerkeep *keep, const struct pdp_node_guest *guest)
{
	bool changed = pdp_guest_set_threaded(guest->box, wants_thread(keep, guest));
	struct pdp_guest_view view;

	if (changed) {
		pdp_guest_look(guest->box, &view);
		tell_thread(guest, &view);
	}
	return pdp_guest_has_thread(guest->box);
}

/* --- measures ----------------------------------------------------------------------------------- */

/* Of all guests at once, for there may be thousands. */
static int read_stats(struct pdp_powerkeep *keep)
{
	const struct pdp_node *node = keep->node;
	uint32_t last = 0;

	for (size_t i = 0; i < node->model.n_vnets; i++)
		for (size_t j = 0; j < node->vnets[i].n_guests; j++)
			if (node->vnets[i].guests[j]->id > last)
				last = node->vnets[i].guests[j]->id;
	return pdp_stats_read_first(node->loader, PDP_MAP_GUEST_STATS, last + 1, keep->stats,
				    sizeof(*keep->stats));
}

/* What its two halves have processed: neither what was lost before it nor what waits. */
static uint64_t packets_of(const struct pdp_guest_stats *stats)
{
	return stats->rx_packets + stats->fast_packets + stats->drop_by_program +
	       stats->drop_verdict;
}

/*
 * Where no thread does its work, what its program uses is known from how often it has run, and what a run takes.
 * Until that is known, runs are charged later. True: it has run.
 */
static bool charge_runs(struct pdp_powerkeep *keep, const struct pdp_node_guest *guest, bool thread,
			uint64_t ns)
{
	const struct pdp_guest_stats *stats = &keep->stats[guest->id];
	const uint64_t runs = packets_of(stats) + stats->drop_no_socket + stats->drop_not_tagged;
	struct kept_runs *kept = &keep->runs[guest->id];
	uint64_t before, more;
	double took_ns;

	if (kept->round + 1 != keep->round) {
		pdp_fastclock_forget(keep->clock, guest->id);
		kept->runs = kept->seen = runs;
	}
	kept->round = keep->round;
	before = kept->runs;
	more = risen(runs, &kept->seen);
	kept->busy = 0;
	kept->owed = false;
	kept->runs = runs;
	if (!pdp_guest_has_fast_half(guest->box) || runs <= before)
		return false;
	if (more)
		pdp_fastclock_want(keep->clock, guest->id,
				   (double)more * 1e9 > (double)ns * OFTEN_PER_S);
	took_ns = (double)(runs - before) * pdp_fastclock_run_ns(keep->clock, guest->id);
	/* Of this step's alone: what was owed is of more time. */
	kept->busy = (double)more * pdp_fastclock_run_ns(keep->clock, guest->id) / (double)ns;
	if (!thread && took_ns > 0) {
		pdp_guest_charge(guest->box, (uint64_t)took_ns);
	} else if (!thread && !keep->blind) {
		kept->owed = true;
		kept->runs = before;
	}
	return true;
}

/* What the guest has used since. With a thread beside it no quota holds the agent to what that leaves. */
static void measure_cpu(const struct pdp_guest_box *box, struct kept_guest *kept,
			struct pdp_power_step *step)
{
	const struct pdp_guest_cpu cpu = pdp_guest_cpu(box);
	const uint64_t agent_ns = risen(cpu.agent_ns, &kept->cpu.agent_ns);
	const uint64_t thread_ns = risen(cpu.thread_ns, &kept->cpu.thread_ns);
	const uint64_t softirq_ns = risen(cpu.softirq_ns, &kept->cpu.softirq_ns);
	const bool thread = pdp_guest_has_thread(box);

	kept->fast_ns += softirq_ns;
	step->cpu_ns = softirq_ns + thread_ns + (thread ? agent_ns : 0);
	step->agent_ns = thread ? 0 : agent_ns;
}

/* False when it is met for the first time and there is nothing to compare, or what it has used is not known yet. */
static bool measure(struct pdp_powerkeep *keep, const struct pdp_node_guest *guest, uint64_t ns,
		    struct pdp_power_step *step)
{
	const struct pdp_guest_stats *stats = &keep->stats[guest->id];
	struct kept_guest *kept = &keep->guests[guest->id];
	bool known = kept->round + 1 == keep->round;

	if (!known)
		*kept = (struct kept_guest){
			/* An earlier controller's. */
			.loop.limit_pps = pdp_publish_power_pps(keep->node->store, guest->id),
		};
	kept->round = keep->round;
	kept->ns += ns;
	/* What will be charged of these packets belongs to all of them, and to all this time. */
	if (known && keep->runs[guest->id].owed)
		return false;
	step->ns = kept->ns;
	kept->ns = 0;
	measure_cpu(guest->box, kept, step);
	if (!known)
		kept->fast_ns = 0;
	step->power = guest->power;
	step->packets = risen(packets_of(stats), &kept->packets);
	step->drops = risen(stats->over_power_packets, &kept->drops);
	return known;
}

/* --- shares ------------------------------------------------------------------------------------- */

static void share(struct pdp_powerkeep *keep, const struct pdp_node_guest *guest, uint64_t fast_ns,
		  uint64_t ns)
{
	struct kept_guest *kept = &keep->guests[guest->id];
	struct pdp_error err;
	char object[80];
	const bool failed = pdp_guest_share_power(guest->box, fast_ns, ns, &err);

	if (failed && !kept->unshared) {
		snprintf(object, sizeof(object), "guest %s", guest->name);
		pdp_event(keep->node->events, PDP_LOG_WARNING, PDP_EVENT_POWER_LIMIT, object,
			  "its agent may use what its fast half uses too: %s", err.text);
	}
	kept->unshared = failed;
}

/* Once a second its agent gets what its fast half has left. */
static void share_in_time(struct pdp_powerkeep *keep, const struct pdp_node_guest *guest,
			  uint64_t ns)
{
	struct kept_guest *kept = &keep->guests[guest->id];

	kept->share_ns += ns;
	if (kept->share_ns < SHARE_NS)
		return;
	share(keep, guest, kept->fast_ns, kept->share_ns);
	kept->fast_ns = kept->share_ns = 0;
}

/* No fast half has run for a while: its agent gets all. */
static void unshare(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet)
{
	for (size_t i = 0; i < vnet->n_guests; i++)
		if (vnet->guests[i]->box)
			share(keep, vnet->guests[i], 0, SHARE_NS);
}

/* --- limits ------------------------------------------------------------------------------------- */

uint64_t pdp_powerkeep_limit_pps(const struct pdp_node *node, const struct pdp_node_vnet *vnet)
{
	uint64_t pps = 0;

	for (size_t i = 0; i < vnet->n_guests; i++)
		pps += pdp_publish_power_pps(node->store, vnet->guests[i]->id);
	return pps;
}

static void tell_limit(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet)
{
	struct kept_vnet *kept = &keep->vnets[vnet->id];
	const uint64_t pps = pdp_powerkeep_limit_pps(keep->node, vnet);
	char object[80];

	/* What was told is untold, whatever the bucket says. */
	if ((pps != 0) == kept->told ||
	    (pps && !pdp_bucket_take(&kept->events, keep->ns / 1000000)))
		return;
	kept->told = pps;
	snprintf(object, sizeof(object), "vnet %s", vnet->conf->name);
	if (pps)
		pdp_event(keep->node->events, PDP_LOG_NOTICE, PDP_EVENT_POWER_LIMIT, object,
			  "gets more packets than its power can process: %" PRIu64
			  " a second are let in to the guests that have too many",
			  pps);
	else
		pdp_event(keep->node->events, PDP_LOG_NOTICE, PDP_EVENT_POWER_LIMIT, object,
			  "its power suffices again: all packets are let in");
}

static void meet_vnet(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet)
{
	struct kept_vnet *kept = &keep->vnets[vnet->id];

	if (kept->round + 1 != keep->round)
		*kept = (struct kept_vnet){
			.events = {EVENTS_AT_ONCE, EVENT_INTERVAL_MS},
			.told = pdp_powerkeep_limit_pps(keep->node, vnet),
		};
	kept->round = keep->round;
}

/* One more step of each guest's loop. */
static void limit(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet, uint64_t ns)
{
	for (size_t i = 0; i < vnet->n_guests; i++) {
		const struct pdp_node_guest *guest = vnet->guests[i];
		struct pdp_power_step step;

		if (!guest->box || !measure(keep, guest, ns, &step))
			continue;
		pdp_publish_power(keep->node->store, guest->id,
				  pdp_power_step(&keep->guests[guest->id].loop, &step));
		share_in_time(keep, guest, step.ns);
	}
}

static void unlimit(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet)
{
	for (size_t i = 0; i < vnet->n_guests; i++)
		pdp_publish_power(keep->node->store, vnet->guests[i]->id, 0);
}

/* Has it used CPU time lately that no quota holds? */
static bool is_busy(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet, uint64_t ns)
{
	struct kept_vnet *kept = &keep->vnets[vnet->id];
	bool busy = false;

	for (size_t i = 0; i < vnet->n_guests; i++) {
		bool thread;

		if (!vnet->guests[i]->box)
			continue;
		thread = look_at_thread(keep, vnet->guests[i]);
		busy |= charge_runs(keep, vnet->guests[i], thread, ns) || thread;
	}
	kept->idle = busy ? 0 : kept->idle + 1;
	return kept->idle < IDLE_STEPS;
}

static void look_at_vnet(struct pdp_powerkeep *keep, const struct pdp_node_vnet *vnet, uint64_t ns)
{
	meet_vnet(keep, vnet);
	if (is_busy(keep, vnet, ns)) {
		limit(keep, vnet, ns);
	} else {
		unlimit(keep, vnet);
		unshare(keep, vnet);
	}
	tell_limit(keep, vnet);
}

/* What cannot be measured cannot be held back; once is enough to say so. */
static void tell_blind(struct pdp_powerkeep *keep, const char *why)
{
	if (!keep->blind)
		pdp_event(
			keep->node->events, PDP_LOG_WARNING, PDP_EVENT_POWER_LIMIT, "node",
			"what fast halves without a thread use cannot be charged to their guests: %s",
			why);
	keep->blind = true;
}

static void look_at_clock(struct pdp_powerkeep *keep)
{
	struct pdp_error err;

	if (!keep->blind && pdp_fastclock_look(keep->clock, keep->ns, &err) < 0)
		tell_blind(keep, err.text);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_powerkeep *keep = arg;
	const uint64_t now = pdp_now_ns(), ns = now - keep->ns;
	struct pdp_node *node = keep->node;
	int code;

	(void)fd;
	(void)what;
	if (node->state == PDP_NODE_STOPPING || !ns)
		return;
	keep->ns = now;
	keep->round++;
	code = read_stats(keep);
	if (code)
		tell_blind(keep, strerror(-code));
	for (size_t i = 0; i < node->model.n_vnets; i++)
		look_at_vnet(keep, &node->vnets[i], ns);
	look_at_clock(keep);
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
	if (pdp_fastclock_new(&keep->clock, node->base, node->loader)) {
		pdp_powerkeep_free(keep);
		*out = NULL;
		return -ENOMEM;
	}
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
	pdp_fastclock_free(keep->clock);
	free(keep);
}
