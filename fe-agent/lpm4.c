/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm4.c - IPv4 longest-prefix match, the writer's side. See lpm4.h.
 *
 * All changes are one operation, paint: over the range of a prefix, an entry won by this prefix or a
 * shorter one is overwritten. To add is to paint with the prefix's value, to delete is to paint with
 * that of the prefix around it, or with nothing.
 */
#include "fe-agent/lpm4.h"

#include <errno.h>
#include <stdbool.h>

#include "fe-agent/lpm_change.h"

#define TBL24_BYTES ((size_t)(1 << 24) * sizeof(uint32_t))
#define TBL16_BYTES ((size_t)(1 << 16) * sizeof(uint32_t))
#define TBL8_BYTES ((size_t)PDP_LPM4_GROUPS * 256 * sizeof(uint32_t))
#define PREFIXES_BYTES (PDP_LPM4_GROUPS * sizeof(uint16_t))

/*
 * A part of tbl24 with so many prefixes goes to a huge page, since look-ups at random miss the TLB
 * otherwise. A real table has 20,000 in each part, which touch half of its 512 small pages.
 */
#define PART_MANY 4096
#define PART_SHIFT 27
_Static_assert((TBL24_BYTES >> (32 - PART_SHIFT)) == PDP_TABLE_HUGE, "a part is a huge page");

/* Lengths up to this one live in tbl16. */
#define SHORT_LEN 16

int pdp_lpm4_init(struct pdp_lpm4 *lpm)
{
	*lpm = (struct pdp_lpm4){0};
	lpm->tbl24 = pdp_table_map(TBL24_BYTES, PDP_TABLE_SPARSE);
	lpm->tbl16 = pdp_table_map(TBL16_BYTES, PDP_TABLE_SPARSE);
	lpm->tbl8 = pdp_table_map(TBL8_BYTES, PDP_TABLE_DENSE);
	lpm->group_prefixes = pdp_table_map(PREFIXES_BYTES, PDP_TABLE_SPARSE);
	if (lpm->tbl24 && lpm->tbl16 && lpm->tbl8 && lpm->group_prefixes &&
	    !pdp_rcu_ids_init(&lpm->group_ids, PDP_LPM4_GROUPS, NULL, NULL))
		return 0;
	pdp_lpm4_fini(lpm);
	return -ENOMEM;
}

void pdp_lpm4_fini(struct pdp_lpm4 *lpm)
{
	pdp_table_unmap(lpm->tbl24, TBL24_BYTES);
	pdp_table_unmap(lpm->tbl16, TBL16_BYTES);
	pdp_table_unmap(lpm->tbl8, TBL8_BYTES);
	pdp_table_unmap(lpm->group_prefixes, PREFIXES_BYTES);
	pdp_rcu_ids_fini(&lpm->group_ids);
	pdp_prefix_set_fini(&lpm->set);
	*lpm = (struct pdp_lpm4){0};
}

static unsigned int depth(uint32_t entry)
{
	return entry >> 24 & 0x3f;
}

/* Release: what an entry leads to (a group, a next hop) was written before it. */
static void store(uint32_t *entry, uint32_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static void paint(uint32_t *entries, size_t n, uint32_t entry, unsigned int len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (depth(entries[i]) <= len)
			store(&entries[i], entry);
}

static uint32_t *group_entries(struct pdp_lpm4 *lpm, uint32_t group)
{
	return &lpm->tbl8[(size_t)group << 8];
}

/* Prefixes of 17 to 24 bits: tbl24, and through it the groups in their range. */
static void paint_tbl24(struct pdp_lpm4 *lpm, uint32_t addr, unsigned int len, uint32_t entry)
{
	uint32_t *e = &lpm->tbl24[addr >> 8];
	uint32_t *end = e + (1u << (24 - len));

	for (; e < end; e++) {
		if (*e & PDP_LPM4_EXT)
			paint(group_entries(lpm, *e & PDP_LPM4_VALUE), 256, entry, len);
		else
			paint(e, 1, entry, len);
	}
}

/* The group of a /24, made if need be; 0 when there is none left. */
static uint32_t open_group(struct pdp_lpm4 *lpm, uint32_t *e24)
{
	uint32_t group, i;

	if (*e24 & PDP_LPM4_EXT)
		return *e24 & PDP_LPM4_VALUE;
	group = pdp_rcu_ids_get(&lpm->group_ids);
	if (!group)
		return 0;
	for (i = 0; i < 256; i++)
		group_entries(lpm, group)[i] = *e24;
	lpm->group_prefixes[group] = 0;
	store(e24, PDP_LPM4_EXT | group);
	return group;
}

/* No prefix longer than /24 is left, so all entries of the group are the same. */
static void close_group(struct pdp_lpm4 *lpm, uint32_t *e24, uint32_t group)
{
	store(e24, group_entries(lpm, group)[0]);
	pdp_rcu_ids_retire(&lpm->group_ids, group);
}

/* Prefixes longer than /24. grown: +1 if the prefix is new, -1 if it goes, 0 if its value changes. */
static int paint_tbl8(struct pdp_lpm4 *lpm, uint32_t addr, unsigned int len, uint32_t entry,
		      int grown)
{
	uint32_t *e24 = &lpm->tbl24[addr >> 8];
	uint32_t group = open_group(lpm, e24);

	if (!group)
		return -ENOSPC;
	paint(group_entries(lpm, group) + (addr & 0xff), 1u << (32 - len), entry, len);
	lpm->group_prefixes[group] += grown;
	if (!lpm->group_prefixes[group])
		close_group(lpm, e24, group);
	return 0;
}

static void note_filling(struct pdp_lpm4 *lpm, uint32_t addr)
{
	if (++lpm->part_prefixes[addr >> PART_SHIFT] == PART_MANY)
		pdp_table_condense(&lpm->tbl24[addr >> 8]);
}

static int write_tables(void *table, const struct pdp_lpm_prefix *p, uint32_t entry, int grown)
{
	struct pdp_lpm4 *lpm = table;
	uint32_t addr = p->hi >> 32;

	if (grown > 0 && p->len > SHORT_LEN)
		note_filling(lpm, addr);
	if (p->len > 24)
		return paint_tbl8(lpm, addr, p->len, entry, grown);
	if (p->len > SHORT_LEN)
		paint_tbl24(lpm, addr, p->len, entry);
	else
		paint(&lpm->tbl16[addr >> 16], 1u << (SHORT_LEN - p->len), entry, p->len);
	return 0;
}

/* What is no longer than SHORT_LEN shows through from tbl16 by itself. */
static unsigned int shortest_beside(unsigned int len)
{
	return len > SHORT_LEN ? SHORT_LEN + 1 : 0;
}

static const struct pdp_lpm_kind kind = {
	.max_len = 32,
	.shortest_beside = shortest_beside,
	.write = write_tables,
};

int pdp_lpm4_add(struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank,
		 uint32_t value, uint32_t *old)
{
	return pdp_lpm_add(&kind, lpm, &lpm->set, p, rank, value, old);
}

int pdp_lpm4_del(struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *p, uint64_t rank, uint32_t *old)
{
	return pdp_lpm_del(&kind, lpm, &lpm->set, p, rank, old);
}
