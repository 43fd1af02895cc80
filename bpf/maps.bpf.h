/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * maps.bpf.h - the BPF maps of bpf/maps.h as types. For BPF programs alone.
 *
 * A program declares the maps that it uses with PDP_MAP(name). The same name in two objects is one
 * map: the loader creates and pins it once and gives its descriptor to every object.
 */
#ifndef PDP_MAPS_BPF_H
#define PDP_MAPS_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/counters.h"
#include "bpf/maps.h"

#define PDP_MAP(name) struct name##_map name SEC(".maps")

/* clang-format off: a list is read more easily than its expansion. */
#define PDP_MAP_TYPE(name, kind, key_type, value_type, entries, flags) \
	struct name##_map {                                            \
		__uint(type, kind);                                    \
		__uint(max_entries, entries);                          \
		__uint(map_flags, flags);                              \
		__type(key, key_type);                                 \
		__type(value, value_type);                             \
	}

/* Ids begin at 1, and are the index. */
#define PDP_ARRAY_MAP(name, value, highest_id) \
	PDP_MAP_TYPE(name, BPF_MAP_TYPE_ARRAY, __u32, value, (highest_id) + 1, 0)
#define PDP_CONFIG_MAP(name, value, entries) \
	PDP_MAP_TYPE(name, BPF_MAP_TYPE_ARRAY, __u32, value, entries, BPF_F_MMAPABLE)
#define PDP_PERCPU_MAP(name, value, highest_id) \
	PDP_MAP_TYPE(name, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, value, (highest_id) + 1, 0)
#define PDP_HASH_MAP(name, key, value, entries, flags) \
	PDP_MAP_TYPE(name, BPF_MAP_TYPE_HASH, key, value, entries, flags)
#define PDP_DEV_MAP(name, highest_id) \
	PDP_MAP_TYPE(name, BPF_MAP_TYPE_DEVMAP, __u32, __u32, (highest_id) + 1, 0)

/* Configuration, written by the controller. A vxlan tunnel may need a second entry for its port. */
PDP_HASH_MAP(pdp_tunnels, struct pdp_tunnel_key, struct pdp_tunnel, 2 * PDP_MAX_VIFS, 0);
PDP_CONFIG_MAP(pdp_vnets, struct pdp_vnet, PDP_MAX_VNETS + 1);
PDP_CONFIG_MAP(pdp_slots, struct pdp_slot_table, 2 * (PDP_MAX_VNETS + 1));
PDP_CONFIG_MAP(pdp_keys, struct pdp_key, PDP_MAX_VNETS + 1);
PDP_CONFIG_MAP(pdp_guests, struct pdp_guest, PDP_MAX_GUESTS + 1);
PDP_CONFIG_MAP(pdp_vifs, struct pdp_vif, PDP_MAX_VIFS + 1);
PDP_DEV_MAP(pdp_fe_links, PDP_MAX_GUESTS);
PDP_DEV_MAP(pdp_ports, PDP_MAX_PORTS);
PDP_DEV_MAP(pdp_vif_links, PDP_MAX_VIFS);
PDP_DEV_MAP(pdp_delay_link, 0);
PDP_HASH_MAP(pdp_senders, __u32, __u32, PDP_MAX_GUESTS, 0);
PDP_HASH_MAP(pdp_vif_senders, __u32, __u32, PDP_MAX_VIFS, 0);
PDP_HASH_MAP(pdp_port_ids, __u32, __u32, PDP_MAX_PORTS, 0);
PDP_MAP_TYPE(pdp_xsks, BPF_MAP_TYPE_XSKMAP, __u32, __u32, PDP_MAX_QUEUES, 0);

/* Run-time state. */
PDP_ARRAY_MAP(pdp_seqs, struct pdp_seqs, PDP_MAX_VNETS);
PDP_ARRAY_MAP(pdp_newest, struct pdp_newest, PDP_MAX_VNETS);
PDP_PERCPU_MAP(pdp_turns, struct pdp_turn, PDP_MAX_VNETS);
PDP_ARRAY_MAP(pdp_flowlets, struct pdp_flowlets, PDP_MAX_VNETS);
PDP_ARRAY_MAP(pdp_transits, struct pdp_transit, PDP_MAX_GUESTS);
PDP_ARRAY_MAP(pdp_police, struct pdp_police, PDP_MAX_VNETS);
PDP_ARRAY_MAP(pdp_paces, struct pdp_pace, PDP_MAX_GUESTS);

/* Counters. Losses between two devices are rare, so their entries are made when they happen. */
PDP_PERCPU_MAP(pdp_port_stats, struct pdp_port_stats, PDP_MAX_PORTS);
PDP_PERCPU_MAP(pdp_vnet_stats, struct pdp_vnet_stats, PDP_MAX_VNETS);
PDP_PERCPU_MAP(pdp_vif_stats, struct pdp_vif_stats, PDP_MAX_VIFS);
PDP_PERCPU_MAP(pdp_guest_stats, struct pdp_guest_stats, PDP_MAX_GUESTS);
PDP_PERCPU_MAP(pdp_node_stats, struct pdp_node_stats, 0);
PDP_HASH_MAP(pdp_xmit_drops, struct pdp_hop, __u64,
	     2 * (PDP_MAX_GUESTS + PDP_MAX_VIFS) + 2 * PDP_MAX_PORTS * PDP_MAX_PORTS,
	     BPF_F_NO_PREALLOC);
/* clang-format on */

/* The only element of pdp_node_stats; for a program that has the map. */
#define pdp_node_counters()                                   \
	({                                                    \
		__u32 only_ = 0;                              \
		bpf_map_lookup_elem(&pdp_node_stats, &only_); \
	})

/* Read what the controller publishes with one 8-byte store; type must be 8 bytes. */
#define PDP_READ_ONCE8(type, pointer)                                                 \
	({                                                                            \
		_Static_assert(sizeof(type) == 8, "one load");                        \
		union {                                                               \
			__u64 word;                                                   \
			type value;                                                   \
		} once_ = {.word = *(const volatile __u64 *)(const void *)(pointer)}; \
		once_.value;                                                          \
	})

#endif
