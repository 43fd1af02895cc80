/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_read.c - the texts of a node file to the model's numbers and addresses.
 *
 * Second of the node file's checks: every value by itself. What spans several elements is
 * nodefile_check.c's.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/wire.h"
#include "ctl/flowkey.h"
#include "ctl/fraction.h"
#include "ctl/nodefile_raw.h"
#include "ctl/nodefile_value.h"
#include "ctl/power.h"
#include "ctl/prefix.h"

#define VNI_MAX ((1u << 24) - 1)
#define IPV6_MTU_MIN 1280 /* RFC 8200, section 5 */

/* Enter element i of a list that hangs on the path's first `len` characters. Its line. */
static uint32_t enter(struct pdp_reader *r, size_t len, const char *list, size_t i)
{
	snprintf(r->path + len, sizeof(r->path) - len, "%s%s[%zu]", len ? "." : "", list, i);
	return pdp_yaml_line(r->yaml, r->path);
}

static void *make(size_t n, size_t size)
{
	return calloc(n ? n : 1, size);
}

/* --- ports and FEs --------------------------------------------------------------------------- */

static int read_port(struct pdp_reader *r, struct pdp_port_conf *port,
		     const struct pdp_raw_port *raw)
{
	if (pdp_value_label(r, "name", port->name, raw->name, true) ||
	    pdp_value_ifname(r, port->ifname, raw->ifname))
		return -EINVAL;
	return raw->vlan ? pdp_value_vlan(r, port->vlan, raw->vlan) : 0;
}

static int read_fe(struct pdp_reader *r, struct pdp_fe_conf *fe, const struct pdp_raw_fe *raw)
{
	int cpus;

	if (pdp_value_label(r, "name", fe->name, raw->name, false) ||
	    pdp_value_power(r, "capacity", &fe->capacity, raw->capacity))
		return -EINVAL;
	cpus = pdp_cpus_count(raw->cpus);
	if (cpus == -ERANGE)
		return pdp_value_fail(r, "cpus", "cpus '%.40s' names a CPU over %d", raw->cpus,
				      PDP_CPU_MAX);
	if (cpus < 0 || strlen(raw->cpus) >= sizeof(fe->cpus))
		return pdp_value_fail(
			r, "cpus", "cpus '%.40s' is no list of CPUs, as in 2 or 2-3,6", raw->cpus);
	if (fe->capacity > (uint64_t)cpus * 1000)
		return pdp_value_fail(r, "capacity",
				      "capacity %um is more than its %d CPU%s can give (%d000m)",
				      fe->capacity, cpus, cpus == 1 ? "" : "s", cpus);
	snprintf(fe->cpus, sizeof(fe->cpus), "%s", raw->cpus);
	fe->drain = raw->drain;
	return 0;
}

/* --- vifs ------------------------------------------------------------------------------------ */

/* One end of the tunnel; udp must say its port, vxlan has RFC 7348's. */
static int read_end(struct pdp_reader *r, const char *key, const struct pdp_vif_conf *vif,
		    struct pdp_prefix *addr, uint16_t *port, const char *text)
{
	bool udp = vif->encap == PDP_ENCAP_UDP;

	if (pdp_endpoint_parse(addr, port, text))
		return pdp_value_fail(
			r, key, "%s '%.60s' is no end of a tunnel, as in %s", key, text,
			udp ? "192.0.2.1:5001 or [2001:db8::1]:5001" : "192.0.2.1 or 2001:db8::1");
	if (!pdp_addr_is_unicast(addr))
		return pdp_value_fail(r, key, "%s %s is no address of a host", key, text);
	if (*port == 0 && udp)
		return pdp_value_fail(r, key, "%s %s has no UDP port; write %s", key, text,
				      addr->family == 4 ? "ADDRESS:PORT" : "[ADDRESS]:PORT");
	if (*port == 0)
		*port = PDP_VXLAN_PORT;
	return 0;
}

