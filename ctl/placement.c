/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * placement.c - what a node has decided about its model, in plain structs.
 */
#include "ctl/placement.h"

#include <errno.h>
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

/* n elements in memory of their own; an empty list has memory too. NULL without memory. */
static void *copy_list(const void *from, size_t n, size_t size)
{
	void *to = calloc(n ? n : 1, size);

	if (to && n)
		memcpy(to, from, n * size);
	return to;
}

int pdp_placement_copy(struct pdp_placement *out, const struct pdp_placement *placement)
{
	bool failed;

	*out = *placement;
	out->ports = copy_list(placement->ports, placement->n_ports, sizeof(*out->ports));
	out->vnets = copy_list(placement->vnets, placement->n_vnets, sizeof(*out->vnets));
	failed = !out->ports || !out->vnets;
	out->n_vnets = out->vnets ? placement->n_vnets : 0;
	for (size_t i = 0; i < out->n_vnets; i++) {
		struct pdp_placed_vnet *vnet = &out->vnets[i];

		vnet->vifs = copy_list(vnet->vifs, vnet->n_vifs, sizeof(*vnet->vifs));
		vnet->guests = copy_list(vnet->guests, vnet->n_guests, sizeof(*vnet->guests));
		failed = failed || !vnet->vifs || !vnet->guests;
	}
	if (failed)
		pdp_placement_free(out);
	return failed ? -ENOMEM : 0;
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
