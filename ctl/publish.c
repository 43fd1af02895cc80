/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * publish.c - the one hand that writes the configuration maps.
 *
 * Between the node (ctl/node.c) and the programs that run on every packet. Arrays are written through
 * their shared memory: a struct's other words first, then the word that brings it into force.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <endian.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ctl/hops.h"
#include "ctl/prefix.h"
#include "ctl/publish.h"

/* A packet that began so long ago has left its program. */
#define SETTLED_NS 1000000000ULL

/* Of a limit by power: sources send in bursts. */
#define POWER_BURST_MS 50
#define POWER_BURST_MIN 64

/* A vnet's two limits, of which the lower is in force. */
struct limits {
	uint64_t rate_pps; /* 0 = none, for both */
	uint64_t power_pps;
	uint32_t rate_burst;
};

struct pdp_publish {
	struct pdp_loader *loader;
	uint64_t writes;
	struct limits limits[PDP_MAX_VNETS + 1];
	uint64_t flipped_ns[PDP_MAX_VNETS + 1];
	uint64_t retired_ns; /* when a vif was last taken out of use */
};

/* The words that are stored at once. */
union word {
	uint64_t bits;
	struct pdp_table table;
	struct pdp_vif_owner owner;
	struct pdp_vif_mac mac;
	struct pdp_vif_impair impair;
	struct {
		uint32_t cost;
		uint32_t burst;
	} police;
	struct {
		uint32_t gap;
		uint8_t key;
		uint8_t payload;
		uint8_t pad[2];
	} flow;
};

_Static_assert(sizeof(union word) == 8, "one store");

static void store(struct pdp_publish *st, void *at, union word word)
{
	if (__atomic_load_n((uint64_t *)at, __ATOMIC_RELAXED) == word.bits)
		return;
	__atomic_store_n((uint64_t *)at, word.bits, __ATOMIC_RELEASE);
	st->writes++;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/*
 * Until no packet reads what was in force up to then, and what is about to be written: one that began
 * before has long gone, or is waited for.
 */
static void settle(uint64_t *retired_ns)
{
	if (now_ns() - *retired_ns < SETTLED_NS)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0,
			0); /* waits as synchronize_rcu() */
	*retired_ns = 0;
}

static void *element(const struct pdp_publish *store, enum pdp_map map, uint32_t id, size_t size)
{
	return (char *)pdp_loader_map_memory(store->loader, map) + id * ((size + 7) & ~(size_t)7);
}

#define ELEMENT(store, map, id, type) ((type *)element(store, map, id, sizeof(type)))

/* What an earlier controller's power loop had in force stays so until this one's has a word on it. */
static void recall_power(struct pdp_publish *st)
{
	uint32_t id;

	for (id = 1; id < PDP_MAX_VNETS; id++)
		st->limits[id].power_pps =
			pdp_police_power_pps(ELEMENT(st, PDP_MAP_VNETS, id, struct pdp_vnet));
}

int pdp_publish_open(struct pdp_publish **out, struct pdp_loader *loader, struct pdp_error *err)
{
	struct pdp_publish *store = calloc(1, sizeof(*store));

	if (!store)
		return pdp_fail(err, -ENOMEM, "no memory for the map store");
	store->loader = loader;
	recall_power(store);
	*out = store;
	return 0;
}

void pdp_publish_close(struct pdp_publish *store)
{
	free(store);
}

#define VALUE_MAX 64 /* no value of a map that is written by bpf(2) is longer */

_Static_assert(sizeof(struct pdp_tunnel) <= VALUE_MAX, "the longest of them");

static int update(struct pdp_publish *store, enum pdp_map map, const void *key, const void *value,
		  size_t size, struct pdp_error *err)
{
	int fd = pdp_loader_map_fd(store->loader, map);
	char now[VALUE_MAX];

	if (!bpf_map_lookup_elem(fd, key, now) && !memcmp(now, value, size))
		return 0;
	store->writes++;
	if (!bpf_map_update_elem(fd, key, value, BPF_ANY))
		return 0;
	return pdp_fail(err, -errno, "write map %s: %s", pdp_map_name(map), strerror(errno));
}

