/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* views_vnet.c - the vnets of a node, as JSON. */
#include "ctl/views.h"

#include <unistd.h>

#include "ctl/flowkey.h"
#include "ctl/follow.h"
#include "ctl/hops.h"
#include "ctl/own.h"
#include "ctl/powerkeep.h"
#include "ctl/prefix.h"
#include "ctl/views_row.h"

static json_t *vnet_guests(const struct pdp_node_vnet *vnet, size_t *ready)
{
	json_t *rows = json_array();
	size_t i;

	*ready = 0;
	for (i = 0; i < vnet->n_guests; i++) {
		const struct pdp_node_guest *guest = vnet->guests[i];

		*ready += pdp_guest_forwards(guest->state);
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:i, s:s, s:o}", "name", guest->name,
						"fe", guest->fe->name, "power_millicores",
						guest->power, "state", pdp_row_guest_state(guest),
						"transit_us", pdp_row_transit(guest)));
	}
	return rows;
}

/* What tells a flow, and how long a pause may move it. */
static void set_flow(json_t *row, const struct pdp_node *node, struct pdp_node_vnet *vnet)
{
	const struct pdp_flow_conf *flow = &vnet->conf->flow;
	json_t *fields = json_array();
	char text[PDP_KEY_FIELD_LEN];
	struct pdp_key_field field;
	size_t at = 0;

	while (pdp_key_next(&flow->bytes, &at, &field))
		json_array_append_new(fields, json_string(pdp_key_print(text, &field)));
	pdp_row_str(row, "flow_key", pdp_key_name(flow->key));
	json_object_set_new(row, "flow_bytes", fields);
	json_object_set_new(row, "flowlet_gap_auto",
			    json_boolean(flow->gap_us == PDP_FLOWLET_GAP_AUTO));
	pdp_row_int(row, "flowlet_gap_us", pdp_follow_gap_us(node, vnet));
}

/* The owner's program, and why another that was wanted is not in its place. */
static void set_program(json_t *row, const struct pdp_node_vnet *vnet)
{
	const char *refused = pdp_own_refused(vnet->own);
	char log[PDP_PATH_LEN];

	pdp_own_log_path(vnet->own, log);
	pdp_row_str(row, "object", vnet->conf->data.object);
	pdp_row_str(row, "program", vnet->conf->data.program);
	pdp_row_str(row, "agent", *vnet->conf->data.agent ? vnet->conf->data.agent : NULL);
	pdp_row_str(row, "object_refused", *refused ? refused : NULL);
	pdp_row_str(row, "object_log", *refused && !access(log, R_OK) ? log : NULL);
}

static json_t *view_vnet(struct pdp_node *node, struct pdp_node_vnet *vnet,
			 const struct pdp_hops *hops)
{
	struct pdp_table table = pdp_publish_table(node->store, vnet->id);
	struct pdp_ledger ledger = {0};
	struct pdp_books books = {0};
	json_t *row = json_object(), *guests;
	struct pdp_reorder reorder;
	size_t ready;

	if (!pdp_node_read_books(node, vnet, hops, &books, NULL))
		pdp_ledger_close(&ledger, &books.in);
	reorder = pdp_reorder_of_vnet(&books.in.vnet);
	pdp_books_free(&books);
	guests = vnet_guests(vnet, &ready);
	pdp_row_str(row, "name", vnet->conf->name);
	pdp_row_int(row, "id", vnet->id);
	pdp_row_str(row, "state", ready == vnet->n_guests ? "up" : ready ? "degraded" : "down");
	pdp_row_int(row, "power_millicores", vnet->conf->power);
	pdp_row_str(row, "policy", pdp_policy_name(vnet->conf->policy));
	set_flow(row, node, vnet);
	json_object_set_new(row, "rebalance", json_boolean(vnet->conf->rebalance));
	json_object_set_new(row, "moved_slots",
			    vnet->conf->rebalance ? pdp_row_integer(pdp_follow_moved(vnet))
						  : json_null());
	pdp_row_int(row, "slot_moves", vnet->balance.moves);
	pdp_row_int(row, "flow_moves", vnet->flow_moves);
	pdp_row_str(row, "data_plane", vnet->conf->data.kind);
	if (vnet->own)
		set_program(row, vnet);
	pdp_row_str(row, "fast_half", pdp_fast_half_name(vnet->conf->data.fast_half));
	pdp_row_str(row, "control_plane", pdp_control_name(vnet->conf->control.kind));
	json_object_set_new(row, "control_guest", pdp_view_control(vnet));
	pdp_row_int(row, "rate_pps", vnet->conf->rate_pps);
	pdp_row_limit(row, pdp_powerkeep_limit_pps(node, vnet));
	json_object_set_new(row, "guests", guests);
	pdp_row_int(row, "vifs", vnet->n_vifs);
	pdp_row_int(row, "slots", table.n_slots);
	pdp_row_int(row, "slots_generation", table.generation);
	pdp_row_int(row, "rx_packets", ledger.rx);
	pdp_row_int(row, "tx_packets", ledger.tx);
	pdp_row_int(row, "local_packets", ledger.local);
	pdp_row_int(row, "drop_packets", ledger.drops);
	json_object_set_new(row, "reorder", pdp_view_reorder(&reorder));
	json_object_set_new(row, "reorder_ratio", json_real(pdp_reorder_ratio(&vnet->recent)));
	pdp_row_int(row, "rx_pps", vnet->rate.rx_pps);
	pdp_row_int(row, "tx_pps", vnet->rate.tx_pps);
	return row;
}

json_t *pdp_view_vnets(struct pdp_node *node)
{
	json_t *rows = json_array();
	struct pdp_hops hops;
	size_t i;

	pdp_hops_read(&hops, node->loader);
	for (i = 0; i < node->model.n_vnets; i++)
		json_array_append_new(rows, view_vnet(node, &node->vnets[i], &hops));
	pdp_hops_free(&hops);
	return rows;
}
