/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * node.c - brings a node up and takes it down. What happens in between is follow.c's.
 *
 * Up: everything that can be refused is refused before anything is made; a vnet's tunnels go into the
 * maps when its guests answer; ports are attached when the maps are full. Down is the reverse.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ethtool.h"
#include "ctl/fib.h"
#include "ctl/follow.h"
#include "ctl/log.h"
#include "ctl/node.h"
#include "ctl/nodefile.h"
#include "ctl/layout.h"
#include "ctl/rundir.h"

#define GUEST_MEMORY_MIB 64
#define OUTER_TTL 64
#define READY_TIMEOUT_S 20

uint64_t pdp_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void set_state(struct pdp_node *node, enum pdp_node_state state)
{
	node->state = state;
	node->since_ns = pdp_now_ns();
}

/* --- the underlay ------------------------------------------------------------------------------ */

static int find_ports(struct pdp_node *node, struct pdp_error *err)
{
	size_t i;
	int code;

	code = pdp_underlay_open(&node->underlay, node->base, &pdp_follow_underlay, node, err);
	for (i = 0; !code && i < node->model.n_ports; i++)
		code = pdp_underlay_add_port(node->underlay, node->ports[i].conf, err);
	return code;
}

static const struct pdp_link *device(const struct pdp_node *node, const struct pdp_node_port *port)
{
	return pdp_underlay_port(node->underlay, (size_t)(port - node->ports));
}

static int check_mtu(const struct pdp_node *node, struct pdp_node_vif *vif, struct pdp_error *err)
{
	uint32_t port_mtu = device(node, vif->port)->mtu;
	uint16_t most = pdp_vif_mtu(vif->conf, port_mtu);

	vif->mtu = vif->conf->mtu ? vif->conf->mtu : most;
	if (most && vif->mtu <= most)
		return 0;
	return pdp_fail(err, -ERANGE,
			"vif %s/%s: MTU %u does not fit: port %s has MTU %u, and the tunnel's "
			"headers take %u of it, which leaves %u",
			vif->vnet->conf->name, vif->conf->name, vif->mtu, vif->conf->port, port_mtu,
			pdp_vif_overhead(vif->conf), most);
}

static int check_mtus(struct pdp_node *node, struct pdp_error *err)
{
	size_t i, j;
	int code = 0;

	for (i = 0; !code && i < node->model.n_vnets; i++)
		for (j = 0; !code && j < node->vnets[i].n_vifs; j++)
			code = check_mtu(node, &node->vnets[i].vifs[j], err);
	return code;
}

static uint32_t link_mtu(const struct pdp_node *node)
{
	uint32_t most = 0;
	size_t i;

	for (i = 0; i < node->model.n_ports; i++)
		if (device(node, &node->ports[i])->mtu > most)
			most = device(node, &node->ports[i])->mtu;
	return pdp_fe_link_mtu(most);
}

static int open_ethtool(struct pdp_node *node, struct pdp_error *err)
{
	node->ethtool_fd = pdp_ethtool_open(err);
	return node->ethtool_fd < 0 ? node->ethtool_fd : 0;
}

static int find_paths(struct pdp_node *node, struct pdp_error *err)
{
	size_t i, j;
	int code = 0;

	for (i = 0; !code && i < node->model.n_vnets; i++) {
		for (j = 0; !code && j < node->vnets[i].n_vifs; j++) {
			struct pdp_node_vif *vif = &node->vnets[i].vifs[j];

			code = pdp_underlay_add_path(node->underlay,
						     (size_t)(vif->port - node->ports),
						     &vif->conf->remote, vif, &vif->path, err);
		}
	}
	return code;
}

/* --- BPF and guests ---------------------------------------------------------------------------- */

/*
 * A pdpd that died left pins, and guests that may forward still. Their tables cannot be asked back
 * from them, so the node starts afresh; this is where its traffic stops for a moment.
 */
