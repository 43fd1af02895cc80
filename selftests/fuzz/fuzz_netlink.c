/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_netlink.c - rtnetlink messages as a controller might send them to an agent's router, and a packet
 * across whatever tables they made. What the router says of its tables makes the same ones.
 *
 * Byte 1: 0 = messages as they are; else one message of a kind that the router knows, whose body is the rest.
 */
#include "selftests/fuzz/fuzz.h"
#include "selftests/unit/router_fixture.h"

#define MAX_MSG 4096

static struct pdp_dataplane *router;

static size_t frame_message(uint8_t *to, uint8_t kind, const uint8_t *body, size_t size)
{
	static const uint16_t types[] = {RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEIGH,
					 RTM_DELNEIGH, RTM_NEWADDR,  RTM_DELADDR};
	struct nlmsghdr nlh = {
		.nlmsg_len = (uint32_t)(sizeof(nlh) + size),
		.nlmsg_type = types[kind % 6],
		.nlmsg_flags = NLM_F_REQUEST,
	};

	memcpy(to, &nlh, sizeof(nlh));
	memcpy(to + sizeof(nlh), body, size);
	return sizeof(nlh) + size;
}

static void send_packets(struct pdp_dataplane *dp)
{
	static const char *const to[] = {"10.1.2.3", "10.3.0.9", "0.0.0.1", "192.0.2.1"};
	struct frame f;

	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		make4(&f, "198.51.100.1", to[i], 60);
		run(dp, &f);
		must(f.pkt.op == PDP_OP_FORWARD || f.pkt.op == PDP_OP_LOCAL ||
		     f.pkt.op == PDP_OP_DROP);
	}
	make6(&f, "2001:db8:99::1", "2001:db8:1::1", 60);
	run(dp, &f);
}

/* What the router says of its tables, to a router that knows nothing: each message is taken, and as many routes are there. */
static void tell_twin(struct pdp_dataplane *dp)
{
	static _Alignas(8) uint8_t piece[16 * PDP_DP_MESSAGE];
	struct pdp_dataplane *twin = make_empty();
	uint64_t has4, has6, told4, told6;
	struct pdp_dp_cursor cursor = {0};
	size_t len;
	bool end;

	do {
		end = pdp_router.dump(dp, &cursor, piece, sizeof(piece), &len);
		must(len <= sizeof(piece));
		must(!pdp_router.netlink(twin, piece, len, NULL));
	} while (!end);
	pdp_router.routes(dp, &has4, &has6);
	pdp_router.routes(twin, &told4, &told6);
	must(has4 == told4 && has6 == told6);
	pdp_router.fini(twin);
}

/* The route in force of an address that the input chose, if there is one, is a message of a route. */
static void look_up(struct pdp_dataplane *dp, const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t route[PDP_DP_MESSAGE];
	const struct nlmsghdr *nlh = (const void *)route;
	uint8_t addr[16] = {0};
	size_t len;

	memcpy(addr, data, size < sizeof(addr) ? size : sizeof(addr));
	len = pdp_router.lookup(dp, size & 1 ? 4 : 6, addr, 0x1234567, route, sizeof(route));
	must(!len || (len == nlh->nlmsg_len && nlh->nlmsg_type == RTM_NEWROUTE));
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
	static unsigned int runs;
	const uint8_t kind = next_byte(&data, &size);
	const size_t data_size = size;
	uint64_t left4, left6;
	uint8_t *msgs;

	if (size > MAX_MSG)
		return 0;
	if (!router)
		router = make_router();
	/* Its very end, so that not a byte behind it is there to be read. */
	msgs = malloc(kind ? sizeof(struct nlmsghdr) + size : size + !size);
	must(msgs);
	if (kind)
		size = frame_message(msgs, kind, data, size);
	else
		memcpy(msgs, data, size);
	pdp_router.netlink(router, msgs, size, NULL);
	free(msgs);
	send_packets(router);
	look_up(router, data, data_size);
	if (++runs % 512 == 0) {
		tell_twin(router);
		/* All said anew, and nothing was: nothing is left. */
		pdp_router.renew(router);
		pdp_router.sweep(router);
		pdp_router.routes(router, &left4, &left6);
		must(!left4 && !left6);
		end_router();
	}
	return 0;
}
