/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* delayfile.h - the delay line's counters in the run directory, beside those of the programs. */
#ifndef PDP_DELAYFILE_H
#define PDP_DELAYFILE_H

#include "fe-agent/delay_stats.h"
#include "loader/loader.h"

#define PDP_DELAYFILE "delay.stats" /* in the run directory: struct pdp_delay_stats */

/* NULL when there are none. The caller unmaps what it has mapped. */
const struct pdp_delay_stats *pdp_delayfile_map(const char *run_dir);
void pdp_delayfile_unmap(const struct pdp_delay_stats *stats);

/* A vnet's id begins anew. */
void pdp_delayfile_zero(const char *run_dir, uint16_t vnet);

/* Does nothing wait, and is nothing on its way? So it is where there are no books. */
bool pdp_delayfile_is_empty(const char *run_dir, const struct pdp_loader *ld);

/* Link and process are gone: what has not come back is lost, under its name. */
void pdp_delayfile_close(const char *run_dir, const struct pdp_loader *ld);

#endif
