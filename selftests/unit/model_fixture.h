/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * model_fixture.h - models and placements drawn at random, for tests of what keeps, writes, compares
 * and changes them. Every model drawn passes the checks of a node file.
 */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/flowkey.h"
#include "ctl/model.h"
#include "ctl/placement.h"
#include "ctl/prefix.h"

/* Where there is room, as the test knows. */
static inline void set_text(char *to, const char *from)
{
	memcpy(to, from, strlen(from) + 1);
}

static inline uint32_t draw(uint32_t below)
{
	return below ? (uint32_t)rand() % below : 0;
}

__attribute__((format(printf, 1, 2))) static inline struct pdp_prefix an_address(const char *fmt,
										 ...)
{
	struct pdp_prefix out = {0};
	char text[PDP_ADDR_STRLEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (pdp_prefix_parse(&out, text))
		abort();
	return out;
}

/* The k-th vif of the node: k makes its tunnel and addresses its own. */
static inline void draw_vif(struct pdp_vif_conf *vif, const struct pdp_model *model, size_t i,
			    uint32_t k)
{
	bool v6 = draw(3) == 0;

	snprintf(vif->name, sizeof(vif->name), "v%zu", i);
	memcpy(vif->port, model->ports[draw((uint32_t)model->n_ports)].name, sizeof(vif->port));
	vif->encap = draw(2) ? PDP_ENCAP_UDP : PDP_ENCAP_VXLAN;
	vif->vni = vif->encap == PDP_ENCAP_VXLAN ? 1 + draw(1u << 23) : 0;
	vif->local = v6 ? an_address("2001:db8::%x:%x", k / 200, 1 + k % 200)
			: an_address("192.0.%u.%u", k / 200, 1 + k % 200);
	vif->remote = v6 ? an_address("2001:db8:1::%x:%x", draw(200), 1 + draw(200))
			 : an_address("198.51.%u.%u", draw(200), 1 + draw(200));
	vif->local_port = vif->encap == PDP_ENCAP_VXLAN && draw(2)
				  ? 4789
				  : (uint16_t)(1 + draw(UINT16_MAX - 1));
	vif->remote_port = vif->encap == PDP_ENCAP_VXLAN && draw(2)
				   ? 4789
				   : (uint16_t)(1 + draw(UINT16_MAX - 1));
	vif->mtu = draw(2) ? (uint16_t)(1280 + draw(200)) : 0;
	if (vif->encap == PDP_ENCAP_VXLAN && draw(2))
		memcpy(vif->mac, (uint8_t[6]){2, 0, 0, 0, (uint8_t)draw(256), (uint8_t)k}, 6);
	if (draw(2)) {
		vif->impair.delay_ms = draw(2) ? draw(PDP_IMPAIR_DELAY_MAX + 1) : 0;
		vif->impair.loss = draw(2) ? draw(PDP_IMPAIR_LOSS_ALL + 1) : 0;
		vif->impair.down = draw(2);
	}
	vif->n_address = draw(3);
	vif->address = calloc(vif->n_address + 1, sizeof(*vif->address));
	if (vif->n_address)
		vif->address[0] = an_address("10.%u.%u.1/24", k / 250, k % 250);
	if (vif->n_address > 1)
		vif->address[1] = an_address("fd00:1:%x::1/64", k);
}

static inline void draw_routes(struct pdp_vnet_conf *vnet)
{
	vnet->n_routes = draw(5);
	vnet->routes = calloc(vnet->n_routes + 1, sizeof(*vnet->routes));
	for (size_t i = 0; i < vnet->n_routes; i++) {
		struct pdp_route_conf *route = &vnet->routes[i];
		bool v6 = draw(2);

		route->prefix = v6 ? an_address("2001:db8:%x:%x::/64", 7, (uint32_t)i)
				   : an_address("203.%u.%u.0/24", 0, (uint32_t)i);
		if (i == 4)
			route->prefix = an_address(v6 ? "::/0" : "0.0.0.0/0");
		if (!vnet->n_vifs || draw(4) == 0)
			continue;
		memcpy(route->vif, vnet->vifs[draw((uint32_t)vnet->n_vifs)].name,
		       sizeof(route->vif));
		if (draw(2))
			route->via = v6 ? an_address("fd00:9::%x", 1 + draw(99))
					: an_address("10.9.0.%u", 1 + draw(99));
	}
}

static inline void draw_neighbours(struct pdp_vnet_conf *vnet)
{
	vnet->neighbours = calloc(vnet->n_vifs + 1, sizeof(*vnet->neighbours));
	for (size_t i = 0; i < vnet->n_vifs; i++) {
		struct pdp_neighbour_conf *neighbour = &vnet->neighbours[vnet->n_neighbours];

		if (vnet->vifs[i].encap != PDP_ENCAP_VXLAN || draw(2))
			continue;
		memcpy(neighbour->vif, vnet->vifs[i].name, sizeof(neighbour->vif));
		neighbour->address = draw(2) ? an_address("10.9.0.%u", 1 + draw(99))
					     : an_address("fd00:9::%x", 1 + draw(99));
		memcpy(neighbour->mac, (uint8_t[6]){2, 0, 0, 0, 1, (uint8_t)draw(256)}, 6);
		vnet->n_neighbours++;
	}
}

static inline void draw_flow(struct pdp_flow_conf *flow)
{
	static const char *const fields[] = {"inner:0:f0", "network:12:ffffff00",
					     "transport:2:ffff", "transport:255:01"};

	flow->key = (enum pdp_key_kind)draw(PDP_KEY_BYTES + 1);
	flow->gap_us = draw(2) ? PDP_FLOWLET_GAP_US : draw(PDP_FLOWLET_GAP_MAX_US + 1);
	for (uint32_t i = draw(4); flow->key == PDP_KEY_BYTES && i < 4; i++)
		pdp_key_parse(&flow->bytes, fields[i]);
}

static inline void draw_data(struct pdp_data_conf *data)
{
	bool xdp = draw(3) == 0;

	snprintf(data->kind, sizeof(data->kind), "%s", xdp ? "xdp" : "router");
	data->fast_half = (enum pdp_fast_half)draw(PDP_FAST_HALF_OFF + 1);
	if (!xdp)
		return;
	snprintf(data->object, sizeof(data->object), "/usr/lib/pdp/%u.bpf.o", draw(100));
	snprintf(data->program, sizeof(data->program), "label_switch%u", draw(10));
	if (draw(2))
		snprintf(data->agent, sizeof(data->agent), "/usr/lib/pdp/agent%u", draw(10));
}

static inline void draw_control(struct pdp_control_conf *control)
{
	control->kind = (enum pdp_control_kind)draw(PDP_CONTROL_COMMAND + 1);
	if (control->kind == PDP_CONTROL_NONE)
		return;
	if (control->kind == PDP_CONTROL_COMMAND) {
		snprintf(control->command, sizeof(control->command), "/usr/sbin/daemon -f %u: '#'",
			 draw(100));
		if (draw(2))
			snprintf(control->config, sizeof(control->config), "/etc/daemon");
	} else if (control->kind != PDP_CONTROL_STATIC) {
		snprintf(control->config, sizeof(control->config), "/etc/pdp/%u", draw(100));
	}
	control->memory_mib = draw(2) ? 16 + draw(5000) : PDP_CONTROL_MEMORY_MIB;
	control->power = draw(2) ? 1 + draw(5000) : PDP_CONTROL_POWER;
	control->max_routes = draw(2) ? 1 + draw(UINT32_MAX - 1) : PDP_CONTROL_MAX_ROUTES;
	control->local_pps = draw(2) ? 4 + draw(1000000) : PDP_CONTROL_PPS;
	control->local_burst = draw(2) ? 1 : pdp_control_burst(control->local_pps);
}

static inline void draw_vnet(struct pdp_vnet_conf *vnet, const struct pdp_model *model, size_t i,
			     uint32_t *vifs)
{
	snprintf(vnet->name, sizeof(vnet->name), "net%zu", i);
	vnet->power = 1 + draw(1500);
	vnet->policy = (enum pdp_policy)(1 + draw(5));
	draw_data(&vnet->data);
	vnet->rebalance = draw(2);
	if (draw(2)) {
		vnet->rate_pps = 4 + draw(1000000);
		vnet->burst_packets = 1 + (uint32_t)(draw(2) ? vnet->rate_pps / 10 : 0);
	}
	vnet->memory_mib = draw(2) ? 16 + draw(5000) : 0;
	draw_flow(&vnet->flow);
	draw_control(&vnet->control);
	vnet->n_vifs = draw(4);
	vnet->vifs = calloc(vnet->n_vifs + 1, sizeof(*vnet->vifs));
	for (size_t j = 0; j < vnet->n_vifs; j++)
		draw_vif(&vnet->vifs[j], model, j, (*vifs)++);
	draw_routes(vnet);
	draw_neighbours(vnet);
}

/* A node with up to `vnets` vnets. */
static inline void draw_model(struct pdp_model *model, uint32_t vnets)
{
	uint32_t vifs = 0;

	*model = (struct pdp_model){.n_ports = 1 + draw(4), .n_fes = 2 + draw(4)};
	snprintf(model->node, sizeof(model->node), "node%u", draw(10));
	model->ports = calloc(model->n_ports, sizeof(*model->ports));
	for (size_t i = 0; i < model->n_ports; i++) {
		snprintf(model->ports[i].name, sizeof(model->ports[i].name), "P%zu", i);
		snprintf(model->ports[i].ifname, sizeof(model->ports[i].ifname), "eth%u",
			 (unsigned int)(i % 100));
		for (int tag = 0; tag < 2 && draw(2); tag++)
			model->ports[i].vlan[tag] = (uint16_t)(1 + draw(4094));
	}
	model->fes = calloc(model->n_fes, sizeof(*model->fes));
	for (size_t i = 0; i < model->n_fes; i++) {
		snprintf(model->fes[i].name, sizeof(model->fes[i].name), "fe%zu", i + 8);
		snprintf(model->fes[i].cpus, sizeof(model->fes[i].cpus), draw(2) ? "%u" : "%u-9",
			 draw(8));
		model->fes[i].capacity = 1000;
		model->fes[i].drain = i >= 2 && draw(3) == 0;
	}
	model->n_vnets = draw(vnets + 1);
	model->vnets = calloc(model->n_vnets + 1, sizeof(*model->vnets));
	for (size_t i = 0; i < model->n_vnets; i++)
		draw_vnet(&model->vnets[i], model, i, &vifs);
}

/* Decisions about all of a model; the ids are another time others. */
static inline void draw_placement(struct pdp_placement *out, const struct pdp_model *model)
{
	uint16_t vif = (uint16_t)(1 + draw(100)), guest = (uint16_t)(1 + draw(100));
	uint16_t first = (uint16_t)(1 + draw(50));

	*out = (struct pdp_placement){.n_ports = model->n_ports, .n_vnets = model->n_vnets};
	out->ports = calloc(out->n_ports + 1, sizeof(*out->ports));
	for (size_t i = 0; i < out->n_ports; i++) {
		memcpy(out->ports[i].name, model->ports[i].name, PDP_LABEL_MAX);
		out->ports[i].id = (uint16_t)(first + i);
	}
	out->vnets = calloc(out->n_vnets + 1, sizeof(*out->vnets));
	for (size_t i = 0; i < out->n_vnets; i++) {
		const struct pdp_vnet_conf *vnet = &model->vnets[i];
		struct pdp_placed_vnet *placed = &out->vnets[i];

		memcpy(placed->name, vnet->name, PDP_LABEL_MAX);
		placed->id = (uint16_t)(first + i);
		placed->table_generation = draw(1000);
		placed->n_vifs = vnet->n_vifs;
		placed->vifs = calloc(vnet->n_vifs + 1, sizeof(*placed->vifs));
		for (size_t j = 0; j < vnet->n_vifs; j++) {
			memcpy(placed->vifs[j].name, vnet->vifs[j].name, PDP_LABEL_MAX);
			placed->vifs[j].id = vif++;
		}
		placed->n_guests = 1 + draw(2);
		placed->guests = calloc(placed->n_guests, sizeof(*placed->guests));
		for (size_t j = 0; j < placed->n_guests; j++) {
			placed->guests[j].id = guest++;
			placed->guests[j].number = (uint16_t)(j + 1);
			placed->guests[j].power = 1 + draw(1000);
			memcpy(placed->guests[j].fe, model->fes[draw((uint32_t)model->n_fes)].name,
			       PDP_LABEL_MAX);
		}
	}
}

/* Everything that a model or placement says, as text, whatever the order of its lists. */
static inline char *describe(const struct pdp_model *model, const struct pdp_placement *placement)
{
	char a[PDP_ADDR_STRLEN], b[PDP_ADDR_STRLEN], c[PDP_ADDR_STRLEN];
	struct pdp_model copy;
	size_t size = 0;
	char *text = NULL;
	FILE *file = open_memstream(&text, &size);

	if (!file || pdp_model_copy(&copy, model))
		abort();
	pdp_model_sort(&copy);
	fprintf(file, "node %s\n", copy.node);
	for (size_t i = 0; i < copy.n_ports; i++)
		fprintf(file, "port %s %s %u %u\n", copy.ports[i].name, copy.ports[i].ifname,
			copy.ports[i].vlan[0], copy.ports[i].vlan[1]);
	for (size_t i = 0; i < copy.n_fes; i++)
		fprintf(file, "fe %s %s %u %d\n", copy.fes[i].name, copy.fes[i].cpus,
			copy.fes[i].capacity, copy.fes[i].drain);
	for (size_t i = 0; i < copy.n_vnets; i++) {
		const struct pdp_vnet_conf *vnet = &copy.vnets[i];

		fprintf(file, "vnet %s %u %d %s %llu %u %u\n", vnet->name, vnet->power,
			vnet->policy, vnet->data.kind, (unsigned long long)vnet->rate_pps,
			vnet->burst_packets, vnet->memory_mib);
		fprintf(file, " data %d '%s' '%s' '%s' rebalance %d\n", vnet->data.fast_half,
			vnet->data.object, vnet->data.program, vnet->data.agent, vnet->rebalance);
		fprintf(file, " flow %d %u", vnet->flow.key, vnet->flow.gap_us);
		for (size_t j = 0; j < PDP_KEY_BYTES_MAX; j++)
			fprintf(file, " %u:%u:%02x", vnet->flow.bytes.byte[j].layer,
				vnet->flow.bytes.byte[j].offset, vnet->flow.bytes.byte[j].mask);
		fprintf(file, "\n control %d '%s' '%s' %u %u %u %llu %u\n", vnet->control.kind,
			vnet->control.config, vnet->control.command, vnet->control.memory_mib,
			vnet->control.power, vnet->control.max_routes,
			(unsigned long long)vnet->control.local_pps, vnet->control.local_burst);
		for (size_t j = 0; j < vnet->n_vifs; j++) {
			const struct pdp_vif_conf *vif = &vnet->vifs[j];

			fprintf(file, " vif %s %s %d %u %s %u %s %u %u %s", vif->name, vif->port,
				vif->encap, vif->vni, pdp_addr_print(a, &vif->local),
				vif->local_port, pdp_addr_print(b, &vif->remote), vif->remote_port,
				vif->mtu, pdp_mac_print(c, vif->mac));
			fprintf(file, " %u %u %d", vif->impair.delay_ms, vif->impair.loss,
				vif->impair.down);
			for (size_t k = 0; k < vif->n_address; k++)
				fprintf(file, " %s", pdp_prefix_print(a, &vif->address[k]));
			fputc('\n', file);
		}
		for (size_t j = 0; j < vnet->n_routes; j++)
			fprintf(file, " route %s '%s' %s\n",
				pdp_prefix_print(a, &vnet->routes[j].prefix), vnet->routes[j].vif,
				vnet->routes[j].via.family ? pdp_addr_print(b, &vnet->routes[j].via)
							   : "");
		for (size_t j = 0; j < vnet->n_neighbours; j++)
			fprintf(file, " neighbour %s %s %s\n",
				pdp_addr_print(a, &vnet->neighbours[j].address),
				vnet->neighbours[j].vif, pdp_mac_print(b, vnet->neighbours[j].mac));
	}
	pdp_model_free(&copy);
	for (size_t i = 0; placement && i < placement->n_ports; i++)
		fprintf(file, "placed port %s %u\n", placement->ports[i].name,
			placement->ports[i].id);
	for (size_t i = 0; placement && i < placement->n_vnets; i++) {
		const struct pdp_placed_vnet *vnet = &placement->vnets[i];

		fprintf(file, "placed vnet %s %u %u\n", vnet->name, vnet->id,
			vnet->table_generation);
		for (size_t j = 0; j < vnet->n_vifs; j++)
			fprintf(file, " vif %s %u\n", vnet->vifs[j].name, vnet->vifs[j].id);
		for (size_t j = 0; j < vnet->n_guests; j++)
			fprintf(file, " guest %u %u %s %u\n", vnet->guests[j].id,
				vnet->guests[j].number, vnet->guests[j].fe, vnet->guests[j].power);
	}
	fclose(file);
	return text;
}

#endif
