/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * follow.c - a running node's answers to events: ports, next hops, guests; and its rates.
 *
 * Called from the event loop. While the node is starting or stopping only notes what it hears:
 * then node.c sets the order.
 */
#include "ctl/follow.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "ctl/apply_steps.h"
#include "ctl/control.h"
#include "ctl/delayline.h"
#include "ctl/ethtool.h"
#include "ctl/hops.h"
#include "ctl/log.h"
#include "ctl/prefix.h"

/* While the node ends, others set the order. */
static bool is_live(const struct pdp_node *node)
{
	return node->state != PDP_NODE_STOPPING;
}

static int attach(struct pdp_node *node, const struct pdp_node_port *port,
		  const struct pdp_link *link, struct pdp_error *err)
{
	/* A VLAN tag that the NIC takes out of the frame is not seen by XDP. */
	int code = pdp_ethtool_off(node->ethtool_fd, link->name, PDP_OFFLOAD_RXVLAN, err);

	if (code)
		return code;
	return pdp_loader_attach(node->loader, PDP_HOOK_CLASSIFY, port->link, link->ifindex,
				 node->conf.attach, err);
}

int pdp_follow_attach(struct pdp_node *node, struct pdp_node_port *port, struct pdp_error *err)
{
	return attach(node, port, pdp_underlay_port(node->underlay, port->underlay), err);
}

static int fail_port(const struct pdp_node_port *port, int code, const struct pdp_error *why,
		     struct pdp_error *err)
{
	return code ? pdp_fail(err, code, "port %s: %s", port->conf->name, why->text) : 0;
}

int pdp_follow_port_out(struct pdp_node *node, struct pdp_node_port *port, struct pdp_error *err)
{
	const struct pdp_link *link = pdp_underlay_port(node->underlay, port->underlay);
	struct pdp_error why;
	/* What is sent to a device that is down is lost, and nobody counts it. */
	bool up = link->flags & IFF_UP && !pdp_follow_deaf(node, port);
	int out = up ? link->ifindex : 0;
	int code = pdp_publish_port(node->store, port->id, out, port->out, &why);

	port->ifindex = link->ifindex;
	port->out = out;
	return fail_port(port, code, &why, err);
}

int pdp_follow_port(struct pdp_node *node, struct pdp_node_port *port, struct pdp_error *err)
{
	const struct pdp_link *link = pdp_underlay_port(node->underlay, port->underlay);
	bool other = port->attached != link->ifindex;
	struct pdp_error why;
	int code = pdp_follow_port_out(node, port, err);

	if (!code && link->ifindex && other) {
		code = fail_port(port, attach(node, port, link, &why), &why, err);
		port->attached = code ? 0 : link->ifindex;
	}
	return code;
}

static void update_sources(struct pdp_node *node, const struct pdp_node_port *port,
			   const uint8_t mac[6])
{
	size_t i, j;

	for (i = 0; i < node->model.n_vnets; i++)
		for (j = 0; j < node->vnets[i].n_vifs; j++)
			if (node->vnets[i].vifs[j].port == port)
				pdp_publish_source(node->store, node->vnets[i].vifs[j].id, mac);
}

static struct pdp_node_port *port_at(struct pdp_node *node, size_t underlay)
{
	size_t i;

	for (i = 0; i < node->model.n_ports; i++)
		if (node->ports[i].underlay == underlay)
			return &node->ports[i];
	return NULL;
}

static void tell_port(struct pdp_node *node, const struct pdp_node_port *port,
		      const struct pdp_link *link)
{
	bool up = link->ifindex && (link->flags & IFF_UP);
	bool was_up = port->ifindex && port->up;
	char object[80];

	snprintf(object, sizeof(object), "port %s", port->conf->name);
	if (was_up != up)
		pdp_event(node->events, up ? PDP_LOG_NOTICE : PDP_LOG_WARNING,
			  up ? PDP_EVENT_PORT_UP : PDP_EVENT_PORT_DOWN, object, "%s %s",
			  port->conf->ifname,
			  up		  ? "is up"
			  : link->ifindex ? "is down"
					  : "has gone away");
}

static void on_port(size_t index, const struct pdp_link *link, void *arg)
{
	struct pdp_node *node = arg;
	struct pdp_node_port *port = port_at(node, index);
	struct pdp_error err;
	bool moved;

	if (!is_live(node) || !port)
		return;
	tell_port(node, port, link);
	moved = port->ifindex != link->ifindex || port->up != !!(link->flags & IFF_UP);
	port->up = link->flags & IFF_UP;
	if (moved && pdp_follow_port(node, port, &err))
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
	pdp_follow_mtu(node, port);
	if (link->ifindex)
		update_sources(node, port, link->mac);
	pdp_control_carrier(node, port);
}

