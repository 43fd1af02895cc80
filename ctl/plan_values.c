/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * plan_values.c - which values of a thing differ, and what that does to what is running.
 */
#include "ctl/plan_values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/flowkey.h"
#include "ctl/fraction.h"
#include "ctl/prefix.h"
#include "ctl/slots.h"

#define TEXT_MAX 64

int pdp_note_value(struct pdp_change *change, const char *key, const char *from, const char *to)
{
	struct pdp_value_change *grown, value = {.key = key};

	if (!strcmp(from, to))
		return 0;
	grown = reallocarray(change->values, change->n_values + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	change->values = grown;
	value.from = strdup(from);
	value.to = strdup(to);
	grown[change->n_values++] = value;
	return value.from && value.to ? 0 : -ENOMEM;
}

/* A number with its unit; 0 is not given. */
static int note_number(struct pdp_change *change, const char *key, uint64_t from, uint64_t to,
		       const char *unit)
{
	char old[TEXT_MAX] = "", new[TEXT_MAX] = "";

	if (from)
		snprintf(old, sizeof(old), "%" PRIu64 "%s", from, unit);
	if (to)
		snprintf(new, sizeof(new), "%" PRIu64 "%s", to, unit);
	return pdp_note_value(change, key, old, new);
}

static const char *print_vlan(char out[TEXT_MAX], const struct pdp_port_conf *port)
{
	out[0] = '\0';
	if (port->vlan[0])
		snprintf(out, TEXT_MAX, port->vlan[1] ? "%u.%u" : "%u", port->vlan[0],
			 port->vlan[1]);
	return out;
}

int pdp_port_differ(struct pdp_change *change)
{
	const struct pdp_port_conf *from = change->before.port, *to = change->after.port;
	char old[TEXT_MAX], new[TEXT_MAX];

	if (pdp_note_value(change, "ifname", from->ifname, to->ifname))
		return -ENOMEM;
	return pdp_note_value(change, "vlan", print_vlan(old, from), print_vlan(new, to));
}

int pdp_fe_differ(struct pdp_change *change)
{
	const struct pdp_fe_conf *from = change->before.fe, *to = change->after.fe;

	if (pdp_note_value(change, "cpus", from->cpus, to->cpus) ||
	    note_number(change, "capacity", from->capacity, to->capacity, "m"))
		return -ENOMEM;
	return pdp_note_value(change, "drain", from->drain ? "true" : "", to->drain ? "true" : "");
}

/* An MH guest reads what it runs once, when it begins; its limits change under it. */
static int note_control(struct pdp_change *change, const struct pdp_control_conf *from,
			const struct pdp_control_conf *to)
{
	size_t before = change->n_values;

	if (pdp_note_value(change, "control-plane", pdp_control_name(from->kind),
			   pdp_control_name(to->kind)) ||
	    pdp_note_value(change, "control-plane.config", from->config, to->config) ||
	    pdp_note_value(change, "control-plane.command", from->command, to->command))
		return -ENOMEM;
	if (change->n_values > before)
		change->effects |= PDP_EFFECT_CONTROL;
	if (from->kind == PDP_CONTROL_NONE || to->kind == PDP_CONTROL_NONE)
		return 0;
	if (note_number(change, "control-plane.memory", from->memory_mib, to->memory_mib, "M") ||
	    note_number(change, "control-plane.power", from->power, to->power, "m") ||
	    note_number(change, "control-plane.max-routes", from->max_routes, to->max_routes, "") ||
	    note_number(change, "control-plane.rate.pps", from->local_pps, to->local_pps, ""))
		return -ENOMEM;
	return note_number(change, "control-plane.rate.burst", from->local_burst, to->local_burst,
			   "");
}

/* "network:12:ffffffff, transport:0:ffff"; "" for none. */
static const char *print_bytes(char *text, size_t size, const struct pdp_key *key)
{
	char one[PDP_KEY_FIELD_LEN];
	struct pdp_key_field field;
	size_t at = 0, len = 0;

	*text = '\0';
	while (len < size && pdp_key_next(key, &at, &field))
		len += (size_t)snprintf(text + len, size - len, "%s%s", len ? ", " : "",
					pdp_key_print(one, &field));
	return text;
}

static const char *print_gap(char text[TEXT_MAX], uint32_t gap_us)
{
	snprintf(text, TEXT_MAX, gap_us == PDP_FLOWLET_GAP_AUTO ? "auto" : "%u", gap_us);
	return text;
}

static int note_flow(struct pdp_change *change, const struct pdp_flow_conf *from,
		     const struct pdp_flow_conf *to)
{
	char old[PDP_KEY_BYTES_MAX * PDP_KEY_FIELD_LEN], new[PDP_KEY_BYTES_MAX * PDP_KEY_FIELD_LEN];

	if (pdp_note_value(change, "flow-key", pdp_key_name(from->key), pdp_key_name(to->key)) ||
	    pdp_note_value(change, "flow-bytes", print_bytes(old, sizeof(old), &from->bytes),
			   print_bytes(new, sizeof(new), &to->bytes)))
		return -ENOMEM;
	if (from->gap_us == to->gap_us)
		return 0;
	return pdp_note_value(change, "flowlet-gap-us", print_gap(old, from->gap_us),
			      print_gap(new, to->gap_us));
}

/* Another program of the owner's, or another half, takes over under traffic. */
static int note_data(struct pdp_change *change, const struct pdp_data_conf *from,
		     const struct pdp_data_conf *to)
{
	if (pdp_note_value(change, "data-plane.object", from->object, to->object) ||
	    pdp_note_value(change, "data-plane.program", from->program, to->program) ||
	    pdp_note_value(change, "data-plane.agent", from->agent, to->agent))
		return -ENOMEM;
	return pdp_note_value(change, "fast-half", pdp_fast_half_name(from->fast_half),
			      pdp_fast_half_name(to->fast_half));
}

int pdp_vnet_differ(struct pdp_change *change)
{
	const struct pdp_vnet_conf *from = change->before.vnet, *to = change->after.vnet;

	if (pdp_note_value(change, "data-plane", from->data.kind, to->data.kind) ||
	    note_number(change, "memory", from->memory_mib, to->memory_mib, "M"))
		return -ENOMEM;
	if (change->n_values)
		change->effects |= PDP_EFFECT_RESTART;
	if (note_number(change, "power", from->power, to->power, "m") ||
	    pdp_note_value(change, "policy", pdp_policy_name(from->policy),
			   pdp_policy_name(to->policy)) ||
	    note_flow(change, &from->flow, &to->flow) ||
	    pdp_note_value(change, "rebalance", from->rebalance ? "on" : "",
			   to->rebalance ? "on" : "") ||
	    note_data(change, &from->data, &to->data) ||
	    note_control(change, &from->control, &to->control) ||
	    note_number(change, "rate.pps", from->rate_pps, to->rate_pps, ""))
		return -ENOMEM;
	return note_number(change, "rate.burst", from->burst_packets, to->burst_packets, "");
}

static int note_end(struct pdp_change *change, const char *key, const struct pdp_prefix *from,
		    uint16_t from_port, const struct pdp_prefix *to, uint16_t to_port)
{
	char old[PDP_ADDR_STRLEN], new[PDP_ADDR_STRLEN];

	return pdp_note_value(change, key, pdp_endpoint_print(old, from, from_port),
			      pdp_endpoint_print(new, to, to_port));
}

/* "10.0.0.1/24, fd00::1/64"; the caller's. */
static char *print_addresses(const struct pdp_vif_conf *vif)
{
	char one[PDP_ADDR_STRLEN], *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (size_t i = 0; i < vif->n_address; i++)
		fprintf(file, "%s%s", i ? ", " : "", pdp_prefix_print(one, &vif->address[i]));
	fclose(file);
	return text;
}

static int note_addresses(struct pdp_change *change, const struct pdp_vif_conf *from,
			  const struct pdp_vif_conf *to)
{
	char *old = print_addresses(from), *new = print_addresses(to);
	int code = old && new ? pdp_note_value(change, "address", old, new) : -ENOMEM;

	free(old);
	free(new);
	return code;
}

static const char *print_mac(char out[PDP_ADDR_STRLEN], const uint8_t mac[6])
{
	static const uint8_t none[6];

	out[0] = '\0';
	return memcmp(mac, none, sizeof(none)) != 0 ? pdp_mac_print(out, mac) : out;
}

static int note_impair(struct pdp_change *change, const struct pdp_impair_conf *from,
		       const struct pdp_impair_conf *to)
{
	char old[PDP_FRACTION_STRLEN], new[PDP_FRACTION_STRLEN];

	if (note_number(change, "impair.delay-ms", from->delay_ms, to->delay_ms, "") ||
	    pdp_note_value(change, "impair.loss",
			   from->loss ? pdp_fraction_print(old, from->loss) : "",
			   to->loss ? pdp_fraction_print(new, to->loss) : ""))
		return -ENOMEM;
	return pdp_note_value(change, "impair.down", from->down ? "true" : "",
			      to->down ? "true" : "");
}

int pdp_vif_differ(struct pdp_change *change)
{
	const struct pdp_vif_conf *from = change->before.vif, *to = change->after.vif;
	char old[PDP_ADDR_STRLEN], new[PDP_ADDR_STRLEN];

	if (from->encap != to->encap || from->local.family != to->local.family)
		change->effects |= PDP_EFFECT_REPLACE;
	if (pdp_note_value(change, "port", from->port, to->port) ||
	    pdp_note_value(change, "encap", pdp_encap_name(from->encap),
			   pdp_encap_name(to->encap)) ||
	    note_number(change, "vni", from->vni, to->vni, "") ||
	    note_end(change, "local", &from->local, from->local_port, &to->local, to->local_port) ||
	    note_end(change, "remote", &from->remote, from->remote_port, &to->remote,
		     to->remote_port) ||
	    note_number(change, "mtu", from->mtu, to->mtu, "") ||
	    pdp_note_value(change, "mac", print_mac(old, from->mac), print_mac(new, to->mac)))
		return -ENOMEM;
	return note_addresses(change, from, to) || note_impair(change, &from->impair, &to->impair)
		       ? -ENOMEM
		       : 0;
}

int pdp_route_differ(struct pdp_change *change)
{
	const struct pdp_route_conf *from = change->before.route, *to = change->after.route;
	char old[PDP_ADDR_STRLEN] = "", new[PDP_ADDR_STRLEN] = "";

	if (from->via.family)
		pdp_addr_print(old, &from->via);
	if (to->via.family)
		pdp_addr_print(new, &to->via);
	if (pdp_note_value(change, "via", old, new) ||
	    pdp_note_value(change, "vif", from->vif, to->vif))
		return -ENOMEM;
	return pdp_note_value(change, "blackhole", *from->vif ? "" : "true",
			      *to->vif ? "" : "true");
}

int pdp_neighbour_differ(struct pdp_change *change)
{
	char old[PDP_ADDR_STRLEN], new[PDP_ADDR_STRLEN];

	return pdp_note_value(change, "mac", print_mac(old, change->before.neighbour->mac),
			      print_mac(new, change->after.neighbour->mac));
}
