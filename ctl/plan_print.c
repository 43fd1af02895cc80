/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * plan_print.c - a plan for people and for programs.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/fraction.h"
#include "ctl/plan.h"
#include "ctl/plan_values.h"
#include "ctl/prefix.h"
#include "ctl/slots.h"

/* So many routes or neighbours of a vnet in a row are told in one line. */
#define MANY 20

const char *pdp_thing_name(enum pdp_thing thing)
{
	static const char *const names[] = {
		[PDP_THING_NODE] = "node",
		[PDP_THING_PORT] = "port",
		[PDP_THING_FE] = "fe",
		[PDP_THING_VNET] = "vnet",
		[PDP_THING_VIF] = "vif",
		[PDP_THING_ROUTE] = "route",
		[PDP_THING_NEIGHBOUR] = "neighbour",
	};

	return (size_t)thing < sizeof(names) / sizeof(names[0]) ? names[thing] : NULL;
}

/* --- what comes or goes ---------------------------------------------------------------------- */

static void tell_port(FILE *file, const struct pdp_port_conf *port)
{
	fputs(port->ifname, file);
	if (port->vlan[0])
		fprintf(file, " VLAN %u", port->vlan[0]);
	if (port->vlan[1])
		fprintf(file, ".%u", port->vlan[1]);
}

static void tell_fe(FILE *file, const struct pdp_fe_conf *fe)
{
	fprintf(file, "%um on CPU%s %s%s", fe->capacity, strpbrk(fe->cpus, "-,") ? "s" : "",
		fe->cpus, fe->drain ? ", drained" : "");
}

static void tell_vnet(FILE *file, const struct pdp_change *change, const struct pdp_vnet_conf *vnet)
{
	const char *between = change->kind == PDP_ADD ? " -> " : " on ";

	fprintf(file, "%um %s", vnet->power, pdp_policy_name(vnet->policy));
	if (vnet->control.kind != PDP_CONTROL_NONE)
		fprintf(file, ", control plane %s", pdp_control_name(vnet->control.kind));
	for (size_t i = 0; i < change->n_guests; i++, between = ", ") {
		const struct pdp_guest_change *guest = &change->guests[i];

		fprintf(file, "%s%s %um", between, guest->fe, guest->to ? guest->to : guest->from);
		if (*guest->why)
			fprintf(file, " (%s)", guest->why);
	}
}

/* What is said, or what the port leaves if that is known. */
static uint32_t vif_mtu(const struct pdp_plan_side *side, const struct pdp_vif_conf *vif)
{
	const struct pdp_port_conf *port = pdp_model_port(side->model, vif->port);

	if (vif->mtu || !port || !side->port_mtu)
		return vif->mtu;
	return pdp_vif_mtu(vif, side->port_mtu[port - side->model->ports]);
}

static void tell_impair(FILE *file, const struct pdp_impair_conf *impair)
{
	char loss[PDP_FRACTION_STRLEN];

	if (impair->delay_ms)
		fprintf(file, ", delay %u ms", impair->delay_ms);
	if (impair->loss)
		fprintf(file, ", loss %s", pdp_fraction_print(loss, impair->loss));
	if (impair->down)
		fputs(", down", file);
}

static void tell_vif(FILE *file, const struct pdp_plan_side *side, const struct pdp_vif_conf *vif)
{
	char local[PDP_ADDR_STRLEN], remote[PDP_ADDR_STRLEN];
	uint32_t mtu = vif_mtu(side, vif);

	if (vif->encap == PDP_ENCAP_VXLAN)
		fprintf(file, "vxlan %u %s <-> %s", vif->vni, pdp_addr_print(local, &vif->local),
			pdp_addr_print(remote, &vif->remote));
	else
		fprintf(file, "udp %s <-> %s",
			pdp_endpoint_print(local, &vif->local, vif->local_port),
			pdp_endpoint_print(remote, &vif->remote, vif->remote_port));
	fprintf(file, " on %s", vif->port);
	if (mtu)
		fprintf(file, ", MTU %u", mtu);
	tell_impair(file, &vif->impair);
}

static void tell_route(FILE *file, const struct pdp_route_conf *route)
{
	char via[PDP_ADDR_STRLEN];

	if (route->via.family)
		fprintf(file, "via %s on %s", pdp_addr_print(via, &route->via), route->vif);
	else if (*route->vif)
		fprintf(file, "on %s", route->vif);
	else
		fputs("blackhole", file);
}

