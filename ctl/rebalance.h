/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rebalance.h - which slots of a vnet move from an overloaded guest to an idle sibling. Pure.
 *
 * For the policies that pick by hash. The table of the policy stays the base; what moved is kept beside it,
 * slot by slot, so that flows in slots that did not move stay where they are.
 */
#ifndef PDP_REBALANCE_H
#define PDP_REBALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/maps.h"

#define PDP_REBALANCE_STEP 16 /* most slots that move at once */
/* Most slots that are elsewhere than the policy has them: a quarter. */
#define PDP_REBALANCE_AWAY 256
#define PDP_REBALANCE_LOOKS 3 /* in a row that must find a guest so */
#define PDP_REBALANCE_REST 5 /* looks after a step, so that its effect is seen before the next */
#define PDP_REBALANCE_KEEP 60 /* looks for which a guest that was given slots gives none away */

#define PDP_REBALANCE_LOST 10 /* per mille of what came, from which a guest is overloaded, */
#define PDP_REBALANCE_BUSY 900 /* or per mille of its power */
#define PDP_REBALANCE_IDLE 700 /* up to which one that loses nothing has room */

/* A guest as seen in the last second. */
struct pdp_load {
	uint64_t came; /* packets that were sent to it */
	uint64_t lost; /* those for it that neither of its halves got, or could send */
	uint16_t guest;
	uint16_t busy; /* per mille of its power */
	bool there; /* it forwards */
};

#define PDP_REBALANCE_GUESTS 64

/* What was found of a guest lately. */
struct pdp_rebalance_guest {
	uint16_t guest;
	uint8_t over, idle; /* looks in a row that found it so, no more than are needed */
	uint8_t keeps; /* looks to come before it gives slots away */
};

/* Of a vnet. All zero: nothing has moved, and nothing was seen. */
struct pdp_rebalance {
	uint16_t moved[PDP_SLOTS]; /* the guest that has the slot instead; 0: as the policy says */
	bool any; /* has moved */
	uint8_t rest; /* looks to come before the next step */
	uint64_t moves; /* slots that were moved so far */
	struct pdp_rebalance_guest seen[PDP_REBALANCE_GUESTS]; /* as the loads of the last look */
};

/* One step. */
struct pdp_rebalance_step {
	uint16_t from, to;
	uint16_t n; /* slots; 0: nothing moves */
	uint16_t slot[PDP_REBALANCE_STEP];
};

/*
 * pdp_rebalance_look() - the next look at the guests' load, each second; perhaps a step, noted in r.
 * @base: the policy's table. @n_loads: PDP_REBALANCE_GUESTS at most.
 */
struct pdp_rebalance_step pdp_rebalance_look(struct pdp_rebalance *r,
					     const struct pdp_slot_table *base, uint16_t n_slots,
					     const struct pdp_load *loads, size_t n_loads);

/*
 * Put what has moved over the policy's table. Slots that moved to a guest that has none in it (it is not
 * there, or has left the vnet) stay the policy's.
 */
void pdp_rebalance_apply(const struct pdp_rebalance *r, struct pdp_slot_table *table,
			 uint16_t n_slots);

/*
 * pdp_rebalance_recall() - what an earlier controller moved: where the table that it left differs from the
 * policy's. False, and nothing is recalled, for a table that no moves can have made: it has other guests
 * than the policy's, or differs in too many slots.
 */
bool pdp_rebalance_recall(struct pdp_rebalance *r, const struct pdp_slot_table *base,
			  const struct pdp_slot_table *left, uint16_t n_slots);

/* Slots that are elsewhere than the policy has them. */
uint32_t pdp_rebalance_away(const struct pdp_rebalance *r, const struct pdp_slot_table *base,
			    uint16_t n_slots);

#endif
