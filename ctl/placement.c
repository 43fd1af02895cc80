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