static void on_path(const struct pdp_path *path, void *arg)
{
	const struct pdp_node_vif *vif = path->owner;
	struct pdp_node *node = arg;
	char mac[PDP_ADDR_STRLEN], hop[PDP_ADDR_STRLEN], object[80];

	/* Nobody's: of a change that is not there yet. */
	if (!is_live(node) || !vif)
		return;
	pdp_publish_next_hop(node->store, vif->id, path->mac);
	snprintf(object, sizeof(object), "vif %s/%s", vif->vnet->conf->name, vif->conf->name);
	if (path->state == PDP_PATH_UP)
		pdp_event(node->events, PDP_LOG_INFO, PDP_EVENT_PATH_UP, object,
			  "next hop %s is at %s", pdp_addr_print(hop, &path->next_hop),
			  pdp_mac_print(mac, path->mac));
	else
		pdp_event(node->events, PDP_LOG_WARNING, PDP_EVENT_PATH_DOWN, object,
			  "next hop not known: %s", pdp_path_state_name(path->state));
}

/* Of guests' links and the delay line's, what others do to them; a guest's back up is for pdp_follow_sample() to see. */
static void on_device(const struct pdp_link *link, void *arg)
{
	struct pdp_node *node = arg;
	struct pdp_node_guest *guest;

	if (!is_live(node) || link->flags & IFF_UP)
		return;
	pdp_delayline_link_down(node->delay, link->ifindex);
	guest = pdp_follow_guest_at(node, link->ifindex);
	if (guest && !guest->link_down_ns)
		pdp_follow_link_down(guest);
}

const struct pdp_underlay_ops pdp_follow_underlay = {
	.port = on_port, .device = on_device, .path = on_path};

/* What the old link lost is not to be forgotten with it: its slots are away, its counters stand. */
static void bury_link(struct pdp_node_guest *guest)
{
	struct pdp_books_guest books = pdp_node_books(guest);

	pdp_books_bury_link(&books, guest->node->loader, guest->vnet->id);
	guest->past = books.past;
}

/* For the next controller: what is gone, and the link that may be when it comes. */
static void note_link(const struct pdp_node_guest *guest)
{
	const struct pdp_books_past *past = &guest->past;
	const struct pdp_guest_note note = {{past->lost_to, past->lost_from, past->lost_with_link,
					     (uint64_t)guest->link_ifindex}};

	pdp_guest_set_note(guest->box, &note);
}

int pdp_follow_link(struct pdp_node_guest *guest, struct pdp_error *err)
{
	struct pdp_guest_view view;
	struct pdp_guest entry = {.vnet = guest->vnet->id,
				  .timed = guest->vnet->conf->policy == PDP_POLICY_FLOWLET};
	int was = guest->link_ifindex;

	pdp_guest_look(guest->box, &view);
	memcpy(entry.mac, view.mac, 6);
	memcpy(entry.md_mac, view.md_mac, 6);
	if (was && was != view.link_ifindex) {
		bury_link(guest);
		guest->link_down_ns = 0;
	}
	guest->link_ifindex = view.link_ifindex;
	note_link(guest);
	pdp_follow_link_up(guest, view.link);
	return pdp_publish_guest(guest->node->store, guest->id, &entry, view.link_ifindex, was,
				 !guest->link_down_ns, err);
}

void pdp_follow_shares(const struct pdp_node_vnet *vnet, struct pdp_share *shares)
{
	size_t i;

	for (i = 0; i < vnet->n_guests; i++) {
		const struct pdp_node_guest *guest = vnet->guests[i];
		bool there = pdp_guest_forwards(guest->state) && !guest->link_down_ns;

		shares[i] = (struct pdp_share){guest->id, there ? guest->power : 0};
	}
}

int pdp_follow_slots(struct pdp_node *node, struct pdp_node_vnet *vnet, struct pdp_error *err)
{
	struct pdp_share shares[PDP_VNET_GUESTS_MAX];
	struct pdp_error why;
	int code;

	pdp_follow_shares(vnet, shares);
	pdp_follow_recall(node, vnet, shares);
	code = pdp_publish_slots(node->store, vnet->id, vnet->conf->policy, shares, vnet->n_guests,
				 &vnet->balance, &why);
	return code ? pdp_fail(err, code, "vnet %s: %s", vnet->conf->name, why.text) : 0;
}

static void tell_change(const struct pdp_node_guest *guest, enum pdp_guest_state state)
{
	struct pdp_events *events = guest->node->events;
	const char *why = guest->error.text;
	char object[80];

	snprintf(object, sizeof(object), "guest %s", guest->name);
	if (state == PDP_GUEST_READY && guest->state != state)
		pdp_event(events, PDP_LOG_NOTICE, PDP_EVENT_GUEST_READY, object,
			  "is ready: its slots are its own again");
	else if (pdp_guest_forwards(guest->state) && !pdp_guest_forwards(state))
		pdp_event(events, PDP_LOG_WARNING, PDP_EVENT_GUEST_LOST, object,
			  "is lost%s%s: its slots go to its siblings", *why ? ": " : "", why);
	else if (state == PDP_GUEST_FAILED)
		pdp_event(events, PDP_LOG_ERROR, PDP_EVENT_GUEST_FAILED, object, "%s", why);
}

