/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store_rows.c - a state to the rows of a store. One table for each kind of thing; what was decided
 * about a thing stands beside what was wished.
 */
#include "ctl/store_rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/flowkey.h"
#include "ctl/names.h"
#include "ctl/fnv.h"
#include "ctl/prefix.h"

/*
 * What version 2 added. An MH guest, an impairment and a flow key are rows of their own, which most vnets
 * and vifs do not have. The rows that a change took and gave are `past`, as JSON, so that it can be undone.
 */
#define SCHEMA_2                                                                                      \
	"CREATE TABLE control (vnet TEXT PRIMARY KEY REFERENCES vnet DEFERRABLE INITIALLY DEFERRED,"  \
	" kind INTEGER NOT NULL, config TEXT NOT NULL, command TEXT NOT NULL,"                        \
	" memory_mib INTEGER NOT NULL, power INTEGER NOT NULL, max_routes INTEGER NOT NULL,"          \
	" local_pps INTEGER NOT NULL, local_burst INTEGER NOT NULL) STRICT, WITHOUT ROWID;"           \
	"CREATE TABLE impair (vnet TEXT NOT NULL, vif TEXT NOT NULL, delay_ms INTEGER NOT NULL,"      \
	" loss INTEGER NOT NULL, down INTEGER NOT NULL, PRIMARY KEY (vnet, vif),"                     \
	" FOREIGN KEY (vnet, vif) REFERENCES vif DEFERRABLE INITIALLY DEFERRED)"                      \
	" STRICT, WITHOUT ROWID;"                                                                     \
	"CREATE TABLE flow (vnet TEXT PRIMARY KEY REFERENCES vnet DEFERRABLE INITIALLY DEFERRED,"     \
	" key INTEGER NOT NULL, bytes TEXT NOT NULL, gap_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;" \
	"CREATE TABLE past (generation INTEGER NOT NULL, name TEXT NOT NULL, gone INTEGER NOT NULL,"  \
	" row TEXT NOT NULL, PRIMARY KEY (generation, name, gone, row)) STRICT, WITHOUT ROWID;"

/* What version 3 added: data planes that are not the usual, and vnets whose slots PdP moves. */
#define SCHEMA_3                                                                            \
	"CREATE TABLE data_plane (vnet TEXT PRIMARY KEY REFERENCES vnet"                    \
	" DEFERRABLE INITIALLY DEFERRED, fast_half INTEGER NOT NULL, object TEXT NOT NULL," \
	" program TEXT NOT NULL) STRICT, WITHOUT ROWID;"                                    \
	"CREATE TABLE rebalance (vnet TEXT PRIMARY KEY REFERENCES vnet"                     \
	" DEFERRABLE INITIALLY DEFERRED) STRICT, WITHOUT ROWID;"

/* What version 4 added: owners' agents, beside their own data planes. */
#define SCHEMA_4                                                        \
	"CREATE TABLE own_agent (vnet TEXT PRIMARY KEY REFERENCES vnet" \
	" DEFERRABLE INITIALLY DEFERRED, file TEXT NOT NULL) STRICT, WITHOUT ROWID;"

