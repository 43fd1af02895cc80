/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * underlay.c - devices of ports and next hops of tunnels, asked from the kernel and followed.
 *
 * Off the packet's path; what it finds ends up in pdp_vif.next_hop. Owns two netlink sockets: one for
 * questions, one that listens to RTNLGRP_LINK, _NEIGH and _IPVx_ROUTE. A neighbour that the kernel does
 * not know, or has not heard from, is asked for with NTF_USE, as if the kernel itself wanted to send
 * (neigh_event_send()); the answer comes as an event.
 */
#include "ctl/underlay.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/log.h"
#include "ctl/prefix.h"

/* The kernel holds these neighbours for good, without our asking. */
#define NUD_SETTLED (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP)
#define NUD_USABLE (NUD_SETTLED | NUD_STALE | NUD_DELAY | NUD_PROBE)
/* The kernel is asking already. */
#define NUD_ASKING (NUD_DELAY | NUD_PROBE)

#define EVENTS_RCVBUF (1 << 20)
#define TICK_S 1
#define SETTLE_US 50000 /* events come in bursts; look again after the last ones */

struct port {
	struct pdp_port_conf conf;
	struct pdp_link link;
};

struct pdp_underlay {
	struct pdp_rtnl *rtnl;
	struct mnl_socket *events;
	struct event *readable;
	struct event *tick;
	struct event *settle;
	const struct pdp_underlay_ops *ops;
	void *arg;
	struct port *ports;
	size_t n_ports;
	struct pdp_path **paths;
	size_t n_paths;
};

static const uint8_t no_mac[6];

const char *pdp_path_state_name(enum pdp_path_state state)
{
	switch (state) {
	case PDP_PATH_PORT_DOWN:
		return "port-down";
	case PDP_PATH_NO_ROUTE:
		return "no-route";
	case PDP_PATH_RESOLVING:
		return "resolving";
	case PDP_PATH_UP:
		return "up";
	}
	return "unknown";
}

static uint8_t af(const struct pdp_prefix *addr)
{
	return addr->family == 4 ? AF_INET : AF_INET6;
}

static size_t addr_len(const struct pdp_prefix *addr)
{
	return addr->family == 4 ? 4 : 16;
}

static void set_path(struct pdp_underlay *u, struct pdp_path *path, enum pdp_path_state state,
		     const uint8_t mac[6])
{
	if (path->state == state && !memcmp(path->mac, mac, 6))
		return;
	path->state = state;
	memcpy(path->mac, mac, 6);
	u->ops->path(path, u->arg);
}

/* --- routes ------------------------------------------------------------------------------------ */

/* An address as RTA_GATEWAY has it, or RTA_VIA, which names a family of its own. */
static void take_gateway(const struct nlattr *attr, uint8_t family, struct pdp_prefix *out)
{
	const uint8_t *data = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	if (mnl_attr_get_type(attr) == RTA_VIA) {
		const struct rtvia *via = mnl_attr_get_payload(attr);

		if (len < sizeof(*via))
			return;
		family = via->rtvia_family == AF_INET ? 4 : 6;
		data = via->rtvia_addr;
		len -= sizeof(*via);
	}
	out->family = family;
	out->len = pdp_prefix_full(family);
	if (len == addr_len(out))
		memcpy(out->addr, data, len);
}

static int take_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct pdp_path *path = arg;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return 0;
	if (rtm->rtm_type != RTN_UNICAST)
		return -ENETUNREACH;
	path->next_hop = path->remote;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		int type = mnl_attr_get_type(attr);

		if (type == RTA_OIF)
			path->next_hop_ifindex = (int)mnl_attr_get_u32(attr);
		else if (type == RTA_GATEWAY || type == RTA_VIA)
			take_gateway(attr, path->remote.family, &path->next_hop);
	}
	return 0;
}

/* Without VLANs the route must leave through the port; with them it leaves through a device above. */
static int look_up_route(struct pdp_underlay *u, struct pdp_path *path, uint32_t flags,
			 pdp_rtnl_fn fn)
{
	const struct port *port = &u->ports[path->port];
	struct nlmsghdr *nlh = pdp_rtnl_request(u->rtnl, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);

	rtm->rtm_family = af(&path->remote);
	rtm->rtm_dst_len = pdp_prefix_full(path->remote.family);
	rtm->rtm_flags = flags;
	mnl_attr_put(nlh, RTA_DST, addr_len(&path->remote), path->remote.addr);
	if (!port->conf.vlan[0])
		mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)port->link.ifindex);
	return pdp_rtnl_ask(u->rtnl, nlh, fn, path, NULL, "look up a route");
}