static int clear_pins(struct pdp_node *node, struct pdp_error *err)
{
	struct pdp_loader *old;
	int code = pdp_loader_open_pins(&old, node->conf.pins, err);

	if (code == -ENOENT)
		return 0;
	if (code)
		return code;
	pdp_log(PDP_LOG_NOTICE, "%s: an earlier pdpd left its pins: starting afresh",
		node->conf.pins);
	code = pdp_loader_purge(old, err);
	pdp_loader_close(old);
	return code;
}

/* What lies in it of guests is removed; so it must be ours alone. */
static int lock_run_dir(struct pdp_node *node, struct pdp_error *err)
{
	node->run_fd = pdp_rundir_lock(node->conf.run_dir, err);
	return node->run_fd < 0 ? node->run_fd : 0;
}

static int open_loader(struct pdp_node *node, struct pdp_error *err)
{
	struct pdp_error why;
	int code = clear_pins(node, err);

	if (!code)
		code = pdp_loader_open(&node->loader, node->conf.pins, err);
	if (!code)
		code = pdp_publish_open(&node->store, node->loader, err);
	if (!code && pdp_loader_xmit_drops(node->loader, &why))
		pdp_log(PDP_LOG_WARNING, "the ledger has a gap: %s", why.text);
	return code;
}

static int open_guests(struct pdp_node *node, struct pdp_error *err)
{
	const struct pdp_guests_conf conf = {
		.base = node->base,
		.loader = node->loader,
		.node = node->model.node,
		.run_dir = node->conf.run_dir,
		.agent_path = node->conf.agent,
		.link_mtu = link_mtu(node),
	};
	unsigned int n = 0;
	int code = pdp_guests_new(&node->guests, &conf, err);

	if (!code)
		code = pdp_guests_reap(node->guests, &n, err);
	if (!code && n)
		pdp_log(PDP_LOG_NOTICE, "removed %u things of guests that an earlier pdpd left", n);
	return code;
}

static struct pdp_dp_vif agent_vif(const struct pdp_node_vif *vif)
{
	const struct pdp_vif_conf *conf = vif->conf;
	struct pdp_dp_vif out = {
		.id = vif->id,
		.encap = conf->encap,
		.family = conf->local.family,
		.mtu = vif->mtu,
		.local_port = htobe16(conf->local_port),
		.remote_port = htobe16(conf->remote_port),
		.ttl = OUTER_TTL,
		.vni = htobe32(conf->vni << 8),
	};

	memcpy(out.mac, vif->mac, sizeof(out.mac));
	memcpy(out.local, conf->local.addr, sizeof(out.local));
	memcpy(out.remote, conf->remote.addr, sizeof(out.remote));
	return out;
}

static int send_netlink(const void *msgs, size_t len, void *box)
{
	return pdp_guest_netlink(box, msgs, len);
}

static int send_tables(struct pdp_node_guest *guest, const uint16_t *vif_ids, struct pdp_error *err)
{
	const struct pdp_node_vnet *vnet = guest->vnet;
	size_t i;
	int code = 0;

	for (i = 0; !code && i < vnet->n_vifs; i++) {
		struct pdp_dp_vif vif = agent_vif(&vnet->vifs[i]);

		code = pdp_guest_set_vif(guest->box, &vif);
	}
	if (!code)
		code = pdp_fib_build(vnet->conf, vif_ids, send_netlink, guest->box);
	return code ? pdp_fail(err, code, "guest %s: send its tables: %s", guest->name,
			       strerror(-code))
		    : 0;
}

static int start_guest(struct pdp_node *node, struct pdp_node_guest *guest, const uint16_t *vif_ids,
		       struct pdp_error *err)
{
	const struct pdp_vnet_conf *conf = guest->vnet->conf;
	struct pdp_guest_spec spec = {
		.id = guest->id,
		.cpus = guest->fe->cpus,
		.power = guest->power,
		.memory_mib = conf->memory_mib ? conf->memory_mib : GUEST_MEMORY_MIB,
		.dataplane = conf->data_plane,
	};
	struct pdp_error why;
	int code;

