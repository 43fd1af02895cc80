/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * layout.c - a model and its placement as ports, vifs and guests. Makes nothing but structs.
 */
#include "ctl/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/affinity.h"
#include "ctl/agentconf.h"
#include "ctl/own.h"
#include "ctl/fnv.h"

static int lay_out_ports(struct pdp_layout *l, const struct pdp_node *node)
{
	size_t i, j;

	l->ports = calloc(l->model.n_ports + 1, sizeof(*l->ports));
	if (!l->ports)
		return -ENOMEM;
	for (i = 0; i < l->model.n_ports; i++) {
		struct pdp_node_port *port = &l->ports[i];

		port->conf = &l->model.ports[i];
		port->id = pdp_placed_port(&l->placement, port->conf->name)->id;
		port->underlay = SIZE_MAX;
		snprintf(port->link, sizeof(port->link), "port-%s", port->conf->name);
		for (j = 0; j < node->model.n_ports; j++) {
			const struct pdp_node_port *old = &node->ports[j];

			if (strcmp(old->conf->name, port->conf->name) != 0 ||
			    strcmp(old->conf->ifname, port->conf->ifname) != 0)
				continue;
			port->underlay = old->underlay;
			port->ifindex = old->ifindex;
			port->out = old->out;
			port->deaf = old->deaf;
			port->mtu = old->mtu;
			port->attached = old->attached;
			port->up = old->up;
		}
	}
	return 0;
}

/*
 * Locally administered, the same after each start, and another one at the other end of the vif's tunnel,
 * where another node may have given the same id: IPv6 makes link-local addresses of it too.
 */
static void make_mac(uint8_t mac[6], const char *node, uint16_t vif)
{
	uint64_t hash = pdp_fnv(PDP_FNV_BASIS, node, strlen(node));
	const uint8_t made[6] = {0x02, hash >> 16, hash >> 8, hash, vif >> 8, vif};

	memcpy(mac, made, 6);
}

static int lay_out_vifs(struct pdp_layout *l, struct pdp_node_vnet *vnet,
			const struct pdp_placed_vnet *placed)
{
	static const uint8_t none[6];
	size_t i;

	vnet->vifs = calloc(vnet->conf->n_vifs + 1, sizeof(*vnet->vifs));
	if (!vnet->vifs)
		return -ENOMEM;
	vnet->n_vifs = vnet->conf->n_vifs;
	for (i = 0; i < vnet->n_vifs; i++) {
		struct pdp_node_vif *vif = &vnet->vifs[i];

		vif->conf = &vnet->conf->vifs[i];
		vif->vnet = vnet;
		vif->port = &l->ports[pdp_model_port(&l->model, vif->conf->port) - l->model.ports];
		vif->id = pdp_placed_vif(placed, vif->conf->name)->id;
		memcpy(vif->mac, vif->conf->mac, 6);
		if (!memcmp(vif->mac, none, 6))
			make_mac(vif->mac, l->model.node, vif->id);
	}
	return 0;
}

/* Not yet known to it: power, FE and vnet are told when the layout is entered. */
static struct pdp_node_guest *guest_of(const struct pdp_node_vnet *vnet, uint16_t id)
{
	size_t i;

	for (i = 0; vnet && i < vnet->n_guests; i++)
		if (vnet->guests[i]->id == id)
			return vnet->guests[i];
	return NULL;
}

static struct pdp_node_guest *new_guest(struct pdp_node *node, struct pdp_node_vnet *vnet,
					const struct pdp_placed_guest *placed,
					const struct pdp_fe_conf *fe)
{
	struct pdp_node_guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return NULL;
	guest->id = placed->id;
	guest->number = placed->number;
	guest->node = node;
	guest->vnet = vnet;
	guest->fe = fe;
	guest->power = placed->power;
	snprintf(guest->name, sizeof(guest->name), "%s-%u", vnet->conf->name, placed->number);
	return guest;
}

static int lay_out_guests(struct pdp_layout *l, struct pdp_node *node, struct pdp_node_vnet *vnet,
			  const struct pdp_node_vnet *old, const struct pdp_placed_vnet *placed)
{
	size_t i;

	vnet->guests = calloc(placed->n_guests + 1, sizeof(struct pdp_node_guest *));
	if (!vnet->guests)
		return -ENOMEM;
	for (i = 0; i < placed->n_guests; i++) {
		const struct pdp_placed_guest *at = &placed->guests[i];
		struct pdp_node_guest *guest = guest_of(old, at->id);

		if (!guest)
			guest = new_guest(node, vnet, at, pdp_model_fe(&l->model, at->fe));
		if (!guest)
			return -ENOMEM;
		guest->layouts++;
		vnet->guests[vnet->n_guests++] = guest;
		l->fes[pdp_model_fe(&l->model, at->fe) - l->model.fes].used += at->power;
	}
	return 0;
}

