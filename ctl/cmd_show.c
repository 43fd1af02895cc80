/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_show.c - pdp-ctl port, fe, vnet, vif and guest: what the node has, a kind at a time.
 */
#include <errno.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/cmd.h"

static long long integer(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static const char *string(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "-";
}

static void millicores(const json_t *row, const char *key, char *text, size_t len)
{
	snprintf(text, len, "%lldm", integer(row, key));
}

static void power(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	millicores(row, "power_millicores", text, len);
}

static void capacity(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	millicores(row, "capacity_millicores", text, len);
}

static void free_power(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	millicores(row, "free_millicores", text, len);
}

/* "flow-hash"; "flowlet 500us" and whether that is measured */
static void policy(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const char *name = string(row, "policy");
	bool measured = json_is_true(json_object_get(row, "flowlet_gap_auto"));

	(void)out;
	if (strcmp(name, "flowlet") != 0)
		snprintf(text, len, "%s", name);
	else
		snprintf(text, len, "%s %lldus%s", name, integer(row, "flowlet_gap_us"),
			 measured ? " (auto)" : "");
}

/* "fe1:1000m fe2:500m", and what is wrong with a guest that is not ready. */
static void vnet_guests(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *guest;
	size_t i, at = 0;

	(void)out;
	json_array_foreach(json_object_get(row, "guests"), i, guest) {
		bool ready = !strcmp(string(guest, "state"), "ready");

		at += (size_t)snprintf(text + at, len - at, "%s%s:%lldm%s%s", i ? " " : "",
				       string(guest, "fe"), integer(guest, "power_millicores"),
				       ready ? "" : "!", ready ? "" : string(guest, "state"));
		if (at >= len)
			return;
	}
	if (json_is_string(json_object_get(row, "object_refused")))
		snprintf(text + at, len - at, " !object refused, -j tells why");
}

static void fe_guests(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *guest;
	size_t i, at = 0;

	(void)out;
	json_array_foreach(json_object_get(row, "guests"), i, guest) {
		at += (size_t)snprintf(text + at, len - at, "%s%s", i ? " " : "",
				       json_string_value(guest));
		if (at >= len)
			return;
	}
}

/* Quota as the cgroup tells it, in millicores. */
static void quota(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	long long period = integer(row, "period_us");

	(void)out;
	if (!period || !integer(row, "quota_us"))
		snprintf(text, len, "none");
	else
		snprintf(text, len, "%lldm", integer(row, "quota_us") * 1000 / period);
}

static void cpu(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%lldm", integer(row, "cpu_millicores"));
}

/* What of the CPU its eth0's thread has used; "none" and why. */
static void thread(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *thread = json_object_get(row, "thread");

	(void)out;
	if (integer(thread, "pid"))
		snprintf(text, len, "%lldm", integer(thread, "cpu_millicores"));
	else if (json_is_object(thread))
		snprintf(text, len, "none: %s", string(thread, "why"));
}

static void memory(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%.1f MiB", (double)integer(row, "memory_bytes") / (1 << 20));
}

static void tunnel(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	if (integer(row, "vni"))
		snprintf(text, len, "vxlan %lld", integer(row, "vni"));
	else
		snprintf(text, len, "%s", string(row, "encap"));
}

/* Of the last second in which there were packets. */
static void reorder(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%.3f%%", 100 * json_real_value(json_object_get(row, "reorder_ratio")));
}

static const struct pdp_column ports[] = {
	{"PORT", "name"},
	{"IFNAME", "ifname"},
	{"IFINDEX", "ifindex"},
	{"STATE", "state"},
	{"MAC", "mac"},
	{"MTU", "mtu"},
	{"VLAN", "vlan"},
	{"VIFS", "vifs"},
	PDP_COUNT_COLUMN("PASSED TO HOST", "passed_packets"),
	{NULL},
};

static const struct pdp_column fes[] = {
	{"FE", "name"},
	{"CPUS", "cpus"},
	{"CAPACITY", NULL, capacity, true},
	{"FREE", NULL, free_power, true},
	{"GUESTS", NULL, fe_guests},
	{NULL},
};

static const struct pdp_column vnets[] = {
	{"VNET", "name"},
	{"STATE", "state"},
	{"POWER", NULL, power, true},
	{"POLICY", NULL, policy},
	{"GUESTS", NULL, vnet_guests},
	PDP_COUNT_COLUMN("RX pps", "rx_pps"),
	PDP_COUNT_COLUMN("TX pps", "tx_pps"),
	PDP_COUNT_COLUMN("LOCAL", "local_packets"),
	PDP_COUNT_COLUMN("DROP", "drop_packets"),
	{"REORDER", NULL, reorder, true},
	{"LIMIT pps", "power_limit_pps", .rare = true},
	{"MOVED", "moved_slots", .rare = true},
	{NULL},
};

static void vif_name(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%s/%s", string(row, "vnet"), string(row, "name"));
}

/* "20 ms, loss 0.01", "down" */
static void impair(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *conf = json_object_get(row, "impair");
	double loss = json_real_value(json_object_get(conf, "loss"));
	long long delay = integer(conf, "delay_ms");
	bool down = json_is_true(json_object_get(conf, "down"));
	size_t at = 0;

	(void)out;
	if (delay)
		at += (size_t)snprintf(text, len, "%lld ms", delay);
	if (loss > 0)
		at += (size_t)snprintf(text + at, len - at, "%sloss %.6g", at ? ", " : "", loss);
	if (down)
		snprintf(text + at, len - at, "%sdown", at ? ", " : "");
}

static const struct pdp_column vifs[] = {
	{"VIF", NULL, vif_name},
	{"PORT", "port"},
	{"TUNNEL", NULL, tunnel},
	{"LOCAL", "local"},
	{"REMOTE", "remote"},
	{"MTU", "mtu"},
	{"NEXT HOP", "next_hop_mac"},
	PDP_COUNT_COLUMN("RX", "rx_packets"),
	PDP_COUNT_COLUMN("TX", "tx_packets"),
	{"IMPAIRED", "impair", impair, .rare = true},
	{NULL},
};

/* "fe router", "mh frr" */
static void guest_kind(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	snprintf(text, len, "%s %s", string(row, "kind"), string(row, "runs"));
}

/* "on", "off", or "no" and why not. */
static void fast_half(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *half = json_object_get(row, "fast_half");
	const char *why = string(half, "why");

	(void)out;
	if (json_is_true(json_object_get(half, "on")))
		snprintf(text, len, "on");
	else if (half && !strcmp(why, "fast-half is off"))
		snprintf(text, len, "off");
	else if (half)
		snprintf(text, len, "no: %s", why);
}

static const struct pdp_column guests[] = {
	{"GUEST", "name"},
	{"KIND", NULL, guest_kind},
	{"FE", "fe"},
	{"STATE", "state"},
	{"PID", "init_pid"},
	{"LINK", "link"},
	{"QUOTA", NULL, quota, true},
	{"CPU", NULL, cpu, true},
	{"THREAD", "thread", thread, .rare = true},
	{"MEMORY", NULL, memory, true},
	PDP_COUNT_COLUMN("RX pps", "rx_pps"),
	PDP_COUNT_COLUMN("TX pps", "tx_pps"),
	{"DROP pps", "drop_pps", .count = true, .rare = true},
	{"RING", "ring_waiting", .count = true, .rare = true},
	{"LIMIT pps", "power_limit_pps", .rare = true},
	{"RESTARTS", "restarts", .rare = true},
	{"FAST", NULL, fast_half},
	{NULL},
};

/* By its name, or a vif by VNET/VIF. */
static bool is_called(const json_t *row, const char *name)
{
	char path[128];

	vif_name(row, NULL, path, sizeof(path));
	return !strcmp(string(row, "name"), name) || !strcmp(path, name);
}

/* Keep what is called name; -ENOENT when nothing is. */
static int keep(json_t *rows, const char *name)
{
	size_t i = json_array_size(rows);

	while (i-- > 0)
		if (!is_called(json_array_get(rows, i), name))
			json_array_remove(rows, i);
	return json_array_size(rows) ? 0 : -ENOENT;
}

static enum pdp_outcome show(struct pdp_ctl *ctl, const char *kind, const char *path,
			     const struct pdp_column *columns, int argc, char **argv)
{
	json_t *rows = NULL;
	int err;

	if (pdp_cmd_at_most(ctl, 1, argc, argv))
		return PDP_USAGE;
	err = pdp_client_get(&rows, ctl->run_dir, path, &ctl->err);
	if (!err && argc && keep(rows, argv[0]))
		err = pdp_fail(&ctl->err, -ENOENT,
			       "no %s is called '%s'; `pdp-ctl %s show` lists all", kind, argv[0],
			       kind);
	if (!err)
		err = pdp_table_print(rows, columns, &ctl->out);
	json_decref(rows);
	return pdp_outcome_of(err);
}

static enum pdp_outcome show_ports(struct pdp_ctl *ctl, int argc, char **argv)
{
	return show(ctl, "port", "/v1/ports", ports, argc, argv);
}

static enum pdp_outcome show_fes(struct pdp_ctl *ctl, int argc, char **argv)
{
	return show(ctl, "fe", "/v1/fes", fes, argc, argv);
}

static enum pdp_outcome show_vnets(struct pdp_ctl *ctl, int argc, char **argv)
{
	return show(ctl, "vnet", "/v1/vnets", vnets, argc, argv);
}

static enum pdp_outcome show_vifs(struct pdp_ctl *ctl, int argc, char **argv)
{
	return show(ctl, "vif", "/v1/vifs", vifs, argc, argv);
}

static enum pdp_outcome show_guests(struct pdp_ctl *ctl, int argc, char **argv)
{
	return show(ctl, "guest", "/v1/guests", guests, argc, argv);
}

static const struct pdp_column routes[] = {
	{"VNET", "vnet"},	    {"TO", "to"}, {"VIA", "via"}, {"VIF", "vif"},
	{"BLACKHOLE", "blackhole"}, {NULL},
};

static const struct pdp_column neighbours[] = {
	{"VNET", "vnet"}, {"ADDRESS", "address"}, {"MAC", "mac"}, {"VIF", "vif"}, {NULL},
};

/* Those of all vnets, or of one. */
static enum pdp_outcome show_of_vnet(struct pdp_ctl *ctl, const char *path,
				     const struct pdp_column *columns, int argc, char **argv)
{
	json_t *rows = NULL;
	size_t i;
	int err;

	if (pdp_cmd_at_most(ctl, 1, argc, argv))
		return PDP_USAGE;
	err = pdp_client_get(&rows, ctl->run_dir, path, &ctl->err);
	for (i = json_array_size(rows); !err && argc && i-- > 0;)
		if (strcmp(string(json_array_get(rows, i), "vnet"), argv[0]) != 0)
			json_array_remove(rows, i);
	if (!err)
		err = pdp_table_print(rows, columns, &ctl->out);
	json_decref(rows);
	return pdp_outcome_of(err);
}

/* Without a vnet, what the node file says. */
static enum pdp_outcome show_routes(struct pdp_ctl *ctl, int argc, char **argv)
{
	if (argc)
		return pdp_cmd_route_show(ctl, argc, argv);
	return show_of_vnet(ctl, "/v1/routes", routes, argc, argv);
}

static enum pdp_outcome show_neighbours(struct pdp_ctl *ctl, int argc, char **argv)
{
	return show_of_vnet(ctl, "/v1/neighbours", neighbours, argc, argv);
}

#define PORT_KEYS "[ vlan VID|OUTER.INNER ]"
#define FE_KEYS "[ drain true|false ]"
#define VNET_KEYS                                                                               \
	"[ policy round-robin|weighted|flow-hash|flowlet|spray ] [ flow-key 5tuple|l3|bytes ] " \
	"[ flow-bytes LAYER:OFFSET:MASK,... ] [ flowlet-gap-us N|auto ] "                       \
	"[ rebalance on|off ] [ data-plane.kind router|xdp ] [ data-plane.object FILE ] "       \
	"[ data-plane.program PROGRAM ] [ data-plane.agent FILE ] [ fast-half on|off|auto ] "   \
	"[ control-plane.kind none|static|frr|bird|command ] [ control-plane.config DIR ] "     \
	"[ control-plane.command COMMAND ] [ control-plane.memory SIZE ] "                      \
	"[ control-plane.power POWER ] [ control-plane.max-routes N ] "                         \
	"[ control-plane.rate.pps N ] [ control-plane.rate.burst N ] "                          \
	"[ rate.pps N ] [ rate.burst N ] [ memory SIZE ]"
#define VIF_KEYS                                                  \
	"[ vni N ] [ mtu N ] [ mac MAC ] [ address PREFIX,... ] " \
	"[ impair.delay-ms N ] [ impair.loss PART ] [ impair.down true|false ]"
#define ROUTE_KEYS "[ via ADDRESS ] [ vif VIF ] [ blackhole true|false ]"
#define KEYS_MORE                                                                             \
	"Keys and values are those of pdp.yaml(5); one key inside another is written with a " \
	"dot.\nReturns when the node is so; with --dry-run nothing is changed."
#define SET_MORE KEYS_MORE " The value\ndefault takes an optional key away."

const struct pdp_cmd pdp_cmd_route[] = {
	{"show", "[ VNET [ --fe GUEST ] ]", "static routes; or those of a vnet that are in force",
	 show_routes,
	 "Without a vnet, the routes of the node file. With one, those that its agents are told: of its\n"
	 "control plane's kernel where it has one. With --fe, those that this guest's agent has."},
	{"get", "VNET ADDRESS", "where a packet to an address goes", pdp_cmd_route_get,
	 "By the control plane's kernel, and by each agent. Of several paths, agents name the one of flows\n"
	 "with the hash 0."},
	{"check", "VNET", "compare each agent's tables with the control plane's",
	 pdp_cmd_route_check,
	 "Routes, addresses and neighbours: the control plane's kernel is read anew, or, without one, the\n"
	 "node file. Each difference is named with both sides. Fails when there is one, or when an agent\n"
	 "does not answer."},
	{"add", "VNET PREFIX " ROUTE_KEYS, "add a route", pdp_cmd_change, KEYS_MORE},
	{"set", "VNET PREFIX " ROUTE_KEYS, "change a route", pdp_cmd_change, SET_MORE},
	{"del", "VNET PREFIX", "remove a route", pdp_cmd_change},
	{NULL},
};
const struct pdp_cmd pdp_cmd_neighbour[] = {
	{"show", "[ VNET ]", "static neighbours, of all vnets or of one", show_neighbours},
	{"add", "VNET ADDRESS vif VIF mac MAC", "add a neighbour", pdp_cmd_change, KEYS_MORE},
	{"set", "VNET ADDRESS [ vif VIF ] [ mac MAC ]", "change a neighbour", pdp_cmd_change,
	 SET_MORE},
	{"del", "VNET ADDRESS [ vif VIF ]", "remove a neighbour", pdp_cmd_change},
	{NULL},
};
const struct pdp_cmd pdp_cmd_port[] = {
	{"show", "[ NAME ]", "ports, their devices and what they leave to the host", show_ports,
	 "PASSED TO HOST counts the frames that were none of a vnet's; -j tells them by reason."},
	{"add", "NAME ifname IFNAME " PORT_KEYS, "take a device as a port", pdp_cmd_change,
	 KEYS_MORE},
	{"set", "NAME [ ifname IFNAME ] " PORT_KEYS, "change a port", pdp_cmd_change, SET_MORE},
	{"del", "NAME", "give a port's device back", pdp_cmd_change},
	{NULL},
};
const struct pdp_cmd pdp_cmd_fe[] = {
	{"show", "[ NAME ]", "FEs, their CPUs, capacity and guests", show_fes},
	{"add", "NAME cpus LIST capacity POWER " FE_KEYS, "add an FE", pdp_cmd_change, KEYS_MORE},
	{"set", "NAME [ cpus LIST ] [ capacity POWER ] " FE_KEYS, "change an FE", pdp_cmd_change,
	 SET_MORE},
	{"drain", "NAME", "move an FE's guests to others, and give it no more", pdp_cmd_change,
	 "The same as set NAME drain true. No packet is lost; if the guests fit nowhere else,\n"
	 "nothing is changed."},
	{"undrain", "NAME", "let a drained FE have guests again", pdp_cmd_change},
	{"del", "NAME", "remove an FE; its guests move to others", pdp_cmd_change},
	{NULL},
};
const struct pdp_cmd pdp_cmd_vnet[] = {
	{"show", "[ NAME ]", "vnets, their guests and rates", show_vnets,
	 "GUESTS are FEs with the power there; an exclamation mark and the state stand behind a\n"
	 "guest that is not ready. STATE is up, degraded (some guests are not ready) or down. LOCAL\n"
	 "went to the control plane. REORDER: of the packets of the last second with any, came back behind a later\n"
	 "one of their flow. MOVED: slots that rebalance has put elsewhere than the policy has them.\n"
	 "POLICY flowlet has the pause after which a flow may go elsewhere; auto: as PdP has measured."},
	{"add", "NAME power POWER " VNET_KEYS, "add a vnet; vif add gives it tunnels",
	 pdp_cmd_change, KEYS_MORE},
	{"set", "NAME [ power POWER ] " VNET_KEYS, "change a vnet, while it forwards",
	 pdp_cmd_change, SET_MORE},
	{"exec", "NAME -- COMMAND...", "run a command in a vnet's control plane", pdp_cmd_exec,
	 "As root of the guest, with the guest's network, files, limits and rights. The exit code is the\n"
	 "command's, 128 and the number of the signal when one ended it. For root alone."},
	{"shell", "NAME", "a shell in a vnet's control plane", pdp_cmd_shell},
	{"reload", "NAME",
	 "read an owner's own program again; copy a control plane's config directory again and start its "
	 "daemons anew",
	 pdp_cmd_reload,
	 "Vifs, routes in its kernel and traffic stay. A program that is refused leaves the one before in force."},
	{"key", "test NAME FILE [ policy P ] [ flow-key K ] [ flow-bytes B ] [ flowlet-gap-us N ]",
	 "over which guests the packets of a capture would go", pdp_cmd_key,
	 "FILE is a pcap of a port (packets of the vnet's tunnels are taken out of them) or from within the vnet.\n"
	 "What is not given is as the vnet has it. DUE is each guest's part by power, PART what it would get;\n"
	 "the slot is picked by the classifier's own code. Nothing is changed."},
	{"del", "NAME", "remove a vnet with its vifs, routes and neighbours", pdp_cmd_change},
	{NULL},
};
const struct pdp_cmd pdp_cmd_vif[] = {
	{"show", "[ VNET/VIF ]", "vifs, their tunnels and next hops", show_vifs,
	 "NEXT HOP is the MAC address that packets leave to; without one they are dropped\n"
	 "(drop_no_neighbour). IMPAIRED is there when a vif is. A VIF without its VNET is looked for in\n"
	 "all of them."},
	{"add", "VNET/VIF port PORT encap udp|vxlan local ENDPOINT remote ENDPOINT " VIF_KEYS,
	 "add a tunnel's end", pdp_cmd_change, KEYS_MORE},
	{"set",
	 "VNET/VIF [ port PORT ] [ encap udp|vxlan ] [ local ENDPOINT ] [ remote ENDPOINT ] " VIF_KEYS,
	 "change a tunnel's end", pdp_cmd_change, SET_MORE},
	{"del", "VNET/VIF", "remove a tunnel's end", pdp_cmd_change},
	{NULL},
};
const struct pdp_cmd pdp_cmd_guest[] = {
	{"show", "[ NAME ]", "guests, their CPU, memory and rates", show_guests,
	 "QUOTA is the CPU share of its agent as the cgroup tells it: its power, or down to half of that while its\n"
	 "fast half uses some without a thread. CPU is what both used in the last second, MEMORY what the cgroup\n"
	 "is charged with. RX is towards the guest. KIND is fe and the data plane, or mh and the control plane.\n"
	 "THREAD is what of CPU the kernel thread of the guest's device used, or why it has none; LIMIT pps what\n"
	 "it may get, being over its power. DROP pps are packets that got neither into its agent nor through\n"
	 "its fast half; RING are packets that waited for its agent, most at once in the last moments. Both are\n"
	 "there when some guest has any. FAST: is the common case processed on the guest's device already: on,\n"
	 "off, or no and why not. RESTARTS is there when some guest had one."},
	{"time", "[ GUEST ]", "what a packet takes on the guests' devices", pdp_cmd_time,
	 "Takes a second, in which the kernel times all BPF programs, and needs root. PACKETS and NS A PACKET are\n"
	 "of the fast half, or of the owner's program, in that second; nothing where none runs."},
	{NULL},
};
