/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * views.c - reads a node, writes JSON. Between the API and everything below it; changes nothing.
 *
 * Here the node itself, its ports and FEs; views_*.c have the rest.
 */
#include "ctl/views.h"

#include <stdio.h>
#include <unistd.h>

#include "ctl/apply_steps.h"
#include "ctl/delayline.h"
#include "ctl/views_row.h"

static const char *const node_states[] = {
	[PDP_NODE_STARTING] = "starting",
	[PDP_NODE_FORWARDING] = "forwarding",
	[PDP_NODE_STOPPING] = "stopping",
};

static void count_guests(const struct pdp_node *node, size_t *guests, size_t *ready)
{
	size_t i, j;

	*guests = *ready = 0;
	for (i = 0; i < node->model.n_vnets; i++) {
		for (j = 0; j < node->vnets[i].n_guests; j++) {
			++*guests;
			*ready += node->vnets[i].guests[j]->state == PDP_GUEST_READY;
		}
	}
}

/* How far a change is: NULL when none is under way. */
static json_t *view_change(const struct pdp_node *node)
{
	static const char *const steps[] = {
		[PDP_APPLY_CONTROL] = "control", [PDP_APPLY_MAKE] = "make",
		[PDP_APPLY_WAIT] = "wait",	 [PDP_APPLY_DRAIN] = "drain",
		[PDP_APPLY_REMOVE] = "remove",	 [PDP_APPLY_UNDO] = "undo",
	};
	const struct pdp_apply *a = node->apply;
	size_t i, ready = 0;

	if (!a)
		return json_null();
	for (i = 0; i < a->n_fresh; i++)
		ready += a->fresh[i]->box && a->fresh[i]->state == PDP_GUEST_READY;
	return json_pack("{s:s, s:s, s:I, s:I, s:I}", "what", a->what, "step", steps[a->step],
			 "new_guests", (json_int_t)a->n_fresh, "new_guests_ready",
			 (json_int_t)ready, "leaving_guests", (json_int_t)a->n_leaving);
}

json_t *pdp_view_node(struct pdp_node *node)
{
	json_t *row = json_object(), *rows = json_array();
	uint64_t capacity = 0, used = 0;
	size_t guests, ready, i;

	for (i = 0; i < node->model.n_fes; i++) {
		capacity += node->fes[i].capacity;
		used += node->fes[i].used;
	}
	count_guests(node, &guests, &ready);
	pdp_row_str(row, "name", node->model.node);
	pdp_row_str(row, "state", node_states[node->state]);
	pdp_row_int(row, "uptime_s", (pdp_now_ns() - node->since_ns) / 1000000000ULL);
	pdp_row_str(row, "version", PDP_VERSION);
	pdp_row_int(row, "abi", PDP_ABI);
	pdp_row_int(row, "pid", (uint64_t)getpid());
	pdp_row_int(row, "generation", node->generation);
	pdp_row_str(row, "config", node->conf.config);
	pdp_row_str(row, "pins", node->conf.pins);
	pdp_row_int(row, "ports", node->model.n_ports);
	pdp_row_int(row, "fes", node->model.n_fes);
	pdp_row_int(row, "vnets", node->model.n_vnets);
	pdp_row_int(row, "guests", guests);
	pdp_row_int(row, "guests_ready", ready);
	pdp_row_int(row, "capacity_millicores", capacity);
	pdp_row_int(row, "used_millicores", used);
	pdp_row_str(row, "delay_line", pdp_delayline_state(node->delay));
	json_object_set_new(row, "change", view_change(node));
	pdp_row_counters(row, node, PDP_MAP_NODE_STATS, 0, "");
	json_array_append_new(rows, row);
	return rows;
}

static json_t *view_port(struct pdp_node *node, const struct pdp_node_port *port)
{
	const struct pdp_link *link = pdp_underlay_port(node->underlay, port->underlay);
	json_t *row = json_object();
	struct pdp_port_stats stats = {0};
	uint64_t passed = 0;
	size_t i, j, vifs = 0;
	char vlan[16] = "";

	for (i = 0; i < node->model.n_vnets; i++)
		for (j = 0; j < node->vnets[i].n_vifs; j++)
			vifs += node->vnets[i].vifs[j].port == port;
	if (port->conf->vlan[1])
		snprintf(vlan, sizeof(vlan), "%u.%u", port->conf->vlan[0], port->conf->vlan[1]);
	else if (port->conf->vlan[0])
		snprintf(vlan, sizeof(vlan), "%u", port->conf->vlan[0]);
	pdp_stats_read(node->loader, PDP_MAP_PORT_STATS, port->id, &stats, sizeof(stats));
#define SUM(name, help) passed += stats.name;
	PDP_PASS_REASONS(SUM)
#undef SUM
	pdp_row_str(row, "name", port->conf->name);
	pdp_row_int(row, "id", port->id);
	pdp_row_str(row, "ifname", port->conf->ifname);
	pdp_row_int(row, "ifindex", (uint64_t)link->ifindex);
	pdp_row_str(row, "state", !link->ifindex ? "gone" : link->flags & 1 ? "up" : "down");
	pdp_row_mac(row, "mac", link->mac);
	pdp_row_int(row, "mtu", link->mtu);
	pdp_row_str(row, "vlan", *vlan ? vlan : NULL);
	pdp_row_int(row, "vifs", vifs);
	pdp_row_int(row, "passed_packets", passed);
	pdp_row_counters(row, node, PDP_MAP_PORT_STATS, port->id, "port");
	return row;
}

json_t *pdp_view_ports(struct pdp_node *node)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < node->model.n_ports; i++)
		json_array_append_new(rows, view_port(node, &node->ports[i]));
	return rows;
}

static json_t *guests_on(const struct pdp_node *node, const struct pdp_fe_conf *fe)
{
	json_t *names = json_array();
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++)
		for (j = 0; j < node->vnets[i].n_guests; j++)
			if (node->vnets[i].guests[j]->fe == fe)
				json_array_append_new(names,
						      json_string(node->vnets[i].guests[j]->name));
	return names;
}

json_t *pdp_view_fes(struct pdp_node *node)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < node->model.n_fes; i++) {
		const struct pdp_fe_conf *conf = &node->model.fes[i];
		const struct pdp_alloc_fe *fe = &node->fes[i];
		json_t *row = json_object();

		pdp_row_str(row, "name", conf->name);
		pdp_row_str(row, "cpus", conf->cpus);
		pdp_row_int(row, "capacity_millicores", fe->capacity);
		pdp_row_int(row, "used_millicores", fe->used);
		pdp_row_int(row, "free_millicores", fe->capacity - fe->used);
		json_object_set_new(row, "guests", guests_on(node, conf));
		json_array_append_new(rows, row);
	}
	return rows;
}
