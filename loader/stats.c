/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * stats.c - counters: each CPU counts for itself, the reader adds.
 *
 * The CPUs are read one after the other while they count on: a sum may lack what came meanwhile.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/internal.h"

static bool is_stats(enum pdp_map map)
{
	return map >= PDP_MAP_PORT_STATS && map <= PDP_MAP_NODE_STATS;
}

int pdp_stats_read(const struct pdp_loader *ld, enum pdp_map map, uint32_t id, void *out,
		   size_t size)
{
	int cpus = libbpf_num_possible_cpus();
	size_t words = size / sizeof(uint64_t);
	uint64_t *values, *sum = out;
	int rc = 0;

	if (cpus < 0)
		return cpus;
	if (!is_stats(map) || size != ld->value_size[map] || size % sizeof(uint64_t))
		return -EINVAL;
	values = calloc(cpus, size);
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(ld->map_fd[map], &id, values)) {
		rc = -errno;
		goto out;
	}
	memset(out, 0, size);
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < words; i++)
			sum[i] += values[cpu * words + i];
out:
	free(values);
	return rc;
}
