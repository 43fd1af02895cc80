/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* node.c - a node without traffic: load, fill, run, count. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "selftests/prog/node.h"

#include "bpf/classify.skel.h"
#include "bpf/delayed.skel.h"
#include "bpf/dispatch.skel.h"
#include "bpf/guest.skel.h"
#include "bpf/pass.skel.h"
#include "bpf/vif_out.skel.h"

struct node_objects {
	struct classify_bpf *classify;
	struct dispatch_bpf *dispatch;
	struct guest_bpf *guest;
	struct vif_out_bpf *vif_out;
	struct delayed_bpf *delayed;
	struct pass_bpf *pass;
	int xsk;
};

static const char *const map_names[NODE_MAPS] = {
	[MAP_TUNNELS] = "pdp_tunnels",
	[MAP_VNETS] = "pdp_vnets",
	[MAP_SLOTS] = "pdp_slots",
	[MAP_GUESTS] = "pdp_guests",
	[MAP_FE_LINKS] = "pdp_fe_links",
	[MAP_SENDERS] = "pdp_senders",
	[MAP_VIFS] = "pdp_vifs",
	[MAP_PORTS] = "pdp_ports",
	[MAP_PORT_IDS] = "pdp_port_ids",
	[MAP_VIF_LINKS] = "pdp_vif_links",
	[MAP_VIF_SENDERS] = "pdp_vif_senders",
	[MAP_DELAY_LINK] = "pdp_delay_link",
	[MAP_SEQS] = "pdp_seqs",
	[MAP_NEWEST] = "pdp_newest",
	[MAP_TURNS] = "pdp_turns",
	[MAP_FLOWLETS] = "pdp_flowlets",
	[MAP_TRANSITS] = "pdp_transits",
	[MAP_KEYS] = "pdp_keys",
	[MAP_POLICE] = "pdp_police",
	[MAP_PACES] = "pdp_paces",
	[MAP_PORT_STATS] = "pdp_port_stats",
	[MAP_VNET_STATS] = "pdp_vnet_stats",
	[MAP_VIF_STATS] = "pdp_vif_stats",
	[MAP_GUEST_STATS] = "pdp_guest_stats",
	[MAP_NODE_STATS] = "pdp_node_stats",
};

const uint16_t node_weighted_slots[5] = {5, 6, 5, 6, 5};

/* vif, vnet, port, encap, family, VLANs, VNI, ports of local and remote end. */
static const struct {
	uint16_t vnet, port;
	uint8_t encap, family;
	uint32_t vlans, vni;
	uint16_t local_port, remote_port;
	const char *local, *remote;
} vifs[NODE_VIFS + 1] = {
	[1] = {1, 1, PDP_ENCAP_UDP, 4, 0, 0, 5001, 6001, "192.0.2.1", "192.0.2.2"},
	[2] = {1, 2, PDP_ENCAP_UDP, 6, 0, 0, 5002, 6002, "2001:db8::1", "2001:db8::2"},
	[3] = {1, 1, PDP_ENCAP_UDP, 4, 100 << 16, 0, 5003, 6003, "192.0.2.1", "192.0.2.3"},
	[4] = {1, 1, PDP_ENCAP_UDP, 4, 100 << 16 | 200, 0, 5004, 6004, "192.0.2.1", "192.0.2.4"},
	[5] = {2, 2, PDP_ENCAP_VXLAN, 4, 0, 42, 4789, 4789, "198.51.100.1", "198.51.100.9"},
	[6] = {2, 2, PDP_ENCAP_VXLAN, 6, 0, 0x424242, 4789, 4789, "2001:db8::1", "2001:db8::9"},
	[7] = {3, 1, PDP_ENCAP_UDP, 4, 0, 0, 5007, 6007, "192.0.2.1", "192.0.2.7"},
	[8] = {4, 1, PDP_ENCAP_UDP, 4, 0, 0, 5008, 6008, "192.0.2.1", "192.0.2.8"},
	[9] = {2, 2, PDP_ENCAP_VXLAN, 4, 0, 42, 8472, 8472, "198.51.100.1", "198.51.100.9"},
};

