/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * metrics.h - a node in metrics. pdp-metrics(7) explains them.
 *
 * Names and help of counters come from the X-macros that the counters themselves are made of
 * (bpf/counters.h, fe-agent/channel.h, fe-agent/dataplane.h): a new counter is a new metric.
 */
#ifndef PDP_METRICS_H
#define PDP_METRICS_H

#include "bpf/counters.h"
#include "ctl/ledger.h"
#include "ctl/node.h"
#include "ctl/openmetrics.h"

/* --- pure: counters under the labels of whom they are; labels end with a NULL name -------------- */

void pdp_metrics_node_counters(struct pdp_openmetrics *om, const struct pdp_node_stats *stats);
void pdp_metrics_port_counters(struct pdp_openmetrics *om, const struct pdp_label *labels,
			       const struct pdp_port_stats *stats);
void pdp_metrics_vif_counters(struct pdp_openmetrics *om, const struct pdp_label *labels,
			      const struct pdp_vif_stats *stats);
/* Its drops are those of the ledger: those of every stage. */
void pdp_metrics_vnet_counters(struct pdp_openmetrics *om, const struct pdp_label *labels,
			       const struct pdp_vnet_stats *stats, const struct pdp_ledger *ledger);
/* The guest's, and those of the agent in it. */
void pdp_metrics_guest_counters(struct pdp_openmetrics *om, const struct pdp_label *labels,
				const struct pdp_ledger_guest *guest);

/* What its agents are told of routes, and the mirror that it comes from (metrics_mirror.c). */
struct pdp_node_vnet;
void pdp_metrics_routes(struct pdp_openmetrics *om, const struct pdp_node_vnet *vnet);

/* --- the whole node ----------------------------------------------------------------------------- */

/* Read everything and write it as text. 0, -ENOMEM or -EIO. */
int pdp_metrics_write(struct pdp_node *node, enum pdp_metrics_format format, FILE *file);

#endif