	pdp_log(PDP_LOG_INFO, "guest %s starts on %s with %um", guest->name, guest->fe->name,
		guest->power);
	memcpy(spec.name, guest->name, sizeof(spec.name));
	code = pdp_guest_start(&guest->box, node->guests, &spec, pdp_follow_guest, guest, &why);
	if (code)
		return pdp_fail(err, code, "guest %s on %s: %s", guest->name, guest->fe->name,
				why.text);
	return send_tables(guest, vif_ids, err);
}

static int start_vnet(struct pdp_node *node, struct pdp_node_vnet *vnet, struct pdp_error *err)
{
	uint16_t *vif_ids = calloc(vnet->n_vifs + 1, sizeof(*vif_ids));
	size_t i;
	int code = 0;

	if (!vif_ids)
		return pdp_fail(err, -ENOMEM, "vnet %s: no memory", vnet->conf->name);
	for (i = 0; i < vnet->n_vifs; i++)
		vif_ids[i] = vnet->vifs[i].id;
	for (i = 0; !code && i < vnet->n_guests; i++) {
		if (*node->conf.cancel)
			code = pdp_fail(err, -ECANCELED, "interrupted");
		else
			code = start_guest(node, &vnet->guests[i], vif_ids, err);
	}
	free(vif_ids);
	return code;
}

struct pdp_books_guest pdp_node_books(const struct pdp_node_guest *guest)
{
	struct pdp_books_guest out = {
		.id = guest->id,
		.link_ifindex = guest->link_ifindex,
		.box = guest->box,
		.past = guest->past,
	};

	memcpy(out.name, guest->name, sizeof(out.name));
	return out;
}

/* A guest that gave up, or else one that is not ready yet; NULL when all are. */
static const struct pdp_node_guest *laggard(const struct pdp_node *node, size_t *n_ready)
{
	const struct pdp_node_guest *found = NULL;
	size_t i, j;

	*n_ready = 0;
	for (i = 0; i < node->model.n_vnets; i++) {
		for (j = 0; j < node->vnets[i].n_guests; j++) {
			const struct pdp_node_guest *guest = &node->vnets[i].guests[j];

			if (guest->state == PDP_GUEST_FAILED)
				return guest;
			if (guest->state == PDP_GUEST_READY)
				++*n_ready;
			else if (!found)
				found = guest;
		}
	}
	return found;
}

static void wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static int refuse_laggard(const struct pdp_node_guest *guest, struct pdp_error *err)
{
	const char *why = guest->error.text;

	if (guest->state == PDP_GUEST_FAILED)
		return pdp_fail(err, -EIO, "guest %s: %s", guest->name, why);
	return pdp_fail(err, -ETIMEDOUT, "guest %s has not answered for %d s%s%s", guest->name,
			READY_TIMEOUT_S, *why ? ": " : "", why);
}

/* As long as one guest after the other becomes ready, there is hope. */
static int wait_for_guests(struct pdp_node *node, struct pdp_error *err)
{
	const struct timeval step = {.tv_usec = 100000};
	struct event *alarm = event_new(node->base, -1, EV_PERSIST, wake, NULL);
	uint64_t since = pdp_now_ns();
	const struct pdp_node_guest *guest;
	size_t ready, before = 0;
	int code = 0;

	if (!alarm || event_add(alarm, &step))
		code = pdp_fail(err, -ENOMEM, "no memory for a timer");
	while (!code && (guest = laggard(node, &ready))) {
		if (ready != before)
			since = pdp_now_ns();
		before = ready;
		if (*node->conf.cancel)
			code = pdp_fail(err, -ECANCELED, "interrupted");
		else if (guest->state == PDP_GUEST_FAILED ||
			 pdp_now_ns() - since > READY_TIMEOUT_S * 1000000000ULL)
			code = refuse_laggard(guest, err);
		else
			event_base_loop(node->base, EVLOOP_ONCE);
	}
	if (alarm)
		event_free(alarm);
	return code;
}

