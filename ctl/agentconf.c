/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* agentconf.c - what an agent has to be told, kept; see agentconf.h. */
#include "ctl/agentconf.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (PDP_CHANNEL_MAX - sizeof(struct pdp_msg))
#define BUCKETS_MIN 64

/* What an entry is about; without padding, compared and hashed as bytes. */
struct key {
	uint16_t kind; /* PDP_MSG_VIF, or the RTM_NEW... */
	uint8_t family;
	uint8_t len; /* of the prefix */
	uint32_t table;
	uint32_t metric; /* of a route; id of a vif */
	uint8_t addr[16];
	uint32_t link; /* vif, where it tells entries apart; last: entries beside one another share the rest */
};

_Static_assert(sizeof(struct key) == 32, "no padding");
#define KEY_BESIDE offsetof(struct key, link)

struct pdp_kept {
	struct pdp_kept *next; /* in its bucket */
	TAILQ_ENTRY(pdp_kept) order;
	struct key key;
	uint8_t phase;
	bool sent; /* which list it is on */
	bool removal; /* to be sent, then forgotten */
	uint32_t len;
	_Alignas(4) uint8_t body[]; /* struct pdp_dp_vif, or one rtnetlink message, padded */
};

/* --- entries by key ------------------------------------------------------------------------------ */

static size_t hash_key(const struct key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (size_t i = 0; i < KEY_BESIDE; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash ^ hash >> 32;
}

/* Where the pointer to the entry with this key is, or would be. */
static struct pdp_kept **slot_of(struct pdp_agentconf *conf, const struct key *key)
{
	struct pdp_kept **slot = &conf->buckets[hash_key(key) & (conf->n_buckets - 1)];

	while (*slot && memcmp(&(*slot)->key, key, sizeof(*key)) != 0)
		slot = &(*slot)->next;
	return slot;
}

static int grow(struct pdp_agentconf *conf)
{
	const size_t n = conf->n_buckets ? conf->n_buckets * 2 : BUCKETS_MIN;
	struct pdp_kept **buckets = calloc(n, sizeof(struct pdp_kept *));
	struct pdp_kept *kept;

	if (!buckets)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_buckets; i++) {
		while ((kept = conf->buckets[i])) {
			const size_t to = hash_key(&kept->key) & (n - 1);

			conf->buckets[i] = kept->next;
			kept->next = buckets[to];
			buckets[to] = kept;
		}
	}
	free(conf->buckets);
	conf->buckets = buckets;
	conf->n_buckets = n;
	return 0;
}

static struct pdp_kept_list *list_of(struct pdp_agentconf *conf, const struct pdp_kept *kept)
{
	return kept->sent ? &conf->sent[kept->phase] : &conf->unsent[kept->phase];
}

/* It is on no list any more. */
static void discard(struct pdp_agentconf *conf, struct pdp_kept *kept)
{
	*slot_of(conf, &kept->key) = kept->next;
	conf->n--;
	free(kept);
}

static void forget(struct pdp_agentconf *conf, struct pdp_kept *kept)
{
	struct pdp_kept_list *list = list_of(conf, kept);

	TAILQ_REMOVE(list, kept, order);
	discard(conf, kept);
}

/* All but the link is the same: what a route with NLM_F_REPLACE takes the place of. */
static void forget_beside(struct pdp_agentconf *conf, const struct key *key)
{
	struct pdp_kept *kept, *next;

	if (!conf->n_buckets)
		return;
	for (kept = conf->buckets[hash_key(key) & (conf->n_buckets - 1)]; kept; kept = next) {
		next = kept->next;
		if (!memcmp(&kept->key, key, KEY_BESIDE))
			forget(conf, kept);
	}
}

/* What was said of this before is over; body is said now. */
static int put(struct pdp_agentconf *conf, const struct key *key, enum pdp_conf_phase phase,
	       bool removal, const void *body, size_t len)
{
	struct pdp_kept *kept, **slot;

	if (conf->n >= conf->n_buckets && grow(conf))
		return -ENOMEM;
	kept = calloc(1, sizeof(*kept) + MNL_ALIGN(len));
	if (!kept)
		return -ENOMEM;
	slot = slot_of(conf, key);
	if (*slot) {
		forget(conf, *slot);
		slot = slot_of(conf, key);
	}
	kept->key = *key;
	kept->phase = (uint8_t)phase;
	kept->removal = removal;
	kept->len = (uint32_t)MNL_ALIGN(len);
	memcpy(kept->body, body, len);
	kept->next = *slot;
	*slot = kept;
	TAILQ_INSERT_TAIL(&conf->unsent[phase], kept, order);
	conf->n++;
	/* An agent that is not there has nothing to remove. */
	if (removal && !conf->live)
		forget(conf, kept);
	return 0;
}

