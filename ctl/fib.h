/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fib.h - a vnet's own addresses, routes and neighbours as rtnetlink messages.
 *
 * What a kernel that had the vnet's vifs would dump: agents understand that and nothing else, so that
 * the tables may come from any control plane. Interface indexes are vif ids. Pure.
 */
#ifndef PDP_CTL_FIB_H
#define PDP_CTL_FIB_H

#include <stddef.h>
#include <stdint.h>

#include "ctl/model.h"

/*
 * pdp_fib_build() - addresses with their connected and local routes, static routes, neighbours.
 * @vif_ids: of vnet->vifs, in their order.
 * @fn: is handed one or more whole messages at a time, at most PDP_FIB_CHUNK bytes; returns 0 or
 *      -errno, which ends the building and is returned.
 */
#define PDP_FIB_CHUNK 32768

typedef int (*pdp_fib_fn)(const void *msgs, size_t len, void *arg);
int pdp_fib_build(const struct pdp_vnet_conf *vnet, const uint16_t *vif_ids, pdp_fib_fn fn,
		  void *arg);

/*
 * pdp_fib_withdraw() - the messages that take away what `old` has and `now` has not.
 *
 * To follow pdp_fib_build() of `now`, which replaces what both have. Either side may have other vifs.
 * As pdp_fib_build(); -ENOMEM.
 */
int pdp_fib_withdraw(const struct pdp_vnet_conf *old, const uint16_t *old_ids,
		     const struct pdp_vnet_conf *now, const uint16_t *now_ids, pdp_fib_fn fn,
		     void *arg);

#endif
