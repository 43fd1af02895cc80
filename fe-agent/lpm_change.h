/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm_change.h - how a route comes and goes: what lpm4.c and lpm6.c have in common.
 *
 * The set of routes says which is in force for the prefix before and after; the table is written only when
 * that differs. What is written is a leaf: the length of the prefix that wins in the upper 8 bits, its value
 * below; 0 = none.
 */
#ifndef PDP_LPM_CHANGE_H
#define PDP_LPM_CHANGE_H

#include <stdint.h>

#include "fe-agent/prefix_set.h"

#define PDP_LPM_VALUE 0x00ffffffu

/* A kind of table. */
struct pdp_lpm_kind {
	unsigned int max_len; /* of a prefix */
	/* The shortest length whose prefixes stand beside those of len; shorter ones show through. */
	unsigned int (*shortest_beside)(unsigned int len);
	/*
	 * Overwrite what p or a shorter prefix has won. grown: +1 if p is new to the table, -1 if it
	 * goes, 0 if its value changes. 0, or -ENOSPC with a new prefix alone, and nothing was written.
	 */
	int (*write)(void *lpm, const struct pdp_lpm_prefix *p, uint32_t leaf, int grown);
};

/* As pdp_lpm4_add() and pdp_lpm4_del(), for the table lpm and its set of routes. */
int pdp_lpm_add(const struct pdp_lpm_kind *kind, void *lpm, struct pdp_prefix_set *set,
		const struct pdp_lpm_prefix *p, uint64_t rank, uint32_t value, uint32_t *old);
int pdp_lpm_del(const struct pdp_lpm_kind *kind, void *lpm, struct pdp_prefix_set *set,
		const struct pdp_lpm_prefix *p, uint64_t rank, uint32_t *old);

#endif
