/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* delay.c - the delay line between its rings; see delay.h. */
#include "fe-agent/delay.h"

#include <endian.h>
#include <string.h>

#include "bpf/wire.h"

#define NS_PER_MS 1000000ULL
#define HEAD_LEN (ETH_HLEN + sizeof(struct pdp_tag))

void pdp_delay_begin(struct pdp_delay_stats *stats, uint32_t frames)
{
	if (stats->layout != PDP_DELAY_LAYOUT)
		memset(stats, 0, sizeof(*stats));
	stats->layout = PDP_DELAY_LAYOUT;
	stats->frames = frames;
	stats->starts++;
	stats->socket_drops_before += stats->socket_drops;
	stats->socket_drops = 0;
}

int pdp_delay_init(struct pdp_delay *line, struct pdp_umem *umem, struct pdp_delay_stats *stats)
{
	uint32_t frames = umem->pool.total;

	*line = (struct pdp_delay){.umem = umem, .stats = stats};
	return pdp_delayq_init(&line->queue, frames - PDP_DELAY_RESERVE(frames));
}

void pdp_delay_fini(struct pdp_delay *line)
{
	pdp_delayq_fini(&line->queue);
}

/* Whose the frame is and how long it waits; vnet 0 when it has no tag. */
static uint16_t read_tag(const uint8_t *frame, uint32_t len, uint32_t *ms)
{
	struct pdp_tag tag;

	if (len < HEAD_LEN)
		return 0;
	memcpy(&tag, frame + ETH_HLEN, sizeof(tag));
	if (pdp_tag_version(&tag) != PDP_WIRE_VERSION || pdp_tag_op(&tag) != PDP_OP_FORWARD)
		return 0;
	*ms = be32toh(tag.seq);
	if (*ms > PDP_DELAY_MAX_MS)
		*ms = PDP_DELAY_MAX_MS;
	return be16toh(tag.vnet);
}

static void take(struct pdp_delay *line, const struct xdp_desc *rx, uint64_t now_ns)
{
	struct pdp_delayed frame = {.addr = rx->addr, .len = rx->len};
	struct pdp_delay_vnet *vnet;
	uint32_t ms = 0;

	/* A frame out of turn is not ours to free. */
	if ((rx->addr & (PDP_FRAME_SIZE - 1)) + rx->len > PDP_FRAME_SIZE ||
	    !pdp_pool_move(&line->umem->pool, rx->addr, PDP_FILL, PDP_HAND))
		return;
	frame.vnet = read_tag(line->umem->area + rx->addr, rx->len, &ms);
	frame.due_ns = now_ns + ms * NS_PER_MS;
	vnet = &line->stats->vnet[frame.vnet];
	vnet->received++;
	if (frame.vnet && pdp_delayq_push(&line->queue, &frame))
		return;
	vnet->drop_overflow++;
	pdp_pool_move(&line->umem->pool, rx->addr, PDP_HAND, PDP_FREE);
}

void pdp_delay_take(struct pdp_delay *line, const struct xdp_desc *rx, unsigned int n,
		    uint64_t now_ns)
{
	for (unsigned int i = 0; i < n; i++)
		take(line, &rx[i], now_ns);
}

unsigned int pdp_delay_give(struct pdp_delay *line, struct xdp_desc *tx, unsigned int n,
			    uint64_t now_ns)
{
	struct pdp_delayed frame;
	unsigned int i;

	for (i = 0; i < n && pdp_delayq_pop(&line->queue, now_ns, &frame); i++) {
		pdp_pool_move(&line->umem->pool, frame.addr, PDP_HAND, PDP_TX);
		tx[i] = (struct xdp_desc){.addr = frame.addr, .len = frame.len};
		line->stats->vnet[frame.vnet].sent++;
	}
	return i;
}
