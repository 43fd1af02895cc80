/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * defrag.c - the moves of a defragmentation, each a change; see defrag.h.
 */
#include "ctl/defrag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/alloc_view.h"
#include "ctl/apply_steps.h"
#include "ctl/place.h"
#include "ctl/views_alloc.h"

/* The moves that are left. They are kept as JSON: what they are made of is freed by each change. */
struct defrag {
	struct pdp_node *node;
	json_t *moves;
	size_t next;
	uint32_t by; /* who asked: of each move in the history */
	char because[64];
	pdp_apply_fn fn;
	void *arg;
};

static const char *string(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static struct pdp_place_move move_of(const struct defrag *d, size_t i)
{
	const json_t *row = json_array_get(d->moves, i);

	return (struct pdp_place_move){
		.vnet = string(row, "vnet"),
		.from = string(row, "from"),
		.to = string(row, "to"),
		.power = (uint32_t)json_integer_value(json_object_get(row, "power_millicores")),
		.because = d->because};
}

static void free_defrag(struct defrag *d)
{
	if (!d)
		return;
	json_decref(d->moves);
	free(d);
}

/* --- the proposal ------------------------------------------------------------------------------ */

/* The placement after all moves. */
static int place_all(const struct defrag *d, struct pdp_placement *out, struct pdp_error *err)
{
	const struct pdp_node *node = d->node;
	int code = pdp_placement_copy(out, &node->placement);
	size_t i;

	if (code)
		return pdp_fail(err, code, "no memory for a placement");
	for (i = 0; !code && i < json_array_size(d->moves); i++) {
		struct pdp_place_move what = move_of(d, i);
		struct pdp_placement had = *out;

		code = pdp_place_move(out, &node->model, &had, &what, err);
		pdp_placement_free(&had);
	}
	return code;
}

/* The proposal, and beside it what comes of it, thing by thing. */
static int tell_changes(const struct defrag *d, json_t *plan, struct pdp_error *err)
{
	struct pdp_placement after = {0};
	json_t *changes = NULL;
	int code = place_all(d, &after, err);

	if (!code)
		code = pdp_apply_plan_json(d->node, &d->node->model, &after, &changes, err);
	if (!code)
		json_object_update(plan, changes);
	json_decref(changes);
	pdp_placement_free(&after);
	return code;
}

static int propose_moves(struct defrag *d, json_t *plan, struct pdp_error *err)
{
	d->moves = json_incref(json_object_get(plan, "moves"));
	snprintf(d->because, sizeof(d->because), "so that %lld FEs are in use instead of %lld",
		 (long long)json_integer_value(json_object_get(plan, "fes_after")),
		 (long long)json_integer_value(json_object_get(plan, "fes_before")));
	return tell_changes(d, plan, err);
}

static int propose(struct defrag **out, struct pdp_node *node, uint64_t generation, json_t **plan,
		   struct pdp_error *err)
{
	struct defrag *d;
	int code = pdp_apply_check_turn(node, generation, err);

	*plan = NULL;
	if (code)
		return code;
	d = calloc(1, sizeof(*d));
	*plan = pdp_view_alloc_defrag(node);
	if (d && *plan) {
		d->node = node;
		d->by = node->asker;
		code = propose_moves(d, *plan, err);
	} else {
		code = pdp_fail(err, -ENOMEM, "no memory to look for moves");
	}
	if (!code) {
		*out = d;
		return 0;
	}
	json_decref(*plan);
	*plan = NULL;
	free_defrag(d);
	return code;
}

int pdp_node_defrag_plan(struct pdp_node *node, uint64_t generation, json_t **plan,
			 struct pdp_error *err)
{
	struct defrag *d = NULL;
	int code = propose(&d, node, generation, plan, err);

	free_defrag(d);
	return code;
}

/* --- the moves --------------------------------------------------------------------------------- */

static void on_moved(struct pdp_node *node, int code, const struct pdp_error *err, void *arg);

static int begin_move(struct defrag *d, struct pdp_node *node, struct pdp_error *err)
{
	struct pdp_place_move what = move_of(d, d->next);
	struct pdp_placement placement = {0};
	struct pdp_model model = {0};
	char text[160];
	int code = pdp_model_copy(&model, &node->model);

	if (code) {
		pdp_fail(err, code, "no memory for a model");
		return code;
	}
	snprintf(text, sizeof(text), "alloc defrag, move %zu of %zu: %s %um from %s to %s",
		 d->next + 1, json_array_size(d->moves), what.vnet, what.power, what.from, what.to);
	node->asker = d->by;
	code = pdp_place_move(&placement, &model, &node->placement, &what, err);
	if (code)
		pdp_model_free(&model);
	else
		code = pdp_apply_begin(node, &model, &placement, text, on_moved, d, err);
	return code;
}

static void finish(struct defrag *d, int code, const struct pdp_error *why)
{
	struct pdp_error err = {""};

	if (code && d->next)
		pdp_fail(&err, code, "after %zu of %zu moves, which stay: %s", d->next,
			 json_array_size(d->moves), why->text);
	else if (code)
		err = *why;
	d->fn(d->node, code, code ? &err : NULL, d->arg);
	free_defrag(d);
}

static void on_moved(struct pdp_node *node, int code, const struct pdp_error *err, void *arg)
{
	struct defrag *d = arg;
	struct pdp_error why = {""};

	if (code) {
		finish(d, code, err);
		return;
	}
	d->next++;
	if (d->next < json_array_size(d->moves))
		code = begin_move(d, node, &why);
	if (code || d->next == json_array_size(d->moves))
		finish(d, code, &why);
}

int pdp_node_defrag(struct pdp_node *node, uint64_t generation, json_t **plan, pdp_apply_fn fn,
		    void *arg, struct pdp_error *err)
{
	struct defrag *d = NULL;
	int code = propose(&d, node, generation, plan, err);

	if (!code && !json_array_size(d->moves)) {
		free_defrag(d);
		return 0;
	}
	if (!code) {
		d->fn = fn;
		d->arg = arg;
		code = begin_move(d, node, err);
	}
	if (!code)
		return 1;
	json_decref(*plan);
	*plan = NULL;
	free_defrag(d);
	return code;
}
