/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * books.c - the ledger's input, read from maps and guests in the right order. Owns nothing.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/books.h"
#include "ctl/delaybooks.h"
#include "ctl/delayfile.h"
#include "ctl/hops.h"

static struct pdp_guest_stats guest_stats(const struct pdp_loader *ld, uint16_t id)
{
	struct pdp_guest_stats stats = {0};

	pdp_stats_read(ld, PDP_MAP_GUEST_STATS, id, &stats, sizeof(stats));
	return stats;
}

static struct pdp_vnet_stats vnet_stats(const struct pdp_loader *ld, uint16_t id)
{
	struct pdp_vnet_stats stats = {0};

	pdp_stats_read(ld, PDP_MAP_VNET_STATS, id, &stats, sizeof(stats));
	return stats;
}

/* Lost on the way out: to a port, to the control plane, to the delay line. */
static void take_way_out(struct pdp_books *out, const struct pdp_loader *ld, uint32_t to,
			 uint64_t *to_port, uint64_t packets)
{
	switch (pdp_hop_kind(ld, to)) {
	case PDP_HOP_PORT:
		*to_port += packets;
		break;
	case PDP_HOP_LOCAL:
		out->in.lost_local += packets;
		break;
	case PDP_HOP_DELAY:
		out->in.lost_delay += packets;
		break;
	}
}

/* One hop's losses, to the guest or the vnet of which one of its ends is the link. */
static void take_hop(struct pdp_books *out, const struct pdp_loader *ld, uint16_t vnet,
		     const struct pdp_books_guest *guests, size_t n, const struct pdp_hop *hop,
		     uint64_t packets)
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint32_t link = (uint32_t)guests[i].link_ifindex;

		if (link && hop->to_ifindex == link)
			out->guests[i].lost_to += packets;
		else if (link && hop->from_ifindex == link)
			take_way_out(out, ld, hop->to_ifindex, &out->guests[i].lost_from, packets);
		else
			continue;
		return;
	}
	if (pdp_hop_vnet(ld, hop->from_ifindex) == vnet)
		take_way_out(out, ld, hop->to_ifindex, &out->in.lost_control, packets);
}

static void take_hops(struct pdp_books *out, const struct pdp_loader *ld,
		      const struct pdp_hops *hops, uint16_t vnet,
		      const struct pdp_books_guest *guests, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		out->guests[i].lost_to = guests[i].past.lost_to;
		out->guests[i].lost_from = guests[i].past.lost_from;
		out->guests[i].lost_with_link = guests[i].past.lost_with_link;
	}
	for (i = 0; i < hops->n; i++)
		take_hop(out, ld, vnet, guests, n, &hops->at[i].hop, hops->at[i].packets);
}

static void read_hops(struct pdp_books *out, const struct pdp_loader *ld, uint16_t vnet,
		      const struct pdp_books_guest *guests, size_t n)
{
	struct pdp_hops hops;

	/* Without memory there are none, and the books do not balance. */
	pdp_hops_read(&hops, ld);
	take_hops(out, ld, &hops, vnet, guests, n);
	pdp_hops_free(&hops);
}

static void read_inside(struct pdp_ledger_guest *out, const struct pdp_books_guest *guest)
{
	struct pdp_guest_view view;

	if (!guest->box)
		return;
	/* First what left, then what the agent got, then what did not get to it. */
	pdp_guest_agent_stats(guest->box, &out->agent);
	pdp_guest_look(guest->box, &view);
	out->eth0_rx_drops = view.eth0_rx_drops;
	out->eth0_tx_drops = view.eth0_tx_drops;
	out->agent_died_packets = view.agent_died_packets;
	out->inside_known = true;
}

/* Against the packet's path, so that a packet that moves meanwhile is seen at most too often. */
static void read_guest(struct pdp_ledger_guest *out, const struct pdp_loader *ld,
		       const struct pdp_books_guest *guest)
{
	struct pdp_guest_stats after;

	memcpy(out->name, guest->name, sizeof(out->name));
	out->stats = guest_stats(ld, guest->id);
	read_inside(out, guest);
	after = guest_stats(ld, guest->id);
	out->stats.rx_packets = after.rx_packets;
	out->stats.fast_packets = after.fast_packets;
	out->stats.fast_bytes = after.fast_bytes;
	out->stats.climb_packets = after.climb_packets;
	out->stats.drop_no_socket = after.drop_no_socket;
	out->stats.drop_not_tagged = after.drop_not_tagged;
	out->stats.drop_by_program = after.drop_by_program;
	out->stats.drop_verdict = after.drop_verdict;
}