void pdp_follow_guest(struct pdp_guest_box *box, enum pdp_guest_state state,
		      const struct pdp_error *err, void *arg)
{
	struct pdp_node_guest *guest = arg;
	bool moves = pdp_guest_forwards(guest->state) != pdp_guest_forwards(state);
	struct pdp_error why;
	int code = 0;

	(void)box;
	guest->error.text[0] = '\0';
	if (err)
		guest->error = *err;
	if (is_live(guest->node) && guest->live)
		tell_change(guest, state);
	guest->state = state;
	pdp_apply_wake(guest->node);
	if (!is_live(guest->node) || !guest->live || !moves)
		return;
	/* Back with another link, perhaps: that one first, then the slots that lead to it. */
	if (pdp_guest_forwards(state))
		code = pdp_follow_link(guest, &why);
	if (!code)
		code = pdp_follow_slots(guest->node, guest->vnet, &why);
	if (code)
		pdp_log(PDP_LOG_ERROR, "guest %s: %s", guest->name, why.text);
}

/* Nothing of the first look: counters of a node that was adopted are of all its life. */
static void rate(struct pdp_rate *rate, uint64_t rx, uint64_t tx, uint64_t ns)
{
	rate->rx_pps = rate->sampled ? (rx - rate->rx) * 1000000000ULL / ns : 0;
	rate->tx_pps = rate->sampled ? (tx - rate->tx) * 1000000000ULL / ns : 0;
	rate->rx = rx;
	rate->tx = tx;
	rate->sampled = true;
}

static void sample_reorder(struct pdp_node_vnet *vnet, const struct pdp_vnet_stats *stats)
{
	struct pdp_reorder now = pdp_reorder_of_vnet(stats);
	struct pdp_reorder recent = pdp_reorder_since(&now, &vnet->reorder);

	if (recent.metered)
		vnet->recent = recent;
	vnet->reorder = now;
}

/* What was used of a second, where the counter has not begun anew. */
static void millicores(uint32_t *out, uint64_t *seen, uint64_t now, uint64_t ns)
{
	if (now >= *seen)
		*out = (uint32_t)((now - *seen) * 1000 / ns);
	*seen = now;
}

/* What was for the guest and got to neither of its halves, or not out of the fast one. */
static uint64_t drops_of(const struct pdp_node *node, const struct pdp_node_guest *guest,
			 const struct pdp_guest_stats *stats, const struct pdp_guest_view *view)
{
	uint64_t drops = guest->past.lost_to + view->eth0_rx_drops + view->eth0_tx_drops +
			 stats->over_power_packets;
	size_t i;

	for (i = 0; i < node->model.n_ports; i++)
		drops +=
			pdp_hops_between(node->loader, node->ports[i].ifindex, guest->link_ifindex);
	return drops;
}

static void sample_drops(struct pdp_node *node, struct pdp_node_guest *guest,
			 const struct pdp_guest_stats *stats, const struct pdp_guest_view *view,
			 uint64_t ns)
{
	const uint64_t drops = drops_of(node, guest, stats, view);

	guest->drop_pps = guest->sampled && drops > guest->drops
				  ? (drops - guest->drops) * 1000000000ULL / ns
				  : 0;
	guest->drops = drops;
	guest->sampled = true;
}

static void sample_guest(struct pdp_node *node, struct pdp_node_guest *guest, uint64_t ns)
{
	struct pdp_guest_stats stats;
	struct pdp_guest_view view;

	pdp_guest_look(guest->box, &view);
	millicores(&guest->cpu_millicores, &guest->cpu_ns, view.cpu_ns, ns);
	millicores(&guest->thread_cpu_millicores, &guest->thread_cpu_ns, view.thread_cpu_ns, ns);
	if (pdp_stats_read(node->loader, PDP_MAP_GUEST_STATS, guest->id, &stats, sizeof(stats)))
		return;
	rate(&guest->rate, stats.to_packets, stats.from_packets, ns);
	sample_drops(node, guest, &stats, &view, ns);
}

static void sample_vnet(struct pdp_node *node, struct pdp_node_vnet *vnet, uint64_t ns)
{
	struct pdp_vnet_stats stats;
	size_t i;

	if (!pdp_stats_read(node->loader, PDP_MAP_VNET_STATS, vnet->id, &stats, sizeof(stats))) {
		rate(&vnet->rate, stats.rx_packets, stats.tx_packets, ns);
		sample_reorder(vnet, &stats);
	}
	for (i = 0; i < vnet->n_guests; i++)
		sample_guest(node, vnet->guests[i], ns);
	pdp_follow_down_links(vnet);
	pdp_follow_balance(node, vnet);
	pdp_follow_gap(node, vnet);
}

void pdp_follow_sample(struct pdp_node *node)
{
	uint64_t now = pdp_now_ns(), ns = now - node->sampled_ns;
	struct pdp_error err;
	size_t i;

	if (!is_live(node) || !ns)
		return;
	node->sampled_ns = now;
	pdp_control_sample(node, ns);
	for (i = 0; i < node->model.n_ports; i++) {
		pdp_follow_mtu(node, &node->ports[i]);
		if (pdp_follow_port_out(node, &node->ports[i], &err))
			pdp_log(PDP_LOG_ERROR, "%s", err.text);
	}
	for (i = 0; i < node->model.n_vnets; i++)
		sample_vnet(node, &node->vnets[i], ns);
}
