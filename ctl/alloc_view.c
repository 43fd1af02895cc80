/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_view.c - the allocation of a node as JSON: shown, explained, and what if.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/alloc_books.h"
#include "ctl/alloc_view.h"

#define CHOICES_SHOWN 5

static const char *fe_name(const struct pdp_alloc_state *state, size_t fe)
{
	return state->alloc->fes[fe].name;
}

static uint32_t power_of(const struct pdp_alloc_vnet *vnet)
{
	uint32_t power = 0;

	for (size_t i = 0; i < vnet->n_slices; i++)
		power += vnet->slices[i].power;
	return power;
}

/* --- show ---------------------------------------------------------------------------------------------- */

static json_t *guests_on(const struct pdp_alloc_state *state, size_t fe)
{
	json_t *guests = json_array();

	for (size_t v = 0; v < state->n_vnets; v++)
		for (size_t s = 0; s < state->vnets[v].n_slices; s++)
			if (state->vnets[v].slices[s].fe == fe)
				json_array_append_new(
					guests,
					json_pack("{s:s, s:I}", "vnet", state->vnets[v].name,
						  "power_millicores",
						  (json_int_t)state->vnets[v].slices[s].power));
	return guests;
}

json_t *pdp_alloc_view_show(const struct pdp_alloc_state *state)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < state->alloc->n_fes; i++) {
		const struct pdp_alloc_fe *fe = &state->alloc->fes[i];

		json_array_append_new(rows, json_pack("{s:s, s:I, s:I, s:I, s:b, s:o}", "name",
						      fe->name, "capacity_millicores",
						      (json_int_t)fe->capacity, "used_millicores",
						      (json_int_t)fe->used, "free_millicores",
						      (json_int_t)pdp_fe_room(fe), "closed",
						      fe->closed, "guests", guests_on(state, i)));
	}
	return rows;
}

/* --- explain --------------------------------------------------------------------------------------------- */

static json_t *view_guests(const struct pdp_alloc_state *state, const struct pdp_slice *slices,
			   size_t n)
{
	json_t *guests = json_array();

	for (size_t i = 0; i < n; i++) {
		bool whole = slices[i].power == state->alloc->fes[slices[i].fe].capacity;

		json_array_append_new(guests,
				      json_pack("{s:s, s:I, s:b}", "fe",
						fe_name(state, slices[i].fe), "power_millicores",
						(json_int_t)slices[i].power, "whole", whole));
	}
	return guests;
}

/* FEs on which a guest that has been released fits, the tightest first. */
static json_t *view_choices(struct pdp_alloc_state *state, const struct pdp_slice *slice)
{
	struct pdp_rooms *rooms = &state->alloc->rooms;
	json_t *choices = json_array();
	size_t at[PDP_ROOMS_KINDS];

	for (int kind = 0; kind < PDP_ROOMS_KINDS; kind++)
		at[kind] = pdp_rooms_tightest(rooms, (enum pdp_rooms_kind)kind, slice->power);
	while (json_array_size(choices) < CHOICES_SHOWN) {
		size_t fe = pdp_alloc_smaller_room(state->alloc, at[PDP_ROOMS_IDLE],
						   at[PDP_ROOMS_SHARED]);
		enum pdp_rooms_kind kind =
			fe == at[PDP_ROOMS_IDLE] ? PDP_ROOMS_IDLE : PDP_ROOMS_SHARED;

		if (fe == PDP_NO_FE)
			break;
		json_array_append_new(
			choices,
			json_pack("{s:s, s:I, s:b, s:b}", "fe", fe_name(state, fe),
				  "left_millicores",
				  (json_int_t)(pdp_rooms_room(rooms, fe) - slice->power), "idle",
				  kind == PDP_ROOMS_IDLE, "current", fe == slice->fe));
		at[kind] = pdp_rooms_next(rooms, kind, fe);
	}
	return choices;
}

/* The one guest that has not its FE to itself, if there is just one. */
static const struct pdp_slice *remainder_of(const struct pdp_alloc_state *state,
					    const struct pdp_alloc_vnet *vnet)
{
	const struct pdp_slice *found = NULL;

	for (size_t i = 0; i < vnet->n_slices; i++) {
		if (vnet->slices[i].power == state->alloc->fes[vnet->slices[i].fe].capacity)
			continue;
		if (found)
			return NULL;
		found = &vnet->slices[i];
	}
	return found;
}

