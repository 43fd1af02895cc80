/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store_read.c - a store's rows to a state. The rows are not trusted to be what was written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/flowkey.h"
#include "ctl/prefix.h"
#include "ctl/store_rows.h"

/* Rows come in the order of their vnets, so that the vnet at hand only moves on. */
struct rows {
	sqlite3_stmt *row;
	int column;
	int code; /* of the first thing that was wrong */
	struct pdp_state *out;
	size_t vnet;
	size_t vif;
};

static void spoil(struct rows *r, int code)
{
	if (!r->code)
		r->code = code;
}

/* The row's next column. A text that has no room in the model is corrupt. */
static void take_text(struct rows *r, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(r->row, r->column);
	int len = sqlite3_column_bytes(r->row, r->column++);

	if (!text || len < 0 || (size_t)len >= size || strlen(text) != (size_t)len)
		spoil(r, SQLITE_CORRUPT);
	else
		memcpy(out, text, (size_t)len + 1);
}

static uint64_t take_number(struct rows *r, uint64_t max)
{
	sqlite3_int64 number = sqlite3_column_int64(r->row, r->column++);

	if (number < 0 || (uint64_t)number > max) {
		spoil(r, SQLITE_CORRUPT);
		return 0;
	}
	return (uint64_t)number;
}

static uint16_t take_id(struct rows *r, uint32_t limit)
{
	uint16_t id = (uint16_t)take_number(r, limit - 1);

	if (!id)
		spoil(r, SQLITE_CORRUPT);
	return id;
}

static void take_prefix(struct rows *r, struct pdp_prefix *out, bool may_be_empty)
{
	char text[PDP_ADDR_STRLEN] = "";

	take_text(r, text, sizeof(text));
	if (!*text && may_be_empty)
		return;
	if (pdp_prefix_parse(out, text))
		spoil(r, SQLITE_CORRUPT);
}

static void take_mac(struct rows *r, uint8_t mac[6])
{
	char text[PDP_ADDR_STRLEN] = "";

	take_text(r, text, sizeof(text));
	if (pdp_mac_parse(mac, text))
		spoil(r, SQLITE_CORRUPT);
}

/* A zeroed element at the end of a list, which has room for a power of two; NULL without memory. */
static void *append(struct rows *r, void *list, size_t *n, size_t size)
{
	void **at = list;

	if ((*n & (*n - 1)) == 0 || *n == 0) {
		void *grown = reallocarray(*at, *n ? 2 * *n : 1, size);

		if (!grown) {
			spoil(r, -ENOMEM);
			return NULL;
		}
		*at = grown;
	}
	return memset((char *)*at + (*n)++ * size, 0, size);
}

/* The vnet that the row's next column names; NULL when there is none. */
static struct pdp_vnet_conf *take_vnet(struct rows *r)
{
	struct pdp_model *model = &r->out->model;
	char name[PDP_LABEL_MAX] = "";

	take_text(r, name, sizeof(name));
	while (r->vnet < model->n_vnets && strcmp(model->vnets[r->vnet].name, name) < 0) {
		r->vnet++;
		r->vif = 0;
	}
	if (r->vnet < model->n_vnets && !strcmp(model->vnets[r->vnet].name, name))
		return &model->vnets[r->vnet];
	spoil(r, SQLITE_CORRUPT);
	return NULL;
}

static void read_port(struct rows *r)
{
	struct pdp_port_conf *port =
		append(r, &r->out->model.ports, &r->out->model.n_ports, sizeof(*port));
	struct pdp_placed_port *placed =
		append(r, &r->out->placement.ports, &r->out->placement.n_ports, sizeof(*placed));

	if (!port || !placed)
		return;
	take_text(r, port->name, sizeof(port->name));
	memcpy(placed->name, port->name, sizeof(placed->name));
	placed->id = take_id(r, PDP_MAX_PORTS);
	take_text(r, port->ifname, sizeof(port->ifname));
	port->vlan[0] = (uint16_t)take_number(r, UINT16_MAX);
	port->vlan[1] = (uint16_t)take_number(r, UINT16_MAX);
}

static void read_fe(struct rows *r)
{
	struct pdp_fe_conf *fe = append(r, &r->out->model.fes, &r->out->model.n_fes, sizeof(*fe));

	if (!fe)
		return;
	take_text(r, fe->name, sizeof(fe->name));
	take_text(r, fe->cpus, sizeof(fe->cpus));
	fe->capacity = (uint32_t)take_number(r, UINT32_MAX);
	fe->drain = take_number(r, 1) == 1;
}

