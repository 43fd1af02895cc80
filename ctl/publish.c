/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * publish.c - the one hand that writes the configuration maps.
 *
 * Between the node (ctl/node.c) and the programs that run on every packet: here ports, guests, tunnels and the
 * delay line; publish_vif.c and publish_vnet.c have the rest.
 */
#include "ctl/publish.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/police.h"
#include "ctl/publish_maps.h"

int pdp_publish_open(struct pdp_publish **out, struct pdp_loader *loader, struct pdp_error *err)
{
	struct pdp_publish *store = calloc(1, sizeof(*store));

	if (!store)
		return pdp_fail(err, -ENOMEM, "no memory for the map store");
	store->loader = loader;
	*out = store;
	return 0;
}

void pdp_publish_close(struct pdp_publish *store)
{
	free(store);
}

int pdp_publish_port(struct pdp_publish *store, uint16_t port, int ifindex, int was,
		     struct pdp_error *err)
{
	return pdp_publish_devmap(store, PDP_MAP_PORTS, PDP_MAP_PORT_IDS, port, ifindex, was, err);
}

int pdp_publish_guest(struct pdp_publish *store, uint16_t id, const struct pdp_guest *guest,
		      int link_ifindex, int was, bool up, struct pdp_error *err)
{
	uint32_t key = id;
	struct pdp_guest *at = PDP_ELEMENT(store, PDP_MAP_GUESTS, id, struct pdp_guest);

	/* Its limit is no part of what it is: it stays. */
	if (memcmp(at, guest, offsetof(struct pdp_guest, power)) != 0) {
		memcpy(at, guest, offsetof(struct pdp_guest, power));
		store->writes++;
	}
	if (up)
		return pdp_publish_devmap(store, PDP_MAP_FE_LINKS, PDP_MAP_SENDERS, id,
					  link_ifindex, was, err);
	pdp_publish_forget(store, PDP_MAP_FE_LINKS, &key);
	return 0;
}

int pdp_publish_find_guest(const struct pdp_publish *store, uint16_t id,
			   struct pdp_guest_place *out)
{
	const struct pdp_guest *at = PDP_ELEMENT(store, PDP_MAP_GUESTS, id, struct pdp_guest);
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
	struct pdp_guest *at = PDP_ELEMENT(store, PDP_MAP_GUESTS, id, struct pdp_guest);
	uint32_t key = id, link = (uint32_t)was;

	/* A devmap forgets a device that goes; this map does not. */
	if (link)
		pdp_publish_forget(store, PDP_MAP_SENDERS, &link);
	/* It is written before the others, so it tells of them. */
	if (!memcmp(at, &none, sizeof(*at)))
		return;
	pdp_publish_forget(store, PDP_MAP_FE_LINKS, &key);
	*at = none;
	store->writes++;
}

void pdp_publish_power(struct pdp_publish *store, uint16_t guest, uint64_t pps)
{
	pdp_publish_word(store, &PDP_ELEMENT(store, PDP_MAP_GUESTS, guest, struct pdp_guest)->power,
			 (union pdp_word){.limit = pdp_police_power(pps)});
}

uint64_t pdp_publish_power_pps(const struct pdp_publish *store, uint16_t guest)
{
	return pdp_police_pps(PDP_ELEMENT(store, PDP_MAP_GUESTS, guest, struct pdp_guest)->power);
}

int pdp_publish_delay(struct pdp_publish *st, int ifindex, struct pdp_error *err)
{
	const uint32_t only = 0, now = (uint32_t)ifindex;

	if (ifindex)
		return pdp_publish_value(st, PDP_MAP_DELAY_LINK, &only, &now, sizeof(now), err);
	pdp_publish_forget(st, PDP_MAP_DELAY_LINK, &only);
	return 0;
}

int pdp_publish_tunnel(struct pdp_publish *st, const struct pdp_tunnel_key *key,
		       const struct pdp_tunnel *tunnel, struct pdp_error *err)
{
	return pdp_publish_value(st, PDP_MAP_TUNNELS, key, tunnel, sizeof(*tunnel), err);
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
			pdp_publish_forget(st, map, keys + i * key_size);
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
