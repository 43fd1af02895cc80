/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* control.c - the MH guests of a node, in its changes and between them; see control.h. */
#include "ctl/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/control_mirror.h"
#include "ctl/log.h"

#define STARTS_AT_ONCE 4 /* a start is mostly waiting, and the FEs' CPUs are not idle */

/* --- what one is to be ---------------------------------------------------------------------------- */

static bool carrier_of(const struct pdp_node *node, const struct pdp_node_port *port)
{
	const struct pdp_link *link = pdp_underlay_port(node->underlay, port->underlay);
	const uint32_t up = IFF_UP | IFF_RUNNING;

	return link->ifindex && (link->flags & up) == up;
}

/* vifs is the caller's to free. */
static int make_spec(const struct pdp_node *node, const struct pdp_node_vnet *vnet,
		     struct pdp_mh_spec *spec, struct pdp_mh_vif **vifs, struct pdp_error *err)
{
	size_t i;

	*vifs = calloc(vnet->n_vifs + 1, sizeof(**vifs));
	if (!*vifs)
		return pdp_fail(err, -ENOMEM, "vnet %s: no memory", vnet->conf->name);
	for (i = 0; i < vnet->n_vifs; i++) {
		const struct pdp_node_vif *from = &vnet->vifs[i];
		struct pdp_mh_vif *to = &(*vifs)[i];

		to->id = from->id;
		to->ethernet = from->conf->encap == PDP_ENCAP_VXLAN;
		to->carrier = carrier_of(node, from->port);
		to->mtu = from->mtu;
		memcpy(to->mac, from->mac, sizeof(to->mac));
		snprintf(to->name, sizeof(to->name), "%.15s", from->conf->name);
	}
	*spec = (struct pdp_mh_spec){.vnet = vnet->id, .conf = vnet->conf, .vifs = *vifs};
	return 0;
}

/* --- what happens to one -------------------------------------------------------------------------- */

static void tell(const struct pdp_node_control *control, enum pdp_mh_state state)
{
	struct pdp_events *events = control->node->events;
	const char *why = control->error.text;
	char object[80];

	snprintf(object, sizeof(object), "control plane of %s", control->vnet->conf->name);
	if (state == PDP_MH_STARTING)
		pdp_event(events, PDP_LOG_WARNING, PDP_EVENT_CONTROL_LOST, object,
			  "%s; the data plane keeps what it knows", why);
	else if (state == PDP_MH_READY && control->state != state && control->live)
		pdp_event(events, PDP_LOG_NOTICE, PDP_EVENT_CONTROL_READY, object,
			  "is there again");
	else if (state == PDP_MH_READY && *why)
		pdp_event(events, PDP_LOG_WARNING, PDP_EVENT_CONTROL_TROUBLE, object, "%s", why);
}

static void on_guest(struct pdp_mh_guest *box, enum pdp_mh_state state, const struct pdp_error *err,
		     void *arg)
{
	struct pdp_node_control *control = arg;
	struct pdp_node *node = control->node;
	struct pdp_error why;

	(void)box;
	control->error.text[0] = '\0';
	if (err)
		control->error = *err;
	/* A socket in the namespace would keep it. */
	if (state == PDP_MH_STARTING)
		pdp_control_mirror_lost(control);
	if (node->state == PDP_NODE_STOPPING)
		return;
	tell(control, state);
	control->state = state;
	pdp_apply_wake(node);
	if (state == PDP_MH_READY && pdp_control_mirror_begin(control, &why))
		pdp_log(PDP_LOG_ERROR, "vnet %s: %s", control->vnet->conf->name, why.text);
	if (control->live && pdp_control_publish(node, control->vnet, &why))
		pdp_log(PDP_LOG_ERROR, "%s", why.text);
}

/* --- make ----------------------------------------------------------------------------------------- */

int pdp_control_names(const struct pdp_apply *a, struct pdp_error *err)
{
	size_t i;
	int code = 0;

	for (i = 0; !code && i < a->other.model.n_vnets; i++)
		if (a->other.vnets[i].control)
			code = pdp_mh_check_vifs(a->other.vnets[i].conf, err);
	return code;
}

static int start(struct pdp_apply *a, struct pdp_node_control *control,
		 const struct pdp_mh_spec *spec, struct pdp_error *err)
{
	int code = pdp_mh_start(&control->box, a->node->mh_guests, spec, on_guest, control, err);

	if (code)
		return code;
	pdp_control_mirror_expect(control);
	control->state = pdp_mh_state(control->box);
	return control->state == PDP_MH_READY ? pdp_control_mirror_begin(control, err) : 0;
}

