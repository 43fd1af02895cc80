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
#include "ctl/nodefile_raw.h"
#include "ctl/power.h"
#include "ctl/prefix.h"

#define VLAN_MAX 4094
#define VNI_MAX ((1u << 24) - 1)
#define IPV6_MTU_MIN 1280 /* RFC 8200, section 5 */
#define MEMORY_MIN_MIB 16
#define MEMORY_MAX_MIB (1u << 20)
/* What the classifier's policer can hold in 32 bits of 1/16 ns. */
#define NS_PER_S 1000000000ULL
#define POLICE_TIME_MAX ((uint64_t)UINT32_MAX)
#define RATE_MIN_PPS 4
#define RATE_MAX_PPS NS_PER_S

/* Where in the file the reader is, and where it complains. */
struct reader {
	const struct pdp_yaml *yaml;
	struct pdp_error *err;
	char path[PDP_YAML_PATH_MAX]; /* of the element that is being read */
};

/* The path of a value of the element, in a buffer of its own. */
static const char *path_of(const struct reader *r, const char *key, char buf[PDP_YAML_PATH_MAX])
{
	snprintf(buf, PDP_YAML_PATH_MAX, "%.*s%s%s", PDP_YAML_PATH_MAX - 40, r->path,
		 *r->path ? "." : "", key);
	return buf;
}

/* A sentence about a value of the element; the value's own line is told. */
#define fail(r, key, ...)                                                                 \
	pdp_yaml_fail((r)->yaml, (r)->err, path_of(r, key, (char[PDP_YAML_PATH_MAX]){0}), \
		      __VA_ARGS__)

static bool is_given(const struct reader *r, const char *key)
{
	char path[PDP_YAML_PATH_MAX];

	return pdp_yaml_scalar(r->yaml, path_of(r, key, path));
}

/* Enter element i of a list that hangs on the path's first `len` characters. Its line. */
static uint32_t enter(struct reader *r, size_t len, const char *list, size_t i)
{
	snprintf(r->path + len, sizeof(r->path) - len, "%s%s[%zu]", len ? "." : "", list, i);
	return pdp_yaml_line(r->yaml, r->path);
}

static void *make(size_t n, size_t size)
{
	return calloc(n ? n : 1, size);
}

static int no_memory(struct reader *r)
{
	return pdp_yaml_no_memory(r->yaml, r->err);
}

/* --- single values -------------------------------------------------------------------------- */

/* [a-z0-9][a-z0-9-]*, and [A-Z] too where allowed. */
static int read_label(struct reader *r, const char *key, char out[PDP_LABEL_MAX], const char *text,
		      bool upper)
{
	size_t len = strlen(text);

	if (len >= PDP_LABEL_MAX)
		return fail(r, key, "%s '%.20s...' is too long: %zu characters, at most %d", key,
			    text, len, PDP_LABEL_MAX - 1);
	for (const char *c = text; *c; c++)
		if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') &&
		    !(upper && *c >= 'A' && *c <= 'Z') && !(*c == '-' && c > text))
			return fail(
				r, key,
				"%s '%s' must be made of %sa-z, 0-9 and -, and not begin with -",
				key, text, upper ? "A-Z, " : "");
	memcpy(out, text, len + 1);
	return 0;
}

/* What the kernel takes for a device's name (dev_valid_name). */
static int read_ifname(struct reader *r, char out[PDP_DEV_NAME_LEN], const char *text)
{
	size_t len = strlen(text);

	if (len >= PDP_DEV_NAME_LEN)
		return fail(r, "ifname", "ifname '%.40s' is too long: %zu characters, at most %d",
			    text, len, PDP_DEV_NAME_LEN - 1);
	for (const char *c = text; *c; c++)
		if (*c == '/' || *c == ':' || isspace((unsigned char)*c) ||
		    !isprint((unsigned char)*c))
			return fail(r, "ifname", "ifname '%s' is not a device's name", text);
	if (!strcmp(text, ".") || !strcmp(text, ".."))
		return fail(r, "ifname", "ifname '%s' is not a device's name", text);
	memcpy(out, text, len + 1);
	return 0;
}

