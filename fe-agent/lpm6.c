/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm6.c - IPv6 longest-prefix match: changes, and look-ups by the burst. See lpm6.h; painting is as
 * in lpm4.c.
 */
#include "fe-agent/lpm6.h"

#include <errno.h>
#include <stdbool.h>

#include "fe-agent/lpm_change.h"

#define ROOT_BITS PDP_RT_ROOT_BITS
#define NODE_BITS PDP_RT_NODE_BITS
#define LEVELS_MAX ((128 - ROOT_BITS) / NODE_BITS)

/* The entries that lead from the root to the node a prefix ends in, and that node. */
struct path {
	unsigned int levels; /* nodes on the way, the last included */
	__u64 *parent[LEVELS_MAX]; /* parent[i] points to the node of level i */
};

/* The NODE_BITS bits of an address that begin at bit; bit is a multiple of that. */
static unsigned int index_at(uint64_t hi, uint64_t lo, unsigned int bit)
{
	return (bit < 64 ? hi >> (60 - bit) : lo >> (124 - bit)) & 0xf;
}

int pdp_lpm6_init(struct pdp_lpm6 *lpm, const struct pdp_router_memory *memory)
{
	const uint32_t nodes = memory->sizes.nodes6;

	*lpm = (struct pdp_lpm6){
		.root = memory->table[PDP_RT_ROOT6],
		.nodes = memory->table[PDP_RT_NODE6],
		.node_uses = pdp_table_map(nodes * sizeof(*lpm->node_uses), PDP_TABLE_SPARSE),
	};
	if (lpm->node_uses && !pdp_rcu_ids_init(&lpm->node_ids, nodes, memory->shared))
		return 0;
	pdp_lpm6_fini(lpm);
	return -ENOMEM;
}

void pdp_lpm6_fini(struct pdp_lpm6 *lpm)
{
	pdp_table_unmap(lpm->node_uses, lpm->node_ids.capacity * sizeof(*lpm->node_uses));
	pdp_rcu_ids_fini(&lpm->node_ids);
	pdp_prefix_set_fini(&lpm->set);
	*lpm = (struct pdp_lpm6){0};
}

static unsigned int depth(uint32_t leaf)
{
	return leaf >> PDP_RT_LEN_SHIFT;
}

