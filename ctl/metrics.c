/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * metrics.c - reads a node, thing by thing, into metrics. Beside views.c; changes nothing.
 */
#include "ctl/metrics.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/follow.h"
#include "ctl/powerkeep.h"
#include "ctl/views.h"

#define STRING_OF(number) #number
#define STRING(macro) STRING_OF(macro)
#define MILLI 1000
#define MICRO 1000000
#define NANO 1000000000

static void gauge(struct pdp_openmetrics *om, const char *name, const char *help,
		  const struct pdp_label *labels, uint64_t value)
{
	pdp_metric(om, PDP_METRIC_GAUGE, name, help, labels, value, 1);
}

static void cores(struct pdp_openmetrics *om, const char *name, const char *help,
		  const struct pdp_label *labels, uint64_t millicores)
{
	pdp_metric(om, PDP_METRIC_GAUGE, name, help, labels, millicores, MILLI);
}

static void add_node(struct pdp_openmetrics *om, struct pdp_node *node)
{
	static const struct pdp_label none = {NULL, NULL};
	const struct pdp_label build[] = {
		{"version", PDP_VERSION}, {"abi", STRING(PDP_ABI)}, {NULL, NULL}};
	const struct pdp_label labels[] = {{"node", node->model.node}, {NULL, NULL}};
	struct pdp_node_stats stats = {0};

	pdp_stats_read(node->loader, PDP_MAP_NODE_STATS, 0, &stats, sizeof(stats));
	pdp_metric(om, PDP_METRIC_INFO, "pdp_build", "The pdpd that answers.", build, 1, 1);
	pdp_metric(om, PDP_METRIC_INFO, "pdp_node", "The node that pdpd controls.", labels, 1, 1);
	gauge(om, "pdp_node_forwarding", "1 when the node forwards, 0 while it comes up or goes.",
	      &none, node->state == PDP_NODE_FORWARDING);
	pdp_metric(om, PDP_METRIC_GAUGE, "pdp_node_state_age_seconds",
		   "How long the node has been in its state.", &none, pdp_now_ns() - node->since_ns,
		   NANO);
	pdp_metrics_node_counters(om, &stats);
}

static void add_port(struct pdp_openmetrics *om, struct pdp_node *node, size_t i)
{
	const struct pdp_node_port *port = &node->ports[i];
	const struct pdp_link *link = pdp_underlay_port(node->underlay, i);
	const struct pdp_label labels[] = {{"port", port->conf->name}, {NULL, NULL}};
	struct pdp_port_stats stats = {0};

	pdp_stats_read(node->loader, PDP_MAP_PORT_STATS, port->id, &stats, sizeof(stats));
	gauge(om, "pdp_port_up", "1 when the port's device is there and up.", labels,
	      link->ifindex && (link->flags & 1));
	gauge(om, "pdp_port_mtu_bytes", "MTU of the port's device.", labels, link->mtu);
	pdp_metrics_port_counters(om, labels, &stats);
}

static void add_fe(struct pdp_openmetrics *om, const struct pdp_node *node, size_t i)
{
	const struct pdp_label labels[] = {{"fe", node->model.fes[i].name}, {NULL, NULL}};

	cores(om, "pdp_fe_capacity_cores", "Processing power of the FE.", labels,
	      node->fes[i].capacity);
	cores(om, "pdp_fe_used_cores", "Processing power that guests on the FE have.", labels,
	      node->fes[i].used);
}

static void add_vif(struct pdp_openmetrics *om, const struct pdp_node *node,
		    const struct pdp_node_vif *vif)
{
	const struct pdp_label labels[] = {{"vnet", vif->vnet->conf->name},
					   {"vif", vif->conf->name},
					   {"port", vif->conf->port},
					   {NULL, NULL}};
	struct pdp_vif_stats stats = {0};

	pdp_stats_read(node->loader, PDP_MAP_VIF_STATS, vif->id, &stats, sizeof(stats));
	gauge(om, "pdp_vif_up", "1 when the way to the tunnel's remote end is known.", labels,
	      vif->path->state == PDP_PATH_UP);
	gauge(om, "pdp_vif_mtu_bytes", "Largest packet that fits into the tunnel.", labels,
	      vif->mtu);
	pdp_metrics_vif_counters(om, labels, &stats);
}

