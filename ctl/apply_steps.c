/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * apply_steps.c - what a change does to guests: start, wait, drain, stop. The order is apply.c's.
 */
#include "ctl/apply_steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/delayfile.h"
#include "ctl/follow.h"
#include "ctl/hops.h"
#include "ctl/own.h"
#include "ctl/store.h"
#include "ctl/tables.h"

static const struct pdp_placed_guest *placed(const struct pdp_node_vnet *vnet, uint16_t id)
{
	size_t i;

	for (i = 0; i < vnet->placed->n_guests; i++)
		if (vnet->placed->guests[i].id == id)
			return &vnet->placed->guests[i];
	return NULL;
}

struct pdp_node_vnet *pdp_apply_twin(const struct pdp_apply *a, const struct pdp_node_vnet *vnet)
{
	return pdp_layout_vnet(&a->other, vnet->conf->name);
}

/* Guests that only one of the two layouts has. */
static size_t list_guests(struct pdp_node_guest **out, const struct pdp_node_vnet *vnets, size_t n)
{
	size_t i, j, found = 0;

	for (i = 0; i < n; i++) {
		for (j = 0; j < vnets[i].n_guests; j++) {
			if (vnets[i].guests[j]->layouts != 1)
				continue;
			if (out)
				out[found] = vnets[i].guests[j];
			found++;
		}
	}
	return found;
}

int pdp_apply_list_guests(struct pdp_apply *a, struct pdp_error *err)
{
	const struct pdp_node *node = a->node;

	a->n_fresh = list_guests(NULL, a->other.vnets, a->other.model.n_vnets);
	a->n_leaving = list_guests(NULL, node->vnets, node->model.n_vnets);
	a->fresh = calloc(a->n_fresh + 1, sizeof(struct pdp_node_guest *));
	a->leaving = calloc(a->n_leaving + 1, sizeof(struct pdp_node_guest *));
	if (!a->fresh || !a->leaving)
		return pdp_fail(err, -ENOMEM, "no memory for a change");
	list_guests(a->fresh, a->other.vnets, a->other.model.n_vnets);
	list_guests(a->leaving, node->vnets, node->model.n_vnets);
	return 0;
}

/* --- the state on disk ------------------------------------------------------------------------------ */

int pdp_apply_save(struct pdp_apply *a, const struct pdp_layout *layout, const char *what,
		   struct pdp_error *err)
{
	struct pdp_node *node = a->node;
	struct pdp_state state = {.generation = node->generation,
				  .model = layout ? layout->model : node->model,
				  .placement = layout ? layout->placement : node->placement,
				  .by = a->by};
	int code;

	if (node->stored && layout) {
		node->stored = false;
		return 0;
	}
	code = pdp_store_save(node->db, &state, what, err);
	if (!code)
		node->generation = state.generation;
	return code;
}

/* --- counters of ids that begin anew ---------------------------------------------------------------- */

static void forget_losses(const struct pdp_node *node, uint16_t vnet)
{
	pdp_hops_forget(node->loader, vnet);
	pdp_delayfile_zero(node->conf.run_dir, vnet);
}

void pdp_apply_zero(struct pdp_apply *a)
{
	size_t i, j;

	if (a->adopting && !a->node->other_abi)
		return;
	for (i = 0; i < a->other.model.n_vnets; i++) {
		const struct pdp_node_vnet *vnet = &a->other.vnets[i];
		const struct pdp_node_vnet *old = pdp_node_vnet(a->node, vnet->conf->name);

		if (!old)
			forget_losses(a->node, vnet->id);
		if (!old)
			pdp_publish_zero(a->node->store, PDP_MAP_VNET_STATS, vnet->id,
					 sizeof(struct pdp_vnet_stats));
		for (j = 0; j < vnet->n_vifs; j++)
			if (!old || !pdp_layout_vif_by_id(old, vnet->vifs[j].id))
				pdp_publish_zero(a->node->store, PDP_MAP_VIF_STATS,
						 vnet->vifs[j].id, sizeof(struct pdp_vif_stats));
	}
}

