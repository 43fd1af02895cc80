/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mapdump.c - decodes every map of bpf/maps.h. Beside the packet's path: reads, never writes.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/flowkey.h"
#include "ctl/hops.h"
#include "ctl/mapcells.h"
#include "ctl/mapdump.h"
#include "ctl/prefix.h"
#include "ctl/slots.h"

static json_t *decode_addr(const struct pdp_addr *addr)
{
	struct pdp_prefix prefix = pdp_addr_from_map(addr);
	char text[PDP_ADDR_STRLEN];

	return json_string(pdp_addr_print(text, &prefix));
}

static json_t *decode_mac(const __u8 mac[6])
{
	static const __u8 none[6];
	char text[PDP_ADDR_STRLEN];

	return memcmp(mac, none, 6) ? json_string(pdp_mac_print(text, mac)) : json_null();
}

static json_t *decode_vni(__be32 vni)
{
	return vni == PDP_VNI_NONE ? json_null() : json_integer(be32toh(vni) >> 8);
}

static const char *encap_name(__u8 encap)
{
	return encap == PDP_ENCAP_UDP ? "udp" : encap == PDP_ENCAP_VXLAN ? "vxlan" : "none";
}

static json_t *decode_vlans(__u32 vlans)
{
	json_t *out = json_array();

	if (vlans >> 16)
		json_array_append_new(out, json_integer(vlans >> 16));
	if (vlans & 0xffff)
		json_array_append_new(out, json_integer(vlans & 0xffff));
	return out;
}

static __u32 id_of(const void *key)
{
	__u32 id;

	memcpy(&id, key, sizeof(id));
	return id;
}

static json_t *decode_tunnel(const void *key, const void *value)
{
	const struct pdp_tunnel_key *k = key;
	const struct pdp_tunnel *t = value;

	return json_pack("{s:o, s:i, s:o, s:s, s:i, s:i, s:o, s:i, s:o, s:b}", "local",
			 decode_addr(&k->local), "port", be16toh(k->port), "vni",
			 decode_vni(k->vni), "encap", encap_name(t->encap), "vnet", t->vnet, "vif",
			 t->vif, "remote", decode_addr(&t->remote), "remote_port",
			 be16toh(t->remote_port), "vlans", decode_vlans(t->vlans), "down",
			 t->flags & PDP_TUNNEL_DOWN);
}

static json_t *decode_vnet(const void *key, const void *value)
{
	const struct pdp_vnet *v = value;
	const char *policy = pdp_policy_name(v->table.policy);

	return json_pack("{s:i, s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:s, s:I}", "vnet",
			 id_of(key), "policy", policy ? policy : "none", "slots", v->table.n_slots,
			 "half", v->table.half, "generation", (json_int_t)v->table.generation,
			 "rate_cost", (json_int_t)v->rate.cost, "rate_burst",
			 (json_int_t)v->rate.burst, "local_cost", (json_int_t)v->local.cost,
			 "local_burst", (json_int_t)v->local.burst, "key", pdp_key_name(v->key),
			 "flowlet_gap_us",
			 (json_int_t)(((uint64_t)v->flowlet_gap << PDP_FLOWLET_SHIFT) / 1000));
}

static json_t *decode_key(const void *key, const void *value)
{
	char text[PDP_KEY_FIELD_LEN];
	struct pdp_key_field field;
	json_t *fields = json_array();
	size_t at = 0;

	while (pdp_key_next(value, &at, &field))
		json_array_append_new(fields, json_string(pdp_key_print(text, &field)));
	return json_pack("{s:i, s:o}", "vnet", id_of(key), "fields", fields);
}

static json_t *shares_of(const struct pdp_slot_table *table, int n)
{
	json_t *shares = json_object();
	char guest[8];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(guest, sizeof(guest), "%u", table->guest[i]);
		json_object_set_new(
			shares, guest,
			json_integer(json_integer_value(json_object_get(shares, guest)) + 1));
	}
	return shares;
}

