/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_write.c - a model to the tree of a node file. What nodefile_read.c reads, the other way
 * round; keys come in the order of pdp.yaml(5).
 */
#include "ctl/nodefile_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/wire.h"
#include "ctl/flowkey.h"
#include "ctl/fraction.h"
#include "ctl/nodefile_raw.h"
#include "ctl/prefix.h"
#include "ctl/slots.h"
#include "ctl/yamltext.h"

/* The tree that grows. Nodes are numbers of libyaml's; 0 is none, and means no memory. */
struct builder {
	yaml_document_t *doc;
	bool failed;
};

static int note(struct builder *b, int node)
{
	b->failed = b->failed || !node;
	return node;
}

static int mapping(struct builder *b)
{
	return note(b, yaml_document_add_mapping(b->doc, NULL, YAML_ANY_MAPPING_STYLE));
}

static int sequence(struct builder *b)
{
	return note(b, yaml_document_add_sequence(b->doc, NULL, YAML_ANY_SEQUENCE_STYLE));
}

static int scalar(struct builder *b, const char *text, yaml_scalar_style_t style)
{
	return note(b, yaml_document_add_scalar(b->doc, NULL, (const yaml_char_t *)text,
						(int)strlen(text), style));
}

static void put(struct builder *b, int map, const char *key, int value)
{
	int name = scalar(b, key, YAML_PLAIN_SCALAR_STYLE);

	if (!b->failed)
		note(b, yaml_document_append_mapping_pair(b->doc, map, name, value));
}

static void put_text(struct builder *b, int map, const char *key, const char *text)
{
	put(b, map, key, scalar(b, text, YAML_ANY_SCALAR_STYLE));
}

/* A number or a truth, which is written as it is. */
static void put_plain(struct builder *b, int map, const char *key, const char *text)
{
	put(b, map, key, scalar(b, text, YAML_PLAIN_SCALAR_STYLE));
}

static void put_number(struct builder *b, int map, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	put_plain(b, map, key, text);
}

static void put_power(struct builder *b, int map, const char *key, uint32_t power)
{
	char text[16];

	snprintf(text, sizeof(text), "%um", power);
	put_text(b, map, key, text);
}

static void append(struct builder *b, int list, int value)
{
	if (!b->failed)
		note(b, yaml_document_append_sequence_item(b->doc, list, value));
}

static int item(struct builder *b, int list)
{
	int map = mapping(b);

	append(b, list, map);
	return map;
}

/* --- ports and FEs --------------------------------------------------------------------------- */

static void add_port(struct builder *b, int list, const struct pdp_port_conf *port)
{
	int map = item(b, list);
	char vlan[16];

	put_text(b, map, "name", port->name);
	put_text(b, map, "ifname", port->ifname);
	snprintf(vlan, sizeof(vlan), port->vlan[1] ? "%u.%u" : "%u", port->vlan[0], port->vlan[1]);
	if (port->vlan[0])
		put_text(b, map, "vlan", vlan);
}

static void add_fe(struct builder *b, int list, const struct pdp_fe_conf *fe)
{
	int map = item(b, list);

	put_text(b, map, "name", fe->name);
	put_text(b, map, "cpus", fe->cpus);
	put_power(b, map, "capacity", fe->capacity);
	if (fe->drain)
		put_plain(b, map, "drain", "true");
}

/* --- vnets ----------------------------------------------------------------------------------- */

static void put_end(struct builder *b, int map, const char *key, const struct pdp_vif_conf *vif,
		    const struct pdp_prefix *addr, uint16_t port)
{
	bool plain = vif->encap == PDP_ENCAP_VXLAN && port == PDP_VXLAN_PORT;
	char text[PDP_ADDR_STRLEN];

	put_text(b, map, key,
		 plain ? pdp_addr_print(text, addr) : pdp_endpoint_print(text, addr, port));
}

static void put_addresses(struct builder *b, int map, const struct pdp_vif_conf *vif)
{
	char text[PDP_ADDR_STRLEN];
	int list;

	if (!vif->n_address)
		return;
	list = sequence(b);
	for (size_t i = 0; i < vif->n_address; i++)
		append(b, list,
		       scalar(b, pdp_prefix_print(text, &vif->address[i]), YAML_ANY_SCALAR_STYLE));
	put(b, map, "address", list);
}

