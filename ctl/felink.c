/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* felink.c - a guest's veth pair and its settings; see felink.h. */
#include "ctl/felink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ethtool.h"
#include "ctl/netns.h"

#define PFIFO_PACKETS 1000

void pdp_felink_init(struct pdp_felink *link)
{
	*link = (struct pdp_felink){.netns_fd = -1, .ethtool_fd = -1};
}

/* Locally administered; the same for a guest each time, so that its entry in the maps stays right. */
static void make_mac(uint8_t mac[6], uint16_t guest, uint8_t side)
{
	const uint8_t bytes[6] = {0x02, 'p', 'd', (uint8_t)(guest >> 8), (uint8_t)guest, side};

	memcpy(mac, bytes, sizeof(bytes));
}

/* No IPv6 at all on a device of the calling thread's namespace; a kernel without it is fine. */
static int disable_ipv6(const char *ifname, struct pdp_error *err)
{
	char path[96];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT
			       ? 0
			       : pdp_fail(err, -errno, "open %s: %s", path, strerror(errno));
	n = write(fd, "1", 1);
	if (n != 1)
		pdp_fail(err, 0, "write 1 to %s: %s", path, strerror(errno));
	close(fd);
	return n == 1 ? 0 : -EIO;
}

int pdp_felink_configure_end(struct pdp_rtnl *rtnl, int ethtool_fd, const char *ifname, int ifindex,
			     struct pdp_error *err)
{
	int code = pdp_rtnl_set_no_ipv6_address(rtnl, ifindex, err);

	if (code == -EAFNOSUPPORT)
		code = 0;
	if (!code)
		code = disable_ipv6(ifname, err);
	if (!code)
		code = pdp_ethtool_off(ethtool_fd, ifname, PDP_OFFLOAD_ALL, err);
	if (!code)
		code = pdp_rtnl_set_txqueuelen(rtnl, ifindex, PFIFO_PACKETS, err);
	if (!code)
		code = pdp_rtnl_set_up(rtnl, ifindex, true, err);
	return code;
}

int pdp_felink_set_queue(struct pdp_rtnl *rtnl, int ifindex, struct pdp_error *err)
{
	return pdp_rtnl_set_pfifo(rtnl, ifindex, PFIFO_PACKETS, err);
}

/* In the guest's namespace: find eth0, open the socket that reads its statistics, configure. */
static int configure_inner(struct pdp_felink *link, struct pdp_error *err)
{
	struct pdp_rtnl *rtnl = NULL;
	struct pdp_link eth0 = {0};
	int code = pdp_rtnl_open(&rtnl, err);

	if (!code)
		code = pdp_rtnl_link(rtnl, PDP_FELINK_INNER, &eth0, err);
	if (!code) {
		link->inner_ifindex = eth0.ifindex;
		link->ethtool_fd = pdp_ethtool_open(err);
		code = link->ethtool_fd < 0
			       ? link->ethtool_fd
			       : pdp_netns_cookie(link->ethtool_fd, &link->netns_cookie);
	}
	if (!code)
		code = pdp_felink_configure_end(rtnl, link->ethtool_fd, PDP_FELINK_INNER,
						eth0.ifindex, err);
	if (!code)
		code = pdp_felink_set_queue(rtnl, eth0.ifindex, err);
	pdp_rtnl_close(rtnl);
	return code;
}

static int configure_outer(struct pdp_felink *link, struct pdp_rtnl *rtnl, const char *owner,
			   struct pdp_error *err)
{
	int fd = pdp_ethtool_open(err);
	int code = fd < 0 ? fd : pdp_rtnl_set_alias(rtnl, link->ifindex, owner, err);

	if (!code)
		code = pdp_felink_configure_end(rtnl, fd, link->name, link->ifindex, err);
	if (fd >= 0)
		close(fd);
	return code;
}

static int make_pair(struct pdp_felink *link, struct pdp_rtnl *rtnl, uint32_t mtu,
		     struct pdp_error *err)
{
	const struct pdp_veth veth = {
		.name = link->name,
		.peer_name = PDP_FELINK_INNER,
		.mac = link->md_mac,
		.peer_mac = link->mac,
		.mtu = mtu,
		.peer_netns_fd = link->netns_fd,
	};
	struct pdp_link outer = {0};
	int code = pdp_rtnl_add_veth(rtnl, &veth, err);

	if (!code)
		code = pdp_rtnl_link(rtnl, link->name, &outer, err);
	link->ifindex = outer.ifindex;
	return code;
}

static void plan_link(struct pdp_felink *link, uint16_t guest, int netns_fd)
{
	pdp_felink_init(link);
	link->netns_fd = netns_fd;
	snprintf(link->name, sizeof(link->name), PDP_FELINK_PREFIX "%u", guest);
	make_mac(link->mac, guest, 1);
	make_mac(link->md_mac, guest, 2);
}

int pdp_felink_make(struct pdp_felink *link, struct pdp_rtnl *rtnl, uint16_t guest,
		    const char *owner, uint32_t mtu, int netns_fd, struct pdp_error *err)
{
	int back, code;

	plan_link(link, guest, netns_fd);
	code = make_pair(link, rtnl, mtu, err);
	if (!code)
		code = configure_outer(link, rtnl, owner, err);
	if (!code)
		code = pdp_netns_enter(netns_fd, &back, err);
	if (!code) {
		code = configure_inner(link, err);
		pdp_netns_leave(back);
	}
	if (code)
		pdp_felink_delete(link, rtnl);
	return code;
}

