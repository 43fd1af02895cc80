/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * halves.h - both halves of the data plane `router` over the same tables, and a frame to each of them.
 *
 * The fast half is the program that guests get, run by BPF_PROG_TEST_RUN; the agent half is all of the agent
 * between its rings (fe-agent/burst.h). Nothing is attached.
 */
#ifndef PDP_PROG_HALVES_H
#define PDP_PROG_HALVES_H

#include <stdbool.h>
#include <stdint.h>

#include "fe-agent/burst.h"
#include "fe-agent/router_memory.h"

#define HALVES_FRAME_MAX (PDP_FRAME_SIZE - PDP_FRAME_HEADROOM)

struct router_bpf;

struct halves {
	struct router_bpf *object;
	struct pdp_dataplane *dp;
	struct pdp_umem umem;
	struct pdp_agent_stats stats; /* of the agent half */
};

/* What became of a frame. */
struct outcome {
	bool sent;
	uint8_t op; /* of the tag, when it was sent */
	uint32_t len;
	uint8_t frame[PDP_FRAME_SIZE];
};

/* Load, and make empty tables of these sizes. 0 or -errno; a message is written to stderr. */
int halves_start(struct halves *h, const struct pdp_router_sizes *sizes);
void halves_stop(struct halves *h);
/* The program. */
int halves_prog(const struct halves *h);

/* len is 14..HALVES_FRAME_MAX. Fast: sent says that it was not left to the agent. */
void halves_run_agent(struct halves *h, const uint8_t *frame, uint32_t len, struct outcome *out);
void halves_run_fast(struct halves *h, const uint8_t *frame, uint32_t len, struct outcome *out);

/*
 * Run both and hold one against the other. What the agent forwards the fast half sends, the same bytes; anything
 * else it leaves to the agent as it came. NULL: so it was; else what was wrong, in words.
 */
const char *halves_differ(struct halves *h, const uint8_t *frame, uint32_t len, bool *forwarded);

#endif