static int read_tunnel(struct pdp_reader *r, struct pdp_vif_conf *vif,
		       const struct pdp_raw_vif *raw)
{
	vif->encap = raw->encap;
	vif->vni = raw->vni;
	if (raw->encap == PDP_ENCAP_UDP && pdp_value_given(r, "vni"))
		return pdp_value_fail(
			r, "vni", "a udp tunnel has no VNI; leave vni out, or use encap: vxlan");
	if (raw->encap == PDP_ENCAP_VXLAN && (raw->vni == 0 || raw->vni > VNI_MAX))
		return pdp_value_fail(r, "vni", "a vxlan tunnel needs a vni from 1 to %u", VNI_MAX);
	if (read_end(r, "local", vif, &vif->local, &vif->local_port, raw->local) ||
	    read_end(r, "remote", vif, &vif->remote, &vif->remote_port, raw->remote))
		return -EINVAL;
	if (vif->local.family != vif->remote.family)
		return pdp_value_fail(r, "remote", "local %s is IPv%u and remote %s is IPv%u",
				      raw->local, vif->local.family, raw->remote,
				      vif->remote.family);
	if (!pdp_prefix_compare(&vif->local, &vif->remote))
		return pdp_value_fail(r, "remote",
				      "local and remote are both %s; a tunnel has two ends",
				      pdp_addr_print((char[PDP_ADDR_STRLEN]){0}, &vif->remote));
	return 0;
}

/* An address that a host may have in its subnet. */
static int read_address(struct pdp_reader *r, size_t i, struct pdp_prefix *out, const char *text)
{
	struct pdp_prefix network;
	char key[32];

	snprintf(key, sizeof(key), "address[%zu]", i);
	if (pdp_prefix_parse(out, text) || !strchr(text, '/'))
		return pdp_value_fail(
			r, key, "address '%.60s' is no address with a length, as in 10.0.0.1/24",
			text);
	network = *out;
	if (!pdp_addr_is_unicast(out) || out->len == 0)
		return pdp_value_fail(r, key, "address %s is no address of a host", text);
	if (network.len + 1 < pdp_prefix_full(network.family) && pdp_prefix_is_network(&network))
		return pdp_value_fail(r, key, "address %s is that of the network itself", text);
	return 0;
}

static int read_addresses(struct pdp_reader *r, struct pdp_vif_conf *vif,
			  const struct pdp_raw_vif *raw)
{
	vif->address = make(raw->address_count, sizeof(*vif->address));
	if (!vif->address)
		return pdp_yaml_no_memory(r->yaml, r->err);
	for (size_t i = 0; i < raw->address_count; i++, vif->n_address++)
		if (read_address(r, i, &vif->address[i], raw->address[i]))
			return -EINVAL;
	return 0;
}

static int read_mtu(struct pdp_reader *r, struct pdp_vif_conf *vif, const struct pdp_raw_vif *raw)
{
	uint32_t most = pdp_vif_mtu(vif, UINT16_MAX), least = PDP_MTU_MIN;

	if (!pdp_value_given(r, "mtu"))
		return 0;
	for (size_t i = 0; i < vif->n_address; i++)
		if (vif->address[i].family == 6)
			least = IPV6_MTU_MIN;
	if (raw->mtu < least || raw->mtu > most)
		return pdp_value_fail(r, "mtu", "mtu %u is out of range: %u%s to %u", raw->mtu,
				      least,
				      least == IPV6_MTU_MIN ? " (the vif has an IPv6 address)" : "",
				      most);
	vif->mtu = (uint16_t)raw->mtu;
	return 0;
}

static int read_impair(struct pdp_reader *r, struct pdp_vif_conf *vif,
		       const struct pdp_raw_vif *raw)
{
	struct pdp_impair_conf *impair = &vif->impair;

	impair->delay_ms = raw->impair.delay_ms;
	impair->down = raw->impair.down;
	if (impair->delay_ms > PDP_IMPAIR_DELAY_MAX)
		return pdp_value_fail(r, "impair.delay-ms",
				      "impair delay-ms %u is out of range: at most %d",
				      impair->delay_ms, PDP_IMPAIR_DELAY_MAX);
	switch (raw->impair.loss ? pdp_fraction_parse(&impair->loss, raw->impair.loss) : 0) {
	case 0:
		return 0;
	case -ERANGE:
		return pdp_value_fail(r, "impair.loss",
				      "impair loss %.40s is out of range: 0 to 1, which is all",
				      raw->impair.loss);
	default:
		return pdp_value_fail(
			r, "impair.loss",
			"impair loss '%.40s' is no part of all packets, as in 0.01; at "
			"most six decimals",
			raw->impair.loss);
	}
}

