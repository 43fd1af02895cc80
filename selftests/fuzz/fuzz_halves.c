/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_halves.c - any frame to both halves of the router, which have the same random tables: what the agent
 * forwards the fast half sends, the same bytes, and anything else it leaves alone.
 *
 * The first byte: 1 = a good head is put in front, with EtherType, vif and ECN from the other bits; 2 = the
 * IPv4 header behind it is given a good checksum. The rest is the frame.
 */
/* Before the kernel's own. */
#include <netinet/in.h>

#include "fe-agent/checksum.h"
#include "selftests/fuzz/fuzz.h"
#include "selftests/prog/halves.h"
#include "selftests/prog/random_router.h"

static struct halves halves;

static uint32_t put_head(uint8_t *frame, uint8_t mode)
{
	static const uint16_t protos[] = {ETH_P_IP, ETH_P_IPV6, PDP_PROTO_ETHERNET, ETH_P_ARP};
	struct ethhdr eth = {.h_dest = {2, 1}, .h_source = {2, 2}, .h_proto = htons(PDP_ETHERTYPE)};
	struct pdp_tag tag = {
		.version_op = pdp_tag_version_op(PDP_OP_INPUT),
		.flags = mode >> 6,
		.proto = htons(protos[mode >> 2 & 3]),
		.vnet = htons(1),
		.vif = htons(1 + (mode >> 4 & 3)),
		.hash = htonl(mode * 0x1234567u),
		.seq = htonl(mode * 77u),
	};

	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), &tag, sizeof(tag));
	return sizeof(eth) + sizeof(tag);
}

static void mend_checksum(uint8_t *ip, size_t len)
{
	if (len < 20 || *ip != 0x45)
		return;
	pdp_store16(ip + 10, 0);
	pdp_store16(ip + 10, pdp_sum_finish(pdp_sum_bytes(0, ip, 20)));
}

static void end(void)
{
	halves_stop(&halves);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct pdp_router_sizes sizes = PDP_ROUTER_SMALL;

	(void)argc;
	(void)argv;
	if (halves_start(&halves, &sizes))
		exit(1);
	random_router(halves.dp);
	/* Its tables lie where the leak detector does not look: leave nothing. */
	return atexit(end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t frame[HALVES_FRAME_MAX], mode = next_byte(&data, &size);
	uint32_t head = mode & 1 ? put_head(frame, mode) : 0;
	bool forwarded;

	size = size < sizeof(frame) - head ? size : sizeof(frame) - head;
	memcpy(frame + head, data, size);
	if (mode & 2)
		mend_checksum(frame + head, size);
	/* The kernel runs no program on less than an Ethernet header. */
	if (head + size >= ETH_HLEN)
		must(!halves_differ(&halves, frame, head + size, &forwarded));
	return 0;
}
