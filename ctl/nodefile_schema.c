/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_schema.c - what a node file may hold. The keys are those of pdp.yaml(5), in its order.
 */
#include "ctl/nodefile_raw.h"

#define REQUIRED CYAML_FLAG_DEFAULT
#define OPTIONAL CYAML_FLAG_OPTIONAL

#define TEXT(key, flags, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), type, member, 0, CYAML_UNLIMITED)
#define LIST(key, type, member, entry, most) \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | OPTIONAL, type, member, entry, 0, most)
#define WORD(key, flags, type, member, words)                                   \
	CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT | (flags), type, member, words, \
			 CYAML_ARRAY_LEN(words))

static const cyaml_strval_t encaps[] = {
	{"udp", PDP_ENCAP_UDP},
	{"vxlan", PDP_ENCAP_VXLAN},
};

static const cyaml_strval_t policies[] = {
	{"round-robin", PDP_POLICY_ROUND_ROBIN},
	{"weighted", PDP_POLICY_WEIGHTED},
	{"flow-hash", PDP_POLICY_FLOW_HASH},
	{"flowlet", PDP_POLICY_FLOWLET},
	{"spray", PDP_POLICY_SPRAY},
};

static const cyaml_strval_t flow_keys[] = {
	{"5tuple", PDP_KEY_5TUPLE},
	{"l3", PDP_KEY_L3},
	{"bytes", PDP_KEY_BYTES},
};

static const cyaml_strval_t data_planes[] = {
	{"router", PDP_DATA_ROUTER},
	{"xdp", PDP_DATA_XDP},
};

static const cyaml_strval_t fast_halves[] = {
	{"on", PDP_FAST_HALF_ON},
	{"off", PDP_FAST_HALF_OFF},
	{"auto", PDP_FAST_HALF_AUTO},
};

static const cyaml_strval_t switches[] = {
	{"on", PDP_SWITCH_ON},
	{"off", PDP_SWITCH_OFF},
};

static const cyaml_strval_t control_planes[] = {
	{"none", PDP_CONTROL_NONE}, {"static", PDP_CONTROL_STATIC},   {"frr", PDP_CONTROL_FRR},
	{"bird", PDP_CONTROL_BIRD}, {"command", PDP_CONTROL_COMMAND},
};