static int read_vif(struct pdp_reader *r, struct pdp_vif_conf *vif, const struct pdp_raw_vif *raw)
{
	int ret;

	if (pdp_value_label(r, "name", vif->name, raw->name, false) ||
	    pdp_value_label(r, "port", vif->port, raw->port, true) || read_tunnel(r, vif, raw))
		return -EINVAL;
	if (raw->mac && raw->encap != PDP_ENCAP_VXLAN)
		return pdp_value_fail(r, "mac", "a udp tunnel carries no frames; leave mac out");
	if (raw->mac && pdp_value_mac(r, vif->mac, raw->mac))
		return -EINVAL;
	if (read_impair(r, vif, raw))
		return -EINVAL;
	ret = read_addresses(r, vif, raw);
	return ret ? ret : read_mtu(r, vif, raw);
}

/* --- routes and neighbours ------------------------------------------------------------------- */

/* "default" is of via's family; without a via it cannot be told. */
static int read_destination(struct pdp_reader *r, struct pdp_route_conf *route, const char *text)
{
	struct pdp_prefix *to = &route->prefix;

	if (!strcmp(text, "default")) {
		if (!route->via.family)
			return pdp_value_fail(r, "to",
					      "to 'default' without via may be IPv4 or IPv6; write "
					      "0.0.0.0/0 or ::/0");
		to->family = route->via.family;
		return 0;
	}
	if (pdp_prefix_parse(to, text))
		return pdp_value_fail(r, "to",
				      "to '%.60s' is no prefix, as in 10.0.0.0/8 or default", text);
	if (!pdp_prefix_is_network(to))
		return pdp_value_fail(r, "to", "to %s has bits set beyond its length", text);
	/* What begins with 0 may be short and hold half of all addresses. */
	if (to->len && !pdp_addr_is_unicast(to) && to->addr[0] != 0)
		return pdp_value_fail(r, "to", "to %s is never forwarded", text);
	return 0;
}

static int read_route(struct pdp_reader *r, struct pdp_route_conf *route,
		      const struct pdp_raw_route *raw)
{
	if (raw->via &&
	    (pdp_addr_parse(&route->via, raw->via) || !pdp_addr_is_unicast(&route->via)))
		return pdp_value_fail(r, "via", "via '%.60s' is no address of a host", raw->via);
	if (read_destination(r, route, raw->to))
		return -EINVAL;
	if (raw->blackhole && (raw->via || raw->vif))
		return pdp_value_fail(r, "blackhole",
				      "a blackhole leads nowhere; leave via and vif out");
	if (raw->blackhole)
		return 0;
	if (!raw->vif)
		return pdp_value_fail(r, "to", "the route to %s needs a vif, or blackhole: true",
				      raw->to);
	if (route->via.family && route->via.family != route->prefix.family)
		return pdp_value_fail(r, "via", "to %s is IPv%u and via %s is IPv%u", raw->to,
				      route->prefix.family, raw->via, route->via.family);
	return pdp_value_label(r, "vif", route->vif, raw->vif, false);
}

static int read_neighbour(struct pdp_reader *r, struct pdp_neighbour_conf *neighbour,
			  const struct pdp_raw_neighbour *raw)
{
	if (pdp_addr_parse(&neighbour->address, raw->address) ||
	    !pdp_addr_is_unicast(&neighbour->address))
		return pdp_value_fail(r, "address", "address '%.60s' is no address of a host",
				      raw->address);
	if (pdp_value_mac(r, neighbour->mac, raw->mac))
		return -EINVAL;
	return pdp_value_label(r, "vif", neighbour->vif, raw->vif, false);
}

/* --- vnets ----------------------------------------------------------------------------------- */

