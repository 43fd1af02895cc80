/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_tag.c - a frame from the MD: what passes as tagged goes back with the same tag, or is refused.
 *
 * Bytes 1 and 2: how far the data plane moves head and tail of the packet. The frame stands in a chunk
 * with room in front.
 */
#include "fe-agent/tag.h"
#include "selftests/fuzz/fuzz.h"

#define ROOM 256

static void push(const struct pdp_arrival *in, const struct pdp_packet *pkt, const uint8_t *low,
		 const uint8_t *high)
{
	struct pdp_arrival again;
	struct pdp_packet back;
	uint8_t *frame;
	uint32_t len;

	if (!pdp_tag_push(in, pkt, low, high, &frame, &len))
		return;
	must(frame >= low && frame + len <= high);
	must(len == pkt->len + PDP_TAG_ROOM || pkt->op == PDP_OP_LOCAL);
	must(!memcmp(frame, in->eth.h_source, ETH_ALEN));
	/* It is no INPUT any more. */
	must(!pdp_tag_strip(frame, len, &again, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int8_t head = (int8_t)next_byte(&data, &size), tail = (int8_t)next_byte(&data, &size);
	uint8_t *chunk = malloc(ROOM + size);
	struct pdp_arrival in;
	struct pdp_packet pkt;

	if (!chunk)
		return 0;
	memcpy(chunk + ROOM, data, size);
	if (pdp_tag_strip(chunk + ROOM, (uint32_t)size, &in, &pkt)) {
		must(pkt.op == PDP_OP_DROP && pkt.len == size - PDP_TAG_ROOM && pkt.ecn <= 3);
		pkt.op = PDP_OP_LOCAL;
		push(&in, &pkt, chunk, chunk + ROOM + size);
		memcpy(chunk + ROOM, data, size);
		pkt.op = PDP_OP_FORWARD;
		pkt.data -= head;
		pkt.len += (uint32_t)(head + tail);
		push(&in, &pkt, chunk, chunk + ROOM + size);
	}
	free(chunk);
	return 0;
}
