/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * random_router.h - random tables for a router, and random frames for it, from a fixed seed.
 */
#ifndef PDP_PROG_RANDOM_ROUTER_H
#define PDP_PROG_RANDOM_ROUTER_H

#include <stddef.h>
#include <stdint.h>

#include "fe-agent/dataplane.h"

/* New vifs, routes and neighbours in the place of all that there are. */
void random_router(struct pdp_dataplane *dp);
/* Default routes of both families out of a vif. */
void random_default(struct pdp_dataplane *dp, uint16_t vif);

/* A frame from the MD, of 14..room bytes: half of them are sound. Its length. */
uint32_t random_frame(uint8_t *frame, size_t room);

/* Three vifs, of which a packet to random_flap_frame()'s addresses leaves by one: whatever random_flap() does. */
#define FLAP_VIFS 3
void random_flap_vifs(struct pdp_dataplane *dp);
/* The nth time that routes within a /16, which stays, come and go. */
void random_flap(struct pdp_dataplane *dp, unsigned int n);
uint32_t random_flap_frame(uint8_t *frame);

#endif