static void read_towards(struct pdp_ledger_guest *out, const struct pdp_loader *ld,
			 const struct pdp_books_guest *guest)
{
	struct pdp_guest_stats before = guest_stats(ld, guest->id);

	out->stats.to_packets = before.to_packets;
	out->stats.to_bytes = before.to_bytes;
}

/*
 * What came in from the later readings, what went out from the earlier ones. The delay line is gone
 * through between the two: into it is out, and out of it is in again.
 */
static struct pdp_vnet_stats splice(const struct pdp_vnet_stats *early,
				    const struct pdp_vnet_stats *delayed,
				    const struct pdp_vnet_stats *delay,
				    const struct pdp_vnet_stats *late)
{
	struct pdp_vnet_stats out = *early;

	out.delayed_packets = delayed->delayed_packets;
	out.delay_packets = delay->delay_packets;
	out.control_packets = late->control_packets;
	out.control_bytes = late->control_bytes;
	out.rx_packets = late->rx_packets;
	out.rx_bytes = late->rx_bytes;
#define TAKE(name, help) out.name = late->name;
	PDP_CLASSIFY_DROPS(TAKE)
#undef TAKE
	return out;
}

static void read_delay_line(struct pdp_ledger_in *in, const struct pdp_loader *ld,
			    const char *run_dir, uint16_t vnet)
{
	const struct pdp_delay_stats *stats = pdp_delayfile_map(run_dir);

	if (!stats)
		return;
	in->delay_known = true;
	in->delay = stats->vnet[vnet];
	in->delay_frames = stats->frames;
	in->delay_unseen =
		pdp_delaybooks_unseen(stats, guest_stats(ld, PDP_GUEST_DELAY).drop_no_socket);
	pdp_delayfile_unmap(stats);
}

int pdp_books_read(struct pdp_books *out, const struct pdp_books_source *from, uint16_t vnet,
		   const struct pdp_books_guest *guests, size_t n_guests, struct pdp_error *err)
{
	const struct pdp_loader *ld = from->ld;
	struct pdp_vnet_stats early, delayed, delay, late;
	size_t i;

	out->in = (struct pdp_ledger_in){.n_guests = n_guests};
	out->guests = calloc(n_guests + 1, sizeof(*out->guests));
	if (!out->guests)
		return pdp_fail(err, -ENOMEM, "no memory for the books of %zu guests", n_guests);
	early = vnet_stats(ld, vnet);
	delayed = vnet_stats(ld, vnet);
	if (delayed.delay_packets)
		read_delay_line(&out->in, ld, from->run_dir, vnet);
	if (from->hops)
		take_hops(out, ld, from->hops, vnet, guests, n_guests);
	else
		read_hops(out, ld, vnet, guests, n_guests);
	delay = vnet_stats(ld, vnet);
	for (i = 0; i < n_guests; i++)
		read_guest(&out->guests[i], ld, &guests[i]);
	for (i = 0; i < n_guests; i++)
		read_towards(&out->guests[i], ld, &guests[i]);
	late = vnet_stats(ld, vnet);
	out->in.vnet = splice(&early, &delayed, &delay, &late);
	out->in.rx_while_reading =
		late.rx_packets - early.rx_packets + late.control_packets - early.control_packets;
	out->in.guests = out->guests;
	return 0;
}

void pdp_books_free(struct pdp_books *books)
{
	free(books->guests);
	books->guests = NULL;
}

/* What went to the guest's link and was not seen again. */
static uint64_t lost_with_link(const struct pdp_guest_stats *stats, uint64_t lost_to)
{
	return stats->to_packets - stats->rx_packets - stats->fast_packets - stats->drop_no_socket -
	       stats->drop_by_program - stats->drop_verdict - lost_to;
}

void pdp_books_count_lost(struct pdp_books_guest *guest, const struct pdp_loader *ld, uint16_t vnet)
{
	struct pdp_guest_stats stats = guest_stats(ld, guest->id);
	struct pdp_ledger_guest now = {0};
	struct pdp_books books = {.guests = &now};

	read_hops(&books, ld, vnet, guest, 1);
	guest->past.lost_with_link = lost_with_link(&stats, now.lost_to);
}

void pdp_books_bury_link(struct pdp_books_guest *guest, const struct pdp_loader *ld, uint16_t vnet)
{
	struct pdp_guest_stats stats = guest_stats(ld, guest->id);
	struct pdp_ledger_guest now = {0};
	struct pdp_books books = {.guests = &now};

	read_hops(&books, ld, vnet, guest, 1);
	guest->past.lost_to = now.lost_to;
	guest->past.lost_from = now.lost_from;
	guest->past.lost_with_link = lost_with_link(&stats, now.lost_to);
	pdp_hops_bury(ld, (uint32_t)guest->link_ifindex, vnet, false);
	guest->link_ifindex = 0;
}
