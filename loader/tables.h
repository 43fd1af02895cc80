/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tables.h - the arrays that a guest's agent writes and its fast half reads (fe-agent/router_tables.h).
 *
 * A guest has one set in force at most, and for a while another beside it that its agent is still
 * filling. Pinned as guests/ID/tables-SET/.
 */
#ifndef PDP_TABLES_H
#define PDP_TABLES_H

#include "fe-agent/router_tables.h"
#include "loader/loader.h"

/* The arrays of a guest with the data plane router: its agent writes them, its fast half reads them. */
struct pdp_guest_tables {
	uint32_t id; /* of the set, unique while the machine runs; never 0 */
	struct pdp_router_sizes sizes;
	int fd[PDP_ROUTER_N_TABLES]; /* the loader's */
};

/* Make a set, empty, beside those that the guest has; *out is the loader's, until it is dropped. */
int pdp_loader_make_tables(struct pdp_loader *ld, uint16_t guest,
			   const struct pdp_router_sizes *sizes,
			   const struct pdp_guest_tables **out, struct pdp_error *err);
/* A set by its number, also one that an earlier loader made. -ENOENT: there is none. */
int pdp_loader_find_tables(struct pdp_loader *ld, uint16_t guest, uint32_t id,
			   const struct pdp_guest_tables **out, struct pdp_error *err);
/* Let go of all the guest's sets but this one (0: of all). Whoever reads or writes one still has it. */
void pdp_loader_drop_tables(struct pdp_loader *ld, uint16_t guest, uint32_t keep);
/* What arrays of these sizes take. */
uint64_t pdp_router_sizes_bytes(const struct pdp_router_sizes *sizes);

#endif
