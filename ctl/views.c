/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * views.c - reads a node, writes JSON. Between the API and everything below it; changes nothing.
 */
#include "ctl/apply_steps.h"
#include "ctl/views.h"

#include <string.h>
#include <unistd.h>

#include "ctl/delayline.h"
#include "ctl/flowkey.h"
#include "ctl/follow.h"
#include "ctl/hops.h"
#include "ctl/mapdump.h"
#include "ctl/own.h"
#include "ctl/prefix.h"

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static void set_int(json_t *row, const char *key, uint64_t value)
{
	json_object_set_new(row, key, integer(value));
}

static void set_str(json_t *row, const char *key, const char *value)
{
	json_object_set_new(row, key, value ? json_string(value) : json_null());
}

static void set_mac(json_t *row, const char *key, const uint8_t mac[6])
{
	static const uint8_t none[6];
	char text[PDP_ADDR_STRLEN];

	set_str(row, key, memcmp(mac, none, 6) ? pdp_mac_print(text, mac) : NULL);
}

/* Every field of a counter element but its id, into row. */
static void set_counters(json_t *row, const struct pdp_node *node, enum pdp_map map, uint16_t id,
			 const char *id_key)
{
	char value[sizeof(struct pdp_vnet_stats)] = {0};
	uint32_t key = id;
	json_t *counters;

	if (pdp_stats_read(node->loader, map, id, value, pdp_map_value_size(map)))
		return;
	/* Decoded also when nothing has been counted yet: the fields are always there. */
	counters = pdp_map_decode_zero(map, &key, value);
	json_object_del(counters, id_key);
	json_object_update_new(row, counters);
}

static const char *const node_states[] = {
	[PDP_NODE_STARTING] = "starting",
	[PDP_NODE_FORWARDING] = "forwarding",
	[PDP_NODE_STOPPING] = "stopping",
};

static const char *guest_state(const struct pdp_node_guest *guest)
{
	switch (guest->state) {
	case PDP_GUEST_STARTING:
		return "starting";
	case PDP_GUEST_CONNECTED:
		return "connected";
	case PDP_GUEST_READY:
		return "ready";
	case PDP_GUEST_FAILED:
		return "failed";
	case PDP_GUEST_STOPPED:
		return "stopped";
	case PDP_GUEST_ADOPTED:
		return "adopted";
	case PDP_GUEST_STALLED:
		return "stalled";
	}
	return "unknown";
}

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
	set_str(row, "name", node->model.node);
	set_str(row, "state", node_states[node->state]);
	set_int(row, "uptime_s", (pdp_now_ns() - node->since_ns) / 1000000000ULL);
	set_str(row, "version", PDP_VERSION);
	set_int(row, "abi", PDP_ABI);
	set_int(row, "pid", (uint64_t)getpid());
	set_int(row, "generation", node->generation);
	set_str(row, "config", node->conf.config);
	set_str(row, "pins", node->conf.pins);
	set_int(row, "ports", node->model.n_ports);
	set_int(row, "fes", node->model.n_fes);
	set_int(row, "vnets", node->model.n_vnets);
	set_int(row, "guests", guests);
	set_int(row, "guests_ready", ready);
	set_int(row, "capacity_millicores", capacity);
	set_int(row, "used_millicores", used);
	set_str(row, "delay_line", pdp_delayline_state(node->delay));
	json_object_set_new(row, "change", view_change(node));
	set_counters(row, node, PDP_MAP_NODE_STATS, 0, "");
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
	set_str(row, "name", port->conf->name);
	set_int(row, "id", port->id);
	set_str(row, "ifname", port->conf->ifname);
	set_int(row, "ifindex", (uint64_t)link->ifindex);
	set_str(row, "state", !link->ifindex ? "gone" : link->flags & 1 ? "up" : "down");
	set_mac(row, "mac", link->mac);
	set_int(row, "mtu", link->mtu);
	set_str(row, "vlan", *vlan ? vlan : NULL);
	set_int(row, "vifs", vifs);
	set_int(row, "passed_packets", passed);
	set_counters(row, node, PDP_MAP_PORT_STATS, port->id, "port");
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

		set_str(row, "name", conf->name);
		set_str(row, "cpus", conf->cpus);
		set_int(row, "capacity_millicores", fe->capacity);
		set_int(row, "used_millicores", fe->used);
		set_int(row, "free_millicores", fe->capacity - fe->used);
		json_object_set_new(row, "guests", guests_on(node, conf));
		json_array_append_new(rows, row);
	}
	return rows;
}

