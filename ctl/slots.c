/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * slots.c - the distribution policies: how a vnet's slot table is filled.
 *
 * Writes what the classifier indexes. All policies are made of two steps: powers become turns
 * (how many slots each guest has), and turns are taken in the smooth order. round-robin, weighted and spray
 * write the order down as it is; flow-hash and flowlet let each turn's guest take the next free slot of its own
 * preference list, which is Maglev with weights.
 */
#include "ctl/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	enum pdp_policy policy;
	const char *name;
} policies[] = {
	{PDP_POLICY_ROUND_ROBIN, "round-robin"},
	{PDP_POLICY_WEIGHTED, "weighted"},
	{PDP_POLICY_FLOW_HASH, "flow-hash"},
	{PDP_POLICY_FLOWLET, "flowlet"},
	{PDP_POLICY_SPRAY, "spray"},
};

#define N_POLICIES (sizeof(policies) / sizeof(policies[0]))

const char *pdp_policy_name(enum pdp_policy policy)
{
	for (size_t i = 0; i < N_POLICIES; i++)
		if (policies[i].policy == policy)
			return policies[i].name;
	return "unknown";
}

enum pdp_policy pdp_policy_by_name(const char *name)
{
	for (size_t i = 0; i < N_POLICIES; i++)
		if (!strcmp(policies[i].name, name))
			return policies[i].policy;
	return 0;
}

bool pdp_policy_hashes(enum pdp_policy policy)
{
	return policy == PDP_POLICY_FLOW_HASH || policy == PDP_POLICY_FLOWLET;
}

/* A guest while a table is being filled. */
struct turn {
	uint16_t guest;
	uint32_t power;
	uint32_t slots; /* its part of the table, at least 1 */
	int64_t credit; /* smooth weighted round robin: the highest has the turn */
	uint32_t at, skip; /* Maglev: where on its preference list it stands, and its step */
};

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * Share out n slots by power: the whole part to each, at least one, and what is left over one by one to
 * whom most is owed (largest remainder; the first of equals). Returns by how much the parts miss the
 * exact ones, summed, as a fraction of the table.
 */
static double share_out(struct turn *turns, size_t n_turns, uint64_t power, uint32_t n)
{
	double miss = 0;
	uint32_t given = 0;

	for (size_t i = 0; i < n_turns; i++) {
		turns[i].slots = (uint32_t)((uint64_t)turns[i].power * n / power);
		turns[i].slots += !turns[i].slots;
		given += turns[i].slots;
	}
	while (given != n) {
		int64_t sign = given < n ? 1 : -1, most = INT64_MIN;
		struct turn *next = turns;

		for (size_t i = 0; i < n_turns; i++) {
			int64_t owed = (int64_t)((uint64_t)turns[i].power * n) -
				       (int64_t)(turns[i].slots * power);

			if (sign * owed > most && (sign > 0 || turns[i].slots > 1)) {
				most = sign * owed;
				next = &turns[i];
			}
		}
		next->slots += (uint32_t)sign;
		given += (uint32_t)sign;
	}
	for (size_t i = 0; i < n_turns; i++) {
		double part = (double)turns[i].slots / n - (double)turns[i].power / (double)power;

		miss += part < 0 ? -part : part;
	}
	return miss;
}

/* The shortest cycle in which the powers come out exactly; else the length that misses them least. */
static uint32_t fit_cycle(struct turn *turns, size_t n_turns, uint64_t power)
{
	uint32_t divisor = turns[0].power, best = 0;
	double least = 0;

	for (size_t i = 1; i < n_turns; i++)
		divisor = gcd(turns[i].power, divisor);
	if (power / divisor <= PDP_SLOTS) {
		best = (uint32_t)(power / divisor);
	} else {
		for (uint32_t n = (uint32_t)n_turns; n <= PDP_SLOTS; n++) {
			double miss = share_out(turns, n_turns, power, n);

			if (!best || miss < least) {
				best = n;
				least = miss;
			}
		}
	}
	share_out(turns, n_turns, power, best);
	return best;
}