static void put_impair(struct builder *b, int map, const struct pdp_impair_conf *impair)
{
	char loss[PDP_FRACTION_STRLEN];
	int inner;

	if (!impair->delay_ms && !impair->loss && !impair->down)
		return;
	inner = mapping(b);
	if (impair->delay_ms)
		put_number(b, inner, "delay-ms", impair->delay_ms);
	if (impair->loss)
		put_plain(b, inner, "loss", pdp_fraction_print(loss, impair->loss));
	if (impair->down)
		put_plain(b, inner, "down", "true");
	put(b, map, "impair", inner);
}

static void add_vif(struct builder *b, int list, const struct pdp_vif_conf *vif)
{
	static const uint8_t none[6];
	char mac[PDP_ADDR_STRLEN];
	int map = item(b, list);

	put_text(b, map, "name", vif->name);
	put_text(b, map, "port", vif->port);
	put_text(b, map, "encap", pdp_encap_name(vif->encap));
	if (vif->encap == PDP_ENCAP_VXLAN)
		put_number(b, map, "vni", vif->vni);
	put_end(b, map, "local", vif, &vif->local, vif->local_port);
	put_end(b, map, "remote", vif, &vif->remote, vif->remote_port);
	if (vif->mtu)
		put_number(b, map, "mtu", vif->mtu);
	if (memcmp(vif->mac, none, sizeof(none)) != 0)
		put_text(b, map, "mac", pdp_mac_print(mac, vif->mac));
	put_addresses(b, map, vif);
	put_impair(b, map, &vif->impair);
}

static void add_route(struct builder *b, int list, const struct pdp_route_conf *route)
{
	char to[PDP_ADDR_STRLEN], via[PDP_ADDR_STRLEN];
	bool is_default = !route->prefix.len && route->via.family;
	int map = item(b, list);

	put_text(b, map, "to", is_default ? "default" : pdp_prefix_print(to, &route->prefix));
	if (route->via.family)
		put_text(b, map, "via", pdp_addr_print(via, &route->via));
	if (route->vif[0])
		put_text(b, map, "vif", route->vif);
	else
		put_plain(b, map, "blackhole", "true");
}

static void add_neighbour(struct builder *b, int list, const struct pdp_neighbour_conf *neighbour)
{
	char address[PDP_ADDR_STRLEN], mac[PDP_ADDR_STRLEN];
	int map = item(b, list);

	put_text(b, map, "address", pdp_addr_print(address, &neighbour->address));
	put_text(b, map, "mac", pdp_mac_print(mac, neighbour->mac));
	put_text(b, map, "vif", neighbour->vif);
}

/* A burst that is what is made of the rate is not told. */
static void put_rate(struct builder *b, int map, uint64_t pps, uint32_t burst, uint32_t usual)
{
	int rate = mapping(b);

	put_number(b, rate, "pps", pps);
	if (burst != usual)
		put_number(b, rate, "burst", burst);
	put(b, map, "rate", rate);
}

static void put_memory(struct builder *b, int map, uint32_t mib)
{
	bool whole = mib % 1024 == 0;
	char text[16];

	snprintf(text, sizeof(text), "%u%c", whole ? mib / 1024 : mib, whole ? 'G' : 'M');
	put_text(b, map, "memory", text);
}

static void put_control(struct builder *b, int map, const struct pdp_control_conf *control)
{
	uint32_t burst = pdp_control_burst(control->local_pps);
	int inner;

	if (control->kind == PDP_CONTROL_NONE)
		return;
	inner = mapping(b);
	put_text(b, inner, "kind", pdp_control_name(control->kind));
	if (*control->config)
		put_text(b, inner, "config", control->config);
	if (*control->command)
		put_text(b, inner, "command", control->command);
	if (control->memory_mib != PDP_CONTROL_MEMORY_MIB)
		put_memory(b, inner, control->memory_mib);
	if (control->power != PDP_CONTROL_POWER)
		put_power(b, inner, "power", control->power);
	if (control->max_routes != PDP_CONTROL_MAX_ROUTES)
		put_number(b, inner, "max-routes", control->max_routes);
	if (control->local_pps != PDP_CONTROL_PPS || control->local_burst != burst)
		put_rate(b, inner, control->local_pps, control->local_burst, burst);
	put(b, map, "control-plane", inner);
}

