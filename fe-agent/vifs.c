/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * vifs.c - the vifs that the router sends through and receives on. See vifs.h.
 */
#include "fe-agent/vifs.h"

#include <errno.h>
#include <string.h>

#include "fe-agent/encap.h"

struct pdp_vif_said {
	struct pdp_dp_vif vif;
	uint32_t round;
};

static size_t said_bytes(const struct pdp_vifs *v)
{
	return v->places.capacity * sizeof(*v->said);
}

int pdp_vifs_init(struct pdp_vifs *v, const struct pdp_router_memory *memory)
{
	*v = (struct pdp_vifs){
		.at = memory->table[PDP_RT_VIF_IDS],
		.vifs = memory->table[PDP_RT_VIFS],
	};
	if (!pdp_rcu_ids_init(&v->places, memory->sizes.vifs, memory->shared))
		v->said = pdp_table_map(said_bytes(v), PDP_TABLE_SPARSE);
	if (v->said)
		return 0;
	pdp_vifs_fini(v);
	return -ENOMEM;
}

void pdp_vifs_fini(struct pdp_vifs *v)
{
	pdp_table_unmap(v->said, said_bytes(v));
	pdp_rcu_ids_fini(&v->places);
	*v = (struct pdp_vifs){0};
}

/* Lead the id to another place; 0: to none. */
static void move(struct pdp_vifs *v, uint16_t id, uint16_t place)
{
	uint16_t old = v->at[id];

	__atomic_store_n(&v->at[id], place, __ATOMIC_RELEASE);
	if (old)
		pdp_rcu_ids_retire(&v->places, old);
}

static int replace(struct pdp_vifs *v, const struct pdp_dp_vif *vif)
{
	struct pdp_outer outer;
	struct pdp_rt_vif *at;
	uint32_t place;
	int err;

	err = pdp_outer_prepare(&outer, vif);
	if (err)
		return err;
	place = pdp_rcu_ids_get(&v->places);
	if (!place)
		return -ENOSPC;
	at = &v->vifs[place];
	*at = (struct pdp_rt_vif){.outer = outer, .id = vif->id, .mtu = vif->mtu};
	memcpy(at->mac, vif->mac, sizeof(at->mac));
	v->said[place].vif = *vif;
	move(v, vif->id, place);
	return 0;
}

int pdp_vifs_set(struct pdp_vifs *v, const struct pdp_dp_vif *vif)
{
	uint16_t place = v->at[vif->id];
	int err;

	if (!place || memcmp(&v->said[place].vif, vif, sizeof(*vif)) != 0) {
		err = replace(v, vif);
		if (err)
			return err;
	}
	v->said[v->at[vif->id]].round = v->round;
	return 0;
}

void pdp_vifs_del(struct pdp_vifs *v, uint16_t id)
{
	move(v, id, 0);
}

void pdp_vifs_renew(struct pdp_vifs *v)
{
	v->round++;
}

void pdp_vifs_sweep(struct pdp_vifs *v)
{
	unsigned int id;

	for (id = 1; id < PDP_VIF_IDS; id++)
		if (v->at[id] && v->said[v->at[id]].round != v->round)
			pdp_vifs_del(v, id);
}
