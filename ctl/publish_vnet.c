/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * publish_vnet.c - a vnet in the maps: its limits, what tells its flows, and its slots.
 *
 * Of a vnet's two slot tables the one that is not in force is written, then the word that says which is.
 */
#include <string.h>

#include "ctl/police.h"
#include "ctl/publish.h"
#include "ctl/publish_maps.h"

void pdp_publish_police(struct pdp_publish *st, uint16_t vnet, uint64_t rate_pps,
			uint32_t burst_packets)
{
	pdp_publish_word(st, &PDP_ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->rate,
			 (union pdp_word){.limit = pdp_police_of(rate_pps, burst_packets)});
}

void pdp_publish_local_police(struct pdp_publish *st, uint16_t vnet, uint64_t rate_pps,
			      uint32_t burst_packets)
{
	pdp_publish_word(st, &PDP_ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->local,
			 (union pdp_word){.limit = pdp_police_of(rate_pps, burst_packets)});
}

void pdp_publish_flow(struct pdp_publish *st, uint16_t vnet, const struct pdp_flow_conf *flow,
		      uint32_t gap_us, enum pdp_payload payload)
{
	struct pdp_key *key = PDP_ELEMENT(st, PDP_MAP_KEYS, vnet, struct pdp_key);
	uint64_t gap = ((uint64_t)gap_us * 1000) >> PDP_FLOWLET_SHIFT;

	if (memcmp(key, &flow->bytes, sizeof(*key)) != 0) {
		*key = flow->bytes;
		st->writes++;
	}
	pdp_publish_word(st, &PDP_ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->flowlet_gap,
			 (union pdp_word){.flow = {.gap = (uint32_t)gap,
						   .key = (uint8_t)flow->key,
						   .payload = (uint8_t)payload}});
}

uint32_t pdp_publish_gap_us(const struct pdp_publish *store, uint16_t vnet)
{
	const struct pdp_vnet *at = PDP_ELEMENT(store, PDP_MAP_VNETS, vnet, struct pdp_vnet);

	/* Rounded up, as it was rounded down. */
	return (uint32_t)((((uint64_t)at->flowlet_gap << PDP_FLOWLET_SHIFT) + 999) / 1000);
}

struct pdp_table pdp_publish_table(const struct pdp_publish *store, uint16_t vnet)
{
	union pdp_word word;

	word.bits = __atomic_load_n(
		(uint64_t *)(void *)&PDP_ELEMENT(store, PDP_MAP_VNETS, vnet, struct pdp_vnet)->table,
		__ATOMIC_RELAXED);
	return word.table;
}

static struct pdp_slot_table *slots_at(const struct pdp_publish *st, uint16_t vnet, uint8_t half)
{
	return PDP_ELEMENT(st, PDP_MAP_SLOTS, 2U * vnet + (half & 1), struct pdp_slot_table);
}

int pdp_publish_slots(struct pdp_publish *st, uint16_t vnet, enum pdp_policy policy,
		      const struct pdp_share *shares, size_t n_shares,
		      const struct pdp_rebalance *moved, struct pdp_error *err)
{
	struct pdp_table table = pdp_publish_table(st, vnet), was = table;
	struct pdp_slot_table slots = {0};
	int code;

	code = pdp_slots_fill(&slots, &table.n_slots, policy, shares, n_shares);
	if (code)
		return pdp_fail(err, code, "slot table of %zu guests: %s", n_shares,
				strerror(-code));
	if (pdp_policy_hashes(policy))
		pdp_rebalance_apply(moved, &slots, table.n_slots);
	table.policy = policy;
	if (table.n_slots == was.n_slots && table.policy == was.policy &&
	    !memcmp(&slots, slots_at(st, vnet, was.half), sizeof(slots)))
		return 0;
	table.half = !was.half;
	table.generation++;
	pdp_publish_settle(&st->flipped_ns[vnet]);
	*slots_at(st, vnet, table.half) = slots;
	pdp_publish_word(st, &PDP_ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->table,
			 (union pdp_word){.table = table});
	st->flipped_ns[vnet] = pdp_publish_now_ns();
	return 0;
}

void pdp_publish_find_slots(const struct pdp_publish *st, uint16_t vnet, struct pdp_slot_table *out)
{
	*out = *slots_at(st, vnet, pdp_publish_table(st, vnet).half);
}

void pdp_publish_no_slots(struct pdp_publish *st, uint16_t vnet)
{
	struct pdp_table table = pdp_publish_table(st, vnet);

	if (!table.n_slots)
		return;
	table.n_slots = 0;
	table.generation++;
	pdp_publish_word(st, &PDP_ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->table,
			 (union pdp_word){.table = table});
}

void pdp_publish_no_vnet(struct pdp_publish *st, uint16_t vnet)
{
	struct pdp_vnet *at = PDP_ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet);

	pdp_publish_word(st, &at->table, (union pdp_word){0});
	pdp_publish_word(st, &at->rate, (union pdp_word){0});
	pdp_publish_word(st, &at->local, (union pdp_word){0});
	pdp_publish_word(st, &at->flowlet_gap, (union pdp_word){0});
}