/* --- start ---------------------------------------------------------------------------------------- */

static int adopt(struct pdp_apply *a, struct pdp_node_guest *guest,
		 const struct pdp_guest_spec *spec)
{
	struct pdp_error why, err;
	int code =
		pdp_guest_adopt(&guest->box, a->node->guests, spec, pdp_follow_guest, guest, &why);

	if (!code || code == -ENOENT)
		return code;
	pdp_log(PDP_LOG_WARNING, "guest %s cannot be adopted and is made anew: %s", guest->name,
		why.text);
	if (pdp_guest_discard(a->node->guests, guest->name, &err))
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
	return code;
}

/* Books that an earlier controller's guest of this id left are its vnet's. */
static void begin_books(struct pdp_apply *a, struct pdp_node_guest *guest)
{
	pdp_publish_zero(a->node->store, PDP_MAP_GUEST_STATS, guest->id,
			 sizeof(struct pdp_guest_stats));
}

static int start(struct pdp_apply *a, struct pdp_node_guest *guest,
		 const struct pdp_guest_spec *spec, struct pdp_error *err)
{
	struct pdp_guest_view view;
	struct pdp_error why;
	int code = a->adopting ? adopt(a, guest, spec) : -ENOENT;

	if (code) {
		pdp_log(PDP_LOG_INFO, "guest %s starts on %s with %um", guest->name,
			guest->fe->name, guest->power);
		begin_books(a, guest);
		code = pdp_guest_start(&guest->box, a->node->guests, spec, pdp_follow_guest, guest,
				       &why);
	}
	if (code)
		return pdp_fail(err, code, "guest %s on %s: %s", guest->name, guest->fe->name,
				why.text);
	pdp_guest_look(guest->box, &view);
	guest->state = view.state;
	guest->past =
		(struct pdp_books_past){view.note.word[0], view.note.word[1], view.note.word[2]};
	/* A link that has gone since is buried when the one of now is published. */
	if (view.note.word[3] != (uint64_t)view.link_ifindex)
		guest->link_ifindex = (int)view.note.word[3];
	return 0;
}

int pdp_apply_start_guest(struct pdp_apply *a, struct pdp_node_guest *guest, struct pdp_error *err)
{
	const struct pdp_vnet_conf *conf = guest->vnet->conf;
	struct pdp_guest_spec spec = {
		.id = guest->id,
		.cpus = guest->fe->cpus,
		.power = guest->power,
		.memory_mib = conf->memory_mib,
		.dataplane = conf->data.kind,
		.fast_half = conf->data.fast_half,
		.own = guest->vnet->own,
		.conf = guest->vnet->told,
	};
	int code;

	memcpy(spec.name, guest->name, sizeof(spec.name));
	code = pdp_tables_send(guest->vnet, err);
	if (!code && spec.own)
		code = pdp_own_prepare(spec.own, &conf->data, err);
	return code ? code : start(a, guest, &spec, err);
}

static void on_synced(const struct pdp_error *err, void *arg)
{
	struct pdp_node_guest *guest = arg;

	(void)err;
	guest->syncs--;
	pdp_apply_wake(guest->node);
}

int pdp_apply_sync(struct pdp_node_guest *guest, struct pdp_error *err)
{
	if (pdp_guest_sync(guest->box, on_synced, guest))
		return pdp_fail(err, -ENOMEM, "guest %s: no memory", guest->name);
	guest->syncs++;
	return 0;
}

int pdp_apply_power(struct pdp_apply *a, bool gain, struct pdp_error *err)
{
	const struct pdp_layout *layout = &a->other;
	int code, first = 0;
	size_t i, j;

	for (i = 0; i < layout->model.n_vnets; i++) {
		const struct pdp_node_vnet *vnet = &layout->vnets[i];

		for (j = 0; j < vnet->n_guests; j++) {
			struct pdp_node_guest *guest = vnet->guests[j];
			uint32_t to = gain ? placed(vnet, guest->id)->power : guest->power;
			struct pdp_guest_view view;

			if (guest->layouts < 2 || !guest->box)
				continue;
			pdp_guest_look(guest->box, &view);
			if (gain ? view.power >= to : view.power == to)
				continue;
			code = pdp_guest_set_power(guest->box, to, first ? NULL : err);
			first = first ? first : code;
		}
	}
	return first;
}

