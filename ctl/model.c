/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * model.c - the desired state of a node in plain structs.
 */
#include "ctl/model.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/wire.h"

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

const struct pdp_port_conf *pdp_model_port(const struct pdp_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_ports; i++)
		if (!strcmp(model->ports[i].name, name))
			return &model->ports[i];
	return NULL;
}

const struct pdp_fe_conf *pdp_model_fe(const struct pdp_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_fes; i++)
		if (!strcmp(model->fes[i].name, name))
			return &model->fes[i];
	return NULL;
}

const struct pdp_vnet_conf *pdp_model_vnet(const struct pdp_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_vnets; i++)
		if (!strcmp(model->vnets[i].name, name))
			return &model->vnets[i];
	return NULL;
}

const struct pdp_vif_conf *pdp_vnet_vif(const struct pdp_vnet_conf *vnet, const char *name)
{
	for (size_t i = 0; i < vnet->n_vifs; i++)
		if (!strcmp(vnet->vifs[i].name, name))
			return &vnet->vifs[i];
	return NULL;
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

uint32_t pdp_fe_link_mtu(uint32_t port_mtu)
{
	return port_mtu + sizeof(struct pdp_tag);
}
