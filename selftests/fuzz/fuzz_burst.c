/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_burst.c - a burst from the receive ring through tag and router: frames come and go as the account
 * says, no packet is lost to it, nothing behind a packet's end is read.
 *
 * The input is a list of frames: a mode, a length (2 bytes), bytes. Mode 0: a packet behind a good tag, with
 * vif and EtherType in the next two bits each; 1: the frame as it is; 2: the bytes are a descriptor.
 */
/* Before the kernel's own. */
#include <netinet/in.h>

#include <sanitizer/asan_interface.h>

#include "fe-agent/burst.h"
#include "fe-agent/tag.h"
#include "selftests/fuzz/fuzz.h"
#include "selftests/unit/router_fixture.h"

#define FRAMES 16U
#define MAX_FRAME (PDP_FRAME_SIZE - PDP_FRAME_HEADROOM)

static struct pdp_dataplane *router;
static bool forged;

static uint32_t put_tag(uint8_t *frame, uint8_t mode)
{
	static const uint16_t protos[] = {0x0800, 0x86dd, PDP_PROTO_ETHERNET, 0x0806};
	struct ethhdr eth = {.h_dest = {2, 1}, .h_source = {2, 2}, .h_proto = htons(PDP_ETHERTYPE)};
	struct pdp_tag tag = {
		.version_op = pdp_tag_version_op(PDP_OP_INPUT),
		.flags = mode >> 6,
		.proto = htons(protos[mode >> 4 & 3]),
		.vnet = htons(1),
		.vif = htons(1 + (mode >> 2 & 3)),
		.hash = htonl(mode * 0x1234567u),
	};

	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), &tag, sizeof(tag));
	return PDP_TAG_ROOM;
}

/* A frame as the kernel would receive it; false: the input or the frames are at an end. */
static bool arrive(struct pdp_umem *umem, struct xdp_desc *rx, const uint8_t **data, size_t *size)
{
	const uint8_t mode = next_byte(data, size);
	size_t n = (size_t)next_byte(data, size) << 8;
	uint32_t room;
	uint64_t addr;
	uint8_t *frame;

	n |= next_byte(data, size);
	n = n < *size ? n : *size;
	if (!*size || !pdp_pool_take(&umem->pool, PDP_FILL, &addr))
		return false;
	frame = umem->area + addr + PDP_FRAME_HEADROOM;
	room = (mode & 3) == 0 ? put_tag(frame, mode) : 0;
	n = n < MAX_FRAME - room ? n : MAX_FRAME - room;
	memcpy(frame + room, *data, n);
	*rx = (struct xdp_desc){.addr = addr + PDP_FRAME_HEADROOM, .len = room + (uint32_t)n};
	ASAN_POISON_MEMORY_REGION(frame + rx->len, MAX_FRAME - rx->len);
	if ((mode & 3) == 2) {
		memcpy(rx, *data, n < sizeof(*rx) ? n : sizeof(*rx));
		/* It may lead anywhere in the UMEM, also into what comes later. */
		forged = true;
	}
	*data += n;
	*size -= n;
	return true;
}

static void check_sent(struct pdp_umem *umem, const struct xdp_desc *tx, unsigned int n)
{
	must(pdp_pool_balanced(&umem->pool));
	must(umem->pool.count[PDP_HAND] == 0);
	must(umem->pool.count[PDP_TX] == n);
	for (unsigned int i = 0; i < n; i++) {
		must(tx[i].len >= PDP_TAG_ROOM && tx[i].len <= PDP_FRAME_SIZE);
		must(tx[i].addr / PDP_FRAME_SIZE == (tx[i].addr + tx[i].len - 1) / PDP_FRAME_SIZE);
		must(pdp_pool_move(&umem->pool, tx[i].addr, PDP_TX, PDP_FREE));
	}
}

/* Its tables lie where the leak detector does not look: leave nothing. */
static void end_router(void)
{
	pdp_router.fini(router);
	router = NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return atexit(end_router);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xdp_desc rx[FRAMES], tx[FRAMES];
	struct pdp_agent_stats stats = {0};
	struct pdp_umem umem = {.area = calloc(FRAMES, PDP_FRAME_SIZE)};
	unsigned int n = 0;

	if (!router)
		router = make_router();
	forged = false;
	must(umem.area && !pdp_pool_init(&umem.pool, FRAMES));
	while (n < FRAMES && arrive(&umem, &rx[n], &data, &size))
		n++;
	if (forged)
		ASAN_UNPOISON_MEMORY_REGION(umem.area, FRAMES * PDP_FRAME_SIZE);
	check_sent(&umem, tx, pdp_burst(&umem, &pdp_router, router, rx, n, tx, &stats));
	pdp_router.quiescent(router);
	ASAN_UNPOISON_MEMORY_REGION(umem.area, FRAMES * PDP_FRAME_SIZE);
	pdp_pool_fini(&umem.pool);
	free(umem.area);
	return 0;
}
