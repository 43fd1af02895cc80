/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rtnl.c - links and queueing disciplines through rtnetlink.
 *
 * Off the packet's path: it makes the devices that packets cross. Owns one netlink socket and the
 * buffers of one exchange.
 */
#include "ctl/rtnl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_LEN 8192
#define ANSWER_LEN 32768 /* what the kernel packs a dump into at most */

struct pdp_rtnl {
	struct mnl_socket *socket;
	uint32_t seq;
	char request[REQUEST_LEN];
	char answer[ANSWER_LEN];
};

int pdp_rtnl_open(struct pdp_rtnl **out, struct pdp_error *err)
{
	struct pdp_rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int on = 1, code;

	*out = NULL;
	if (!rtnl)
		return pdp_fail(err, -ENOMEM, "no memory for a netlink socket");
	rtnl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl->socket || mnl_socket_bind(rtnl->socket, 0, MNL_SOCKET_AUTOPID)) {
		code = pdp_fail(err, -errno, "open rtnetlink socket: %s", strerror(errno));
		pdp_rtnl_close(rtnl);
		return code;
	}
	/* Better messages; a kernel without them still answers with the number. */
	mnl_socket_setsockopt(rtnl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(rtnl->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	*out = rtnl;
	return 0;
}

void pdp_rtnl_close(struct pdp_rtnl *rtnl)
{
	if (!rtnl)
		return;
	if (rtnl->socket)
		mnl_socket_close(rtnl->socket);
	free(rtnl);
}

struct nlmsghdr *pdp_rtnl_request(struct pdp_rtnl *rtnl, uint16_t type, uint16_t flags,
				  size_t family_header_len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rtnl->request);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	mnl_nlmsg_put_extra_header(nlh, family_header_len);
	return nlh;
}

/* The kernel's own words in an NLMSG_ERROR, or NULL. With CAP_ACK the request is cut from it. */
static const char *extack_text(const struct nlmsghdr *nlh)
{
	size_t offset = sizeof(struct nlmsgerr);
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(&ack->msg);
	mnl_attr_for_each(attr, nlh, offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			return mnl_attr_get_str(attr);
	}
	return NULL;
}

/* What has become of an exchange so far. */
struct exchange {
	pdp_rtnl_fn fn;
	void *arg;
	struct pdp_error *err;
	const char *what;
	int code; /* first failure */
	bool done;
};

static void take_ack(struct exchange *x, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(nlh);
	const char *words = extack_text(nlh);

	x->done = true;
	if (ack->error)
		x->code =
			pdp_fail(x->err, ack->error, "%s: %s%s%s%s", x->what, strerror(-ack->error),
				 words ? " (" : "", words ? words : "", words ? ")" : "");
}

static void take_message(struct exchange *x, const struct nlmsghdr *nlh)
{
	int code = 0;

	if (nlh->nlmsg_type == NLMSG_ERROR)
		take_ack(x, nlh);
	else if (nlh->nlmsg_type == NLMSG_DONE)
		x->done = true;
	else if (x->fn)
		code = x->fn(nlh, x->arg);
	if (code && !x->code)
		x->code = code;
}

static int receive(struct pdp_rtnl *rtnl, struct exchange *x)
{
	while (!x->done) {
		ssize_t n = mnl_socket_recvfrom(rtnl->socket, rtnl->answer, sizeof(rtnl->answer));
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)rtnl->answer;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pdp_fail(x->err, -errno, "%s: receive from rtnetlink: %s", x->what,
					strerror(errno));
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			if (nlh->nlmsg_seq == rtnl->seq)
				take_message(x, nlh);
	}
	return x->code;
}

static int exchange(struct pdp_rtnl *rtnl, struct nlmsghdr *nlh, struct exchange *x)
{
	nlh->nlmsg_seq = ++rtnl->seq;
	if (mnl_socket_sendto(rtnl->socket, nlh, nlh->nlmsg_len) < 0)
		return pdp_fail(x->err, -errno, "%s: send to rtnetlink: %s", x->what,
				strerror(errno));
	return receive(rtnl, x);
}

int pdp_rtnl_talk(struct pdp_rtnl *rtnl, struct nlmsghdr *nlh, struct pdp_error *err,
		  const char *what, ...)
{
	char text[PDP_ERRLEN / 2];
	struct exchange x = {.err = err, .what = text};
	va_list args;

	va_start(args, what);
	vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	nlh->nlmsg_flags |= NLM_F_ACK;
	return exchange(rtnl, nlh, &x);
}

int pdp_rtnl_ask(struct pdp_rtnl *rtnl, struct nlmsghdr *nlh, pdp_rtnl_fn fn, void *arg,
		 struct pdp_error *err, const char *what, ...)
{
	char text[PDP_ERRLEN / 2];
	struct exchange x = {.fn = fn, .arg = arg, .err = err, .what = text};
	va_list args;

