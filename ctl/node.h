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
#include "ctl/bucket.h"
#include "ctl/flowgap.h"
#include "ctl/events.h"
#include "ctl/guest.h"
#include "ctl/mhguest.h"
#include "ctl/model.h"
#include "ctl/names.h"
#include "ctl/placement.h"
#include "ctl/publish.h"
#include "ctl/rebalance.h"
#include "ctl/reorder.h"
#include "ctl/underlay.h"
#include "loader/loader.h"

struct event_base;
struct event;

#define PDP_NODE_FILE "/etc/pdp/pdp.yaml"

/* The command line. Strings stay the caller's, and must stay. */
struct pdp_node_conf {
	const char *
		config; /* node file; NULL = what the state says, or PDP_NODE_FILE if that is empty */
	const char *state; /* store.h */
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
	bool sampled; /* rx and tx are what was seen, and not 0 for want of a look */
};

struct pdp_agentconf;
struct pdp_apply;
struct pdp_delayline;
struct pdp_mirror;
struct pdp_own;
struct pdp_audit;
struct pdp_powerkeep;
struct pdp_node;
struct pdp_node_vnet;
struct pdp_store;

struct pdp_node_port {
	uint16_t id;
	const struct pdp_port_conf *conf;
	size_t underlay; /* its number there */
	int ifindex; /* 0 = the device is gone */
	int out; /* in the maps; 0 = it is gone, down or deaf */
	bool deaf; /* it takes no redirected frames */
	int attached; /* ifindex under the classifier of this build; 0 = none */
	bool up;
	uint32_t mtu; /* that the vifs are for */
	char link[PDP_LABEL_MAX + 8]; /* name of its bpf_link */
};

struct pdp_node_vif {
	uint16_t id;
	const struct pdp_vif_conf *conf;
	struct pdp_node_vnet *vnet;
	struct pdp_node_port *port;
	uint16_t mtu; /* inner */
	uint8_t mac[6]; /* vxlan */
	struct pdp_path *path;
};

struct pdp_node_guest {
	uint16_t id;
	uint16_t number; /* within its vnet */
	char name[48];
	struct pdp_node *node;
	struct pdp_node_vnet *vnet;
	const struct pdp_fe_conf *fe;
	uint32_t power;
	bool live; /* part of the node: its state decides about slots. Not yet, or no more, otherwise */
	unsigned int syncs; /* that its agent has not answered yet */
	unsigned int layouts; /* that it is part of: two while a change is under way */
	struct pdp_guest_box *box; /* NULL = not made */
	enum pdp_guest_state state;
	struct pdp_error error; /* last trouble, "" = none */
	int link_ifindex; /* in the maps; 0 = not there */
	uint64_t link_down_ns; /* since when its link leads nowhere; 0 = it does not */
	struct pdp_books_past past; /* of links that are gone */
	struct pdp_rate rate; /* rx = towards the guest */
	uint64_t cpu_ns; /* as last seen */
	uint64_t thread_cpu_ns; /* of that, by the thread of its eth0 */
	uint32_t cpu_millicores;
	uint32_t thread_cpu_millicores;
	uint64_t drops, drop_pps; /* on the way into its halves and out of the fast one, as rate */
	bool sampled; /* drops are what was seen, and not 0 for want of a look */
	struct pdp_transit_times times; /* of its packets, for policy flowlet */
};

/* A vnet's control plane: its MH guest. */
struct pdp_node_control {
	char name[48]; /* VNET-cp */
	struct pdp_node *node;
	struct pdp_node_vnet *vnet;
	bool live; /* as of a guest */
	unsigned int layouts;
	struct pdp_mh_guest *box; /* NULL = not made */
	enum pdp_mh_state state;
	struct pdp_error error; /* last trouble, "" = none */
	struct pdp_mirror *mirror; /* of its tables; NULL = none, it is down */
	struct pdp_bucket overruns; /* that may be told */
	uint64_t cpu_ns; /* as last seen */
	uint32_t cpu_millicores;
};

