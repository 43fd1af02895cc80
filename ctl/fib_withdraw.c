/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fib_withdraw.c - what a vnet's agents are to forget, in the words of rtnetlink(7).
 *
 * Works on messages, so that it needs not know what fib.c makes of a vnet. What a message is about (its
 * key) is what the agent's table finds it by: a route's prefix and table, an address on its vif, a
 * neighbour on its vif.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/fib.h"

struct key {
	uint16_t type;
	uint8_t family;
	uint8_t len; /* of a prefix */
	uint32_t where; /* table, or vif */
	uint8_t addr[16];
	size_t at; /* of the message; not compared */
};

#define KEY_COMPARED offsetof(struct key, at)

struct messages {
	char *buf;
	size_t len;
	struct key *keys;
	size_t n;
};

static int append(const void *msgs, size_t len, void *arg)
{
	struct messages *m = arg;
	char *grown = realloc(m->buf, m->len + len);

	if (!grown)
		return -ENOMEM;
	m->buf = grown;
	memcpy(m->buf + m->len, msgs, len);
	m->len += len;
	return 0;
}

static void take_addr(struct key *key, const struct nlmsghdr *nlh, size_t header, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, header) {
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == type && len <= sizeof(key->addr))
			memcpy(key->addr, mnl_attr_get_payload(attr), len);
	}
}

static void take_key(struct key *key, const struct nlmsghdr *nlh, size_t at)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);

	memset(key, 0, sizeof(*key));
	key->type = nlh->nlmsg_type;
	key->family = rtm->rtm_family;
	key->at = at;
	if (key->type == RTM_NEWROUTE) {
		key->len = rtm->rtm_dst_len;
		key->where = rtm->rtm_table;
		take_addr(key, nlh, sizeof(*rtm), RTA_DST);
	} else if (key->type == RTM_NEWADDR) {
		key->len = ifa->ifa_prefixlen;
		key->where = ifa->ifa_index;
		take_addr(key, nlh, sizeof(*ifa), IFA_LOCAL);
	} else {
		key->where = (uint32_t)ndm->ndm_ifindex;
		take_addr(key, nlh, sizeof(*ndm), NDA_DST);
	}
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, KEY_COMPARED);
}

static int collect(struct messages *m, const struct pdp_vnet_conf *vnet, const uint16_t *ids)
{
	const struct nlmsghdr *nlh;
	int left, code = vnet ? pdp_fib_build(vnet, ids, append, m) : 0;

	if (code)
		return code;
	m->keys = calloc(m->len / NLMSG_HDRLEN + 1, sizeof(*m->keys));
	if (!m->keys)
		return -ENOMEM;
	if (!m->buf)
		return 0;
	nlh = (const struct nlmsghdr *)m->buf;
	left = (int)m->len;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		take_key(&m->keys[m->n++], nlh, (size_t)((const char *)nlh - m->buf));
	return 0;
}

/* In the reverse of the order in which they came: what stands on others goes first. */
static int withdraw(struct messages *old, const struct messages *now, pdp_fib_fn fn, void *arg)
{
	size_t i = old->n;
	int code = 0;

	while (!code && i-- > 0) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(old->buf + old->keys[i].at);

		if (bsearch(&old->keys[i], now->keys, now->n, sizeof(*now->keys), compare))
			continue;
		nlh->nlmsg_type++; /* RTM_NEWROUTE to RTM_DELROUTE, and so on */
		nlh->nlmsg_flags = NLM_F_REQUEST;
		code = fn(nlh, nlh->nlmsg_len, arg);
	}
	return code;
}

static void release(struct messages *m)
{
	free(m->buf);
	free(m->keys);
}

int pdp_fib_withdraw(const struct pdp_vnet_conf *old, const uint16_t *old_ids,
		     const struct pdp_vnet_conf *now, const uint16_t *now_ids, pdp_fib_fn fn,
		     void *arg)
{
	struct messages before = {0}, after = {0};
	int code = collect(&before, old, old_ids);

	if (!code)
		code = collect(&after, now, now_ids);
	if (!code) {
		qsort(after.keys, after.n, sizeof(*after.keys), compare);
		code = withdraw(&before, &after, fn, arg);
	}
	release(&before);
	release(&after);
	return code;
}
