/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * enforce.c - the node's structs into the map store, in the order that traffic needs. Owns nothing.
 */
#include "ctl/enforce.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/control.h"
#include "ctl/delayline.h"
#include "ctl/failpoint.h"
#include "ctl/follow.h"
#include "ctl/own.h"
#include "ctl/vif_entry.h"

/* --- what is to be there -------------------------------------------------------------------------- */

static struct pdp_vif_ids ids_of(const struct pdp_node_vif *vif)
{
	return (struct pdp_vif_ids){vif->vnet->id, vif->id, vif->port->id};
}

void pdp_enforce_vif(struct pdp_node *node, const struct pdp_node_vif *vif)
{
	const struct pdp_link *link = pdp_underlay_port(node->underlay, vif->port->underlay);
	struct pdp_vif_ids ids = ids_of(vif);
	struct pdp_vif entry =
		pdp_vif_entry(vif->conf, vif->port->conf, &ids,
			      (uint16_t)pdp_port_room(vif->port->conf, vif->port->mtu), link->mac);

	memcpy(entry.next_hop.mac, vif->path->mac, 6);
	pdp_publish_vif(node->store, vif->id, &entry);
}

static int add_tunnels(struct pdp_node *node, const struct pdp_node_vif *vif, struct pdp_error *err)
{
	struct pdp_vif_ids ids = ids_of(vif);
	struct pdp_tunnel_key keys[2];
	struct pdp_tunnel tunnels[2];
	int i, n = pdp_tunnel_entries(vif->conf, vif->port->conf, &ids, keys, tunnels), code = 0;

	for (i = 0; !code && i < n; i++)
		code = pdp_publish_tunnel(node->store, &keys[i], &tunnels[i], err);
	return code;
}

/* Each guest that is up; the first that failed. */
static int renew_programs(const struct pdp_node_vnet *vnet, struct pdp_error *err)
{
	int code, first = 0;
	size_t i;

	for (i = 0; i < vnet->n_guests; i++) {
		code = vnet->guests[i]->box
			       ? pdp_guest_renew_program(vnet->guests[i]->box, first ? NULL : err)
			       : 0;
		first = first ? first : code;
	}
	return first;
}

int pdp_enforce_program(struct pdp_node_vnet *vnet, bool anew, struct pdp_error *err)
{
	int code;

	if (!vnet->own || (!anew && pdp_own_is(vnet->own, &vnet->conf->data)))
		return 0;
	code = pdp_own_take(vnet->own, &vnet->conf->data, err);
	if (code)
		return code;
	pdp_failpoint("program-taken");
	code = renew_programs(vnet, err);
	if (!code)
		return pdp_own_keep(vnet->own, err);
	pdp_own_back(vnet->own);
	renew_programs(vnet, NULL);
	return code;
}

/* Everything that a packet of the vnet will meet, and last the door to it. */
int pdp_enforce_vnet(struct pdp_node *node, struct pdp_node_vnet *vnet, struct pdp_error *err)
{
	size_t i;
	int code = 0;

	for (i = 0; !code && i < vnet->n_guests; i++)
		if (pdp_guest_forwards(vnet->guests[i]->state))
			code = pdp_follow_link(vnet->guests[i], err);
	if (!code)
		code = pdp_enforce_program(vnet, false, err);
	for (i = 0; i < vnet->n_vifs; i++)
		pdp_enforce_vif(node, &vnet->vifs[i]);
	if (!code)
		code = pdp_control_publish(node, vnet, err);
	pdp_publish_police(node->store, vnet->id, vnet->conf->rate_pps, vnet->conf->burst_packets);
	pdp_publish_local_police(node->store, vnet->id, vnet->conf->control.local_pps,
				 vnet->conf->control.local_burst);
	for (i = 0; !code && i < vnet->n_guests; i++)
		if (vnet->guests[i]->box)
			code = pdp_guest_set_fast_half(vnet->guests[i]->box,
						       vnet->conf->data.fast_half, err);
	pdp_publish_flow(node->store, vnet->id, &vnet->conf->flow, pdp_follow_gap_us(node, vnet),
			 vnet->own ? PDP_PAYLOAD_ANY : PDP_PAYLOAD_IP);
	if (!code)
		code = pdp_follow_slots(node, vnet, err);
	for (i = 0; !code && i < vnet->n_vifs; i++)
		code = add_tunnels(node, &vnet->vifs[i], err);
	return code;
}

