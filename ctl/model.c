/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * model.c - the desired state of a node in plain structs.
 */
#include "ctl/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/wire.h"
#include "ctl/prefix.h"

#define VLAN_TAG_LEN 4

/* What a tunnel puts around an inner IP packet. */
enum { OUTER_IPV4 = 20, OUTER_IPV6 = 40, OUTER_UDP = 8 };

static void free_vnet(struct pdp_vnet_conf *vnet)
{
	for (size_t i = 0; i < vnet->n_vifs; i++)
		free(vnet->vifs[i].address);
	free(vnet->vifs);
	free(vnet->routes);
	free(vnet->neighbours);
}

void pdp_model_free(struct pdp_model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < model->n_vnets; i++)
		free_vnet(&model->vnets[i]);
	free(model->vnets);
	free(model->fes);
	free(model->ports);
	*model = (struct pdp_model){0};
}

/* n elements in memory of their own; an empty list has memory too. NULL without memory. */
static void *copy_list(const void *from, size_t n, size_t size)
{
	void *to = calloc(n ? n : 1, size);

	if (to && n)
		memcpy(to, from, n * size);
	return to;
}

static int copy_vifs(struct pdp_vnet_conf *to, const struct pdp_vnet_conf *from)
{
	to->vifs = copy_list(from->vifs, from->n_vifs, sizeof(*to->vifs));
	if (!to->vifs)
		return -ENOMEM;
	for (; to->n_vifs < from->n_vifs; to->n_vifs++) {
		struct pdp_vif_conf *vif = &to->vifs[to->n_vifs];

		vif->address = copy_list(vif->address, vif->n_address, sizeof(*vif->address));
		if (!vif->address)
			return -ENOMEM;
	}
	return 0;
}

/* May be freed whatever it returns. */
static int copy_vnet(struct pdp_vnet_conf *to, const struct pdp_vnet_conf *from)
{
	*to = *from;
	to->n_vifs = 0;
	to->routes = copy_list(from->routes, from->n_routes, sizeof(*to->routes));
	to->neighbours = copy_list(from->neighbours, from->n_neighbours, sizeof(*to->neighbours));
	return copy_vifs(to, from) || !to->routes || !to->neighbours ? -ENOMEM : 0;
}

int pdp_model_copy(struct pdp_model *out, const struct pdp_model *model)
{
	int code = 0;

	*out = *model;
	out->ports = copy_list(model->ports, model->n_ports, sizeof(*out->ports));
	out->fes = copy_list(model->fes, model->n_fes, sizeof(*out->fes));
	out->vnets = calloc(model->n_vnets + 1, sizeof(*out->vnets));
	out->n_vnets = 0;
	if (!out->ports || !out->fes || !out->vnets)
		code = -ENOMEM;
	while (!code && out->n_vnets < model->n_vnets) {
		code = copy_vnet(&out->vnets[out->n_vnets], &model->vnets[out->n_vnets]);
		out->n_vnets++;
	}
	if (code)
		pdp_model_free(out);
	return code;
}

/* --- order ----------------------------------------------------------------------------------- */

_Static_assert(offsetof(struct pdp_port_conf, name) == 0, "names are looked for there");
_Static_assert(offsetof(struct pdp_fe_conf, name) == 0, "names are looked for there");
_Static_assert(offsetof(struct pdp_vnet_conf, name) == 0, "names are looked for there");
_Static_assert(offsetof(struct pdp_vif_conf, name) == 0, "names are looked for there");

int pdp_by_name(const void *a, const void *b)
{
	return strverscmp(a, b);
}

int pdp_route_order(const void *a, const void *b)
{
	const struct pdp_route_conf *left = a, *right = b;

	return pdp_prefix_compare(&left->prefix, &right->prefix);
}

int pdp_neighbour_order(const void *a, const void *b)
{
	const struct pdp_neighbour_conf *left = a, *right = b;
	int order = strverscmp(left->vif, right->vif);

	return order ? order : pdp_prefix_compare(&left->address, &right->address);
}

static void sort(void *list, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(list, n, size, compare);
}

