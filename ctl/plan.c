/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * plan.c - what would change from one state of a node to another.
 *
 * Both sides are looked at in the order of their labels, so each list is compared in one walk. What
 * comes out is text and pointers; it makes nothing.
 */
#include "ctl/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/names.h"
#include "ctl/plan_values.h"
#include "ctl/prefix.h"

/* The plan that grows, and the vnet at hand. */
struct planner {
	struct pdp_plan *plan;
	const struct pdp_plan_side *from, *to;
	struct pdp_names placed_from, placed_to; /* vnets of the placements */
	const struct pdp_vnet_conf *vnet_from, *vnet_to;
	bool failed; /* no memory */
};

/* A kind of thing in a list: how big, in what order, what it is called, where it differs. */
struct kind {
	enum pdp_thing thing;
	size_t size;
	int (*compare)(const void *a, const void *b);
	void (*label)(char *out, size_t size, const struct pdp_vnet_conf *vnet, const void *conf);
	int (*differ)(struct pdp_change *change); /* fills values and effects; -ENOMEM */
};

/* --- labels ---------------------------------------------------------------------------------- */

static void label_name(char *out, size_t size, const struct pdp_vnet_conf *vnet, const void *conf)
{
	(void)vnet;
	snprintf(out, size, "%s", (const char *)conf);
}

static void label_vif(char *out, size_t size, const struct pdp_vnet_conf *vnet, const void *conf)
{
	snprintf(out, size, "%s/%s", vnet->name, (const char *)conf);
}

static void label_route(char *out, size_t size, const struct pdp_vnet_conf *vnet, const void *conf)
{
	const struct pdp_route_conf *route = conf;
	char prefix[PDP_ADDR_STRLEN];

	snprintf(out, size, "%s %s", vnet->name, pdp_prefix_print(prefix, &route->prefix));
}

static void label_neighbour(char *out, size_t size, const struct pdp_vnet_conf *vnet,
			    const void *conf)
{
	const struct pdp_neighbour_conf *neighbour = conf;
	char address[PDP_ADDR_STRLEN];

	snprintf(out, size, "%s %s on %s", vnet->name, pdp_addr_print(address, &neighbour->address),
		 neighbour->vif);
}

static const struct kind ports = {PDP_THING_PORT, sizeof(struct pdp_port_conf), pdp_by_name,
				  label_name, pdp_port_differ};
static const struct kind fes = {PDP_THING_FE, sizeof(struct pdp_fe_conf), pdp_by_name, label_name,
				pdp_fe_differ};
static const struct kind vnets = {PDP_THING_VNET, sizeof(struct pdp_vnet_conf), pdp_by_name,
				  label_name, pdp_vnet_differ};
static const struct kind vifs = {PDP_THING_VIF, sizeof(struct pdp_vif_conf), pdp_by_name, label_vif,
				 pdp_vif_differ};
static const struct kind routes = {PDP_THING_ROUTE, sizeof(struct pdp_route_conf), pdp_route_order,
				   label_route, pdp_route_differ};
static const struct kind neighbours = {PDP_THING_NEIGHBOUR, sizeof(struct pdp_neighbour_conf),
				       pdp_neighbour_order, label_neighbour, pdp_neighbour_differ};

/* --- guests ---------------------------------------------------------------------------------- */

