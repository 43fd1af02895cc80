/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* views_routes.c - static routes and neighbours of the model as JSON; see views.h. */
#include "ctl/views.h"

#include "ctl/prefix.h"

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *view_route(const struct pdp_vnet_conf *vnet, const struct pdp_route_conf *route)
{
	char to[PDP_ADDR_STRLEN], via[PDP_ADDR_STRLEN];
	bool gateway = route->via.family != 0;

	return json_pack("{s:s, s:s, s:o, s:o, s:b}", "vnet", vnet->name, "to",
			 pdp_prefix_print(to, &route->prefix), "via",
			 text_or_null(gateway ? pdp_addr_print(via, &route->via) : NULL), "vif",
			 text_or_null(route->vif), "blackhole", !*route->vif);
}

json_t *pdp_view_routes(struct pdp_node *node)
{
	json_t *rows = json_array();
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++) {
		const struct pdp_vnet_conf *vnet = &node->model.vnets[i];

		for (j = 0; j < vnet->n_routes; j++)
			json_array_append_new(rows, view_route(vnet, &vnet->routes[j]));
	}
	return rows;
}

json_t *pdp_view_neighbours(struct pdp_node *node)
{
	char address[PDP_ADDR_STRLEN], mac[PDP_ADDR_STRLEN];
	json_t *rows = json_array();
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++) {
		const struct pdp_vnet_conf *vnet = &node->model.vnets[i];

		for (j = 0; j < vnet->n_neighbours; j++) {
			const struct pdp_neighbour_conf *n = &vnet->neighbours[j];

			json_array_append_new(
				rows, json_pack("{s:s, s:s, s:s, s:s}", "vnet", vnet->name,
						"address", pdp_addr_print(address, &n->address),
						"mac", pdp_mac_print(mac, n->mac), "vif", n->vif));
		}
	}
	return rows;
}
