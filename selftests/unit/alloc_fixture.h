/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* alloc_fixture.h - small nodes with vnets on them, for the tests of alloc_change.c. */
#ifndef ALLOC_FIXTURE_H
#define ALLOC_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/alloc_change.h"

#define N_FES 5
#define N_VNETS 8
#define CAPACITY 6

static const char *const fe_names[N_FES] = {"fe1", "fe2", "fe3", "fe4", "fe5"};
static const char *const vnet_names[N_VNETS] = {"red",	 "green", "blue",  "black",
						"white", "grey",  "brown", "pink"};

/* A small node with vnets on it. */
struct node {
	struct pdp_alloc *alloc;
	const struct pdp_alloc_fe *fes;
	struct pdp_alloc_fe before[N_FES];
	struct pdp_slice slices[N_VNETS][PDP_VNET_GUESTS_MAX];
	struct pdp_alloc_vnet vnets[N_VNETS];
};

static inline void open_node(struct node *node, const uint32_t *capacities)
{
	struct pdp_alloc_fe fes[N_FES];
	size_t n;

	for (size_t i = 0; i < N_FES; i++)
		fes[i] = (struct pdp_alloc_fe){.name = fe_names[i], .capacity = capacities[i]};
	assert_int_equal(pdp_alloc_open(&node->alloc, fes, N_FES, PDP_FIT_BEST, NULL), 0);
	for (size_t v = 0; v < N_VNETS; v++)
		node->vnets[v] = (struct pdp_alloc_vnet){vnet_names[v], node->slices[v], 0};
	node->fes = pdp_alloc_fes(node->alloc, &n);
}

/* Vnets by hand: "vnet fe power". */
static inline void put(struct node *node, size_t vnet, size_t fe, uint32_t power)
{
	const struct pdp_slice slice = {fe, power};

	assert_int_equal(pdp_alloc_take(node->alloc, &slice, 1, NULL), 0);
	node->slices[vnet][node->vnets[vnet].n_slices++] = slice;
}

/* Vnets that came at random, some of which went; now and then a closed FE. */
static inline void open_random(struct node *node)
{
	uint32_t capacities[N_FES], mixed = (uint32_t)rand() % 2;

	for (size_t i = 0; i < N_FES; i++)
		capacities[i] = CAPACITY - mixed * ((uint32_t)rand() % 4);
	open_node(node, capacities);
	for (size_t v = 0; v < N_VNETS; v++)
		pdp_alloc_place(node->alloc, 1 + (uint32_t)rand() % (v % 2 ? 4 : 12),
				node->slices[v], &node->vnets[v].n_slices, NULL);
	for (size_t v = 0; v < N_VNETS; v++)
		if (rand() % 3 == 0) {
			pdp_alloc_release(node->alloc, node->slices[v], node->vnets[v].n_slices);
			node->vnets[v].n_slices = 0;
		}
	if (rand() % 4 == 0)
		pdp_alloc_set_closed(node->alloc, (size_t)rand() % N_FES, true);
	memcpy(node->before, node->fes, sizeof(node->before));
}

static inline void assert_unchanged(const struct node *node)
{
	assert_memory_equal(node->before, node->fes, sizeof(node->before));
}

static inline void assert_capacities_hold(const struct node *node)
{
	for (size_t i = 0; i < N_FES; i++)
		assert_true(node->fes[i].used <= node->fes[i].capacity);
}

static inline uint32_t power_of(const struct pdp_alloc_vnet *vnet)
{
	uint32_t power = 0;

	for (size_t i = 0; i < vnet->n_slices; i++)
		power += vnet->slices[i].power;
	return power;
}

#endif
