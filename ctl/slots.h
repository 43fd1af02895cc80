/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * slots.h - the distribution policies: how a vnet's slot table is filled.
 *
 * All policies are one mechanism (design.md, section 7): the classifier computes an index, the table
 * says which guest. Pure.
 */
#ifndef PDP_SLOTS_H
#define PDP_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/maps.h"

struct pdp_share {
	uint16_t guest; /* guest id */
	uint32_t power; /* millicores, the weight; 0 = drained: gets no slot */
};

/*
 * pdp_slots_fill() - fill a table for a policy.
 *
 *   round-robin  guests in turn, each once: n_slots = number of guests
 *   weighted     smooth interleave by power (75:50 gives a b a b a), the shortest exact cycle; when it
 *                is longer than PDP_SLOTS, the nearest that fits
 *   spray        as weighted; the hash of a TCP connection's ends falls among the same slots
 *   flow-hash    weighted Maglev (Eisenbud et al., NSDI 2016) over PDP_SLOTS_MAGLEV slots: a guest that
 *                comes or goes moves few flows. Depends on guest ids and powers, not on their order.
 *   flowlet      as flow-hash
 *
 * *n_slots is 0 when no guest has power. 0; -EINVAL for an unknown policy; -E2BIG for more guests
 * than slots.
 */
int pdp_slots_fill(struct pdp_slot_table *table, uint16_t *n_slots, enum pdp_policy policy,
		   const struct pdp_share *shares, size_t n_shares);

/* A prime, as Maglev wants, just under PDP_SLOTS. */
#define PDP_SLOTS_MAGLEV 1021

/* Does a packet's hash pick its slot, or where its flow begins? */
bool pdp_policy_hashes(enum pdp_policy policy);
const char *pdp_policy_name(enum pdp_policy policy);
/* 0 for a name that is none. */
enum pdp_policy pdp_policy_by_name(const char *name);

#endif
