/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fastclock.h - what a run of the program on a guest's eth0 takes.
 *
 * The kernel can time BPF programs, but then all of them, at some 20 ns a run. So it is asked to for 10 ms
 * of a second, and only while guests' programs run at all: to begin and to end it costs milliseconds too, for the kernel
 * changes its own code. While nothing is known yet of a program that runs, a sample is therefore made longer, up to 0.3 s.
 * What a run takes is then the median of the last samples, each of them the mean of some runs. Off the packet's path; on
 * the node's event loop.
 */
#ifndef PDP_FASTCLOCK_H
#define PDP_FASTCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/loader.h"

#define PDP_FASTCLOCK_SAMPLES 5
#define PDP_FASTCLOCK_SURE 3 /* samples, before which nothing is known */

/* Of one program. Zeroed at first. */
struct pdp_fastclock_mean {
	uint64_t runs, ns; /* too few yet for a sample */
	double sample_ns[PDP_FASTCLOCK_SAMPLES];
	unsigned int n; /* of them, so far */
	double run_ns; /* 0: not known */
};

/* So many runs more took so long together. Pure. */
void pdp_fastclock_note(struct pdp_fastclock_mean *mean, uint64_t runs, uint64_t ns);

struct event_base;
struct pdp_fastclock;

/* loader must live longer. 0 or -ENOMEM. */
int pdp_fastclock_new(struct pdp_fastclock **out, struct event_base *base,
		      const struct pdp_loader *loader);
/* NULL is fine. */
void pdp_fastclock_free(struct pdp_fastclock *clock);

/*
 * The guest's program has run lately: it is to be in the next sample. Often: where nothing is known of it yet, that is not
 * waited for.
 */
void pdp_fastclock_want(struct pdp_fastclock *clock, uint16_t guest, bool often);
/* Take a sample of those, if it is time. 0 or -errno, and err says why there can be none. */
int pdp_fastclock_look(struct pdp_fastclock *clock, uint64_t now_ns, struct pdp_error *err);

/* ns; 0: not known. */
double pdp_fastclock_run_ns(const struct pdp_fastclock *clock, uint16_t guest);
/* This id is another guest's from now on. */
void pdp_fastclock_forget(struct pdp_fastclock *clock, uint16_t guest);

#endif
