/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pool.h - where each frame of the UMEM is.
 *
 * A frame goes round: FREE -> FILL (the kernel may receive into it) -> HAND (the worker has taken it
 * from the receive ring) -> TX (the kernel is to send it) -> FREE, or from HAND back to FREE when the
 * packet is dropped. The pool knows the place of every frame, so that the four counts always add up
 * to the total, and a frame that the kernel names out of turn is refused instead of being handed out
 * twice. Pure: no AF_XDP here. Used by the worker's thread alone.
 */
#ifndef PDP_POOL_H
#define PDP_POOL_H

#include <stdbool.h>
#include <stdint.h>

/* A chunk of the UMEM. The kernel receives behind the first 256 bytes (XDP_PACKET_HEADROOM), so the
 * longest frame is 1792 bytes; what stands in front is room for the outer header.
 */
#define PDP_FRAME_SHIFT 11
#define PDP_FRAME_SIZE (1U << PDP_FRAME_SHIFT)
#define PDP_FRAME_HEADROOM 256U

enum pdp_place { PDP_FREE, PDP_FILL, PDP_HAND, PDP_TX, PDP_PLACES };

struct pdp_pool {
	uint32_t total;
	uint32_t count[PDP_PLACES];
	uint32_t *free; /* stack of the free frames: the last one used is still in the cache */
	uint8_t *place; /* enum pdp_place, by frame */
};

/* All frames FREE. 0 or -ENOMEM; fini takes a zeroed or a finished pool too. */
int pdp_pool_init(struct pdp_pool *pool, uint32_t frames);
void pdp_pool_fini(struct pdp_pool *pool);

/* Take a free frame to the given place; its address in the UMEM. False: none is free. */
bool pdp_pool_take(struct pdp_pool *pool, enum pdp_place to, uint64_t *addr);

/*
 * Move the frame that addr lies in. False, and nothing has changed, when addr lies outside the UMEM
 * or the frame is not where it is said to be.
 */
bool pdp_pool_move(struct pdp_pool *pool, uint64_t addr, enum pdp_place from, enum pdp_place to);

/* Do the counts add up? */
bool pdp_pool_balanced(const struct pdp_pool *pool);

#endif