static const uint16_t guest_vnet[NODE_GUESTS + 1] = {0, 1, 1, 2, 2, 3, 3};

static void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void die(const char *fmt, ...)
{
	int err = errno;
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(1);
}

static uint32_t add_link(const char *name)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd),
		 "ip link add %s numrxqueues 2 type veth peer name %s-p && ip link set %s up", name,
		 name, name);
	if (system(cmd))
		die("'%s' failed", cmd);
	return if_nametoindex(name);
}

static void make_devices(struct node *node)
{
	if (unshare(CLONE_NEWNET))
		die("no network namespace of its own");
	node->port_ifindex[1] = add_link("pdpA");
	node->port_ifindex[2] = add_link("pdpB");
	for (int i = 1; i <= NODE_GUESTS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "fe%d", i);
		node->link_ifindex[i] = add_link(name);
	}
	for (int i = 1; i <= NODE_VIFS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "mh%d", i);
		if (vifs[i].vnet <= 2)
			node->vif_ifindex[i] = add_link(name);
	}
	node->delay_ifindex = add_link("delay");
	node->other_ifindex = if_nametoindex("lo");
}

/* Give an object the maps that are there already, and note those it brings. */
static void share_maps(struct node *node, const struct bpf_object *object)
{
	for (int i = 0; i < NODE_MAPS; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, map_names[i]);

		if (map && node->map[i] >= 0 && bpf_map__reuse_fd(map, node->map[i]))
			die("map %s cannot be shared", map_names[i]);
	}
}

static void note_maps(struct node *node, const struct bpf_object *object)
{
	for (int i = 0; i < NODE_MAPS; i++)
		if (node->map[i] < 0)
			node->map[i] = bpf_object__find_map_fd_by_name(object, map_names[i]);
}

static void load(struct node *node, struct bpf_object *object)
{
	share_maps(node, object);
	if (bpf_object__load(object))
		die("object %s does not load", bpf_object__name(object));
	note_maps(node, object);
}

static void load_programs(struct node *node)
{
	struct node_objects *objects = calloc(1, sizeof(*objects));

	node->objects = objects;
	for (int i = 0; i < NODE_MAPS; i++)
		node->map[i] = -1;
	objects->classify = classify_bpf__open();
	objects->dispatch = dispatch_bpf__open();
	objects->guest = guest_bpf__open();
	objects->vif_out = vif_out_bpf__open();
	objects->delayed = delayed_bpf__open();
	objects->pass = pass_bpf__open();
	if (!objects->classify || !objects->dispatch || !objects->guest || !objects->vif_out ||
	    !objects->delayed || !objects->pass)
		die("cannot open the BPF objects");
	objects->guest->rodata->guest_id = 1;
	load(node, objects->classify->obj);
	load(node, objects->dispatch->obj);
	load(node, objects->guest->obj);
	load(node, objects->vif_out->obj);
	load(node, objects->delayed->obj);
	load(node, objects->pass->obj);
	node->prog[PROG_CLASSIFY] = bpf_program__fd(objects->classify->progs.pdp_classify);
	node->prog[PROG_DISPATCH] = bpf_program__fd(objects->dispatch->progs.pdp_dispatch);
	node->prog[PROG_GUEST_RX] = bpf_program__fd(objects->guest->progs.pdp_guest_rx);
	node->prog[PROG_VIF_OUT] = bpf_program__fd(objects->vif_out->progs.pdp_vif_out);
	node->prog[PROG_DELAYED] = bpf_program__fd(objects->delayed->progs.pdp_delayed);
	node->prog[PROG_PASS] = bpf_program__fd(objects->pass->progs.pdp_pass);
}

/* An unbound AF_XDP socket is enough to be found in the map. */
static void open_socket(struct node *node)
{
	uint32_t queue = NODE_XSK_QUEUE;
	struct node_objects *objects = node->objects;

	objects->xsk = socket(AF_XDP, SOCK_RAW, 0);
	if (objects->xsk < 0 || bpf_map_update_elem(bpf_map__fd(objects->guest->maps.pdp_xsks),
						    &queue, &objects->xsk, BPF_ANY))
		die("no AF_XDP socket");
}

