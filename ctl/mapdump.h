/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mapdump.h - what stands in the BPF maps, in words.
 */
#ifndef PDP_MAPDUMP_H
#define PDP_MAPDUMP_H

#include <jansson.h>

#include "ctl/table.h"
#include "loader/loader.h"

/*
 * pdp_map_decode() - one entry of a map as a JSON object, its fields in the order of bpf/maps.h. Pure.
 * @key: of the map's key type. @value: of its value type; of a per-CPU map the sum over the CPUs.
 *
 * A slot table is given as shares (guest -> slots) and as runs, up to its last filled slot. NULL for
 * an array's element that holds nothing, and when memory is short.
 */
json_t *pdp_map_decode(enum pdp_map map, const void *key, const void *value);

/* The same, also of an element that holds nothing: a counter that has not moved is 0. */
json_t *pdp_map_decode_zero(enum pdp_map map, const void *key, const void *value);

/* No map that can be dumped has a longer value. */
#define PDP_MAP_VALUE_MAX sizeof(struct pdp_flowlets)

/* Bytes of a map's value as decoded; 0 outside the enum. */
size_t pdp_map_value_size(enum pdp_map map);
/* "hash", "array" and so on, and what one is for. */
const char *pdp_map_kind(enum pdp_map map);
const char *pdp_map_help(enum pdp_map map);
/* By full name, or without "pdp_"; PDP_MAP_COUNT when there is none. */
enum pdp_map pdp_map_by_name(const char *name);

/* Columns of a map's table, for pdp_table_print(). */
const struct pdp_column *pdp_map_columns(enum pdp_map map);

/* Every entry that holds something, as an array. 0 or -errno. */
int pdp_map_dump(json_t **out, const struct pdp_loader *ld, enum pdp_map map,
		 struct pdp_error *err);

#endif