static int read_rate(struct pdp_reader *r, struct pdp_vnet_conf *vnet,
		     const struct pdp_raw_vnet *raw)
{
	if (!pdp_value_given(r, "rate.pps"))
		return 0;
	vnet->rate_pps = raw->rate.pps;
	vnet->burst_packets = raw->rate.burst ? raw->rate.burst : pdp_rate_burst(raw->rate.pps);
	return pdp_value_rate(r, "rate", raw->rate.pps, raw->rate.burst);
}

/* --- control planes ---------------------------------------------------------------------------- */

/* Which of config and command a kind needs, and which it cannot use. */
static int check_daemon(struct pdp_reader *r, const struct pdp_raw_control *raw)
{
	const char *kind = pdp_control_name(raw->kind);
	bool command = raw->kind == PDP_CONTROL_COMMAND;
	bool daemon = raw->kind == PDP_CONTROL_FRR || raw->kind == PDP_CONTROL_BIRD;

	if (daemon && !raw->config)
		return pdp_value_fail(r, "control-plane.kind",
				      "control-plane kind %s needs the directory of its "
				      "configuration; write config: DIR",
				      kind);
	if (command && !raw->command)
		return pdp_value_fail(r, "control-plane.kind",
				      "control-plane kind command needs what to run; write "
				      "command: /path/to/daemon -x");
	if (raw->command && !command)
		return pdp_value_fail(
			r, "control-plane.command",
			"control-plane kind %s runs no command; leave it out, or make "
			"the kind command",
			kind);
	if (raw->config && !daemon && !command)
		return pdp_value_fail(
			r, "control-plane.config",
			"control-plane kind %s has no daemon to read it; leave config "
			"out",
			kind);
	return 0;
}

static int read_limits(struct pdp_reader *r, struct pdp_control_conf *control,
		       const struct pdp_raw_control *raw)
{
	uint64_t pps =
		pdp_value_given(r, "control-plane.rate.pps") ? raw->rate.pps : PDP_CONTROL_PPS;

	control->memory_mib = PDP_CONTROL_MEMORY_MIB;
	control->power = PDP_CONTROL_POWER;
	control->max_routes = raw->max_routes;
	if (raw->memory &&
	    pdp_value_memory(r, "control-plane.memory", &control->memory_mib, raw->memory))
		return -EINVAL;
	if (raw->power && pdp_value_power(r, "control-plane.power", &control->power, raw->power))
		return -EINVAL;
	if (!pdp_value_given(r, "control-plane.max-routes"))
		control->max_routes = PDP_CONTROL_MAX_ROUTES;
	if (!control->max_routes)
		return pdp_value_fail(r, "control-plane.max-routes",
				      "control-plane max-routes 0 would leave no table; write 1 or "
				      "more");
	control->local_pps = pps;
	control->local_burst = raw->rate.burst ? raw->rate.burst : pdp_control_burst(pps);
	return pdp_value_rate(r, "control-plane.rate", pps, raw->rate.burst);
}

static int read_control(struct pdp_reader *r, struct pdp_vnet_conf *vnet,
			const struct pdp_raw_control *raw)
{
	struct pdp_control_conf *control = &vnet->control;

	/* To switch a control plane off and on again one key is to be enough: the others may stay. */
	if (raw->kind == PDP_CONTROL_NONE)
		return 0;
	control->kind = raw->kind;
	if (check_daemon(r, raw))
		return -EINVAL;
	if (raw->config && pdp_value_file(r, "control-plane.config", control->config, raw->config))
		return -EINVAL;
	if (raw->command &&
	    pdp_value_file(r, "control-plane.command", control->command, raw->command))
		return -EINVAL;
	return read_limits(r, control, raw);
}

/* --- what a vnet is made of -------------------------------------------------------------------- */

static int read_vifs(struct pdp_reader *r, struct pdp_vnet_conf *vnet,
		     const struct pdp_raw_vnet *raw)
{
	size_t len = strlen(r->path);

	vnet->vifs = make(raw->vifs_count, sizeof(*vnet->vifs));
	if (!vnet->vifs)
		return pdp_yaml_no_memory(r->yaml, r->err);
	for (size_t i = 0; i < raw->vifs_count; i++) {
		int ret;

		vnet->n_vifs++;
		vnet->vifs[i].line = enter(r, len, "vifs", i);
		ret = read_vif(r, &vnet->vifs[i], &raw->vifs[i]);
		if (ret)
			return ret;
	}
	r->path[len] = '\0';
	return 0;
}

