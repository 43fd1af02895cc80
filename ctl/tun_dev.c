/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_dev.c - the TUN device of pdp-tun: made, given MTU, addresses and routes, brought up.
 *
 * The device is not persistent: it goes away with its descriptor, whatever ends the process.
 */
#include "ctl/tun_dev.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int set_interface(struct pdp_tun_dev *dev, const char *name, struct pdp_error *err)
{
	/* No IFF_VNET_HDR: the kernel then finishes checksums and cuts segments before it hands over. */
	struct ifreq req = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	memcpy(req.ifr_name, name, strlen(name));
	if (ioctl(dev->fd, TUNSETIFF, &req) == 0) {
		memcpy(dev->name, req.ifr_name, sizeof(dev->name));
		dev->ifindex = if_nametoindex(dev->name);
		return 0;
	}
	if (errno == EPERM)
		return pdp_fail(err, -EPERM,
				"make device %s: no permission; run as root or with CAP_NET_ADMIN",
				name);
	if (errno == EBUSY)
		return pdp_fail(err, -EEXIST,
				"device %s exists already; choose another name with --dev", name);
	return pdp_fail(err, -errno, "make device %s: %s", name, strerror(errno));
}

int pdp_tun_dev_open(struct pdp_tun_dev *dev, const char *name, struct pdp_error *err)
{
	int ret;

	dev->fd = -1;
	if (!name[0] || strlen(name) >= IFNAMSIZ || strchr(name, '/'))
		return pdp_fail(err, -EINVAL, "'%s' is no device name: 1 to %d characters, no /",
				name, IFNAMSIZ - 1);
	/* TUNSETIFF would take over a persistent device of somebody else's. */
	if (if_nametoindex(name))
		return pdp_fail(err, -EEXIST,
				"device %s exists already; choose another name with --dev", name);
	dev->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (dev->fd < 0)
		return pdp_fail(err, -errno, "open /dev/net/tun: %s%s", strerror(errno),
				errno == ENOENT ? " (modprobe tun)" : "");
	ret = set_interface(dev, name, err);
	if (ret)
		pdp_tun_dev_close(dev);
	return ret;
}

void pdp_tun_dev_close(struct pdp_tun_dev *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}

static const char *print_prefix(const struct pdp_tun_prefix *prefix, char *text, size_t size)
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(prefix->family, prefix->addr, addr, sizeof(addr));
	snprintf(text, size, "%s/%u", addr, prefix->len);
	return text;
}

int pdp_tun_dev_add_address(struct pdp_rtnl *rtnl, const struct pdp_tun_dev *dev,
			    const struct pdp_tun_prefix *address, struct pdp_error *err)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
						sizeof(struct ifaddrmsg));
	struct ifaddrmsg *msg = mnl_nlmsg_get_payload(nlh);
	size_t size = pdp_tun_address_size(address->family);
	char text[INET6_ADDRSTRLEN + 4];

	msg->ifa_family = address->family;
	msg->ifa_prefixlen = address->len;
	msg->ifa_index = dev->ifindex;
	msg->ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0;
	mnl_attr_put(nlh, IFA_LOCAL, size, address->addr);
	mnl_attr_put(nlh, IFA_ADDRESS, size, address->addr);
	return pdp_rtnl_talk(rtnl, nlh, err, "give %s the address %s", dev->name,
			     print_prefix(address, text, sizeof(text)));
}

int pdp_tun_dev_add_route(struct pdp_rtnl *rtnl, const struct pdp_tun_dev *dev,
			  const struct pdp_tun_prefix *prefix, struct pdp_error *err)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL,
						sizeof(struct rtmsg));
	struct rtmsg *msg = mnl_nlmsg_get_payload(nlh);
	char text[INET6_ADDRSTRLEN + 4];

	msg->rtm_family = prefix->family;
	msg->rtm_dst_len = prefix->len;
	msg->rtm_table = RT_TABLE_MAIN;
	msg->rtm_protocol = RTPROT_STATIC;
	msg->rtm_scope = prefix->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	msg->rtm_type = RTN_UNICAST;
	mnl_attr_put(nlh, RTA_DST, pdp_tun_address_size(prefix->family), prefix->addr);
	mnl_attr_put_u32(nlh, RTA_OIF, dev->ifindex);
	return pdp_rtnl_talk(rtnl, nlh, err, "route %s through %s",
			     print_prefix(prefix, text, sizeof(text)), dev->name);
}

static int note_oif(const struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct rtmsg)) {
		if (mnl_attr_get_type(attr) == RTA_OIF)
			*(int *)arg = mnl_attr_get_u32(attr);
	}
	return 0;
}

int pdp_tun_dev_check_loop(struct pdp_rtnl *rtnl, const struct pdp_tun_dev *dev,
			   const union pdp_tun_endpoint *remote, struct pdp_error *err)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(rtnl, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *msg = mnl_nlmsg_get_payload(nlh);
	char text[PDP_TUN_ENDPOINT_LEN];
	int oif = 0, ret;

	msg->rtm_family = remote->sa.sa_family;
	if (remote->sa.sa_family == AF_INET) {
		msg->rtm_dst_len = 32;
		mnl_attr_put(nlh, RTA_DST, 4, &remote->in4.sin_addr);
	} else {
		msg->rtm_dst_len = 128;
		mnl_attr_put(nlh, RTA_DST, 16, &remote->in6.sin6_addr);
	}
	pdp_tun_endpoint_print(remote, text);
	ret = pdp_rtnl_ask(rtnl, nlh, note_oif, &oif, err, "look up the route to %s", text);
	if (ret)
		return ret;
	if (oif == dev->ifindex)
		return pdp_fail(
			err, -ELOOP,
			"the addresses and routes of %s lead the tunnel's remote end %s into the tunnel itself; "
			"add a more specific route to it or choose other prefixes",
			dev->name, text);
	return 0;
}