int pdp_view_books(struct pdp_books *out, const struct pdp_node *node,
		   const struct pdp_node_vnet *vnet)
{
	return pdp_node_read_books(node, vnet, NULL, out, NULL);
}

/* How long nearly all packets were with it lately; null: not measured. */
static json_t *view_transit(const struct pdp_node_guest *guest)
{
	struct pdp_transit_span span;

	if (!pdp_transit_span(&guest->times, &span))
		return json_null();
	return json_pack("{s:I, s:I}", "low", (json_int_t)(span.low_ns / 1000), "high",
			 (json_int_t)(span.high_ns / 1000));
}

static json_t *vnet_guests(const struct pdp_node_vnet *vnet, size_t *ready)
{
	json_t *rows = json_array();
	size_t i;

	*ready = 0;
	for (i = 0; i < vnet->n_guests; i++) {
		const struct pdp_node_guest *guest = vnet->guests[i];

		*ready += pdp_guest_forwards(guest->state);
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:i, s:s, s:o}", "name", guest->name, "fe",
					guest->fe->name, "power_millicores", guest->power, "state",
					guest_state(guest), "transit_us", view_transit(guest)));
	}
	return rows;
}

/* What tells a flow, and how long a pause may move it. */
static void set_flow(json_t *row, const struct pdp_node *node, struct pdp_node_vnet *vnet)
{
	const struct pdp_flow_conf *flow = &vnet->conf->flow;
	json_t *fields = json_array();
	char text[PDP_KEY_FIELD_LEN];
	struct pdp_key_field field;
	size_t at = 0;

	while (pdp_key_next(&flow->bytes, &at, &field))
		json_array_append_new(fields, json_string(pdp_key_print(text, &field)));
	set_str(row, "flow_key", pdp_key_name(flow->key));
	json_object_set_new(row, "flow_bytes", fields);
	json_object_set_new(row, "flowlet_gap_auto",
			    json_boolean(flow->gap_us == PDP_FLOWLET_GAP_AUTO));
	set_int(row, "flowlet_gap_us", pdp_follow_gap_us(node, vnet));
}

/* The owner's program, and why another that was wanted is not in its place. */
static void set_program(json_t *row, const struct pdp_node_vnet *vnet)
{
	const char *refused = pdp_own_refused(vnet->own);
	char log[PDP_PATH_LEN];

	pdp_own_log_path(vnet->own, log);
	set_str(row, "object", vnet->conf->data.object);
	set_str(row, "program", vnet->conf->data.program);
	set_str(row, "agent", *vnet->conf->data.agent ? vnet->conf->data.agent : NULL);
	set_str(row, "object_refused", *refused ? refused : NULL);
	set_str(row, "object_log", *refused && !access(log, R_OK) ? log : NULL);
}

/* Null while the vnet gets all that comes, and its rate lets in. */
static void set_limit(json_t *row, const struct pdp_node *node, const struct pdp_node_vnet *vnet)
{
	const uint64_t pps = pdp_publish_power_pps(node->store, vnet->id);

	json_object_set_new(row, "power_limit_pps",
			    pps ? json_integer((json_int_t)pps) : json_null());
}

