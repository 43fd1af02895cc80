/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm4.h - longest-prefix match for IPv4, built for the full Internet table: DIR-24-8 (Gupta, Lin,
 * McKeown: "Routing Lookups in Hardware at Memory Access Speeds", INFOCOM 1998).
 *
 * A look-up reads tbl24 by the address's first 24 bits, and if that entry points on, a group of 256
 * in tbl8 by the last 8. Where neither knows a prefix longer than /16, tbl16 has the last word: so a
 * default route fills 256 KiB and not 64 MiB, and no change of a route touches more.
 *
 *   tbl24[2^24], tbl8[groups * 256], tbl16[2^16], each entry 32 bits:
 *     bit 31      tbl24 alone: the rest is a group of tbl8
 *     bits 24-29  length of the prefix that won
 *     bits 0-23   its value, 1..2^24-1; 0 = none
 *
 * One writer; readers run on, in RCU read-side sections (liburcu-qsbr). Every entry is stored at
 * once: for each address a reader sees the route before a change or after it. A group is filled
 * before tbl24 points to it and used again a grace period after it ceased to.
 */
#ifndef PDP_LPM4_H
#define PDP_LPM4_H

#include <stddef.h>
#include <stdint.h>

#include "fe-agent/prefix_set.h"
#include "fe-agent/table_mem.h"

#define PDP_LPM4_EXT 0x80000000u
#define PDP_LPM4_VALUE 0x00ffffffu
/* Groups of tbl8: /24s that hold a longer prefix. The full table has under 5,000 longer prefixes. */
#define PDP_LPM4_GROUPS 65536

/* Of tbl24, each of a huge page: the /5s. */
#define PDP_LPM4_PARTS 32

struct pdp_lpm4 {
	uint32_t *tbl24;
	uint32_t *tbl16;
	uint32_t *tbl8;
	uint16_t *group_prefixes; /* prefixes longer than /24, by group */
	uint32_t part_prefixes[PDP_LPM4_PARTS]; /* ever added, by part of tbl24 */
	struct pdp_rcu_ids group_ids;
	struct pdp_prefix_set set;
};

/* An empty table in *lpm; 0 or -ENOMEM. fini is fine on a zeroed one. */
int pdp_lpm4_init(struct pdp_lpm4 *lpm);
void pdp_lpm4_fini(struct pdp_lpm4 *lpm);

/*
 * pdp_lpm4_add() - add a route to p, or replace the one of the same rank.
 * @rank: of several routes to one prefix the lowest is in force
 * @value: 1..2^24-1, what look-ups return
 * @old: becomes the value replaced, or 0
 *
 * 0, -EINVAL, -ENOMEM, or -ENOSPC when too many /24s hold longer prefixes; then nothing has changed.
 */
int pdp_lpm4_add(struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank,
		 uint32_t value, uint32_t *old);
/* Take out a route; *old becomes its value. 0 or -ENOENT. */
int pdp_lpm4_del(struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank,
		 uint32_t *old);

static inline void pdp_lpm4_prefetch(const struct pdp_lpm4 *lpm, uint32_t addr)
{
	__builtin_prefetch(&lpm->tbl24[addr >> 8]);
}

/* The value of the longest prefix that holds addr (host order), or 0. */
static inline uint32_t pdp_lpm4_lookup(const struct pdp_lpm4 *lpm, uint32_t addr)
{
	uint32_t e = __atomic_load_n(&lpm->tbl24[addr >> 8], __ATOMIC_RELAXED);

	if (e & PDP_LPM4_EXT)
		e = __atomic_load_n(&lpm->tbl8[(e & PDP_LPM4_VALUE) << 8 | (addr & 0xff)],
				    __ATOMIC_RELAXED);
	if (!e)
		e = __atomic_load_n(&lpm->tbl16[addr >> 16], __ATOMIC_RELAXED);
	return e & PDP_LPM4_VALUE;
}

#endif
