/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * views_reorder.c - the reordering meter's counters as JSON. Beside the packet's path: reads, never writes.
 */
#include "ctl/views.h"

static json_t *view_late(const struct pdp_reorder *reorder)
{
	json_t *rows = json_array();
	unsigned int i;

	for (i = 0; i < PDP_LATE_BUCKETS; i++) {
		uint64_t bound = pdp_reorder_bound(i);

		json_array_append_new(rows, json_pack("{s:o, s:I}", "le",
						      bound == UINT64_MAX
							      ? json_null()
							      : json_integer((json_int_t)bound),
						      "packets", (json_int_t)reorder->late[i]));
	}
	return rows;
}

json_t *pdp_view_reorder(const struct pdp_reorder *reorder)
{
	uint64_t most = pdp_reorder_extent_max(reorder);

	return json_pack("{s:I, s:I, s:f, s:f, s:o, s:o}", "metered_packets",
			 (json_int_t)reorder->metered, "reordered_packets",
			 (json_int_t)reorder->reordered, "ratio", pdp_reorder_ratio(reorder),
			 "extent_mean", pdp_reorder_extent_mean(reorder), "extent_max",
			 most == UINT64_MAX ? json_null() : json_integer((json_int_t)most), "late",
			 view_late(reorder));
}

json_t *pdp_view_reorder_of(const struct pdp_ledger_in *in)
{
	const struct pdp_reorder all = pdp_reorder_of_vnet(&in->vnet);
	json_t *out = pdp_view_reorder(&all), *rows = json_array();
	size_t i;

	for (i = 0; i < in->n_guests; i++) {
		const struct pdp_reorder own = pdp_reorder_of_guest(&in->guests[i].stats);
		json_t *row = json_pack("{s:s}", "guest", in->guests[i].name);

		json_object_update_new(row, pdp_view_reorder(&own));
		json_array_append_new(rows, row);
	}
	json_object_set_new(out, "guests", rows);
	return out;
}
