/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* fastclock.c - samples of what guests' programs take; see fastclock.h. */
#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/fastclock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/maps.h"

#define SAMPLE_US 10000
#define INTERVAL_NS 1000000000ULL
/* Fewer runs than this say little: they wait for more. */
#define RUNS_ENOUGH 64
/* So many times a sample is made longer, at most, where nothing is known yet. */
#define LONGER_MAX 30

struct timed {
	uint64_t runs, ns; /* as the kernel had counted when the sample began */
	bool wanted;
	bool sampled; /* part of the sample under way */
	struct pdp_fastclock_mean mean;
};

struct pdp_fastclock {
	const struct pdp_loader *loader;
	struct event *end; /* of the sample under way */
	int fd; /* the kernel times while it is open; -1 */
	uint64_t began_ns;
	unsigned int longer; /* times that it was */
	bool due; /* somebody is wanted, */
	bool urgent; /* and nothing is known of him who runs often */
	struct timed guests[PDP_MAX_GUESTS + 1];
};

static void begin(struct pdp_fastclock *clock)
{
	for (uint16_t id = 0; id <= PDP_MAX_GUESTS; id++) {
		struct timed *timed = &clock->guests[id];

		timed->sampled = timed->wanted && !pdp_loader_guest_runs(clock->loader, id,
									 &timed->runs, &timed->ns);
		timed->wanted = false;
	}
	clock->due = clock->urgent = false;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The one in the middle: a machine that stood still for a while makes one sample absurd, but not most of them. */
static double middle(const struct pdp_fastclock_mean *mean)
{
	double sorted[PDP_FASTCLOCK_SAMPLES];
	const unsigned int n = mean->n < PDP_FASTCLOCK_SAMPLES ? mean->n : PDP_FASTCLOCK_SAMPLES;

	memcpy(sorted, mean->sample_ns, sizeof(sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	return sorted[n / 2];
}

void pdp_fastclock_note(struct pdp_fastclock_mean *mean, uint64_t runs, uint64_t ns)
{
	mean->runs += runs;
	mean->ns += ns;
	if (mean->runs < RUNS_ENOUGH)
		return;
	mean->sample_ns[mean->n++ % PDP_FASTCLOCK_SAMPLES] = (double)mean->ns / (double)mean->runs;
	mean->runs = mean->ns = 0;
	if (mean->n >= PDP_FASTCLOCK_SURE)
		mean->run_ns = middle(mean);
}

/* One that was replaced counts from 0. True: it runs, and what a run takes is not known yet. */
static bool note(struct timed *timed, uint64_t runs, uint64_t ns)
{
	const bool more = runs > timed->runs && ns >= timed->ns;

	if (more)
		pdp_fastclock_note(&timed->mean, runs - timed->runs, ns - timed->ns);
	timed->runs = runs;
	timed->ns = ns;
	return more && !timed->mean.run_ns;
}

/* Looks at all that are in the sample. True: one of them should stay in it. */
static bool note_all(struct pdp_fastclock *clock)
{
	uint64_t runs, ns;
	bool unknown = false;

	for (uint16_t id = 0; id <= PDP_MAX_GUESTS; id++) {
		struct timed *timed = &clock->guests[id];

		if (timed->sampled && !pdp_loader_guest_runs(clock->loader, id, &runs, &ns))
			unknown |= note(timed, runs, ns);
	}
	return unknown;
}

/* To end and to begin again costs more than to go on. */
static void on_end(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval while_us = {.tv_usec = SAMPLE_US};
	struct pdp_fastclock *clock = arg;

	(void)fd;
	(void)what;
	if (note_all(clock) && clock->longer++ < LONGER_MAX) {
		event_add(clock->end, &while_us);
		return;
	}
	close(clock->fd);
	clock->fd = -1;
	for (uint16_t id = 0; id <= PDP_MAX_GUESTS; id++)
		clock->guests[id].sampled = false;
}

void pdp_fastclock_want(struct pdp_fastclock *clock, uint16_t guest, bool often)
{
	clock->guests[guest].wanted = true;
	clock->due = true;
	clock->urgent |= often && !clock->guests[guest].mean.run_ns;
}

int pdp_fastclock_look(struct pdp_fastclock *clock, uint64_t now_ns, struct pdp_error *err)
{
	const struct timeval while_us = {.tv_usec = SAMPLE_US};

	if (clock->fd >= 0 || !clock->due ||
	    (!clock->urgent && now_ns - clock->began_ns < INTERVAL_NS))
		return 0;
	begin(clock);
	clock->began_ns = now_ns;
	clock->longer = 0;
	clock->fd = pdp_loader_time_programs(err);
	if (clock->fd < 0)
		return clock->fd;
	event_add(clock->end, &while_us);
	return 0;
}

double pdp_fastclock_run_ns(const struct pdp_fastclock *clock, uint16_t guest)
{
	return clock->guests[guest].mean.run_ns;
}

void pdp_fastclock_forget(struct pdp_fastclock *clock, uint16_t guest)
{
	memset(&clock->guests[guest], 0, sizeof(clock->guests[guest]));
}

int pdp_fastclock_new(struct pdp_fastclock **out, struct event_base *base,
		      const struct pdp_loader *loader)
{
	struct pdp_fastclock *clock = calloc(1, sizeof(*clock));

	*out = clock;
	if (!clock)
		return -ENOMEM;
	clock->loader = loader;
	clock->fd = -1;
	clock->end = evtimer_new(base, on_end, clock);
	if (clock->end)
		return 0;
	pdp_fastclock_free(clock);
	*out = NULL;
	return -ENOMEM;
}

void pdp_fastclock_free(struct pdp_fastclock *clock)
{
	if (!clock)
		return;
	if (clock->fd >= 0)
		close(clock->fd);
	if (clock->end)
		event_free(clock->end);
	free(clock);
}
