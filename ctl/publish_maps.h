/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * publish_maps.h - inside the map store (publish.h): how an element of a map is written, if it is not so already.
 *
 * Arrays through their shared memory, a word at a time; other maps by bpf(2).
 */
#ifndef PDP_PUBLISH_MAPS_H
#define PDP_PUBLISH_MAPS_H

#include "bpf/maps.h"
#include "loader/loader.h"

struct pdp_publish {
	struct pdp_loader *loader;
	uint64_t writes;
	uint64_t flipped_ns[PDP_MAX_VNETS + 1];
	uint64_t retired_ns; /* when a vif was last taken out of use */
};

/* The words that are stored at once. */
union pdp_word {
	uint64_t bits;
	struct pdp_table table;
	struct pdp_vif_owner owner;
	struct pdp_vif_mac mac;
	struct pdp_vif_impair impair;
	struct pdp_limit limit;
	struct {
		uint32_t gap;
		uint8_t key;
		uint8_t payload;
		uint8_t pad[2];
	} flow;
};

_Static_assert(sizeof(union pdp_word) == 8, "one store");

/* An element in the shared memory of an array. */
void *pdp_publish_element(const struct pdp_publish *store, enum pdp_map map, uint32_t id,
			  size_t size);

#define PDP_ELEMENT(store, map, id, type) \
	((type *)pdp_publish_element(store, map, id, sizeof(type)))

/* Store a word at once: a packet sees the old one or the new one. */
void pdp_publish_word(struct pdp_publish *st, void *at, union pdp_word word);

/* 0 or -errno. */
int pdp_publish_value(struct pdp_publish *store, enum pdp_map map, const void *key,
		      const void *value, size_t size, struct pdp_error *err);
/* What is not there need not go. */
void pdp_publish_forget(struct pdp_publish *store, enum pdp_map map, const void *key);

/*
 * A devmap's slot and the way back from the device to the id, for ports and for FE links alike. ifindex 0: neither
 * any more; was = the device before, 0 = none.
 */
int pdp_publish_devmap(struct pdp_publish *store, enum pdp_map devmap, enum pdp_map ids,
		       uint32_t id, int ifindex, int was, struct pdp_error *err);

/*
 * Until no packet reads what was in force up to then, and what is about to be written: one that began
 * before has long gone, or is waited for.
 */
void pdp_publish_settle(uint64_t *retired_ns);
/* The time to give to pdp_publish_settle(). */
uint64_t pdp_publish_now_ns(void);

#endif