/* Those of both layouts with the same of everything are not touched: settle does what is left. */
static int make_one(struct pdp_apply *a, const struct pdp_node_vnet *vnet, struct pdp_error *err)
{
	struct pdp_node_control *control = vnet->control;
	struct pdp_mh_spec spec;
	struct pdp_mh_vif *vifs;
	int code = make_spec(a->node, vnet, &spec, &vifs, err);

	if (code)
		return code;
	spec.keep_trying = a->adopting;
	if (!control->box)
		code = start(a, control, &spec, err);
	else
		code = pdp_mh_change(control->box, &spec, err);
	pdp_control_mirror_again(control);
	free(vifs);
	return code;
}

/* How many are being made now; the first that could not be is told. */
static int count_starting(const struct pdp_apply *a, size_t *n, struct pdp_error *err)
{
	size_t i;

	*n = 0;
	for (i = 0; i < a->other.model.n_vnets; i++) {
		const struct pdp_node_control *control = a->other.vnets[i].control;

		if (!control || control->layouts != 1 || !control->box)
			continue;
		if (control->state == PDP_MH_FAILED)
			return pdp_fail(err, -EIO, "%s", control->error.text);
		*n += control->state == PDP_MH_STARTING;
	}
	return 0;
}

int pdp_control_make(struct pdp_apply *a, size_t *next, enum pdp_control_made *made,
		     struct pdp_error *err)
{
	size_t starting;
	int code = count_starting(a, &starting, err);

	while (*next < a->other.model.n_vnets && !a->other.vnets[*next].control)
		++*next;
	if (code)
		return code;
	*made = PDP_CONTROL_WAITS;
	if (*next == a->other.model.n_vnets) {
		/* What forwards already is not to wait. */
		if (!starting || a->adopting)
			*made = PDP_CONTROL_DONE;
		return 0;
	}
	if (starting >= STARTS_AT_ONCE)
		return 0;
	*made = PDP_CONTROL_ONE;
	return make_one(a, &a->other.vnets[(*next)++], err);
}

/* --- undo and settle ------------------------------------------------------------------------------ */

static void settle_one(struct pdp_node *node, const struct pdp_node_vnet *vnet)
{
	struct pdp_mh_spec spec;
	struct pdp_mh_vif *vifs;
	struct pdp_error err;

	if (make_spec(node, vnet, &spec, &vifs, &err)) {
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
		return;
	}
	pdp_mh_settle(vnet->control->box, &spec);
	pdp_control_mirror_again(vnet->control);
	free(vifs);
}

static void end_one(struct pdp_node_control *control, void (*end)(struct pdp_mh_guest *box))
{
	pdp_control_mirror_end(control);
	end(control->box);
	control->box = NULL;
	control->state = PDP_MH_STOPPED;
}

/* What an earlier controller's routing sessions live in is not stopped because we could not come up. */
static void end_fresh(struct pdp_apply *a)
{
	size_t i;

	for (i = 0; i < a->other.model.n_vnets; i++) {
		struct pdp_node_control *control = a->other.vnets[i].control;

		if (control && control->layouts == 1 && control->box)
			end_one(control, a->adopting ? pdp_mh_release : pdp_mh_stop);
	}
}

static void settle_node(struct pdp_node *node)
{
	size_t i;

	for (i = 0; i < node->model.n_vnets; i++)
		if (node->vnets[i].control && node->vnets[i].control->box)
			settle_one(node, &node->vnets[i]);
}

void pdp_control_undo(struct pdp_apply *a)
{
	end_fresh(a);
	settle_node(a->node);
}

void pdp_control_settle(struct pdp_apply *a)
{
	struct pdp_error err;
	unsigned int n = 0;
	size_t i;

	settle_node(a->node);
	for (i = 0; i < a->other.model.n_vnets; i++) {
		struct pdp_node_control *control = a->other.vnets[i].control;

		if (control && !control->live && control->box)
			end_one(control, pdp_mh_stop);
	}
	if (!a->adopting)
		return;
	if (pdp_mh_reap(a->node->mh_guests, &n, &err))
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
	if (n)
		pdp_log(PDP_LOG_NOTICE, "removed %u control planes that an earlier pdpd left", n);
}