void node_set(const struct node *node, enum node_map map, const void *key, const void *value)
{
	if (bpf_map_update_elem(node->map[map], key, value, BPF_ANY))
		die("cannot set an element of %s", map_names[map]);
}

void node_get(const struct node *node, enum node_map map, const void *key, void *value)
{
	if (bpf_map_lookup_elem(node->map[map], key, value))
		die("cannot read an element of %s", map_names[map]);
}

void node_delete(const struct node *node, enum node_map map, const void *key)
{
	if (bpf_map_delete_elem(node->map[map], key) && errno != ENOENT)
		die("cannot delete an element of %s", map_names[map]);
}

static struct pdp_addr read_addr(const char *text)
{
	struct pdp_addr addr = {.word = {0, 0, htonl(0xffff), 0}};

	if (inet_pton(AF_INET, text, &addr.word[3]) != 1 && inet_pton(AF_INET6, text, &addr) != 1)
		die("'%s' is no address", text);
	return addr;
}

static void build_vif(struct node *node, uint16_t id)
{
	node->vif[id] = (struct pdp_vif){
		.owner = {.vnet = vifs[id].vnet,
			  .port = vifs[id].port,
			  .encap = vifs[id].encap,
			  .family = vifs[id].family,
			  .mtu = NODE_MTU},
		.next_hop.mac = {0x02, 0xaa, 0xbb, 0xcc, 0xdd, id},
		.source.mac = {0x02, 0x11, 0x22, 0x33, 0x44, id},
		.vlans = vifs[id].vlans,
		.vni = htonl(vifs[id].vni << 8),
		.local_port = htons(vifs[id].local_port),
		.remote_port = htons(vifs[id].remote_port),
		.local = read_addr(vifs[id].local),
		.remote = read_addr(vifs[id].remote),
	};
	if (node->vif_ifindex[id])
		node->vif[id].guest = (struct pdp_vif_mac){{0x02, 0x99, 0x88, 0x77, 0x66, id}};
}

struct pdp_tunnel_key node_tunnel_key(const struct node *node, uint16_t vif)
{
	const struct pdp_vif *v = &node->vif[vif];

	return (struct pdp_tunnel_key){
		.local = v->local,
		.port = v->local_port,
		.vni = v->owner.encap == PDP_ENCAP_VXLAN ? v->vni : PDP_VNI_NONE,
	};
}

static void fill_vif(struct node *node, uint32_t id)
{
	const struct pdp_vif *vif = &node->vif[id];
	struct pdp_tunnel_key key = node_tunnel_key(node, id);
	bool vxlan = vif->owner.encap == PDP_ENCAP_VXLAN;
	struct pdp_tunnel tunnel = {
		.vif = id,
		.vnet = vif->owner.vnet,
		.encap = vif->owner.encap,
		.remote_port = vxlan ? 0 : vif->remote_port,
		.vlans = vif->vlans,
		.remote = vif->remote,
	};

	node_set(node, MAP_VIFS, &id, vif);
	node_set(node, MAP_TUNNELS, &key, &tunnel);
	if (node->vif_ifindex[id]) {
		node_set(node, MAP_VIF_LINKS, &id, &node->vif_ifindex[id]);
		node_set(node, MAP_VIF_SENDERS, &node->vif_ifindex[id], &id);
	}
	if (vxlan) {
		key.vni = PDP_VNI_NONE;
		node_set(node, MAP_TUNNELS, &key, &(struct pdp_tunnel){.encap = PDP_ENCAP_VXLAN});
	}
}

static void fill_guest(struct node *node, uint32_t id)
{
	node->guest[id] = (struct pdp_guest){
		.mac = {0x02, 0xfe, 0, 0, 1, id},
		.md_mac = {0x02, 0xfe, 0, 0, 2, id},
		.vnet = guest_vnet[id],
	};
	node_set(node, MAP_GUESTS, &id, &node->guest[id]);
	node_set(node, MAP_PACES, &id, &(struct pdp_pace){0});
	node_set(node, MAP_FE_LINKS, &id, &node->link_ifindex[id]);
	node_set(node, MAP_SENDERS, &node->link_ifindex[id], &id);
}

