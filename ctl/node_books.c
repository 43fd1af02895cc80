/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * node_books.c - whose books a vnet's are: those of its guests, of guests that leave and of guests that
 * have gone.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/apply_steps.h"
#include "ctl/booksfile.h"
#include "ctl/hops.h"
#include "ctl/log.h"
#include "ctl/node.h"

struct pdp_books_guest pdp_node_books(const struct pdp_node_guest *guest)
{
	struct pdp_books_guest out = {
		.id = guest->id,
		.link_ifindex = guest->link_ifindex,
		.box = guest->box,
		.past = guest->past,
	};

	memcpy(out.name, guest->name, sizeof(out.name));
	return out;
}

/* Those that leave still have packets; they are in no layout of the node. */
static size_t add_leaving(const struct pdp_node *node, const struct pdp_node_vnet *vnet,
			  struct pdp_books_guest *out, size_t n)
{
	const struct pdp_apply *a = node->apply;
	size_t i;

	for (i = 0; a && i < a->n_leaving; i++)
		if (!a->leaving[i]->live && a->leaving[i]->box &&
		    a->leaving[i]->vnet->id == vnet->id)
			out[n++] = pdp_node_books(a->leaving[i]);
	return n;
}

int pdp_node_read_books(const struct pdp_node *node, const struct pdp_node_vnet *vnet,
			const struct pdp_hops *hops, struct pdp_books *out, struct pdp_error *err)
{
	const struct pdp_books_source from = {node->loader, node->conf.run_dir, hops};
	struct pdp_books_guest guests[2 * PDP_VNET_GUESTS_MAX];
	size_t n;
	int code;

	for (n = 0; n < vnet->n_guests; n++)
		guests[n] = pdp_node_books(vnet->guests[n]);
	n = add_leaving(node, vnet, guests, n);
	code = pdp_books_read(out, &from, vnet->id, guests, n, err);
	if (!code && *vnet->gone.name) /* there is room for one more */
		out->guests[out->in.n_guests++] = vnet->gone;
	return code;
}

/* All of both structs but their names are counters. */
static void add_counters(void *to, const void *from, size_t size)
{
	uint64_t *sum = to;
	const uint64_t *more = from;
	size_t i;

	for (i = 0; i < size / sizeof(*sum); i++)
		sum[i] += more[i];
}

/* What its stages still held is lost with it. */
static void book_rest(struct pdp_ledger_guest *guest)
{
	struct pdp_ledger_in in = {.guests = guest, .n_guests = 1};
	struct pdp_ledger *ledger = malloc(sizeof(*ledger));
	size_t i;

	if (!ledger)
		return;
	pdp_ledger_close(ledger, &in);
	for (i = 0; i < ledger->n_stages; i++) {
		const struct pdp_ledger_stage *stage = &ledger->stage[i];

		if (stage->in_flight <= 0)
			continue;
		if (!strcmp(stage->name, "fe-link"))
			guest->lost_with_link += (uint64_t)stage->in_flight;
		else if (!strcmp(stage->name, "guest"))
			guest->agent_died_packets += (uint64_t)stage->in_flight;
	}
	free(ledger);
}

void pdp_node_keep_books(struct pdp_node *node, struct pdp_node_vnet *vnet,
			 const struct pdp_books_guest *guest)
{
	const struct pdp_books_source from = {.ld = node->loader, .run_dir = node->conf.run_dir};
	struct pdp_ledger_guest *gone = &vnet->gone, *last;
	struct pdp_books books;
	struct pdp_error err;

	if (pdp_books_read(&books, &from, vnet->id, guest, 1, NULL))
		return;
	last = &books.guests[0];
	/* What it did not tell is lost; one that told nothing has sent what came back. */
	if (!last->inside_known)
		last->agent.forward_packets = last->stats.from_packets;
	last->inside_known = true;
	book_rest(last);
	if (!*gone->name) {
		snprintf(gone->name, sizeof(gone->name), "%s-gone", vnet->conf->name);
		gone->inside_known = true;
	}
	add_counters(&gone->stats, &last->stats, sizeof(gone->stats));
	add_counters(&gone->agent, &last->agent, sizeof(gone->agent));
	gone->lost_to += last->lost_to;
	gone->lost_from += last->lost_from;
	gone->lost_with_link += last->lost_with_link;
	gone->eth0_rx_drops += last->eth0_rx_drops;
	gone->agent_died_packets += last->agent_died_packets;
	pdp_books_free(&books);
	if (guest->link_ifindex)
		pdp_hops_bury(node->loader, (uint32_t)guest->link_ifindex, vnet->id, false);
	if (pdp_booksfile_save(node->conf.run_dir, vnet->conf->name, gone, &err))
		pdp_log(PDP_LOG_WARNING, "%s", err.text);
	pdp_publish_zero(node->store, PDP_MAP_GUEST_STATS, guest->id,
			 sizeof(struct pdp_guest_stats));
}