static int start_guests(struct pdp_node *node, struct pdp_error *err)
{
	size_t i;
	int code = open_guests(node, err);

	for (i = 0; !code && i < node->model.n_vnets; i++)
		code = start_vnet(node, &node->vnets[i], err);
	return code ? code : wait_for_guests(node, err);
}

/* --- maps and attachment ----------------------------------------------------------------------- */

static int publish_tunnels(struct pdp_node *node, const struct pdp_node_vif *vif,
			   const struct pdp_vif_ids *ids, struct pdp_error *err)
{
	struct pdp_tunnel_key keys[2];
	struct pdp_tunnel tunnels[2];
	int i, n = pdp_tunnel_entries(vif->conf, vif->port->conf, ids, keys, tunnels), code = 0;

	for (i = 0; !code && i < n; i++)
		code = pdp_publish_tunnel(node->store, &keys[i], &tunnels[i], err);
	return code;
}

static struct pdp_vif_ids ids_of(const struct pdp_node_vif *vif)
{
	return (struct pdp_vif_ids){vif->vnet->id, vif->id, vif->port->id};
}

static void publish_vif(struct pdp_node *node, const struct pdp_node_vif *vif)
{
	const struct pdp_link *link = device(node, vif->port);
	struct pdp_vif_ids ids = ids_of(vif);
	struct pdp_vif entry =
		pdp_vif_entry(vif->conf, vif->port->conf, &ids, (uint16_t)link->mtu, link->mac);

	memcpy(entry.next_hop.mac, vif->path->mac, 6);
	pdp_publish_vif(node->store, vif->id, &entry);
	if (vif->path->state == PDP_PATH_NO_ROUTE)
		pdp_log(PDP_LOG_WARNING, "vif %s/%s: no route to its remote end through port %s",
			vif->vnet->conf->name, vif->conf->name, vif->conf->port);
}

/* Everything that a packet of the vnet will meet, and last the door to it. */
static int publish_vnet(struct pdp_node *node, struct pdp_node_vnet *vnet, struct pdp_error *err)
{
	size_t i;
	int code = 0;

	for (i = 0; !code && i < vnet->n_guests; i++)
		code = pdp_follow_link(&vnet->guests[i], err);
	for (i = 0; i < vnet->n_vifs; i++)
		publish_vif(node, &vnet->vifs[i]);
	pdp_publish_police(node->store, vnet->id, vnet->conf->rate_pps, vnet->conf->burst_packets);
	if (!code)
		code = pdp_follow_slots(node, vnet, err);
	for (i = 0; !code && i < vnet->n_vifs; i++) {
		struct pdp_vif_ids ids = ids_of(&vnet->vifs[i]);

		code = publish_tunnels(node, &vnet->vifs[i], &ids, err);
	}
	return code;
}

static int publish_and_attach(struct pdp_node *node, struct pdp_error *err)
{
	size_t i;
	int code = 0;

	for (i = 0; !code && i < node->model.n_vnets; i++)
		code = publish_vnet(node, &node->vnets[i], err);
	for (i = 0; !code && i < node->model.n_ports; i++)
		code = pdp_follow_port(node, &node->ports[i], err);
	return code;
}

static void on_sample(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pdp_follow_sample(arg);
}

static int start_sampling(struct pdp_node *node, struct pdp_error *err)
{
	const struct timeval second = {.tv_sec = 1};

	node->sampled_ns = pdp_now_ns();
	node->sample = event_new(node->base, -1, EV_PERSIST, on_sample, node);
	if (!node->sample || event_add(node->sample, &second))
		return pdp_fail(err, -ENOMEM, "no memory for a timer");
	return 0;
}

/* --- up and down ------------------------------------------------------------------------------- */

