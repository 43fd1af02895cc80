/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * apply_underlay.c - what a change asks of the outside: devices of ports, MTUs that fit, next hops.
 */
#include "ctl/apply_steps.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "ctl/control_check.h"
#include "ctl/fe_check.h"
#include "ctl/prefix.h"

int pdp_apply_check_node(const struct pdp_node *node, const struct pdp_model *wanted,
			 struct pdp_error *err)
{
	int code;

	if (*node->model.node && strcmp(node->model.node, wanted->node) != 0)
		return pdp_fail(err, -EINVAL,
				"node: its name is %s and cannot become %s while it runs: guests "
				"bear it; take it down first",
				node->model.node, wanted->node);
	code = pdp_fe_check(wanted, &node->model, NULL, err);
	return code ? code : pdp_control_check(wanted, &node->model, NULL, err);
}

/* --- ports ---------------------------------------------------------------------------------------- */

static struct pdp_node_port *same_port(const struct pdp_node_port *ports, size_t n,
				       const struct pdp_node_port *port)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ports[i].underlay == port->underlay)
			return (struct pdp_node_port *)&ports[i];
	return NULL;
}

int pdp_apply_ports(struct pdp_apply *a, struct pdp_error *err)
{
	struct pdp_node *node = a->node;
	size_t i;
	int code = 0;

	for (i = 0; !code && i < a->other.model.n_ports; i++) {
		struct pdp_node_port *port = &a->other.ports[i];

		if (port->underlay != SIZE_MAX)
			continue;
		code = pdp_underlay_add_port(node->underlay, port->conf, &port->underlay, err);
		if (!code) {
			const struct pdp_link *link =
				pdp_underlay_port(node->underlay, port->underlay);

			port->mtu = link->mtu;
			port->up = link->flags & IFF_UP;
		}
	}
	return code;
}

/* --- MTUs ----------------------------------------------------------------------------------------- */

static int check_mtu(struct pdp_node_vif *vif, struct pdp_error *err)
{
	uint16_t most = pdp_vif_mtu(vif->conf, pdp_port_room(vif->port->conf, vif->port->mtu));

	vif->mtu = vif->conf->mtu ? vif->conf->mtu : most;
	if (most && vif->mtu <= most)
		return 0;
	return pdp_fail(err, -ERANGE,
			"vif %s/%s: MTU %u does not fit: port %s has MTU %u, and the tunnel's "
			"headers take %u of it, which leaves %u",
			vif->vnet->conf->name, vif->conf->name, vif->mtu, vif->conf->port,
			vif->port->mtu, pdp_vif_overhead(vif->conf), most);
}

int pdp_apply_mtus(struct pdp_apply *a, struct pdp_error *err)
{
	size_t i, j;
	int code = 0;

	for (i = 0; !code && i < a->other.model.n_vnets; i++)
		for (j = 0; !code && j < a->other.vnets[i].n_vifs; j++)
			code = check_mtu(&a->other.vnets[i].vifs[j], err);
	return code;
}

/* --- paths ---------------------------------------------------------------------------------------- */

static bool same_path(const struct pdp_node_vif *a, const struct pdp_node_vif *b)
{
	return a->port->underlay == b->port->underlay &&
	       !pdp_prefix_compare(&a->conf->remote, &b->conf->remote);
}

static struct pdp_node_vif *vif_before(const struct pdp_node *node, const struct pdp_node_vif *vif)
{
	struct pdp_node_vnet *vnet = pdp_node_vnet(node, vif->vnet->conf->name);

	return vnet ? pdp_layout_vif(vnet, vif->conf->name) : NULL;
}

int pdp_apply_paths(struct pdp_apply *a, struct pdp_error *err)
{
	struct pdp_node *node = a->node;
	size_t i, j;
	int code = 0;

	for (i = 0; !code && i < a->other.model.n_vnets; i++) {
		for (j = 0; !code && j < a->other.vnets[i].n_vifs; j++) {
			struct pdp_node_vif *vif = &a->other.vnets[i].vifs[j];
			const struct pdp_node_vif *old = vif_before(node, vif);

			if (old && same_path(old, vif))
				vif->path = old->path;
			else
				code = pdp_underlay_add_path(node->underlay, vif->port->underlay,
							     &vif->conf->remote, NULL, &vif->path,
							     err);
		}
	}
	return code;
}

bool pdp_apply_paths_known(const struct pdp_apply *a)
{
	size_t i, j;

	for (i = 0; i < a->other.model.n_vnets; i++) {
		for (j = 0; j < a->other.vnets[i].n_vifs; j++) {
			const struct pdp_node_vif *vif = &a->other.vnets[i].vifs[j];
			const struct pdp_node_vif *old = pdp_layout_replaced(a->node, vif);

			if (old && old->path->state == PDP_PATH_UP &&
			    vif->path->state != PDP_PATH_UP)
				return false;
		}
	}
	return true;
}

void pdp_apply_own_paths(struct pdp_node *node)
{
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++)
		for (j = 0; j < node->vnets[i].n_vifs; j++)
			node->vnets[i].vifs[j].path->owner = &node->vnets[i].vifs[j];
}

/* --- what the other layout alone has, goes -------------------------------------------------------- */

static void release_paths(struct pdp_apply *a)
{
	size_t i, j;

	for (i = 0; a->other.vnets && i < a->other.model.n_vnets; i++) {
		for (j = 0; j < a->other.vnets[i].n_vifs; j++) {
			struct pdp_node_vif *vif = &a->other.vnets[i].vifs[j];
			const struct pdp_node_vif *kept = vif_before(a->node, vif);

			if (!kept || kept->path != vif->path)
				pdp_underlay_del_path(a->node->underlay, vif->path);
			vif->path = NULL;
		}
	}
}

static void release_ports(struct pdp_apply *a)
{
	struct pdp_node *node = a->node;
	struct pdp_error err;
	size_t i;

	for (i = 0; a->other.ports && i < a->other.model.n_ports; i++) {
		struct pdp_node_port *port = &a->other.ports[i];

		if (port->underlay == SIZE_MAX || same_port(node->ports, node->model.n_ports, port))
			continue;
		/* An earlier controller's classifier stays where it is when we cannot come up. */
		if (node->loader && !a->adopting &&
		    !pdp_model_port(&node->model, port->conf->name) &&
		    pdp_loader_detach(node->loader, port->link, &err))
			pdp_log(PDP_LOG_ERROR, "port %s: %s", port->conf->name, err.text);
		pdp_underlay_del_port(node->underlay, port->underlay);
	}
}

void pdp_apply_release(struct pdp_apply *a)
{
	release_paths(a);
	release_ports(a);
}