/*
 * Would its vnet, which forwards without us, have no guest after the switch? Then what an earlier controller
 * left carries it until this one is ready.
 */
static bool is_only_hope(const struct pdp_apply *a, const struct pdp_node_guest *guest)
{
	const struct pdp_node_vnet *vnet = guest->vnet;
	size_t i;

	for (i = 0; i < vnet->n_guests; i++)
		if (pdp_guest_forwards(vnet->guests[i]->state))
			return false;
	return pdp_publish_table(a->node->store, vnet->id).n_slots;
}

/* Its container runs. One that cannot start is a change that cannot be made. */
static bool has_started(const struct pdp_node_guest *guest)
{
	struct pdp_guest_view view;

	pdp_guest_look(guest->box, &view);
	return view.init_pid;
}

/* Guests of both layouts count too: their agents may have something to learn. */
const struct pdp_node_guest *pdp_apply_laggard(const struct pdp_apply *a, size_t *ready)
{
	const struct pdp_node_guest *found = NULL;
	size_t i, j;

	*ready = 0;
	for (i = 0; i < a->other.model.n_vnets; i++) {
		for (j = 0; j < a->other.vnets[i].n_guests; j++) {
			const struct pdp_node_guest *guest = a->other.vnets[i].guests[j];
			bool fresh = guest->layouts == 1;
			bool done = fresh ? pdp_guest_forwards(guest->state) : !guest->syncs;

			/* One that is down anyway has nobody to learn; it will be told at its start. */
			if (!fresh && guest->state != PDP_GUEST_READY)
				done = true;
			/* Its siblings forward already, and are not to wait for its agent. */
			if (fresh && a->adopting && !a->renewing && has_started(guest) &&
			    !is_only_hope(a, guest))
				done = true;
			if (done)
				++*ready;
			else if (guest->state == PDP_GUEST_FAILED)
				return guest;
			else if (!found)
				found = guest;
		}
	}
	return found;
}

/* --- drain and stop ------------------------------------------------------------------------------- */

static bool vnet_loses(const struct pdp_node_vnet *old, const struct pdp_node_vnet *now)
{
	size_t i;

	for (i = 0; i < old->n_vifs; i++)
		if (!now || !pdp_layout_vif_by_id(now, old->vifs[i].id))
			return true;
	for (i = 0; now && i < now->n_guests; i++) {
		const struct pdp_placed_guest *was = placed(old, now->guests[i]->id);

		if (was && was->power > now->guests[i]->power)
			return true;
	}
	return false;
}

bool pdp_apply_takes_away(const struct pdp_apply *a)
{
	const struct pdp_node *node = a->node;
	size_t i;

	/* Whoever adopts does not know what there was. */
	if (a->adopting || a->n_leaving)
		return true;
	for (i = 0; i < a->other.model.n_ports; i++)
		if (!pdp_model_port(&node->model, a->other.model.ports[i].name))
			return true;
	for (i = 0; i < a->other.model.n_vnets; i++)
		if (vnet_loses(&a->other.vnets[i],
			       pdp_node_vnet(node, a->other.vnets[i].conf->name)))
			return true;
	return false;
}

size_t pdp_apply_busy(const struct pdp_apply *a)
{
	size_t i, busy = 0;

	for (i = 0; i < a->n_leaving; i++)
		busy += a->leaving[i]->box && !pdp_guest_drained(a->leaving[i]->box);
	return busy;
}

