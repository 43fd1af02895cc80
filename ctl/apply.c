/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * apply.c - a change of a running node, step by step on the event loop.
 *
 *   begin    refuse what can be refused: place, lay out, ports, MTUs, paths
 *   control  MH guests are made, a few at once, or are told what is new
 *   make     an FE guest in each turn; agents hear what is new; guests that grow get their power
 *   wait     until each new guest is ready and each agent has all
 *   switch   save; the new layout is the node's; maps: first what is new, then no way in for what is not
 *   drain    until guests that leave have given back all that they had; only when something goes
 *   remove   a guest in each turn; agents forget; maps, paths and ports of what has gone
 *
 * Up to the switch a failure undoes what was made, and after a crash the next start finds the old state
 * stored. From the switch on there is no way back and none is needed: what is left cannot be refused.
 */

#include <event2/event.h> /* first: its netinet/in.h must come before linux/in.h */

#include "ctl/apply.h"

#include <errno.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/apply_steps.h"
#include "ctl/control.h"
#include "ctl/enforce.h"
#include "ctl/failpoint.h"
#include "ctl/follow.h"
#include "ctl/own.h"
#include "ctl/place.h"
#include "ctl/plan.h"
#include "ctl/tables.h"

#define READY_TIMEOUT_NS (20 * 1000000000ULL)
#define PATH_TIMEOUT_NS (1000000000ULL) /* for a new next hop to answer */
#define DRAIN_LEAST_NS (60 * 1000000ULL) /* for packets on their way through guests that stay */
#define DRAIN_TIMEOUT_NS (2 * 1000000000ULL)
#define TICK_US 20000

static void on_turn(evutil_socket_t fd, short what, void *arg);

/* --- the turns ------------------------------------------------------------------------------------ */

static void turn_soon(struct pdp_apply *a, unsigned int us)
{
	const struct timeval wait = {.tv_usec = us};

	evtimer_add(a->turn, &wait);
}

static void go(struct pdp_apply *a, enum pdp_apply_step step)
{
	a->step = step;
	a->since_ns = pdp_now_ns();
	a->next = 0;
	turn_soon(a, 0);
}

void pdp_apply_wake(struct pdp_node *node)
{
	if (node->apply)
		turn_soon(node->apply, 0);
}

static void free_apply(struct pdp_apply *a)
{
	if (!a)
		return;
	if (a->turn)
		event_free(a->turn);
	pdp_layout_free(&a->other);
	free(a->fresh);
	free(a->leaving);
	free(a);
}

/* The change is no more when who asked for it hears of it. */
static void end(struct pdp_apply *a)
{
	struct pdp_node *node = a->node;
	pdp_apply_fn fn = a->fn;
	void *arg = a->arg;
	struct pdp_error err = a->err;
	int code = a->code;

	node->apply = NULL;
	free_apply(a);
	if (fn)
		fn(node, code, code ? &err : NULL, arg);
}

static void finish(struct pdp_apply *a)
{
	struct pdp_events *events = a->node->events;
	unsigned int ms = (unsigned int)((pdp_now_ns() - a->begun_ns) / 1000000);

	if (a->code)
		pdp_event(events, PDP_LOG_ERROR, PDP_EVENT_APPLY, "node",
			  "not done, and undone: %s: %s", a->what, a->err.text);
	else
		pdp_event(events, PDP_LOG_NOTICE, PDP_EVENT_APPLY, "node", "done in %u ms: %s", ms,
			  a->what);
	end(a);
}

static void fail(struct pdp_apply *a, int code)
{
	a->code = code;
	go(a, PDP_APPLY_UNDO);
}

/* --- make ----------------------------------------------------------------------------------------- */

/* Both layouts have it, and its agents are to hear something else. */
static int retell(const struct pdp_apply *a, const struct pdp_node_vnet *to, struct pdp_error *err)
{
	const struct pdp_node_vnet *from = pdp_node_vnet(a->node, to->conf->name);
	int code = 0;
	size_t i;

	if (!from || pdp_tables_same(from, to))
		return 0;
	code = pdp_tables_send(to, err);
	for (i = 0; !code && i < to->n_guests; i++) {
		struct pdp_node_guest *guest = to->guests[i];

		if (guest->layouts == 2 && guest->box)
			code = pdp_apply_sync(guest, err);
	}
	return code;
}

static int retell_all(struct pdp_apply *a, struct pdp_error *err)
{
	int code = 0;
	size_t i;

	for (i = 0; !code && i < a->other.model.n_vnets; i++)
		code = retell(a, &a->other.vnets[i], err);
	return code;
}