	va_start(args, what);
	vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	/* A dump ends with NLMSG_DONE, a single answer with the ACK. */
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	return exchange(rtnl, nlh, &x);
}

static void parse_linkinfo(const struct nlattr *info, struct pdp_link *out)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			snprintf(out->kind, sizeof(out->kind), "%s", mnl_attr_get_str(attr));
	}
}

static uint32_t parse_xdp(const struct nlattr *xdp)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xdp) {
		if (mnl_attr_get_type(attr) == IFLA_XDP_PROG_ID)
			return mnl_attr_get_u32(attr);
	}
	return 0;
}

static void parse_attr(const struct nlattr *attr, struct pdp_link *out)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		snprintf(out->name, sizeof(out->name), "%s", mnl_attr_get_str(attr));
		break;
	case IFLA_LINK:
		out->peer = (int)mnl_attr_get_u32(attr);
		break;
	case IFLA_MTU:
		out->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == sizeof(out->mac))
			memcpy(out->mac, mnl_attr_get_payload(attr), sizeof(out->mac));
		break;
	case IFLA_NUM_RX_QUEUES:
		out->rx_queues = mnl_attr_get_u32(attr);
		break;
	case IFLA_NUM_TX_QUEUES:
		out->tx_queues = mnl_attr_get_u32(attr);
		break;
	case IFLA_IFALIAS:
		snprintf(out->alias, sizeof(out->alias), "%s", mnl_attr_get_str(attr));
		break;
	case IFLA_LINKINFO:
		parse_linkinfo(attr, out);
		break;
	case IFLA_XDP:
		out->xdp_prog_id = parse_xdp(attr);
		break;
	}
}

void pdp_rtnl_parse_link(const struct nlmsghdr *nlh, struct pdp_link *out)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(out, 0, sizeof(*out));
	out->ifindex = ifi->ifi_index;
	out->flags = ifi->ifi_flags;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi))
		parse_attr(attr, out);
}

static int keep_link(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type == RTM_NEWLINK)
		pdp_rtnl_parse_link(nlh, arg);
	return 0;
}

int pdp_rtnl_link(struct pdp_rtnl *rtnl, const char *name, struct pdp_link *out,
		  struct pdp_error *err)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, RTM_GETLINK, 0, sizeof(struct ifinfomsg));

	if (!*name || strlen(name) >= IFNAMSIZ)
		return pdp_fail(err, -EINVAL, "'%s' is no device name: 1 to %d characters", name,
				IFNAMSIZ - 1);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return pdp_rtnl_ask(rtnl, nlh, keep_link, out, err, "look up device %s", name);
}

int pdp_rtnl_link_by_index(struct pdp_rtnl *rtnl, int ifindex, struct pdp_link *out,
			   struct pdp_error *err)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_index = ifindex;
	return pdp_rtnl_ask(rtnl, nlh, keep_link, out, err, "look up device %d", ifindex);
}

struct each_link {
	int (*fn)(const struct pdp_link *link, void *arg);
	void *arg;
};

static int pass_link(const struct nlmsghdr *nlh, void *arg)
{
	struct each_link *each = arg;
	struct pdp_link link;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return 0;
	pdp_rtnl_parse_link(nlh, &link);
	return each->fn(&link, each->arg);
}

int pdp_rtnl_each_link(struct pdp_rtnl *rtnl, int (*fn)(const struct pdp_link *link, void *arg),
		       void *arg, struct pdp_error *err)
{
	struct nlmsghdr *nlh =
		pdp_rtnl_request(rtnl, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	struct each_link each = {.fn = fn, .arg = arg};

	return pdp_rtnl_ask(rtnl, nlh, pass_link, &each, err, "list devices");
}

/* What both ends of a veth pair have in common. */
static void put_veth_end(struct nlmsghdr *nlh, const char *name, const uint8_t *mac, uint32_t mtu)
{
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, 1);
	if (mac)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
}

int pdp_rtnl_add_veth(struct pdp_rtnl *rtnl, const struct pdp_veth *veth, struct pdp_error *err)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
						sizeof(struct ifinfomsg));
	struct nlattr *info, *data, *peer;

	put_veth_end(nlh, veth->name, veth->mac, veth->mtu);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	put_veth_end(nlh, veth->peer_name, veth->peer_mac, veth->mtu);
	if (veth->peer_netns_fd >= 0)
		mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)veth->peer_netns_fd);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return pdp_rtnl_talk(rtnl, nlh, err, "create veth pair %s - %s with MTU %u", veth->name,
			     veth->peer_name, veth->mtu);
}

static struct nlmsghdr *link_request(struct pdp_rtnl *rtnl, uint16_t type, int ifindex)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, type, 0, sizeof(struct ifinfomsg));
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_index = ifindex;
	return nlh;
}

