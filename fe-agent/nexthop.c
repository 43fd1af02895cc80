/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nexthop.c - what routes lead to. See nexthop.h.
 */
#include "fe-agent/nexthop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/wire.h"

#define BUCKETS 1024
#define BUCKETS_BYTES (BUCKETS * sizeof(uint32_t))

struct pdp_nexthop_entry {
	uint32_t refs;
	uint32_t bucket;
	uint32_t next; /* id in the bucket's chain */
	struct pdp_nexthop hop;
};

static size_t entries_bytes(const struct pdp_nexthops *hops)
{
	/* Of pointers it is. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	return hops->ids.capacity * sizeof(*hops->entries);
}

int pdp_nexthops_init(struct pdp_nexthops *hops, const struct pdp_router_memory *memory)
{
	*hops = (struct pdp_nexthops){
		.hops = memory->table[PDP_RT_HOPS],
		.paths = memory->table[PDP_RT_PATHS],
		.buckets = pdp_table_map(BUCKETS_BYTES, PDP_TABLE_SPARSE),
	};
	if (hops->buckets && !pdp_rcu_ids_init(&hops->ids, memory->sizes.hops, memory->shared) &&
	    !pdp_rcu_ids_init(&hops->path_ids, memory->sizes.paths, memory->shared))
		hops->entries = pdp_table_map(entries_bytes(hops), PDP_TABLE_SPARSE);
	if (hops->entries)
		return 0;
	pdp_nexthops_fini(hops);
	return -ENOMEM;
}

void pdp_nexthops_fini(struct pdp_nexthops *hops)
{
	uint32_t id;

	for (id = 1; hops->entries && id < hops->ids.capacity; id++)
		free(hops->entries[id]);
	pdp_table_unmap(hops->entries, entries_bytes(hops));
	pdp_table_unmap(hops->buckets, BUCKETS_BYTES);
	pdp_rcu_ids_fini(&hops->ids);
	pdp_rcu_ids_fini(&hops->path_ids);
	*hops = (struct pdp_nexthops){0};
}

static uint32_t bucket_of(const struct pdp_nexthop *hop)
{
	uint64_t h = pdp_hash_mix((uint64_t)hop->type << 8 | hop->kind, hop->n_paths);
	unsigned int i;

	for (i = 0; i < hop->n_paths; i++) {
		const struct pdp_nexthop_path *p = &hop->paths[i];
		uint64_t gateway[2];

		memcpy(gateway, p->gateway, sizeof(gateway));
		h = pdp_hash_mix(h, (uint64_t)p->weight << 32 | p->vif << 8 | p->gateway_family);
		h = pdp_hash_mix(h, gateway[0]);
		h = pdp_hash_mix(h, gateway[1]);
	}
	return (h * 0x9fb21c651e98df25ULL) >> 32 & (BUCKETS - 1);
}

static int equal(const struct pdp_nexthop *a, const struct pdp_nexthop *b)
{
	return a->kind == b->kind && a->type == b->type && a->n_paths == b->n_paths &&
	       !memcmp(a->paths, b->paths, a->n_paths * sizeof(a->paths[0]));
}

/* The paths of a multipath route, where packets read them. 0: there is no room. */
static uint32_t write_paths(struct pdp_nexthops *hops, const struct pdp_nexthop *hop)
{
	uint32_t id = pdp_rcu_ids_get(&hops->path_ids), total = 0;
	struct pdp_rt_paths *paths = &hops->paths[id];
	unsigned int i;

	if (!id)
		return 0;
	for (i = 0; i < PDP_NEXTHOP_PATHS; i++) {
		paths->path[i] = hop->paths[i];
		total += hop->paths[i].weight;
		paths->upto[i] = i < hop->n_paths ? total : UINT16_MAX;
	}
	return id;
}

static uint32_t total_of(const struct pdp_nexthop *hop)
{
	uint32_t total = 0;
	unsigned int i;

	for (i = 0; i < hop->n_paths; i++)
		total += hop->paths[i].weight;
	return total;
}

/* No reader has seen this id: it is in no table yet. False: there is no room. */
static bool write_hop(struct pdp_nexthops *hops, uint32_t id, const struct pdp_nexthop *hop)
{
	struct pdp_rt_hop *shared = &hops->hops[id];

	*shared = (struct pdp_rt_hop){.kind = hop->kind, .path = hop->paths[0]};
	if (hop->n_paths < 2)
		return true;
	shared->total = total_of(hop);
	shared->paths = write_paths(hops, hop);
	return shared->paths;
}

static int make(struct pdp_nexthops *hops, const struct pdp_nexthop *hop, uint32_t bucket,
		uint32_t *id)
{
	struct pdp_nexthop_entry *e = malloc(sizeof(*e));
	uint32_t i;

	if (!e)
		return -ENOMEM;
	i = pdp_rcu_ids_get(&hops->ids);
	if (!i || !write_hop(hops, i, hop)) {
		if (i)
			pdp_rcu_ids_retire(&hops->ids, i);
		free(e);
		return -ENOSPC;
	}
	*e = (struct pdp_nexthop_entry){
		.refs = 1, .bucket = bucket, .next = hops->buckets[bucket], .hop = *hop};
	hops->buckets[bucket] = i;
	hops->entries[i] = e;
	*id = i;
	return 0;
}

int pdp_nexthops_hold(struct pdp_nexthops *hops, const struct pdp_nexthop *hop, uint32_t *id)
{
	uint32_t bucket = bucket_of(hop);
	uint32_t i;

	for (i = hops->buckets[bucket]; i; i = hops->entries[i]->next) {
		if (equal(&hops->entries[i]->hop, hop)) {
			hops->entries[i]->refs++;
			*id = i;
			return 0;
		}
	}
	return make(hops, hop, bucket, id);
}

void pdp_nexthops_put(struct pdp_nexthops *hops, uint32_t id)
{
	struct pdp_nexthop_entry *e = id ? hops->entries[id] : NULL;
	uint32_t *link;

	if (!e || --e->refs)
		return;
	for (link = &hops->buckets[e->bucket]; *link != id; link = &hops->entries[*link]->next)
		;
	*link = e->next;
	hops->entries[id] = NULL;
	free(e);
	if (hops->hops[id].paths)
		pdp_rcu_ids_retire(&hops->path_ids, hops->hops[id].paths);
	pdp_rcu_ids_retire(&hops->ids, id);
}

const struct pdp_nexthop *pdp_nexthops_get(const struct pdp_nexthops *hops, uint32_t id)
{
	return &hops->entries[id]->hop;
}