static void control_turn(struct pdp_apply *a)
{
	enum pdp_control_made made = PDP_CONTROL_DONE;
	int code = pdp_control_make(a, &a->next, &made, &a->err);

	if (code) {
		fail(a, code);
	} else if (made == PDP_CONTROL_DONE) {
		pdp_failpoint("apply-control-made");
		go(a, PDP_APPLY_MAKE);
	} else {
		turn_soon(a, made == PDP_CONTROL_ONE ? 0 : TICK_US);
	}
}

static void make_turn(struct pdp_apply *a)
{
	int code;

	if (a->next < a->n_fresh) {
		code = pdp_apply_start_guest(a, a->fresh[a->next], &a->err);
		a->next++;
		pdp_failpoint("apply-guest-made");
		if (code)
			fail(a, code);
		else
			turn_soon(a, 0);
		return;
	}
	if (!pdp_apply_paths_known(a) && pdp_now_ns() - a->since_ns < PATH_TIMEOUT_NS) {
		turn_soon(a, TICK_US);
		return;
	}
	code = pdp_enforce_replacing(a->node, &a->other, &a->err);
	if (!code)
		code = retell_all(a, &a->err);
	if (!code)
		code = pdp_apply_power(a, true, &a->err);
	pdp_failpoint("apply-made");
	if (code)
		fail(a, code);
	else
		go(a, PDP_APPLY_WAIT);
}

/* --- wait ----------------------------------------------------------------------------------------- */

static int refuse_laggard(struct pdp_apply *a, const struct pdp_node_guest *guest)
{
	const char *why = guest->error.text;

	if (guest->state == PDP_GUEST_FAILED)
		return pdp_fail(&a->err, -EIO, "%s, on FE %s", why, guest->fe->name);
	return pdp_fail(&a->err, -ETIMEDOUT, "guest %s has not answered for %d s%s%s", guest->name,
			(int)(READY_TIMEOUT_NS / 1000000000ULL), *why ? ": " : "", why);
}

static void switch_over(struct pdp_apply *a);

/* As long as one guest after the other becomes ready, there is hope. */
static void wait_turn(struct pdp_apply *a)
{
	const struct pdp_node_guest *guest;
	size_t ready;

	guest = pdp_apply_laggard(a, &ready);
	if (ready != a->ready)
		a->since_ns = pdp_now_ns();
	a->ready = ready;
	if (!guest)
		switch_over(a);
	else if (guest->state == PDP_GUEST_FAILED || pdp_now_ns() - a->since_ns > READY_TIMEOUT_NS)
		fail(a, refuse_laggard(a, guest));
	else
		turn_soon(a, TICK_US);
}

/* --- switch --------------------------------------------------------------------------------------- */

static void switch_over(struct pdp_apply *a)
{
	struct pdp_node *node = a->node;
	int code;

	pdp_failpoint("apply-ready");
	code = pdp_apply_save(a, &a->other, a->what, &a->err);
	if (code) {
		fail(a, code);
		return;
	}
	pdp_failpoint("apply-saved");
	pdp_apply_zero(a);
	pdp_layout_enter(node, &a->other);
	pdp_apply_own_paths(node);
	code = pdp_enforce_add(node, &a->err);
	pdp_failpoint("apply-added");
	if (code && a->adopting) {
		/* What forwards is not taken away for it; the audit tries again. */
		pdp_log(PDP_LOG_ERROR, "%s", a->err.text);
		code = 0;
	}
	if (code) {
		pdp_layout_enter(node, &a->other);
		pdp_apply_own_paths(node);
		pdp_enforce_add(node, NULL);
		pdp_enforce_close(node);
		pdp_apply_save(a, NULL, "undone", NULL);
		fail(a, code);
		return;
	}
	pdp_enforce_close(node);
	pdp_failpoint("apply-switched");
	go(a, pdp_apply_takes_away(a) ? PDP_APPLY_DRAIN : PDP_APPLY_REMOVE);
}

/* --- drain and remove ----------------------------------------------------------------------------- */

static void drain_turn(struct pdp_apply *a)
{
	uint64_t waited = pdp_now_ns() - a->since_ns;
	size_t busy = pdp_apply_busy(a);

	if (waited < DRAIN_LEAST_NS || (busy && waited < DRAIN_TIMEOUT_NS)) {
		turn_soon(a, TICK_US);
		return;
	}
	pdp_failpoint("apply-drained");
	go(a, PDP_APPLY_REMOVE);
}

static void forget_tables(struct pdp_apply *a)
{
	struct pdp_node *node = a->node;
	struct pdp_error err;
	size_t i;

	for (i = 0; i < node->model.n_vnets; i++) {
		const struct pdp_node_vnet *now = &node->vnets[i], *old = pdp_apply_twin(a, now);

		if (old && !pdp_tables_same(old, now) && pdp_tables_withdraw(old, now, &err))
			pdp_log(PDP_LOG_ERROR, "%s", err.text);
	}
}