struct pdp_node_vnet {
	uint16_t id;
	const struct pdp_vnet_conf *conf;
	const struct pdp_placed_vnet *placed;
	struct pdp_node_vif *vifs;
	size_t n_vifs;
	struct pdp_node_control *control; /* NULL = it has none */
	struct pdp_node_guest **guests;
	size_t n_guests;
	struct pdp_agentconf
		*told; /* what its agents are; of both layouts while a change is under way */
	struct pdp_own *own; /* its owner's program, of both layouts too; NULL = PdP's data plane */
	struct pdp_ledger_guest gone; /* books of guests that have gone, summed; name "" = none has */
	struct pdp_rate rate;
	struct pdp_reorder reorder; /* as last seen */
	struct pdp_reorder recent; /* of the last second in which there were packets */
	struct pdp_rebalance balance; /* what moved, with `rebalance: on` */
	uint64_t flow_moves; /* flows that were seen in slots when they moved */
	uint32_t gap_us; /* of flowlets in force, if it is measured; 0 = not known yet */
	bool recalled; /* what an earlier controller moved is in balance */
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
	uint64_t generation; /* of the model: counts changes */
	struct pdp_model model;
	struct pdp_placement placement; /* of the model */
	struct pdp_alloc_fe *fes; /* as model.fes, with what is used */
	struct pdp_node_port *ports; /* as model.ports */
	struct pdp_node_vnet *vnets; /* as model.vnets */
	struct pdp_names names; /* of model.vnets */
	bool forwards_without_us; /* an earlier controller's node was there when we came */
	bool keep_state; /* the stored state is not of this life alone: going down leaves it */
	int other_abi; /* version of the maps that forwarded then, if not ours */
	bool stored; /* the state on disk is what is being applied at the start */
	bool resumed; /* it was: what an earlier controller did to slots is of use */
	struct pdp_store *db;
	uint32_t asker; /* uid of who asks for the change that begins next; for the history */
	struct pdp_apply *apply; /* the change that is under way; NULL = none */
	struct pdp_events *events;
	struct pdp_loader *loader;
	struct pdp_publish *store;
	struct pdp_underlay *underlay;
	struct pdp_guests *guests;
	struct pdp_mh_guests *mh_guests;
	struct pdp_delayline *delay;
	struct event *sample;
	uint64_t sampled_ns;
	struct pdp_audit *audit;
	struct pdp_powerkeep *power;
	int ethtool_fd;
	int run_fd; /* the locked run directory; -1 = not ours */
	int name_fd; /* the locked name of the node; -1 = not ours */
	unsigned int id_block; /* of user ids, for guests */
	char name[PDP_LABEL_MAX]; /* that is locked */
};

/*
 * pdp_node_up() - make the node what is wanted, be it from nothing or from what runs already.
 *
 * Guests, maps and links of an earlier controller are adopted as they are, and what differs from the
 * wanted is changed as by pdp_node_apply(). Runs the event loop until that is done. On failure whatever
 * was made is taken away again, what an earlier controller left is left, and *out is NULL.
 * 0; -ECANCELED when *conf->cancel was set; -errno with err.
 */
int pdp_node_up(struct pdp_node **out, struct event_base *base, const struct pdp_node_conf *conf,
		struct pdp_error *err);

/*
 * Take everything down: the ports first, so that nothing new comes in, then guests, pins, directories.
 * Goes on past errors; returns and tells the first. The node itself stays, to be read.
 */
int pdp_node_down(struct pdp_node *node, struct pdp_error *err);

/* Let go of everything as it is: the node forwards on, for the next controller to adopt. */
void pdp_node_leave(struct pdp_node *node);
void pdp_node_free(struct pdp_node *node);

/*
 * Read a vnet's books: of its guests, of those that are leaving and of those that have gone. As
 * pdp_books_read(), also for hops.
 */
int pdp_node_read_books(const struct pdp_node *node, const struct pdp_node_vnet *vnet,
			const struct pdp_hops *hops, struct pdp_books *out, struct pdp_error *err);
/* Whose books a guest's are. */
struct pdp_books_guest pdp_node_books(const struct pdp_node_guest *guest);
/*
 * A guest of the vnet is about to go: what its books say is the vnet's from now on, past our death too,
 * and its own begin anew. box NULL: it was another controller's.
 */
void pdp_node_keep_books(struct pdp_node *node, struct pdp_node_vnet *vnet,
			 const struct pdp_books_guest *guest);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t pdp_now_ns(void);

#endif