static void read_vnet(struct rows *r)
{
	struct pdp_vnet_conf *vnet =
		append(r, &r->out->model.vnets, &r->out->model.n_vnets, sizeof(*vnet));
	struct pdp_placed_vnet *placed =
		append(r, &r->out->placement.vnets, &r->out->placement.n_vnets, sizeof(*placed));

	if (!vnet || !placed)
		return;
	take_text(r, vnet->name, sizeof(vnet->name));
	memcpy(placed->name, vnet->name, sizeof(placed->name));
	placed->id = take_id(r, PDP_MAX_VNETS);
	vnet->power = (uint32_t)take_number(r, UINT32_MAX);
	vnet->flow.gap_us = PDP_FLOWLET_GAP_US;
	vnet->policy = (enum pdp_policy)take_number(r, UINT8_MAX);
	take_text(r, vnet->data.kind, sizeof(vnet->data.kind));
	vnet->rate_pps = take_number(r, INT64_MAX);
	vnet->burst_packets = (uint32_t)take_number(r, UINT32_MAX);
	vnet->memory_mib = (uint32_t)take_number(r, UINT32_MAX);
	placed->table_generation = (uint32_t)take_number(r, UINT32_MAX);
}

static void read_guest(struct rows *r)
{
	const struct pdp_vnet_conf *vnet = take_vnet(r);
	struct pdp_placed_guest *guest;
	struct pdp_placed_vnet *placed;

	if (!vnet)
		return;
	placed = &r->out->placement.vnets[r->vnet];
	guest = append(r, &placed->guests, &placed->n_guests, sizeof(*guest));
	if (!guest)
		return;
	guest->id = take_id(r, PDP_MAX_GUESTS);
	guest->number = (uint16_t)take_number(r, UINT16_MAX);
	take_text(r, guest->fe, sizeof(guest->fe));
	guest->power = (uint32_t)take_number(r, UINT32_MAX);
}

static void read_vif(struct rows *r)
{
	struct pdp_vnet_conf *vnet = take_vnet(r);
	struct pdp_placed_vnet *placed;
	struct pdp_placed_vif *id;
	struct pdp_vif_conf *vif;

	if (!vnet)
		return;
	placed = &r->out->placement.vnets[r->vnet];
	vif = append(r, &vnet->vifs, &vnet->n_vifs, sizeof(*vif));
	id = append(r, &placed->vifs, &placed->n_vifs, sizeof(*id));
	if (!vif || !id)
		return;
	take_text(r, vif->name, sizeof(vif->name));
	memcpy(id->name, vif->name, sizeof(id->name));
	id->id = take_id(r, PDP_MAX_VIFS);
	take_text(r, vif->port, sizeof(vif->port));
	vif->encap = (enum pdp_encap)take_number(r, UINT8_MAX);
	vif->vni = (uint32_t)take_number(r, UINT32_MAX);
	take_prefix(r, &vif->local, false);
	vif->local_port = (uint16_t)take_number(r, UINT16_MAX);
	take_prefix(r, &vif->remote, false);
	vif->remote_port = (uint16_t)take_number(r, UINT16_MAX);
	vif->mtu = (uint16_t)take_number(r, UINT16_MAX);
	take_mac(r, vif->mac);
}

/* The vif of this vnet that the row's next column names; NULL when there is none. */
static struct pdp_vif_conf *take_vif(struct rows *r, struct pdp_vnet_conf *vnet)
{
	char name[PDP_LABEL_MAX] = "";

	take_text(r, name, sizeof(name));
	while (vnet && r->vif < vnet->n_vifs && strcmp(vnet->vifs[r->vif].name, name) < 0)
		r->vif++;
	if (vnet && r->vif < vnet->n_vifs && !strcmp(vnet->vifs[r->vif].name, name))
		return &vnet->vifs[r->vif];
	spoil(r, SQLITE_CORRUPT);
	return NULL;
}

static void read_address(struct rows *r)
{
	struct pdp_vif_conf *vif = take_vif(r, take_vnet(r));
	struct pdp_prefix *address =
		vif ? append(r, &vif->address, &vif->n_address, sizeof(*address)) : NULL;

	if (address)
		take_prefix(r, address, false);
}

static void read_route(struct rows *r)
{
	struct pdp_vnet_conf *vnet = take_vnet(r);
	struct pdp_route_conf *route =
		vnet ? append(r, &vnet->routes, &vnet->n_routes, sizeof(*route)) : NULL;

	if (!route)
		return;
	take_prefix(r, &route->prefix, false);
	take_text(r, route->vif, sizeof(route->vif));
	take_prefix(r, &route->via, true);
}

static void read_neighbour(struct rows *r)
{
	struct pdp_vnet_conf *vnet = take_vnet(r);
	struct pdp_neighbour_conf *neighbour =
		vnet ? append(r, &vnet->neighbours, &vnet->n_neighbours, sizeof(*neighbour)) : NULL;

	if (!neighbour)
		return;
	take_text(r, neighbour->vif, sizeof(neighbour->vif));
	take_prefix(r, &neighbour->address, false);
	take_mac(r, neighbour->mac);
}

static void read_control(struct rows *r)
{
	struct pdp_vnet_conf *vnet = take_vnet(r);
	struct pdp_control_conf *control;

	if (!vnet)
		return;
	control = &vnet->control;
	control->kind = (enum pdp_control_kind)take_number(r, PDP_CONTROL_COMMAND);
	take_text(r, control->config, sizeof(control->config));
	take_text(r, control->command, sizeof(control->command));
	control->memory_mib = (uint32_t)take_number(r, UINT32_MAX);
	control->power = (uint32_t)take_number(r, UINT32_MAX);
	control->max_routes = (uint32_t)take_number(r, UINT32_MAX);
	control->local_pps = take_number(r, INT64_MAX);
	control->local_burst = (uint32_t)take_number(r, UINT32_MAX);
}