static int read_power(struct reader *r, const char *key, uint32_t *out, const char *text)
{
	switch (pdp_power_parse(out, text)) {
	case 0:
		return 0;
	case -ERANGE:
		return fail(r, key, "%s %.40s is out of range: more than 0, at most %um", key, text,
			    UINT32_MAX);
	default:
		return fail(r, key,
			    "%s '%.40s' is no power; write millicores, 1500m, or cores, 1.5", key,
			    text);
	}
}

static int read_mac(struct reader *r, uint8_t mac[6], const char *text)
{
	if (pdp_mac_parse(mac, text))
		return fail(r, "mac", "mac '%.40s' is no MAC address, as in 02:00:00:00:00:01",
			    text);
	if (!pdp_mac_is_unicast(mac))
		return fail(r, "mac", "mac %s is no unicast address", text);
	return 0;
}

/* "100", or "100.200" for two tags, the outer first. */
static int read_vlan(struct reader *r, uint16_t vlan[2], const char *text)
{
	char *end = (char *)text;

	for (int i = 0; i < 2; i++) {
		unsigned long vid;

		if (!isdigit((unsigned char)*end))
			return fail(r, "vlan",
				    "vlan '%.40s' is no VLAN; write 100, or 100.200 for two tags",
				    text);
		vid = strtoul(end, &end, 10);
		if (vid < 1 || vid > VLAN_MAX)
			return fail(r, "vlan", "vlan %.40s is out of range: 1 to %d", text,
				    VLAN_MAX);
		vlan[i] = (uint16_t)vid;
		if (!*end)
			return 0;
		if (*end != '.')
			break;
		end++;
	}
	return fail(r, "vlan", "vlan '%.40s' is no VLAN; write 100, or 100.200 for two tags", text);
}

/* "64M" or "1G", in powers of 1024. */
static int read_memory(struct reader *r, uint32_t *out, const char *text)
{
	bool digit = isdigit((unsigned char)*text);
	unsigned long long mib;
	char *end;

	errno = 0;
	mib = strtoull(text, &end, 10);
	if (!digit || (*end != 'M' && *end != 'G') || end[1])
		return fail(r, "memory", "memory '%.40s' is no size; write 64M or 1G", text);
	if (*end == 'G' && mib <= MEMORY_MAX_MIB)
		mib *= 1024;
	if (errno || mib < MEMORY_MIN_MIB || mib > MEMORY_MAX_MIB)
		return fail(r, "memory", "memory %.40s is out of range: %dM to %uG", text,
			    MEMORY_MIN_MIB, MEMORY_MAX_MIB / 1024);
	*out = (uint32_t)mib;
	return 0;
}

/* --- ports and FEs --------------------------------------------------------------------------- */

static int read_port(struct reader *r, struct pdp_port_conf *port, const struct pdp_raw_port *raw)
{
	if (read_label(r, "name", port->name, raw->name, true) ||
	    read_ifname(r, port->ifname, raw->ifname))
		return -EINVAL;
	return raw->vlan ? read_vlan(r, port->vlan, raw->vlan) : 0;
}

static int read_fe(struct reader *r, struct pdp_fe_conf *fe, const struct pdp_raw_fe *raw)
{
	int cpus;

	if (read_label(r, "name", fe->name, raw->name, false) ||
	    read_power(r, "capacity", &fe->capacity, raw->capacity))
		return -EINVAL;
	cpus = pdp_cpus_count(raw->cpus);
	if (cpus == -ERANGE)
		return fail(r, "cpus", "cpus '%.40s' names a CPU over %d", raw->cpus, PDP_CPU_MAX);
	if (cpus < 0 || strlen(raw->cpus) >= sizeof(fe->cpus))
		return fail(r, "cpus", "cpus '%.40s' is no list of CPUs, as in 2 or 2-3,6",
			    raw->cpus);
	if (fe->capacity > (uint64_t)cpus * 1000)
		return fail(r, "capacity",
			    "capacity %um is more than its %d CPU%s can give (%d000m)",
			    fe->capacity, cpus, cpus == 1 ? "" : "s", cpus);
	snprintf(fe->cpus, sizeof(fe->cpus), "%s", raw->cpus);
	fe->drain = raw->drain;
	return 0;
}

/* --- vifs ------------------------------------------------------------------------------------ */

/* One end of the tunnel; udp must say its port, vxlan has RFC 7348's. */
static int read_end(struct reader *r, const char *key, const struct pdp_vif_conf *vif,
		    struct pdp_prefix *addr, uint16_t *port, const char *text)
{
	bool udp = vif->encap == PDP_ENCAP_UDP;