static int read_routes(struct pdp_reader *r, struct pdp_vnet_conf *vnet,
		       const struct pdp_raw_vnet *raw)
{
	size_t len = strlen(r->path);

	vnet->routes = make(raw->routes_count, sizeof(*vnet->routes));
	if (!vnet->routes)
		return pdp_yaml_no_memory(r->yaml, r->err);
	for (size_t i = 0; i < raw->routes_count; i++) {
		vnet->n_routes++;
		vnet->routes[i].line = enter(r, len, "routes", i);
		if (read_route(r, &vnet->routes[i], &raw->routes[i]))
			return -EINVAL;
	}
	r->path[len] = '\0';
	return 0;
}

static int read_neighbours(struct pdp_reader *r, struct pdp_vnet_conf *vnet,
			   const struct pdp_raw_vnet *raw)
{
	size_t len = strlen(r->path);

	vnet->neighbours = make(raw->neighbours_count, sizeof(*vnet->neighbours));
	if (!vnet->neighbours)
		return pdp_yaml_no_memory(r->yaml, r->err);
	for (size_t i = 0; i < raw->neighbours_count; i++) {
		vnet->n_neighbours++;
		vnet->neighbours[i].line = enter(r, len, "neighbours", i);
		if (read_neighbour(r, &vnet->neighbours[i], &raw->neighbours[i]))
			return -EINVAL;
	}
	r->path[len] = '\0';
	return 0;
}

static int read_flow_bytes(struct pdp_reader *r, struct pdp_flow_conf *flow,
			   const struct pdp_raw_vnet *raw)
{
	char key[32];

	for (unsigned int i = 0; i < raw->flow_bytes_count; i++) {
		snprintf(key, sizeof(key), "flow-bytes.%u", i);
		switch (pdp_key_parse(&flow->bytes, raw->flow_bytes[i])) {
		case 0:
			continue;
		case -E2BIG:
			return pdp_value_fail(r, key, "flow-bytes are more than %d bytes in all",
					      PDP_KEY_BYTES_MAX);
		default:
			return pdp_value_fail(
				r, key,
				"flow-bytes '%s' is no LAYER:OFFSET:MASK, as in network:12:ffffffff; "
				"layers are inner, network and transport, an offset with its mask ends "
				"by 255, and a mask is bytes in hexadecimal, not all of them 0",
				raw->flow_bytes[i]);
		}
	}
	return 0;
}

static int read_flow(struct pdp_reader *r, struct pdp_flow_conf *flow,
		     const struct pdp_raw_vnet *raw)
{
	bool by_bytes = raw->flow_key == PDP_KEY_BYTES;

	flow->key = raw->flow_key;
	flow->gap_us = PDP_FLOWLET_GAP_US;
	if (raw->flowlet_gap_us && pdp_value_gap(r, &flow->gap_us, raw->flowlet_gap_us))
		return -EINVAL;
	if (by_bytes && !raw->flow_bytes_count)
		return pdp_value_fail(r, "flow-key",
				      "flow-key bytes needs flow-bytes that say which, as in "
				      "[network:12:ffffffff]");
	if (!by_bytes && raw->flow_bytes_count)
		return pdp_value_fail(r, "flow-bytes",
				      "flow-bytes are of flow-key bytes; this one is %s",
				      pdp_key_name(raw->flow_key));
	return read_flow_bytes(r, flow, raw);
}