static json_t *decode_slots(const void *key, const void *value)
{
	const struct pdp_slot_table *table = value;
	json_t *runs = json_array();
	int i, start = 0, n = PDP_SLOTS;

	while (n > 0 && !table->guest[n - 1])
		n--;
	for (i = 1; i <= n; i++) {
		if (i < n && table->guest[i] == table->guest[start])
			continue;
		json_array_append_new(runs, json_pack("{s:i, s:i}", "guest", table->guest[start],
						      "slots", i - start));
		start = i;
	}
	return json_pack("{s:i, s:i, s:i, s:o, s:o}", "vnet", id_of(key) / 2, "half",
			 id_of(key) % 2, "slots", n, "shares", shares_of(table, n), "runs", runs);
}

static json_t *decode_guest(const void *key, const void *value)
{
	const struct pdp_guest *g = value;

	return json_pack("{s:i, s:i, s:o, s:o, s:b, s:I, s:I}", "guest", id_of(key), "vnet",
			 g->vnet, "mac", decode_mac(g->mac), "md_mac", decode_mac(g->md_mac),
			 "timed", g->timed, "power_cost", (json_int_t)g->power.cost, "power_burst",
			 (json_int_t)g->power.burst);
}

static json_t *decode_vif(const void *key, const void *value)
{
	const struct pdp_vif *v = value;
	json_t *out =
		json_pack("{s:i, s:i, s:i, s:s, s:i, s:i}", "vif", id_of(key), "vnet",
			  v->owner.vnet, "port", v->owner.port, "encap", encap_name(v->owner.encap),
			  "family", v->owner.family, "mtu", v->owner.mtu);

	json_object_set_new(out, "vni", json_integer(be32toh(v->vni) >> 8));
	json_object_set_new(out, "local", decode_addr(&v->local));
	json_object_set_new(out, "local_port", json_integer(be16toh(v->local_port)));
	json_object_set_new(out, "remote", decode_addr(&v->remote));
	json_object_set_new(out, "remote_port", json_integer(be16toh(v->remote_port)));
	json_object_set_new(out, "vlans", decode_vlans(v->vlans));
	json_object_set_new(out, "source_mac", decode_mac(v->source.mac));
	json_object_set_new(out, "next_hop_mac", decode_mac(v->next_hop.mac));
	json_object_set_new(out, "guest_mac", decode_mac(v->guest.mac));
	json_object_set_new(out, "loss", json_real(v->impair.loss / 4294967295.0));
	json_object_set_new(out, "delay_ms", json_integer(v->impair.delay_ms));
	json_object_set_new(out, "down", json_boolean(v->impair.down));
	return out;
}

static json_t *pair(const char *a, const void *key, const char *b, const void *value)
{
	return json_pack("{s:i, s:i}", a, id_of(key), b, id_of(value));
}

static json_t *decode_fe_link(const void *key, const void *value)
{
	return pair("guest", key, "ifindex", value);
}

static json_t *decode_sender(const void *key, const void *value)
{
	return pair("ifindex", key, "guest", value);
}

static json_t *decode_port(const void *key, const void *value)
{
	return pair("port", key, "ifindex", value);
}

static json_t *decode_port_id(const void *key, const void *value)
{
	return pair("ifindex", key, "port", value);
}

static json_t *decode_vif_link(const void *key, const void *value)
{
	return pair("vif", key, "ifindex", value);
}

static json_t *decode_vif_sender(const void *key, const void *value)
{
	return pair("ifindex", key, "vif", value);
}

static json_t *decode_delay_link(const void *key, const void *value)
{
	(void)key;
	return json_pack("{s:i}", "ifindex", id_of(value));
}

static json_t *decode_xmit_drops(const void *key, const void *value)
{
	const struct pdp_hop *hop = key;
	__u64 packets;

	memcpy(&packets, value, sizeof(packets));
	if (hop->from_ifindex & PDP_HOP_GONE)
		return json_pack("{s:n, s:n, s:I, s:i, s:s}", "from_ifindex", "to_ifindex",
				 "packets", (json_int_t)packets, "vnet",
				 hop->from_ifindex & ~PDP_HOP_GONE, "to",
				 pdp_hop_kind_name(hop->to_ifindex & ~PDP_HOP_GONE));
	return json_pack("{s:i, s:i, s:I}", "from_ifindex", hop->from_ifindex, "to_ifindex",
			 hop->to_ifindex, "packets", (json_int_t)packets);
}