/* Ids are checked against bpf/maps.h on both ways, not here: limits may grow, a schema stays. */
const char pdp_store_schema[] =
	"CREATE TABLE node (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL,"
	" generation INTEGER NOT NULL, digest INTEGER NOT NULL) STRICT;"
	"CREATE TABLE port (name TEXT PRIMARY KEY, id INTEGER NOT NULL UNIQUE,"
	" ifname TEXT NOT NULL UNIQUE, outer_vlan INTEGER NOT NULL, inner_vlan INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE fe (name TEXT PRIMARY KEY, cpus TEXT NOT NULL, capacity INTEGER NOT NULL,"
	" drain INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE vnet (name TEXT PRIMARY KEY, id INTEGER NOT NULL UNIQUE,"
	" power INTEGER NOT NULL, policy INTEGER NOT NULL, data_plane TEXT NOT NULL,"
	" rate_pps INTEGER NOT NULL, burst_packets INTEGER NOT NULL, memory_mib INTEGER NOT NULL,"
	" table_generation INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE guest (id INTEGER PRIMARY KEY,"
	" vnet TEXT NOT NULL REFERENCES vnet DEFERRABLE INITIALLY DEFERRED,"
	" number INTEGER NOT NULL,"
	" fe TEXT NOT NULL REFERENCES fe DEFERRABLE INITIALLY DEFERRED,"
	" power INTEGER NOT NULL, UNIQUE (vnet, number)) STRICT;"
	"CREATE TABLE vif (vnet TEXT NOT NULL REFERENCES vnet DEFERRABLE INITIALLY DEFERRED,"
	" name TEXT NOT NULL, id INTEGER NOT NULL UNIQUE,"
	" port TEXT NOT NULL REFERENCES port DEFERRABLE INITIALLY DEFERRED,"
	" encap INTEGER NOT NULL, vni INTEGER NOT NULL, local TEXT NOT NULL,"
	" local_port INTEGER NOT NULL, remote TEXT NOT NULL, remote_port INTEGER NOT NULL,"
	" mtu INTEGER NOT NULL, mac TEXT NOT NULL, PRIMARY KEY (vnet, name))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE address (vnet TEXT NOT NULL, vif TEXT NOT NULL, place INTEGER NOT NULL,"
	" address TEXT NOT NULL, PRIMARY KEY (vnet, vif, place),"
	" FOREIGN KEY (vnet, vif) REFERENCES vif DEFERRABLE INITIALLY DEFERRED)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE route (vnet TEXT NOT NULL REFERENCES vnet DEFERRABLE INITIALLY DEFERRED,"
	" prefix TEXT NOT NULL, vif TEXT NOT NULL, via TEXT NOT NULL,"
	" PRIMARY KEY (vnet, prefix)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE neighbour (vnet TEXT NOT NULL, vif TEXT NOT NULL, address TEXT NOT NULL,"
	" mac TEXT NOT NULL, PRIMARY KEY (vnet, vif, address),"
	" FOREIGN KEY (vnet, vif) REFERENCES vif DEFERRABLE INITIALLY DEFERRED)"
	" STRICT, WITHOUT ROWID;" SCHEMA_2 SCHEMA_3 SCHEMA_4
	"CREATE TABLE history (generation INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	" text TEXT NOT NULL, uid INTEGER, node TEXT, bytes INTEGER) STRICT;";

const char *const pdp_store_upgrades[] = {
	[2] = "ALTER TABLE history ADD COLUMN uid INTEGER;"
	      "ALTER TABLE history ADD COLUMN node TEXT;"
	      "ALTER TABLE history ADD COLUMN bytes INTEGER;" SCHEMA_2,
	[3] = SCHEMA_3,
	[4] = SCHEMA_4,
};

const struct pdp_rows pdp_store_tables[] = {
	{"port", "name", NULL, 1},
	{"fe", "name", NULL, 1},
	{"vnet", "name", "name", 1},
	{"guest", "id", "vnet", 1},
	{"vif", "vnet, name", "vnet", 1},
	{"address", "vnet, vif, place", "vnet", 1},
	{"route", "vnet, prefix", "vnet", 1},
	{"neighbour", "vnet, vif, address", "vnet", 1},
	{"control", "vnet", "vnet", 2},
	{"impair", "vnet, vif", "vnet", 2},
	{"flow", "vnet", "vnet", 2},
	{"data_plane", "vnet", "vnet", 3},
	{"rebalance", "vnet", "vnet", 3},
	{"own_agent", "vnet", "vnet", 4},
};

const size_t pdp_store_n_tables = sizeof(pdp_store_tables) / sizeof(pdp_store_tables[0]);

struct writer {
	const struct pdp_state *state;
	struct pdp_names placed; /* the placement's vnets */
	sqlite3_stmt *insert; /* into the table at hand; NULL = rows are only looked at */
	uint64_t digest; /* of rows that are looked at */
	struct pdp_error *err;
};

/* What a row would be, into the digest. */
static void look_at(struct writer *w, const char *kinds, va_list args)
{
	for (; *kinds; kinds++) {
		const char *text = *kinds == 't' ? va_arg(args, char *) : NULL;
		int64_t number = text ? (int64_t)strlen(text) : va_arg(args, int64_t);

		w->digest = pdp_fnv(w->digest, &number, sizeof(number));
		if (text)
			w->digest = pdp_fnv(w->digest, text, (size_t)number);
	}
}