static int read_data(struct pdp_reader *r, struct pdp_data_conf *data,
		     const struct pdp_raw_vnet *raw)
{
	const char *object = raw->data_plane.object, *program = raw->data_plane.program;
	const char *agent = raw->data_plane.agent;
	bool xdp = raw->data_plane.kind == PDP_DATA_XDP;

	snprintf(data->kind, sizeof(data->kind), "%s", xdp ? "xdp" : "router");
	data->fast_half = raw->fast_half;
	if (xdp && (!object || !program))
		return pdp_value_fail(r, "data-plane.kind",
				      "data-plane kind xdp needs your BPF object and which of its "
				      "programs; write object: FILE, program: NAME");
	if (!xdp && (object || program || agent))
		return pdp_value_fail(
			r,
			object	  ? "data-plane.object"
			: program ? "data-plane.program"
				  : "data-plane.agent",
			"data-plane kind router is PdP's own; leave object, program and agent "
			"out, or make the kind xdp");
	if (!xdp)
		return 0;
	if (pdp_value_file(r, "data-plane.object", data->object, object) ||
	    (agent && pdp_value_file(r, "data-plane.agent", data->agent, agent)))
		return -EINVAL;
	return pdp_value_symbol(r, "data-plane.program", data->program, program);
}

static int read_vnet(struct pdp_reader *r, struct pdp_vnet_conf *vnet,
		     const struct pdp_raw_vnet *raw)
{
	int ret;

	if (pdp_value_label(r, "name", vnet->name, raw->name, false) ||
	    pdp_value_power(r, "power", &vnet->power, raw->power) || read_rate(r, vnet, raw))
		return -EINVAL;
	if (raw->memory && pdp_value_memory(r, "memory", &vnet->memory_mib, raw->memory))
		return -EINVAL;
	if (read_control(r, vnet, &raw->control_plane) || read_flow(r, &vnet->flow, raw) ||
	    read_data(r, &vnet->data, raw))
		return -EINVAL;
	vnet->policy = raw->policy ? raw->policy : PDP_POLICY_FLOW_HASH;
	vnet->rebalance = raw->rebalance == PDP_SWITCH_ON;
	ret = read_vifs(r, vnet, raw);
	if (!ret)
		ret = read_routes(r, vnet, raw);
	return ret ? ret : read_neighbours(r, vnet, raw);
}

/* --- the node -------------------------------------------------------------------------------- */

static int read_ports(struct pdp_reader *r, struct pdp_model *model, const struct pdp_raw_node *raw)
{
	model->ports = make(raw->ports_count, sizeof(*model->ports));
	if (!model->ports)
		return pdp_yaml_no_memory(r->yaml, r->err);
	for (size_t i = 0; i < raw->ports_count; i++) {
		model->n_ports++;
		model->ports[i].line = enter(r, 0, "ports", i);
		if (read_port(r, &model->ports[i], &raw->ports[i]))
			return -EINVAL;
	}
	return 0;
}

static int read_fes(struct pdp_reader *r, struct pdp_model *model, const struct pdp_raw_node *raw)
{
	model->fes = make(raw->fes_count, sizeof(*model->fes));
	if (!model->fes)
		return pdp_yaml_no_memory(r->yaml, r->err);
	for (size_t i = 0; i < raw->fes_count; i++) {
		model->n_fes++;
		model->fes[i].line = enter(r, 0, "fes", i);
		if (read_fe(r, &model->fes[i], &raw->fes[i]))
			return -EINVAL;
	}
	return 0;
}

static int read_vnets(struct pdp_reader *r, struct pdp_model *model, const struct pdp_raw_node *raw)
{
	model->vnets = make(raw->vnets_count, sizeof(*model->vnets));
	if (!model->vnets)
		return pdp_yaml_no_memory(r->yaml, r->err);
	for (size_t i = 0; i < raw->vnets_count; i++) {
		int ret;

		model->n_vnets++;
		model->vnets[i].line = enter(r, 0, "vnets", i);
		ret = read_vnet(r, &model->vnets[i], &raw->vnets[i]);
		if (ret)
			return ret;
	}
	return 0;
}

int pdp_nodefile_read(struct pdp_model *out, const struct pdp_raw_node *raw,
		      const struct pdp_yaml *yaml, struct pdp_error *err)
{
	struct pdp_reader r = {.yaml = yaml, .err = err};
	int ret;

	if (pdp_value_label(&r, "node", out->node, raw->node, false))
		return -EINVAL;
	ret = read_ports(&r, out, raw);
	if (!ret)
		ret = read_fes(&r, out, raw);
	return ret ? ret : read_vnets(&r, out, raw);
}
