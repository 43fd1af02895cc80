/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * follow_gap.c - vnets of policy flowlet: how long packets are with each guest, once a second, and with
 * `flowlet-gap-us: auto` the pause that follows from it. What follows is flowgap.c's to say.
 */
#include <bpf/bpf.h>

#include "ctl/follow.h"

static bool is_measured(const struct pdp_node_vnet *vnet)
{
	return vnet->conf->policy == PDP_POLICY_FLOWLET &&
	       vnet->conf->flow.gap_us == PDP_FLOWLET_GAP_AUTO;
}

/* What an earlier controller has measured, if this node came up as it was. */
static uint32_t first_gap(const struct pdp_node *node, const struct pdp_node_vnet *vnet)
{
	const uint32_t gap_us = pdp_publish_gap_us(node->store, vnet->id);

	return node->resumed && is_measured(vnet) && gap_us >= PDP_GAP_MIN_US &&
			       gap_us <= PDP_GAP_MAX_US
		       ? gap_us
		       : PDP_FLOWLET_GAP_US;
}

uint32_t pdp_follow_gap_us(const struct pdp_node *node, struct pdp_node_vnet *vnet)
{
	if (vnet->conf->flow.gap_us != PDP_FLOWLET_GAP_AUTO)
		return vnet->conf->flow.gap_us;
	if (!vnet->gap_us)
		vnet->gap_us = first_gap(node, vnet);
	return vnet->gap_us;
}

static void look_at(const struct pdp_node *node, struct pdp_node_guest *guest)
{
	const int fd = pdp_loader_map_fd(node->loader, PDP_MAP_TRANSITS);
	const uint32_t id = guest->id;
	struct pdp_transit transit;

	if (!bpf_map_lookup_elem(fd, &id, &transit))
		pdp_transit_see(&guest->times, transit.count);
}

void pdp_follow_gap(struct pdp_node *node, struct pdp_node_vnet *vnet)
{
	struct pdp_transit_span spans[PDP_VNET_GUESTS_MAX];
	size_t i, n = 0;

	if (vnet->conf->policy != PDP_POLICY_FLOWLET)
		return;
	for (i = 0; i < vnet->n_guests; i++) {
		look_at(node, vnet->guests[i]);
		n += pdp_transit_span(&vnet->guests[i]->times, &spans[n]);
	}
	if (!is_measured(vnet))
		return;
	vnet->gap_us = pdp_gap_next(pdp_follow_gap_us(node, vnet), spans, n);
	pdp_publish_flow(node->store, vnet->id, &vnet->conf->flow, vnet->gap_us,
			 vnet->own ? PDP_PAYLOAD_ANY : PDP_PAYLOAD_IP);
}
