/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * metrics_counters.c - structs of counters to metrics, field by field. Pure.
 *
 * A field called drop_X, pass_X or dp_X is a reason of one metric; any other is a metric of its own.
 */
#include <string.h>

#include "ctl/metrics.h"
#include "ctl/reorder.h"

#define LABELS_MAX 8
#define NAME_LEN 96

/* Of whom: the middle of the metrics' names, and what their reasons are summed up as. */
struct whose {
	const char *prefix; /* pdp_vif */
	const char *reasons; /* family of the fields that are reasons */
	const char *help; /* of that family */
	const struct pdp_label *labels;
};

static const char *reason_of(const char *field)
{
	static const char *const prefixes[] = {"drop_", "pass_", "dp_"};
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(field, prefixes[i], strlen(prefixes[i])))
			return field + strlen(prefixes[i]);
	return NULL;
}

static void add_reason(struct pdp_openmetrics *om, const struct whose *whose, const char *stage,
		       const char *reason, uint64_t value)
{
	struct pdp_label labels[LABELS_MAX];
	size_t n = 0;

	for (; n < LABELS_MAX - 3 && whose->labels[n].name; n++)
		labels[n] = whose->labels[n];
	labels[n++] = (struct pdp_label){"stage", stage};
	labels[n++] = (struct pdp_label){"reason", reason};
	labels[n] = (struct pdp_label){NULL, NULL};
	pdp_metric(om, PDP_METRIC_COUNTER, whose->reasons, whose->help, labels, value, 1);
}

static void add_field(struct pdp_openmetrics *om, const struct whose *whose, const char *field,
		      const char *help, uint64_t value)
{
	const char *reason = reason_of(field);
	char name[NAME_LEN];

	if (reason) {
		add_reason(om, whose, NULL, reason, value);
		return;
	}
	snprintf(name, sizeof(name), "%s_%s", whose->prefix, field);
	pdp_metric(om, PDP_METRIC_COUNTER, name, help, whose->labels, value, 1);
}

/* The name of a gauge may not end as a counter's. */
static void add_state(struct pdp_openmetrics *om, const struct whose *whose, const char *field,
		      const char *help, uint64_t value)
{
	const char *total = strstr(field, "_total");
	char name[NAME_LEN];

	snprintf(name, sizeof(name), "%s_%.*s", whose->prefix,
		 total ? (int)(total - field) : NAME_LEN, field);
	pdp_metric(om, PDP_METRIC_GAUGE, name, help, whose->labels, value, 1);
}

static void add_lateness(struct pdp_openmetrics *om, const struct whose *whose,
			 const struct pdp_reorder *reorder)
{
	uint64_t bounds[PDP_LATE_BUCKETS];
	char name[NAME_LEN];
	unsigned int i;

	for (i = 0; i < PDP_LATE_BUCKETS; i++)
		bounds[i] = pdp_reorder_bound(i);
	snprintf(name, sizeof(name), "%s_lateness", whose->prefix);
	pdp_metric_histogram(om, name,
			     "Reordered packets, by how many sequence numbers they came late.",
			     whose->labels, bounds, reorder->late, PDP_LATE_BUCKETS,
			     reorder->late_sum);
}

void pdp_metrics_node_counters(struct pdp_openmetrics *om, const struct pdp_node_stats *stats)
{
	static const struct pdp_label none = {NULL, NULL};
	const struct whose whose = {
		"pdp_node", "pdp_node_dropped_packets",
		"Packets dropped that can be laid at no vnet's door, by reason.", &none};

#define ADD(name, help) add_field(om, &whose, #name, help, stats->name);
	PDP_NODE_COUNTS(ADD)
#undef ADD
}

void pdp_metrics_port_counters(struct pdp_openmetrics *om, const struct pdp_label *labels,
			       const struct pdp_port_stats *stats)
{
	const struct whose whose = {
		"pdp_port", "pdp_port_passed_packets",
		"Frames that the classifier left to the host because they are no vnet's, by reason.",
		labels};

#define ADD(name, help) add_field(om, &whose, #name, help, stats->name);
	PDP_PASS_REASONS(ADD)
#undef ADD
}

void pdp_metrics_vif_counters(struct pdp_openmetrics *om, const struct pdp_label *labels,
			      const struct pdp_vif_stats *stats)
{
	const struct whose whose = {.prefix = "pdp_vif", .labels = labels};

#define ADD(name, help) add_field(om, &whose, #name, help, stats->name);
	PDP_VIF_COUNTS(ADD)
#undef ADD
}

void pdp_metrics_vnet_counters(struct pdp_openmetrics *om, const struct pdp_label *labels,
			       const struct pdp_vnet_stats *stats, const struct pdp_ledger *ledger)
{
	const struct whose whose = {
		"pdp_vnet", "pdp_vnet_dropped_packets",
		"Packets of the vnet that went no further, by the stage that lost them and the reason.",
		labels};
	const struct pdp_reorder reorder = pdp_reorder_of_vnet(stats);
	size_t i;

#define ADD(name, help) add_field(om, &whose, #name, help, stats->name);
	PDP_VNET_COUNTS(ADD)
#undef ADD
	add_lateness(om, &whose, &reorder);
	for (i = 0; i < ledger->n_drops; i++) {
		const struct pdp_ledger_drop *drop = &ledger->drop[i];

		add_reason(om, &whose, drop->where, reason_of(drop->name), drop->packets);
	}
}

/* What the guest's own counters do not know: losses on its link and in its socket. */
static void link_losses(struct pdp_openmetrics *om, const struct whose *whose,
			const struct pdp_ledger_guest *guest)
{
	add_reason(om, whose, NULL, "link_full", guest->lost_to);
	add_reason(om, whose, NULL, "link_gone", guest->lost_with_link);
	if (!guest->inside_known)
		return;
	add_reason(om, whose, NULL, "socket_full", guest->eth0_rx_drops);
	add_reason(om, whose, NULL, "fast_full", guest->eth0_tx_drops);
	add_reason(om, whose, NULL, "agent_died", guest->agent_died_packets);
}

static void agent_counters(struct pdp_openmetrics *om, const struct pdp_label *labels,
			   const struct pdp_agent_stats *stats)
{
	const struct whose whose = {"pdp_agent", "pdp_agent_dropped_packets",
				    "Packets that the agent or its data plane dropped, by reason.",
				    labels};

#define ADD(name, help) add_field(om, &whose, #name, help, stats->name);
	PDP_AGENT_COUNTS(ADD)
#undef ADD
	add_reason(om, &whose, NULL, "none", stats->dp_drops[dp_none]);
#define ADD(name, help) add_field(om, &whose, #name, help, stats->dp_drops[name]);
	PDP_DP_DROPS(ADD)
#undef ADD
#define ADD(name, help) add_state(om, &whose, #name, help, stats->name);
	PDP_AGENT_STATES(ADD)
#undef ADD
}

void pdp_metrics_guest_counters(struct pdp_openmetrics *om, const struct pdp_label *labels,
				const struct pdp_ledger_guest *guest)
{
	const struct whose whose = {
		"pdp_guest", "pdp_guest_dropped_packets",
		"Packets lost around the FE guest, on its link and at its agent's socket, by reason.",
		labels};
	const struct pdp_reorder reorder = pdp_reorder_of_guest(&guest->stats);

#define ADD(name, help) add_field(om, &whose, #name, help, guest->stats.name);
	PDP_GUEST_COUNTS(ADD)
#undef ADD
	add_lateness(om, &whose, &reorder);
	link_losses(om, &whose, guest);
	if (guest->inside_known)
		agent_counters(om, labels, &guest->agent);
}