int pdp_agentconf_vif(struct pdp_agentconf *conf, const struct pdp_dp_vif *vif)
{
	const struct key key = {.kind = PDP_MSG_VIF, .metric = vif->id};

	if (!vif->id)
		return -EINVAL;
	return put(conf, &key, vif->family ? PDP_CONF_VIFS : PDP_CONF_GONE_VIFS, !vif->family, vif,
		   sizeof(*vif));
}

/* --- what an rtnetlink message is about ---------------------------------------------------------- */

/* Attributes by type; of one seen twice, the last. Mangled ones end it: the agent will complain. */
static void collect(const struct nlmsghdr *nlh, size_t header, const struct nlattr **tb,
		    unsigned int max)
{
	const uint8_t *at = (const uint8_t *)nlh + MNL_NLMSG_HDRLEN + MNL_ALIGN(header);
	int left = (int)nlh->nlmsg_len - (int)(MNL_NLMSG_HDRLEN + MNL_ALIGN(header));

	while (left > 0 && mnl_attr_ok((const struct nlattr *)at, left)) {
		const struct nlattr *attr = (const struct nlattr *)at;

		if (mnl_attr_get_type(attr) <= max)
			tb[mnl_attr_get_type(attr)] = attr;
		at += MNL_ALIGN(attr->nla_len);
		left -= (int)MNL_ALIGN(attr->nla_len);
	}
}

static uint32_t get_u32(const struct nlattr *attr, uint32_t absent)
{
	return attr && mnl_attr_get_payload_len(attr) == 4 ? mnl_attr_get_u32(attr) : absent;
}

static void get_addr(const struct nlattr *attr, uint8_t addr[16])
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (len)
		memcpy(addr, mnl_attr_get_payload(attr), len < 16 ? len : 16);
}

static void route_key(const struct nlmsghdr *nlh, struct key *key)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[RTA_MAX + 1] = {0};

	collect(nlh, sizeof(*rtm), tb, RTA_MAX);
	key->kind = RTM_NEWROUTE;
	key->family = rtm->rtm_family;
	key->len = rtm->rtm_dst_len;
	key->table = get_u32(tb[RTA_TABLE], rtm->rtm_table) | (uint32_t)rtm->rtm_tos << 24;
	key->metric = get_u32(tb[RTA_PRIORITY], 0);
	get_addr(tb[RTA_DST], key->addr);
	if (rtm->rtm_family == AF_INET6 && rtm->rtm_type == RTN_UNICAST && !tb[RTA_GATEWAY])
		key->link = get_u32(tb[RTA_OIF], 0);
}

static void neighbour_key(const struct nlmsghdr *nlh, struct key *key)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NDA_MAX + 1] = {0};

	collect(nlh, sizeof(*ndm), tb, NDA_MAX);
	key->kind = RTM_NEWNEIGH;
	key->family = ndm->ndm_family;
	key->metric = ndm->ndm_flags & NTF_PROXY;
	key->link = (uint32_t)ndm->ndm_ifindex;
	get_addr(tb[NDA_DST], key->addr);
}

static void address_key(const struct nlmsghdr *nlh, struct key *key)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[IFA_MAX + 1] = {0};

	collect(nlh, sizeof(*ifa), tb, IFA_MAX);
	key->kind = RTM_NEWADDR;
	key->family = ifa->ifa_family;
	key->len = ifa->ifa_prefixlen;
	key->link = ifa->ifa_index;
	get_addr(tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS], key->addr);
}

/* One that agents do not know: kept once for each wording. */
static void other_key(const struct nlmsghdr *nlh, struct key *key)
{
	const uint8_t *bytes = (const uint8_t *)nlh;
	uint64_t hash[2] = {nlh->nlmsg_len, ~0ULL};

	for (size_t i = 0; i < nlh->nlmsg_len; i++) {
		hash[0] = (hash[0] ^ bytes[i]) * 0x100000001b3ULL;
		hash[1] = (hash[1] + bytes[i]) * 0x9e3779b97f4a7c15ULL;
	}
	key->kind = nlh->nlmsg_type;
	memcpy(key->addr, hash, sizeof(hash));
}

static void key_of(const struct nlmsghdr *nlh, struct key *key)
{
	const size_t payload = nlh->nlmsg_len - MNL_NLMSG_HDRLEN;
	const uint16_t type = nlh->nlmsg_type;

	*key = (struct key){0};
	if ((type == RTM_NEWROUTE || type == RTM_DELROUTE) && payload >= sizeof(struct rtmsg))
		route_key(nlh, key);
	else if ((type == RTM_NEWNEIGH || type == RTM_DELNEIGH) && payload >= sizeof(struct ndmsg))
		neighbour_key(nlh, key);
	else if ((type == RTM_NEWADDR || type == RTM_DELADDR) &&
		 payload >= sizeof(struct ifaddrmsg))
		address_key(nlh, key);
	else
		other_key(nlh, key);
}