void pdp_model_sort(struct pdp_model *model)
{
	sort(model->ports, model->n_ports, sizeof(*model->ports), pdp_by_name);
	sort(model->fes, model->n_fes, sizeof(*model->fes), pdp_by_name);
	sort(model->vnets, model->n_vnets, sizeof(*model->vnets), pdp_by_name);
	for (size_t i = 0; i < model->n_vnets; i++) {
		struct pdp_vnet_conf *vnet = &model->vnets[i];

		sort(vnet->vifs, vnet->n_vifs, sizeof(*vnet->vifs), pdp_by_name);
		sort(vnet->routes, vnet->n_routes, sizeof(*vnet->routes), pdp_route_order);
		sort(vnet->neighbours, vnet->n_neighbours, sizeof(*vnet->neighbours),
		     pdp_neighbour_order);
	}
}

static const void *find(const void *list, size_t n, size_t size, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp((const char *)list + i * size, name))
			return (const char *)list + i * size;
	return NULL;
}

const struct pdp_port_conf *pdp_model_port(const struct pdp_model *model, const char *name)
{
	return find(model->ports, model->n_ports, sizeof(*model->ports), name);
}

const struct pdp_fe_conf *pdp_model_fe(const struct pdp_model *model, const char *name)
{
	return find(model->fes, model->n_fes, sizeof(*model->fes), name);
}

const struct pdp_vnet_conf *pdp_model_vnet(const struct pdp_model *model, const char *name)
{
	return find(model->vnets, model->n_vnets, sizeof(*model->vnets), name);
}

const struct pdp_vif_conf *pdp_vnet_vif(const struct pdp_vnet_conf *vnet, const char *name)
{
	return find(vnet->vifs, vnet->n_vifs, sizeof(*vnet->vifs), name);
}

const char *pdp_encap_name(enum pdp_encap encap)
{
	return encap == PDP_ENCAP_UDP ? "udp" : "vxlan";
}

const char *pdp_control_name(enum pdp_control_kind kind)
{
	static const char *const names[] = {
		[PDP_CONTROL_NONE] = "none",	   [PDP_CONTROL_STATIC] = "static",
		[PDP_CONTROL_FRR] = "frr",	   [PDP_CONTROL_BIRD] = "bird",
		[PDP_CONTROL_COMMAND] = "command",
	};

	return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;
}

const char *pdp_fast_half_name(enum pdp_fast_half fast_half)
{
	static const char *const names[] = {
		[PDP_FAST_HALF_AUTO] = "auto",
		[PDP_FAST_HALF_ON] = "on",
		[PDP_FAST_HALF_OFF] = "off",
	};

	return (size_t)fast_half < sizeof(names) / sizeof(names[0]) ? names[fast_half] : NULL;
}

uint32_t pdp_rate_burst(uint64_t pps)
{
	return pps < 10 ? 1 : (uint32_t)(pps / 10);
}

uint32_t pdp_control_burst(uint64_t pps)
{
	return (uint32_t)(pps / 4);
}

uint32_t pdp_vif_overhead(const struct pdp_vif_conf *vif)
{
	uint32_t outer = (vif->local.family == 6 ? OUTER_IPV6 : OUTER_IPV4) + OUTER_UDP;

	if (vif->encap == PDP_ENCAP_VXLAN)
		outer += sizeof(struct pdp_vxlan) + ETH_HLEN;
	return outer;
}

uint16_t pdp_vif_mtu(const struct pdp_vif_conf *vif, uint32_t port_mtu)
{
	uint32_t overhead = pdp_vif_overhead(vif);

	if (port_mtu > UINT16_MAX)
		port_mtu = UINT16_MAX;
	if (port_mtu < overhead + PDP_MTU_MIN)
		return 0;
	return (uint16_t)(port_mtu - overhead);
}

uint32_t pdp_port_room(const struct pdp_port_conf *port, uint32_t port_mtu)
{
	return port->vlan[1] && port_mtu > VLAN_TAG_LEN ? port_mtu - VLAN_TAG_LEN : port_mtu;
}

uint32_t pdp_fe_link_mtu(uint32_t port_mtu)
{
	return port_mtu + sizeof(struct pdp_tag);
}
