/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm6.h - longest-prefix match for IPv6: a multibit trie with a wide root.
 *
 * The root is indexed by the first 24 bits (a RIR's /12 to /32 allocations spread there), each node
 * below by 4 more: one cache line is touched a level, at most 26 levels, 2 for a /32 and 6 for a
 * /48. Nothing is pushed down: an entry holds the best prefix that ends in its node, and the child,
 * so a change of a route stays within one node. Prefixes up to /16 (a default route, 2000::/3) stand
 * in a table of their own that is read when the trie knows nothing.
 *
 *   entry, 64 bits, stored at once:
 *     bits 32-63  child node, 0 = none
 *     bits 24-31  length of the prefix that won
 *     bits 0-23   its value, 0 = none
 *
 * One writer, readers in RCU read-side sections, as lpm4.h.
 */
#ifndef PDP_LPM6_H
#define PDP_LPM6_H

#include <stddef.h>
#include <stdint.h>

#include "fe-agent/prefix_set.h"
#include "fe-agent/table_mem.h"

#define PDP_LPM6_VALUE 0x00ffffffu
#define PDP_LPM6_ROOT_BITS 24
#define PDP_LPM6_STRIDE 4
#define PDP_LPM6_NODES (1u << 21)

struct pdp_lpm6_node {
	uint64_t entries[1 << PDP_LPM6_STRIDE];
};

struct pdp_lpm6 {
	uint64_t *root;
	uint32_t *tbl16; /* 32-bit entries: length and value */
	struct pdp_lpm6_node *nodes;
	uint16_t *node_uses; /* prefixes that end in a node, and children */
	struct pdp_rcu_ids node_ids;
	struct pdp_prefix_set set;
};

/* As pdp_lpm4_*; lengths up to 128. */
int pdp_lpm6_init(struct pdp_lpm6 *lpm);
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