/*
 * Asked for a route through a device, the kernel makes one up when there is none: all the world is on
 * link. Whether there is one tells RTM_F_FIB_MATCH, which answers with the table's entry; the next hop
 * tells the plain question.
 */
static int ask_route(struct pdp_underlay *u, struct pdp_path *path)
{
	int code = look_up_route(u, path, RTM_F_FIB_MATCH, NULL);

	path->next_hop_ifindex = 0;
	return code ? code : look_up_route(u, path, 0, take_route);
}

/* --- neighbours -------------------------------------------------------------------------------- */

struct neighbour {
	int ifindex;
	uint16_t state;
	struct pdp_prefix addr;
	uint8_t mac[6];
	bool gone;
};

static void parse_neighbour(const struct nlmsghdr *nlh, struct neighbour *out)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(out, 0, sizeof(*out));
	out->ifindex = ndm->ndm_ifindex;
	out->state = ndm->ndm_state;
	out->gone = nlh->nlmsg_type == RTM_DELNEIGH;
	out->addr.family = ndm->ndm_family == AF_INET ? 4 : ndm->ndm_family == AF_INET6 ? 6 : 0;
	out->addr.len = pdp_prefix_full(out->addr.family);
	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		int type = mnl_attr_get_type(attr);
		size_t len = mnl_attr_get_payload_len(attr);

		if (type == NDA_DST && len <= sizeof(out->addr.addr))
			memcpy(out->addr.addr, mnl_attr_get_payload(attr), len);
		else if (type == NDA_LLADDR && len == sizeof(out->mac))
			memcpy(out->mac, mnl_attr_get_payload(attr), len);
	}
}

static void take_state(struct pdp_underlay *u, struct pdp_path *path, const struct neighbour *n)
{
	bool usable = !n->gone && (n->state & NUD_USABLE) && memcmp(n->mac, no_mac, 6) != 0;

	path->nud_state = n->gone ? NUD_NONE : n->state;
	set_path(u, path, usable ? PDP_PATH_UP : PDP_PATH_RESOLVING, usable ? n->mac : no_mac);
}

static int take_neighbour(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type == RTM_NEWNEIGH)
		parse_neighbour(nlh, arg);
	return 0;
}

static struct nlmsghdr *neighbour_request(struct pdp_underlay *u, const struct pdp_path *path,
					  uint16_t type, uint16_t flags, uint8_t ntf)
{
	struct nlmsghdr *nlh = pdp_rtnl_request(u->rtnl, type, flags, sizeof(struct ndmsg));
	struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);

	ndm->ndm_family = af(&path->next_hop);
	ndm->ndm_ifindex = path->next_hop_ifindex;
	ndm->ndm_flags = ntf;
	mnl_attr_put(nlh, NDA_DST, addr_len(&path->next_hop), path->next_hop.addr);
	return nlh;
}

static void ask_neighbour(struct pdp_underlay *u, struct pdp_path *path)
{
	struct neighbour n = {.gone = true};
	struct nlmsghdr *nlh = neighbour_request(u, path, RTM_GETNEIGH, 0, 0);

	/* -ENOENT: the kernel has never talked to it; n.gone stands. */
	pdp_rtnl_ask(u->rtnl, nlh, take_neighbour, &n, NULL, "look up a neighbour");
	take_state(u, path, &n);
}

/* As if the kernel had a packet for it: resolves an unknown neighbour, confirms a stale one. */
static void use_neighbour(struct pdp_underlay *u, struct pdp_path *path)
{
	struct nlmsghdr *nlh;

	if (path->nud_state & (NUD_SETTLED | NUD_ASKING))
		return;
	nlh = neighbour_request(u, path, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, NTF_USE);
	pdp_rtnl_talk(u->rtnl, nlh, NULL, "use a neighbour");
}

/* --- paths ------------------------------------------------------------------------------------- */

static bool port_is_up(const struct port *port)
{
	return port->link.ifindex && (port->link.flags & IFF_UP);
}

static void resolve(struct pdp_underlay *u, struct pdp_path *path)
{
	path->nud_state = NUD_NONE;
	if (!port_is_up(&u->ports[path->port])) {
		set_path(u, path, PDP_PATH_PORT_DOWN, no_mac);
		return;
	}
	if (ask_route(u, path) || !path->next_hop_ifindex) {
		path->next_hop.family = 0;
		set_path(u, path, PDP_PATH_NO_ROUTE, no_mac);
		return;
	}
	ask_neighbour(u, path);
	use_neighbour(u, path);
}

static void resolve_all(struct pdp_underlay *u)
{
	size_t i;

	for (i = 0; i < u->n_paths; i++)
		resolve(u, u->paths[i]);
}

