/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mapcells.h - cells of `map dump` that are more than one value of a row. Pure; as pdp_column.cell.
 */
#ifndef PDP_MAPCELLS_H
#define PDP_MAPCELLS_H

#include "ctl/table.h"

void pdp_vlan_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len);
void pdp_shares_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len);
void pdp_runs_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len);
void pdp_moved_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len);
void pdp_fields_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len);
void pdp_seqs_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len);

#endif