/* One row: 't' is a text, 'i' a number of 64 bits. 0 or an SQLite code. */
static int put(struct writer *w, const char *kinds, ...)
{
	va_list args;
	int code = SQLITE_OK;

	va_start(args, kinds);
	if (!w->insert) {
		look_at(w, kinds, args);
		va_end(args);
		return SQLITE_OK;
	}
	for (int i = 1; *kinds && code == SQLITE_OK; i++, kinds++)
		code = *kinds == 't' ? sqlite3_bind_text(w->insert, i, va_arg(args, char *), -1,
							 SQLITE_TRANSIENT)
				     : sqlite3_bind_int64(w->insert, i, va_arg(args, int64_t));
	va_end(args);
	if (code == SQLITE_OK)
		sqlite3_step(w->insert);
	return code == SQLITE_OK ? sqlite3_reset(w->insert) : code;
}

static int check_id(struct writer *w, uint32_t id, uint32_t limit, const char *what,
		    const char *name)
{
	if (id && id < limit)
		return 0;
	return pdp_fail(w->err, -EINVAL, "%s %s has id %u, which is not in 1 to %u", what, name, id,
			limit - 1);
}

static int write_ports(struct writer *w)
{
	const struct pdp_model *model = &w->state->model;
	int code = 0;

	for (size_t i = 0; !code && i < model->n_ports; i++) {
		const struct pdp_port_conf *port = &model->ports[i];
		const struct pdp_placed_port *placed =
			pdp_placed_port(&w->state->placement, port->name);
		uint16_t id = placed ? placed->id : 0;

		code = check_id(w, id, PDP_MAX_PORTS, "port", port->name);
		if (!code)
			code = put(w, "titii", port->name, (int64_t)id, port->ifname,
				   (int64_t)port->vlan[0], (int64_t)port->vlan[1]);
	}
	return code;
}

static int write_fes(struct writer *w)
{
	int code = 0;

	for (size_t i = 0; !code && i < w->state->model.n_fes; i++) {
		const struct pdp_fe_conf *fe = &w->state->model.fes[i];

		code = put(w, "ttii", fe->name, fe->cpus, (int64_t)fe->capacity,
			   (int64_t)fe->drain);
	}
	return code;
}

static int write_vnet(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	const struct pdp_placed_vnet *placed = pdp_names_find(&w->placed, vnet->name);
	uint16_t id = placed ? placed->id : 0;
	int code = check_id(w, id, PDP_MAX_VNETS, "vnet", vnet->name);

	if (code || !placed)
		return code;
	return put(w, "tiiitiiii", vnet->name, (int64_t)id, (int64_t)vnet->power,
		   (int64_t)vnet->policy, vnet->data.kind, (int64_t)vnet->rate_pps,
		   (int64_t)vnet->burst_packets, (int64_t)vnet->memory_mib,
		   (int64_t)placed->table_generation);
}

static int write_guests_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	const struct pdp_placed_vnet *placed = pdp_names_find(&w->placed, vnet->name);
	int code = 0;

	for (size_t i = 0; !code && i < placed->n_guests; i++) {
		const struct pdp_placed_guest *guest = &placed->guests[i];

		code = check_id(w, guest->id, PDP_MAX_GUESTS, "a guest of", vnet->name);
		if (!code)
			code = put(w, "ititi", (int64_t)guest->id, vnet->name,
				   (int64_t)guest->number, guest->fe, (int64_t)guest->power);
	}
	return code;
}

static int write_vifs_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	const struct pdp_placed_vnet *placed = pdp_names_find(&w->placed, vnet->name);
	char local[PDP_ADDR_STRLEN], remote[PDP_ADDR_STRLEN], mac[PDP_ADDR_STRLEN];
	int code = 0;

	for (size_t i = 0; !code && i < vnet->n_vifs; i++) {
		const struct pdp_vif_conf *vif = &vnet->vifs[i];
		const struct pdp_placed_vif *own = pdp_placed_vif(placed, vif->name);
		uint16_t id = own ? own->id : 0;

		code = check_id(w, id, PDP_MAX_VIFS, "vif", vif->name);
		if (!code)
			code = put(w, "ttitiititiit", vnet->name, vif->name, (int64_t)id, vif->port,
				   (int64_t)vif->encap, (int64_t)vif->vni,
				   pdp_addr_print(local, &vif->local), (int64_t)vif->local_port,
				   pdp_addr_print(remote, &vif->remote), (int64_t)vif->remote_port,
				   (int64_t)vif->mtu, pdp_mac_print(mac, vif->mac));
	}
	return code;
}

