/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * publish_maps.c - how an element of a map is written: words through shared memory, whole values by bpf(2).
 *
 * Under publish.c, publish_vif.c and publish_vnet.c, which know what is to be written, and in what order.
 */
#include "ctl/publish_maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A packet that began so long ago has left its program. */
#define SETTLED_NS 1000000000ULL

#define VALUE_MAX 64 /* no value of a map that is written by bpf(2) is longer */

_Static_assert(sizeof(struct pdp_tunnel) <= VALUE_MAX, "the longest of them");

void *pdp_publish_element(const struct pdp_publish *store, enum pdp_map map, uint32_t id,
			  size_t size)
{
	return (char *)pdp_loader_map_memory(store->loader, map) + id * ((size + 7) & ~(size_t)7);
}

void pdp_publish_word(struct pdp_publish *st, void *at, union pdp_word word)
{
	if (__atomic_load_n((uint64_t *)at, __ATOMIC_RELAXED) == word.bits)
		return;
	__atomic_store_n((uint64_t *)at, word.bits, __ATOMIC_RELEASE);
	st->writes++;
}

int pdp_publish_value(struct pdp_publish *store, enum pdp_map map, const void *key,
		      const void *value, size_t size, struct pdp_error *err)
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

void pdp_publish_forget(struct pdp_publish *store, enum pdp_map map, const void *key)
{
	int fd = pdp_loader_map_fd(store->loader, map);
	char now[VALUE_MAX];

	/* A devmap says yes to every deletion. */
	if (!bpf_map_lookup_elem(fd, key, now) && !bpf_map_delete_elem(fd, key))
		store->writes++;
}

int pdp_publish_devmap(struct pdp_publish *store, enum pdp_map devmap, enum pdp_map ids,
		       uint32_t id, int ifindex, int was, struct pdp_error *err)
{
	uint32_t now = (uint32_t)ifindex, before = (uint32_t)was;
	int code;

	if (before && before != now)
		pdp_publish_forget(store, ids, &before);
	if (!now) {
		pdp_publish_forget(store, devmap, &id);
		return 0;
	}
	code = pdp_publish_value(store, devmap, &id, &now, sizeof(now), err);
	return code ? code : pdp_publish_value(store, ids, &now, &id, sizeof(id), err);
}

uint64_t pdp_publish_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

void pdp_publish_settle(uint64_t *retired_ns)
{
	if (pdp_publish_now_ns() - *retired_ns < SETTLED_NS)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0,
			0); /* waits as synchronize_rcu() */
	*retired_ns = 0;
}