/* What is not there need not go. */
static void forget(struct pdp_publish *store, enum pdp_map map, const void *key)
{
	int fd = pdp_loader_map_fd(store->loader, map);
	char now[VALUE_MAX];

	/* A devmap says yes to every deletion. */
	if (!bpf_map_lookup_elem(fd, key, now) && !bpf_map_delete_elem(fd, key))
		store->writes++;
}

/* A devmap's slot and the way back from the device to the id, for ports and for FE links alike. */
static int bind_link(struct pdp_publish *store, enum pdp_map devmap, enum pdp_map ids, uint32_t id,
		     int ifindex, int was, struct pdp_error *err)
{
	uint32_t now = (uint32_t)ifindex, before = (uint32_t)was;
	int code;

	if (before && before != now)
		forget(store, ids, &before);
	if (!now) {
		forget(store, devmap, &id);
		return 0;
	}
	code = update(store, devmap, &id, &now, sizeof(now), err);
	return code ? code : update(store, ids, &now, &id, sizeof(id), err);
}

int pdp_publish_port(struct pdp_publish *store, uint16_t port, int ifindex, int was,
		     struct pdp_error *err)
{
	return bind_link(store, PDP_MAP_PORTS, PDP_MAP_PORT_IDS, port, ifindex, was, err);
}

int pdp_publish_guest(struct pdp_publish *store, uint16_t id, const struct pdp_guest *guest,
		      int link_ifindex, int was, bool up, struct pdp_error *err)
{
	uint32_t key = id;
	struct pdp_guest *at = ELEMENT(store, PDP_MAP_GUESTS, id, struct pdp_guest);

	if (memcmp(at, guest, sizeof(*at)) != 0) {
		*at = *guest;
		store->writes++;
	}
	if (up)
		return bind_link(store, PDP_MAP_FE_LINKS, PDP_MAP_SENDERS, id, link_ifindex, was,
				 err);
	forget(store, PDP_MAP_FE_LINKS, &key);
	return 0;
}

int pdp_publish_find_guest(const struct pdp_publish *store, uint16_t id,
			   struct pdp_guest_place *out)
{
	const struct pdp_guest *at = ELEMENT(store, PDP_MAP_GUESTS, id, struct pdp_guest);
	uint32_t key = id, ifindex = 0;

	if (!at->vnet)
		return -ENOENT;
	bpf_map_lookup_elem(pdp_loader_map_fd(store->loader, PDP_MAP_FE_LINKS), &key, &ifindex);
	*out = (struct pdp_guest_place){at->vnet, (int)ifindex};
	return 0;
}

void pdp_publish_no_guest(struct pdp_publish *store, uint16_t id, int was)
{
	static const struct pdp_guest none;
	struct pdp_guest *at = ELEMENT(store, PDP_MAP_GUESTS, id, struct pdp_guest);
	uint32_t key = id, link = (uint32_t)was;

	/* A devmap forgets a device that goes; this map does not. */
	if (link)
		forget(store, PDP_MAP_SENDERS, &link);
	/* It is written before the others, so it tells of them. */
	if (!memcmp(at, &none, sizeof(*at)))
		return;
	forget(store, PDP_MAP_FE_LINKS, &key);
	*at = none;
	store->writes++;
}

/* What is neither the owner nor a MAC, which have their own ways. */
static bool same_tunnel(const struct pdp_vif *a, const struct pdp_vif *b)
{
	const size_t from = offsetof(struct pdp_vif, vlans);

	return !memcmp((const char *)a + from, (const char *)b + from, sizeof(*a) - from);
}

static union word mac_word(const struct pdp_vif_mac *mac)
{
	return (union word){.mac = *mac};
}

/* Out of use from now on; packets that are with a program still read the rest of it for a moment. */
static void retire_vif(struct pdp_publish *st, struct pdp_vif *at)
{
	if (!__atomic_load_n((uint64_t *)(void *)&at->owner, __ATOMIC_RELAXED))
		return;
	store(st, &at->owner, (union word){0});
	st->retired_ns = now_ns();
}

