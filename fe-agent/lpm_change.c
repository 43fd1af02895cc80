/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm_change.c - how a route comes and goes. See lpm_change.h.
 */
#include "fe-agent/lpm_change.h"

#include <errno.h>

static uint32_t make_leaf(uint32_t value, unsigned int len)
{
	return value ? (uint32_t)len << 24 | value : 0;
}

int pdp_lpm_add(const struct pdp_lpm_kind *kind, void *lpm, struct pdp_prefix_set *set,
		const struct pdp_lpm_prefix *p, uint64_t rank, uint32_t value, uint32_t *old)
{
	struct pdp_prefix_change c;
	int err;

	if (!pdp_lpm_prefix_valid(p, kind->max_len) || !value || value > PDP_LPM_VALUE)
		return -EINVAL;
	err = pdp_prefix_set_add(set, p, rank, value, &c);
	if (err)
		return err;
	*old = c.old;
	if (c.best == c.before)
		return 0;
	err = kind->write(lpm, p, make_leaf(c.best, p->len), c.before ? 0 : 1);
	if (err)
		pdp_prefix_set_del(set, p, rank, &c);
	return err;
}

int pdp_lpm_del(const struct pdp_lpm_kind *kind, void *lpm, struct pdp_prefix_set *set,
		const struct pdp_lpm_prefix *p, uint64_t rank, uint32_t *old)
{
	struct pdp_prefix_change c;
	unsigned int len = 0;
	uint32_t cover;
	int err;

	err = pdp_prefix_set_del(set, p, rank, &c);
	if (err)
		return err;
	*old = c.old;
	if (c.best == c.before)
		return 0;
	if (c.best)
		return kind->write(lpm, p, make_leaf(c.best, p->len), 0);
	cover = pdp_prefix_set_cover(set, p, kind->shortest_beside(p->len), &len);
	return kind->write(lpm, p, make_leaf(cover, len), -1);
}