/* Of vnets that the node has not, or not with a program of their owners'. */
static void forget_programs(const struct pdp_apply *a)
{
	size_t i;

	for (i = 0; i < a->other.model.n_vnets; i++) {
		const struct pdp_node_vnet *other = &a->other.vnets[i];
		const struct pdp_node_vnet *now = pdp_node_vnet(a->node, other->conf->name);

		if (other->own && (!now || !now->own))
			pdp_own_forget(other->own);
	}
}

static void remove_turn(struct pdp_apply *a)
{
	struct pdp_error err;

	if (a->next < a->n_leaving) {
		pdp_apply_stop_guest(a, a->leaving[a->next++]);
		pdp_failpoint("apply-guest-gone");
		turn_soon(a, 0);
		return;
	}
	forget_tables(a);
	forget_programs(a);
	if (pdp_apply_power(a, false, &err))
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
	pdp_apply_discard(a);
	pdp_control_settle(a);
	pdp_enforce_forget(a->node);
	pdp_failpoint("apply-forgot");
	pdp_apply_release(a);
	pdp_failpoint("apply-done");
	finish(a);
}

/* --- undo ----------------------------------------------------------------------------------------- */

static void undo_turn(struct pdp_apply *a)
{
	struct pdp_node *node = a->node;
	struct pdp_error err;
	size_t i;

	if (a->next < a->n_fresh) {
		pdp_apply_stop_fresh(a, a->fresh[a->next++]);
		turn_soon(a, 0);
		return;
	}
	for (i = 0; i < node->model.n_vnets; i++) {
		const struct pdp_node_vnet *now = &node->vnets[i], *new = pdp_apply_twin(a, now);

		if (new && !pdp_tables_same(new, now) &&
		    (pdp_tables_send(now, &err) || pdp_tables_withdraw(new, now, &err)))
			pdp_log(PDP_LOG_ERROR, "%s", err.text);
	}
	if (pdp_apply_power(a, false, &err))
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
	pdp_control_undo(a);
	if (!a->adopting)
		forget_programs(a);
	/* Without a layout, what an earlier controller published would look like nobody's. */
	if (!a->adopting)
		pdp_enforce_forget(node);
	pdp_apply_release(a);
	finish(a);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	static void (*const turns[])(struct pdp_apply *) = {
		[PDP_APPLY_CONTROL] = control_turn, [PDP_APPLY_MAKE] = make_turn,
		[PDP_APPLY_WAIT] = wait_turn,	    [PDP_APPLY_DRAIN] = drain_turn,
		[PDP_APPLY_REMOVE] = remove_turn,   [PDP_APPLY_UNDO] = undo_turn,
	};
	struct pdp_apply *a = arg;

	(void)fd;
	(void)what;
	turns[a->step](a);
}

/* --- begin ---------------------------------------------------------------------------------------- */

int pdp_apply_plan_json(const struct pdp_node *node, const struct pdp_model *wanted,
			const struct pdp_placement *placement, json_t **out, struct pdp_error *err)
{
	const struct pdp_plan_side from = {.model = &node->model, .placement = &node->placement};
	const struct pdp_plan_side to = {.model = wanted, .placement = placement};
	struct pdp_plan plan = {0};

	if (!pdp_plan_make(&plan, &from, &to))
		*out = pdp_plan_json(&plan);
	pdp_plan_free(&plan);
	return *out ? 0 : pdp_fail(err, -ENOMEM, "no memory for a plan");
}

/* 0 is whatever there is. */
static int check_generation(const struct pdp_node *node, uint64_t generation, struct pdp_error *err)
{
	if (!generation || generation == node->generation)
		return 0;
	return pdp_fail(err, -ESTALE,
			"the node has generation %" PRIu64 " by now, and this change was made "
			"from %" PRIu64 "; look again",
			node->generation, generation);
}

int pdp_node_plan(struct pdp_node *node, const struct pdp_model *wanted, uint64_t generation,
		  json_t **plan, struct pdp_error *err)
{
	struct pdp_placement placement = {0};
	int code = check_generation(node, generation, err);

	*plan = NULL;
	if (!code)
		code = pdp_apply_check_node(node, wanted, err);
	if (!code)
		code = pdp_place(&placement, wanted, &node->model, &node->placement, err);
	if (!code)
		code = pdp_apply_plan_json(node, wanted, &placement, plan, err);
	pdp_placement_free(&placement);
	return code;
}