	if (pdp_endpoint_parse(addr, port, text))
		return fail(r, key, "%s '%.60s' is no end of a tunnel, as in %s", key, text,
			    udp ? "192.0.2.1:5001 or [2001:db8::1]:5001"
				: "192.0.2.1 or 2001:db8::1");
	if (!pdp_addr_is_unicast(addr))
		return fail(r, key, "%s %s is no address of a host", key, text);
	if (*port == 0 && udp)
		return fail(r, key, "%s %s has no UDP port; write %s", key, text,
			    addr->family == 4 ? "ADDRESS:PORT" : "[ADDRESS]:PORT");
	if (*port == 0)
		*port = PDP_VXLAN_PORT;
	return 0;
}

static int read_tunnel(struct reader *r, struct pdp_vif_conf *vif, const struct pdp_raw_vif *raw)
{
	vif->encap = raw->encap;
	vif->vni = raw->vni;
	if (raw->encap == PDP_ENCAP_UDP && is_given(r, "vni"))
		return fail(r, "vni",
			    "a udp tunnel has no VNI; leave vni out, or use encap: vxlan");
	if (raw->encap == PDP_ENCAP_VXLAN && (raw->vni == 0 || raw->vni > VNI_MAX))
		return fail(r, "vni", "a vxlan tunnel needs a vni from 1 to %u", VNI_MAX);
	if (read_end(r, "local", vif, &vif->local, &vif->local_port, raw->local) ||
	    read_end(r, "remote", vif, &vif->remote, &vif->remote_port, raw->remote))
		return -EINVAL;
	if (vif->local.family != vif->remote.family)
		return fail(r, "remote", "local %s is IPv%u and remote %s is IPv%u", raw->local,
			    vif->local.family, raw->remote, vif->remote.family);
	if (!pdp_prefix_compare(&vif->local, &vif->remote))
		return fail(r, "remote", "local and remote are both %s; a tunnel has two ends",
			    pdp_addr_print((char[PDP_ADDR_STRLEN]){0}, &vif->remote));
	return 0;
}

/* An address that a host may have in its subnet. */
static int read_address(struct reader *r, size_t i, struct pdp_prefix *out, const char *text)
{
	struct pdp_prefix network;
	char key[32];

	snprintf(key, sizeof(key), "address[%zu]", i);
	if (pdp_prefix_parse(out, text) || !strchr(text, '/'))
		return fail(r, key,
			    "address '%.60s' is no address with a length, as in 10.0.0.1/24", text);
	network = *out;
	if (!pdp_addr_is_unicast(out) || out->len == 0)
		return fail(r, key, "address %s is no address of a host", text);
	if (network.len + 1 < pdp_prefix_full(network.family) && pdp_prefix_is_network(&network))
		return fail(r, key, "address %s is that of the network itself", text);
	return 0;
}

static int read_addresses(struct reader *r, struct pdp_vif_conf *vif, const struct pdp_raw_vif *raw)
{
	vif->address = make(raw->address_count, sizeof(*vif->address));
	if (!vif->address)
		return no_memory(r);
	for (size_t i = 0; i < raw->address_count; i++, vif->n_address++)
		if (read_address(r, i, &vif->address[i], raw->address[i]))
			return -EINVAL;
	return 0;
}

static int read_mtu(struct reader *r, struct pdp_vif_conf *vif, const struct pdp_raw_vif *raw)
{
	uint32_t most = pdp_vif_mtu(vif, UINT16_MAX), least = PDP_MTU_MIN;

	if (!is_given(r, "mtu"))
		return 0;
	for (size_t i = 0; i < vif->n_address; i++)
		if (vif->address[i].family == 6)
			least = IPV6_MTU_MIN;
	if (raw->mtu < least || raw->mtu > most)
		return fail(r, "mtu", "mtu %u is out of range: %u%s to %u", raw->mtu, least,
			    least == IPV6_MTU_MIN ? " (the vif has an IPv6 address)" : "", most);
	vif->mtu = (uint16_t)raw->mtu;
	return 0;
}