/* How the power of a vnet is made up: "1500m = 1 whole FE + 500m". */
static json_t *tell_parts(const struct pdp_alloc_state *state, const struct pdp_alloc_vnet *vnet)
{
	size_t whole = 0;
	char text[2048];
	int n;

	for (size_t i = 0; i < vnet->n_slices; i++)
		whole += vnet->slices[i].power == state->alloc->fes[vnet->slices[i].fe].capacity;
	n = snprintf(text, sizeof(text), "%um = ", power_of(vnet));
	if (whole)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%zu whole FE%s", whole,
			      whole == 1 ? "" : "s");
	for (size_t i = 0; i < vnet->n_slices; i++) {
		const struct pdp_slice *slice = &vnet->slices[i];

		if (slice->power != state->alloc->fes[slice->fe].capacity)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%um",
				      text[n - 2] == '=' ? "" : " + ", slice->power);
	}
	return json_string(text);
}

/* Why the remainder is where it is; it has been released. */
static json_t *tell_remainder(struct pdp_alloc_state *state, const struct pdp_slice *slice)
{
	const char *name = fe_name(state, slice->fe);
	uint32_t left = pdp_fe_room(&state->alloc->fes[slice->fe]) - slice->power;
	size_t best = pdp_alloc_tightest(state->alloc, slice->power), next;
	uint32_t least;

	if (state->alloc->fes[slice->fe].closed)
		return json_sprintf("%um on %s: it is closed and takes nothing new", slice->power,
				    name);
	least = pdp_rooms_room(&state->alloc->rooms, best) - slice->power;
	if (least < left)
		return json_sprintf("%um on %s leaves %um: %s would leave only %um now",
				    slice->power, name, left, fe_name(state, best), least);
	pdp_alloc_set_closed(state->alloc, slice->fe, true);
	next = pdp_alloc_tightest(state->alloc, slice->power);
	pdp_alloc_set_closed(state->alloc, slice->fe, false);
	if (next == PDP_NO_FE)
		return json_sprintf("%um on %s: no other FE has the room", slice->power, name);
	if (pdp_fe_room(&state->alloc->fes[next]) - slice->power == left)
		return json_sprintf("%um on %s by best fit: %s and %s tie%s", slice->power, name,
				    name, fe_name(state, next),
				    best == slice->fe ? ", the lowest name wins" : "");
	return json_sprintf("%um on %s by best fit: it leaves %um, the next best is %s with %um",
			    slice->power, name, left, fe_name(state, next),
			    pdp_fe_room(&state->alloc->fes[next]) - slice->power);
}

static bool is_same(const struct pdp_alloc_vnet *vnet, const struct pdp_slice *slices, size_t n)
{
	size_t same = 0;

	for (size_t i = 0; i < vnet->n_slices; i++)
		for (size_t j = 0; j < n; j++)
			same += vnet->slices[i].fe == slices[j].fe &&
				vnet->slices[i].power == slices[j].power;
	return n == vnet->n_slices && same == n;
}

/* "placed now it would be otherwise: fe1 1000m, fe3 500m" */
static json_t *tell_placed(const struct pdp_alloc_state *state, const struct pdp_alloc_vnet *vnet,
			   const struct pdp_slice *slices, size_t n)
{
	char text[2048];
	size_t len = 0;

	if (is_same(vnet, slices, n))
		return json_string("placed now it would be the same");
	for (size_t i = 0; i < n && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %um", i ? ", " : "",
					fe_name(state, slices[i].fe), slices[i].power);
	return json_sprintf("placed now it would be otherwise: %s", text);
}

/* A closed FE takes back what it held. */
static void take_again(struct pdp_alloc_state *state, const struct pdp_slice *slices, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pdp_alloc_set_used(state->alloc, slices[i].fe,
				   state->alloc->fes[slices[i].fe].used + slices[i].power);
}

json_t *pdp_alloc_view_explain(struct pdp_alloc_state *state, size_t vnet)
{
	const struct pdp_alloc_vnet *v = &state->vnets[vnet];
	const struct pdp_slice *remainder = remainder_of(state, v);
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	json_t *view = json_pack("{s:s, s:I, s:o, s:[]}", "vnet", v->name, "power_millicores",
				 (json_int_t)power_of(v), "guests",
				 view_guests(state, v->slices, v->n_slices), "why");
	json_t *why = json_object_get(view, "why");
	size_t n;

	if (v->n_slices > 1 || !remainder)
		json_array_append_new(why, tell_parts(state, v));
	if (remainder) {
		pdp_alloc_release(state->alloc, remainder, 1);
		json_array_append_new(why, tell_remainder(state, remainder));
		json_object_set_new(view, "choices", view_choices(state, remainder));
		take_again(state, remainder, 1);
	}
	pdp_alloc_release(state->alloc, v->slices, v->n_slices);
	if (!pdp_alloc_place(state->alloc, power_of(v), slices, &n, NULL)) {
		json_object_set_new(view, "placed_now", view_guests(state, slices, n));
		json_array_append_new(why, tell_placed(state, v, slices, n));
		pdp_alloc_release(state->alloc, slices, n);
	}
	take_again(state, v->slices, v->n_slices);
	return view;
}

