/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * ledger.h - the books of a vnet: every packet that came in is somewhere.
 *
 *   rx + control + made = tx + local + drops + in flight
 *
 * The numbers come from five books kept by different hands (docs/ledger.md): the classifier, the kernel
 * at each redirect, the guest's receive program, the agent, the dispatcher. Between two books lies a
 * stage; what went into it and has not come out is in flight in that stage's rings, or lost. Pure:
 * counters in, lines out.
 */
#ifndef PDP_LEDGER_H
#define PDP_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/counters.h"
#include "fe-agent/channel.h"
#include "fe-agent/delay_stats.h"

/* Packets that can be under way on a link between MD and guest: the veth ring and a devmap bulk. */
#define PDP_LEDGER_LINK_MAX (256 + 64)

/* What an FE guest's books say. */
struct pdp_ledger_guest {
	char name[48];
	struct pdp_guest_stats stats;
	uint64_t lost_to; /* pdp_xmit_drops towards the guest's link */
	uint64_t lost_from; /* pdp_xmit_drops from the guest's link towards ports */
	uint64_t lost_with_link; /* in the ring of a link that went away with its guest */
	bool inside_known; /* the fields below; only the controller can read them */
	uint64_t eth0_rx_drops; /* AF_XDP socket full, or no frame to receive into */
	uint64_t eth0_tx_drops; /* sent by the fast half into a full link */
	uint64_t agent_died_packets;
	struct pdp_agent_stats agent;
};

struct pdp_ledger_in {
	struct pdp_vnet_stats vnet;
	uint64_t rx_while_reading; /* came in between the first counter read and the last */
	uint64_t lost_local; /* pdp_xmit_drops towards the vnet's control plane */
	uint64_t lost_control; /* pdp_xmit_drops from its control plane towards ports */
	uint64_t lost_delay; /* pdp_xmit_drops towards the delay line */
	bool delay_known; /* the fields below; without the file of pdp-delay they are not */
	struct pdp_delay_vnet delay;
	uint64_t delay_frames; /* most that can wait, of all vnets */
	uint64_t delay_unseen; /* lost, of all vnets, between the link and the process */
	const struct pdp_ledger_guest *guests;
	size_t n_guests;
};

/* A named loss, summed over the vnet's guests. */
struct pdp_ledger_drop {
	const char *where; /* classifier, fe-link, ..., control, port: docs/ledger.md */
	const char *name;
	const char *help;
	uint64_t packets;
};

/* Between two books: in = out + lost + in flight. */
struct pdp_ledger_stage {
	const char *name; /* classifier, fe-link, guest, dispatcher, delay-line */
	const char *guest; /* of the ledger's input; "" for a stage of the whole vnet */
	uint64_t in;
	uint64_t out;
	uint64_t lost;
	int64_t in_flight;
	uint64_t most; /* its rings and the time of reading account for; UINT64_MAX = not known */
};

enum pdp_ledger_verdict {
	PDP_LEDGER_BALANCED, /* every stage is empty */
	PDP_LEDGER_IN_FLIGHT, /* the rest fits in the rings */
	PDP_LEDGER_UNKNOWN, /* something is inside guests, and their books are not at hand */
	PDP_LEDGER_BROKEN, /* a stage gave out more than it got, or holds more than it can */
};

#define PDP_LEDGER_DROPS_MAX 96
#define PDP_LEDGER_STAGES_MAX 133 /* two for each guest of a vnet, three for the vnet */

struct pdp_ledger {
	uint64_t rx;
	uint64_t control; /* packets that the control plane sent */
	uint64_t made; /* frames that guests sent without having received them */
	uint64_t tx;
	uint64_t local;
	uint64_t drops;
	int64_t in_flight;
	enum pdp_ledger_verdict verdict;
	struct pdp_ledger_drop drop[PDP_LEDGER_DROPS_MAX];
	size_t n_drops;
	struct pdp_ledger_stage stage[PDP_LEDGER_STAGES_MAX];
	size_t n_stages;
};

/* Close the books. `out` refers to the names in `in`. */
void pdp_ledger_close(struct pdp_ledger *out, const struct pdp_ledger_in *in);

/* The first stage that does not add up, or that is not empty; NULL when all are. */
const struct pdp_ledger_stage *pdp_ledger_where(const struct pdp_ledger *ledger);

const char *pdp_ledger_verdict_name(enum pdp_ledger_verdict verdict);

#endif
