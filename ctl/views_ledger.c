/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* views_ledger.c - the vnets' books, as JSON: where every packet went. */
#include "ctl/views.h"

#include "ctl/mapdump.h"
#include "ctl/views_row.h"

static json_t *ledger_drops(const struct pdp_ledger *ledger)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < ledger->n_drops; i++) {
		const struct pdp_ledger_drop *drop = &ledger->drop[i];

		json_array_append_new(out,
				      json_pack("{s:s, s:s, s:I, s:s}", "where", drop->where,
						"name", drop->name, "packets",
						(json_int_t)drop->packets, "help", drop->help));
	}
	return out;
}

static json_t *ledger_stage(const struct pdp_ledger_stage *stage)
{
	json_t *row = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "name", stage->name, "guest",
				stage->guest, "in", (json_int_t)stage->in, "out",
				(json_int_t)stage->out, "lost", (json_int_t)stage->lost,
				"in_flight", (json_int_t)stage->in_flight);

	json_object_set_new(row, "in_flight_max",
			    stage->most == UINT64_MAX ? json_null() : pdp_row_integer(stage->most));
	return row;
}

static json_t *ledger_stages(const struct pdp_ledger *ledger)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < ledger->n_stages; i++)
		json_array_append_new(out, ledger_stage(&ledger->stage[i]));
	return out;
}

json_t *pdp_view_ledger(const char *vnet, uint16_t id, const struct pdp_ledger *ledger,
			const struct pdp_ledger_in *in)
{
	const struct pdp_ledger_stage *where = pdp_ledger_where(ledger);
	uint32_t key = id;
	json_t *row = json_object(), *counters;

	pdp_row_str(row, "vnet", vnet);
	pdp_row_int(row, "id", id);
	pdp_row_str(row, "verdict", pdp_ledger_verdict_name(ledger->verdict));
	pdp_row_int(row, "rx_packets", ledger->rx);
	pdp_row_int(row, "control_packets", ledger->control);
	pdp_row_int(row, "made_packets", ledger->made);
	pdp_row_int(row, "tx_packets", ledger->tx);
	pdp_row_int(row, "local_packets", ledger->local);
	pdp_row_int(row, "drop_packets", ledger->drops);
	json_object_set_new(row, "in_flight", json_integer(ledger->in_flight));
	json_object_set_new(row, "where", where ? ledger_stage(where) : json_null());
	json_object_set_new(row, "drops", ledger_drops(ledger));
	json_object_set_new(row, "stages", ledger_stages(ledger));
	json_object_set_new(row, "reorder", pdp_view_reorder_of(in));
	counters = pdp_map_decode_zero(PDP_MAP_VNET_STATS, &key, &in->vnet);
	json_object_del(counters, "vnet");
	json_object_set_new(row, "counters", counters);
	return row;
}

json_t *pdp_view_stats(struct pdp_node *node)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < node->model.n_vnets; i++) {
		struct pdp_ledger ledger;
		struct pdp_books books;

		if (pdp_view_books(&books, node, &node->vnets[i]))
			continue;
		pdp_ledger_close(&ledger, &books.in);
		json_array_append_new(rows, pdp_view_ledger(node->vnets[i].conf->name,
							    node->vnets[i].id, &ledger, &books.in));
		pdp_books_free(&books);
	}
	return rows;
}

int pdp_view_books(struct pdp_books *out, const struct pdp_node *node,
		   const struct pdp_node_vnet *vnet)
{
	return pdp_node_read_books(node, vnet, NULL, out, NULL);
}
