/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_swap.c - a million routes are replaced by a million others while packets come, to both halves of the router.
 *
 * All of the table of before is told, then all of the one of after, in messages as large as the channel's, and what
 * was not said again is swept out: as an agent hears it. Most prefixes are in both, with another vif; of the longest
 * ones half are only in the first and half only in the second. Meanwhile a packet has the answer of the one table or
 * of the other, by a naive model of both, and none is left without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <pthread.h>

#include "fe-agent/channel.h"
#include "fe-agent/checksum.h"
#include "selftests/prog/halves.h"

#define WIDE 3800 /* /16s, each with all its /24s and some /28s */
#define FIRST 0x01000000u
#define NARROW 8 /* /28s of a /16, in as many /24s */
#define PER_WIDE (1 + 256 + NARROW)
#define ROUTES ((size_t)WIDE * PER_WIDE)
#define VIFS 200
#define SAMPLE 100000
#define INNER_LEN 46

enum { BEFORE, AFTER, TABLES };

struct prefix {
	uint32_t addr; /* host order */
	unsigned int len;
	uint16_t vif[TABLES]; /* 0: not in that table */
};

static struct prefix *prefixes;
static struct halves halves;
static bool told; /* all of the second table is in force */

static uint32_t draw(uint32_t n)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 32) % n;
}

/* --- the naive model ------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct prefix *left = a, *right = b;

	if (left->len != right->len)
		return left->len < right->len ? -1 : 1;
	return left->addr < right->addr ? -1 : left->addr > right->addr;
}

/* The longest one of the table that the address is in, looked for length by length. */
static uint16_t look_up(int table, uint32_t addr)
{
	for (unsigned int len = 33; len--;) {
		const struct prefix key = {.addr = len ? addr & ~0u << (32 - len) : 0, .len = len};
		const struct prefix *found =
			bsearch(&key, prefixes, ROUTES, sizeof(*prefixes), compare);

		if (found && found->vif[table])
			return found->vif[table];
	}
	return 0;
}

static void put_prefix(size_t *n, uint32_t addr, unsigned int len)
{
	struct prefix *p = &prefixes[(*n)++];

	*p = (struct prefix){.addr = addr, .len = len};
	p->vif[BEFORE] = 1 + draw(VIFS);
	p->vif[AFTER] = 1 + draw(VIFS);
	if (len == 28)
		p->vif[*n % 2 ? BEFORE : AFTER] = 0;
}

static void make_prefixes(void)
{
	size_t n = 0;

	prefixes = calloc(ROUTES, sizeof(*prefixes));
	assert_non_null(prefixes);
	for (uint32_t i = 0; i < WIDE; i++) {
		const uint32_t wide = FIRST + (i << 16);

		put_prefix(&n, wide, 16);
		for (uint32_t j = 0; j < 256; j++)
			put_prefix(&n, wide | j << 8, 24);
		for (uint32_t j = 0; j < NARROW; j++)
			put_prefix(&n, wide | j << 13 | draw(16) << 4, 28);
	}
	assert_int_equal(n, ROUTES);
	qsort(prefixes, ROUTES, sizeof(*prefixes), compare);
}

/* --- what an agent hears --------------------------------------------------------------------------- */

static void put_route(void *at, const struct prefix *p, int table)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(at);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	nlh->nlmsg_type = RTM_NEWROUTE;
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = p->len;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_table = RT_TABLE_MAIN;
	mnl_attr_put_u32(nlh, RTA_DST, htonl(p->addr));
	mnl_attr_put_u32(nlh, RTA_OIF, p->vif[table]);
}

/* All of a table; longer prefixes first, so that no shorter one is seen in the place of one that is to come. */
static int tell(int table)
{
	static uint8_t buf[PDP_CHANNEL_MAX - sizeof(struct pdp_msg)] __attribute__((aligned(8)));
	size_t len = 0;
	int rc = 0;

	for (size_t i = ROUTES; !rc && i--;) {
		if (!prefixes[i].vif[table])
			continue;
		put_route(buf + len, &prefixes[i], table);
		len += MNL_ALIGN(((struct nlmsghdr *)(buf + len))->nlmsg_len);
		if (len > sizeof(buf) - 256) {
			rc = pdp_router.netlink(halves.dp, buf, len, NULL);
			len = 0;
		}
	}
	return rc || !len ? rc : pdp_router.netlink(halves.dp, buf, len, NULL);
}