static bool removes(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_type == RTM_DELROUTE || nlh->nlmsg_type == RTM_DELNEIGH ||
	       nlh->nlmsg_type == RTM_DELADDR;
}

/* --- messages ------------------------------------------------------------------------------------ */

static bool is_whole(const struct nlmsghdr *nlh, size_t left)
{
	return left >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= left &&
	       MNL_ALIGN(nlh->nlmsg_len) <= BODY_MAX;
}

/* To the next message, or the end. */
static size_t step(const struct nlmsghdr *nlh, size_t left)
{
	return MNL_ALIGN(nlh->nlmsg_len) < left ? MNL_ALIGN(nlh->nlmsg_len) : left;
}

int pdp_agentconf_netlink(struct pdp_agentconf *conf, const void *msgs, size_t len)
{
	const uint8_t *at = msgs;
	struct key key;
	int code = 0;

	for (size_t done = 0; done < len; done += step((const void *)(at + done), len - done))
		if (!is_whole((const void *)(at + done), len - done))
			return -EINVAL;
	for (size_t done = 0; done < len && !code;
	     done += step((const void *)(at + done), len - done)) {
		const struct nlmsghdr *nlh = (const void *)(at + done);

		key_of(nlh, &key);
		if (key.kind == RTM_NEWROUTE && nlh->nlmsg_flags & NLM_F_REPLACE)
			forget_beside(conf, &key);
		code = put(conf, &key, PDP_CONF_NETLINK, removes(nlh), nlh, nlh->nlmsg_len);
	}
	return code;
}

void pdp_agentconf_begin(struct pdp_agentconf *conf, bool live)
{
	struct pdp_kept *kept, *after;

	conf->live = live;
	conf->offered = 0;
	for (int i = 0; i < PDP_CONF_PHASES; i++) {
		TAILQ_FOREACH(kept, &conf->sent[i], order)
			kept->sent = false;
		/* What was sent is older than what was not. */
		TAILQ_CONCAT(&conf->sent[i], &conf->unsent[i], order);
		TAILQ_CONCAT(&conf->unsent[i], &conf->sent[i], order);
		for (kept = TAILQ_FIRST(&conf->unsent[i]); kept; kept = after) {
			after = TAILQ_NEXT(kept, order);
			if (kept->removal)
				forget(conf, kept);
		}
	}
}

static struct pdp_kept_list *next_list(struct pdp_agentconf *conf)
{
	for (int i = 0; i < PDP_CONF_PHASES; i++)
		if (!TAILQ_EMPTY(&conf->unsent[i]))
			return &conf->unsent[i];
	return NULL;
}

bool pdp_agentconf_all_sent(const struct pdp_agentconf *conf)
{
	for (int i = 0; i < PDP_CONF_PHASES; i++)
		if (!TAILQ_EMPTY(&conf->unsent[i]))
			return false;
	return true;
}

size_t pdp_agentconf_next(struct pdp_agentconf *conf, void *buf, size_t size)
{
	const struct pdp_kept_list *list = next_list(conf);
	struct pdp_msg msg = {.type = PDP_MSG_NETLINK};
	const struct pdp_kept *kept;
	size_t len = sizeof(msg);

	conf->offered = 0;
	if (!list)
		return 0;
	TAILQ_FOREACH(kept, list, order) {
		if (kept->len > size - len)
			break;
		memcpy((uint8_t *)buf + len, kept->body, kept->len);
		len += kept->len;
		conf->offered++;
		if (kept->phase != PDP_CONF_NETLINK) {
			msg.type = PDP_MSG_VIF;
			break;
		}
	}
	memcpy(buf, &msg, sizeof(msg));
	return len;
}

void pdp_agentconf_sent(struct pdp_agentconf *conf)
{
	struct pdp_kept_list *list = next_list(conf);

	for (; conf->offered; conf->offered--) {
		struct pdp_kept *kept = TAILQ_FIRST(list);

		TAILQ_REMOVE(list, kept, order);
		if (kept->removal) {
			discard(conf, kept);
		} else {
			kept->sent = true;
			TAILQ_INSERT_TAIL(&conf->sent[kept->phase], kept, order);
		}
	}
}

void pdp_agentconf_init(struct pdp_agentconf *conf)
{
	*conf = (struct pdp_agentconf){0};
	for (int i = 0; i < PDP_CONF_PHASES; i++) {
		TAILQ_INIT(&conf->unsent[i]);
		TAILQ_INIT(&conf->sent[i]);
	}
}

void pdp_agentconf_clear(struct pdp_agentconf *conf)
{
	struct pdp_kept *kept;

	for (size_t i = 0; i < conf->n_buckets; i++) {
		while ((kept = conf->buckets[i])) {
			conf->buckets[i] = kept->next;
			free(kept);
		}
	}
	free(conf->buckets);
	pdp_agentconf_init(conf);
}
