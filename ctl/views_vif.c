/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* views_vif.c - the vifs of a node, as JSON. */
#include "ctl/views.h"

#include "ctl/prefix.h"
#include "ctl/views_row.h"

static void set_endpoint(json_t *row, const char *key, const struct pdp_prefix *addr, uint16_t port,
			 bool with_port)
{
	char text[PDP_ADDR_STRLEN];

	pdp_row_str(row, key,
		    with_port ? pdp_endpoint_print(text, addr, port) : pdp_addr_print(text, addr));
}

static json_t *addresses(const struct pdp_vif_conf *conf)
{
	json_t *out = json_array();
	char text[PDP_ADDR_STRLEN];
	size_t i;

	for (i = 0; i < conf->n_address; i++)
		json_array_append_new(out, json_string(pdp_prefix_print(text, &conf->address[i])));
	return out;
}

/* What is done to its packets on purpose; null: nothing. */
static json_t *view_impair(const struct pdp_impair_conf *impair)
{
	if (!impair->delay_ms && !impair->loss && !impair->down)
		return json_null();
	return json_pack("{s:I, s:f, s:b}", "delay_ms", (json_int_t)impair->delay_ms, "loss",
			 (double)impair->loss / PDP_IMPAIR_LOSS_ALL, "down", impair->down);
}

static json_t *view_vif(struct pdp_node *node, const struct pdp_node_vif *vif)
{
	const struct pdp_vif_conf *conf = vif->conf;
	bool vxlan = conf->encap == PDP_ENCAP_VXLAN;
	bool with_port =
		!vxlan || conf->local_port != PDP_VXLAN_PORT || conf->remote_port != PDP_VXLAN_PORT;
	json_t *row = json_object();
	char text[PDP_ADDR_STRLEN];

	pdp_row_str(row, "name", conf->name);
	pdp_row_int(row, "id", vif->id);
	pdp_row_str(row, "vnet", vif->vnet->conf->name);
	pdp_row_str(row, "state", pdp_path_state_name(vif->path->state));
	pdp_row_str(row, "port", conf->port);
	pdp_row_str(row, "encap", vxlan ? "vxlan" : "udp");
	json_object_set_new(row, "vni", vxlan ? pdp_row_integer(conf->vni) : json_null());
	set_endpoint(row, "local", &conf->local, conf->local_port, with_port);
	set_endpoint(row, "remote", &conf->remote, conf->remote_port, with_port);
	pdp_row_int(row, "mtu", vif->mtu);
	if (vxlan)
		pdp_row_mac(row, "mac", vif->mac);
	json_object_set_new(row, "address", addresses(conf));
	json_object_set_new(row, "impair", view_impair(&conf->impair));
	pdp_row_str(row, "next_hop",
		    vif->path->next_hop.family ? pdp_addr_print(text, &vif->path->next_hop) : NULL);
	pdp_row_mac(row, "next_hop_mac", vif->path->mac);
	pdp_row_counters(row, node, PDP_MAP_VIF_STATS, vif->id, "vif");
	return row;
}

json_t *pdp_view_vifs(struct pdp_node *node)
{
	json_t *rows = json_array();
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++)
		for (j = 0; j < node->vnets[i].n_vifs; j++)
			json_array_append_new(rows, view_vif(node, &node->vnets[i].vifs[j]));
	return rows;
}