static json_t *view_vnet(struct pdp_node *node, struct pdp_node_vnet *vnet,
			 const struct pdp_hops *hops)
{
	struct pdp_table table = pdp_publish_table(node->store, vnet->id);
	struct pdp_ledger ledger = {0};
	struct pdp_books books = {0};
	json_t *row = json_object(), *guests;
	struct pdp_reorder reorder;
	size_t ready;

	if (!pdp_node_read_books(node, vnet, hops, &books, NULL))
		pdp_ledger_close(&ledger, &books.in);
	reorder = pdp_reorder_of_vnet(&books.in.vnet);
	pdp_books_free(&books);
	guests = vnet_guests(vnet, &ready);
	set_str(row, "name", vnet->conf->name);
	set_int(row, "id", vnet->id);
	set_str(row, "state", ready == vnet->n_guests ? "up" : ready ? "degraded" : "down");
	set_int(row, "power_millicores", vnet->conf->power);
	set_str(row, "policy", pdp_policy_name(vnet->conf->policy));
	set_flow(row, node, vnet);
	json_object_set_new(row, "rebalance", json_boolean(vnet->conf->rebalance));
	json_object_set_new(row, "moved_slots",
			    vnet->conf->rebalance ? integer(pdp_follow_moved(vnet)) : json_null());
	set_int(row, "slot_moves", vnet->balance.moves);
	set_int(row, "flow_moves", vnet->flow_moves);
	set_str(row, "data_plane", vnet->conf->data.kind);
	if (vnet->own)
		set_program(row, vnet);
	set_str(row, "fast_half", pdp_fast_half_name(vnet->conf->data.fast_half));
	set_str(row, "control_plane", pdp_control_name(vnet->conf->control.kind));
	json_object_set_new(row, "control_guest", pdp_view_control(vnet));
	set_int(row, "rate_pps", vnet->conf->rate_pps);
	set_limit(row, node, vnet);
	json_object_set_new(row, "guests", guests);
	set_int(row, "vifs", vnet->n_vifs);
	set_int(row, "slots", table.n_slots);
	set_int(row, "slots_generation", table.generation);
	set_int(row, "rx_packets", ledger.rx);
	set_int(row, "tx_packets", ledger.tx);
	set_int(row, "local_packets", ledger.local);
	set_int(row, "drop_packets", ledger.drops);
	json_object_set_new(row, "reorder", pdp_view_reorder(&reorder));
	json_object_set_new(row, "reorder_ratio", json_real(pdp_reorder_ratio(&vnet->recent)));
	set_int(row, "rx_pps", vnet->rate.rx_pps);
	set_int(row, "tx_pps", vnet->rate.tx_pps);
	return row;
}

json_t *pdp_view_vnets(struct pdp_node *node)
{
	json_t *rows = json_array();
	struct pdp_hops hops;
	size_t i;

	pdp_hops_read(&hops, node->loader);
	for (i = 0; i < node->model.n_vnets; i++)
		json_array_append_new(rows, view_vnet(node, &node->vnets[i], &hops));
	pdp_hops_free(&hops);
	return rows;
}