void pdp_publish_vif(struct pdp_publish *st, uint16_t id, const struct pdp_vif *vif)
{
	struct pdp_vif *at = ELEMENT(st, PDP_MAP_VIFS, id, struct pdp_vif);

	if (!same_tunnel(at, vif)) {
		retire_vif(st, at);
		settle(&st->retired_ns);
		memcpy(&at->vlans, &vif->vlans, sizeof(*vif) - offsetof(struct pdp_vif, vlans));
		st->writes++;
	}
	store(st, &at->next_hop, mac_word(&vif->next_hop));
	store(st, &at->source, mac_word(&vif->source));
	store(st, &at->impair, (union word){.impair = vif->impair});
	store(st, &at->owner, (union word){.owner = vif->owner});
}

void pdp_publish_no_vif(struct pdp_publish *st, uint16_t id)
{
	struct pdp_vif *at = ELEMENT(st, PDP_MAP_VIFS, id, struct pdp_vif);

	if (!__atomic_load_n((uint64_t *)(void *)&at->owner, __ATOMIC_RELAXED))
		return;
	pdp_publish_no_vif_link(st, id);
	retire_vif(st, at);
}

void pdp_publish_wipe_vif(struct pdp_publish *st, uint16_t id)
{
	static const struct pdp_vif none;
	struct pdp_vif *at = ELEMENT(st, PDP_MAP_VIFS, id, struct pdp_vif);

	if (!memcmp(at, &none, sizeof(*at)))
		return;
	settle(&st->retired_ns);
	*at = none;
	st->writes++;
}

static void store_mac(struct pdp_publish *st, struct pdp_vif_mac *at, const uint8_t mac[6])
{
	union word word = {0};

	memcpy(word.mac.mac, mac, 6);
	store(st, at, word);
}

void pdp_publish_next_hop(struct pdp_publish *st, uint16_t vif, const uint8_t mac[6])
{
	store_mac(st, &ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif)->next_hop, mac);
}

void pdp_publish_source(struct pdp_publish *st, uint16_t vif, const uint8_t mac[6])
{
	store_mac(st, &ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif)->source, mac);
}

void pdp_publish_impair(struct pdp_publish *st, uint16_t vif, struct pdp_vif_impair impair)
{
	store(st, &ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif)->impair,
	      (union word){.impair = impair});
}

static uint32_t vif_link(const struct pdp_publish *st, uint32_t vif)
{
	uint32_t ifindex = 0;

	bpf_map_lookup_elem(pdp_loader_map_fd(st->loader, PDP_MAP_VIF_LINKS), &vif, &ifindex);
	return ifindex;
}

int pdp_publish_vif_link(struct pdp_publish *st, uint16_t vif, int mh_ifindex,
			 const uint8_t guest_mac[6], struct pdp_error *err)
{
	struct pdp_vif *at = ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif);
	uint32_t was = vif_link(st, vif);
	int code;

	if (was && was != (uint32_t)mh_ifindex)
		pdp_hops_bury(st->loader, was, at->owner.vnet, true);
	code = bind_link(st, PDP_MAP_VIF_LINKS, PDP_MAP_VIF_SENDERS, vif, mh_ifindex, (int)was,
			 err);
	if (!code)
		store_mac(st, &at->guest, guest_mac);
	return code;
}

void pdp_publish_no_vif_link(struct pdp_publish *st, uint16_t vif)
{
	struct pdp_vif *at = ELEMENT(st, PDP_MAP_VIFS, vif, struct pdp_vif);
	uint32_t was = vif_link(st, vif);

	store(st, &at->guest, (union word){0});
	if (was)
		pdp_hops_bury(st->loader, was, at->owner.vnet, true);
	bind_link(st, PDP_MAP_VIF_LINKS, PDP_MAP_VIF_SENDERS, vif, 0, (int)was, NULL);
}

