/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * change_outcome.c - what a change came to, in numbers.
 */
#include "ctl/change_outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/layout.h"
#include "ctl/views.h"

#define VNETS_MAX 50 /* whose books are read: each takes a fraction of a millisecond */

void pdp_outcome_guests(json_t *plan)
{
	json_int_t made = 0, gone = 0;
	const json_t *change, *guest;
	size_t i, j;

	json_array_foreach(json_object_get(plan, "changes"), i, change) {
		json_array_foreach(json_object_get(change, "guests"), j, guest) {
			made += !json_integer_value(json_object_get(guest, "from_millicores"));
			gone += !json_integer_value(json_object_get(guest, "to_millicores"));
		}
	}
	json_object_set_new(plan, "guests_made", json_integer(made));
	json_object_set_new(plan, "guests_gone", json_integer(gone));
}

/* The vnet that a change is of: labels are "red", "red/v0", "red 10.0.0.0/8". NULL: of none. */
static const struct pdp_node_vnet *vnet_of(const struct pdp_node *node, const json_t *change)
{
	static const char *const not_of_vnets[] = {"node", "port", "fe"};
	const char *object = json_string_value(json_object_get(change, "object"));
	const char *label = json_string_value(json_object_get(change, "label"));
	char name[PDP_LABEL_MAX];
	size_t i;

	for (i = 0; i < sizeof(not_of_vnets) / sizeof(not_of_vnets[0]); i++)
		if (!object || !label || !strcmp(object, not_of_vnets[i]))
			return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(label, "/ "), label);
	return pdp_node_vnet(node, name);
}

static int64_t drops_of(const struct pdp_node *node, const struct pdp_node_vnet *vnet)
{
	struct pdp_ledger *ledger = malloc(sizeof(*ledger));
	struct pdp_books books;
	int64_t drops = -1;

	if (ledger && !pdp_view_books(&books, node, vnet)) {
		pdp_ledger_close(ledger, &books.in);
		pdp_books_free(&books);
		drops = (int64_t)ledger->drops;
	}
	free(ledger);
	return drops;
}

int64_t pdp_outcome_drops(struct pdp_node *node, const json_t *plan)
{
	const struct pdp_node_vnet *seen[VNETS_MAX];
	const json_t *change;
	int64_t sum = 0;
	size_t i, j, n = 0;

	json_array_foreach(json_object_get(plan, "changes"), i, change) {
		const struct pdp_node_vnet *vnet = vnet_of(node, change);
		int64_t drops;

		for (j = 0; j < n && seen[j] != vnet; j++)
			;
		if (!vnet || j < n)
			continue;
		drops = n < VNETS_MAX ? drops_of(node, vnet) : -1;
		if (drops < 0)
			return -1;
		seen[n++] = vnet;
		sum += drops;
	}
	return sum;
}

void pdp_outcome_lost(json_t *plan, int64_t before, int64_t after)
{
	bool known = before >= 0 && after >= before;

	json_object_set_new(plan, "dropped_packets",
			    known ? json_integer(after - before) : json_null());
}
