/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* control_mirror.c - the mirror of an MH guest's tables; see control_mirror.h. */
#include "ctl/control_mirror.h"

#include <stdio.h>
#include <unistd.h>

#include "ctl/agentconf.h"
#include "ctl/mirror.h"

/* Overruns that are told: five at once, then one in ten seconds. */
#define OVERRUNS_TOLD 5
#define OVERRUNS_MS 10000

static uint16_t vif_of(uint32_t ifindex, void *arg)
{
	const struct pdp_node_control *control = arg;

	return pdp_mh_vif_of(control->box, (int)ifindex);
}

static void tell(struct pdp_node_control *control, enum pdp_mirror_event event,
		 const struct pdp_error *err)
{
	const uint32_t max = control->vnet->conf->control.max_routes;
	struct pdp_events *events = control->node->events;
	char object[80];

	snprintf(object, sizeof(object), "control plane of %s", control->vnet->conf->name);
	switch (event) {
	case PDP_MIRROR_SYNCED:
		break;
	case PDP_MIRROR_OVERRUN:
		if (pdp_bucket_take(&control->overruns, pdp_bucket_now_ms()))
			pdp_event(events, PDP_LOG_WARNING, PDP_EVENT_ROUTES_OVERRUN, object,
				  "changes its tables faster than they can be followed: they are "
				  "read anew");
		break;
	case PDP_MIRROR_OVER:
		pdp_event(events, PDP_LOG_ERROR, PDP_EVENT_ROUTES_OVER, object,
			  "has more than max-routes %u: %s, and no more until it has less", max,
			  err->text);
		break;
	case PDP_MIRROR_BELOW:
		pdp_event(events, PDP_LOG_NOTICE, PDP_EVENT_ROUTES_BELOW, object,
			  "has not more than max-routes %u any more: %s", max, err->text);
		break;
	case PDP_MIRROR_FAILED:
		pdp_event(events, PDP_LOG_ERROR, PDP_EVENT_ROUTES_OVERRUN, object,
			  "its tables cannot be read, and are tried again: %s", err->text);
		break;
	}
}

static void on_mirror(enum pdp_mirror_event event, const struct pdp_error *err, void *arg)
{
	struct pdp_node_control *control = arg;
	struct pdp_agentconf *told = control->vnet->told;
	struct pdp_agentconf_stats stats;
	char object[80];

	tell(control, event, err);
	if (event != PDP_MIRROR_SYNCED || !pdp_agentconf_held(told))
		return;
	pdp_agentconf_stats(told, &stats);
	pdp_agentconf_hold(told, false);
	snprintf(object, sizeof(object), "control plane of %s", control->vnet->conf->name);
	pdp_event(control->node->events, PDP_LOG_INFO, PDP_EVENT_ROUTES_MIRRORED, object,
		  "its tables are mirrored: %zu routes, %zu neighbours", stats.routes,
		  stats.neighbours);
}

/* Does anybody have something that is worth keeping until the first dump? */
static bool is_empty(const struct pdp_agentconf *told)
{
	struct pdp_agentconf_stats stats;

	pdp_agentconf_stats(told, &stats);
	return !stats.routes && !stats.addresses && !stats.neighbours;
}

void pdp_control_mirror_expect(struct pdp_node_control *control)
{
	if (is_empty(control->vnet->told))
		pdp_agentconf_hold(control->vnet->told, true);
}

int pdp_control_mirror_begin(struct pdp_node_control *control, struct pdp_error *err)
{
	const struct pdp_mirror_table_conf conf = {
		.told = control->vnet->told,
		.max_routes = control->vnet->conf->control.max_routes,
		.vif_of = vif_of,
		.arg = control,
	};
	int netns_fd, code;

	if (control->mirror)
		return 0;
	netns_fd = pdp_mh_netns(control->box, err);
	if (netns_fd < 0)
		return netns_fd;
	control->overruns.depth = OVERRUNS_TOLD;
	control->overruns.interval_ms = OVERRUNS_MS;
	code = pdp_mirror_new(&control->mirror, control->node->base, netns_fd, &conf, on_mirror,
			      control, err);
	/* The mirror's socket is in it for good. */
	close(netns_fd);
	return code;
}

void pdp_control_mirror_again(struct pdp_node_control *control)
{
	if (control->mirror)
		pdp_mirror_set_max(control->mirror, control->vnet->conf->control.max_routes);
}

void pdp_control_mirror_lost(struct pdp_node_control *control)
{
	pdp_mirror_free(control->mirror);
	control->mirror = NULL;
}

void pdp_control_mirror_end(struct pdp_node_control *control)
{
	pdp_control_mirror_lost(control);
	pdp_agentconf_hold(control->vnet->told, false);
}