static struct pdp_apply *new_apply(struct pdp_node *node, const char *what, pdp_apply_fn fn,
				   void *arg)
{
	struct pdp_apply *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->node = node;
	a->fn = fn;
	a->arg = arg;
	a->begun_ns = pdp_now_ns();
	a->by = node->asker;
	node->asker = geteuid();
	snprintf(a->what, sizeof(a->what), "%s", what);
	a->turn = evtimer_new(node->base, on_turn, a);
	if (a->turn)
		return a;
	free_apply(a);
	return NULL;
}

static int prepare(struct pdp_apply *a, struct pdp_model *wanted, struct pdp_placement *placement,
		   struct pdp_error *err)
{
	int code = pdp_layout_make(&a->other, a->node, wanted, placement, err);

	if (!code)
		code = pdp_apply_ports(a, err);
	if (!code)
		code = pdp_apply_mtus(a, err);
	if (!code)
		code = pdp_apply_paths(a, err);
	if (!code)
		code = pdp_apply_list_guests(a, err);
	if (!code)
		code = pdp_control_names(a, err);
	if (code)
		pdp_apply_release(a);
	return code;
}

int pdp_apply_begin(struct pdp_node *node, struct pdp_model *wanted,
		    struct pdp_placement *placement, const char *what, pdp_apply_fn fn, void *arg,
		    struct pdp_error *err)
{
	struct pdp_apply *a = new_apply(node, what, fn, arg);
	int code = a ? prepare(a, wanted, placement, err)
		     : pdp_fail(err, -ENOMEM, "no memory for a change");

	pdp_model_free(wanted);
	pdp_placement_free(placement);
	if (code) {
		free_apply(a);
		return code;
	}
	node->apply = a;
	pdp_event(node->events, PDP_LOG_NOTICE, PDP_EVENT_APPLY, "node", "begins: %s", a->what);
	pdp_failpoint("apply-begun");
	go(a, PDP_APPLY_CONTROL);
	return 0;
}

void pdp_apply_cancel(struct pdp_node *node, int code, const char *why)
{
	struct pdp_apply *a = node->apply;

	if (a && (a->step == PDP_APPLY_CONTROL || a->step == PDP_APPLY_MAKE ||
		  a->step == PDP_APPLY_WAIT))
		fail(a, pdp_fail(&a->err, code, "%s", why));
}

/* From the switch on it is in the store. */
static int explain(struct pdp_apply *a, const char *why)
{
	bool saved = a->step == PDP_APPLY_DRAIN || a->step == PDP_APPLY_REMOVE;

	if (a->step == PDP_APPLY_UNDO) /* its own reason is the better one */
		return a->code;
	return pdp_fail(&a->err, -ECANCELED, "%s %s: %s", why,
			saved ? "before the change was through, which is saved"
			      : "before the change was made, which is forgotten",
			a->what);
}

void pdp_apply_abandon(struct pdp_node *node, const char *why)
{
	struct pdp_apply *a = node->apply;
	size_t i;

	if (!a)
		return;
	for (i = 0; i < a->n_fresh; i++)
		if (a->fresh[i]->box && !a->fresh[i]->live)
			pdp_apply_stop_fresh(a, a->fresh[i]);
	for (i = 0; i < a->n_leaving; i++)
		if (a->leaving[i]->box && !a->leaving[i]->live)
			pdp_apply_stop_fresh(a, a->leaving[i]);
	pdp_control_abandon(a);
	a->code = explain(a, why);
	pdp_log(PDP_LOG_NOTICE, "%s", a->err.text);
	end(a);
}

bool pdp_node_applying(const struct pdp_node *node)
{
	return node->apply != NULL;
}

int pdp_apply_check_turn(const struct pdp_node *node, uint64_t generation, struct pdp_error *err)
{
	if (node->apply)
		return pdp_fail(err, -EBUSY, "another change is under way: %s", node->apply->what);
	if (node->state != PDP_NODE_FORWARDING)
		return pdp_fail(err, -EBUSY, "the node is coming up or going down");
	return check_generation(node, generation, err);
}

int pdp_node_apply(struct pdp_node *node, struct pdp_model *wanted, uint64_t generation,
		   const char *what, json_t **plan, pdp_apply_fn fn, void *arg,
		   struct pdp_error *err)
{
	struct pdp_placement placement = {0};
	json_t *made = NULL;
	int code = pdp_apply_check_turn(node, generation, err);

	if (!code)
		code = pdp_apply_check_node(node, wanted, err);
	if (!code)
		code = pdp_place(&placement, wanted, &node->model, &node->placement, err);
	if (!code && plan)
		code = pdp_apply_plan_json(node, wanted, &placement, &made, err);
	if (!code)
		code = pdp_apply_begin(node, wanted, &placement, what, fn, arg, err);
	pdp_model_free(wanted);
	pdp_placement_free(&placement);
	if (code)
		json_decref(made);
	else if (plan)
		*plan = made;
	return code;
}
