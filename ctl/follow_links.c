/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * follow_links.c - devices that others set down, up, or to another MTU, while the node runs.
 *
 * The kernel frees a frame that is redirected to a device that is down, and tells only a tracepoint that is
 * too dear to listen to (bpf/drops.bpf.c). So such a device is taken out of the devmap, where the programs
 * count for themselves; what was lost before that is what the guest's books lack once nothing moves any more.
 */
#include "ctl/follow.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ctl/control.h"
#include "ctl/enforce.h"
#include "ctl/log.h"
#include "ctl/tables.h"
#include "ctl/netdev.h"

#define STILL_NS 100000000ULL /* for what is in a ring to be taken out of it */

/* --- guests' links -------------------------------------------------------------------------------- */

struct pdp_node_guest *pdp_follow_guest_at(const struct pdp_node *node, int ifindex)
{
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++)
		for (j = 0; j < node->vnets[i].n_guests; j++)
			if (node->vnets[i].guests[j]->link_ifindex == ifindex)
				return node->vnets[i].guests[j];
	return NULL;
}

/* One that cannot be asked about has gone, and others see to that. */
static bool is_up(const struct pdp_node *node, const char *ifname)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", ifname);
	return ioctl(node->ethtool_fd, SIOCGIFFLAGS, &request) || request.ifr_flags & IFF_UP;
}

static void tell_link(const struct pdp_node_guest *guest, bool up)
{
	char object[80];

	snprintf(object, sizeof(object), "guest %s", guest->name);
	pdp_event(guest->node->events, up ? PDP_LOG_NOTICE : PDP_LOG_WARNING,
		  up ? PDP_EVENT_GUEST_READY : PDP_EVENT_GUEST_LOST, object,
		  up ? "its link is up again, and its slots are its own"
		     : "its link is down: its slots go to its siblings");
}

static void publish(struct pdp_node_guest *guest)
{
	struct pdp_error err;
	int code = pdp_follow_link(guest, &err);

	if (!code)
		code = pdp_follow_slots(guest->node, guest->vnet, &err);
	if (code)
		pdp_log(PDP_LOG_ERROR, "guest %s: %s", guest->name, err.text);
}

void pdp_follow_link_down(struct pdp_node_guest *guest)
{
	guest->link_down_ns = pdp_now_ns();
	if (!guest->live || !guest->box || !pdp_guest_forwards(guest->state))
		return;
	tell_link(guest, false);
	publish(guest);
}

void pdp_follow_link_up(struct pdp_node_guest *guest, const char *ifname)
{
	struct pdp_books_guest books;

	if (!guest->link_down_ns) {
		if (is_up(guest->node, ifname))
			return;
		guest->link_down_ns = pdp_now_ns();
		tell_link(guest, false);
	}
	if (pdp_now_ns() - guest->link_down_ns < STILL_NS)
		return;
	books = pdp_node_books(guest);
	pdp_books_count_lost(&books, guest->node->loader, guest->vnet->id);
	guest->past = books.past;
	if (!is_up(guest->node, ifname))
		return;
	guest->link_down_ns = 0;
	tell_link(guest, true);
}

void pdp_follow_down_links(struct pdp_node_vnet *vnet)
{
	size_t i;

	for (i = 0; i < vnet->n_guests; i++) {
		struct pdp_node_guest *guest = vnet->guests[i];

		if (guest->link_down_ns && guest->live && guest->box &&
		    pdp_guest_forwards(guest->state))
			publish(guest);
	}
}

/* --- ports ---------------------------------------------------------------------------------------- */

bool pdp_follow_deaf(struct pdp_node *node, struct pdp_node_port *port)
{
	const struct pdp_link *link = pdp_underlay_port(node->underlay, port->underlay);
	bool was = port->deaf;
	char object[80];

	port->deaf = link->ifindex && port->attached == link->ifindex &&
		     pdp_netdev_takes_redirects(link->ifindex) == 0;
	if (port->deaf == was)
		return port->deaf;
	snprintf(object, sizeof(object), "port %s", port->conf->name);
	pdp_event(
		node->events, port->deaf ? PDP_LOG_ERROR : PDP_LOG_NOTICE, PDP_EVENT_PORT_CHANGED,
		object,
		port->deaf
			? "%s takes no frames from XDP: a veth does so only if its far end has an "
			  "XDP program or GRO (ethtool -K FAR-END gro on)"
			: "%s takes frames from XDP",
		link->name);
	return port->deaf;
}

/* Did it change? A vif for which nothing would be left keeps what it has. */
static bool fit_vif(const struct pdp_node *node, struct pdp_node_vif *vif)
{
	uint16_t most = pdp_vif_mtu(vif->conf, pdp_port_room(vif->port->conf, vif->port->mtu));
	uint16_t mtu = vif->conf->mtu && vif->conf->mtu < most ? vif->conf->mtu : most;
	char object[160];

	snprintf(object, sizeof(object), "vif %s/%s", vif->vnet->conf->name, vif->conf->name);
	if (vif->conf->mtu > most)
		pdp_event(node->events, PDP_LOG_WARNING, PDP_EVENT_PORT_CHANGED, object,
			  "wanted is MTU %u, and its port leaves %u", vif->conf->mtu, most);
	if (!most || mtu == vif->mtu)
		return false;
	vif->mtu = mtu;
	return true;
}

static void tell_vnet(struct pdp_node *node, struct pdp_node_vnet *vnet)
{
	struct pdp_error err;
	int code = pdp_tables_send(vnet, &err);

	if (!code)
		code = pdp_control_retell(node, vnet, &err);
	if (code)
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
}

void pdp_follow_mtu(struct pdp_node *node, struct pdp_node_port *port)
{
	const struct pdp_link *link = pdp_underlay_port(node->underlay, port->underlay);
	const uint32_t mtu = link->mtu < PDP_PORT_MTU_MAX ? link->mtu : PDP_PORT_MTU_MAX;
	char object[80];
	size_t i, j;

	if (!link->ifindex || mtu == port->mtu || pdp_node_applying(node))
		return;
	snprintf(object, sizeof(object), "port %s", port->conf->name);
	pdp_event(node->events, PDP_LOG_WARNING, PDP_EVENT_PORT_CHANGED, object,
		  "the MTU of %s was %u and is %u: vifs follow%s", link->name, port->mtu, link->mtu,
		  link->mtu > PDP_PORT_MTU_MAX ? ", as far as agents' frames go" : "");
	port->mtu = mtu;
	for (i = 0; i < node->model.n_vnets; i++) {
		struct pdp_node_vnet *vnet = &node->vnets[i];
		bool changed = false;

		for (j = 0; j < vnet->n_vifs; j++) {
			if (vnet->vifs[j].port != port)
				continue;
			changed = fit_vif(node, &vnet->vifs[j]) || changed;
			pdp_enforce_vif(node, &vnet->vifs[j]);
		}
		if (changed)
			tell_vnet(node, vnet);
	}
}