static void read_impair(struct rows *r)
{
	struct pdp_vif_conf *vif = take_vif(r, take_vnet(r));

	if (!vif)
		return;
	vif->impair.delay_ms = (uint32_t)take_number(r, PDP_IMPAIR_DELAY_MAX);
	vif->impair.loss = (uint32_t)take_number(r, PDP_IMPAIR_LOSS_ALL);
	vif->impair.down = take_number(r, 1) == 1;
}

static void read_flow(struct rows *r)
{
	struct pdp_vnet_conf *vnet = take_vnet(r);
	char text[PDP_KEY_BYTES_MAX * (PDP_KEY_FIELD_LEN + 1)];
	char *rest = text, *word;

	if (!vnet)
		return;
	vnet->flow.key = (enum pdp_key_kind)take_number(r, PDP_KEY_BYTES);
	take_text(r, text, sizeof(text));
	vnet->flow.gap_us = (uint32_t)take_number(r, PDP_FLOWLET_GAP_MAX_US);
	while ((word = strsep(&rest, " ")))
		if (*word && pdp_key_parse(&vnet->flow.bytes, word))
			spoil(r, SQLITE_CORRUPT);
}

static void read_data(struct rows *r)
{
	struct pdp_vnet_conf *vnet = take_vnet(r);

	if (!vnet)
		return;
	vnet->data.fast_half = (enum pdp_fast_half)take_number(r, PDP_FAST_HALF_OFF);
	take_text(r, vnet->data.object, sizeof(vnet->data.object));
	take_text(r, vnet->data.program, sizeof(vnet->data.program));
}

static void read_rebalance(struct rows *r)
{
	struct pdp_vnet_conf *vnet = take_vnet(r);

	if (vnet)
		vnet->rebalance = true;
}

static void read_own_agent(struct rows *r)
{
	struct pdp_vnet_conf *vnet = take_vnet(r);

	if (vnet)
		take_text(r, vnet->data.agent, sizeof(vnet->data.agent));
}

static const struct {
	const char *sql;
	void (*read)(struct rows *r);
} readers[] = {
	{"SELECT name, id, ifname, outer_vlan, inner_vlan FROM %s.port ORDER BY name", read_port},
	{"SELECT name, cpus, capacity, drain FROM %s.fe ORDER BY name", read_fe},
	{"SELECT name, id, power, policy, data_plane, rate_pps, burst_packets, memory_mib,"
	 " table_generation FROM %s.vnet ORDER BY name",
	 read_vnet},
	{"SELECT vnet, id, number, fe, power FROM %s.guest ORDER BY vnet, number", read_guest},
	{"SELECT vnet, name, id, port, encap, vni, local, local_port, remote, remote_port, mtu, mac"
	 " FROM %s.vif ORDER BY vnet, name",
	 read_vif},
	{"SELECT vnet, vif, address FROM %s.address ORDER BY vnet, vif, place", read_address},
	{"SELECT vnet, prefix, vif, via FROM %s.route ORDER BY vnet", read_route},
	{"SELECT vnet, vif, address, mac FROM %s.neighbour ORDER BY vnet, vif", read_neighbour},
	{"SELECT vnet, kind, config, command, memory_mib, power, max_routes, local_pps, local_burst"
	 " FROM %s.control ORDER BY vnet",
	 read_control},
	{"SELECT vnet, vif, delay_ms, loss, down FROM %s.impair ORDER BY vnet, vif", read_impair},
	{"SELECT vnet, key, bytes, gap_us FROM %s.flow ORDER BY vnet", read_flow},
	{"SELECT vnet, fast_half, object, program FROM %s.data_plane ORDER BY vnet", read_data},
	{"SELECT vnet FROM %s.rebalance ORDER BY vnet", read_rebalance},
	{"SELECT vnet, file FROM %s.own_agent ORDER BY vnet", read_own_agent},
};

int pdp_rows_read(sqlite3 *db, const char *from, struct pdp_state *out)
{
	struct rows r = {.out = out};

	for (size_t i = 0; !r.code && i < sizeof(readers) / sizeof(readers[0]); i++) {
		char sql[256];
		int code;

		snprintf(sql, sizeof(sql), readers[i].sql, from);
		code = sqlite3_prepare_v2(db, sql, -1, &r.row, NULL);
		r.vnet = 0;
		r.vif = 0;
		while (!code && !r.code && (code = sqlite3_step(r.row)) == SQLITE_ROW) {
			r.column = 0;
			readers[i].read(&r);
			code = 0;
		}
		if (code && code != SQLITE_DONE)
			spoil(&r, code);
		sqlite3_finalize(r.row);
		r.row = NULL;
	}
	if (!r.code) {
		pdp_model_sort(&out->model);
		pdp_placement_sort(&out->placement);
	}
	return r.code;
}