static bool vnet_delays(const struct pdp_node_vnet *vnet)
{
	size_t i;

	for (i = 0; i < vnet->n_vifs; i++)
		if (vnet->vifs[i].conf->impair.delay_ms)
			return true;
	return false;
}

static bool node_delays(const struct pdp_node *node)
{
	size_t i;

	for (i = 0; i < node->model.n_vnets; i++)
		if (vnet_delays(&node->vnets[i]))
			return true;
	return false;
}

int pdp_enforce_ways_out(struct pdp_node *node, struct pdp_error *err)
{
	/* Before the vifs that lead there. */
	int code, first = node_delays(node) ? pdp_delayline_start(node->delay, err) : 0;
	size_t i;

	for (i = 0; i < node->model.n_ports; i++) {
		code = pdp_follow_port_out(node, &node->ports[i], first ? NULL : err);
		first = first ? first : code;
	}
	return first;
}

int pdp_enforce_ports(struct pdp_node *node, struct pdp_error *err)
{
	int code, first = 0;
	size_t i;

	for (i = 0; i < node->model.n_ports; i++) {
		code = pdp_follow_port(node, &node->ports[i], first ? NULL : err);
		first = first ? first : code;
	}
	return first;
}

int pdp_enforce_add(struct pdp_node *node, struct pdp_error *err)
{
	/* All ways out before the first way in. */
	int code, first = pdp_enforce_ways_out(node, err);
	size_t i;

	for (i = 0; i < node->model.n_vnets; i++) {
		code = pdp_enforce_vnet(node, &node->vnets[i], first ? NULL : err);
		first = first ? first : code;
	}
	code = pdp_enforce_ports(node, first ? NULL : err);
	return first ? first : code;
}

int pdp_enforce_replacing(struct pdp_node *node, struct pdp_layout *next, struct pdp_error *err)
{
	size_t i, j;
	int code = 0;

	for (i = 0; !code && i < next->model.n_vnets; i++) {
		for (j = 0; !code && j < next->vnets[i].n_vifs; j++) {
			const struct pdp_node_vif *vif = &next->vnets[i].vifs[j];

			if (!pdp_layout_replaced(node, vif))
				continue;
			code = pdp_follow_port_out(node, vif->port, err);
			if (!code && vif->conf->impair.delay_ms)
				code = pdp_delayline_start(node->delay, err);
			pdp_enforce_vif(node, vif);
		}
	}
	return code;
}

/* --- what is not to be there ---------------------------------------------------------------------- */

/* Which ids and keys the node has. */
struct wanted {
	bool vnet[PDP_MAX_VNETS];
	bool vif[PDP_MAX_VIFS];
	bool guest[PDP_MAX_GUESTS];
	bool port[PDP_MAX_PORTS];
	struct pdp_tunnel_key *tunnels; /* sorted */
	size_t n_tunnels;
	uint32_t links[PDP_MAX_GUESTS]; /* ifindexes */
	size_t n_links;
	uint32_t devices[PDP_MAX_PORTS];
	size_t n_devices;
};

static int compare_tunnels(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct pdp_tunnel_key));
}

