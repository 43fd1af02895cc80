/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_raw.h - the node file's schema, and the structs that libcyaml fills by it.
 *
 * What a node file may hold is written down once, in the schema (nodefile_schema.c): nodefile_shape.c
 * checks a file against it with messages that say where, libcyaml loads by it, nodefile_read.c turns
 * these structs into the model, nodefile_check.c checks what spans several elements. Texts with an
 * own syntax (powers, addresses, names) are strings here. An optional string that is not there is NULL.
 */
#ifndef PDP_NODEFILE_RAW_H
#define PDP_NODEFILE_RAW_H

#include <cyaml/cyaml.h>

#include "ctl/model.h"
#include "ctl/yamltree.h"

#define PDP_NODEFILE_MAX (16u << 20)
#define PDP_NODEFILE_VERSION 1

enum pdp_data_plane { PDP_DATA_ROUTER, PDP_DATA_XDP };
enum pdp_switch { PDP_SWITCH_OFF, PDP_SWITCH_ON };

struct pdp_raw_port {
	char *name, *ifname, *vlan;
};

struct pdp_raw_fe {
	char *name, *cpus, *capacity;
	bool drain;
};

struct pdp_raw_vif {
	char *name, *port;
	enum pdp_encap encap;
	uint32_t vni;
	char *local, *remote;
	uint32_t mtu;
	char *mac;
	char **address;
	unsigned int address_count;
	struct {
		uint32_t delay_ms;
		char *loss;
		bool down;
	} impair;
};

struct pdp_raw_route {
	char *to, *via, *vif;
	bool blackhole;
};

struct pdp_raw_neighbour {
	char *address, *mac, *vif;
};

struct pdp_raw_rate {
	uint64_t pps;
	uint32_t burst;
};

struct pdp_raw_control {
	enum pdp_control_kind kind;
	char *config, *command, *memory, *power;
	uint32_t max_routes;
	struct pdp_raw_rate rate;
};

struct pdp_raw_vnet {
	char *name, *power;
	enum pdp_policy policy;
	enum pdp_key_kind flow_key;
	char **flow_bytes;
	unsigned int flow_bytes_count;
	char *flowlet_gap_us;
	enum pdp_switch rebalance;
	struct {
		enum pdp_data_plane kind;
		char *object, *program, *agent;
	} data_plane;
	enum pdp_fast_half fast_half;
	struct pdp_raw_control control_plane;
	struct pdp_raw_rate rate;
	char *memory;
	struct pdp_raw_vif *vifs;
	unsigned int vifs_count;
	struct pdp_raw_route *routes;
	unsigned int routes_count;
	struct pdp_raw_neighbour *neighbours;
	unsigned int neighbours_count;
};

struct pdp_raw_node {
	uint32_t version;
	char *node;
	struct pdp_raw_port *ports;
	unsigned int ports_count;
	struct pdp_raw_fe *fes;
	unsigned int fes_count;
	struct pdp_raw_vnet *vnets;
	unsigned int vnets_count;
};

extern const cyaml_schema_value_t pdp_nodefile_schema;

/*
 * The steps of reading, in this order. Each judges what it can and leaves FILE:LINE in err. 0,
 * -EINVAL or -ENOMEM.
 */
int pdp_nodefile_shape(const struct pdp_yaml *yaml, struct pdp_error *err);
int pdp_nodefile_read(struct pdp_model *out, const struct pdp_raw_node *raw,
		      const struct pdp_yaml *yaml, struct pdp_error *err);
int pdp_nodefile_check(const struct pdp_model *model, const struct pdp_yaml *yaml,
		       struct pdp_error *err);

#endif