static int write_addresses_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	char address[PDP_ADDR_STRLEN];
	int code = 0;

	for (size_t i = 0; i < vnet->n_vifs; i++)
		for (size_t j = 0; !code && j < vnet->vifs[i].n_address; j++)
			code = put(w, "ttit", vnet->name, vnet->vifs[i].name, (int64_t)j,
				   pdp_prefix_print(address, &vnet->vifs[i].address[j]));
	return code;
}

static int write_routes_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	char prefix[PDP_ADDR_STRLEN], via[PDP_ADDR_STRLEN];
	int code = 0;

	for (size_t i = 0; !code && i < vnet->n_routes; i++) {
		const struct pdp_route_conf *route = &vnet->routes[i];

		code = put(w, "tttt", vnet->name, pdp_prefix_print(prefix, &route->prefix),
			   route->vif, route->via.family ? pdp_addr_print(via, &route->via) : "");
	}
	return code;
}

static int write_neighbours_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	char address[PDP_ADDR_STRLEN], mac[PDP_ADDR_STRLEN];
	int code = 0;

	for (size_t i = 0; !code && i < vnet->n_neighbours; i++) {
		const struct pdp_neighbour_conf *neighbour = &vnet->neighbours[i];

		code = put(w, "tttt", vnet->name, neighbour->vif,
			   pdp_addr_print(address, &neighbour->address),
			   pdp_mac_print(mac, neighbour->mac));
	}
	return code;
}

static int write_control_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	const struct pdp_control_conf *control = &vnet->control;

	if (control->kind == PDP_CONTROL_NONE)
		return 0;
	return put(w, "tittiiiii", vnet->name, (int64_t)control->kind, control->config,
		   control->command, (int64_t)control->memory_mib, (int64_t)control->power,
		   (int64_t)control->max_routes, (int64_t)control->local_pps,
		   (int64_t)control->local_burst);
}

static int write_impairs_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	int code = 0;

	for (size_t i = 0; !code && i < vnet->n_vifs; i++) {
		const struct pdp_impair_conf *impair = &vnet->vifs[i].impair;

		if (impair->delay_ms || impair->loss || impair->down)
			code = put(w, "ttiii", vnet->name, vnet->vifs[i].name,
				   (int64_t)impair->delay_ms, (int64_t)impair->loss,
				   (int64_t)impair->down);
	}
	return code;
}

/* Fields one behind the other, as the node file writes them, with blanks between. */
static int write_flow_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	char text[PDP_KEY_BYTES_MAX * (PDP_KEY_FIELD_LEN + 1)] = "", one[PDP_KEY_FIELD_LEN];
	const struct pdp_flow_conf *flow = &vnet->flow;
	struct pdp_key_field field;
	size_t at = 0, len = 0;

	if (flow->key == PDP_KEY_5TUPLE && flow->gap_us == PDP_FLOWLET_GAP_US)
		return 0;
	while (pdp_key_next(&flow->bytes, &at, &field))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len ? " " : "",
					pdp_key_print(one, &field));
	return put(w, "titi", vnet->name, (int64_t)flow->key, text, (int64_t)flow->gap_us);
}

static int write_data_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	const struct pdp_data_conf *data = &vnet->data;

	if (data->fast_half == PDP_FAST_HALF_AUTO && !*data->object)
		return 0;
	return put(w, "titt", vnet->name, (int64_t)data->fast_half, data->object, data->program);
}

static int write_rebalance_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	return vnet->rebalance ? put(w, "t", vnet->name) : 0;
}

static int write_own_agent_of(struct writer *w, const struct pdp_vnet_conf *vnet)
{
	return *vnet->data.agent ? put(w, "tt", vnet->name, vnet->data.agent) : 0;
}

/* As pdp_store_tables, with the number of columns. Rows are the node's or a vnet's. */
static const struct {
	int columns;
	int (*write)(struct writer *w);
	int (*write_of)(struct writer *w, const struct pdp_vnet_conf *vnet);
} writers[] = {
	{5, write_ports, NULL},	       {4, write_fes, NULL},
	{9, NULL, write_vnet},	       {5, NULL, write_guests_of},
	{12, NULL, write_vifs_of},     {4, NULL, write_addresses_of},
	{4, NULL, write_routes_of},    {4, NULL, write_neighbours_of},
	{9, NULL, write_control_of},   {5, NULL, write_impairs_of},
	{4, NULL, write_flow_of},      {4, NULL, write_data_of},
	{1, NULL, write_rebalance_of}, {2, NULL, write_own_agent_of},
};