static int read_vif(struct reader *r, struct pdp_vif_conf *vif, const struct pdp_raw_vif *raw)
{
	int ret;

	if (read_label(r, "name", vif->name, raw->name, false) ||
	    read_label(r, "port", vif->port, raw->port, true) || read_tunnel(r, vif, raw))
		return -EINVAL;
	if (raw->mac && raw->encap != PDP_ENCAP_VXLAN)
		return fail(r, "mac", "a udp tunnel carries no frames; leave mac out");
	if (raw->mac && read_mac(r, vif->mac, raw->mac))
		return -EINVAL;
	ret = read_addresses(r, vif, raw);
	return ret ? ret : read_mtu(r, vif, raw);
}

/* --- routes and neighbours ------------------------------------------------------------------- */

/* "default" is of via's family; without a via it cannot be told. */
static int read_destination(struct reader *r, struct pdp_route_conf *route, const char *text)
{
	struct pdp_prefix *to = &route->prefix;

	if (!strcmp(text, "default")) {
		if (!route->via.family)
			return fail(r, "to",
				    "to 'default' without via may be IPv4 or IPv6; write "
				    "0.0.0.0/0 or ::/0");
		to->family = route->via.family;
		return 0;
	}
	if (pdp_prefix_parse(to, text))
		return fail(r, "to", "to '%.60s' is no prefix, as in 10.0.0.0/8 or default", text);
	if (!pdp_prefix_is_network(to))
		return fail(r, "to", "to %s has bits set beyond its length", text);
	/* What begins with 0 may be short and hold half of all addresses. */
	if (to->len && !pdp_addr_is_unicast(to) && to->addr[0] != 0)
		return fail(r, "to", "to %s is never forwarded", text);
	return 0;
}

static int read_route(struct reader *r, struct pdp_route_conf *route,
		      const struct pdp_raw_route *raw)
{
	if (raw->via &&
	    (pdp_addr_parse(&route->via, raw->via) || !pdp_addr_is_unicast(&route->via)))
		return fail(r, "via", "via '%.60s' is no address of a host", raw->via);
	if (read_destination(r, route, raw->to))
		return -EINVAL;
	if (raw->blackhole && (raw->via || raw->vif))
		return fail(r, "blackhole", "a blackhole leads nowhere; leave via and vif out");
	if (raw->blackhole)
		return 0;
	if (!raw->vif)
		return fail(r, "to", "the route to %s needs a vif, or blackhole: true", raw->to);
	if (route->via.family && route->via.family != route->prefix.family)
		return fail(r, "via", "to %s is IPv%u and via %s is IPv%u", raw->to,
			    route->prefix.family, raw->via, route->via.family);
	return read_label(r, "vif", route->vif, raw->vif, false);
}

static int read_neighbour(struct reader *r, struct pdp_neighbour_conf *neighbour,
			  const struct pdp_raw_neighbour *raw)
{
	if (pdp_addr_parse(&neighbour->address, raw->address) ||
	    !pdp_addr_is_unicast(&neighbour->address))
		return fail(r, "address", "address '%.60s' is no address of a host", raw->address);
	if (read_mac(r, neighbour->mac, raw->mac))
		return -EINVAL;
	return read_label(r, "vif", neighbour->vif, raw->vif, false);
}

/* --- vnets ----------------------------------------------------------------------------------- */

static int read_rate(struct reader *r, struct pdp_vnet_conf *vnet, const struct pdp_raw_vnet *raw)
{
	uint64_t pps = raw->rate.pps, most;

	if (!is_given(r, "rate.pps"))
		return 0;
	if (pps < RATE_MIN_PPS || pps > RATE_MAX_PPS)
		return fail(r, "rate.pps", "rate pps %" PRIu64 " is out of range: %d to %llu", pps,
			    RATE_MIN_PPS, RATE_MAX_PPS);
	most = pps * POLICE_TIME_MAX / (NS_PER_S << PDP_POLICE_SHIFT);
	if (raw->rate.burst > most)
		return fail(r, "rate.burst",
			    "rate burst %u is out of range: at most %" PRIu64
			    ", which is 268 ms of %" PRIu64 " pps",
			    raw->rate.burst, most, pps);
	vnet->rate_pps = pps;
	vnet->burst_packets = raw->rate.burst;
	if (!raw->rate.burst)
		vnet->burst_packets = pps < 10 ? 1 : (uint32_t)(pps / 10);
	return 0;
}

