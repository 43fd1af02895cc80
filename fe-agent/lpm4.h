/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm4.h - longest-prefix match for IPv4, built for the full Internet table: small enough that it stays in the
 * caches (router_tables.h has the layout and whose idea it is).
 *
 * A look-up reads the root by the address's first 16 bits, the wide group that is there by the next 8, and
 * where a /24 holds longer prefixes the narrow group of that by the last 8. Groups know nothing of prefixes up
 * to /16 but what these lead to, for where no run has an answer. So a default route fills 128 KiB, and a change of
 * any route stores at most 65,536 entries, or writes two groups anew. Where all entries of a wide group lead to the
 * same, as half of them do in the full table, the root says so at once and no reader comes to the group.
 *
 * One writer; readers run on, in RCU read-side sections (liburcu-qsbr). Every entry is stored at
 * once: for each address a reader sees the route before a change or after it. A group is filled
 * before something points to it and used again a grace period after nothing does (group4.h).
 */
#ifndef PDP_LPM4_H
#define PDP_LPM4_H

#include <stddef.h>
#include <stdint.h>

#include "fe-agent/group4.h"
#include "fe-agent/prefix_set.h"
#include "fe-agent/router_memory.h"

struct pdp_lpm4 {
	__u16 *root;
	uint16_t *groups; /* of each /16, also of one that no reader comes to; 0: none */
	uint8_t *lens; /* of the prefixes that won the root's entries */
	struct pdp_groups4 wide; /* of a /16 */
	struct pdp_groups4 narrow; /* of a /24 */
	struct pdp_blocks4 blocks; /* of both */
	struct pdp_prefix_set set;
};

/* An empty table in *lpm, which stays where it is, in this memory; 0 or -ENOMEM. fini is fine on a zeroed one. */
int pdp_lpm4_init(struct pdp_lpm4 *lpm, const struct pdp_router_memory *memory);
void pdp_lpm4_fini(struct pdp_lpm4 *lpm);

/*
 * pdp_lpm4_add() - add a route to p, or replace the one of the same rank.
 * @rank: of several routes to one prefix the lowest is in force
 * @value: 1..PDP_NEXTHOPS-1, what look-ups return
 * @old: becomes the value replaced, or 0
 *
 * 0, -EINVAL, -ENOMEM, or -ENOSPC when there is no group or block left; then nothing has changed.
 */
int pdp_lpm4_add(struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank,
		 uint32_t value, uint32_t *old);
/* Take out a route; *old becomes its value. 0 or -ENOENT. */
int pdp_lpm4_del(struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank,
		 uint32_t *old);

static inline void pdp_lpm4_prefetch(const struct pdp_lpm4 *lpm, uint32_t addr)
{
	__builtin_prefetch(&lpm->root[addr >> 16]);
}

#define PDP_LPM4_BURST 64

/*
 * The values of the longest prefixes that hold n <= PDP_LPM4_BURST addresses (host order); 0 = none. The
 * root's entries are best fetched ahead by then.
 */
void pdp_lpm4_lookup_burst(const struct pdp_lpm4 *lpm, const uint32_t *addrs, uint32_t *values,
			   unsigned int n);

#endif
