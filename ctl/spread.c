/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* spread.c - a capture's packets dealt to guests, off the packet's path; see spread.h. */
#include "ctl/spread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/flow.bpf.h"
#include "bpf/pick.bpf.h"

/* Which flow went where: open addressing, 0 = free. */
struct seen {
	uint64_t *at;
	size_t n, room;
};

struct pdp_spread {
	struct pdp_spread_conf conf;
	struct pdp_slot_table table;
	uint16_t n_slots;
	struct pdp_turn turn;
	struct pdp_flowlets flowlets;
	struct pdp_spread_guest *guests;
	uint64_t flows;
	struct seen seen;
};

#define ANYWHERE 0xffff /* no guest has this number */

static uint64_t *find(const struct seen *seen, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15ULL >> 32) % seen->room;

	while (seen->at[i] && seen->at[i] != key)
		i = (i + 1) % seen->room;
	return &seen->at[i];
}

static int grow(struct seen *seen)
{
	struct seen more = {.n = seen->n, .room = seen->room ? 2 * seen->room : 1024};
	size_t i;

	more.at = calloc(more.room, sizeof(*more.at));
	if (!more.at)
		return -ENOMEM;
	for (i = 0; i < seen->room; i++)
		if (seen->at[i])
			*find(&more, seen->at[i]) = seen->at[i];
	free(seen->at);
	*seen = more;
	return 0;
}

/* Whether the flow is new there: 1, 0 or -ENOMEM. */
static int is_new(struct seen *seen, uint32_t hash, uint16_t where)
{
	uint64_t key = (uint64_t)hash << 32 | 1U << 16 | where, *at;

	if (2 * seen->n >= seen->room && grow(seen))
		return -ENOMEM;
	at = find(seen, key);
	if (*at)
		return 0;
	*at = key;
	seen->n++;
	return 1;
}

int pdp_spread_new(struct pdp_spread **out, const struct pdp_spread_conf *conf)
{
	struct pdp_spread *spread = calloc(1, sizeof(*spread));
	int code = spread ? 0 : -ENOMEM;

	if (!code) {
		spread->conf = *conf;
		spread->guests = calloc(conf->n_shares + 1, sizeof(*spread->guests));
		code = spread->guests ? pdp_slots_fill(&spread->table, &spread->n_slots,
						       conf->policy, conf->shares, conf->n_shares)
				      : -ENOMEM;
	}
	if (code) {
		pdp_spread_free(spread);
		return code;
	}
	*out = spread;
	return 0;
}

void pdp_spread_free(struct pdp_spread *spread)
{
	if (!spread)
		return;
	free(spread->guests);
	free(spread->seen.at);
	free(spread);
}

static uint32_t hash_of(const struct pdp_spread_conf *conf, struct pdp_cursor inner, uint16_t proto)
{
	switch (conf->key) {
	case PDP_KEY_L3:
		return pdp_flow_of_hosts(inner, proto);
	case PDP_KEY_BYTES:
		return pdp_flow_of_bytes(inner, proto, &conf->bytes);
	default:
		return pdp_flow_of(inner, proto);
	}
}

static uint32_t slot_of(struct pdp_spread *spread, struct pdp_cursor inner, uint16_t proto,
			uint32_t hash, uint64_t ns)
{
	/* 0 is a flowlet that has not been. */
	uint64_t now = (ns >> PDP_FLOWLET_SHIFT) + 1;

	switch (spread->conf.policy) {
	case PDP_POLICY_FLOW_HASH:
		return pdp_hash_slot(hash, spread->n_slots);
	case PDP_POLICY_FLOWLET:
		return pdp_flowlet_slot(&spread->flowlets.flowlet[hash % PDP_FLOWLETS],
					&spread->turn, hash, spread->n_slots, now,
					spread->conf.gap);
	case PDP_POLICY_SPRAY:
		if (pdp_flow_opens_or_ends(inner, proto))
			return pdp_hash_slot(hash, spread->n_slots);
		return pdp_take_turn(&spread->turn, spread->n_slots);
	default:
		return pdp_take_turn(&spread->turn, spread->n_slots);
	}
}

static int count(struct pdp_spread *spread, uint16_t guest, uint32_t hash, size_t len)
{
	struct pdp_spread_guest *at;
	size_t i = 0;
	int new_here, new_anywhere;

	while (spread->conf.shares[i].guest != guest)
		i++;
	at = &spread->guests[i];
	new_here = is_new(&spread->seen, hash, (uint16_t)i);
	new_anywhere = is_new(&spread->seen, hash, ANYWHERE);
	if (new_here < 0 || new_anywhere < 0)
		return -ENOMEM;
	at->packets++;
	at->bytes += len;
	at->flows += (uint64_t)new_here;
	spread->flows += (uint64_t)new_anywhere;
	return guest;
}

int pdp_spread_see(struct pdp_spread *spread, const uint8_t *inner, size_t len, uint16_t proto,
		   uint64_t ns, uint32_t *hash)
{
	/* The shared parser takes what it may not write to for what it may; it never writes. */
	struct pdp_cursor cursor = {(uint8_t *)(uintptr_t)inner, (uint8_t *)(uintptr_t)inner + len};

	*hash = hash_of(&spread->conf, cursor, proto);
	if (!spread->n_slots)
		return 0;
	return count(spread,
		     spread->table.guest[slot_of(spread, cursor, proto, *hash, ns) % PDP_SLOTS],
		     *hash, len);
}

const struct pdp_spread_guest *pdp_spread_guests(const struct pdp_spread *spread)
{
	return spread->guests;
}

uint64_t pdp_spread_flows(const struct pdp_spread *spread)
{
	return spread->flows;
}