static void note_end(const struct pdp_node *node, const struct pdp_node_guest *guest)
{
	char object[80];

	snprintf(object, sizeof(object), "guest %s", guest->name);
	if (!guest->box || pdp_guest_drained(guest->box))
		pdp_event(node->events, PDP_LOG_INFO, PDP_EVENT_GUEST_DRAINED, object,
			  "has come to rest and stops");
	else
		pdp_event(node->events, PDP_LOG_WARNING, PDP_EVENT_GUEST_DRAINED, object,
			  "has not come to rest in time and stops; what it holds is lost");
}

static void stop(struct pdp_node *node, struct pdp_node_guest *guest)
{
	pdp_guest_stop(guest->box);
	guest->box = NULL;
	guest->state = PDP_GUEST_STOPPED;
	guest->syncs = 0;
	pdp_publish_no_guest(node->store, guest->id, guest->link_ifindex);
}

static struct pdp_node_vnet *vnet_by_id(struct pdp_node *node, uint16_t id)
{
	size_t i;

	for (i = 0; i < node->model.n_vnets; i++)
		if (node->vnets[i].id == id)
			return &node->vnets[i];
	return NULL;
}

void pdp_apply_stop_guest(struct pdp_apply *a, struct pdp_node_guest *guest)
{
	const struct pdp_books_guest books = pdp_node_books(guest);
	struct pdp_node_vnet *vnet = vnet_by_id(a->node, guest->vnet->id);

	note_end(a->node, guest);
	if (vnet)
		pdp_node_keep_books(a->node, vnet, &books);
	stop(a->node, guest);
}

void pdp_apply_stop_fresh(struct pdp_apply *a, struct pdp_node_guest *guest)
{
	/* What is made beside another ABI's node has no way in before the switch. */
	if (!a->adopting || a->node->other_abi) {
		stop(a->node, guest);
		return;
	}
	/* It was there before us, and its packets are. */
	pdp_guest_release(guest->box);
	guest->box = NULL;
}

/* Guests that were found and are in no layout. */
struct strays {
	const struct pdp_node *node;
	struct pdp_guest_found *found;
	size_t n;
};

static bool is_wanted(const struct pdp_node *node, const char *name)
{
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++)
		for (j = 0; j < node->vnets[i].n_guests; j++)
			if (!strcmp(node->vnets[i].guests[j]->name, name))
				return true;
	return false;
}

static int note_stray(const struct pdp_guest_found *found, void *arg)
{
	struct strays *strays = arg;
	struct pdp_guest_found *grown;

	if (is_wanted(strays->node, found->name))
		return 0;
	grown = realloc(strays->found, (strays->n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	strays->found = grown;
	strays->found[strays->n++] = *found;
	return 0;
}

/* The maps say whose it was; its agent's own counters are not to be had. */
static void keep_stray_books(struct pdp_node *node, const struct pdp_guest_found *found)
{
	struct pdp_books_guest books = {.id = found->id};
	struct pdp_guest_place place;
	struct pdp_node_vnet *vnet;

	if (!found->id || pdp_publish_find_guest(node->store, found->id, &place))
		return;
	vnet = vnet_by_id(node, place.vnet);
	books.link_ifindex = place.link_ifindex;
	memcpy(books.name, found->name, sizeof(books.name));
	if (vnet)
		pdp_node_keep_books(node, vnet, &books);
}

void pdp_apply_discard(struct pdp_apply *a)
{
	struct strays strays = {.node = a->node};
	struct pdp_error err;
	size_t i;

	if (!a->adopting)
		return;
	if (pdp_guests_each_found(a->node->guests, note_stray, &strays, &err))
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
	for (i = 0; i < strays.n; i++) {
		const struct pdp_guest_found *found = &strays.found[i];

		pdp_log(PDP_LOG_NOTICE,
			"guest %s, which an earlier pdpd left, is not wanted: removed",
			found->name);
		keep_stray_books(a->node, found);
		if (pdp_guest_discard(a->node->guests, found->name, &err))
			pdp_log(PDP_LOG_ERROR, "%s", err.text);
	}
	free(strays.found);
}