static json_t *decode_seqs(const void *key, const void *value)
{
	const struct pdp_seqs *seqs = value;
	json_t *next = json_array();
	size_t i;

	for (i = 0; i < sizeof(seqs->next) / sizeof(seqs->next[0]); i++)
		json_array_append_new(next, json_integer(seqs->next[i]));
	return json_pack("{s:i, s:o}", "vnet", id_of(key), "next", next);
}

static json_t *decode_newest(const void *key, const void *value)
{
	const struct pdp_newest *newest = value;
	int flows = 0;

	for (size_t i = 0; i < PDP_NEWEST_SETS; i++)
		for (size_t j = 0; j < PDP_NEWEST_WAYS; j++)
			flows += newest->of[i][j] != 0;
	return json_pack("{s:i, s:i}", "vnet", id_of(key), "flows", flows);
}

static json_t *decode_turn(const void *key, const void *value)
{
	const struct pdp_turn *turn = value;

	return json_pack("{s:i, s:I}", "vnet", id_of(key), "next", (json_int_t)turn->next);
}

static json_t *decode_flowlets(const void *key, const void *value)
{
	const struct pdp_flowlets *flowlets = value;
	int seen = 0;

	for (size_t i = 0; i < PDP_FLOWLETS; i++)
		seen += flowlets->flowlet[i] != 0;
	return json_pack("{s:i, s:i}", "vnet", id_of(key), "flowlets", seen);
}

static json_t *decode_transit(const void *key, const void *value)
{
	const struct pdp_transit *transit = value;
	json_int_t came = 0;
	int under_way = 0;

	for (size_t i = 0; i < PDP_TRANSIT_TIMED; i++)
		under_way += transit->timed[i].packet != 0;
	for (size_t i = 0; i < PDP_TRANSIT_BUCKETS; i++)
		came += transit->count[i];
	return json_pack("{s:i, s:i, s:I}", "guest", id_of(key), "under_way", under_way,
			 "came_back", came);
}

static json_t *decode_police(const void *key, const void *value)
{
	const struct pdp_police *police = value;

	return json_pack("{s:i, s:I, s:I}", "vnet", id_of(key), "arrival_ns",
			 (json_int_t)(police->tat >> PDP_POLICE_SHIFT), "local_arrival_ns",
			 (json_int_t)(police->local_tat >> PDP_POLICE_SHIFT));
}

static json_t *decode_pace(const void *key, const void *value)
{
	const struct pdp_pace *pace = value;

	return json_pack("{s:i, s:I}", "guest", id_of(key), "arrival_ns",
			 (json_int_t)(pace->tat >> PDP_POLICE_SHIFT));
}

#define SET(name, help) json_object_set_new(out, #name, json_integer((json_int_t)s->name));

static json_t *decode_port_stats(const void *key, const void *value)
{
	const struct pdp_port_stats *s = value;
	json_t *out = json_pack("{s:i}", "port", id_of(key));

	PDP_PASS_REASONS(SET)
	return out;
}

static json_t *decode_vnet_stats(const void *key, const void *value)
{
	const struct pdp_vnet_stats *s = value;
	json_t *out = json_pack("{s:i}", "vnet", id_of(key));

	PDP_VNET_COUNTS(SET)
	PDP_CLASSIFY_DROPS(SET)
	PDP_DISPATCH_DROPS(SET)
	PDP_VIF_OUT_DROPS(SET)
	PDP_LATE_COUNTS(SET)
	return out;
}

static json_t *decode_vif_stats(const void *key, const void *value)
{
	const struct pdp_vif_stats *s = value;
	json_t *out = json_pack("{s:i}", "vif", id_of(key));

	PDP_VIF_COUNTS(SET)
	return out;
}

static json_t *decode_guest_stats(const void *key, const void *value)
{
	const struct pdp_guest_stats *s = value;
	json_t *out = json_pack("{s:i}", "guest", id_of(key));

	PDP_GUEST_COUNTS(SET)
	PDP_LATE_COUNTS(SET)
	return out;
}

static json_t *decode_node_stats(const void *key, const void *value)
{
	const struct pdp_node_stats *s = value;
	json_t *out = json_object();

	(void)key;
	PDP_NODE_COUNTS(SET)
	return out;
}

