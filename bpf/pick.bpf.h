/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pick.bpf.h - the slot that a packet takes, by its vnet's policy.
 *
 * Stands between the flow key and the slot table. The caller has the state: a CPU's turn, the flowlet of the
 * packet's hash. No BPF helper and no map: `pdp-ctl vnet key test` is this, natively.
 */
#ifndef PDP_PICK_BPF_H
#define PDP_PICK_BPF_H

#include <linux/types.h>

#include "bpf/maps.h"
#include "bpf/wire.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Whose turn it is. */
static __always_inline __u32 pdp_take_turn(struct pdp_turn *turn, __u32 n_slots)
{
	__u32 slot = turn->next < n_slots ? turn->next : 0;

	turn->next = slot + 1;
	return slot;
}

/*
 * The slot of the packet's flowlet: that of the packet before it, unless that is long ago. A new flow
 * begins where its hash would have it, one that paused goes to whose turn it is. now and gap are in
 * units of 1024 ns.
 */
static __always_inline __u32 pdp_flowlet_slot(volatile __u64 *flowlet, struct pdp_turn *turn,
					      __u32 hash, __u32 n_slots, __u64 now, __u32 gap)
{
	__u64 last = *flowlet;
	__u32 slot = last & 0xffff;

	if (!last)
		slot = pdp_hash_slot(hash, n_slots);
	else if (now - (last >> 16) > gap || slot >= n_slots)
		slot = pdp_take_turn(turn, n_slots);
	*flowlet = now << 16 | slot;
	return slot;
}

#endif
