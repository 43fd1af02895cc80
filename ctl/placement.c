/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * placement.c - what a node has decided about its model, in plain structs.
 */
#include "ctl/placement.h"

#include <stdlib.h>
#include <string.h>

void pdp_placement_free(struct pdp_placement *placement)
{
	if (!placement)
		return;
	for (size_t i = 0; i < placement->n_vnets; i++) {
		free(placement->vnets[i].vifs);
		free(placement->vnets[i].guests);
	}
	free(placement->vnets);
	free(placement->ports);
	*placement = (struct pdp_placement){0};
}

_Static_assert(offsetof(struct pdp_placed_port, name) == 0, "by_name looks there");
_Static_assert(offsetof(struct pdp_placed_vif, name) == 0, "by_name looks there");
_Static_assert(offsetof(struct pdp_placed_vnet, name) == 0, "by_name looks there");

static int by_name(const void *a, const void *b)
{
	return strverscmp(a, b);
}

static int by_number(const void *a, const void *b)
{
	const struct pdp_placed_guest *left = a, *right = b;

	return (int)left->number - (int)right->number;
}

static void sort(void *list, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(list, n, size, compare);
}

void pdp_placement_sort(struct pdp_placement *placement)
{
	sort(placement->ports, placement->n_ports, sizeof(*placement->ports), by_name);
	sort(placement->vnets, placement->n_vnets, sizeof(*placement->vnets), by_name);
	for (size_t i = 0; i < placement->n_vnets; i++) {
		struct pdp_placed_vnet *vnet = &placement->vnets[i];

		sort(vnet->vifs, vnet->n_vifs, sizeof(*vnet->vifs), by_name);
		sort(vnet->guests, vnet->n_guests, sizeof(*vnet->guests), by_number);
	}
}

struct pdp_placed_port *pdp_placed_port(const struct pdp_placement *placement, const char *name)
{
	for (size_t i = 0; i < placement->n_ports; i++)
		if (!strcmp(placement->ports[i].name, name))
			return &placement->ports[i];
	return NULL;
}

struct pdp_placed_vnet *pdp_placed_vnet(const struct pdp_placement *placement, const char *name)
{
	for (size_t i = 0; i < placement->n_vnets; i++)
		if (!strcmp(placement->vnets[i].name, name))
			return &placement->vnets[i];
	return NULL;
}

struct pdp_placed_vif *pdp_placed_vif(const struct pdp_placed_vnet *vnet, const char *name)
{
	for (size_t i = 0; i < vnet->n_vifs; i++)
		if (!strcmp(vnet->vifs[i].name, name))
			return &vnet->vifs[i];
	return NULL;
}