/* Of policy flowlet, and when enough packets came to tell. */
static void add_transit(struct pdp_openmetrics *om, const struct pdp_node_guest *guest,
			const struct pdp_label *labels)
{
	struct pdp_transit_span span;

	if (!pdp_transit_span(&guest->times, &span))
		return;
	pdp_metric(om, PDP_METRIC_GAUGE, "pdp_guest_transit_low_seconds",
		   "Time that nearly all packets were with the guest at least.", labels,
		   span.low_ns, NANO);
	pdp_metric(om, PDP_METRIC_GAUGE, "pdp_guest_transit_high_seconds",
		   "Time that nearly all packets were with the guest at most.", labels,
		   span.high_ns, NANO);
}

static void add_guest(struct pdp_openmetrics *om, const struct pdp_node_guest *guest,
		      const struct pdp_ledger_guest *books)
{
	const struct pdp_label labels[] = {{"vnet", guest->vnet->conf->name},
					   {"guest", guest->name},
					   {"fe", guest->fe->name},
					   {NULL, NULL}};
	struct pdp_guest_view view = {0};

	if (guest->box)
		pdp_guest_look(guest->box, &view);
	gauge(om, "pdp_guest_ready", "1 when the guest's agent forwards.", labels,
	      guest->state == PDP_GUEST_READY);
	cores(om, "pdp_guest_power_cores", "Processing power that the guest was given.", labels,
	      guest->power);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_guest_cpu_seconds",
		   "CPU time that the guest has used.", labels, view.cpu_ns, NANO);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_guest_thread_cpu_seconds",
		   "Of that, CPU time of the kernel thread of its link.", labels,
		   view.thread_cpu_ns, NANO);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_guest_softirq_cpu_seconds",
		   "Of that, CPU time of its link's program in softirqs of others, as charged.",
		   labels, view.softirq_cpu_ns, NANO);
	gauge(om, "pdp_guest_threaded", "1 when its link has such a thread.", labels,
	      view.thread_pid != 0);
	gauge(om, "pdp_guest_memory_bytes", "Memory that the guest's cgroup is charged with.",
	      labels, view.memory_bytes);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_guest_restarts",
		   "Times that the guest's container was started again.", labels, view.restarts, 1);
	gauge(om, "pdp_guest_fast_half", "1 when the fast half of its data plane is on.", labels,
	      view.fast.on);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_guest_fast_runs",
		   "Times that the fast half has run while the kernel timed programs.", labels,
		   view.fast.runs, 1);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_guest_fast_seconds", "Time that these runs took.",
		   labels, view.fast.run_ns, NANO);
	add_transit(om, guest, labels);
	pdp_metrics_guest_counters(om, labels, books);
}

static void add_control(struct pdp_openmetrics *om, const struct pdp_node_vnet *vnet)
{
	const struct pdp_node_control *control = vnet->control;
	const struct pdp_label labels[] = {{"vnet", vnet->conf->name},
					   {"kind", pdp_control_name(vnet->conf->control.kind)},
					   {NULL, NULL}};
	struct pdp_mh_view view;

	pdp_mh_look(control->box, &view);
	gauge(om, "pdp_control_ready", "1 when the vnet's MH guest is there.", labels,
	      control->state == PDP_MH_READY);
	cores(om, "pdp_control_power_cores", "Processing power that the MH guest may use.", labels,
	      vnet->conf->control.power);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_control_cpu_seconds",
		   "CPU time that the MH guest has used.", labels, view.cpu_ns, NANO);
	gauge(om, "pdp_control_memory_bytes", "Memory that the MH guest's cgroup is charged with.",
	      labels, view.memory_bytes);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_control_restarts",
		   "Times that the MH guest's container was started again.", labels, view.restarts,
		   1);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_control_daemon_ends",
		   "Times that a daemon of the control plane has ended by itself.", labels,
		   view.daemon_restarts, 1);
}

