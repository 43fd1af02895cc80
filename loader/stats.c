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

static void add(uint64_t *sum, const uint64_t *values, size_t words, int cpus)
{
	memset(sum, 0, words * sizeof(*sum));
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < words; i++)
			sum[i] += values[cpu * words + i];
}

int pdp_stats_read(const struct pdp_loader *ld, enum pdp_map map, uint32_t id, void *out,
		   size_t size)
{
	int cpus = libbpf_num_possible_cpus();
	size_t words = size / sizeof(uint64_t);
	uint64_t *values;
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
	add(out, values, words, cpus);
out:
	free(values);
	return rc;
}

int pdp_stats_read_first(const struct pdp_loader *ld, enum pdp_map map, uint32_t n, void *out,
			 size_t size)
{
	int cpus = libbpf_num_possible_cpus();
	size_t words = size / sizeof(uint64_t);
	uint32_t *keys, last, count = n;
	uint64_t *values;
	int rc = 0;

	if (cpus < 0)
		return cpus;
	if (!is_stats(map) || size != ld->value_size[map] || size % sizeof(uint64_t) || !n)
		return -EINVAL;
	values = calloc((size_t)n * cpus, size);
	keys = calloc(n, sizeof(*keys));
	if (!values || !keys)
		rc = -ENOMEM;
	else if (bpf_map_lookup_batch(ld->map_fd[map], NULL, &last, keys, values, &count, NULL))
		rc = errno == ENOENT && count == n ? 0 : -errno;
	for (uint32_t i = 0; !rc && i < n; i++)
		add((uint64_t *)out + i * words, values + i * words * cpus, words, cpus);
	free(values);
	free(keys);
	return rc;
}
