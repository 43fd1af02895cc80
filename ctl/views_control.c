/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* views_control.c - a node's MH guests as JSON. Changes nothing. */
#include "ctl/views.h"

static const char *const states[] = {
	[PDP_MH_STARTING] = "starting",
	[PDP_MH_READY] = "ready",
	[PDP_MH_FAILED] = "failed",
	[PDP_MH_STOPPED] = "stopped",
};

static json_t *links(const struct pdp_node_vnet *vnet)
{
	json_t *out = json_array();
	char ifname[IFNAMSIZ];
	size_t i;

	for (i = 0; i < vnet->n_vifs; i++) {
		const struct pdp_node_vif *vif = &vnet->vifs[i];

		snprintf(ifname, sizeof(ifname), "pdpvf%u", vif->id);
		json_array_append_new(out, json_pack("{s:s, s:s, s:i}", "vif", vif->conf->name,
						     "ifname", ifname, "ifindex",
						     pdp_mh_vif_link(vnet->control->box, vif->id)));
	}
	return out;
}

json_t *pdp_view_control(const struct pdp_node_vnet *vnet)
{
	const struct pdp_node_control *control = vnet->control;

	if (!control)
		return json_null();
	return json_pack("{s:s, s:s, s:s?}", "name", control->name, "state", states[control->state],
			 "error", *control->error.text ? control->error.text : NULL);
}

json_t *pdp_view_control_guest(const struct pdp_node_vnet *vnet)
{
	const struct pdp_node_control *control = vnet->control;
	struct pdp_mh_view view;

	pdp_mh_look(control->box, &view);
	return json_pack("{s:s, s:s, s:s, s:s, s:n, s:s, s:s?, s:s?, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:I, s:I, s:I, s:o}",
			 "name", control->name, "kind", "mh", "runs",
			 pdp_control_name(vnet->conf->control.kind), "vnet", vnet->conf->name, "fe",
			 "state", states[control->state], "error",
			 *control->error.text ? control->error.text : NULL, "lxc_name",
			 view.lxc_name, "init_pid", (json_int_t)view.init_pid, "power_millicores",
			 (json_int_t)view.power, "quota_us", (json_int_t)view.quota_us, "period_us",
			 (json_int_t)view.period_us, "cpu_ns", (json_int_t)view.cpu_ns,
			 "cpu_millicores", (json_int_t)control->cpu_millicores, "memory_bytes",
			 (json_int_t)view.memory_bytes, "memory_limit_mib",
			 (json_int_t)view.memory_mib, "restarts", (json_int_t)view.restarts,
			 "daemon_restarts", (json_int_t)view.daemon_restarts, "links",
			 control->box ? links(vnet) : json_array());
}
