/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * follow_balance.c - once a second, for vnets with `rebalance: on`: a few slots from an overloaded guest to an
 * idle one. What moves is rebalance.c's to say.
 */
#include <bpf/bpf.h>
#include <stdio.h>

#include "ctl/follow.h"
#include "ctl/log.h"

_Static_assert(PDP_REBALANCE_GUESTS >= PDP_VNET_GUESTS_MAX, "each is seen");

static bool is_wanted(const struct pdp_node_vnet *vnet)
{
	return vnet->conf->rebalance && pdp_policy_hashes(vnet->conf->policy);
}

/* The policy's own table; false when there is none. */
static bool base_table(const struct pdp_node_vnet *vnet, const struct pdp_share *shares,
		       struct pdp_slot_table *base, uint16_t *n_slots)
{
	return !pdp_slots_fill(base, n_slots, vnet->conf->policy, shares, vnet->n_guests) &&
	       *n_slots;
}

void pdp_follow_recall(const struct pdp_node *node, struct pdp_node_vnet *vnet,
		       const struct pdp_share *shares)
{
	const struct pdp_table table = pdp_publish_table(node->store, vnet->id);
	struct pdp_slot_table base, left;
	uint16_t n_slots;

	if (vnet->recalled)
		return;
	vnet->recalled = true;
	if (!node->resumed || !is_wanted(vnet) || !base_table(vnet, shares, &base, &n_slots) ||
	    table.policy != vnet->conf->policy || table.n_slots != n_slots)
		return;
	pdp_publish_find_slots(node->store, vnet->id, &left);
	pdp_rebalance_recall(&vnet->balance, &base, &left, n_slots);
}

/* --- what moves ----------------------------------------------------------------------------------- */

static struct pdp_load load_of(const struct pdp_node_guest *guest)
{
	const uint64_t busy = guest->power ? guest->cpu_millicores * 1000ULL / guest->power : 0;

	return (struct pdp_load){.guest = guest->id,
				 .busy = (uint16_t)(busy < UINT16_MAX ? busy : UINT16_MAX),
				 .came = guest->rate.rx_pps,
				 .lost = guest->drop_pps,
				 .there = pdp_guest_forwards(guest->state) && !guest->link_down_ns};
}

static bool is_among(const struct pdp_rebalance_step *step, uint32_t slot)
{
	uint16_t i = 0;

	while (i < step->n && step->slot[i] != slot)
		i++;
	return i < step->n;
}

/* By the reordering meter, which knows some 256 flows. */
static uint64_t flows_by_hash(const struct pdp_node *node, uint32_t vnet, uint16_t n_slots,
			      const struct pdp_rebalance_step *step)
{
	const int fd = pdp_loader_map_fd(node->loader, PDP_MAP_NEWEST);
	struct pdp_newest newest = {0};
	uint64_t n = 0;

	bpf_map_lookup_elem(fd, &vnet, &newest);
	for (size_t i = 0; i < PDP_NEWEST_SETS * PDP_NEWEST_WAYS; i++) {
		const uint64_t word = newest.of[i / PDP_NEWEST_WAYS][i % PDP_NEWEST_WAYS];

		n += word && is_among(step, pdp_hash_slot((uint32_t)(word >> 32), n_slots));
	}
	return n;
}

static uint64_t flowlets(const struct pdp_node *node, uint32_t vnet,
			 const struct pdp_rebalance_step *step)
{
	const int fd = pdp_loader_map_fd(node->loader, PDP_MAP_FLOWLETS);
	struct pdp_flowlets seen = {0};
	uint64_t n = 0;

	bpf_map_lookup_elem(fd, &vnet, &seen);
	for (size_t i = 0; i < PDP_FLOWLETS; i++)
		n += seen.flowlet[i] && is_among(step, seen.flowlet[i] & 0xffff);
	return n;
}

static const char *name_of(const struct pdp_node_vnet *vnet, uint16_t id)
{
	size_t i;

	for (i = 0; i < vnet->n_guests; i++)
		if (vnet->guests[i]->id == id)
			return vnet->guests[i]->name;
	return "?";
}

static void take_step(struct pdp_node *node, struct pdp_node_vnet *vnet, uint16_t n_slots,
		      const struct pdp_rebalance_step *step)
{
	const uint64_t flows = vnet->conf->policy == PDP_POLICY_FLOWLET
				       ? flowlets(node, vnet->id, step)
				       : flows_by_hash(node, vnet->id, n_slots, step);
	char object[80];
	struct pdp_error err;

	if (pdp_follow_slots(node, vnet, &err)) {
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
		return;
	}
	vnet->flow_moves += flows;
	snprintf(object, sizeof(object), "vnet %s", vnet->conf->name);
	pdp_event(
		node->events, PDP_LOG_NOTICE, PDP_EVENT_SLOTS_MOVED, object,
		"%u of %u slots moved from %s, which is overloaded, to %s; flows seen in them: %llu",
		step->n, n_slots, name_of(vnet, step->from), name_of(vnet, step->to),
		(unsigned long long)flows);
}

/* Not wanted any more: all flows where the policy has them. */
static void go_home(struct pdp_node *node, struct pdp_node_vnet *vnet)
{
	struct pdp_error err;

	if (!vnet->balance.any)
		return;
	vnet->balance = (struct pdp_rebalance){.moves = vnet->balance.moves};
	if (pdp_follow_slots(node, vnet, &err))
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
}

void pdp_follow_balance(struct pdp_node *node, struct pdp_node_vnet *vnet)
{
	struct pdp_share shares[PDP_VNET_GUESTS_MAX];
	struct pdp_load loads[PDP_VNET_GUESTS_MAX];
	struct pdp_rebalance_step step;
	struct pdp_slot_table base;
	uint16_t n_slots;
	size_t i;

	if (!is_wanted(vnet)) {
		go_home(node, vnet);
		return;
	}
	pdp_follow_shares(vnet, shares);
	if (vnet->n_guests < 2 || !base_table(vnet, shares, &base, &n_slots))
		return;
	for (i = 0; i < vnet->n_guests; i++)
		loads[i] = load_of(vnet->guests[i]);
	step = pdp_rebalance_look(&vnet->balance, &base, n_slots, loads, vnet->n_guests);
	if (step.n)
		take_step(node, vnet, n_slots, &step);
}

uint32_t pdp_follow_moved(const struct pdp_node_vnet *vnet)
{
	struct pdp_share shares[PDP_VNET_GUESTS_MAX];
	struct pdp_slot_table base;
	uint16_t n_slots;

	if (!vnet->balance.any || !is_wanted(vnet))
		return 0;
	pdp_follow_shares(vnet, shares);
	return base_table(vnet, shares, &base, &n_slots)
		       ? pdp_rebalance_away(&vnet->balance, &base, n_slots)
		       : 0;
}