void node_set_table(const struct node *node, uint16_t vnet, uint8_t half, enum pdp_policy policy,
		    const uint16_t *guests, uint16_t n_slots)
{
	uint32_t id = vnet, table = vnet * 2 + half;
	struct pdp_slot_table slots = {0};
	struct pdp_vnet value;

	memcpy(slots.guest, guests, n_slots * sizeof(*guests));
	node_set(node, MAP_SLOTS, &table, &slots);
	node_get(node, MAP_VNETS, &id, &value);
	value.table = (struct pdp_table){.n_slots = n_slots, .half = half, .policy = policy};
	node_set(node, MAP_VNETS, &id, &value);
}

static void reset_vnet(const struct node *node, uint32_t id)
{
	void *turns = calloc(libbpf_num_possible_cpus(), sizeof(uint64_t));

	node_set(node, MAP_TURNS, &id, turns);
	free(turns);
	node_set(node, MAP_VNETS, &id, &(struct pdp_vnet){0});
	node_set(node, MAP_SEQS, &id, &(struct pdp_seqs){0});
	node_set(node, MAP_NEWEST, &id, &(struct pdp_newest){0});
	node_set(node, MAP_KEYS, &id, &(struct pdp_key){0});
	node_set(node, MAP_FLOWLETS, &id, &(struct pdp_flowlets){0});
	node_set(node, MAP_POLICE, &id, &(struct pdp_police){0});
}

static void clear_tunnels(const struct node *node)
{
	struct pdp_tunnel_key key;

	while (!bpf_map_get_next_key(node->map[MAP_TUNNELS], NULL, &key))
		node_delete(node, MAP_TUNNELS, &key);
}

void node_fill(struct node *node)
{
	static const uint16_t red[] = {1, 2, 1, 2, 2, 1, 2, 1}, green[] = {3, 4};
	const uint32_t zero = 0, packet_id = NODE_PACKET_ID;

	node_set(node, MAP_DELAY_LINK, &zero, &node->delay_ifindex);
	if (bpf_map_update_elem(bpf_map__fd(node->objects->vif_out->maps.bss), &zero, &packet_id,
				BPF_ANY))
		die("cannot set the next packet id");
	for (uint32_t id = 1; id <= NODE_PORTS; id++) {
		node_set(node, MAP_PORTS, &id, &node->port_ifindex[id]);
		node_set(node, MAP_PORT_IDS, &node->port_ifindex[id], &id);
	}
	for (uint32_t id = 1; id <= NODE_VNETS; id++)
		reset_vnet(node, id);
	clear_tunnels(node);
	for (uint32_t id = 1; id <= NODE_VIFS; id++)
		fill_vif(node, id);
	for (uint32_t id = 1; id <= NODE_GUESTS; id++)
		fill_guest(node, id);
	node_set_table(node, 1, 0, PDP_POLICY_FLOW_HASH, red, 8);
	node_set_table(node, 2, 0, PDP_POLICY_ROUND_ROBIN, green, 2);
	node_set_table(node, 3, 0, PDP_POLICY_WEIGHTED, node_weighted_slots, 5);
}

void node_start(struct node *node)
{
	memset(node, 0, sizeof(*node));
	make_devices(node);
	load_programs(node);
	open_socket(node);
	for (int i = 1; i <= NODE_VIFS; i++)
		build_vif(node, i);
	node_fill(node);
}

void node_stop(struct node *node)
{
	struct node_objects *objects = node->objects;

	close(objects->xsk);
	classify_bpf__destroy(objects->classify);
	dispatch_bpf__destroy(objects->dispatch);
	guest_bpf__destroy(objects->guest);
	vif_out_bpf__destroy(objects->vif_out);
	delayed_bpf__destroy(objects->delayed);
	pass_bpf__destroy(objects->pass);
	free(objects);
	node->objects = NULL;
}