/* --- tables ------------------------------------------------------------------------------------ */

#define COLUMNS(...) ((const struct pdp_column[]){__VA_ARGS__, {NULL}})

/* A hash has an entry or has not; an element of an array that is all zero means none. */
static const struct decoder {
	json_t *(*decode)(const void *key, const void *value);
	size_t value_size;
	const char *kind;
	const char *help;
	const struct pdp_column *columns;
} decoders[PDP_MAP_COUNT] = {
	[PDP_MAP_TUNNELS] = {decode_tunnel, sizeof(struct pdp_tunnel), "hash",
			     "ends of tunnels: whose packet is it",
			     COLUMNS({"LOCAL", "local"}, {"PORT", "port"}, {"VNI", "vni"},
				     {"ENCAP", "encap"}, {"VNET", "vnet"}, {"VIF", "vif"},
				     {"REMOTE", "remote"}, {"PORT", "remote_port"},
				     {"VLAN", NULL, pdp_vlan_cell}, {"DOWN", "down"})},
	[PDP_MAP_VNETS] = {decode_vnet, sizeof(struct pdp_vnet), "array",
			   "slot table in force, limits",
			   COLUMNS({"VNET", "vnet"}, {"POLICY", "policy"}, {"SLOTS", "slots"},
				   {"HALF", "half"}, {"GENERATION", "generation"},
				   {"RATE COST", "rate_cost"}, {"BURST", "rate_burst"},
				   {"LOCAL COST", "local_cost"}, {"BURST", "local_burst"},
				   {"KEY", "key"}, {"FLOWLET GAP us", "flowlet_gap_us"})},
	[PDP_MAP_KEYS] = {decode_key, sizeof(struct pdp_key), "array",
			  "bytes of flow keys that are given byte by byte",
			  COLUMNS({"VNET", "vnet"}, {"FIELDS", NULL, pdp_fields_cell})},
	[PDP_MAP_SLOTS] = {decode_slots, sizeof(struct pdp_slot_table), "array",
			   "slot -> FE guest, two halves for each vnet",
			   COLUMNS({"VNET", "vnet"}, {"HALF", "half"}, {"SLOTS", "slots"},
				   {"GUEST:SLOTS", NULL, pdp_shares_cell},
				   {"GUESTS IN TURN", NULL, pdp_runs_cell})},
	[PDP_MAP_GUESTS] = {decode_guest, sizeof(struct pdp_guest), "array",
			    "MAC addresses, vnet and limit of FE guests",
			    COLUMNS({"GUEST", "guest"}, {"VNET", "vnet"}, {"MAC", "mac"},
				    {"MD MAC", "md_mac"}, {"POWER COST", "power_cost"},
				    {"BURST", "power_burst"})},
	[PDP_MAP_FE_LINKS] = {decode_fe_link, sizeof(__u32), "devmap", "links to FE guests",
			      COLUMNS({"GUEST", "guest"}, {"IFINDEX", "ifindex"})},
	[PDP_MAP_SENDERS] = {decode_sender, sizeof(__u32), "hash", "who sends on a link",
			     COLUMNS({"IFINDEX", "ifindex"}, {"GUEST", "guest"})},
	[PDP_MAP_VIFS] = {decode_vif, sizeof(struct pdp_vif), "array", "tunnels on the way out",
			  COLUMNS({"VIF", "vif"}, {"VNET", "vnet"}, {"PORT", "port"},
				  {"ENCAP", "encap"}, {"VNI", "vni"}, {"LOCAL", "local"},
				  {"PORT", "local_port"}, {"REMOTE", "remote"},
				  {"PORT", "remote_port"}, {"NEXT HOP", "next_hop_mac"},
				  {"MH GUEST", "guest_mac"}, {"LOSS", "loss"},
				  {"DELAY ms", "delay_ms"}, {"DOWN", "down"})},
	[PDP_MAP_PORTS] = {decode_port, sizeof(__u32), "devmap", "devices of ports",
			   COLUMNS({"PORT", "port"}, {"IFINDEX", "ifindex"})},
	[PDP_MAP_PORT_IDS] = {decode_port_id, sizeof(__u32), "hash", "ports of devices",
			      COLUMNS({"IFINDEX", "ifindex"}, {"PORT", "port"})},
	[PDP_MAP_VIF_LINKS] = {decode_vif_link, sizeof(__u32), "devmap",
			       "links of vifs to MH guests",
			       COLUMNS({"VIF", "vif"}, {"IFINDEX", "ifindex"})},
	[PDP_MAP_VIF_SENDERS] = {decode_vif_sender, sizeof(__u32), "hash",
				 "through which vif a link of an MH guest sends",
				 COLUMNS({"IFINDEX", "ifindex"}, {"VIF", "vif"})},
	[PDP_MAP_DELAY_LINK] = {decode_delay_link, sizeof(__u32), "devmap",
				"where packets of a delayed vif wait",
				COLUMNS({"IFINDEX", "ifindex"})},
	[PDP_MAP_XMIT_DROPS] = {decode_xmit_drops, sizeof(__u64), "hash",
				"packets lost by the kernel at a redirect",
				COLUMNS({"FROM IFINDEX", "from_ifindex"},
					{"TO IFINDEX", "to_ifindex"}, {"OF GONE, VNET", "vnet"},
					{"TO", "to"}, PDP_COUNT_COLUMN("PACKETS", "packets"))},
	[PDP_MAP_SEQS] = {decode_seqs, sizeof(struct pdp_seqs), "array",
			  "next sequence number of each flow bucket",
			  COLUMNS({"VNET", "vnet"},
				  {"SEQUENCE NUMBERS GIVEN", NULL, pdp_seqs_cell, true})},
	[PDP_MAP_NEWEST] = {decode_newest, sizeof(struct pdp_newest), "array",
			    "newest sequence number that came back of each flow",
			    COLUMNS({"VNET", "vnet"}, {"FLOWS", "flows"})},
	[PDP_MAP_TURNS] = {decode_turn, sizeof(struct pdp_turn), "percpu_array",
			   "whose turn it is, round-robin and weighted; summed over CPUs",
			   COLUMNS({"VNET", "vnet"}, {"NEXT", "next"})},
	[PDP_MAP_FLOWLETS] = {decode_flowlets, sizeof(struct pdp_flowlets), "array",
			      "slots of flowlets that have been seen",
			      COLUMNS({"VNET", "vnet"}, {"FLOWLETS", "flowlets"})},
	[PDP_MAP_TRANSITS] = {decode_transit, sizeof(struct pdp_transit), "array",
			      "packets whose time with an FE guest is measured",
			      COLUMNS({"GUEST", "guest"}, {"UNDER WAY", "under_way"},
				      PDP_COUNT_COLUMN("CAME BACK", "came_back"))},
	[PDP_MAP_POLICE] = {decode_police, sizeof(struct pdp_police), "array",
			    "time at which the policer expects the next packet",
			    COLUMNS({"VNET", "vnet"}, {"ARRIVAL ns", "arrival_ns"},
				    {"LOCAL ARRIVAL ns", "local_arrival_ns"})},
	[PDP_MAP_PACES] = {decode_pace, sizeof(struct pdp_pace), "array",
			   "time at which the next packet of an FE guest is expected",
			   COLUMNS({"GUEST", "guest"}, {"ARRIVAL ns", "arrival_ns"})},
	[PDP_MAP_PORT_STATS] = {decode_port_stats, sizeof(struct pdp_port_stats), "percpu_array",
				"frames left to the host, by reason",
				COLUMNS({"PORT", "port"}, {"COUNTERS", NULL, pdp_moved_cell})},
	[PDP_MAP_VNET_STATS] = {decode_vnet_stats, sizeof(struct pdp_vnet_stats), "percpu_array",
				"counters of vnets",
				COLUMNS({"VNET", "vnet"}, {"COUNTERS", NULL, pdp_moved_cell})},
	[PDP_MAP_VIF_STATS] = {decode_vif_stats, sizeof(struct pdp_vif_stats), "percpu_array",
			       "counters of vifs",
			       COLUMNS({"VIF", "vif"}, {"COUNTERS", NULL, pdp_moved_cell})},
	[PDP_MAP_GUEST_STATS] = {decode_guest_stats, sizeof(struct pdp_guest_stats), "percpu_array",
				 "counters around FE guests",
				 COLUMNS({"GUEST", "guest"}, {"COUNTERS", NULL, pdp_moved_cell})},
	[PDP_MAP_NODE_STATS] = {decode_node_stats, sizeof(struct pdp_node_stats), "percpu_array",
				"counters at no vnet's door",
				COLUMNS({"COUNTERS", NULL, pdp_moved_cell})},
};

