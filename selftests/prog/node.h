/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * node.h - a node without traffic: programs loaded, maps of their own, devices in a namespace that
 * ends with the process. Nothing is attached or pinned, so it disturbs nobody.
 *
 *   vnet 1  flow-hash    guests 1, 2   vif 1 udp v4, 2 udp v6, 3 udp v4 in VLAN 100,
 *                                      4 udp v4 in VLANs 100 and 200
 *   vnet 2  round-robin  guests 3, 4   vif 5 vxlan v4, 6 vxlan v6, 9 vxlan v4 on port 8472
 *   vnet 3  weighted     guests 5, 6   vif 7 udp v4
 *   vnet 4  no guest yet               vif 8 udp v4
 *
 * Vnets 1 and 2 have a control plane: their vifs have links of their own (mhVIF).
 * Port 1 (pdpA) is the way of vifs 1, 3, 4, 7 and 8, port 2 (pdpB) that of 2, 5, 6 and 9.
 */
#ifndef PDP_PROG_NODE_H
#define PDP_PROG_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/counters.h"
#include "bpf/maps.h"
#include "bpf/wire.h"
#include "selftests/prog/packet.h"

#define NODE_PORTS 2
#define NODE_VNETS 4
#define NODE_VIFS 9
#define NODE_GUESTS 6

#define NODE_MTU 1500
#define NODE_PACKET_ID 0x4321 /* that the next packet of a control plane gets */
#define NODE_XSK_QUEUE 0 /* the queue of guest 1 that has a socket */

/* Why this slot: 3:2 as in the paper, smoothly interleaved. */
extern const uint16_t node_weighted_slots[5];

enum node_prog {
	PROG_CLASSIFY,
	PROG_DISPATCH,
	PROG_GUEST_RX, /* that of guest 1 */
	PROG_VIF_OUT,
	PROG_DELAYED,
	PROG_PASS,
	PROGS,
};

enum node_map {
	MAP_TUNNELS,
	MAP_VNETS,
	MAP_SLOTS,
	MAP_KEYS,
	MAP_GUESTS,
	MAP_FE_LINKS,
	MAP_SENDERS,
	MAP_VIFS,
	MAP_PORTS,
	MAP_PORT_IDS,
	MAP_VIF_LINKS,
	MAP_VIF_SENDERS,
	MAP_DELAY_LINK,
	MAP_SEQS,
	MAP_NEWEST,
	MAP_TURNS,
	MAP_FLOWLETS,
	MAP_TRANSITS,
	MAP_POLICE,
	MAP_PACES,
	MAP_PORT_STATS,
	MAP_VNET_STATS,
	MAP_VIF_STATS,
	MAP_GUEST_STATS,
	MAP_NODE_STATS,
	NODE_MAPS,
};

/* Every counter of the ids in use; element 0 is what may not move but for an unknown port. */
struct node_stats {
	struct pdp_port_stats port[NODE_PORTS + 1];
	struct pdp_vnet_stats vnet[NODE_VNETS + 2];
	struct pdp_vif_stats vif[NODE_VIFS + 2];
	struct pdp_guest_stats guest[NODE_GUESTS + 2];
	struct pdp_node_stats node;
};

struct node {
	int prog[PROGS];
	int map[NODE_MAPS];
	uint32_t port_ifindex[NODE_PORTS + 1];
	uint32_t link_ifindex[NODE_GUESTS + 1];
	uint32_t vif_ifindex[NODE_VIFS + 1]; /* 0 = no control plane */
	uint32_t delay_ifindex;
	uint32_t other_ifindex; /* a device that is neither a port nor a guest's */
	struct pdp_vif vif[NODE_VIFS + 1];
	struct pdp_guest guest[NODE_GUESTS + 1];
	struct node_objects *objects;
};

/* Enter a namespace of its own, make devices, load and fill; exits with a message on failure. */
void node_start(struct node *node);
void node_stop(struct node *node);

/* Back to the configuration above; sequence numbers, turns and police as after start-up. */
void node_fill(struct node *node);

/* Set an element or take it away; abort on failure. */
void node_set(const struct node *node, enum node_map map, const void *key, const void *value);
void node_get(const struct node *node, enum node_map map, const void *key, void *value);
void node_delete(const struct node *node, enum node_map map, const void *key);

/* A vnet's slot table and policy, published as the controller does. */
void node_set_table(const struct node *node, uint16_t vnet, uint8_t half, enum pdp_policy policy,
		    const uint16_t *guests, uint16_t n_slots);

struct pdp_tunnel_key node_tunnel_key(const struct node *node, uint16_t vif);

/* Run a program on a frame that came in on ifindex; out holds what it left. The verdict. */
int node_run(const struct node *node, enum node_prog prog, uint32_t ifindex, uint32_t queue,
	     const struct packet *in, struct packet *out);

void node_read_stats(const struct node *node, struct node_stats *stats);

/* Name of the counter at a byte offset in struct node_stats, as "vnet 1 drop_policed". */
const char *node_counter_name(size_t offset);

/* Sum of all drops of a vnet. */
uint64_t node_drops(const struct pdp_vnet_stats *stats);

#endif
