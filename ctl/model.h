/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * model.h - the desired state of a node: what its owner wrote, checked, in plain structs.
 *
 * The root of ctl/: node file -> model -> allocation -> guests and maps. Pure: no I/O, no kernel, no
 * ids of maps. Everything is owned by the struct it hangs on; pdp_model_free() frees it all.
 * Labels are the names that people gave; they are unique within their kind (vifs within a vnet).
 */
#ifndef PDP_MODEL_H
#define PDP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/maps.h"

#define PDP_LABEL_MAX 32 /* with the NUL; [a-z0-9][a-z0-9-]*, ports also [A-Z] */
#define PDP_NAME_MAX 64
#define PDP_PATH_LEN 256 /* with the NUL, of what a node file names */
#define PDP_MAX_FES 1024

/* An IPv4 or IPv6 address with a prefix length; family 0 = none. */
struct pdp_prefix {
	uint8_t family; /* 4 or 6 */
	uint8_t len;
	uint8_t addr[16]; /* network order; IPv4 in the first four */
};

struct pdp_port_conf {
	char name[PDP_LABEL_MAX];
	char ifname[PDP_DEV_NAME_LEN];
	uint16_t vlan[2]; /* VIDs, outer first; 0 = none */
	uint32_t line; /* in the node file, for messages; 0 = not from a file */
};

struct pdp_fe_conf {
	char name[PDP_LABEL_MAX];
	char cpus[PDP_NAME_MAX]; /* cpuset list, "2" or "2-3,6" */
	uint32_t capacity; /* millicores */
	bool drain; /* takes no guest, and gives away those that it has */
	uint32_t line;
};

/* What a vif does to packets on purpose, to be like a long or a bad line. All zero: nothing. */
struct pdp_impair_conf {
	uint32_t delay_ms; /* on the way out */
	uint32_t loss; /* on the way out, of a million */
	bool down; /* nothing passes, either way, and nobody is told */
};

#define PDP_IMPAIR_DELAY_MAX 10000 /* ms */
#define PDP_IMPAIR_LOSS_ALL 1000000

struct pdp_vif_conf {
	char name[PDP_LABEL_MAX];
	char port[PDP_LABEL_MAX];
	enum pdp_encap encap;
	uint32_t vni; /* vxlan: 1 .. 2^24-1 */
	struct pdp_prefix local; /* underlay, full length; never a network */
	struct pdp_prefix remote;
	uint16_t local_port; /* host order; vxlan: 4789 unless said */
	uint16_t remote_port;
	uint16_t mtu; /* inner; 0 = what the port leaves */
	uint8_t mac[6]; /* vxlan; all zero = made from node and vif */
	struct pdp_prefix *address; /* of the vif itself */
	size_t n_address;
	struct pdp_impair_conf impair;
	uint32_t line;
};

/* A static route of a vnet's own table. */
struct pdp_route_conf {
	struct pdp_prefix prefix;
	char vif[PDP_LABEL_MAX]; /* "" for a blackhole */
	struct pdp_prefix via; /* family 0: on link */
	uint32_t line;
};

/* A static neighbour on a vxlan vif. */
struct pdp_neighbour_conf {
	char vif[PDP_LABEL_MAX];
	struct pdp_prefix address;
	uint8_t mac[6];
	uint32_t line;
};

enum pdp_control_kind {
	PDP_CONTROL_NONE, /* no MH guest; the node file's routes are the FE guests' */
	PDP_CONTROL_STATIC, /* an MH guest without a daemon; the node file's routes are its kernel's */
	PDP_CONTROL_FRR,
	PDP_CONTROL_BIRD,
	PDP_CONTROL_COMMAND,
};

/* What fills a vnet's tables: its MH guest. All zero with PDP_CONTROL_NONE. */
struct pdp_control_conf {
	enum pdp_control_kind kind;
	char config[PDP_PATH_LEN]; /* directory that is copied into the guest; "" = none */
	char command[PDP_PATH_LEN]; /* of PDP_CONTROL_COMMAND: an absolute path, then arguments */
	uint32_t memory_mib;
	uint32_t power; /* millicores of the MH; no FE's capacity is used up */
	uint32_t max_routes; /* that the FE guests are told of */
	uint64_t local_pps; /* packets towards the guest; never 0 with a guest */
	uint32_t local_burst;
};

#define PDP_CONTROL_MEMORY_MIB 256
#define PDP_CONTROL_POWER 200
#define PDP_CONTROL_MAX_ROUTES 1000000
#define PDP_CONTROL_PPS 2000

/* What of a packet tells its flow. */
struct pdp_flow_conf {
	enum pdp_key_kind key;
	struct pdp_key bytes; /* of PDP_KEY_BYTES, else zero */
	uint32_t gap_us; /* of PDP_POLICY_FLOWLET: a pause after which a flow may go elsewhere */
};