int pdp_publish_delay(struct pdp_publish *st, int ifindex, struct pdp_error *err)
{
	const uint32_t only = 0, now = (uint32_t)ifindex;

	if (ifindex)
		return update(st, PDP_MAP_DELAY_LINK, &only, &now, sizeof(now), err);
	forget(st, PDP_MAP_DELAY_LINK, &only);
	return 0;
}

static union word police_word(uint64_t rate_pps, uint32_t burst_packets)
{
	union word word = {0};

	pdp_police_of(rate_pps, burst_packets, &word.police.cost, &word.police.burst);
	return word;
}

static void store_police(struct pdp_publish *st, uint16_t vnet)
{
	const struct limits *limits = &st->limits[vnet];
	const bool by_power =
		limits->power_pps && (!limits->rate_pps || limits->power_pps < limits->rate_pps);
	union word word =
		by_power ? police_word(limits->power_pps, pdp_police_power_burst(limits->power_pps))
			 : police_word(limits->rate_pps, limits->rate_burst);

	word.police.burst &= ~PDP_POLICE_POWER;
	if (by_power)
		word.police.burst |= PDP_POLICE_POWER;
	store(st, &ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->police_cost, word);
}

void pdp_publish_police(struct pdp_publish *st, uint16_t vnet, uint64_t rate_pps,
			uint32_t burst_packets)
{
	st->limits[vnet].rate_pps = rate_pps;
	st->limits[vnet].rate_burst = burst_packets;
	store_police(st, vnet);
}

void pdp_publish_power(struct pdp_publish *st, uint16_t vnet, uint64_t pps)
{
	st->limits[vnet].power_pps = pps;
	store_police(st, vnet);
}

uint64_t pdp_publish_power_pps(const struct pdp_publish *st, uint16_t vnet)
{
	return st->limits[vnet].power_pps;
}

void pdp_publish_local_police(struct pdp_publish *st, uint16_t vnet, uint64_t rate_pps,
			      uint32_t burst_packets)
{
	store(st, &ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->local_cost,
	      police_word(rate_pps, burst_packets));
}

void pdp_publish_flow(struct pdp_publish *st, uint16_t vnet, const struct pdp_flow_conf *flow,
		      uint32_t gap_us, enum pdp_payload payload)
{
	struct pdp_key *key = ELEMENT(st, PDP_MAP_KEYS, vnet, struct pdp_key);
	uint64_t gap = ((uint64_t)gap_us * 1000) >> PDP_FLOWLET_SHIFT;

	if (memcmp(key, &flow->bytes, sizeof(*key)) != 0) {
		*key = flow->bytes;
		st->writes++;
	}
	store(st, &ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->flowlet_gap,
	      (union word){.flow = {.gap = (uint32_t)gap,
				    .key = (uint8_t)flow->key,
				    .payload = (uint8_t)payload}});
}

uint32_t pdp_publish_gap_us(const struct pdp_publish *store, uint16_t vnet)
{
	const struct pdp_vnet *at = ELEMENT(store, PDP_MAP_VNETS, vnet, struct pdp_vnet);

	/* Rounded up, as it was rounded down. */
	return (uint32_t)((((uint64_t)at->flowlet_gap << PDP_FLOWLET_SHIFT) + 999) / 1000);
}

struct pdp_table pdp_publish_table(const struct pdp_publish *store, uint16_t vnet)
{
	union word word;

	word.bits = __atomic_load_n(
		(uint64_t *)(void *)&ELEMENT(store, PDP_MAP_VNETS, vnet, struct pdp_vnet)->table,
		__ATOMIC_RELAXED);
	return word.table;
}

static struct pdp_slot_table *slots_at(const struct pdp_publish *st, uint16_t vnet, uint8_t half)
{
	return ELEMENT(st, PDP_MAP_SLOTS, 2U * vnet + (half & 1), struct pdp_slot_table);
}