static int note_guest(struct pdp_change *change, const struct pdp_placed_guest *guest,
		      uint32_t from, uint32_t to)
{
	struct pdp_guest_change *grown =
		reallocarray(change->guests, change->n_guests + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	change->guests = grown;
	grown[change->n_guests++] = (struct pdp_guest_change){.id = guest->id,
							      .number = guest->number,
							      .fe = guest->fe,
							      .why = to > from ? guest->why : "",
							      .from = from,
							      .to = to};
	change->effects |= PDP_EFFECT_PLACEMENT;
	return 0;
}

/* The same guest: the same id on the same FE. */
static const struct pdp_placed_guest *find_guest(const struct pdp_placed_vnet *vnet,
						 const struct pdp_placed_guest *like)
{
	for (size_t i = 0; vnet && i < vnet->n_guests; i++)
		if (vnet->guests[i].id == like->id && !strcmp(vnet->guests[i].fe, like->fe))
			return &vnet->guests[i];
	return NULL;
}

static const struct pdp_placed_vnet *placed(const struct pdp_names *names,
					    const struct pdp_vnet_conf *vnet)
{
	return vnet ? pdp_names_find(names, vnet->name) : NULL;
}

static int index_placed(struct pdp_names *out, const struct pdp_plan_side *side)
{
	const struct pdp_placement *placement = side->placement;

	*out = (struct pdp_names){0};
	return placement ? pdp_names_make(out, placement->vnets, placement->n_vnets,
					  sizeof(*placement->vnets))
			 : 0;
}

/* Those that come or change, then those that go. */
static int compare_guests(struct planner *p, struct pdp_change *change)
{
	const struct pdp_placed_vnet *from = placed(&p->placed_from, change->before.vnet);
	const struct pdp_placed_vnet *to = placed(&p->placed_to, change->after.vnet);
	int code = 0;

	if (!p->to->placement && change->after.vnet)
		return 0;
	for (size_t i = 0; !code && to && i < to->n_guests; i++) {
		const struct pdp_placed_guest *guest = &to->guests[i];
		const struct pdp_placed_guest *old = find_guest(from, guest);

		if (!old || old->power != guest->power)
			code = note_guest(change, guest, old ? old->power : 0, guest->power);
	}
	for (size_t i = 0; !code && from && i < from->n_guests; i++)
		if (!find_guest(to, &from->guests[i]))
			code = note_guest(change, &from->guests[i], from->guests[i].power, 0);
	return code;
}

/* --- changes --------------------------------------------------------------------------------- */

static void free_change(struct pdp_change *change)
{
	for (size_t i = 0; i < change->n_values; i++) {
		free(change->values[i].from);
		free(change->values[i].to);
	}
	free(change->values);
	free(change->guests);
}

static void append(struct planner *p, const struct pdp_change *change)
{
	struct pdp_plan *plan = p->plan;

	if ((plan->n & (plan->n - 1)) == 0) {
		struct pdp_change *grown =
			reallocarray(plan->changes, plan->n ? 2 * plan->n : 1, sizeof(*grown));

		if (!grown) {
			p->failed = true;
			return;
		}
		plan->changes = grown;
	}
	plan->changes[plan->n++] = *change;
	plan->n_add += change->kind == PDP_ADD;
	plan->n_change += change->kind == PDP_CHANGE;
	plan->n_remove += change->kind == PDP_REMOVE;
}

/* One thing on one side or on both; nothing is noted when it is the same. */
static void compare(struct planner *p, const struct kind *kind, const void *before,
		    const void *after)
{
	struct pdp_change change = {
		.kind = !before	 ? PDP_ADD
			: !after ? PDP_REMOVE
				 : PDP_CHANGE,
		.thing = kind->thing,
		.before.any = before,
		.after.any = after,
		.vnet_before = p->vnet_from,
		.vnet_after = p->vnet_to,
	};
	int code = 0;

	kind->label(change.label, sizeof(change.label), p->vnet_to ? p->vnet_to : p->vnet_from,
		    after ? after : before);
	if (change.kind == PDP_CHANGE)
		code = kind->differ(&change);
	if (!code && kind->thing == PDP_THING_VNET)
		code = compare_guests(p, &change);
	p->failed = p->failed || code;
	if (!code && (change.kind != PDP_CHANGE || change.n_values || change.n_guests))
		append(p, &change);
	else
		free_change(&change);
}

/* The elements of a list in their order; the caller's. NULL without memory. */
static const void **in_order(const struct kind *kind, const void *list, size_t n)
{
	const void **out = calloc(n + 1, sizeof(*out));

	for (size_t i = 0; out && i < n; i++)
		out[i] = (const char *)list + i * kind->size;
	return out;
}

static int compare_at(const void *a, const void *b, void *kind)
{
	return ((const struct kind *)kind)
		->compare(*(const void *const *)a, *(const void *const *)b);
}

/* Both lists side by side: what stands in one alone, and what stands in both. */
static void compare_lists(struct planner *p, const struct kind *kind, const void *from,
			  size_t n_from, const void *to, size_t n_to,
			  void (*fn)(struct planner *p, const struct kind *kind, const void *before,
				     const void *after))
{
	const void **old = in_order(kind, from, n_from), **new = in_order(kind, to, n_to);
	size_t i = 0, j = 0;

	if (!old || !new) {
		p->failed = true;
	} else {
		qsort_r(old, n_from, sizeof(*old), compare_at, (void *)kind);
		qsort_r(new, n_to, sizeof(*new), compare_at, (void *)kind);
	}
	while (!p->failed && (i < n_from || j < n_to)) {
		int order = i == n_from ? 1 : j == n_to ? -1 : kind->compare(old[i], new[j]);

		fn(p, kind, order <= 0 ? old[i] : NULL, order >= 0 ? new[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	free(old);
	free(new);
}

/* A vnet, then what it is made of. */
static void compare_vnet(struct planner *p, const struct kind *kind, const void *before,
			 const void *after)
{
	static const struct pdp_vnet_conf none;
	const struct pdp_vnet_conf *from = before ? before : &none, *to = after ? after : &none;

	p->vnet_from = before;
	p->vnet_to = after;
	compare(p, kind, before, after);
	compare_lists(p, &vifs, from->vifs, from->n_vifs, to->vifs, to->n_vifs, compare);
	compare_lists(p, &routes, from->routes, from->n_routes, to->routes, to->n_routes, compare);
	compare_lists(p, &neighbours, from->neighbours, from->n_neighbours, to->neighbours,
		      to->n_neighbours, compare);
	p->vnet_from = NULL;
	p->vnet_to = NULL;
}

static void compare_node(struct planner *p, const struct pdp_model *from,
			 const struct pdp_model *to)
{
	struct pdp_change change = {.kind = PDP_CHANGE, .thing = PDP_THING_NODE};

	if (!*from->node || !*to->node || !strcmp(from->node, to->node))
		return;
	snprintf(change.label, sizeof(change.label), "%s", to->node);
	change.effects = PDP_EFFECT_RESTART;
	if (pdp_note_value(&change, "node", from->node, to->node))
		p->failed = true;
	else
		append(p, &change);
}

/* Adds and changes as they were found, removes the other way round. */
static void put_in_order(struct planner *p)
{
	struct pdp_plan *plan = p->plan;
	struct pdp_change *sorted = calloc(plan->n + 1, sizeof(*sorted));
	size_t adds = 0, changes = plan->n_add, removes = plan->n;

	if (!sorted) {
		p->failed = true;
		return;
	}
	for (size_t i = 0; i < plan->n; i++) {
		const struct pdp_change *change = &plan->changes[i];

		if (change->kind == PDP_ADD)
			sorted[adds++] = *change;
		else if (change->kind == PDP_CHANGE)
			sorted[changes++] = *change;
		else
			sorted[--removes] = *change;
	}
	free(plan->changes);
	plan->changes = sorted;
}

int pdp_plan_make(struct pdp_plan *out, const struct pdp_plan_side *from,
		  const struct pdp_plan_side *to)
{
	static const struct pdp_model empty;
	const struct pdp_model *old = from->model ? from->model : &empty;
	const struct pdp_model *new = to->model ? to->model : &empty;
	struct planner p = {.plan = out, .from = from, .to = to};

	*out = (struct pdp_plan){.from = *from, .to = *to};
	p.failed = index_placed(&p.placed_from, from) || index_placed(&p.placed_to, to);
	compare_node(&p, old, new);
	compare_lists(&p, &ports, old->ports, old->n_ports, new->ports, new->n_ports, compare);
	compare_lists(&p, &fes, old->fes, old->n_fes, new->fes, new->n_fes, compare);
	compare_lists(&p, &vnets, old->vnets, old->n_vnets, new->vnets, new->n_vnets, compare_vnet);
	pdp_names_free(&p.placed_from);
	pdp_names_free(&p.placed_to);
	if (!p.failed)
		put_in_order(&p);
	if (p.failed)
		pdp_plan_free(out);
	return p.failed ? -ENOMEM : 0;
}

void pdp_plan_free(struct pdp_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n; i++)
		free_change(&plan->changes[i]);
	free(plan->changes);
	*plan = (struct pdp_plan){0};
}