static int lay_out_control(struct pdp_node *node, struct pdp_node_vnet *vnet,
			   const struct pdp_node_vnet *old)
{
	struct pdp_node_control *control = old ? old->control : NULL;

	if (vnet->conf->control.kind == PDP_CONTROL_NONE)
		return 0;
	if (!control)
		control = calloc(1, sizeof(*control));
	if (!control)
		return -ENOMEM;
	if (!control->layouts++) {
		snprintf(control->name, sizeof(control->name), "%s-cp", vnet->conf->name);
		control->node = node;
		control->vnet = vnet;
	}
	vnet->control = control;
	return 0;
}

static int lay_out_fes(struct pdp_layout *l)
{
	size_t i;

	l->fes = calloc(l->model.n_fes + 1, sizeof(*l->fes));
	if (!l->fes)
		return -ENOMEM;
	for (i = 0; i < l->model.n_fes; i++)
		l->fes[i] = (struct pdp_alloc_fe){.name = l->model.fes[i].name,
						  .capacity = l->model.fes[i].capacity,
						  .closed = l->model.fes[i].drain};
	return 0;
}

static int lay_out_own(struct pdp_node *node, struct pdp_node_vnet *vnet,
		       const struct pdp_node_vnet *old)
{
	if (!*vnet->conf->data.object)
		return 0;
	vnet->own = old && old->own
			    ? pdp_own_ref(old->own)
			    : pdp_own_new(&node->loader, node->conf.run_dir, vnet->conf->name);
	return vnet->own ? 0 : -ENOMEM;
}

static int lay_out_vnet(struct pdp_layout *l, struct pdp_node *node, struct pdp_node_vnet *vnet)
{
	const struct pdp_node_vnet *old = pdp_node_vnet(node, vnet->conf->name);
	int code;

	vnet->id = vnet->placed->id;
	if (old) {
		vnet->rate = old->rate;
		vnet->reorder = old->reorder;
		vnet->recent = old->recent;
		vnet->balance = old->balance;
		vnet->flow_moves = old->flow_moves;
		vnet->recalled = old->recalled;
		vnet->gap_us = old->conf->flow.gap_us == PDP_FLOWLET_GAP_AUTO ? old->gap_us
									      : PDP_FLOWLET_GAP_US;
		vnet->gone = old->gone;
	}
	vnet->told = old ? pdp_agentconf_ref(old->told) : pdp_agentconf_new();
	if (!vnet->told)
		return -ENOMEM;
	code = lay_out_own(node, vnet, old);
	if (code)
		return code;
	code = lay_out_vifs(l, vnet, vnet->placed);
	if (!code)
		code = lay_out_control(node, vnet, old);
	return code ? code : lay_out_guests(l, node, vnet, old, vnet->placed);
}

static int lay_out_vnets(struct pdp_layout *l, struct pdp_node *node)
{
	const size_t n = l->model.n_vnets;
	struct pdp_names placed;
	size_t i;
	int code;

	l->vnets = calloc(n + 1, sizeof(*l->vnets));
	if (!l->vnets || pdp_names_make(&l->names, l->model.vnets, n, sizeof(*l->model.vnets)))
		return -ENOMEM;
	code = pdp_names_make(&placed, l->placement.vnets, l->placement.n_vnets,
			      sizeof(*l->placement.vnets));
	for (i = 0; !code && i < n; i++) {
		l->vnets[i].conf = &l->model.vnets[i];
		l->vnets[i].placed = pdp_names_find(&placed, l->vnets[i].conf->name);
		code = lay_out_vnet(l, node, &l->vnets[i]);
	}
	pdp_names_free(&placed);
	return code;
}

int pdp_layout_make(struct pdp_layout *out, struct pdp_node *node, struct pdp_model *model,
		    struct pdp_placement *placement, struct pdp_error *err)
{
	*out = (struct pdp_layout){.model = *model, .placement = *placement};
	*model = (struct pdp_model){0};
	*placement = (struct pdp_placement){0};
	if (!lay_out_ports(out, node) && !lay_out_fes(out) && !lay_out_vnets(out, node))
		return 0;
	pdp_layout_free(out);
	return pdp_fail(err, -ENOMEM, "no memory for a layout");
}