static bool is_hash(enum pdp_map map)
{
	return !strcmp(decoders[map].kind, "hash");
}

static bool is_percpu(enum pdp_map map)
{
	return !strcmp(decoders[map].kind, "percpu_array");
}

static bool all_zero(const char *value, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (value[i])
			return false;
	return true;
}

json_t *pdp_map_decode(enum pdp_map map, const void *key, const void *value)
{
	if ((unsigned int)map >= PDP_MAP_COUNT)
		return NULL;
	if (!is_hash(map) && all_zero(value, decoders[map].value_size))
		return NULL;
	return decoders[map].decode(key, value);
}

json_t *pdp_map_decode_zero(enum pdp_map map, const void *key, const void *value)
{
	return (unsigned int)map < PDP_MAP_COUNT ? decoders[map].decode(key, value) : NULL;
}

size_t pdp_map_value_size(enum pdp_map map)
{
	return (unsigned int)map < PDP_MAP_COUNT ? decoders[map].value_size : 0;
}

const char *pdp_map_kind(enum pdp_map map)
{
	return decoders[map].kind;
}

const char *pdp_map_help(enum pdp_map map)
{
	return decoders[map].help;
}

const struct pdp_column *pdp_map_columns(enum pdp_map map)
{
	return decoders[map].columns;
}