static int read_vifs(struct reader *r, struct pdp_vnet_conf *vnet, const struct pdp_raw_vnet *raw)
{
	size_t len = strlen(r->path);

	vnet->vifs = make(raw->vifs_count, sizeof(*vnet->vifs));
	if (!vnet->vifs)
		return no_memory(r);
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

static int read_routes(struct reader *r, struct pdp_vnet_conf *vnet, const struct pdp_raw_vnet *raw)
{
	size_t len = strlen(r->path);

	vnet->routes = make(raw->routes_count, sizeof(*vnet->routes));
	if (!vnet->routes)
		return no_memory(r);
	for (size_t i = 0; i < raw->routes_count; i++) {
		vnet->n_routes++;
		vnet->routes[i].line = enter(r, len, "routes", i);
		if (read_route(r, &vnet->routes[i], &raw->routes[i]))
			return -EINVAL;
	}
	r->path[len] = '\0';
	if (raw->routes_count && raw->control_plane.kind == PDP_CONTROL_NONE)
		return fail(r, "routes",
			    "routes are of no use with control-plane {kind: none}; "
			    "make it static");
	return 0;
}

static int read_neighbours(struct reader *r, struct pdp_vnet_conf *vnet,
			   const struct pdp_raw_vnet *raw)
{
	size_t len = strlen(r->path);

	vnet->neighbours = make(raw->neighbours_count, sizeof(*vnet->neighbours));
	if (!vnet->neighbours)
		return no_memory(r);
	for (size_t i = 0; i < raw->neighbours_count; i++) {
		vnet->n_neighbours++;
		vnet->neighbours[i].line = enter(r, len, "neighbours", i);
		if (read_neighbour(r, &vnet->neighbours[i], &raw->neighbours[i]))
			return -EINVAL;
	}
	r->path[len] = '\0';
	return 0;
}

static int read_vnet(struct reader *r, struct pdp_vnet_conf *vnet, const struct pdp_raw_vnet *raw)
{
	int ret;

	if (read_label(r, "name", vnet->name, raw->name, false) ||
	    read_power(r, "power", &vnet->power, raw->power) || read_rate(r, vnet, raw))
		return -EINVAL;
	if (raw->memory && read_memory(r, &vnet->memory_mib, raw->memory))
		return -EINVAL;
	vnet->policy = raw->policy ? raw->policy : PDP_POLICY_FLOW_HASH;
	snprintf(vnet->data_plane, sizeof(vnet->data_plane), "router");
	ret = read_vifs(r, vnet, raw);
	if (!ret)
		ret = read_routes(r, vnet, raw);
	return ret ? ret : read_neighbours(r, vnet, raw);
}

/* --- the node -------------------------------------------------------------------------------- */

static int read_ports(struct reader *r, struct pdp_model *model, const struct pdp_raw_node *raw)
{
	model->ports = make(raw->ports_count, sizeof(*model->ports));
	if (!model->ports)
		return no_memory(r);
	for (size_t i = 0; i < raw->ports_count; i++) {
		model->n_ports++;
		model->ports[i].line = enter(r, 0, "ports", i);
		if (read_port(r, &model->ports[i], &raw->ports[i]))
			return -EINVAL;
	}
	return 0;
}

static int read_fes(struct reader *r, struct pdp_model *model, const struct pdp_raw_node *raw)
{
	model->fes = make(raw->fes_count, sizeof(*model->fes));
	if (!model->fes)
		return no_memory(r);
	for (size_t i = 0; i < raw->fes_count; i++) {
		model->n_fes++;
		model->fes[i].line = enter(r, 0, "fes", i);
		if (read_fe(r, &model->fes[i], &raw->fes[i]))
			return -EINVAL;
	}
	return 0;
}

static int read_vnets(struct reader *r, struct pdp_model *model, const struct pdp_raw_node *raw)
{
	model->vnets = make(raw->vnets_count, sizeof(*model->vnets));
	if (!model->vnets)
		return no_memory(r);
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
	struct reader r = {.yaml = yaml, .err = err};
	int ret;

	if (read_label(&r, "node", out->node, raw->node, false))
		return -EINVAL;
	ret = read_ports(&r, out, raw);
	if (!ret)
		ret = read_fes(&r, out, raw);
	return ret ? ret : read_vnets(&r, out, raw);
}
