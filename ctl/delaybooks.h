/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * delaybooks.h - what became of all that was handed to the delay line. Pure.
 *
 *   to it = refused by its link + no socket + not seen by the process + waiting + its drops + back
 *
 * While it runs, what is in none of these is on its way. When its link and its process are gone nothing
 * moves any more, and the books are closed: what has not come back is lost, and gets a name.
 */
#ifndef PDP_DELAYBOOKS_H
#define PDP_DELAYBOOKS_H

#include "bpf/maps.h"
#include "fe-agent/delay_stats.h"

/* As the programs have counted. */
struct pdp_delaybooks {
	struct pdp_delaybooks_vnet {
		uint64_t to; /* delay_packets */
		uint64_t back; /* delayed_packets */
	} vnet[PDP_MAX_VNETS + 1];
	uint64_t refused; /* pdp_xmit_drops towards it, of all vnets */
	uint64_t no_socket;
};

/* Lost, of all vnets, between the link and the process. */
uint64_t pdp_delaybooks_unseen(const struct pdp_delay_stats *stats, uint64_t no_socket);

/* Packets of all vnets that wait or are on their way. The books are read before the file. */
int64_t pdp_delaybooks_rest(const struct pdp_delaybooks *books,
			    const struct pdp_delay_stats *stats);

/* Nothing moves any more, and no process writes the file: the rest is lost. */
void pdp_delaybooks_close(const struct pdp_delaybooks *books, struct pdp_delay_stats *stats);

#endif
