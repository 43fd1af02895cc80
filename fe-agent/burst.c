/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* burst.c - receive descriptors to transmit descriptors; see burst.h. */
#include "fe-agent/burst.h"
#include "fe-agent/tag.h"

/* Lines that strip and the data plane read first: Ethernet, tag and the inner header's start. */
static void prefetch(const struct pdp_umem *umem, const struct xdp_desc *rx, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (rx[i].addr >> PDP_FRAME_SHIFT < umem->pool.total)
			__builtin_prefetch(umem->area + rx[i].addr);
}

/* Take a received frame in hand: within the UMEM, within its chunk, and ours to take. */
static bool take(struct pdp_umem *umem, const struct xdp_desc *desc)
{
	if ((desc->addr & (PDP_FRAME_SIZE - 1)) + desc->len > PDP_FRAME_SIZE)
		return false;
	return pdp_pool_move(&umem->pool, desc->addr, PDP_FILL, PDP_HAND);
}

static void drop(struct pdp_umem *umem, uint64_t addr)
{
	pdp_pool_move(&umem->pool, addr, PDP_HAND, PDP_FREE);
}

/* Strip each frame; what has no proper tag ends here. Returns how many go to the data plane. */
static unsigned int strip(struct pdp_umem *umem, const struct xdp_desc *rx, unsigned int n,
			  struct pdp_arrival *in, struct pdp_packet *pkts,
			  struct pdp_agent_stats *stats)
{
	unsigned int m = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!take(umem, &rx[i])) {
			stats->drop_bad_desc++;
		} else if (!pdp_tag_strip(umem->area + rx[i].addr, rx[i].len, &in[m], &pkts[m])) {
			stats->drop_bad_tag++;
			drop(umem, rx[i].addr);
		} else {
			m++;
		}
	}
	return m;
}

static bool send_on(struct pdp_umem *umem, const struct pdp_arrival *in,
		    const struct pdp_packet *pkt, struct xdp_desc *tx)
{
	uint64_t chunk = (in->data - umem->area) & ~(uint64_t)(PDP_FRAME_SIZE - 1);
	uint8_t *low = umem->area + chunk, *frame;
	uint32_t len;

	if (!pdp_tag_push(in, pkt, low, low + PDP_FRAME_SIZE, &frame, &len))
		return false;
	pdp_pool_move(&umem->pool, chunk, PDP_HAND, PDP_TX);
	*tx = (struct xdp_desc){.addr = frame - umem->area, .len = len};
	return true;
}

unsigned int pdp_burst(struct pdp_umem *umem, const struct pdp_dataplane_ops *ops,
		       struct pdp_dataplane *dp, const struct xdp_desc *rx, unsigned int n,
		       struct xdp_desc *tx, struct pdp_agent_stats *stats)
{
	struct pdp_arrival in[PDP_BURST];
	struct pdp_packet pkts[PDP_BURST];
	unsigned int n_tx = 0;

	prefetch(umem, rx, n);
	stats->bursts++;
	stats->rx_packets += n;
	n = strip(umem, rx, n, in, pkts, stats);
	if (n)
		ops->burst(dp, pkts, n);
	for (unsigned int i = 0; i < n; i++) {
		if (pkts[i].op != PDP_OP_DROP && send_on(umem, &in[i], &pkts[i], &tx[n_tx])) {
			n_tx++;
			*(pkts[i].op == PDP_OP_FORWARD ? &stats->forward_packets
						       : &stats->local_packets) += 1;
			continue;
		}
		if (pkts[i].op != PDP_OP_DROP || pkts[i].drop >= dp_drop_count)
			stats->drop_bad_verdict++;
		else
			stats->dp_drops[pkts[i].drop]++;
		drop(umem, in[i].data - umem->area);
	}
	return n_tx;
}