int pdp_rtnl_delete_link(struct pdp_rtnl *rtnl, int ifindex, struct pdp_error *err)
{
	return pdp_rtnl_talk(rtnl, link_request(rtnl, RTM_DELLINK, ifindex), err,
			     "delete device %d", ifindex);
}

int pdp_rtnl_set_up(struct pdp_rtnl *rtnl, int ifindex, bool up, struct pdp_error *err)
{
	struct nlmsghdr *nlh = link_request(rtnl, RTM_NEWLINK, ifindex);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_change = IFF_UP;
	ifi->ifi_flags = up ? IFF_UP : 0;
	return pdp_rtnl_talk(rtnl, nlh, err, "set device %d %s", ifindex, up ? "up" : "down");
}

int pdp_rtnl_set_flags(struct pdp_rtnl *rtnl, int ifindex, uint32_t mask, uint32_t flags,
		       struct pdp_error *err)
{
	struct nlmsghdr *nlh = link_request(rtnl, RTM_NEWLINK, ifindex);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_change = mask;
	ifi->ifi_flags = flags & mask;
	return pdp_rtnl_talk(rtnl, nlh, err, "set flags %#x of device %d to %#x", mask, ifindex,
			     flags & mask);
}

int pdp_rtnl_set_mac(struct pdp_rtnl *rtnl, int ifindex, const uint8_t mac[6],
		     struct pdp_error *err)
{
	struct nlmsghdr *nlh = link_request(rtnl, RTM_NEWLINK, ifindex);

	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	return pdp_rtnl_talk(rtnl, nlh, err, "set MAC of device %d", ifindex);
}

int pdp_rtnl_set_mtu(struct pdp_rtnl *rtnl, int ifindex, uint32_t mtu, struct pdp_error *err)
{
	struct nlmsghdr *nlh = link_request(rtnl, RTM_NEWLINK, ifindex);

	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return pdp_rtnl_talk(rtnl, nlh, err, "set MTU of device %d to %u", ifindex, mtu);
}

int pdp_rtnl_set_name(struct pdp_rtnl *rtnl, int ifindex, const char *name, struct pdp_error *err)
{
	struct nlmsghdr *nlh = link_request(rtnl, RTM_NEWLINK, ifindex);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return pdp_rtnl_talk(rtnl, nlh, err, "rename device %d to '%s'", ifindex, name);
}

int pdp_rtnl_set_txqueuelen(struct pdp_rtnl *rtnl, int ifindex, uint32_t packets,
			    struct pdp_error *err)
{
	struct nlmsghdr *nlh = link_request(rtnl, RTM_NEWLINK, ifindex);

	mnl_attr_put_u32(nlh, IFLA_TXQLEN, packets);
	return pdp_rtnl_talk(rtnl, nlh, err, "set txqueuelen of device %d to %u", ifindex, packets);
}

int pdp_rtnl_set_alias(struct pdp_rtnl *rtnl, int ifindex, const char *alias, struct pdp_error *err)
{
	struct nlmsghdr *nlh = link_request(rtnl, RTM_NEWLINK, ifindex);

	mnl_attr_put_str(nlh, IFLA_IFALIAS, alias);
	return pdp_rtnl_talk(rtnl, nlh, err, "set alias of device %d to '%s'", ifindex, alias);
}

int pdp_rtnl_set_netns(struct pdp_rtnl *rtnl, int ifindex, int netns_fd, struct pdp_error *err)
{
	struct nlmsghdr *nlh = link_request(rtnl, RTM_NEWLINK, ifindex);

	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	return pdp_rtnl_talk(rtnl, nlh, err, "move device %d to another namespace", ifindex);
}

int pdp_rtnl_set_no_ipv6_address(struct pdp_rtnl *rtnl, int ifindex, struct pdp_error *err)
{
	struct nlmsghdr *nlh = link_request(rtnl, RTM_NEWLINK, ifindex);
	struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(nlh, AF_INET6);

	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	return pdp_rtnl_talk(rtnl, nlh, err, "turn IPv6 addresses off on device %d", ifindex);
}

int pdp_rtnl_set_pfifo(struct pdp_rtnl *rtnl, int ifindex, uint32_t packets, struct pdp_error *err)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE,
						sizeof(struct tcmsg));
	struct tcmsg *tc = mnl_nlmsg_get_payload(nlh);
	struct tc_fifo_qopt fifo = {.limit = packets};

	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(nlh, TCA_KIND, "pfifo");
	mnl_attr_put(nlh, TCA_OPTIONS, sizeof(fifo), &fifo);
	return pdp_rtnl_talk(rtnl, nlh, err, "put a pfifo of %u packets on device %d", packets,
			     ifindex);
}
