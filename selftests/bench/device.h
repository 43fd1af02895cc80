/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* device.h - what pktgen and redirect ask of a network device, through rtnetlink. */
#ifndef PDP_BENCH_DEVICE_H
#define PDP_BENCH_DEVICE_H

#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/rtnl.h"

struct device_peer {
	int ifindex;
	int nsid; /* -1: this namespace */
	bool has_mac;
	uint8_t mac[6];
};

static inline int device_note_peer(const struct nlmsghdr *nlh, void *arg)
{
	struct device_peer *peer = arg;
	struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) == IFLA_LINK)
			peer->ifindex = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == IFLA_LINK_NETNSID)
			peer->nsid = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == IFLA_ADDRESS &&
			 mnl_attr_get_payload_len(attr) == 6) {
			memcpy(peer->mac, mnl_attr_get_payload(attr), 6);
			peer->has_mac = true;
		}
	}
	return 0;
}

static inline int device_ask(struct pdp_rtnl *rtnl, int ifindex, int nsid, struct device_peer *out,
			     struct pdp_error *err)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);

	info->ifi_index = ifindex;
	if (nsid >= 0)
		mnl_attr_put_u32(nlh, IFLA_TARGET_NETNSID, nsid);
	*out = (struct device_peer){.nsid = -1};
	return pdp_rtnl_ask(rtnl, nlh, device_note_peer, out, err, "read device %d", ifindex);
}

/* The MAC address of a veth's other end, wherever that is. */
static inline int device_peer_mac(struct pdp_rtnl *rtnl, const struct pdp_link *link,
				  uint8_t mac[6], struct pdp_error *err)
{
	struct device_peer self, peer = {0};
	int ret = device_ask(rtnl, link->ifindex, -1, &self, err);

	if (ret)
		return ret;
	if (strcmp(link->kind, "veth") != 0 || self.ifindex == 0 ||
	    device_ask(rtnl, self.ifindex, self.nsid, &peer, NULL) || !peer.has_mac)
		return pdp_fail(err, -ENODEV,
				"%s: cannot tell the MAC address of its other end; give --dst-mac",
				link->name);
	memcpy(mac, peer.mac, 6);
	return 0;
}

/* Frames that the device dropped since it was made (32 bits, wraps). */
static inline uint32_t device_dropped(unsigned int ifindex)
{
	struct ifaddrs *list, *each;
	uint32_t dropped = 0;

	if (getifaddrs(&list))
		return 0;
	for (each = list; each; each = each->ifa_next) {
		if (each->ifa_addr && each->ifa_addr->sa_family == AF_PACKET && each->ifa_data &&
		    if_nametoindex(each->ifa_name) == ifindex)
			dropped = ((struct rtnl_link_stats *)each->ifa_data)->tx_dropped;
	}
	freeifaddrs(list);
	return dropped;
}

#endif
