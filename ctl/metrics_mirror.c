/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* metrics_mirror.c - what agents are told of routes, and the mirror that it comes from, as metrics. */
#include "ctl/agentconf.h"
#include "ctl/metrics.h"
#include "ctl/mirror.h"

static void counter(struct pdp_openmetrics *om, const char *name, const char *help,
		    const struct pdp_label *labels, uint64_t value)
{
	pdp_metric(om, PDP_METRIC_COUNTER, name, help, labels, value, 1);
}

static void gauge(struct pdp_openmetrics *om, const char *name, const char *help,
		  const struct pdp_label *labels, uint64_t value)
{
	pdp_metric(om, PDP_METRIC_GAUGE, name, help, labels, value, 1);
}

static void add_mirror(struct pdp_openmetrics *om, const char *vnet, const struct pdp_label *labels,
		       const struct pdp_mirror *mirror)
{
	struct pdp_mirror_stats stats;

	pdp_mirror_stats(mirror, &stats);
	counter(om, "pdp_mirror_messages", "Messages of the control plane's kernel.", labels,
		stats.table.messages);
	counter(om, "pdp_mirror_rounds", "Times that its tables were read whole.", labels,
		stats.rounds);
	counter(om, "pdp_mirror_overruns", "Times that messages were lost.", labels,
		stats.overruns);
	gauge(om, "pdp_mirror_routes_refused", "Routes beyond max-routes.", labels,
	      stats.table.refused);
	for (int i = PDP_RT_taken + 1; i < PDP_RT_N_VERDICTS; i++) {
		const struct pdp_label with_reason[] = {
			{"vnet", vnet}, {"reason", pdp_rt_verdict_name(i)}, {NULL, NULL}};

		counter(om, "pdp_mirror_passed_messages", "Messages that are not for agents.",
			with_reason, stats.table.verdicts[i]);
	}
}

void pdp_metrics_routes(struct pdp_openmetrics *om, const struct pdp_node_vnet *vnet)
{
	const struct pdp_label labels[] = {{"vnet", vnet->conf->name}, {NULL, NULL}};
	struct pdp_agentconf_stats stats;

	pdp_agentconf_stats(vnet->told, &stats);
	gauge(om, "pdp_vnet_routes", "Routes that the vnet's agents are told.", labels,
	      stats.routes);
	gauge(om, "pdp_vnet_neighbours", "Neighbours that the vnet's agents are told.", labels,
	      stats.neighbours);
	if (vnet->control && vnet->control->mirror)
		add_mirror(om, vnet->conf->name, labels, vnet->control->mirror);
}