static const cyaml_schema_field_t port_fields[] = {
	TEXT("name", REQUIRED, struct pdp_raw_port, name),
	TEXT("ifname", REQUIRED, struct pdp_raw_port, ifname),
	TEXT("vlan", OPTIONAL, struct pdp_raw_port, vlan),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t fe_fields[] = {
	TEXT("name", REQUIRED, struct pdp_raw_fe, name),
	TEXT("cpus", REQUIRED, struct pdp_raw_fe, cpus),
	TEXT("capacity", REQUIRED, struct pdp_raw_fe, capacity),
	CYAML_FIELD_BOOL("drain", OPTIONAL, struct pdp_raw_fe, drain),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t word = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};

#define RAW_VIF(member) __typeof__(((struct pdp_raw_vif *)0)->member)

static const cyaml_schema_field_t impair_fields[] = {
	CYAML_FIELD_UINT("delay-ms", OPTIONAL, RAW_VIF(impair), delay_ms),
	TEXT("loss", OPTIONAL, RAW_VIF(impair), loss),
	CYAML_FIELD_BOOL("down", OPTIONAL, RAW_VIF(impair), down),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t vif_fields[] = {
	TEXT("name", REQUIRED, struct pdp_raw_vif, name),
	TEXT("port", REQUIRED, struct pdp_raw_vif, port),
	WORD("encap", REQUIRED, struct pdp_raw_vif, encap, encaps),
	CYAML_FIELD_UINT("vni", OPTIONAL, struct pdp_raw_vif, vni),
	TEXT("local", REQUIRED, struct pdp_raw_vif, local),
	TEXT("remote", REQUIRED, struct pdp_raw_vif, remote),
	CYAML_FIELD_UINT("mtu", OPTIONAL, struct pdp_raw_vif, mtu),
	TEXT("mac", OPTIONAL, struct pdp_raw_vif, mac),
	LIST("address", struct pdp_raw_vif, address, &word, 64),
	CYAML_FIELD_MAPPING("impair", OPTIONAL, struct pdp_raw_vif, impair, impair_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t route_fields[] = {
	TEXT("to", REQUIRED, struct pdp_raw_route, to),
	TEXT("via", OPTIONAL, struct pdp_raw_route, via),
	TEXT("vif", OPTIONAL, struct pdp_raw_route, vif),
	CYAML_FIELD_BOOL("blackhole", OPTIONAL, struct pdp_raw_route, blackhole),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t neighbour_fields[] = {
	TEXT("address", REQUIRED, struct pdp_raw_neighbour, address),
	TEXT("mac", REQUIRED, struct pdp_raw_neighbour, mac),
	TEXT("vif", REQUIRED, struct pdp_raw_neighbour, vif),
	CYAML_FIELD_END,
};

#define RAW_VNET(member) __typeof__(((struct pdp_raw_vnet *)0)->member)

static const cyaml_schema_field_t data_plane_fields[] = {
	WORD("kind", REQUIRED, RAW_VNET(data_plane), kind, data_planes),
	TEXT("object", OPTIONAL, RAW_VNET(data_plane), object),
	TEXT("program", OPTIONAL, RAW_VNET(data_plane), program),
	TEXT("agent", OPTIONAL, RAW_VNET(data_plane), agent),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t rate_fields[] = {
	CYAML_FIELD_UINT("pps", REQUIRED, struct pdp_raw_rate, pps),
	CYAML_FIELD_UINT("burst", OPTIONAL, struct pdp_raw_rate, burst),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t control_plane_fields[] = {
	WORD("kind", REQUIRED, struct pdp_raw_control, kind, control_planes),
	TEXT("config", OPTIONAL, struct pdp_raw_control, config),
	TEXT("command", OPTIONAL, struct pdp_raw_control, command),
	TEXT("memory", OPTIONAL, struct pdp_raw_control, memory),
	TEXT("power", OPTIONAL, struct pdp_raw_control, power),
	CYAML_FIELD_UINT("max-routes", OPTIONAL, struct pdp_raw_control, max_routes),
	CYAML_FIELD_MAPPING("rate", OPTIONAL, struct pdp_raw_control, rate, rate_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t vif = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pdp_raw_vif, vif_fields),
};
static const cyaml_schema_value_t route = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pdp_raw_route, route_fields),
};
static const cyaml_schema_value_t neighbour = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pdp_raw_neighbour, neighbour_fields),
};

static const cyaml_schema_field_t vnet_fields[] = {
	TEXT("name", REQUIRED, struct pdp_raw_vnet, name),
	TEXT("power", REQUIRED, struct pdp_raw_vnet, power),
	WORD("policy", OPTIONAL, struct pdp_raw_vnet, policy, policies),
	WORD("flow-key", OPTIONAL, struct pdp_raw_vnet, flow_key, flow_keys),
	LIST("flow-bytes", struct pdp_raw_vnet, flow_bytes, &word, PDP_KEY_BYTES_MAX),
	TEXT("flowlet-gap-us", OPTIONAL, struct pdp_raw_vnet, flowlet_gap_us),
	WORD("rebalance", OPTIONAL, struct pdp_raw_vnet, rebalance, switches),
	CYAML_FIELD_MAPPING("data-plane", OPTIONAL, struct pdp_raw_vnet, data_plane,
			    data_plane_fields),
	WORD("fast-half", OPTIONAL, struct pdp_raw_vnet, fast_half, fast_halves),
	CYAML_FIELD_MAPPING("control-plane", OPTIONAL, struct pdp_raw_vnet, control_plane,
			    control_plane_fields),
	CYAML_FIELD_MAPPING("rate", OPTIONAL, struct pdp_raw_vnet, rate, rate_fields),
	TEXT("memory", OPTIONAL, struct pdp_raw_vnet, memory),
	LIST("vifs", struct pdp_raw_vnet, vifs, &vif, PDP_MAX_VIFS - 1),
	LIST("routes", struct pdp_raw_vnet, routes, &route, CYAML_UNLIMITED),
	LIST("neighbours", struct pdp_raw_vnet, neighbours, &neighbour, CYAML_UNLIMITED),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t port = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pdp_raw_port, port_fields),
};
static const cyaml_schema_value_t fe = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pdp_raw_fe, fe_fields),
};
static const cyaml_schema_value_t vnet = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pdp_raw_vnet, vnet_fields),
};

static const cyaml_schema_field_t node_fields[] = {
	CYAML_FIELD_UINT("version", REQUIRED, struct pdp_raw_node, version),
	TEXT("node", REQUIRED, struct pdp_raw_node, node),
	LIST("ports", struct pdp_raw_node, ports, &port, PDP_MAX_PORTS - 1),
	LIST("fes", struct pdp_raw_node, fes, &fe, PDP_MAX_FES),
	LIST("vnets", struct pdp_raw_node, vnets, &vnet, PDP_MAX_VNETS - 1),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t pdp_nodefile_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct pdp_raw_node, node_fields),
};
