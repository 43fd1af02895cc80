/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rtkey.h - what an rtnetlink message is about, as a key to find it by again.
 *
 * Two messages with one key are about the same route, neighbour or address as an agent's router tells
 * them apart (fe-agent/fib_netlink.c). Pure.
 */
#ifndef PDP_RTKEY_H
#define PDP_RTKEY_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Without padding, compared and hashed as bytes. */
struct pdp_rtkey {
	uint16_t kind; /* RTM_NEW..., of removals too; or another kind of the caller's */
	uint8_t family;
	uint8_t len; /* of the prefix */
	uint32_t table; /* and the TOS, in the upper byte */
	uint32_t metric; /* of a route */
	uint8_t addr[16];
	uint32_t link; /* vif, where it tells entries apart; last: entries beside one another share the rest */
};

_Static_assert(sizeof(struct pdp_rtkey) == 32, "no padding");
#define PDP_RTKEY_BESIDE offsetof(struct pdp_rtkey, link)

/* Of a whole message. One that agents do not know is about its own wording. */
void pdp_rtkey_of(const struct nlmsghdr *nlh, struct pdp_rtkey *key);

/* Does it remove what it is about? */
bool pdp_rtkey_removes(const struct nlmsghdr *nlh);

/* The same for keys that are beside one another. */
uint64_t pdp_rtkey_hash(const struct pdp_rtkey *key);

#endif