/* The kernel may have more of the alias than struct pdp_link has room for. */
static bool is_owned(const struct pdp_link *outer, const char *owner)
{
	return !strncmp(outer->alias, owner, sizeof(outer->alias) - 1);
}

static int check_end(const struct pdp_link *end, const uint8_t mac[6], uint32_t mtu,
		     struct pdp_error *err)
{
	if (memcmp(end->mac, mac, 6) != 0)
		return pdp_fail(err, -ESTALE, "%s has another MAC than it was given", end->name);
	if (end->mtu != mtu)
		return pdp_fail(err, -ESTALE, "%s has MTU %u, wanted is %u", end->name, end->mtu,
				mtu);
	return 0;
}

static int find_inner(struct pdp_felink *link, uint32_t mtu, struct pdp_error *err)
{
	struct pdp_rtnl *rtnl = NULL;
	struct pdp_link eth0 = {0};
	int code = pdp_rtnl_open(&rtnl, err);

	if (!code)
		code = pdp_rtnl_link(rtnl, PDP_FELINK_INNER, &eth0, err);
	if (!code)
		code = check_end(&eth0, link->mac, mtu, err);
	link->inner_ifindex = eth0.ifindex;
	if (!code) {
		link->ethtool_fd = pdp_ethtool_open(err);
		code = link->ethtool_fd < 0
			       ? link->ethtool_fd
			       : pdp_netns_cookie(link->ethtool_fd, &link->netns_cookie);
	}
	pdp_rtnl_close(rtnl);
	return code;
}

int pdp_felink_find(struct pdp_felink *link, struct pdp_rtnl *rtnl, uint16_t guest,
		    const char *owner, uint32_t mtu, int netns_fd, struct pdp_error *err)
{
	struct pdp_link outer = {0};
	int back, code;

	plan_link(link, guest, netns_fd);
	code = pdp_rtnl_link(rtnl, link->name, &outer, err);
	if (!code && !is_owned(&outer, owner))
		code = pdp_fail(err, -ESTALE, "%s is not of '%s' but of '%s'", link->name, owner,
				outer.alias);
	if (!code)
		code = check_end(&outer, link->md_mac, mtu, err);
	link->ifindex = outer.ifindex;
	if (!code)
		code = pdp_netns_enter(netns_fd, &back, err);
	if (!code) {
		code = find_inner(link, mtu, err);
		pdp_netns_leave(back);
	}
	if (code)
		pdp_felink_forget(link);
	return code;
}

void pdp_felink_forget(struct pdp_felink *link)
{
	if (link->netns_fd >= 0)
		close(link->netns_fd);
	if (link->ethtool_fd >= 0)
		close(link->ethtool_fd);
	pdp_felink_init(link);
}

void pdp_felink_delete(struct pdp_felink *link, struct pdp_rtnl *rtnl)
{
	struct pdp_link now;

	/* The index may have been given to another device since. */
	if (link->ifindex && !pdp_rtnl_link(rtnl, link->name, &now, NULL) &&
	    now.ifindex == link->ifindex)
		pdp_rtnl_delete_link(rtnl, link->ifindex, NULL);
	pdp_felink_forget(link);
}

static uint64_t inner_stats(const struct pdp_felink *link, const char *pattern)
{
	uint64_t sum = 0;

	if (link->ethtool_fd < 0 ||
	    pdp_ethtool_stats(link->ethtool_fd, PDP_FELINK_INNER, pattern, &sum, NULL))
		return 0;
	return sum;
}

/* rx_queue_N_xdp_drops are the receive program's own, counted there. */
uint64_t pdp_felink_rx_drops(const struct pdp_felink *link)
{
	return inner_stats(link, "rx_queue_+([0-9])_drops");
}

uint64_t pdp_felink_tx_drops(const struct pdp_felink *link)
{
	return inner_stats(link, "rx_queue_+([0-9])_xdp_tx_errors");
}

struct reap {
	const char *owner;
	bool exact; /* the alias is owner, not only begins with it */
	int ifindex[256];
	size_t n;
};

static int note_stray(const struct pdp_link *link, void *arg)
{
	struct reap *reap = arg;

	if ((reap->exact ? is_owned(link, reap->owner)
			 : !strncmp(link->alias, reap->owner, strlen(reap->owner))) &&
	    !strncmp(link->name, PDP_FELINK_PREFIX, strlen(PDP_FELINK_PREFIX)) &&
	    reap->n < sizeof(reap->ifindex) / sizeof(reap->ifindex[0]))
		reap->ifindex[reap->n++] = link->ifindex;
	return 0;
}

static int reap_links(struct pdp_rtnl *rtnl, const char *owner, bool exact, unsigned int *n,
		      struct pdp_error *err)
{
	struct reap reap = {.owner = owner, .exact = exact};
	int code;

	do {
		reap.n = 0;
		code = pdp_rtnl_each_link(rtnl, note_stray, &reap, err);
		for (size_t i = 0; i < reap.n && !code; i++) {
			code = pdp_rtnl_delete_link(rtnl, reap.ifindex[i], err);
			/* Its guest may have gone in between, and the link with it. */
			if (code == -ENODEV)
				code = 0;
			++*n;
		}
	} while (!code && reap.n);
	return code;
}

int pdp_felink_remove(struct pdp_rtnl *rtnl, const char *owner, struct pdp_error *err)
{
	unsigned int n = 0;

	return reap_links(rtnl, owner, true, &n, err);
}

int pdp_felink_reap(struct pdp_rtnl *rtnl, const char *owner, unsigned int *n,
		    struct pdp_error *err)
{
	return reap_links(rtnl, owner, false, n, err);
}
