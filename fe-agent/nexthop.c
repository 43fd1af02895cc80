/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nexthop.c - what routes lead to. See nexthop.h.
 */
#include "fe-agent/nexthop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/wire.h"

#define BUCKETS 1024
#define BUCKETS_BYTES (BUCKETS * sizeof(uint32_t))
#define ENTRIES_BYTES (PDP_NEXTHOPS * sizeof(void *))

struct pdp_nexthop_entry {
	uint32_t refs;
	uint32_t bucket;
	uint32_t next; /* id in the bucket's chain */
	struct pdp_nexthop hop;
};

static void free_entry(void *ctx, uint32_t id)
{
	struct pdp_nexthops *hops = ctx;

	free(hops->entries[id]);
	hops->entries[id] = NULL;
}

int pdp_nexthops_init(struct pdp_nexthops *hops)
{
	*hops = (struct pdp_nexthops){
		.entries = pdp_table_map(ENTRIES_BYTES, PDP_TABLE_SPARSE),
		.buckets = pdp_table_map(BUCKETS_BYTES, PDP_TABLE_SPARSE),
	};
	if (hops->entries && hops->buckets &&
	    !pdp_rcu_ids_init(&hops->ids, PDP_NEXTHOPS, free_entry, hops))
		return 0;
	pdp_nexthops_fini(hops);
	return -ENOMEM;
}

void pdp_nexthops_fini(struct pdp_nexthops *hops)
{
	uint32_t id;

	pdp_rcu_ids_fini(&hops->ids);
	for (id = 1; hops->entries && id < PDP_NEXTHOPS; id++)
		free(hops->entries[id]);
	pdp_table_unmap(hops->entries, ENTRIES_BYTES);
	pdp_table_unmap(hops->buckets, BUCKETS_BYTES);
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

int pdp_nexthops_hold(struct pdp_nexthops *hops, const struct pdp_nexthop *hop, uint32_t *id)
{
	uint32_t bucket = bucket_of(hop);
	struct pdp_nexthop_entry *e;
	uint32_t i;

	for (i = hops->buckets[bucket]; i; i = hops->entries[i]->next) {
		if (equal(&hops->entries[i]->hop, hop)) {
			hops->entries[i]->refs++;
			*id = i;
			return 0;
		}
	}
	e = malloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	i = pdp_rcu_ids_get(&hops->ids);
	if (!i) {
		free(e);
		return -ENOSPC;
	}
	*e = (struct pdp_nexthop_entry){
		.refs = 1, .bucket = bucket, .next = hops->buckets[bucket], .hop = *hop};
	hops->buckets[bucket] = i;
	__atomic_store_n(&hops->entries[i], e, __ATOMIC_RELEASE);
	*id = i;
	return 0;
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
	pdp_rcu_ids_retire(&hops->ids, id);
}

const struct pdp_nexthop *pdp_nexthops_get(const struct pdp_nexthops *hops, uint32_t id)
{
	return &__atomic_load_n(&hops->entries[id], __ATOMIC_ACQUIRE)->hop;
}

const struct pdp_nexthop_path *pdp_nexthop_pick(const struct pdp_nexthop *hop, uint32_t hash)
{
	uint32_t total = 0, point;
	unsigned int i;

	if (hop->n_paths == 1)
		return &hop->paths[0];
	for (i = 0; i < hop->n_paths; i++)
		total += hop->paths[i].weight;
	/* The hash has already picked this guest: its high bits are not free any more. Mix again. */
	point = pdp_hash_slot(hash * 0x9e3779b1u, total);
	for (i = 0; point >= hop->paths[i].weight; i++)
		point -= hop->paths[i].weight;
	return &hop->paths[i];
}
