/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* views_guest.c - the guests of a node, as JSON: what their agents say, and what the node sees of them. */
#include "ctl/views.h"

#include "ctl/views_row.h"

static json_t *agent_counters(const struct pdp_agent_stats *stats)
{
	json_t *out = json_object();

#define SET(name, help) pdp_row_int(out, #name, stats->name);
	PDP_AGENT_STATS(SET)
#undef SET
#define SET(name, help) pdp_row_int(out, #name, stats->dp_drops[name]);
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
	pdp_row_str(out, "why", *fast->why ? fast->why : NULL);
	pdp_row_int(out, "table_bytes", fast->table_bytes);
	pdp_row_int(out, "packets", stats->fast_packets);
	pdp_row_int(out, "bytes", stats->fast_bytes);
	pdp_row_int(out, "climb_packets", stats->climb_packets);
	pdp_row_int(out, "eth0_tx_drops", view->eth0_tx_drops);
	pdp_row_int(out, "runs", fast->runs);
	pdp_row_int(out, "run_ns", fast->run_ns);
	pdp_row_int(out, "softirq_cpu_ns", view->softirq_cpu_ns);
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
	pdp_row_int(out, "pid", (uint64_t)view->thread_pid);
	pdp_row_str(out, "why", *view->thread_why ? view->thread_why : NULL);
	pdp_row_int(out, "cpu_ns", view->thread_cpu_ns);
	pdp_row_int(out, "cpu_millicores", guest->thread_cpu_millicores);
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
	pdp_row_str(row, "name", guest->name);
	pdp_row_int(row, "id", guest->id);
	pdp_row_str(row, "vnet", guest->vnet->conf->name);
	pdp_row_str(row, "kind", "fe");
	pdp_row_str(row, "runs", guest->vnet->conf->data.kind);
	pdp_row_str(row, "fe", guest->fe->name);
	pdp_row_str(row, "state", pdp_row_guest_state(guest));
	pdp_row_str(row, "error", guest->error.text[0] ? guest->error.text : NULL);
	pdp_row_str(row, "lxc_name", view.lxc_name);
	pdp_row_int(row, "init_pid", (uint64_t)view.init_pid);
	pdp_row_str(row, "link", view.link);
	pdp_row_int(row, "link_ifindex", (uint64_t)view.link_ifindex);
	pdp_row_mac(row, "mac", view.mac);
	pdp_row_mac(row, "md_mac", view.md_mac);
	pdp_row_int(row, "power_millicores", guest->power);
	pdp_row_int(row, "quota_us", view.quota_us);
	pdp_row_int(row, "period_us", view.period_us);
	pdp_row_int(row, "cpu_ns", view.cpu_ns);
	json_object_set_new(row, "thread", view_thread(guest, &view));
	pdp_row_limit(row, pdp_publish_power_pps(node->store, guest->id));
	pdp_row_int(row, "cpu_millicores", guest->cpu_millicores);
	json_object_set_new(row, "busy",
			    json_real(guest->power ? (double)guest->cpu_millicores / guest->power
						   : 0));
	pdp_row_int(row, "memory_bytes", view.memory_bytes);
	pdp_row_int(row, "restarts", view.restarts);
	pdp_row_int(row, "rx_packets", stats.to_packets);
	pdp_row_int(row, "tx_packets", stats.from_packets);
	pdp_row_int(row, "rx_pps", guest->rate.rx_pps);
	pdp_row_int(row, "tx_pps", guest->rate.tx_pps);
	json_object_set_new(row, "reorder", pdp_view_reorder(&reorder));
	pdp_row_int(row, "drop_pps", guest->drop_pps);
	pdp_row_int(row, "ring_waiting", agent.rx_waiting);
	json_object_set_new(row, "transit_us", pdp_row_transit(guest));
	pdp_row_int(row, "eth0_rx_drops", view.eth0_rx_drops);
	pdp_row_int(row, "agent_died_packets", view.agent_died_packets);
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
