/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm6.h - longest-prefix match for IPv6: a multibit trie with a wide root (router_tables.h has the
 * layout).
 *
 * The root is indexed by the first 16 bits, each node below by 4 more: one cache line is touched a
 * level, at most 29 levels, 5 for a /32 and 9 for a /48. Nothing is pushed down: an entry holds the best
 * prefix that ends in its node, and the child, so a change of a route stays within one node.
 *
 * One writer, readers in RCU read-side sections, as lpm4.h.
 */
#ifndef PDP_LPM6_H
#define PDP_LPM6_H

#include <stddef.h>
#include <stdint.h>

#include "fe-agent/prefix_set.h"
#include "fe-agent/router_memory.h"
#include "fe-agent/table_mem.h"

struct pdp_lpm6 {
	__u64 *root;
	struct pdp_rt_node6 *nodes;
	uint16_t *node_uses; /* prefixes that end in a node, and children */
	struct pdp_rcu_ids node_ids;
	struct pdp_prefix_set set;
};

/* As pdp_lpm4_*; lengths up to 128. */
int pdp_lpm6_init(struct pdp_lpm6 *lpm, const struct pdp_router_memory *memory);
void pdp_lpm6_fini(struct pdp_lpm6 *lpm);
int pdp_lpm6_add(struct pdp_lpm6 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank,
		 uint32_t value, uint32_t *old);
int pdp_lpm6_del(struct pdp_lpm6 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank,
		 uint32_t *old);

/* An address, host order halves. */
struct pdp_lpm6_key {
	uint64_t hi;
	uint64_t lo;
};

#define PDP_LPM6_BURST 64

/*
 * The values of the longest prefixes that hold n <= PDP_LPM6_BURST addresses; 0 = none. They go down
 * the trie in step, so that one's wait for memory is the others' work.
 */
void pdp_lpm6_lookup_burst(const struct pdp_lpm6 *lpm, const struct pdp_lpm6_key *keys,
			   uint32_t *values, unsigned int n);

#endif
