/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * node.h - a node that runs: the model made real, in the order that traffic needs.
 *
 * Ties together what knows nothing of each other: the model (what is wanted), the allocation, the
 * guests, the underlay and the map store. Everything is owned by struct pdp_node and touched by one
 * thread. Views (views.h) read it; only node.c and follow.c change it.
 */
#ifndef PDP_NODE_H
#define PDP_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/alloc.h"
#include "ctl/books.h"
#include "ctl/guest.h"
#include "ctl/model.h"
#include "ctl/publish.h"
#include "ctl/underlay.h"
#include "loader/loader.h"

struct event_base;
struct event;

/* The command line. Strings stay the caller's, and must stay. */
struct pdp_node_conf {
	const char *config; /* node file */
	const char *run_dir;
	const char *pins;
	const char *agent;
	unsigned int attach; /* enum pdp_attach_flags, for ports */
	const bool *cancel; /* set by a signal: give up coming up */
};

/* Packets a second, from two looks at the same counters. */
struct pdp_rate {
	uint64_t rx, tx; /* as last seen */
	uint64_t rx_pps, tx_pps;
};

struct pdp_node;
struct pdp_node_vnet;

struct pdp_node_port {
	uint16_t id;
	const struct pdp_port_conf *conf;
	int ifindex; /* in the maps and under the classifier; 0 = the device is gone */
	uint32_t mtu; /* that the vifs were made for */
	char link[PDP_LABEL_MAX + 8]; /* name of its bpf_link */
};

struct pdp_node_vif {
	uint16_t id;
	const struct pdp_vif_conf *conf;
	struct pdp_node_vnet *vnet;
	struct pdp_node_port *port;
	uint16_t mtu; /* inner */
	uint8_t mac[6]; /* vxlan */
	const struct pdp_path *path;
};

struct pdp_node_guest {
	uint16_t id;
	char name[48];
	struct pdp_node *node;
	struct pdp_node_vnet *vnet;
	const struct pdp_fe_conf *fe;
	uint32_t power;
	struct pdp_guest_box *box; /* NULL = not made */
	enum pdp_guest_state state;
	struct pdp_error error; /* last trouble, "" = none */
	int link_ifindex; /* in the maps; 0 = not there */
	struct pdp_books_past past; /* of links that are gone */
	struct pdp_rate rate; /* rx = towards the guest */
	uint64_t cpu_ns; /* as last seen */
	uint32_t cpu_millicores;
};

struct pdp_node_vnet {
	uint16_t id;
	const struct pdp_vnet_conf *conf;
	struct pdp_node_vif *vifs;
	size_t n_vifs;
	struct pdp_node_guest *guests;
	size_t n_guests;
	struct pdp_rate rate;
};

enum pdp_node_state {
	PDP_NODE_STARTING,
	PDP_NODE_FORWARDING,
	PDP_NODE_STOPPING,
};

struct pdp_node {
	struct pdp_node_conf conf;
	struct event_base *base;
	enum pdp_node_state state;
	uint64_t since_ns; /* of the state, CLOCK_MONOTONIC */
	struct pdp_model model;
	struct pdp_alloc_fe *fes; /* as model.fes, with what is used */
	struct pdp_node_port *ports;
	struct pdp_node_vnet *vnets;
	struct pdp_loader *loader;
	struct pdp_publish *store;
	struct pdp_underlay *underlay;
	struct pdp_guests *guests;
	struct event *sample;
	uint64_t sampled_ns;
	int ethtool_fd;
	int run_fd; /* the locked run directory; -1 = not ours */
};

/*
 * pdp_node_up() - from a node file to a node that forwards.
 *
 * Parse and check; lock; ports and their numbers; allocate every vnet; start the guests; send them
 * their tables; wait until each answers; fill the maps; attach to the ports. Runs the event loop while
 * it waits. On failure whatever was made is taken down again, in reverse, and *out is NULL.
 * 0; -ECANCELED when *conf->cancel was set; -errno with err.
 */
int pdp_node_up(struct pdp_node **out, struct event_base *base, const struct pdp_node_conf *conf,
		struct pdp_error *err);

/*
 * Take everything down: the ports first, so that nothing new comes in, then guests, pins, directories.
 * Goes on past errors; returns and tells the first. The node itself stays, to be read.
 */
int pdp_node_down(struct pdp_node *node, struct pdp_error *err);
void pdp_node_free(struct pdp_node *node);

/* Whose books a guest's are. */
struct pdp_books_guest pdp_node_books(const struct pdp_node_guest *guest);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t pdp_now_ns(void);

#endif
