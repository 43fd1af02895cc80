/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_trace.h - the allocator on a trace of vnets that come and go, without a node.
 */
#ifndef PDP_ALLOC_TRACE_H
#define PDP_ALLOC_TRACE_H

#include <stdio.h>

#include "ctl/alloc.h"

#define PDP_TRACE_FES_MAX 1000000

struct pdp_trace {
	uint32_t n_fes; /* 1 .. PDP_TRACE_FES_MAX; numbered from 0 */
	uint32_t capacity; /* of each, millicores */
	enum pdp_fit fit;
	FILE *in;
	const char *in_name; /* for messages */
	FILE *out; /* JSON lines */
	FILE *errors; /* IN_NAME:LINE: sentences */
};

/*
 * Power as a trace has it: "1500" and "1500m" are millicores, "1.5" cores. 0; -EINVAL when it is no
 * power; -ERANGE for 0 or too much.
 */
int pdp_trace_power(uint32_t *out, const char *text);

/* By name: best-fit, first-fit, worst-fit. 0 or -EINVAL. */
int pdp_fit_parse(enum pdp_fit *out, const char *text);

/*
 * pdp_trace_run() - `add NAME POWER` and `del NAME`, a line each, to a line of JSON each, then a summary.
 *
 * Blank lines and what follows a # are skipped. Reads one line at a time; memory grows with the vnets
 * that are there, not with the events. An event that cannot be (a del of what was never added, an add
 * of what is there, a power of 0) has the result "error", is told in errors, and the run goes on. A
 * line that is no event ends it, without a summary. 0; -EINVAL after errors, all told; -ENOMEM, -EIO
 * with err.
 */
int pdp_trace_run(const struct pdp_trace *trace, struct pdp_error *err);

#endif