static void put_flow(struct builder *b, int map, const struct pdp_flow_conf *flow)
{
	char text[PDP_KEY_FIELD_LEN];
	struct pdp_key_field field;
	size_t at = 0;
	int fields;

	if (flow->key != PDP_KEY_5TUPLE)
		put_text(b, map, "flow-key", pdp_key_name(flow->key));
	fields = flow->key == PDP_KEY_BYTES ? sequence(b) : 0;
	while (pdp_key_next(&flow->bytes, &at, &field))
		append(b, fields, scalar(b, pdp_key_print(text, &field), YAML_ANY_SCALAR_STYLE));
	if (at)
		put(b, map, "flow-bytes", fields);
	if (flow->gap_us == PDP_FLOWLET_GAP_AUTO)
		put_text(b, map, "flowlet-gap-us", "auto");
	else if (flow->gap_us != PDP_FLOWLET_GAP_US)
		put_number(b, map, "flowlet-gap-us", flow->gap_us);
}

/* The router, which most are, is not told. */
static void put_data(struct builder *b, int map, const struct pdp_data_conf *data)
{
	int inner;

	if (*data->object) {
		inner = mapping(b);
		put_text(b, inner, "kind", data->kind);
		put_text(b, inner, "object", data->object);
		put_text(b, inner, "program", data->program);
		if (*data->agent)
			put_text(b, inner, "agent", data->agent);
		put(b, map, "data-plane", inner);
	}
	if (data->fast_half != PDP_FAST_HALF_AUTO)
		put_text(b, map, "fast-half", pdp_fast_half_name(data->fast_half));
}

static void add_vnet(struct builder *b, int list, const struct pdp_vnet_conf *vnet)
{
	int map = item(b, list), vifs = sequence(b), routes = sequence(b), others = sequence(b);

	put_text(b, map, "name", vnet->name);
	put_power(b, map, "power", vnet->power);
	put_text(b, map, "policy", pdp_policy_name(vnet->policy));
	put_flow(b, map, &vnet->flow);
	if (vnet->rebalance)
		put_text(b, map, "rebalance", "on");
	put_data(b, map, &vnet->data);
	put_control(b, map, &vnet->control);
	if (vnet->rate_pps)
		put_rate(b, map, vnet->rate_pps, vnet->burst_packets,
			 pdp_rate_burst(vnet->rate_pps));
	if (vnet->memory_mib)
		put_memory(b, map, vnet->memory_mib);
	for (size_t i = 0; i < vnet->n_vifs; i++)
		add_vif(b, vifs, &vnet->vifs[i]);
	for (size_t i = 0; i < vnet->n_routes; i++)
		add_route(b, routes, &vnet->routes[i]);
	for (size_t i = 0; i < vnet->n_neighbours; i++)
		add_neighbour(b, others, &vnet->neighbours[i]);
	if (vnet->n_vifs)
		put(b, map, "vifs", vifs);
	if (vnet->n_routes)
		put(b, map, "routes", routes);
	if (vnet->n_neighbours)
		put(b, map, "neighbours", others);
}

/* --- the node -------------------------------------------------------------------------------- */

int pdp_nodefile_tree(yaml_document_t *doc, const struct pdp_model *model)
{
	struct builder b = {.doc = doc};
	int root, ports, fes, vnets;

	if (!yaml_document_initialize(doc, NULL, NULL, NULL, 1, 1))
		return -ENOMEM;
	root = mapping(&b);
	ports = sequence(&b);
	fes = sequence(&b);
	vnets = sequence(&b);
	put_number(&b, root, "version", PDP_NODEFILE_VERSION);
	put_text(&b, root, "node", model->node);
	for (size_t i = 0; i < model->n_ports; i++)
		add_port(&b, ports, &model->ports[i]);
	for (size_t i = 0; i < model->n_fes; i++)
		add_fe(&b, fes, &model->fes[i]);
	for (size_t i = 0; i < model->n_vnets; i++)
		add_vnet(&b, vnets, &model->vnets[i]);
	put(&b, root, "ports", ports);
	put(&b, root, "fes", fes);
	put(&b, root, "vnets", vnets);
	if (!b.failed)
		return 0;
	yaml_document_delete(doc);
	return -ENOMEM;
}

char *pdp_nodefile_write(const struct pdp_model *model)
{
	yaml_document_t doc;
	char *text;

	if (pdp_nodefile_tree(&doc, model))
		return NULL;
	text = pdp_yaml_text(&doc);
	yaml_document_delete(&doc);
	return text;
}
