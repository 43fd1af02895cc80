/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* rtkey.c - what an rtnetlink message is about; see rtkey.h. */
#include "ctl/rtkey.h"

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

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

static void route_key(const struct nlmsghdr *nlh, struct pdp_rtkey *key)
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

static void neighbour_key(const struct nlmsghdr *nlh, struct pdp_rtkey *key)
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

static void address_key(const struct nlmsghdr *nlh, struct pdp_rtkey *key)
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
static void other_key(const struct nlmsghdr *nlh, struct pdp_rtkey *key)
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

void pdp_rtkey_of(const struct nlmsghdr *nlh, struct pdp_rtkey *key)
{
	const size_t payload = nlh->nlmsg_len - MNL_NLMSG_HDRLEN;
	const uint16_t type = nlh->nlmsg_type;

	*key = (struct pdp_rtkey){0};
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

bool pdp_rtkey_removes(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_type == RTM_DELROUTE || nlh->nlmsg_type == RTM_DELNEIGH ||
	       nlh->nlmsg_type == RTM_DELADDR;
}

/* Keys come from guests, who are not to choose ones that collide: other ones do in each process. */
static uint64_t secret(void)
{
	static uint64_t seed;

	if (!seed && getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = 0x9e3779b97f4a7c15ULL;
	return seed;
}

uint64_t pdp_rtkey_hash(const struct pdp_rtkey *key)
{
	uint64_t words[4] = {0}, hash = secret();

	memcpy(words, key, PDP_RTKEY_BESIDE);
	for (int i = 0; i < 4; i++) {
		hash = (hash ^ words[i]) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 32;
	}
	return hash;
}