int pdp_publish_slots(struct pdp_publish *st, uint16_t vnet, enum pdp_policy policy,
		      const struct pdp_share *shares, size_t n_shares,
		      const struct pdp_rebalance *moved, struct pdp_error *err)
{
	struct pdp_table table = pdp_publish_table(st, vnet), was = table;
	struct pdp_slot_table slots = {0};
	int code;

	code = pdp_slots_fill(&slots, &table.n_slots, policy, shares, n_shares);
	if (code)
		return pdp_fail(err, code, "slot table of %zu guests: %s", n_shares,
				strerror(-code));
	if (pdp_policy_hashes(policy))
		pdp_rebalance_apply(moved, &slots, table.n_slots);
	table.policy = policy;
	if (table.n_slots == was.n_slots && table.policy == was.policy &&
	    !memcmp(&slots, slots_at(st, vnet, was.half), sizeof(slots)))
		return 0;
	table.half = !was.half;
	table.generation++;
	settle(&st->flipped_ns[vnet]);
	*slots_at(st, vnet, table.half) = slots;
	store(st, &ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->table,
	      (union word){.table = table});
	st->flipped_ns[vnet] = now_ns();
	return 0;
}

void pdp_publish_find_slots(const struct pdp_publish *st, uint16_t vnet, struct pdp_slot_table *out)
{
	*out = *slots_at(st, vnet, pdp_publish_table(st, vnet).half);
}

void pdp_publish_no_slots(struct pdp_publish *st, uint16_t vnet)
{
	struct pdp_table table = pdp_publish_table(st, vnet);

	if (!table.n_slots)
		return;
	table.n_slots = 0;
	table.generation++;
	store(st, &ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet)->table,
	      (union word){.table = table});
}

void pdp_publish_no_vnet(struct pdp_publish *st, uint16_t vnet)
{
	struct pdp_vnet *at = ELEMENT(st, PDP_MAP_VNETS, vnet, struct pdp_vnet);

	memset(&st->limits[vnet], 0, sizeof(st->limits[vnet]));
	store(st, &at->table, (union word){0});
	store(st, &at->police_cost, (union word){0});
	store(st, &at->local_cost, (union word){0});
	store(st, &at->flowlet_gap, (union word){0});
}

int pdp_publish_tunnel(struct pdp_publish *st, const struct pdp_tunnel_key *key,
		       const struct pdp_tunnel *tunnel, struct pdp_error *err)
{
	return update(st, PDP_MAP_TUNNELS, key, tunnel, sizeof(*tunnel), err);
}

/* Keys are read first: a hash that is walked while it is changed begins anew. */
static void *read_keys(struct pdp_publish *st, enum pdp_map map, size_t size, size_t *n)
{
	int fd = pdp_loader_map_fd(st->loader, map);
	size_t room = 64;
	char *keys = malloc(room * size);

	for (*n = 0; keys; ++*n) {
		if (*n + 1 > room) {
			char *grown = realloc(keys, 2 * room * size);

			if (!grown)
				break;
			keys = grown;
			room *= 2;
		}
		if (bpf_map_get_next_key(fd, *n ? keys + (*n - 1) * size : NULL, keys + *n * size))
			break;
	}
	return keys;
}

void pdp_publish_keep(struct pdp_publish *st, enum pdp_map map, size_t key_size,
		      bool (*wanted)(const void *key, void *arg), void *arg)
{
	size_t i, n;
	char *keys = read_keys(st, map, key_size, &n);

	for (i = 0; keys && i < n; i++)
		if (!wanted(keys + i * key_size, arg))
			forget(st, map, keys + i * key_size);
	free(keys);
}

int pdp_publish_zero(struct pdp_publish *st, enum pdp_map map, uint32_t id, size_t size)
{
	int cpus = libbpf_num_possible_cpus(), code = 0;
	void *zero = cpus > 0 ? calloc((size_t)cpus, (size + 7) & ~(size_t)7) : NULL;

	if (!zero)
		return -ENOMEM;
	if (bpf_map_update_elem(pdp_loader_map_fd(st->loader, map), &id, zero, BPF_ANY))
		code = -errno;
	free(zero);
	return code;
}

uint64_t pdp_publish_writes(const struct pdp_publish *st)
{
	return st->writes;
}