static void tell_thing(FILE *file, const struct pdp_plan *plan, const struct pdp_change *change)
{
	const union pdp_thing_conf *conf =
		change->kind == PDP_ADD ? &change->after : &change->before;
	char mac[PDP_ADDR_STRLEN];

	switch (change->thing) {
	case PDP_THING_PORT:
		tell_port(file, conf->port);
		break;
	case PDP_THING_FE:
		tell_fe(file, conf->fe);
		break;
	case PDP_THING_VNET:
		tell_vnet(file, change, conf->vnet);
		break;
	case PDP_THING_VIF:
		tell_vif(file, change->kind == PDP_ADD ? &plan->to : &plan->from, conf->vif);
		break;
	case PDP_THING_ROUTE:
		tell_route(file, conf->route);
		break;
	case PDP_THING_NEIGHBOUR:
		fputs(pdp_mac_print(mac, conf->neighbour->mac), file);
		break;
	case PDP_THING_NODE:
		break;
	}
}

/* --- what changes ---------------------------------------------------------------------------- */

static const char *or_none(const char *text)
{
	return *text ? text : "none";
}

static void tell_values(FILE *file, const struct pdp_change *change)
{
	for (size_t i = 0; i < change->n_values; i++)
		fprintf(file, "%s%s %s -> %s", i ? ", " : "", change->values[i].key,
			or_none(change->values[i].from), or_none(change->values[i].to));
}

static void tell_guest(FILE *file, const struct pdp_guest_change *guest)
{
	const char *why = guest->why;

	if (guest->from && guest->to)
		fprintf(file, "%s %um -> %um%s%s%s", guest->fe, guest->from, guest->to,
			*why ? " (" : "", why, *why ? ")" : "");
	else
		fprintf(file, "%c1 guest on %s (%um%s%s)", guest->to ? '+' : '-', guest->fe,
			guest->to ? guest->to : guest->from, *why ? ": " : "", why);
}

/* "+1 guest on fe3 (1000m), fe2 500m -> 1000m, -1 guest on fe1 (500m)" */
static void tell_guests(FILE *file, const struct pdp_change *change)
{
	const char *between = change->n_values ? "; " : "";

	for (size_t i = 0; i < change->n_guests; i++, between = ", ") {
		const struct pdp_guest_change *guest = &change->guests[i];

		fputs(between, file);
		tell_guest(file, guest);
	}
}

/* What that means for traffic: FE guests forward by what they were told last. */
static const char *control_effect(const struct pdp_change *change)
{
	if (change->before.vnet->control.kind == PDP_CONTROL_NONE)
		return "makes it an MH guest";
	if (change->after.vnet->control.kind == PDP_CONTROL_NONE)
		return "stops its MH guest, whose routes go; those of the node file stay";
	return "its daemons are restarted, traffic goes on";
}

static void tell_effects(FILE *file, const struct pdp_change *change)
{
	if (change->effects & PDP_EFFECT_REPLACE)
		fprintf(file, "; replaces %s %s", pdp_thing_name(change->thing), change->label);
	if (change->effects & PDP_EFFECT_RESTART)
		fprintf(file, "; makes %s FE guests anew",
			change->thing == PDP_THING_NODE ? "all" : "its");
	if (change->effects & PDP_EFFECT_CONTROL)
		fprintf(file, "; %s", control_effect(change));
}

static void tell(FILE *file, const struct pdp_plan *plan, const struct pdp_change *change)
{
	if (change->kind != PDP_CHANGE) {
		tell_thing(file, plan, change);
		return;
	}
	tell_values(file, change);
	tell_guests(file, change);
	tell_effects(file, change);
}

/* --- for people ------------------------------------------------------------------------------ */

static bool is_small(const struct pdp_change *change)
{
	return change->thing == PDP_THING_ROUTE || change->thing == PDP_THING_NEIGHBOUR;
}

/* How many changes from this one on are alike: of one vnet, one kind, and small. */
static size_t run_length(const struct pdp_plan *plan, size_t i)
{
	const struct pdp_change *first = &plan->changes[i];
	size_t n = 1;

	while (is_small(first) && i + n < plan->n && plan->changes[i + n].kind == first->kind &&
	       plan->changes[i + n].thing == first->thing &&
	       plan->changes[i + n].vnet_before == first->vnet_before &&
	       plan->changes[i + n].vnet_after == first->vnet_after)
		n++;
	return n;
}

