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

/* Bits of the last byte of mac: the entry is in a chain; it was said since the last renewal. */
#define LIVE htobe64(1)
#define SAID htobe64(2)

int pdp_neighbours_init(struct pdp_neighbours *n, const struct pdp_router_memory *memory)
{
	*n = (struct pdp_neighbours){
		.entries = memory->table[PDP_RT_NEIGHS],
		.buckets = memory->table[PDP_RT_NBUCKET],
	};
	return pdp_rcu_ids_init(&n->ids, memory->sizes.neighs, memory->shared);
}

void pdp_neighbours_fini(struct pdp_neighbours *n)
{
	pdp_rcu_ids_fini(&n->ids);
	*n = (struct pdp_neighbours){0};
}

/* A key as it stands in the table. */
static struct pdp_rt_neigh to_entry(const struct pdp_neighbour_key *key)
{
	struct pdp_rt_neigh e = {.link = (uint32_t)key->vif << 8 | key->family};

	memcpy(e.addr, key->addr, sizeof(e.addr));
	return e;
}

static struct pdp_neighbour_key to_key(const struct pdp_rt_neigh *e)
{
	struct pdp_neighbour_key key = {.vif = e->link >> 8, .family = e->link & 0xff};

	memcpy(key.addr, e->addr, sizeof(key.addr));
	return key;
}

static uint32_t *bucket_of(const struct pdp_neighbours *n, const struct pdp_rt_neigh *e)
{
	return &n->buckets[pdp_rt_neigh_bucket(e->link, e->addr[0], e->addr[1])];
}

static bool equal(const struct pdp_rt_neigh *a, const struct pdp_rt_neigh *b)
{
	return a->link == b->link && a->addr[0] == b->addr[0] && a->addr[1] == b->addr[1];
}

/*
 * The id of key's entry, or 0. *link becomes what led there, a bucket's head or an entry's next. It
 * may change behind a reader's back; the id once read stays good in the reader's section.
 */
static uint32_t find(const struct pdp_neighbours *n, const struct pdp_rt_neigh *key,
		     uint32_t **link)
{
	uint32_t id;

	*link = bucket_of(n, key);
	while ((id = __atomic_load_n(*link, __ATOMIC_ACQUIRE)) && !equal(&n->entries[id], key))
		*link = &n->entries[id].next;
	return id;
}

int pdp_neighbours_set(struct pdp_neighbours *n, const struct pdp_neighbour_key *key,
		       const uint8_t mac[6])
{
	struct pdp_rt_neigh e = to_entry(key);
	uint32_t *bucket = bucket_of(n, &e), *link;
	uint32_t id = find(n, &e, &link);

	e.mac = LIVE | SAID;
	memcpy(&e.mac, mac, 6);
	if (id) {
		__atomic_store_n(&n->entries[id].mac, e.mac, __ATOMIC_RELAXED);
		return 0;
	}
	if (pdp_memory_take(sizeof(*n->entries)))
		return -ENOMEM;
	id = pdp_rcu_ids_get(&n->ids);
	if (!id)
		return -ENOSPC;
	e.next = *bucket;
	n->entries[id] = e;
	__atomic_store_n(bucket, id, __ATOMIC_RELEASE);
	return 0;
}

static void mark(struct pdp_rt_neigh *e, uint64_t bits)
{
	__atomic_store_n(&e->mac, (e->mac & ~(LIVE | SAID)) | bits, __ATOMIC_RELAXED);
}

int pdp_neighbours_del(struct pdp_neighbours *n, const struct pdp_neighbour_key *key)
{
	struct pdp_rt_neigh wanted = to_entry(key);
	uint32_t *link;
	uint32_t id = find(n, &wanted, &link);

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
	struct pdp_rt_neigh wanted = to_entry(key);
	uint32_t *link;
	uint32_t id = find(n, &wanted, &link);
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
		const struct pdp_rt_neigh *e = &n->entries[*cursor];

		if (!(e->mac & LIVE))
			continue;
		*key = to_key(e);
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

	for (id = 1; id < n->ids.fresh; id++) {
		struct pdp_neighbour_key key = to_key(&n->entries[id]);

		if ((n->entries[id].mac & (LIVE | SAID)) == LIVE)
			pdp_neighbours_del(n, &key);
	}
}