static void look_soon(struct pdp_underlay *u)
{
	const struct timeval wait = {.tv_usec = SETTLE_US};

	if (!evtimer_pending(u->settle, NULL))
		evtimer_add(u->settle, &wait);
}

/* --- ports ------------------------------------------------------------------------------------- */

static struct port *port_of(struct pdp_underlay *u, const struct pdp_link *link)
{
	size_t i;

	for (i = 0; i < u->n_ports; i++)
		if (!strcmp(u->ports[i].conf.ifname, link->name) ||
		    (link->ifindex && u->ports[i].link.ifindex == link->ifindex))
			return &u->ports[i];
	return NULL;
}

static bool same_link(const struct pdp_link *a, const struct pdp_link *b)
{
	return a->ifindex == b->ifindex && a->mtu == b->mtu && a->flags == b->flags &&
	       !memcmp(a->mac, b->mac, 6);
}

static void set_link(struct pdp_underlay *u, struct port *port, const struct pdp_link *link)
{
	bool same = same_link(&port->link, link);

	port->link = *link;
	if (same)
		return;
	u->ops->port((size_t)(port - u->ports), &port->link, u->arg);
	look_soon(u);
}

static void take_link(struct pdp_underlay *u, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct pdp_link link;
	struct port *port;
	bool gone;

	/* A bridge speaks of its ports with the same messages. */
	if (ifi->ifi_family != AF_UNSPEC)
		return;
	pdp_rtnl_parse_link(nlh, &link);
	port = port_of(u, &link);
	if (!port && nlh->nlmsg_type == RTM_NEWLINK && u->ops->device)
		u->ops->device(&link, u->arg);
	if (!port)
		return;
	gone = nlh->nlmsg_type == RTM_DELLINK || strcmp(port->conf.ifname, link.name) != 0;
	if (gone && port->link.ifindex != link.ifindex)
		return;
	if (gone)
		link = (struct pdp_link){0};
	set_link(u, port, &link);
}

static void look_at_ports(struct pdp_underlay *u)
{
	size_t i;

	for (i = 0; i < u->n_ports; i++) {
		struct pdp_link link;

		if (!*u->ports[i].conf.ifname)
			continue;
		if (pdp_rtnl_link(u->rtnl, u->ports[i].conf.ifname, &link, NULL))
			link = (struct pdp_link){0};
		set_link(u, &u->ports[i], &link);
	}
}

/* --- events ------------------------------------------------------------------------------------ */

static void take_neighbour_event(struct pdp_underlay *u, const struct nlmsghdr *nlh)
{
	struct neighbour n;
	size_t i;

	parse_neighbour(nlh, &n);
	for (i = 0; i < u->n_paths; i++) {
		struct pdp_path *path = u->paths[i];

		if (path->next_hop_ifindex != n.ifindex || path->state < PDP_PATH_RESOLVING ||
		    pdp_prefix_compare(&path->next_hop, &n.addr))
			continue;
		take_state(u, path, &n);
	}
}

static void take_event(struct pdp_underlay *u, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		take_link(u, nlh);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		take_neighbour_event(u, nlh);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		look_soon(u);
		break;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_underlay *u = arg;
	char buf[32768];
	ssize_t n;

	(void)what;
	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
		int left = (int)n;

		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			take_event(u, nlh);
	}
	if (n < 0 && errno == ENOBUFS) {
		/* Events were lost: look at everything again. */
		look_at_ports(u);
		look_soon(u);
	}
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	resolve_all(arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_underlay *u = arg;
	size_t i;

	(void)fd;
	(void)what;
	for (i = 0; i < u->n_paths; i++) {
		struct pdp_path *path = u->paths[i];

		if (path->state == PDP_PATH_NO_ROUTE || path->state == PDP_PATH_PORT_DOWN)
			resolve(u, path);
		else
			use_neighbour(u, path);
	}
}

static int listen_to(struct pdp_underlay *u, struct event_base *base, struct pdp_error *err)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE,
				     RTNLGRP_IPV6_ROUTE};
	const struct timeval second = {.tv_sec = TICK_S};
	int rcvbuf = EVENTS_RCVBUF;
	size_t i;

	u->events = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!u->events || mnl_socket_bind(u->events, 0, MNL_SOCKET_AUTOPID))
		return pdp_fail(err, -errno, "open rtnetlink socket: %s", strerror(errno));
	setsockopt(mnl_socket_get_fd(u->events), SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf,
		   sizeof(rcvbuf));
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(u->events, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
			return pdp_fail(err, -errno, "join rtnetlink group %d: %s", group,
					strerror(errno));
	}
	u->readable =
		event_new(base, mnl_socket_get_fd(u->events), EV_READ | EV_PERSIST, on_readable, u);
	u->tick = event_new(base, -1, EV_PERSIST, on_tick, u);
	u->settle = evtimer_new(base, on_settled, u);
	if (!u->readable || !u->tick || !u->settle || event_add(u->readable, NULL) ||
	    event_add(u->tick, &second))
		return pdp_fail(err, -ENOMEM, "no memory for the underlay's events");
	return 0;
}