_Static_assert(sizeof(writers) / sizeof(writers[0]) ==
		       sizeof(pdp_store_tables) / sizeof(pdp_store_tables[0]),
	       "one for each table");

/* A decision about what is not there is a fault of the caller's; the other way is seen by id 0. */
static int check_placed(const struct pdp_placed_vnet *placed, const struct pdp_vnet_conf *vnet,
			struct pdp_error *err)
{
	if (!vnet)
		return pdp_fail(err, -EINVAL, "vnet %s is placed and not in the model",
				placed->name);
	for (size_t i = 0; i < placed->n_vifs; i++)
		if (!pdp_vnet_vif(vnet, placed->vifs[i].name))
			return pdp_fail(err, -EINVAL, "vif %s/%s is placed and not in the model",
					placed->name, placed->vifs[i].name);
	return 0;
}

static int check_placement(const struct pdp_state *state, struct pdp_error *err)
{
	const struct pdp_placement *placement = &state->placement;
	const struct pdp_model *model = &state->model;
	struct pdp_names vnets;
	int code;

	for (size_t i = 0; i < placement->n_ports; i++)
		if (!pdp_model_port(model, placement->ports[i].name))
			return pdp_fail(err, -EINVAL, "port %s is placed and not in the model",
					placement->ports[i].name);
	code = pdp_names_make(&vnets, model->vnets, model->n_vnets, sizeof(*model->vnets));
	for (size_t i = 0; !code && i < placement->n_vnets; i++)
		code = check_placed(&placement->vnets[i],
				    pdp_names_find(&vnets, placement->vnets[i].name), err);
	pdp_names_free(&vnets);
	return code;
}

/* --- what has changed ------------------------------------------------------------------------ */

struct pdp_vnet_seen {
	char name[PDP_LABEL_MAX];
	uint64_t digest;
};

void pdp_rows_forget(struct pdp_rows_seen *seen)
{
	free(seen->vnets);
	*seen = (struct pdp_rows_seen){0};
}

static int compare_seen(const void *a, const void *b)
{
	return strcmp(((const struct pdp_vnet_seen *)a)->name,
		      ((const struct pdp_vnet_seen *)b)->name);
}

static const struct pdp_vnet_seen *find_seen(const struct pdp_rows_seen *seen, const char *name)
{
	struct pdp_vnet_seen key;

	snprintf(key.name, sizeof(key.name), "%s", name);
	return seen->n ? bsearch(&key, seen->vnets, seen->n, sizeof(key), compare_seen) : NULL;
}

/* Each vnet of the state by its name and the digest of all its rows. */
static int see(struct writer *w, struct pdp_rows_seen *out)
{
	const struct pdp_model *model = &w->state->model;
	int code = 0;

	*out = (struct pdp_rows_seen){.known = true};
	out->vnets = calloc(model->n_vnets + 1, sizeof(*out->vnets));
	if (!out->vnets)
		return -ENOMEM;
	for (; !code && out->n < model->n_vnets; out->n++) {
		const struct pdp_vnet_conf *vnet = &model->vnets[out->n];

		w->digest = PDP_FNV_BASIS;
		for (size_t i = 0; !code && i < pdp_store_n_tables; i++)
			if (writers[i].write_of)
				code = writers[i].write_of(w, vnet);
		memcpy(out->vnets[out->n].name, vnet->name, sizeof(vnet->name));
		out->vnets[out->n].digest = w->digest;
	}
	qsort(out->vnets, out->n, sizeof(*out->vnets), compare_seen);
	return code;
}

static bool is_touched(const struct pdp_rows_seen *before, const struct pdp_rows_seen *now,
		       const char *name)
{
	const struct pdp_vnet_seen *was = find_seen(before, name), *is = find_seen(now, name);

	return !was || !is || was->digest != is->digest;
}