int node_run(const struct node *node, enum node_prog prog, uint32_t ifindex, uint32_t queue,
	     const struct packet *in, struct packet *out)
{
	struct xdp_md ctx = {
		.data_end = in->len,
		.ingress_ifindex = ifindex,
		.rx_queue_index = queue,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->data, .data_size_in = in->len,
		    .data_out = out->data, .data_size_out = sizeof(out->data), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);

	if (bpf_prog_test_run_opts(node->prog[prog], &opts))
		die("the kernel does not run the program on %zu bytes", in->len);
	out->len = opts.data_size_out;
	return opts.retval;
}

/* All CPUs' values of one element, summed field by field. */
static void sum(const struct node *node, enum node_map map, uint32_t id, void *out, size_t size)
{
	size_t words = size / sizeof(uint64_t), n = words * libbpf_num_possible_cpus();
	uint64_t *values = calloc(n, sizeof(*values)), *total = out;

	node_get(node, map, &id, values);
	memset(out, 0, size);
	for (size_t i = 0; i < n; i++)
		total[i % words] += values[i];
	free(values);
}

void node_read_stats(const struct node *node, struct node_stats *stats)
{
	for (uint32_t i = 0; i <= NODE_PORTS; i++)
		sum(node, MAP_PORT_STATS, i, &stats->port[i], sizeof(stats->port[i]));
	for (uint32_t i = 0; i <= NODE_VNETS + 1; i++)
		sum(node, MAP_VNET_STATS, i, &stats->vnet[i], sizeof(stats->vnet[i]));
	for (uint32_t i = 0; i <= NODE_VIFS + 1; i++)
		sum(node, MAP_VIF_STATS, i, &stats->vif[i], sizeof(stats->vif[i]));
	for (uint32_t i = 0; i <= NODE_GUESTS + 1; i++)
		sum(node, MAP_GUEST_STATS, i, &stats->guest[i], sizeof(stats->guest[i]));
	sum(node, MAP_NODE_STATS, 0, &stats->node, sizeof(stats->node));
}

#define NAME(name, help) #name,
static const char *const port_names[] = {PDP_PASS_REASONS(NAME)};
static const char *const vnet_names[] = {PDP_VNET_COUNTS(NAME) PDP_CLASSIFY_DROPS(
	NAME) PDP_DISPATCH_DROPS(NAME) PDP_VIF_OUT_DROPS(NAME) PDP_LATE_COUNTS(NAME)};
static const char *const vif_names[] = {PDP_VIF_COUNTS(NAME)};
static const char *const guest_names[] = {PDP_GUEST_COUNTS(NAME) PDP_LATE_COUNTS(NAME)};
static const char *const node_names[] = {PDP_NODE_COUNTS(NAME)};
#undef NAME

#define GROUP(member, title, table)                                                            \
	{                                                                                      \
		offsetof(struct node_stats, member), sizeof(((struct node_stats *)0)->member), \
			sizeof(table) / sizeof(*(table)), title, table                         \
	}

const char *node_counter_name(size_t offset)
{
	static const struct {
		size_t at, size, fields;
		const char *title;
		const char *const *names;
	} groups[] = {
		GROUP(port, "port", port_names), GROUP(vnet, "vnet", vnet_names),
		GROUP(vif, "vif", vif_names),	 GROUP(guest, "guest", guest_names),
		GROUP(node, "node", node_names),
	};
	static char text[64];

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		size_t word = (offset - groups[i].at) / sizeof(uint64_t);

		if (offset < groups[i].at || offset >= groups[i].at + groups[i].size)
			continue;
		snprintf(text, sizeof(text), "%s %zu %s", groups[i].title, word / groups[i].fields,
			 groups[i].names[word % groups[i].fields]);
		return text;
	}
	return "no counter";
}

uint64_t node_drops(const struct pdp_vnet_stats *stats)
{
	uint64_t drops = 0;

#define ADD(name, help) drops += stats->name;
	PDP_CLASSIFY_DROPS(ADD)
	PDP_DISPATCH_DROPS(ADD)
	PDP_VIF_OUT_DROPS(ADD)
#undef ADD
	return drops;
}