static int check_agent(const char *path, struct pdp_error *err)
{
	if (access(path, X_OK))
		return pdp_fail(err, -errno, "agent %s: %s; name another with --agent", path,
				strerror(errno));
	return 0;
}

/* In the order of the header's comment; each step needs the ones before it. */
static int bring_up(struct pdp_node *node, struct pdp_error *err)
{
	static int (*const steps[])(struct pdp_node *, struct pdp_error *) = {
		pdp_layout,   find_ports, check_mtus,	lock_run_dir,	    open_loader,
		open_ethtool, find_paths, start_guests, publish_and_attach, start_sampling,
	};
	size_t i;
	int code;

	code = pdp_nodefile_load(&node->model, node->conf.config, err);
	if (!code)
		code = check_agent(node->conf.agent, err);
	for (i = 0; !code && i < sizeof(steps) / sizeof(steps[0]); i++)
		code = *node->conf.cancel ? pdp_fail(err, -ECANCELED, "interrupted")
					  : steps[i](node, err);
	return code;
}

int pdp_node_up(struct pdp_node **out, struct event_base *base, const struct pdp_node_conf *conf,
		struct pdp_error *err)
{
	struct pdp_node *node = calloc(1, sizeof(*node));
	struct pdp_error why;
	int code;

	*out = NULL;
	if (!node)
		return pdp_fail(err, -ENOMEM, "no memory for a node");
	node->conf = *conf;
	node->base = base;
	node->ethtool_fd = -1;
	node->run_fd = -1;
	set_state(node, PDP_NODE_STARTING);
	code = bring_up(node, err);
	if (code) {
		if (pdp_node_down(node, &why))
			pdp_log(PDP_LOG_ERROR, "taking down what was made: %s", why.text);
		pdp_node_free(node);
		return code;
	}
	set_state(node, PDP_NODE_FORWARDING);
	*out = node;
	return 0;
}

static void stop_guests(struct pdp_node *node)
{
	size_t i = node->vnets ? node->model.n_vnets : 0;

	while (i-- > 0) {
		size_t j = node->vnets[i].n_guests;

		while (j-- > 0) {
			pdp_guest_stop(node->vnets[i].guests[j].box);
			node->vnets[i].guests[j].box = NULL;
		}
	}
	pdp_guests_free(node->guests);
	node->guests = NULL;
}

static int detach_ports(struct pdp_node *node, struct pdp_error *err)
{
	size_t i;
	int code, first = 0;

	for (i = 0; node->ports && i < node->model.n_ports; i++) {
		code = pdp_loader_detach(node->loader, node->ports[i].link, first ? NULL : err);
		first = first ? first : code;
	}
	return first;
}

int pdp_node_down(struct pdp_node *node, struct pdp_error *err)
{
	int code = 0, purged = 0;

	set_state(node, PDP_NODE_STOPPING);
	if (node->sample)
		event_free(node->sample);
	node->sample = NULL;
	if (node->loader)
		code = detach_ports(node, err);
	stop_guests(node);
	pdp_underlay_close(node->underlay);
	node->underlay = NULL;
	pdp_publish_close(node->store);
	node->store = NULL;
	if (node->loader)
		purged = pdp_loader_purge(node->loader, code ? NULL : err);
	pdp_loader_close(node->loader);
	node->loader = NULL;
	if (node->ethtool_fd >= 0)
		close(node->ethtool_fd);
	node->ethtool_fd = -1;
	pdp_rundir_unlock(node->conf.run_dir, node->run_fd);
	node->run_fd = -1;
	return code ? code : purged;
}

void pdp_node_free(struct pdp_node *node)
{
	size_t i;

	if (!node)
		return;
	for (i = 0; node->vnets && i < node->model.n_vnets; i++) {
		free(node->vnets[i].vifs);
		free(node->vnets[i].guests);
	}
	free(node->vnets);
	free(node->ports);
	free(node->fes);
	pdp_model_free(&node->model);
	free(node);
}