static uint32_t vlans_of(const struct pdp_port_conf *port)
{
	return (uint32_t)port->vlan[0] << 16 | port->vlan[1];
}

static struct pdp_vif_impair impair_of(const struct pdp_impair_conf *conf)
{
	struct pdp_vif_impair impair = {.delay_ms = (uint16_t)conf->delay_ms, .down = conf->down};

	/* A random number that is not above it: that happens once more often than it says. */
	if (conf->loss)
		impair.loss = (uint32_t)(((uint64_t)conf->loss << 32) / PDP_IMPAIR_LOSS_ALL - 1);
	return impair;
}

struct pdp_vif pdp_vif_entry(const struct pdp_vif_conf *conf, const struct pdp_port_conf *port,
			     const struct pdp_vif_ids *ids, uint16_t port_mtu,
			     const uint8_t port_mac[6])
{
	struct pdp_vif vif = {
		.owner = {.vnet = ids->vnet,
			  .port = ids->port,
			  .encap = conf->encap,
			  .family = conf->local.family,
			  .mtu = port_mtu},
		.impair = impair_of(&conf->impair),
		.vlans = vlans_of(port),
		.vni = htobe32(conf->vni << 8),
		.local_port = htobe16(conf->local_port),
		.remote_port = htobe16(conf->remote_port),
		.local = pdp_addr_to_map(&conf->local),
		.remote = pdp_addr_to_map(&conf->remote),
	};

	memcpy(vif.source.mac, port_mac, 6);
	return vif;
}

int pdp_tunnel_entries(const struct pdp_vif_conf *conf, const struct pdp_port_conf *port,
		       const struct pdp_vif_ids *ids, struct pdp_tunnel_key keys[2],
		       struct pdp_tunnel tunnels[2])
{
	bool vxlan = conf->encap == PDP_ENCAP_VXLAN;

	memset(keys, 0, 2 * sizeof(*keys));
	memset(tunnels, 0, 2 * sizeof(*tunnels));
	keys[0].local = pdp_addr_to_map(&conf->local);
	keys[0].port = htobe16(conf->local_port);
	keys[0].vni = vxlan ? htobe32(conf->vni << 8) : PDP_VNI_NONE;
	tunnels[0].vif = ids->vif;
	tunnels[0].vnet = ids->vnet;
	tunnels[0].encap = conf->encap;
	tunnels[0].remote_port = vxlan ? 0 : htobe16(conf->remote_port);
	tunnels[0].flags = conf->impair.down ? PDP_TUNNEL_DOWN : 0;
	tunnels[0].vlans = vlans_of(port);
	tunnels[0].remote = pdp_addr_to_map(&conf->remote);
	if (!vxlan)
		return 1;
	keys[1] = keys[0];
	keys[1].vni = PDP_VNI_NONE;
	tunnels[1].encap = PDP_ENCAP_VXLAN;
	return 2;
}

void pdp_police_of(uint64_t rate_pps, uint32_t burst_packets, uint32_t *cost, uint32_t *burst)
{
	const uint64_t second = 1000000000ULL << PDP_POLICE_SHIFT;
	uint64_t each, early;

	*cost = 0;
	*burst = 0;
	if (!rate_pps)
		return;
	each = second / rate_pps;
	each = each ? each : 1;
	each = each < UINT32_MAX ? each : UINT32_MAX;
	early = burst_packets > 1 ? each * (burst_packets - 1) : 0;
	*cost = (uint32_t)each;
	*burst = early < UINT32_MAX ? (uint32_t)early : UINT32_MAX;
}

uint32_t pdp_police_power_burst(uint64_t pps)
{
	const uint64_t packets = pps * POWER_BURST_MS / 1000;

	return packets < POWER_BURST_MIN ? POWER_BURST_MIN : (uint32_t)packets;
}

uint64_t pdp_police_power_pps(const struct pdp_vnet *vnet)
{
	const uint64_t second = 1000000000ULL << PDP_POLICE_SHIFT;

	if (!vnet->police_cost || !(vnet->police_burst & PDP_POLICE_POWER))
		return 0;
	return second / vnet->police_cost;
}