/* Whose turn is it: all gain their slots as credit, the richest pays for the whole table (as nginx). */
static struct turn *next_turn(struct turn *turns, size_t n_turns, uint32_t n)
{
	struct turn *next = turns;

	for (size_t i = 0; i < n_turns; i++) {
		turns[i].credit += turns[i].slots;
		if (turns[i].credit > next->credit)
			next = &turns[i];
	}
	next->credit -= n;
	return next;
}

/* splitmix64's finaliser (Steele, Lea, Flood, OOPSLA 2014): spreads guest ids, which are dense. */
static uint64_t spread(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static int compare_guests(const void *a, const void *b)
{
	const struct turn *left = a, *right = b;

	return (int)left->guest - (int)right->guest;
}

static void fill_in_order(struct pdp_slot_table *table, struct turn *turns, size_t n_turns,
			  uint32_t n)
{
	for (uint32_t slot = 0; slot < n; slot++)
		table->guest[slot] = next_turn(turns, n_turns, n)->guest;
}

static void fill_by_preference(struct pdp_slot_table *table, struct turn *turns, size_t n_turns)
{
	bool filled[PDP_SLOTS_MAGLEV] = {false};

	/* Of a node's thousand vnets most have one guest, and each audit fills the tables of all. */
	if (n_turns == 1) {
		fill_in_order(table, turns, n_turns, PDP_SLOTS_MAGLEV);
		return;
	}
	for (size_t i = 0; i < n_turns; i++) {
		uint64_t hash = spread(turns[i].guest);

		turns[i].at = (uint32_t)hash % PDP_SLOTS_MAGLEV;
		turns[i].skip = (uint32_t)(hash >> 32) % (PDP_SLOTS_MAGLEV - 1) + 1;
	}
	for (uint32_t count = 0; count < PDP_SLOTS_MAGLEV; count++) {
		struct turn *turn = next_turn(turns, n_turns, PDP_SLOTS_MAGLEV);

		while (filled[turn->at])
			turn->at = (turn->at + turn->skip) % PDP_SLOTS_MAGLEV;
		filled[turn->at] = true;
		table->guest[turn->at] = turn->guest;
	}
}

static uint16_t fill(struct pdp_slot_table *table, enum pdp_policy policy, struct turn *turns,
		     size_t n_turns, uint64_t power)
{
	uint32_t n;

	if (pdp_policy_hashes(policy)) {
		qsort(turns, n_turns, sizeof(*turns), compare_guests);
		share_out(turns, n_turns, power, PDP_SLOTS_MAGLEV);
		fill_by_preference(table, turns, n_turns);
		return PDP_SLOTS_MAGLEV;
	}
	n = fit_cycle(turns, n_turns, power);
	fill_in_order(table, turns, n_turns, n);
	return (uint16_t)n;
}

int pdp_slots_fill(struct pdp_slot_table *table, uint16_t *n_slots, enum pdp_policy policy,
		   const struct pdp_share *shares, size_t n_shares)
{
	uint32_t limit = pdp_policy_hashes(policy) ? PDP_SLOTS_MAGLEV : PDP_SLOTS;
	struct turn turns[PDP_SLOTS] = {0};
	uint64_t power = 0;
	size_t n_turns = 0;

	if (!pdp_policy_by_name(pdp_policy_name(policy)))
		return -EINVAL;
	for (size_t i = 0; i < n_shares; i++) {
		uint32_t weight = shares[i].power;

		if (weight == 0)
			continue;
		if (n_turns == limit)
			return -E2BIG;
		if (policy == PDP_POLICY_ROUND_ROBIN)
			weight = 1;
		turns[n_turns].guest = shares[i].guest;
		turns[n_turns++].power = weight;
		power += weight;
	}
	memset(table, 0, sizeof(*table));
	*n_slots = n_turns ? fill(table, policy, turns, n_turns, power) : 0;
	return 0;
}