#define PDP_FLOWLET_GAP_AUTO 0 /* as gap_us: PdP finds out */

#define PDP_FLOWLET_GAP_US 500
#define PDP_FLOWLET_GAP_MAX_US 1000000

/* Is the common case processed on a guest's eth0 already, before its agent? */
enum pdp_fast_half {
	PDP_FAST_HALF_AUTO, /* where the kernel and the data plane can */
	PDP_FAST_HALF_ON,
	PDP_FAST_HALF_OFF,
};

/* What processes a vnet's packets. */
struct pdp_data_conf {
	char kind[16]; /* "router", or "xdp" */
	enum pdp_fast_half fast_half;
	char object[PDP_PATH_LEN]; /* of "xdp": the owner's BPF object, else "" */
	char program[PDP_NAME_MAX]; /* of "xdp": which of the object's programs, else "" */
	char agent[PDP_PATH_LEN]; /* of "xdp": the owner's agent, a program for his guests; "" = none */
};

struct pdp_vnet_conf {
	char name[PDP_LABEL_MAX];
	uint32_t power; /* millicores */
	enum pdp_policy policy;
	struct pdp_flow_conf flow;
	bool rebalance; /* slots of busy guests go to idle ones, while it forwards */
	struct pdp_data_conf data;
	uint64_t rate_pps; /* 0 = not policed */
	uint32_t burst_packets;
	uint32_t memory_mib; /* of each FE guest; 0 = the default */
	struct pdp_control_conf control;
	struct pdp_vif_conf *vifs;
	size_t n_vifs;
	struct pdp_route_conf *routes;
	size_t n_routes;
	struct pdp_neighbour_conf *neighbours;
	size_t n_neighbours;
	uint32_t line;
};

struct pdp_model {
	char node[PDP_LABEL_MAX];
	struct pdp_port_conf *ports;
	size_t n_ports;
	struct pdp_fe_conf *fes;
	size_t n_fes;
	struct pdp_vnet_conf *vnets;
	size_t n_vnets;
};

/* Free what hangs on the model and zero it; a zeroed one or NULL is fine. */
void pdp_model_free(struct pdp_model *model);

/*
 * A model of its own with the same contents, and room for one more vnet; *out is zeroed on failure. 0 or
 * -ENOMEM.
 */
int pdp_model_copy(struct pdp_model *out, const struct pdp_model *model);

/* Lists in the order of their labels (strverscmp: fe2 before fe10), routes in that of their prefixes. */
void pdp_model_sort(struct pdp_model *model);

/* The orders of that, for qsort(3): of ports, FEs, vnets and vifs; of routes; of neighbours. */
int pdp_by_name(const void *a, const void *b);
int pdp_route_order(const void *a, const void *b);
int pdp_neighbour_order(const void *a, const void *b);

/* By label, or NULL. */
const struct pdp_port_conf *pdp_model_port(const struct pdp_model *model, const char *name);
const struct pdp_fe_conf *pdp_model_fe(const struct pdp_model *model, const char *name);
const struct pdp_vnet_conf *pdp_model_vnet(const struct pdp_model *model, const char *name);
const struct pdp_vif_conf *pdp_vnet_vif(const struct pdp_vnet_conf *vnet, const char *name);

/* As the node file writes it. */
const char *pdp_encap_name(enum pdp_encap encap);
const char *pdp_control_name(enum pdp_control_kind kind);
const char *pdp_fast_half_name(enum pdp_fast_half fast_half);

/* How many packets may come at once where a rate has no burst: a tenth of a second, for MH guests a quarter. */
uint32_t pdp_rate_burst(uint64_t pps);
uint32_t pdp_control_burst(uint64_t pps);

#define PDP_MTU_MIN 68 /* IPv4's smallest, RFC 791 */

/* Bytes around an inner IP packet, from the outer IP header on: 28 or 48 for udp, 50 or 70 for vxlan. */
uint32_t pdp_vif_overhead(const struct pdp_vif_conf *vif);

/*
 * Largest inner IP packet of a vif whose port has this MTU (1500: 1472 or 1450 over IPv4); 0 when
 * nothing fits. vif->mtu is not looked at: a caller that has one refuses it when it is larger.
 */
uint16_t pdp_vif_mtu(const struct pdp_vif_conf *vif, uint32_t port_mtu);

/* What a port's MTU leaves for outer IP packets: devices have room for one VLAN tag above it, not for two. */
uint32_t pdp_port_room(const struct pdp_port_conf *port, uint32_t port_mtu);

/* MTU that an FE link needs for a port's MTU: the tag, and nothing else, is added. */
uint32_t pdp_fe_link_mtu(uint32_t port_mtu);

#endif