static const struct pdp_placed_guest *placed_guest(const struct pdp_placed_vnet *vnet, uint16_t id)
{
	size_t i;

	for (i = 0; vnet->guests[i].id != id; i++)
		;
	return &vnet->guests[i];
}

/* What a guest of both layouts is in this one. */
static void take_guests(struct pdp_node *node)
{
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++) {
		struct pdp_node_vnet *vnet = &node->vnets[i];

		if (vnet->control) {
			vnet->control->vnet = vnet;
			vnet->control->live = true;
		}
		for (j = 0; j < vnet->n_guests; j++) {
			struct pdp_node_guest *guest = vnet->guests[j];
			const struct pdp_placed_guest *at = placed_guest(vnet->placed, guest->id);

			guest->vnet = vnet;
			guest->fe = pdp_model_fe(&node->model, at->fe);
			guest->power = at->power;
			guest->live = true;
		}
	}
}

static void leave_guests(const struct pdp_layout *left)
{
	size_t i, j;

	for (i = 0; i < left->model.n_vnets; i++) {
		if (left->vnets[i].control)
			left->vnets[i].control->live = false;
		for (j = 0; j < left->vnets[i].n_guests; j++)
			left->vnets[i].guests[j]->live = false;
	}
}

void pdp_layout_enter(struct pdp_node *node, struct pdp_layout *layout)
{
	const struct pdp_layout old = {.model = node->model,
				       .placement = node->placement,
				       .fes = node->fes,
				       .ports = node->ports,
				       .vnets = node->vnets,
				       .names = node->names};

	node->model = layout->model;
	node->placement = layout->placement;
	node->fes = layout->fes;
	node->ports = layout->ports;
	node->vnets = layout->vnets;
	node->names = layout->names;
	*layout = old;
	leave_guests(layout);
	take_guests(node);
	pdp_affinity_keep_off(node->model.fes, node->model.n_fes);
}

void pdp_layout_free(struct pdp_layout *l)
{
	size_t i, j;

	for (i = 0; l->vnets && i < l->model.n_vnets; i++) {
		for (j = 0; j < l->vnets[i].n_guests; j++)
			if (!--l->vnets[i].guests[j]->layouts)
				free(l->vnets[i].guests[j]);
		if (l->vnets[i].control && !--l->vnets[i].control->layouts)
			free(l->vnets[i].control);
		free(l->vnets[i].guests);
		pdp_agentconf_unref(l->vnets[i].told);
		pdp_own_unref(l->vnets[i].own);
		free(l->vnets[i].vifs);
	}
	pdp_names_free(&l->names);
	free(l->vnets);
	free(l->ports);
	free(l->fes);
	pdp_placement_free(&l->placement);
	pdp_model_free(&l->model);
	*l = (struct pdp_layout){0};
}

/* The vnet beside its conf. */
static struct pdp_node_vnet *find_vnet(const struct pdp_names *names, const struct pdp_model *model,
				       struct pdp_node_vnet *vnets, const char *name)
{
	const struct pdp_vnet_conf *conf = pdp_names_find(names, name);

	return conf ? &vnets[conf - model->vnets] : NULL;
}

struct pdp_node_vnet *pdp_node_vnet(const struct pdp_node *node, const char *name)
{
	return find_vnet(&node->names, &node->model, node->vnets, name);
}

struct pdp_node_vnet *pdp_layout_vnet(const struct pdp_layout *layout, const char *name)
{
	return find_vnet(&layout->names, &layout->model, layout->vnets, name);
}

struct pdp_node_vif *pdp_layout_vif(const struct pdp_node_vnet *vnet, const char *name)
{
	size_t i;

	for (i = 0; i < vnet->n_vifs; i++)
		if (!strcmp(vnet->vifs[i].conf->name, name))
			return &vnet->vifs[i];
	return NULL;
}

struct pdp_node_vif *pdp_layout_vif_by_id(const struct pdp_node_vnet *vnet, uint16_t id)
{
	size_t i;

	for (i = 0; i < vnet->n_vifs; i++)
		if (vnet->vifs[i].id == id)
			return &vnet->vifs[i];
	return NULL;
}

const struct pdp_node_vif *pdp_layout_replaced(const struct pdp_node *node,
					       const struct pdp_node_vif *vif)
{
	const struct pdp_node_vnet *vnet = pdp_node_vnet(node, vif->vnet->conf->name);
	const struct pdp_node_vif *old = vnet ? pdp_layout_vif(vnet, vif->conf->name) : NULL;

	return old && old->id != vif->id ? old : NULL;
}
