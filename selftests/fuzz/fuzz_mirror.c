/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_mirror.c - what a guest's kernel might say, into a mirror's table; and rounds in between.
 *
 * Each item: a byte that says what (0-9: a message of that kind; 10.. begin, sweep, work) and whether it was
 * dumped, a byte of flags, a byte of length in words, the message's body.
 */
#include "selftests/fuzz/fuzz.h"

#include <linux/rtnetlink.h>
#include <linux/nexthop.h>

#include "ctl/mirror_table.h"
#include "ctl/rtbuild.h"

#define MAX_ROUTES 40

static uint16_t vif_of(uint32_t ifindex, void *arg)
{
	(void)arg;
	return ifindex % 8 == 2 ? 0 : (uint16_t)(ifindex % 8);
}

static int must_be_canonical(const struct pdp_rtkey *key, const struct nlmsghdr *nlh, void *arg)
{
	_Alignas(4) uint8_t buf[PDP_RT_MESSAGE_MAX];

	(void)key, (void)arg;
	must(pdp_rt_canonical(nlh, buf) == nlh->nlmsg_len);
	must(!memcmp(buf, nlh, nlh->nlmsg_len));
	return 0;
}

static void take_message(struct pdp_mirror_table *table, uint16_t type, uint16_t flags, bool dumped,
			 const uint8_t *body, size_t len)
{
	/* Its very end, so that not a byte behind it is there to be read. */
	struct nlmsghdr *nlh = malloc(sizeof(*nlh) + len);

	must(nlh);
	*nlh = (struct nlmsghdr){.nlmsg_len = (uint32_t)(sizeof(*nlh) + len),
				 .nlmsg_type = type,
				 .nlmsg_flags = flags};
	memcpy(nlh + 1, body, len);
	must(!pdp_mirror_table_take(table, nlh, dumped));
	free(nlh);
}

static void do_item(struct pdp_mirror_table *table, uint8_t what, const uint8_t **data,
		    size_t *size)
{
	static const uint16_t types[] = {RTM_NEWROUTE,	 RTM_DELROUTE,	RTM_NEWNEIGH, RTM_DELNEIGH,
					 RTM_NEWADDR,	 RTM_DELADDR,	RTM_NEWLINK,  RTM_DELLINK,
					 RTM_NEWNEXTHOP, RTM_DELNEXTHOP};
	const bool dumped = what & 0x80;
	uint16_t flags;
	size_t len;

	what &= 0x0f;
	if (what == 10)
		pdp_mirror_table_begin_round(table);
	else if (what == 11)
		pdp_mirror_table_sweep(table);
	else if (what == 12)
		pdp_mirror_table_work(table);
	else if (what == 13)
		pdp_mirror_table_end_round(table);
	if (what >= 10)
		return;
	flags = (uint16_t)(next_byte(data, size) << 8);
	len = next_byte(data, size) * 4u;
	len = len < *size ? len : *size;
	take_message(table, types[what], flags, dumped, *data, len);
	*data += len;
	*size -= len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pdp_mirror_table_conf conf = {.max_routes = MAX_ROUTES, .vif_of = vif_of};
	struct pdp_mirror_table *table;
	struct pdp_agentconf_stats stats;
	struct pdp_agentconf *told = pdp_agentconf_new();

	must(told);
	conf.told = told;
	must(!pdp_mirror_table_new(&table, &conf));
	while (size) {
		const uint8_t what = next_byte(&data, &size);

		do_item(table, what, &data, &size);
	}
	while (!pdp_mirror_table_work(table))
		;
	pdp_agentconf_stats(told, &stats);
	must(stats.routes <= MAX_ROUTES);
	for (size_t place = 0; place != SIZE_MAX;)
		pdp_agentconf_walk(told, &place, SIZE_MAX, must_be_canonical, NULL);
	pdp_mirror_table_free(table);
	pdp_agentconf_unref(told);
	return 0;
}
