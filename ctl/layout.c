/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * layout.c - the model with ids and with FEs: what is to be made. Makes nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ids.h"
#include "ctl/layout.h"

/* Ids are dense and in the order of the node file. */
static struct pdp_node_port *port_by_name(struct pdp_node *node, const char *name)
{
	return &node->ports[pdp_model_port(&node->model, name) - node->model.ports];
}

static int lay_out_ports(struct pdp_node *node, struct pdp_error *err)
{
	size_t i;

	node->ports = calloc(node->model.n_ports, sizeof(*node->ports));
	if (!node->ports)
		return pdp_fail(err, -ENOMEM, "no memory for ports");
	for (i = 0; i < node->model.n_ports; i++) {
		struct pdp_node_port *port = &node->ports[i];

		port->id = (uint16_t)(i + 1);
		port->conf = &node->model.ports[i];
		snprintf(port->link, sizeof(port->link), "port-%s", port->conf->name);
	}
	return 0;
}

/* Locally administered, and the same after each start. */
static void make_mac(uint8_t mac[6], uint16_t vnet, uint16_t vif)
{
	const uint8_t made[6] = {0x02, 0x50, vnet >> 8, vnet & 0xff, vif >> 8, vif & 0xff};

	memcpy(mac, made, 6);
}

static int lay_out_vifs(struct pdp_node *node, struct pdp_node_vnet *vnet, struct pdp_ids *ids,
			struct pdp_error *err)
{
	static const uint8_t none[6];
	size_t i;

	vnet->vifs = calloc(vnet->conf->n_vifs, sizeof(*vnet->vifs));
	if (!vnet->vifs)
		return pdp_fail(err, -ENOMEM, "vnet %s: no memory for vifs", vnet->conf->name);
	vnet->n_vifs = vnet->conf->n_vifs;
	for (i = 0; i < vnet->n_vifs; i++) {
		struct pdp_node_vif *vif = &vnet->vifs[i];

		vif->conf = &vnet->conf->vifs[i];
		vif->vnet = vnet;
		vif->port = port_by_name(node, vif->conf->port);
		vif->id = pdp_ids_take(ids);
		if (!vif->id)
			return pdp_fail(err, -ENOSPC, "vif %s/%s: a node has at most %d vifs",
					vnet->conf->name, vif->conf->name, PDP_MAX_VIFS);
		memcpy(vif->mac, vif->conf->mac, 6);
		if (!memcmp(vif->mac, none, 6))
			make_mac(vif->mac, vnet->id, vif->id);
	}
	return 0;
}

static int lay_out_guests(struct pdp_node *node, struct pdp_node_vnet *vnet, struct pdp_ids *ids,
			  struct pdp_error *err)
{
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct pdp_error why;
	size_t i, n;
	int code;

	code = pdp_slice_alloc(node->fes, node->model.n_fes, vnet->conf->power, slices, &n, &why);
	if (code)
		return pdp_fail(err, code, "vnet %s: %s", vnet->conf->name, why.text);
	vnet->guests = calloc(n, sizeof(*vnet->guests));
	if (!vnet->guests)
		return pdp_fail(err, -ENOMEM, "vnet %s: no memory for guests", vnet->conf->name);
	vnet->n_guests = n;
	for (i = 0; i < n; i++) {
		struct pdp_node_guest *guest = &vnet->guests[i];

		guest->id = pdp_ids_take(ids);
		if (!guest->id)
			return pdp_fail(err, -ENOSPC, "vnet %s: a node has at most %d guests",
					vnet->conf->name, PDP_MAX_GUESTS);
		snprintf(guest->name, sizeof(guest->name), "%s-%u", vnet->conf->name,
			 (unsigned int)i + 1);
		guest->node = node;
		guest->vnet = vnet;
		guest->fe = &node->model.fes[slices[i].fe];
		guest->power = slices[i].power;
	}
	return 0;
}

static int lay_out_fes(struct pdp_node *node, struct pdp_error *err)
{
	size_t i;

	node->fes = calloc(node->model.n_fes + 1, sizeof(*node->fes));
	if (!node->fes)
		return pdp_fail(err, -ENOMEM, "no memory for FEs");
	for (i = 0; i < node->model.n_fes; i++) {
		node->fes[i].name = node->model.fes[i].name;
		node->fes[i].capacity = node->model.fes[i].capacity;
		node->fes[i].closed = node->model.fes[i].drain;
	}
	return 0;
}

static int lay_out_vnets(struct pdp_node *node, struct pdp_ids *vifs, struct pdp_ids *guests,
			 struct pdp_error *err)
{
	size_t i;
	int code = 0;

	node->vnets = calloc(node->model.n_vnets + 1, sizeof(*node->vnets));
	if (!node->vnets)
		return pdp_fail(err, -ENOMEM, "no memory for vnets");
	for (i = 0; !code && i < node->model.n_vnets; i++) {
		struct pdp_node_vnet *vnet = &node->vnets[i];

		vnet->id = (uint16_t)(i + 1);
		vnet->conf = &node->model.vnets[i];
		code = lay_out_vifs(node, vnet, vifs, err);
		if (!code)
			code = lay_out_guests(node, vnet, guests, err);
	}
	return code;
}

int pdp_layout(struct pdp_node *node, struct pdp_error *err)
{
	struct pdp_ids vifs = {0}, guests = {0};
	int code = lay_out_ports(node, err);

	if (!code)
		code = lay_out_fes(node, err);
	if (!code &&
	    (pdp_ids_init(&vifs, PDP_MAX_VIFS + 1) || pdp_ids_init(&guests, PDP_MAX_GUESTS + 1)))
		code = pdp_fail(err, -ENOMEM, "no memory for ids");
	if (!code)
		code = lay_out_vnets(node, &vifs, &guests, err);
	pdp_ids_fini(&vifs);
	pdp_ids_fini(&guests);
	return code;
}