static int touch(sqlite3_stmt *insert, const struct pdp_rows_seen *from,
		 const struct pdp_rows_seen *before, const struct pdp_rows_seen *now)
{
	int code = 0;

	for (size_t i = 0; !code && i < from->n; i++) {
		if (!is_touched(before, now, from->vnets[i].name))
			continue;
		sqlite3_bind_text(insert, 1, from->vnets[i].name, -1, SQLITE_TRANSIENT);
		sqlite3_step(insert);
		code = sqlite3_reset(insert);
	}
	return code;
}

/* The vnets that come, go or change; all where it is not known what there was. */
static int note_touched(sqlite3 *db, const struct pdp_rows_seen *before,
			const struct pdp_rows_seen *now)
{
	sqlite3_stmt *insert;
	int code = sqlite3_exec(db, "DELETE FROM temp.touched", NULL, NULL, NULL);

	if (!code && !before->known)
		code = sqlite3_exec(db, "INSERT INTO temp.touched SELECT name FROM main.vnet", NULL,
				    NULL, NULL);
	if (!code)
		code = sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO temp.touched VALUES (?)", -1,
					  &insert, NULL);
	if (code)
		return code;
	code = touch(insert, now, before, now);
	if (!code)
		code = touch(insert, before, before, now);
	sqlite3_finalize(insert);
	return code;
}

/* --- writing --------------------------------------------------------------------------------- */

int pdp_rows_prepare(sqlite3 *db)
{
	int code =
		sqlite3_exec(db, "CREATE TEMP TABLE touched (name TEXT PRIMARY KEY) WITHOUT ROWID",
			     NULL, NULL, NULL);

	for (size_t i = 0; !code && i < pdp_store_n_tables; i++) {
		const struct pdp_rows *table = &pdp_store_tables[i];
		char sql[320];

		snprintf(sql, sizeof(sql),
			 "CREATE TEMP TABLE %s AS SELECT * FROM main.%s LIMIT 0;"
			 "CREATE TEMP VIEW was_%s AS SELECT * FROM main.%s%s%s%s",
			 table->name, table->name, table->name, table->name,
			 table->vnet ? " WHERE " : "", table->vnet ? table->vnet : "",
			 table->vnet ? " IN (SELECT name FROM temp.touched)" : "");
		code = sqlite3_exec(db, sql, NULL, NULL, NULL);
	}
	return code;
}

static int write_table(struct writer *w, size_t table, const struct pdp_rows_seen *before,
		       const struct pdp_rows_seen *now)
{
	const struct pdp_model *model = &w->state->model;
	int code = 0;

	if (writers[table].write)
		return writers[table].write(w);
	for (size_t i = 0; !code && i < model->n_vnets; i++)
		if (is_touched(before, now, model->vnets[i].name))
			code = writers[table].write_of(w, &model->vnets[i]);
	return code;
}

static int write_tables(struct writer *w, sqlite3 *db, const struct pdp_rows_seen *before,
			const struct pdp_rows_seen *now)
{
	int code = 0;

	for (size_t i = 0; !code && i < pdp_store_n_tables; i++) {
		char sql[128];

		snprintf(sql, sizeof(sql), "INSERT INTO temp.%s VALUES (%.*s)",
			 pdp_store_tables[i].name, 2 * writers[i].columns - 1,
			 "?,?,?,?,?,?,?,?,?,?,?,?");
		code = sqlite3_prepare_v2(db, sql, -1, &w->insert, NULL);
		if (!code)
			code = write_table(w, i, before, now);
		sqlite3_finalize(w->insert);
		w->insert = NULL;
	}
	return code;
}

int pdp_rows_write(sqlite3 *db, const struct pdp_state *state, const struct pdp_rows_seen *before,
		   struct pdp_rows_seen *now, struct pdp_error *err)
{
	struct writer w = {.state = state, .err = err};
	int code = check_placement(state, err);

	*now = (struct pdp_rows_seen){0};
	if (!code)
		code = pdp_names_make(&w.placed, state->placement.vnets, state->placement.n_vnets,
				      sizeof(*state->placement.vnets));
	if (!code)
		code = see(&w, now);
	if (!code)
		code = note_touched(db, before, now);
	if (!code)
		code = write_tables(&w, db, before, now);
	pdp_names_free(&w.placed);
	if (code)
		pdp_rows_forget(now);
	return code == -ENOMEM ? pdp_fail(err, code, "no memory to save a state") : code;
}