static void store(__u64 *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static void set_leaf(__u64 *entry, uint32_t leaf)
{
	store(entry, (*entry & ~0xffffffffULL) | leaf);
}

static void set_child(__u64 *entry, uint32_t child)
{
	store(entry, (uint64_t)child << PDP_RT_CHILD_SHIFT | (uint32_t)*entry);
}

static void paint(__u64 *entries, size_t n, uint32_t leaf, unsigned int len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (depth(entries[i]) <= len)
			set_leaf(&entries[i], leaf);
}

/* The number of a prefix's first bit in the node it ends in; its length is above it, by 1 to 4. */
static unsigned int node_bit(unsigned int len)
{
	return (len - 1) / NODE_BITS * NODE_BITS;
}

static unsigned int levels_of(unsigned int len)
{
	return (node_bit(len) - ROOT_BITS) / NODE_BITS + 1;
}

/* Walk to the node of p as far as there are nodes; path->levels says how far. */
static void walk(struct pdp_lpm6 *lpm, const struct pdp_lpm_prefix *p, struct path *path)
{
	__u64 *entry = &lpm->root[p->hi >> (64 - ROOT_BITS)];
	unsigned int want = levels_of(p->len);
	unsigned int i;

	for (i = 0; i < want; i++) {
		unsigned int bit = ROOT_BITS + i * NODE_BITS;

		path->parent[i] = entry;
		if (!(*entry >> 32))
			break;
		entry = &lpm->nodes[*entry >> 32].entry[index_at(p->hi, p->lo, bit)];
	}
	path->levels = i;
}

/* 0 is the root, whose uses count for nothing. */
static uint32_t last_node(const struct path *path)
{
	return path->levels ? *path->parent[path->levels - 1] >> 32 : 0;
}

/* Make what is missing on the way. A new node is empty, so readers may go through it at once. */
static int extend(struct pdp_lpm6 *lpm, const struct pdp_lpm_prefix *p, struct path *path)
{
	unsigned int want = levels_of(p->len);
	int err = pdp_rcu_ids_reserve(&lpm->node_ids, want - path->levels);

	if (err)
		return err;
	while (path->levels < want) {
		uint32_t id = pdp_table_get(&lpm->node_ids, lpm->nodes, sizeof(*lpm->nodes));

		lpm->nodes[id] = (struct pdp_rt_node6){0};
		lpm->node_uses[last_node(path)]++;
		lpm->node_uses[id] = 0;
		set_child(path->parent[path->levels], id);
		walk(lpm, p, path);
	}
	return 0;
}

/* Unlink the nodes that nothing ends in or below any more. */
static void prune(struct pdp_lpm6 *lpm, struct path *path)
{
	while (path->levels) {
		uint32_t id = last_node(path);

		if (lpm->node_uses[id])
			return;
		set_child(path->parent[path->levels - 1], 0);
		pdp_rcu_ids_retire(&lpm->node_ids, id);
		path->levels--;
		lpm->node_uses[last_node(path)]--;
	}
}

/* grown: +1 if the prefix is new, -1 if it goes, 0 if its value changes. */
static int paint_node(struct pdp_lpm6 *lpm, const struct pdp_lpm_prefix *p, uint32_t leaf,
		      int grown)
{
	unsigned int bit = node_bit(p->len);
	struct path path;
	uint32_t id;
	int err;

	walk(lpm, p, &path);
	err = extend(lpm, p, &path);
	if (err)
		return err;
	id = last_node(&path);
	paint(&lpm->nodes[id].entry[index_at(p->hi, p->lo, bit)], 1u << (bit + NODE_BITS - p->len),
	      leaf, p->len);
	lpm->node_uses[id] += grown;
	prune(lpm, &path);
	return 0;
}

static int write_tables(void *table, const struct pdp_lpm_prefix *p, uint32_t leaf, int grown)
{
	struct pdp_lpm6 *lpm = table;

	if (p->len > ROOT_BITS)
		return paint_node(lpm, p, leaf, grown);
	paint(&lpm->root[p->hi >> (64 - ROOT_BITS)], 1u << (ROOT_BITS - p->len), leaf, p->len);
	return 0;
}

/* The shortest length that ends in the same node as len. */
static unsigned int shortest_beside(unsigned int len)
{
	return len > ROOT_BITS ? node_bit(len) + 1 : 0;
}

static const struct pdp_lpm_kind kind = {
	.max_len = 128,
	.shortest_beside = shortest_beside,
	.write = write_tables,
};

int pdp_lpm6_add(struct pdp_lpm6 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank,
		 uint32_t value, uint32_t *old)
{
	return pdp_lpm_add(&kind, lpm, &lpm->set, p, rank, value, old);
}

int pdp_lpm6_del(struct pdp_lpm6 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank, uint32_t *old)
{
	return pdp_lpm_del(&kind, lpm, &lpm->set, p, rank, old);
}

static const __u64 *root_entry(const struct pdp_lpm6 *lpm, const struct pdp_lpm6_key *key)
{
	return &lpm->root[key->hi >> (64 - ROOT_BITS)];
}

/* A look-up on its way: the entry it goes on from, and the best leaf so far. */
struct walker {
	const __u64 *entry;
	uint32_t best;
	unsigned int i;
};

/* Read the walker's entry; true: it leads on, to the node whose bits begin at bit. */
static inline bool step(const struct pdp_lpm6 *lpm, const struct pdp_lpm6_key *keys,
			struct walker *w, unsigned int bit)
{
	uint64_t e = __atomic_load_n(w->entry, __ATOMIC_RELAXED);

	if ((uint32_t)e)
		w->best = e;
	if (!(e >> 32) || bit == 128)
		return false;
	w->entry = &lpm->nodes[e >> 32].entry[index_at(keys[w->i].hi, keys[w->i].lo, bit)];
	__builtin_prefetch(w->entry);
	return true;
}

void pdp_lpm6_lookup_burst(const struct pdp_lpm6 *lpm, const struct pdp_lpm6_key *keys,
			   uint32_t *values, unsigned int n)
{
	struct walker walkers[PDP_LPM6_BURST];
	unsigned int i, bit, left, on;

	for (i = 0; i < n; i++) {
		walkers[i] = (struct walker){.entry = root_entry(lpm, &keys[i]), .i = i};
		__builtin_prefetch(walkers[i].entry);
	}
	for (left = n, bit = ROOT_BITS; left; left = on, bit += NODE_BITS) {
		for (i = 0, on = 0; i < left; i++) {
			struct walker w = walkers[i];

			if (step(lpm, keys, &w, bit))
				walkers[on++] = w;
			else
				values[w.i] = w.best & PDP_RT_VALUE;
		}
	}
}