/* --- what if --------------------------------------------------------------------------------------------- */

/* Would it fit after defragmenting? The number of moves, or null. */
static json_t *moves_that_help(struct pdp_alloc_state *state, uint32_t power)
{
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct pdp_alloc_defrag defrag;
	json_t *moves;
	size_t n = 0;

	if (pdp_alloc_defrag(state->alloc, state->vnets, state->n_vnets, &defrag, NULL))
		return json_null();
	pdp_alloc_move(state->alloc, defrag.moves, defrag.n_moves);
	if (defrag.n_moves && !pdp_alloc_place(state->alloc, power, slices, &n, NULL))
		pdp_alloc_release(state->alloc, slices, n);
	for (size_t i = defrag.n_moves; i-- > 0;) {
		struct pdp_alloc_move back = defrag.moves[i];

		back.from = defrag.moves[i].to;
		back.to = defrag.moves[i].from;
		pdp_alloc_move(state->alloc, &back, 1);
	}
	moves = n ? json_integer((json_int_t)defrag.n_moves) : json_null();
	pdp_alloc_defrag_free(&defrag);
	return moves;
}

static const char *fate(const struct pdp_alloc_change *change)
{
	if (!change->before || !change->after)
		return change->before ? "removed" : "added";
	return change->before == change->after ? "kept" : "changed";
}

json_t *pdp_alloc_view_what_if(struct pdp_alloc_state *state, size_t vnet, uint32_t power)
{
	static const struct pdp_alloc_vnet none = {""};
	const struct pdp_alloc_vnet *v = vnet == SIZE_MAX ? &none : &state->vnets[vnet];
	struct pdp_alloc_change changes[PDP_ALLOC_CHANGES_MAX];
	struct pdp_error why = {""};
	json_t *guests = json_array(), *view;
	size_t n;
	int ret = pdp_alloc_resize(state->alloc, v->slices, v->n_slices, power, changes, &n, &why);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(guests,
				      json_pack("{s:s, s:s, s:I, s:I}", "fe",
						fe_name(state, changes[i].fe), "change",
						fate(&changes[i]), "before_millicores",
						(json_int_t)changes[i].before, "after_millicores",
						(json_int_t)changes[i].after));
	view = json_pack("{s:I, s:s, s:o, s:s?}", "power_millicores", (json_int_t)power, "result",
			 ret ? "refused" : "placed", "guests", guests, "reason",
			 ret ? why.text : NULL);
	if (vnet != SIZE_MAX)
		json_object_set_new(view, "vnet", json_string(v->name));
	else if (ret == -ENOSPC)
		json_object_set_new(view, "fits_after_moves", moves_that_help(state, power));
	return view;
}

/* --- defragment ------------------------------------------------------------------------------------------- */

json_t *pdp_alloc_view_defrag(const struct pdp_alloc_state *state)
{
	struct pdp_alloc_defrag defrag;
	json_t *moves = json_array(), *view;

	if (pdp_alloc_defrag(state->alloc, state->vnets, state->n_vnets, &defrag, NULL)) {
		json_decref(moves);
		return NULL;
	}
	for (size_t i = 0; i < defrag.n_moves; i++) {
		const struct pdp_alloc_move *move = &defrag.moves[i];

		json_array_append_new(moves, json_pack("{s:s, s:s, s:s, s:I}", "vnet",
						       state->vnets[move->vnet].name, "from",
						       fe_name(state, move->from), "to",
						       fe_name(state, move->to), "power_millicores",
						       (json_int_t)move->power));
	}
	view = json_pack("{s:I, s:I, s:b, s:o}", "fes_before", (json_int_t)defrag.fes_before,
			 "fes_after", (json_int_t)defrag.fes_after, "exact", defrag.exact, "moves",
			 moves);
	pdp_alloc_defrag_free(&defrag);
	return view;
}
