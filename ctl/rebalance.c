/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* rebalance.c - slots from overloaded guests to idle ones; see rebalance.h. Off the packet's path. */
#include "ctl/rebalance.h"

#include <string.h>

static bool has_slots(const struct pdp_slot_table *table, uint16_t n_slots, uint16_t guest)
{
	uint16_t slot = 0;

	while (slot < n_slots && table->guest[slot] != guest)
		slot++;
	return slot < n_slots;
}

static uint16_t slots_of(const struct pdp_slot_table *table, uint16_t n_slots, uint16_t guest)
{
	uint16_t n = 0;

	for (uint16_t slot = 0; slot < n_slots; slot++)
		n += table->guest[slot] == guest;
	return n;
}

static uint32_t differences(const struct pdp_slot_table *a, const struct pdp_slot_table *b,
			    uint16_t n_slots)
{
	uint32_t n = 0;

	for (uint16_t slot = 0; slot < n_slots; slot++)
		n += a->guest[slot] != b->guest[slot];
	return n;
}

void pdp_rebalance_apply(const struct pdp_rebalance *r, struct pdp_slot_table *table,
			 uint16_t n_slots)
{
	const struct pdp_slot_table base = *table;

	if (!r->any)
		return;
	for (uint16_t slot = 0; slot < n_slots; slot++)
		if (r->moved[slot] && has_slots(&base, n_slots, r->moved[slot]))
			table->guest[slot] = r->moved[slot];
}

uint32_t pdp_rebalance_away(const struct pdp_rebalance *r, const struct pdp_slot_table *base,
			    uint16_t n_slots)
{
	struct pdp_slot_table now = *base;

	pdp_rebalance_apply(r, &now, n_slots);
	return differences(&now, base, n_slots);
}

bool pdp_rebalance_recall(struct pdp_rebalance *r, const struct pdp_slot_table *base,
			  const struct pdp_slot_table *left, uint16_t n_slots)
{
	if (differences(base, left, n_slots) > PDP_REBALANCE_AWAY)
		return false;
	for (uint16_t slot = 0; slot < n_slots; slot++)
		if (!has_slots(base, n_slots, left->guest[slot]) ||
		    !has_slots(left, n_slots, base->guest[slot]))
			return false;
	for (uint16_t slot = 0; slot < n_slots; slot++) {
		if (base->guest[slot] == left->guest[slot])
			continue;
		r->moved[slot] = left->guest[slot];
		r->any = true;
	}
	return true;
}

static bool is_overloaded(const struct pdp_load *load)
{
	return load->there && (load->busy >= PDP_REBALANCE_BUSY ||
			       load->lost * 1000 > load->came * PDP_REBALANCE_LOST);
}

/* A few lost ones are none: a guest that hardly gets anything may lose a burst. */
static bool is_idle(const struct pdp_load *load)
{
	return load->there && load->busy <= PDP_REBALANCE_IDLE && load->lost * 1000 <= load->came;
}

static struct pdp_rebalance_guest recollect(const struct pdp_rebalance_guest *seen, uint16_t guest)
{
	for (size_t i = 0; i < PDP_REBALANCE_GUESTS; i++)
		if (seen[i].guest == guest)
			return seen[i];
	return (struct pdp_rebalance_guest){.guest = guest};
}

static void count(uint8_t *looks, bool so)
{
	if (!so)
		*looks = 0;
	else if (*looks < PDP_REBALANCE_LOOKS)
		++*looks;
}

static void note(struct pdp_rebalance *r, const struct pdp_load *loads, size_t n)
{
	struct pdp_rebalance_guest was[PDP_REBALANCE_GUESTS];

	memcpy(was, r->seen, sizeof(was));
	memset(r->seen, 0, sizeof(r->seen));
	for (size_t i = 0; i < n; i++) {
		struct pdp_rebalance_guest *seen = &r->seen[i];

		*seen = recollect(was, loads[i].guest);
		count(&seen->over, is_overloaded(&loads[i]));
		count(&seen->idle, is_idle(&loads[i]));
		seen->keeps -= seen->keeps > 0;
	}
	r->rest -= r->rest > 0;
}

/* Of those that are surely overloaded who loses most, or else is busiest; NULL: nobody is. */
static const struct pdp_load *find_overloaded(const struct pdp_rebalance *r,
					      const struct pdp_load *loads, size_t n)
{
	const struct pdp_load *found = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct pdp_load *load = &loads[i];

		if (r->seen[i].over < PDP_REBALANCE_LOOKS || r->seen[i].keeps)
			continue;
		if (!found || load->lost > found->lost ||
		    (load->lost == found->lost && load->busy > found->busy))
			found = load;
	}
	return found;
}

static size_t find_idle(const struct pdp_rebalance *r, const struct pdp_load *loads, size_t n)
{
	size_t found = n;

	for (size_t i = 0; i < n; i++)
		if (r->seen[i].idle == PDP_REBALANCE_LOOKS &&
		    (found == n || loads[i].busy < loads[found].busy))
			found = i;
	return found;
}

/*
 * Slots that were moved away from `to` go home; others are away from then on, as long as that is not too
 * many. One is left: a guest without a slot would look idle for ever.
 */
static void move(struct pdp_rebalance *r, const struct pdp_slot_table *base, uint16_t n_slots,
		 struct pdp_rebalance_step *step)
{
	struct pdp_slot_table now = *base;
	uint32_t away, own;

	pdp_rebalance_apply(r, &now, n_slots);
	away = differences(&now, base, n_slots);
	own = slots_of(&now, n_slots, step->from);
	for (uint16_t slot = 0; slot < n_slots && step->n < PDP_REBALANCE_STEP; slot++) {
		const bool leaves = base->guest[slot] == step->from;

		if (now.guest[slot] != step->from || step->n + 1U >= own)
			continue;
		if (leaves && away >= PDP_REBALANCE_AWAY)
			continue;
		away += leaves;
		r->moved[slot] = base->guest[slot] == step->to ? 0 : step->to;
		step->slot[step->n++] = slot;
	}
	r->any |= step->n > 0;
}

struct pdp_rebalance_step pdp_rebalance_look(struct pdp_rebalance *r,
					     const struct pdp_slot_table *base, uint16_t n_slots,
					     const struct pdp_load *loads, size_t n_loads)
{
	struct pdp_rebalance_step step = {0};
	const struct pdp_load *from;
	size_t to;

	note(r, loads, n_loads);
	from = find_overloaded(r, loads, n_loads);
	to = find_idle(r, loads, n_loads);
	if (!from || to == n_loads || r->rest)
		return step;
	step.from = from->guest;
	step.to = loads[to].guest;
	move(r, base, n_slots, &step);
	if (!step.n)
		return step;
	r->moves += step.n;
	r->rest = PDP_REBALANCE_REST;
	r->seen[to].keeps = PDP_REBALANCE_KEEP;
	return step;
}
