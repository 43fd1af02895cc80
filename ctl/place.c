/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * place.c - numbers and FEs for a model, as close as can be to what is. Makes nothing.
 *
 * Between the model and the layout (layout.c). FEs are chosen in place_fes.c.
 */
#include "ctl/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/names.h"
#include "ctl/place_seats.h"
#include "ctl/prefix.h"

/* --- what is -------------------------------------------------------------------------------------- */

size_t pdp_place_find_fe(const struct pdp_place *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_fes && strcmp(p->fes[i].name, name) != 0; i++)
		;
	return i;
}

/* An FE that is not in the model any more takes nothing new and gives all away. */
static int add_gone_fe(struct pdp_place *p, const char *name)
{
	struct pdp_alloc_fe *grown = realloc(p->fes, (p->n_fes + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	p->fes = grown;
	p->fes[p->n_fes++] = (struct pdp_alloc_fe){.name = name, .closed = true};
	return 0;
}

static int seat_guest(struct pdp_place *p, struct pdp_seating *v,
		      const struct pdp_placed_guest *guest)
{
	size_t fe = pdp_place_find_fe(p, guest->fe);

	if (fe == p->n_fes && add_gone_fe(p, guest->fe))
		return -ENOMEM;
	p->fes[fe].used += guest->power;
	v->seats[v->n_seats++] = (struct pdp_seat){
		fe, guest->power, guest->id, guest->number, guest->outdated, NULL};
	return 0;
}

static int take_fes(struct pdp_place *p)
{
	size_t i;

	p->n_fes = p->model->n_fes;
	p->fes = calloc(p->n_fes + 1, sizeof(*p->fes));
	if (!p->fes)
		return -ENOMEM;
	for (i = 0; i < p->n_fes; i++)
		p->fes[i] = (struct pdp_alloc_fe){.name = p->model->fes[i].name,
						  .capacity = p->model->fes[i].capacity,
						  .closed = p->model->fes[i].drain};
	return 0;
}

static int take_vnets(struct pdp_place *p)
{
	struct pdp_names had;
	size_t i, j;
	int code;

	p->vnets = calloc(p->model->n_vnets + 1, sizeof(*p->vnets));
	if (!p->vnets)
		return -ENOMEM;
	code = pdp_names_make(&had, p->had->vnets, p->had->n_vnets, sizeof(*p->had->vnets));
	for (i = 0; !code && i < p->model->n_vnets; i++) {
		struct pdp_seating *v = &p->vnets[i];

		v->conf = &p->model->vnets[i];
		v->had = pdp_names_find(&had, v->conf->name);
		for (j = 0; !code && v->had && j < v->had->n_guests; j++)
			code = seat_guest(p, v, &v->had->guests[j]);
	}
	pdp_names_free(&had);
	return code;
}

/* Also of what goes now: it bears its number until it has gone. */
static int claim_ids(struct pdp_place *p)
{
	const struct pdp_placement *had = p->had;
	size_t i, j;

	if (pdp_ids_init(&p->port_ids, PDP_MAX_PORTS) ||
	    pdp_ids_init(&p->vnet_ids, PDP_MAX_VNETS) || pdp_ids_init(&p->vif_ids, PDP_MAX_VIFS) ||
	    pdp_ids_init(&p->guest_ids, PDP_MAX_GUESTS))
		return -ENOMEM;
	for (i = 0; i < had->n_ports; i++)
		pdp_ids_claim(&p->port_ids, had->ports[i].id);
	for (i = 0; i < had->n_vnets; i++) {
		pdp_ids_claim(&p->vnet_ids, had->vnets[i].id);
		for (j = 0; j < had->vnets[i].n_vifs; j++)
			pdp_ids_claim(&p->vif_ids, had->vnets[i].vifs[j].id);
		for (j = 0; j < had->vnets[i].n_guests; j++)
			pdp_ids_claim(&p->guest_ids, had->vnets[i].guests[j].id);
	}
	return 0;
}

/* --- numbers -------------------------------------------------------------------------------------- */

/* A guest's memory, data plane and CPUs are given to it at birth. */
static bool is_born_so(const struct pdp_place *p, const struct pdp_model *was,
		       const struct pdp_seating *v, const struct pdp_seat *seat)
{
	const struct pdp_vnet_conf *old = v->was;
	const struct pdp_fe_conf *fe = &p->model->fes[seat->fe];
	const struct pdp_fe_conf *old_fe = pdp_model_fe(was, fe->name);

	return (!old || (old->memory_mib == v->conf->memory_mib &&
			 !strcmp(old->data.kind, v->conf->data.kind))) &&
	       (!old_fe || !strcmp(old_fe->cpus, fe->cpus));
}

static int renew(struct pdp_place *p, const struct pdp_model *was, struct pdp_error *err)
{
	struct pdp_names vnets;
	size_t i, j;

	if (pdp_names_make(&vnets, was->vnets, was->n_vnets, sizeof(*was->vnets)))
		return pdp_fail(err, -ENOMEM, "no memory for a placement");
	for (i = 0; i < p->model->n_vnets; i++) {
		struct pdp_seating *v = &p->vnets[i];

		v->was = pdp_names_find(&vnets, v->conf->name);
		for (j = 0; j < v->n_seats; j++)
			if (v->seats[j].outdated || !is_born_so(p, was, v, &v->seats[j]))
				v->seats[j].id = v->seats[j].number = 0;
	}
	pdp_names_free(&vnets);
	return 0;
}

static bool number_used(const struct pdp_seating *v, uint16_t number)
{
	size_t i;

	for (i = 0; i < v->n_seats; i++)
		if (v->seats[i].number == number)
			return true;
	for (i = 0; v->had && i < v->had->n_guests; i++)
		if (v->had->guests[i].number == number)
			return true;
	return false;
}

static uint16_t free_number(const struct pdp_seating *v)
{
	uint16_t number = 1;

	while (number_used(v, number))
		number++;
	return number;
}

static int number_guests(struct pdp_place *p, struct pdp_seating *v, struct pdp_placed_vnet *out,
			 struct pdp_error *err)
{
	size_t i;

	out->guests = calloc(v->n_seats + 1, sizeof(*out->guests));
	if (!out->guests)
		return pdp_fail(err, -ENOMEM, "vnet %s: no memory", v->conf->name);
	out->n_guests = v->n_seats;
	for (i = 0; i < v->n_seats; i++) {
		struct pdp_seat *seat = &v->seats[i];

		if (!seat->id) {
			seat->id = pdp_ids_take(&p->guest_ids);
			seat->number = free_number(v);
		}
		if (!seat->id)
			return pdp_fail(err, -ENOSPC, "vnet %s: a node has at most %d guests",
					v->conf->name, PDP_MAX_GUESTS - 1);
		out->guests[i] = (struct pdp_placed_guest){
			.id = seat->id, .number = seat->number, .power = seat->power};
		memcpy(out->guests[i].fe, p->model->fes[seat->fe].name, PDP_LABEL_MAX);
		snprintf(out->guests[i].why, sizeof(out->guests[i].why), "%s",
			 seat->why ? seat->why : "");
	}
	return 0;
}

static bool same_port(const struct pdp_port_conf *a, const struct pdp_port_conf *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->ifname, b->ifname) &&
	       !memcmp(a->vlan, b->vlan, sizeof(a->vlan));
}

/* Of what agents write and the dispatcher compares: is all of it the same? */
static bool same_tunnel(const struct pdp_vif_conf *a, const struct pdp_port_conf *a_port,
			const struct pdp_vif_conf *b, const struct pdp_port_conf *b_port)
{
	return a->encap == b->encap && a->vni == b->vni && a->local_port == b->local_port &&
	       a->remote_port == b->remote_port && !pdp_prefix_compare(&a->local, &b->local) &&
	       !pdp_prefix_compare(&a->remote, &b->remote) && same_port(a_port, b_port);
}

/*
 * A vif with another tunnel gets another number, so that both are valid while agents go over from one to
 * the other. Not where somebody knows the number: a control plane by its device, vxlan hosts by the MAC
 * that is made from it.
 */
static bool keeps_id(const struct pdp_place *p, const struct pdp_model *was,
		     const struct pdp_seating *v, const struct pdp_vif_conf *vif)
{
	static const uint8_t none[6];
	const struct pdp_vnet_conf *vnet = v->was;
	const struct pdp_vif_conf *old = vnet ? pdp_vnet_vif(vnet, vif->name) : NULL;

	if (!old || v->conf->control.kind != PDP_CONTROL_NONE ||
	    vnet->control.kind != PDP_CONTROL_NONE ||
	    (vif->encap == PDP_ENCAP_VXLAN && !memcmp(vif->mac, none, sizeof(none))))
		return true;
	return same_tunnel(old, pdp_model_port(was, old->port), vif,
			   pdp_model_port(p->model, vif->port));
}

static int number_vifs(struct pdp_place *p, const struct pdp_model *was,
		       const struct pdp_seating *v, struct pdp_placed_vnet *out,
		       struct pdp_error *err)
{
	size_t i;

	out->vifs = calloc(v->conf->n_vifs + 1, sizeof(*out->vifs));
	if (!out->vifs)
		return pdp_fail(err, -ENOMEM, "vnet %s: no memory", v->conf->name);
	out->n_vifs = v->conf->n_vifs;
	for (i = 0; i < out->n_vifs; i++) {
		const char *name = v->conf->vifs[i].name;
		const struct pdp_placed_vif *had = v->had ? pdp_placed_vif(v->had, name) : NULL;

		memcpy(out->vifs[i].name, name, PDP_LABEL_MAX);
		if (had && keeps_id(p, was, v, &v->conf->vifs[i]))
			out->vifs[i].id = had->id;
		else
			out->vifs[i].id = pdp_ids_take(&p->vif_ids);
		if (!out->vifs[i].id)
			return pdp_fail(err, -ENOSPC, "vif %s/%s: a node has at most %d vifs",
					v->conf->name, name, PDP_MAX_VIFS - 1);
	}
	return 0;
}

static int number_vnets(struct pdp_place *p, const struct pdp_model *was, struct pdp_error *err)
{
	size_t i;
	int code = 0;

	p->out->vnets = calloc(p->model->n_vnets + 1, sizeof(*p->out->vnets));
	if (!p->out->vnets)
		return pdp_fail(err, -ENOMEM, "no memory for vnets");
	p->out->n_vnets = p->model->n_vnets;
	for (i = 0; !code && i < p->model->n_vnets; i++) {
		struct pdp_placed_vnet *out = &p->out->vnets[i];
		struct pdp_seating *v = &p->vnets[i];

		memcpy(out->name, v->conf->name, PDP_LABEL_MAX);
		out->id = v->had ? v->had->id : pdp_ids_take(&p->vnet_ids);
		out->table_generation = v->had ? v->had->table_generation : 0;
		if (!out->id)
			return pdp_fail(err, -ENOSPC, "vnet %s: a node has at most %d vnets",
					v->conf->name, PDP_MAX_VNETS - 1);
		code = number_vifs(p, was, v, out, err);
		if (!code)
			code = number_guests(p, v, out, err);
	}
	return code;
}

static int number_ports(struct pdp_place *p, struct pdp_error *err)
{
	size_t i;

	p->out->ports = calloc(p->model->n_ports + 1, sizeof(*p->out->ports));
	if (!p->out->ports)
		return pdp_fail(err, -ENOMEM, "no memory for ports");
	p->out->n_ports = p->model->n_ports;
	for (i = 0; i < p->model->n_ports; i++) {
		const char *name = p->model->ports[i].name;
		const struct pdp_placed_port *had = pdp_placed_port(p->had, name);

		memcpy(p->out->ports[i].name, name, PDP_LABEL_MAX);
		p->out->ports[i].id = had ? had->id : pdp_ids_take(&p->port_ids);
		if (!p->out->ports[i].id)
			return pdp_fail(err, -ENOSPC, "port %s: a node has at most %d ports", name,
					PDP_MAX_PORTS - 1);
	}
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------------ */

/* What is, as it is. */
static int begin(struct pdp_place *p, struct pdp_error *err)
{
	*p->out = (struct pdp_placement){0};
	if (take_fes(p) || take_vnets(p) || claim_ids(p))
		return pdp_fail(err, -ENOMEM, "no memory for a placement");
	return pdp_alloc_open(&p->alloc, p->fes, p->n_fes, PDP_FIT_BEST, err);
}

static int end(struct pdp_place *p, int code)
{
	size_t i, j;

	if (code)
		pdp_placement_free(p->out);
	pdp_alloc_free(p->alloc);
	pdp_ids_fini(&p->port_ids);
	pdp_ids_fini(&p->vnet_ids);
	pdp_ids_fini(&p->vif_ids);
	pdp_ids_fini(&p->guest_ids);
	for (i = 0; p->vnets && i < p->model->n_vnets; i++)
		for (j = 0; j < p->vnets[i].n_seats; j++)
			free(p->vnets[i].seats[j].why);
	free(p->vnets);
	free(p->fes);
	return code;
}

int pdp_place(struct pdp_placement *out, const struct pdp_model *model, const struct pdp_model *was,
	      const struct pdp_placement *had, struct pdp_error *err)
{
	struct pdp_place p = {.model = model, .had = had, .out = out};
	int code = begin(&p, err);

	if (!code)
		code = pdp_place_choose_fes(&p, err);
	if (!code)
		code = renew(&p, was, err);
	if (!code)
		code = number_ports(&p, err);
	if (!code)
		code = number_vnets(&p, was, err);
	return end(&p, code);
}

int pdp_place_move(struct pdp_placement *out, const struct pdp_model *model,
		   const struct pdp_placement *had, const struct pdp_place_move *what,
		   struct pdp_error *err)
{
	struct pdp_place p = {.model = model, .had = had, .out = out};
	int code = begin(&p, err);

	if (!code)
		code = pdp_place_move_seat(&p, what, err);
	if (!code)
		code = number_ports(&p, err);
	if (!code)
		code = number_vnets(&p, model, err);
	return end(&p, code);
}