static void set_endpoint(json_t *row, const char *key, const struct pdp_prefix *addr, uint16_t port,
			 bool with_port)
{
	char text[PDP_ADDR_STRLEN];

	set_str(row, key,
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

	set_str(row, "name", conf->name);
	set_int(row, "id", vif->id);
	set_str(row, "vnet", vif->vnet->conf->name);
	set_str(row, "state", pdp_path_state_name(vif->path->state));
	set_str(row, "port", conf->port);
	set_str(row, "encap", vxlan ? "vxlan" : "udp");
	json_object_set_new(row, "vni", vxlan ? integer(conf->vni) : json_null());
	set_endpoint(row, "local", &conf->local, conf->local_port, with_port);
	set_endpoint(row, "remote", &conf->remote, conf->remote_port, with_port);
	set_int(row, "mtu", vif->mtu);
	if (vxlan)
		set_mac(row, "mac", vif->mac);
	json_object_set_new(row, "address", addresses(conf));
	json_object_set_new(row, "impair", view_impair(&conf->impair));
	set_str(row, "next_hop",
		vif->path->next_hop.family ? pdp_addr_print(text, &vif->path->next_hop) : NULL);
	set_mac(row, "next_hop_mac", vif->path->mac);
	set_counters(row, node, PDP_MAP_VIF_STATS, vif->id, "vif");
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

static json_t *agent_counters(const struct pdp_agent_stats *stats)
{
	json_t *out = json_object();

#define SET(name, help) set_int(out, #name, stats->name);
	PDP_AGENT_STATS(SET)
#undef SET
#define SET(name, help) set_int(out, #name, stats->dp_drops[name]);
	PDP_DP_DROPS(SET)
#undef SET
	return out;
}

static json_t *view_fast_half(const struct pdp_guest_view *view,
			      const struct pdp_guest_stats *stats)
{
	const struct pdp_guest_fast *fast = &view->fast;
	json_t *out = json_object();

	json_object_set_new(out, "on", json_boolean(fast->on));
	set_str(out, "why", *fast->why ? fast->why : NULL);
	set_int(out, "table_bytes", fast->table_bytes);
	set_int(out, "packets", stats->fast_packets);
	set_int(out, "bytes", stats->fast_bytes);
	set_int(out, "climb_packets", stats->climb_packets);
	set_int(out, "eth0_tx_drops", view->eth0_tx_drops);
	set_int(out, "runs", fast->runs);
	set_int(out, "run_ns", fast->run_ns);
	set_int(out, "softirq_cpu_ns", view->softirq_cpu_ns);
	json_object_set_new(out, "ns_per_packet",
			    fast->runs ? json_integer((json_int_t)(fast->run_ns / fast->runs))
				       : json_null());
	return out;
}

/* The kernel thread of its eth0; null when it is to have none. */
static json_t *view_thread(const struct pdp_node_guest *guest, const struct pdp_guest_view *view)
{
	json_t *out;

	if (!view->thread_pid && !*view->thread_why)
		return json_null();
	out = json_object();
	set_int(out, "pid", (uint64_t)view->thread_pid);
	set_str(out, "why", *view->thread_why ? view->thread_why : NULL);
	set_int(out, "cpu_ns", view->thread_cpu_ns);
	set_int(out, "cpu_millicores", guest->thread_cpu_millicores);
	return out;
}

static json_t *view_guest(struct pdp_node *node, const struct pdp_node_guest *guest)
{
	struct pdp_agent_stats agent;
	struct pdp_guest_stats stats = {0};
	struct pdp_guest_view view;
	struct pdp_reorder reorder;
	json_t *row = json_object();

	pdp_guest_agent_stats(guest->box, &agent);
	pdp_guest_look(guest->box, &view);
	pdp_stats_read(node->loader, PDP_MAP_GUEST_STATS, guest->id, &stats, sizeof(stats));
	reorder = pdp_reorder_of_guest(&stats);
	set_str(row, "name", guest->name);
	set_int(row, "id", guest->id);
	set_str(row, "vnet", guest->vnet->conf->name);
	set_str(row, "kind", "fe");
	set_str(row, "runs", guest->vnet->conf->data.kind);
	set_str(row, "fe", guest->fe->name);
	set_str(row, "state", guest_state(guest));
	set_str(row, "error", guest->error.text[0] ? guest->error.text : NULL);
	set_str(row, "lxc_name", view.lxc_name);
	set_int(row, "init_pid", (uint64_t)view.init_pid);
	set_str(row, "link", view.link);
	set_int(row, "link_ifindex", (uint64_t)view.link_ifindex);
	set_mac(row, "mac", view.mac);
	set_mac(row, "md_mac", view.md_mac);
	set_int(row, "power_millicores", guest->power);
	set_int(row, "quota_us", view.quota_us);
	set_int(row, "period_us", view.period_us);
	set_int(row, "cpu_ns", view.cpu_ns);
	json_object_set_new(row, "thread", view_thread(guest, &view));
	set_limit(row, node, guest->vnet);
	set_int(row, "cpu_millicores", guest->cpu_millicores);
	json_object_set_new(row, "busy",
			    json_real(guest->power ? (double)guest->cpu_millicores / guest->power
						   : 0));
	set_int(row, "memory_bytes", view.memory_bytes);
	set_int(row, "restarts", view.restarts);
	set_int(row, "rx_packets", stats.to_packets);
	set_int(row, "tx_packets", stats.from_packets);
	set_int(row, "rx_pps", guest->rate.rx_pps);
	set_int(row, "tx_pps", guest->rate.tx_pps);
	json_object_set_new(row, "reorder", pdp_view_reorder(&reorder));
	set_int(row, "drop_pps", guest->drop_pps);
	set_int(row, "ring_waiting", agent.rx_waiting);
	json_object_set_new(row, "transit_us", view_transit(guest));
	set_int(row, "eth0_rx_drops", view.eth0_rx_drops);
	set_int(row, "agent_died_packets", view.agent_died_packets);
	json_object_set_new(row, "fast_half", view_fast_half(&view, &stats));
	json_object_set_new(row, "agent", agent_counters(&agent));
	return row;
}

json_t *pdp_view_guests(struct pdp_node *node)
{
	json_t *rows = json_array();
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++) {
		for (j = 0; j < node->vnets[i].n_guests; j++)
			json_array_append_new(rows, view_guest(node, node->vnets[i].guests[j]));
		if (node->vnets[i].control)
			json_array_append_new(rows, pdp_view_control_guest(&node->vnets[i]));
	}
	return rows;
}

static json_t *ledger_drops(const struct pdp_ledger *ledger)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < ledger->n_drops; i++) {
		const struct pdp_ledger_drop *drop = &ledger->drop[i];

		json_array_append_new(out,
				      json_pack("{s:s, s:s, s:I, s:s}", "where", drop->where,
						"name", drop->name, "packets",
						(json_int_t)drop->packets, "help", drop->help));
	}
	return out;
}