static void set_vifs(void)
{
	for (uint16_t id = 1; id <= VIFS; id++) {
		struct pdp_dp_vif vif = {
			.id = id,
			.encap = PDP_DP_UDP,
			.family = 4,
			.mtu = 1400,
			.local = {192, 0, 2, 1},
			.remote = {198, 51, 100, (uint8_t)id},
		};

		assert_int_equal(pdp_router.set_vif(halves.dp, &vif), 0);
	}
}

static void *swap(void *unused)
{
	int rc;

	(void)unused;
	pdp_router.renew(halves.dp);
	set_vifs();
	rc = tell(AFTER);
	pdp_router.sweep(halves.dp);
	__atomic_store_n(&told, true, __ATOMIC_SEQ_CST);
	return (void *)(intptr_t)rc;
}

/* --- packets --------------------------------------------------------------------------------------- */

static uint32_t make_frame(uint8_t *frame, uint32_t addr)
{
	static const uint8_t head[] = {2, 0xfe, 0, 0, 1, 1, 2, 0xfe, 0, 0, 2, 1, 0x88, 0xb5, 0x11,
				       0, 8,	0, 0, 1, 0, 1, 1,    2, 3, 4, 0, 0,    0,    1};
	uint8_t *ip = frame + sizeof(head);

	memcpy(frame, head, sizeof(head));
	memset(ip, 0, INNER_LEN);
	ip[0] = 0x45;
	pdp_store16(ip + 2, htons(INNER_LEN));
	ip[8] = 64;
	ip[9] = 17;
	ip[12] = 10;
	ip[15] = 1;
	addr = htonl(addr);
	memcpy(ip + 16, &addr, 4);
	pdp_store16(ip + 10, pdp_sum_finish(pdp_sum_bytes(0, ip, 20)));
	return sizeof(head) + INNER_LEN;
}

/* In any of the prefixes, of which the longest are asked for as often as all others. */
static uint32_t draw_addr(void)
{
	const size_t narrow = (size_t)WIDE * NARROW;
	const struct prefix *p =
		draw(2) ? &prefixes[ROUTES - 1 - draw(narrow)] : &prefixes[draw(ROUTES)];

	return p->addr | draw(1u << (32 - p->len));
}

static uint16_t egress(const struct outcome *out)
{
	assert_true(out->sent);
	assert_int_equal(out->op, PDP_OP_FORWARD);
	return out->frame[20] << 8 | out->frame[21];
}

/* To a half and by which vif it leaves: never by none. */
static uint16_t forward(bool fast, uint32_t addr)
{
	static struct outcome out;
	uint8_t frame[128];
	const uint32_t len = make_frame(frame, addr);

	if (fast)
		halves_run_fast(&halves, frame, len, &out);
	else
		halves_run_agent(&halves, frame, len, &out);
	return egress(&out);
}

/* While nothing changes both halves say what the model says. */
static void all_as_in(int table)
{
	for (int i = 0; i < SAMPLE; i++) {
		const uint32_t addr = draw_addr();
		const uint16_t want = look_up(table, addr);

		assert_int_equal(forward(true, addr), want);
		assert_int_equal(forward(false, addr), want);
	}
}

static void a_million_routes(void **unused)
{
	unsigned int seen[TABLES] = {0}, total = 0, wrong = 0;
	const struct pdp_router_sizes full = PDP_ROUTER_FULL;
	pthread_t thread;
	void *rc;

	(void)unused;
	make_prefixes();
	assert_int_equal(halves_start(&halves, &full), 0);
	set_vifs();
	/* Whoever changes routes waits for the agent half, which does not run here yet. */
	pdp_router.offline(halves.dp);
	assert_int_equal(tell(BEFORE), 0);
	pdp_router.online(halves.dp);
	all_as_in(BEFORE);

	assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
	while (!__atomic_load_n(&told, __ATOMIC_SEQ_CST)) {
		const uint32_t addr = draw_addr();
		const uint16_t before = look_up(BEFORE, addr), after = look_up(AFTER, addr);
		const uint16_t is = forward(total++ % 2, addr);

		wrong += is != before && is != after;
		seen[BEFORE] += before != after && is == before;
		seen[AFTER] += before != after && is == after;
	}
	pthread_join(thread, &rc);
	assert_int_equal((intptr_t)rc, 0);
	assert_int_equal(wrong, 0);
	assert_true(seen[BEFORE] && seen[AFTER]);
	all_as_in(AFTER);
	print_message("# %zu routes, %u packets meanwhile: %u as before, %u as after\n", ROUTES,
		      total, seen[BEFORE], seen[AFTER]);
	halves_stop(&halves);
	free(prefixes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_routes),
	};

	return cmocka_run_group_tests_name("swap", tests, NULL, NULL);
}