enum pdp_map pdp_map_by_name(const char *name)
{
	int map;

	for (map = 0; map < PDP_MAP_COUNT; map++)
		if (!strcmp(name, pdp_map_name(map)) ||
		    !strcmp(name, pdp_map_name(map) + strlen("pdp_")))
			return map;
	return PDP_MAP_COUNT;
}

/* Not a counter struct, which pdp_stats_read() would sum; each CPU's value stands in 8 bytes. */
static int read_turns(const struct pdp_loader *ld, const void *key, struct pdp_turn *sum)
{
	int cpus = libbpf_num_possible_cpus(), cpu, code;
	char *values;

	if (cpus < 0)
		return cpus;
	values = calloc((size_t)cpus, 8);
	if (!values)
		return -ENOMEM;
	sum->next = 0;
	code = bpf_map_lookup_elem(pdp_loader_map_fd(ld, PDP_MAP_TURNS), key, values);
	for (cpu = 0; !code && cpu < cpus; cpu++)
		sum->next += ((struct pdp_turn *)(void *)(values + 8 * cpu))->next;
	free(values);
	return code;
}

static int read_value(const struct pdp_loader *ld, enum pdp_map map, const void *key, void *value)
{
	size_t size = decoders[map].value_size;

	if (map == PDP_MAP_TURNS)
		return read_turns(ld, key, value);
	if (is_percpu(map))
		return pdp_stats_read(ld, map, id_of(key), value, size);
	return bpf_map_lookup_elem(pdp_loader_map_fd(ld, map), key, value);
}

int pdp_map_dump(json_t **out, const struct pdp_loader *ld, enum pdp_map map, struct pdp_error *err)
{
	char keys[2][sizeof(struct pdp_tunnel_key)], value[PDP_MAP_VALUE_MAX] = {0};
	int fd = pdp_loader_map_fd(ld, map), now = 0;
	const void *last = NULL;
	json_t *rows;

	rows = json_array();
	if (!rows)
		return pdp_fail(err, -ENOMEM, "no memory for map %s", pdp_map_name(map));
	while (!bpf_map_get_next_key(fd, last, keys[now])) {
		json_t *row;

		last = keys[now];
		if (!read_value(ld, map, last, value)) {
			row = pdp_map_decode(map, last, value);
			if (row)
				json_array_append_new(rows, row);
		}
		now = !now;
	}
	*out = rows;
	return 0;
}
