/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * apply_steps.h - what apply.c's order of steps stands on; for the files of the controller's core alone.
 */
#ifndef PDP_APPLY_STEPS_H
#define PDP_APPLY_STEPS_H

#include "ctl/apply.h"
#include "ctl/layout.h"

struct event;

enum pdp_apply_step {
	PDP_APPLY_CONTROL,
	PDP_APPLY_MAKE,
	PDP_APPLY_WAIT,
	PDP_APPLY_DRAIN,
	PDP_APPLY_REMOVE,
	PDP_APPLY_UNDO,
};

/* A change under way. */
struct pdp_apply {
	struct pdp_node *node;
	struct pdp_layout other; /* what the node is to be; after the switch, what it was */
	enum pdp_apply_step step;
	struct pdp_node_guest **fresh; /* to be made */
	size_t n_fresh;
	struct pdp_node_guest **leaving;
	size_t n_leaving;
	size_t next; /* of the list that the step walks */
	size_t ready; /* as last counted */
	bool adopting; /* the node comes up over what an earlier controller left, */
	bool renewing; /* and guests of that are made anew beside the old ones */
	struct event *turn;
	uint64_t begun_ns, since_ns; /* since_ns: of the step, or of its last progress */
	int code;
	struct pdp_error err;
	pdp_apply_fn fn;
	void *arg;
	char what[160];
	uint32_t by; /* uid of who asked for it */
};

/* As pdp_node_apply(), of a placement that was decided. Takes both over, whatever comes. */
int pdp_apply_begin(struct pdp_node *node, struct pdp_model *wanted,
		    struct pdp_placement *placement, const char *what, pdp_apply_fn fn, void *arg,
		    struct pdp_error *err);

/* May a change that was made from this generation begin now? 0; -EBUSY; -ESTALE. */
int pdp_apply_check_turn(const struct pdp_node *node, uint64_t generation, struct pdp_error *err);

/* What would change, as pdp_plan_json() has it. *out is the caller's. 0 or -ENOMEM. */
int pdp_apply_plan_json(const struct pdp_node *node, const struct pdp_model *wanted,
			const struct pdp_placement *placement, json_t **out, struct pdp_error *err);

/* Give up what is not switched over yet: it will be undone, and fn called with this error. */
void pdp_apply_cancel(struct pdp_node *node, int code, const char *why);

/*
 * Stop all guests of the change that the node itself has not, at once, and forget the change. Who asked for it
 * is told what becomes of it: it is undone, or was saved and is what the node will be when it comes up.
 */
void pdp_apply_abandon(struct pdp_node *node, const char *why);

/* Something that a change may wait for has happened. */
void pdp_apply_wake(struct pdp_node *node);

/* --- begin -------------------------------------------------------------------------------------- */

/* What a running node cannot change at all. */
int pdp_apply_check_node(const struct pdp_node *node, const struct pdp_model *wanted,
			 struct pdp_error *err);
/* The other layout's devices, MTUs and next hops: found, checked, followed. */
int pdp_apply_ports(struct pdp_apply *a, struct pdp_error *err);
int pdp_apply_mtus(struct pdp_apply *a, struct pdp_error *err);
int pdp_apply_paths(struct pdp_apply *a, struct pdp_error *err);
/* Paths and ports that the layout has and the node has not. */
void pdp_apply_release(struct pdp_apply *a);
/* Fill a->fresh and a->leaving. */
int pdp_apply_list_guests(struct pdp_apply *a, struct pdp_error *err);

/* --- make and wait ------------------------------------------------------------------------------ */

/* The vnet of the same name in the other layout, of one of the node; NULL when there is none. */
struct pdp_node_vnet *pdp_apply_twin(const struct pdp_apply *a, const struct pdp_node_vnet *vnet);

int pdp_apply_start_guest(struct pdp_apply *a, struct pdp_node_guest *guest, struct pdp_error *err);
/* The wait goes on until the agent has all that it was told. */
int pdp_apply_sync(struct pdp_node_guest *guest, struct pdp_error *err);
/* The power of guests of both layouts: before the switch what they gain, after it what they lose. */
int pdp_apply_power(struct pdp_apply *a, bool gain, struct pdp_error *err);
/* Whom the switch waits for, if anybody; *ready counts who is done. */
const struct pdp_node_guest *pdp_apply_laggard(const struct pdp_apply *a, size_t *ready);

/* --- switch, drain, remove ---------------------------------------------------------------------- */

/* Counters of vnets and vifs that the node has not had. */
void pdp_apply_zero(struct pdp_apply *a);
/* Make the layout (NULL: what the node is) the stored state. Nothing to do without a store. */
int pdp_apply_save(struct pdp_apply *a, const struct pdp_layout *layout, const char *what,
		   struct pdp_error *err);
/* Paths tell the node's vifs from now on. */
/* Are the next hops of vifs known that take the place of others whose were? */
bool pdp_apply_paths_known(const struct pdp_apply *a);
void pdp_apply_own_paths(struct pdp_node *node);
/*
 * After the switch: did the node have what it has no more (a guest, a vif, a port, power of a guest), so
 * that packets on their way may stand on it yet?
 */
bool pdp_apply_takes_away(const struct pdp_apply *a);
/* How many guests that leave have packets yet. */
size_t pdp_apply_busy(const struct pdp_apply *a);
/* Its books are its vnet's from then on. */
void pdp_apply_stop_guest(struct pdp_apply *a, struct pdp_node_guest *guest);
/* One that has never had a packet; one that was adopted, or made beside such, is let go of instead. */
void pdp_apply_stop_fresh(struct pdp_apply *a, struct pdp_node_guest *guest);
/* Guests that an earlier controller left and nobody wants. */
void pdp_apply_discard(struct pdp_apply *a);

#endif