static size_t ready_guests(const struct pdp_node_vnet *vnet)
{
	size_t i, ready = 0;

	for (i = 0; i < vnet->n_guests; i++)
		ready += vnet->guests[i]->state == PDP_GUEST_READY;
	return ready;
}

static void add_books(struct pdp_openmetrics *om, const struct pdp_node_vnet *vnet,
		      const struct pdp_label *labels, const struct pdp_books *books)
{
	struct pdp_ledger ledger;
	size_t i;

	pdp_ledger_close(&ledger, &books->in);
	gauge(om, "pdp_vnet_balanced",
	      "0 when the vnet's books part: packets are missing that no drop accounts for.",
	      labels, ledger.verdict != PDP_LEDGER_BROKEN);
	pdp_metrics_vnet_counters(om, labels, &books->in.vnet, &ledger);
	for (i = 0; i < vnet->n_guests; i++)
		add_guest(om, vnet->guests[i], &books->guests[i]);
}

static int add_vnet(struct pdp_openmetrics *om, const struct pdp_node *node,
		    const struct pdp_node_vnet *vnet)
{
	const struct pdp_label labels[] = {{"vnet", vnet->conf->name}, {NULL, NULL}};
	struct pdp_books books;
	size_t i;
	int code = pdp_view_books(&books, node, vnet);

	if (code)
		return code;
	cores(om, "pdp_vnet_power_cores", "Processing power that the vnet is to have.", labels,
	      vnet->conf->power);
	gauge(om, "pdp_vnet_power_limit_pps",
	      "Packets a second that those guests get together that are limited by their power; 0 when none is.",
	      labels, pdp_powerkeep_limit_pps(node, vnet));
	gauge(om, "pdp_vnet_moved_slots",
	      "Slots that `rebalance: on` has moved away from where the policy has them.", labels,
	      pdp_follow_moved(vnet));
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_vnet_slot_moves",
		   "Slots that were moved from an overloaded guest to an idle one.", labels,
		   vnet->balance.moves, 1);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_vnet_flow_moves",
		   "Flows that were seen in those slots.", labels, vnet->flow_moves, 1);
	if (vnet->conf->policy == PDP_POLICY_FLOWLET)
		pdp_metric(om, PDP_METRIC_GAUGE, "pdp_vnet_flowlet_gap_seconds",
			   "Pause after which a flow may go to another guest.", labels,
			   pdp_publish_gap_us(node->store, vnet->id), MICRO);
	gauge(om, "pdp_vnet_guests", "FE guests of the vnet.", labels, vnet->n_guests);
	gauge(om, "pdp_vnet_guests_ready", "FE guests of the vnet that forward.", labels,
	      ready_guests(vnet));
	add_books(om, vnet, labels, &books);
	pdp_books_free(&books);
	if (vnet->control)
		add_control(om, vnet);
	pdp_metrics_routes(om, vnet);
	for (i = 0; i < vnet->n_vifs; i++)
		add_vif(om, node, &vnet->vifs[i]);
	return 0;
}

static int add_all(struct pdp_openmetrics *om, struct pdp_node *node)
{
	size_t i;
	int code = 0;

	add_node(om, node);
	for (i = 0; i < node->model.n_ports; i++)
		add_port(om, node, i);
	for (i = 0; i < node->model.n_fes; i++)
		add_fe(om, node, i);
	for (i = 0; !code && i < node->model.n_vnets; i++)
		code = add_vnet(om, node, &node->vnets[i]);
	return code;
}

int pdp_metrics_write(struct pdp_node *node, enum pdp_metrics_format format, FILE *file)
{
	struct pdp_openmetrics *om;
	int code = pdp_openmetrics_new(&om);

	if (!code)
		code = add_all(om, node);
	if (!code)
		code = pdp_openmetrics_write(om, format, file);
	pdp_openmetrics_free(om);
	return code;
}