static int label_width(const struct pdp_plan *plan)
{
	size_t width = 0;

	for (size_t i = 0; i < plan->n; i++)
		if (strlen(plan->changes[i].label) > width)
			width = strlen(plan->changes[i].label);
	return (int)(width < 32 ? width : 32);
}

void pdp_plan_print(const struct pdp_plan *plan, FILE *file)
{
	static const char marks[] = {[PDP_ADD] = '+', [PDP_CHANGE] = '~', [PDP_REMOVE] = '-'};
	int width = label_width(plan);

	for (size_t i = 0; i < plan->n; i++) {
		const struct pdp_change *change = &plan->changes[i];
		const char *name = pdp_thing_name(change->thing);
		size_t n = run_length(plan, i);

		if (n >= MANY) {
			const struct pdp_vnet_conf *vnet =
				change->vnet_after ? change->vnet_after : change->vnet_before;

			fprintf(file, "%c %-9s %-*s  %zu %ss\n", marks[change->kind], name, width,
				vnet->name, n, name);
			i += n - 1;
			continue;
		}
		fprintf(file, "%c %-9s %-*s  ", marks[change->kind], name, width, change->label);
		tell(file, plan, change);
		fputc('\n', file);
	}
	fprintf(file, "%zu to add, %zu to change, %zu to remove\n", plan->n_add, plan->n_change,
		plan->n_remove);
}

/* --- for programs ---------------------------------------------------------------------------- */

static json_t *json_of_values(const struct pdp_change *change)
{
	json_t *values = json_object();

	for (size_t i = 0; i < change->n_values; i++)
		json_object_set_new(values, change->values[i].key,
				    json_pack("{s:s, s:s}", "from", change->values[i].from, "to",
					      change->values[i].to));
	return values;
}

static json_t *json_of_guests(const struct pdp_change *change)
{
	json_t *guests = json_array();

	for (size_t i = 0; i < change->n_guests; i++) {
		const struct pdp_guest_change *guest = &change->guests[i];

		json_array_append_new(guests,
				      json_pack("{s:i, s:i, s:s, s:I, s:I, s:s?}", "id", guest->id,
						"number", guest->number, "fe", guest->fe,
						"from_millicores", (json_int_t)guest->from,
						"to_millicores", (json_int_t)guest->to, "why",
						*guest->why ? guest->why : NULL));
	}
	return guests;
}

static json_t *json_of_effects(const struct pdp_change *change)
{
	json_t *effects = json_array();

	if (change->effects & PDP_EFFECT_REPLACE)
		json_array_append_new(effects, json_string("replace"));
	if (change->effects & PDP_EFFECT_RESTART)
		json_array_append_new(effects, json_string("restart"));
	if (change->effects & PDP_EFFECT_PLACEMENT)
		json_array_append_new(effects, json_string("placement"));
	if (change->effects & PDP_EFFECT_CONTROL)
		json_array_append_new(effects, json_string("control"));
	return effects;
}

static json_t *json_of_change(const struct pdp_plan *plan, const struct pdp_change *change)
{
	static const char *const kinds[] = {
		[PDP_ADD] = "add", [PDP_CHANGE] = "change", [PDP_REMOVE] = "remove"};
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	json_t *out;

	if (!file)
		return NULL;
	tell(file, plan, change);
	fclose(file);
	out = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "change", kinds[change->kind],
			"object", pdp_thing_name(change->thing), "label", change->label, "text",
			text, "values", json_of_values(change), "guests", json_of_guests(change),
			"effects", json_of_effects(change));
	free(text);
	return out;
}

json_t *pdp_plan_json(const struct pdp_plan *plan)
{
	json_t *changes = json_array();

	for (size_t i = 0; i < plan->n; i++)
		json_array_append_new(changes, json_of_change(plan, &plan->changes[i]));
	return json_pack("{s:o, s:I, s:I, s:I}", "changes", changes, "add", (json_int_t)plan->n_add,
			 "change", (json_int_t)plan->n_change, "remove",
			 (json_int_t)plan->n_remove);
}
