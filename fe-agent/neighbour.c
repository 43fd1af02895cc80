/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * neighbour.c - MAC addresses on vxlan vifs. See neighbour.h.
 */
#include "fe-agent/neighbour.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "bpf/wire.h"
#include "fe-agent/memory.h"

#define BUCKETS 16384
#define ENTRIES_BYTES (PDP_NEIGHBOURS * sizeof(struct pdp_neighbour))
#define BUCKETS_BYTES (BUCKETS * sizeof(uint32_t))

struct pdp_neighbour {
	uint64_t mac; /* in its first six bytes; LIVE, SAID */
	struct pdp_neighbour_key key;
	uint32_t next; /* id in the bucket's chain */
};

/* Bits of the last byte of mac: the entry is in a chain; it was said since the last renewal. */
#define LIVE htobe64(1)
#define SAID htobe64(2)

int pdp_neighbours_init(struct pdp_neighbours *n)
{
	*n = (struct pdp_neighbours){
		.entries = pdp_table_map(ENTRIES_BYTES, PDP_TABLE_SPARSE),
		.buckets = pdp_table_map(BUCKETS_BYTES, PDP_TABLE_SPARSE),
	};
	if (n->entries && n->buckets && !pdp_rcu_ids_init(&n->ids, PDP_NEIGHBOURS, NULL, NULL))
		return 0;
	pdp_neighbours_fini(n);
	return -ENOMEM;
}

void pdp_neighbours_fini(struct pdp_neighbours *n)
{
	pdp_table_unmap(n->entries, ENTRIES_BYTES);
	pdp_table_unmap(n->buckets, BUCKETS_BYTES);
	pdp_rcu_ids_fini(&n->ids);
	*n = (struct pdp_neighbours){0};
}

static uint32_t *bucket_of(const struct pdp_neighbours *n, const struct pdp_neighbour_key *key)
{
	uint64_t words[2], h;

	memcpy(words, key->addr, sizeof(words));
	h = pdp_hash_mix((uint64_t)key->vif << 8 | key->family, words[0]);
	h = pdp_hash_mix(h, words[1]) * 0x9fb21c651e98df25ULL;
	return &n->buckets[h >> 32 & (BUCKETS - 1)];
}

static bool equal(const struct pdp_neighbour_key *a, const struct pdp_neighbour_key *b)
{
	return a->vif == b->vif && a->family == b->family &&
	       !memcmp(a->addr, b->addr, sizeof(a->addr));
}

/*
 * The id of key's entry, or 0. *link becomes what led there, a bucket's head or an entry's next. It
 * may change behind a reader's back; the id once read stays good in the reader's section.
 */
static uint32_t find(const struct pdp_neighbours *n, const struct pdp_neighbour_key *key,
		     uint32_t **link)
{
	uint32_t id;

	*link = bucket_of(n, key);
	while ((id = __atomic_load_n(*link, __ATOMIC_ACQUIRE)) && !equal(&n->entries[id].key, key))
		*link = &n->entries[id].next;
	return id;
}

int pdp_neighbours_set(struct pdp_neighbours *n, const struct pdp_neighbour_key *key,
		       const uint8_t mac[6])
{
	uint32_t *bucket = bucket_of(n, key), *link;
	uint32_t id = find(n, key, &link);
	uint64_t word = LIVE | SAID;

	memcpy(&word, mac, 6);
	if (id) {
		__atomic_store_n(&n->entries[id].mac, word, __ATOMIC_RELAXED);
		return 0;
	}
	if (pdp_memory_take(sizeof(*n->entries)))
		return -ENOMEM;
	id = pdp_rcu_ids_get(&n->ids);
	if (!id)
		return -ENOSPC;
	n->entries[id] = (struct pdp_neighbour){.mac = word, .key = *key, .next = *bucket};
	__atomic_store_n(bucket, id, __ATOMIC_RELEASE);
	return 0;
}

static void mark(struct pdp_neighbour *e, uint64_t bits)
{
	__atomic_store_n(&e->mac, (e->mac & ~(LIVE | SAID)) | bits, __ATOMIC_RELAXED);
}

int pdp_neighbours_del(struct pdp_neighbours *n, const struct pdp_neighbour_key *key)
{
	uint32_t *link;
	uint32_t id = find(n, key, &link);

	if (!id)
		return -ENOENT;
	__atomic_store_n(link, n->entries[id].next, __ATOMIC_RELEASE);
	/* A reader that is still here has a MAC address to the end. */
	mark(&n->entries[id], 0);
	pdp_rcu_ids_retire(&n->ids, id);
	return 0;
}

bool pdp_neighbours_find(const struct pdp_neighbours *n, const struct pdp_neighbour_key *key,
			 uint8_t mac[6])
{
	uint32_t *link;
	uint32_t id = find(n, key, &link);
	uint64_t word;

	if (!id)
		return false;
	word = __atomic_load_n(&n->entries[id].mac, __ATOMIC_RELAXED);
	memcpy(mac, &word, 6);
	return true;
}

bool pdp_neighbours_walk(const struct pdp_neighbours *n, uint32_t *cursor,
			 struct pdp_neighbour_key *key, uint8_t mac[6])
{
	while (++*cursor < n->ids.fresh) {
		const struct pdp_neighbour *e = &n->entries[*cursor];

		if (!(e->mac & LIVE))
			continue;
		*key = e->key;
		memcpy(mac, &e->mac, 6);
		return true;
	}
	return false;
}

void pdp_neighbours_renew(struct pdp_neighbours *n)
{
	uint32_t id;

	for (id = 1; id < n->ids.fresh; id++)
		mark(&n->entries[id], n->entries[id].mac & LIVE);
}

void pdp_neighbours_sweep(struct pdp_neighbours *n)
{
	uint32_t id;

	for (id = 1; id < n->ids.fresh; id++)
		if ((n->entries[id].mac & (LIVE | SAID)) == LIVE)
			pdp_neighbours_del(n, &n->entries[id].key);
}
