/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fib.c - what the node file says of a vnet's routing, in the words of rtnetlink(7).
 *
 * Between the model and the agents of the vnet's guests; owns nothing.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/fib.h"
#include "ctl/prefix.h"

#define MESSAGE_MAX 256 /* no message below is longer */

struct batch {
	char buf[PDP_FIB_CHUNK];
	size_t len;
	pdp_fib_fn fn;
	void *arg;
	int error;
};

static uint8_t af(const struct pdp_prefix *prefix)
{
	return prefix->family == 4 ? AF_INET : AF_INET6;
}

static void put_addr(struct nlmsghdr *nlh, uint16_t type, const struct pdp_prefix *prefix)
{
	mnl_attr_put(nlh, type, prefix->family == 4 ? 4 : 16, prefix->addr);
}

static void flush(struct batch *batch)
{
	if (!batch->error && batch->len)
		batch->error = batch->fn(batch->buf, batch->len, batch->arg);
	batch->len = 0;
}

static struct nlmsghdr *begin(struct batch *batch, uint16_t type)
{
	struct nlmsghdr *nlh;

	if (batch->len + MESSAGE_MAX > sizeof(batch->buf))
		flush(batch);
	nlh = mnl_nlmsg_put_header(batch->buf + batch->len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE;
	return nlh;
}

static void end(struct batch *batch, const struct nlmsghdr *nlh)
{
	batch->len += NLMSG_ALIGN(nlh->nlmsg_len);
}

static void add_address(struct batch *batch, const struct pdp_prefix *address, uint16_t vif)
{
	struct nlmsghdr *nlh = begin(batch, RTM_NEWADDR);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = af(address);
	ifa->ifa_prefixlen = address->len;
	ifa->ifa_flags = IFA_F_PERMANENT;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	ifa->ifa_index = vif;
	put_addr(nlh, IFA_LOCAL, address);
	put_addr(nlh, IFA_ADDRESS, address);
	end(batch, nlh);
}

static void add_route(struct batch *batch, const struct pdp_prefix *prefix,
		      const struct rtmsg *what, uint16_t vif, const struct pdp_prefix *via)
{
	struct nlmsghdr *nlh = begin(batch, RTM_NEWROUTE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	*rtm = *what;
	rtm->rtm_family = af(prefix);
	rtm->rtm_dst_len = prefix->len;
	put_addr(nlh, RTA_DST, prefix);
	mnl_attr_put_u32(nlh, RTA_TABLE, what->rtm_table);
	if (via && via->family)
		put_addr(nlh, RTA_GATEWAY, via);
	if (vif)
		mnl_attr_put_u32(nlh, RTA_OIF, vif);
	end(batch, nlh);
}

static struct pdp_prefix network_of(const struct pdp_prefix *address)
{
	struct pdp_prefix network = *address;
	unsigned int bit;

	for (bit = address->len; bit < pdp_prefix_full(address->family); bit++)
		network.addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return network;
}

/* What the kernel adds for an address by itself: the address is local, its network on link. */
static void add_connected(struct batch *batch, const struct pdp_prefix *address, uint16_t vif)
{
	static const struct rtmsg local = {.rtm_table = RT_TABLE_LOCAL,
					   .rtm_protocol = RTPROT_KERNEL,
					   .rtm_scope = RT_SCOPE_HOST,
					   .rtm_type = RTN_LOCAL};
	static const struct rtmsg link = {.rtm_table = RT_TABLE_MAIN,
					  .rtm_protocol = RTPROT_KERNEL,
					  .rtm_scope = RT_SCOPE_LINK,
					  .rtm_type = RTN_UNICAST};
	struct pdp_prefix host = *address, network = network_of(address);

	host.len = pdp_prefix_full(host.family);
	add_route(batch, &host, &local, vif, NULL);
	if (address->len < host.len)
		add_route(batch, &network, &link, vif, NULL);
}

static void add_static(struct batch *batch, const struct pdp_route_conf *route, uint16_t vif)
{
	struct rtmsg rtm = {.rtm_table = RT_TABLE_MAIN,
			    .rtm_protocol = RTPROT_STATIC,
			    .rtm_scope = route->via.family ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
			    .rtm_type = vif ? RTN_UNICAST : RTN_BLACKHOLE};

	add_route(batch, &route->prefix, &rtm, vif, &route->via);
}

static void add_neighbour(struct batch *batch, const struct pdp_neighbour_conf *neighbour,
			  uint16_t vif)
{
	struct nlmsghdr *nlh = begin(batch, RTM_NEWNEIGH);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = af(&neighbour->address);
	ndm->ndm_ifindex = vif;
	ndm->ndm_state = NUD_PERMANENT;
	ndm->ndm_type = RTN_UNICAST;
	put_addr(nlh, NDA_DST, &neighbour->address);
	mnl_attr_put(nlh, NDA_LLADDR, sizeof(neighbour->mac), neighbour->mac);
	end(batch, nlh);
}

/* 0 for "", a blackhole. */
static uint16_t vif_id(const struct pdp_vnet_conf *vnet, const uint16_t *vif_ids, const char *name)
{
	const struct pdp_vif_conf *vif = *name ? pdp_vnet_vif(vnet, name) : NULL;

	return vif ? vif_ids[vif - vnet->vifs] : 0;
}

int pdp_fib_build(const struct pdp_vnet_conf *vnet, const uint16_t *vif_ids, pdp_fib_fn fn,
		  void *arg)
{
	struct batch batch = {.fn = fn, .arg = arg};
	size_t i, j;

	for (i = 0; i < vnet->n_vifs; i++) {
		for (j = 0; j < vnet->vifs[i].n_address; j++) {
			add_address(&batch, &vnet->vifs[i].address[j], vif_ids[i]);
			add_connected(&batch, &vnet->vifs[i].address[j], vif_ids[i]);
		}
	}
	for (i = 0; i < vnet->n_neighbours; i++)
		add_neighbour(&batch, &vnet->neighbours[i],
			      vif_id(vnet, vif_ids, vnet->neighbours[i].vif));
	for (i = 0; i < vnet->n_routes; i++)
		add_static(&batch, &vnet->routes[i], vif_id(vnet, vif_ids, vnet->routes[i].vif));
	flush(&batch);
	return batch.error;
}
