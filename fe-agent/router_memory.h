/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * router_memory.h - the memory that the router's tables stand in (router_tables.h).
 *
 * Control side of the router. Anonymous memory, of which a page costs nothing until it is written, or
 * arrays that the controller has made and whose other readers are in the kernel.
 */
#ifndef PDP_ROUTER_MEMORY_H
#define PDP_ROUTER_MEMORY_H

#include <stdbool.h>

#include "fe-agent/router_tables.h"

struct pdp_router_memory {
	struct pdp_router_sizes sizes;
	bool shared; /* with readers in the kernel */
	void *table[PDP_ROUTER_N_TABLES];
};

/* Name of the BPF map that a table is, how many elements it has and of what size. */
const char *pdp_router_table_name(enum pdp_router_table table);
size_t pdp_router_table_entries(enum pdp_router_table table, const struct pdp_router_sizes *sizes);
size_t pdp_router_table_value(enum pdp_router_table table);

/* Anonymous memory for the largest tables. 0 or -ENOMEM. */
int pdp_router_memory_anonymous(struct pdp_router_memory *memory);
/*
 * Map arrays, one for each table, and empty them. The descriptors stay the caller's. 0 or -errno, among
 * them -EINVAL: one is not as large as the sizes say, and -EOPNOTSUPP: this kernel lets nobody wait for
 * its readers (nohz_full).
 */
int pdp_router_memory_map(struct pdp_router_memory *memory, const struct pdp_router_sizes *sizes,
			  const int fds[PDP_ROUTER_N_TABLES]);
/* Fine on a zeroed one. */
void pdp_router_memory_unmap(struct pdp_router_memory *memory);

#endif
