/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * vifs.h - the vifs that the router sends through and receives on, by id.
 *
 * A vif's outer header is made once, when the vif is said. A vif that changes gets another place in the
 * table (router_tables.h) and its id leads there from one store on, so that a packet sees it as before or
 * as after.
 */
#ifndef PDP_VIFS_H
#define PDP_VIFS_H

#include <stdint.h>

#include "fe-agent/dataplane.h"
#include "fe-agent/router_memory.h"
#include "fe-agent/table_mem.h"

#define PDP_VIF_IDS 65536

struct pdp_vifs {
	uint16_t *at; /* places by id, 0 = no such vif */
	struct pdp_rt_vif *vifs; /* by place */
	struct pdp_vif_said *said; /* what the writer knows of them */
	struct pdp_rcu_ids places;
	uint32_t round; /* how many times all was said anew */
};

/* In this memory. 0 or -ENOMEM. fini is fine on a zeroed one. */
int pdp_vifs_init(struct pdp_vifs *v, const struct pdp_router_memory *memory);
void pdp_vifs_fini(struct pdp_vifs *v);
/* Add or replace. 0, -EINVAL or -ENOSPC; then nothing has changed. */
int pdp_vifs_set(struct pdp_vifs *v, const struct pdp_dp_vif *vif);
/* To take out what is not there is no error. */
void pdp_vifs_del(struct pdp_vifs *v, uint16_t id);
/* As pdp_fib_renew() and pdp_fib_sweep(). */
void pdp_vifs_renew(struct pdp_vifs *v);
void pdp_vifs_sweep(struct pdp_vifs *v);

/* In a read-side section, or the writer. NULL: there is no such vif. */
static inline const struct pdp_rt_vif *pdp_vifs_get(const struct pdp_vifs *v, uint16_t id)
{
	uint16_t place = __atomic_load_n(&v->at[id], __ATOMIC_ACQUIRE);

	return place ? &v->vifs[place] : NULL;
}

#endif