static json_t *ledger_stage(const struct pdp_ledger_stage *stage)
{
	json_t *row = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "name", stage->name, "guest",
				stage->guest, "in", (json_int_t)stage->in, "out",
				(json_int_t)stage->out, "lost", (json_int_t)stage->lost,
				"in_flight", (json_int_t)stage->in_flight);

	json_object_set_new(row, "in_flight_max",
			    stage->most == UINT64_MAX ? json_null() : integer(stage->most));
	return row;
}

static json_t *ledger_stages(const struct pdp_ledger *ledger)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < ledger->n_stages; i++)
		json_array_append_new(out, ledger_stage(&ledger->stage[i]));
	return out;
}

json_t *pdp_view_ledger(const char *vnet, uint16_t id, const struct pdp_ledger *ledger,
			const struct pdp_ledger_in *in)
{
	const struct pdp_ledger_stage *where = pdp_ledger_where(ledger);
	uint32_t key = id;
	json_t *row = json_object(), *counters;

	set_str(row, "vnet", vnet);
	set_int(row, "id", id);
	set_str(row, "verdict", pdp_ledger_verdict_name(ledger->verdict));
	set_int(row, "rx_packets", ledger->rx);
	set_int(row, "control_packets", ledger->control);
	set_int(row, "made_packets", ledger->made);
	set_int(row, "tx_packets", ledger->tx);
	set_int(row, "local_packets", ledger->local);
	set_int(row, "drop_packets", ledger->drops);
	json_object_set_new(row, "in_flight", json_integer(ledger->in_flight));
	json_object_set_new(row, "where", where ? ledger_stage(where) : json_null());
	json_object_set_new(row, "drops", ledger_drops(ledger));
	json_object_set_new(row, "stages", ledger_stages(ledger));
	json_object_set_new(row, "reorder", pdp_view_reorder_of(in));
	counters = pdp_map_decode_zero(PDP_MAP_VNET_STATS, &key, &in->vnet);
	json_object_del(counters, "vnet");
	json_object_set_new(row, "counters", counters);
	return row;
}

json_t *pdp_view_stats(struct pdp_node *node)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < node->model.n_vnets; i++) {
		struct pdp_ledger ledger;
		struct pdp_books books;

		if (pdp_view_books(&books, node, &node->vnets[i]))
			continue;
		pdp_ledger_close(&ledger, &books.in);
		json_array_append_new(rows, pdp_view_ledger(node->vnets[i].conf->name,
							    node->vnets[i].id, &ledger, &books.in));
		pdp_books_free(&books);
	}
	return rows;
}
