/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_stats.c - prints the counters of pdp-tun.
 */
#include <inttypes.h>
#include <stddef.h>

#include "ctl/tun_pump.h"

struct counter {
	const char *name;
	size_t offset;
};

#define PDP_TUN_NAME(name, help) {#name, offsetof(struct pdp_tun_stats, name)},

static const struct counter counters[] = {PDP_TUN_COUNTERS(PDP_TUN_NAME)
						  PDP_TUN_EVENTS(PDP_TUN_NAME)};

#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))

static uint64_t value(const struct pdp_tun_stats *stats, const struct counter *counter)
{
	return *(const uint64_t *)((const char *)stats + counter->offset);
}

void pdp_tun_stats_print(const struct pdp_tun_stats *stats, bool json, FILE *out)
{
	const char *before = json ? "{" : "";

	for (size_t i = 0; i < N_COUNTERS; i++) {
		uint64_t n = value(stats, &counters[i]);

		if (json)
			fprintf(out, "%s\"%s\": %" PRIu64, before, counters[i].name, n);
		else if (n || i < 4)
			fprintf(out, "%s%s %" PRIu64, before, counters[i].name, n);
		else
			continue;
		before = json ? ", " : "  ";
	}
	fputs(json ? "}\n" : "\n", out);
	fflush(out);
}