void pdp_control_abandon(struct pdp_apply *a)
{
	size_t i;

	end_fresh(a);
	/* After the switch it is those that leave. */
	for (i = 0; i < a->other.model.n_vnets; i++) {
		struct pdp_node_control *control = a->other.vnets[i].control;

		if (control && !control->live && control->box)
			end_one(control, a->adopting ? pdp_mh_release : pdp_mh_stop);
	}
}

void pdp_control_end(struct pdp_node *node, void (*end)(struct pdp_mh_guest *box))
{
	size_t i;

	for (i = node->vnets ? node->model.n_vnets : 0; i-- > 0;)
		if (node->vnets[i].control && node->vnets[i].control->box)
			end_one(node->vnets[i].control, end);
	pdp_mh_guests_free(node->mh_guests);
	node->mh_guests = NULL;
}

/* --- a node that runs ----------------------------------------------------------------------------- */

int pdp_control_publish(struct pdp_node *node, const struct pdp_node_vnet *vnet,
			struct pdp_error *err)
{
	const struct pdp_mh_guest *box = vnet->control ? vnet->control->box : NULL;
	int code = 0;
	size_t i;

	for (i = 0; i < vnet->n_vifs; i++) {
		const struct pdp_node_vif *vif = &vnet->vifs[i];
		/* Without a carrier the link is down, and takes nothing. */
		int ifindex =
			box && carrier_of(node, vif->port) ? pdp_mh_vif_link(box, vif->id) : 0;

		if (!ifindex)
			pdp_publish_no_vif_link(node->store, vif->id);
		else if (!code)
			code = pdp_publish_vif_link(node->store, vif->id, ifindex, vif->mac, err);
	}
	return code;
}

int pdp_control_retell(struct pdp_node *node, const struct pdp_node_vnet *vnet,
		       struct pdp_error *err)
{
	struct pdp_mh_vif *vifs = NULL;
	struct pdp_mh_spec spec;
	int code;

	if (!vnet->control || !vnet->control->box)
		return 0;
	code = make_spec(node, vnet, &spec, &vifs, err);
	if (!code)
		code = pdp_mh_change(vnet->control->box, &spec, err);
	free(vifs);
	return code;
}

void pdp_control_carrier(struct pdp_node *node, const struct pdp_node_port *port)
{
	const bool up = carrier_of(node, port);
	struct pdp_error err;
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++) {
		struct pdp_node_vnet *vnet = &node->vnets[i];

		if (!vnet->control || !vnet->control->box)
			continue;
		if (!up && pdp_control_publish(node, vnet, &err))
			pdp_log(PDP_LOG_ERROR, "%s", err.text);
		for (j = 0; j < vnet->n_vifs; j++)
			if (vnet->vifs[j].port == port)
				pdp_mh_set_carrier(vnet->control->box, vnet->vifs[j].id, up);
		if (up && pdp_control_publish(node, vnet, &err))
			pdp_log(PDP_LOG_ERROR, "%s", err.text);
	}
}

void pdp_control_audit(struct pdp_node *node,
		       void (*repaired)(struct pdp_node *node, const char *object, int code,
					const char *what))
{
	size_t i;

	for (i = 0; i < node->model.n_vnets; i++) {
		struct pdp_node_control *control = node->vnets[i].control;
		struct pdp_error what;
		bool mended = false;
		char object[80];
		int code;

		if (!control || !control->box)
			continue;
		code = pdp_mh_mend(control->box, &mended, &what);
		snprintf(object, sizeof(object), "control plane of %s", control->vnet->conf->name);
		if (code || mended)
			repaired(node, object, code, what.text);
	}
}

void pdp_control_sample(struct pdp_node *node, uint64_t ns)
{
	size_t i;

	for (i = 0; i < node->model.n_vnets; i++) {
		struct pdp_node_control *control = node->vnets[i].control;
		struct pdp_mh_view view;

		if (!control)
			continue;
		pdp_mh_look(control->box, &view);
		if (view.cpu_ns >= control->cpu_ns)
			control->cpu_millicores =
				(uint32_t)((view.cpu_ns - control->cpu_ns) * 1000 / ns);
		control->cpu_ns = view.cpu_ns;
	}
}

int pdp_control_reload(struct pdp_node *node, const char *name, struct pdp_error *err)
{
	const struct pdp_node_vnet *vnet = pdp_node_vnet(node, name);

	if (!vnet)
		return pdp_fail(err, -ENOENT, "no vnet is called '%s'", name);
	if (!vnet->control || !vnet->control->box)
		return pdp_fail(err, -ENOENT, "vnet %s has no control plane", name);
	return pdp_mh_reload(vnet->control->box, err);
}