static int compare_links(const void *a, const void *b)
{
	const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static void want_vif(struct wanted *w, const struct pdp_node_vif *vif)
{
	struct pdp_vif_ids ids = ids_of(vif);
	struct pdp_tunnel tunnels[2];

	w->vif[vif->id] = true;
	w->n_tunnels += (size_t)pdp_tunnel_entries(vif->conf, vif->port->conf, &ids,
						   &w->tunnels[w->n_tunnels], tunnels);
}

static void want_guest(struct wanted *w, const struct pdp_node_guest *guest)
{
	w->guest[guest->id] = true;
	if (guest->link_ifindex)
		w->links[w->n_links++] = (uint32_t)guest->link_ifindex;
}

static void want_vnet(struct wanted *w, const struct pdp_node_vnet *vnet)
{
	size_t i;

	w->vnet[vnet->id] = true;
	for (i = 0; i < vnet->n_vifs; i++)
		want_vif(w, &vnet->vifs[i]);
	for (i = 0; i < vnet->n_guests; i++)
		want_guest(w, vnet->guests[i]);
}

static void free_wanted(struct wanted *w)
{
	if (w)
		free(w->tunnels);
	free(w);
}

/* NULL without memory: then nothing is taken away now. */
static struct wanted *wanted_of(const struct pdp_node *node)
{
	struct wanted *w = calloc(1, sizeof(*w));
	size_t i, n_vifs = 0;

	for (i = 0; i < node->model.n_vnets; i++)
		n_vifs += node->vnets[i].n_vifs;
	if (w)
		w->tunnels = calloc(2 * n_vifs + 2, sizeof(*w->tunnels));
	if (!w || !w->tunnels) {
		free_wanted(w);
		return NULL;
	}
	for (i = 0; i < node->model.n_vnets; i++)
		want_vnet(w, &node->vnets[i]);
	for (i = 0; i < node->model.n_ports; i++) {
		w->port[node->ports[i].id] = true;
		w->devices[w->n_devices++] = (uint32_t)node->ports[i].ifindex;
	}
	qsort(w->tunnels, w->n_tunnels, sizeof(*w->tunnels), compare_tunnels);
	qsort(w->links, w->n_links, sizeof(w->links[0]), compare_links);
	qsort(w->devices, w->n_devices, sizeof(w->devices[0]), compare_links);
	return w;
}

static bool tunnel_is_wanted(const void *key, void *arg)
{
	const struct wanted *w = arg;

	return bsearch(key, w->tunnels, w->n_tunnels, sizeof(*w->tunnels), compare_tunnels);
}

static bool link_is_wanted(const void *key, void *arg)
{
	const struct wanted *w = arg;

	return bsearch(key, w->links, w->n_links, sizeof(w->links[0]), compare_links);
}

static bool device_is_wanted(const void *key, void *arg)
{
	const struct wanted *w = arg;

	return bsearch(key, w->devices, w->n_devices, sizeof(w->devices[0]), compare_links);
}

void pdp_enforce_close(struct pdp_node *node)
{
	struct wanted *w = wanted_of(node);
	uint16_t id;

	if (!w)
		return;
	pdp_publish_keep(node->store, PDP_MAP_TUNNELS, sizeof(struct pdp_tunnel_key),
			 tunnel_is_wanted, w);
	for (id = 1; id < PDP_MAX_VNETS; id++)
		if (!w->vnet[id])
			pdp_publish_no_slots(node->store, id);
	free_wanted(w);
}

void pdp_enforce_forget(struct pdp_node *node)
{
	struct wanted *w = wanted_of(node);
	uint16_t id;

	if (!w)
		return;
	for (id = 1; id < PDP_MAX_VIFS; id++)
		if (!w->vif[id])
			pdp_publish_no_vif(node->store, id);
	for (id = 1; id < PDP_MAX_VIFS; id++)
		if (!w->vif[id])
			pdp_publish_wipe_vif(node->store, id);
	for (id = 1; id < PDP_MAX_GUESTS; id++)
		if (!w->guest[id])
			pdp_publish_no_guest(node->store, id, 0);
	for (id = 1; id < PDP_MAX_PORTS; id++)
		if (!w->port[id])
			pdp_publish_port(node->store, id, 0, 0, NULL);
	for (id = 1; id < PDP_MAX_VNETS; id++)
		if (!w->vnet[id])
			pdp_publish_no_vnet(node->store, id);
	pdp_publish_keep(node->store, PDP_MAP_SENDERS, sizeof(uint32_t), link_is_wanted, w);
	pdp_publish_keep(node->store, PDP_MAP_PORT_IDS, sizeof(uint32_t), device_is_wanted, w);
	if (!node_delays(node))
		pdp_delayline_stop(node->delay);
	free_wanted(w);
}
