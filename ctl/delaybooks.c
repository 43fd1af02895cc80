/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* delaybooks.c - see delaybooks.h. */
#include "ctl/delaybooks.h"

uint64_t pdp_delaybooks_unseen(const struct pdp_delay_stats *stats, uint64_t no_socket)
{
	return stats->socket_drops + stats->socket_drops_before + stats->died_unseen + no_socket -
	       stats->unseen_gone;
}

/* Of all vnets: handed to the link and taken by it, less what the process has seen. */
static int64_t missing(const struct pdp_delaybooks *books, const struct pdp_delay_stats *stats)
{
	int64_t sum = -(int64_t)books->refused;

	for (uint32_t id = 1; id <= PDP_MAX_VNETS; id++)
		sum += (int64_t)(books->vnet[id].to - stats->vnet[id].received);
	return sum;
}

int64_t pdp_delaybooks_rest(const struct pdp_delaybooks *books, const struct pdp_delay_stats *stats)
{
	int64_t sum =
		missing(books, stats) - (int64_t)pdp_delaybooks_unseen(stats, books->no_socket);

	for (uint32_t id = 1; id <= PDP_MAX_VNETS; id++) {
		const struct pdp_delay_vnet *vnet = &stats->vnet[id];

		sum += (int64_t)(vnet->received - vnet->drop_overflow - vnet->drop_died -
				 books->vnet[id].back);
	}
	return sum;
}

/* What it took off its socket and did not come back died: in its hands, or on the way out. */
static void close_vnet(struct pdp_delay_vnet *vnet, uint64_t back)
{
	uint64_t kept = vnet->received - vnet->drop_overflow;

	vnet->sent = back < kept ? back : kept;
	vnet->drop_died = kept - vnet->sent;
}

void pdp_delaybooks_close(const struct pdp_delaybooks *books, struct pdp_delay_stats *stats)
{
	int64_t unnamed;

	/* Most of the file is a hole, and is to stay one. */
	for (uint32_t id = 1; id <= PDP_MAX_VNETS; id++)
		if (stats->vnet[id].received)
			close_vnet(&stats->vnet[id], books->vnet[id].back);
	unnamed = missing(books, stats) - (int64_t)pdp_delaybooks_unseen(stats, books->no_socket);
	if (unnamed > 0)
		stats->died_unseen += (uint64_t)unnamed;
	else
		stats->unseen_gone += (uint64_t)-unnamed;
}
