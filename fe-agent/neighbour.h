/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * neighbour.h - MAC addresses on vxlan vifs: (vif, IP address) -> MAC.
 *
 * Written from the MH guest's own neighbour table, read for each packet to a vxlan vif. Readers are
 * in RCU read-side sections; a MAC changes with one store.
 */
#ifndef PDP_NEIGHBOUR_H
#define PDP_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "fe-agent/router_memory.h"
#include "fe-agent/table_mem.h"

struct pdp_neighbour_key {
	uint8_t addr[16]; /* network order; IPv4 in the first four bytes, the rest zero */
	uint16_t vif;
	uint8_t family; /* 4 or 6 */
};

struct pdp_neighbours {
	struct pdp_rt_neigh *entries; /* by id */
	uint32_t *buckets;
	struct pdp_rcu_ids ids;
};

/* In this memory. 0 or -ENOMEM. fini is fine on a zeroed one. */
int pdp_neighbours_init(struct pdp_neighbours *n, const struct pdp_router_memory *memory);
void pdp_neighbours_fini(struct pdp_neighbours *n);
/* Add or replace. 0, -ENOMEM or -ENOSPC. */
int pdp_neighbours_set(struct pdp_neighbours *n, const struct pdp_neighbour_key *key,
		       const uint8_t mac[6]);
/* 0 or -ENOENT. */
int pdp_neighbours_del(struct pdp_neighbours *n, const struct pdp_neighbour_key *key);
/* False: not known. */
bool pdp_neighbours_find(const struct pdp_neighbours *n, const struct pdp_neighbour_key *key,
			 uint8_t mac[6]);
/*
 * The next neighbour of a walk, whose *cursor is 0 at first; false: that was all. The writer's thread;
 * changes between the calls are fine.
 */
bool pdp_neighbours_walk(const struct pdp_neighbours *n, uint32_t *cursor,
			 struct pdp_neighbour_key *key, uint8_t mac[6]);
/* As pdp_fib_renew() and pdp_fib_sweep(). */
void pdp_neighbours_renew(struct pdp_neighbours *n);
void pdp_neighbours_sweep(struct pdp_neighbours *n);

#endif