int pdp_underlay_open(struct pdp_underlay **out, struct event_base *base,
		      const struct pdp_underlay_ops *ops, void *arg, struct pdp_error *err)
{
	struct pdp_underlay *u = calloc(1, sizeof(*u));
	int code;

	if (!u)
		return pdp_fail(err, -ENOMEM, "no memory for the underlay");
	u->ops = ops;
	u->arg = arg;
	/* Listen first: nothing that happens after a question is missed. */
	code = listen_to(u, base, err);
	if (!code)
		code = pdp_rtnl_open(&u->rtnl, err);
	if (code) {
		pdp_underlay_close(u);
		return code;
	}
	*out = u;
	return 0;
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void pdp_underlay_close(struct pdp_underlay *u)
{
	size_t i;

	if (!u)
		return;
	free_event(u->readable);
	free_event(u->tick);
	free_event(u->settle);
	if (u->events)
		mnl_socket_close(u->events);
	pdp_rtnl_close(u->rtnl);
	for (i = 0; i < u->n_paths; i++)
		free(u->paths[i]);
	free(u->paths);
	free(u->ports);
	free(u);
}

static int check_port(const struct pdp_port_conf *conf, const struct pdp_link *link,
		      struct pdp_error *err)
{
	if ((link->flags & IFF_LOOPBACK) || !memcmp(link->mac, no_mac, 6))
		return pdp_fail(err, -EINVAL, "port %s: %s is no Ethernet device", conf->name,
				conf->ifname);
	if (link->mtu > PDP_PORT_MTU_MAX)
		return pdp_fail(err, -ERANGE,
				"port %s: MTU %u of %s is over %d, the most that an agent's frame "
				"of 2048 bytes holds with tag and headers; set mtu %d",
				conf->name, link->mtu, conf->ifname, PDP_PORT_MTU_MAX,
				PDP_PORT_MTU_MAX);
	return 0;
}

int pdp_underlay_add_port(struct pdp_underlay *u, const struct pdp_port_conf *conf, size_t *out,
			  struct pdp_error *err)
{
	struct pdp_error why;
	struct pdp_link link;
	struct port *grown;
	size_t at;
	int code;

	code = pdp_rtnl_link(u->rtnl, conf->ifname, &link, &why);
	if (code == -ENODEV)
		return pdp_fail(err, code, "port %s: there is no device '%s'", conf->name,
				conf->ifname);
	if (code)
		return pdp_fail(err, code, "port %s: %s", conf->name, why.text);
	code = check_port(conf, &link, err);
	if (code)
		return code;
	for (at = 0; at < u->n_ports && *u->ports[at].conf.ifname; at++)
		;
	if (at == u->n_ports) {
		grown = realloc(u->ports, (u->n_ports + 1) * sizeof(*grown));
		if (!grown)
			return pdp_fail(err, -ENOMEM, "port %s: no memory", conf->name);
		u->ports = grown;
		u->n_ports++;
	}
	u->ports[at] = (struct port){.conf = *conf, .link = link};
	*out = at;
	return 0;
}

void pdp_underlay_del_port(struct pdp_underlay *u, size_t port)
{
	u->ports[port] = (struct port){0};
}

const struct pdp_link *pdp_underlay_port(const struct pdp_underlay *u, size_t port)
{
	return &u->ports[port].link;
}

int pdp_underlay_add_path(struct pdp_underlay *u, size_t port, const struct pdp_prefix *remote,
			  void *owner, struct pdp_path **out, struct pdp_error *err)
{
	struct pdp_path **grown = realloc(u->paths, (u->n_paths + 1) * sizeof(struct pdp_path *));
	struct pdp_path *path = calloc(1, sizeof(*path));

	if (grown)
		u->paths = grown;
	if (!grown || !path) {
		free(path);
		return pdp_fail(err, -ENOMEM, "no memory for a path");
	}
	path->port = port;
	path->remote = *remote;
	path->owner = owner;
	u->paths[u->n_paths++] = path;
	*out = path;
	resolve(u, path);
	return 0;
}

void pdp_underlay_del_path(struct pdp_underlay *u, struct pdp_path *path)
{
	size_t i;

	for (i = 0; i < u->n_paths && u->paths[i] != path; i++)
		;
	if (i == u->n_paths)
		return;
	u->paths[i] = u->paths[--u->n_paths];
	free(path);
}
