/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tables.c - the arrays that a guest's agent writes and its fast half reads; see tables.h.
 *
 * A set goes by the kernel's number of its first array, which names it for as long as the machine runs.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/internal.h"

#define PREFIX "tables-"

struct pdp_held_tables {
	struct pdp_held_tables *next;
	uint16_t guest;
	struct pdp_guest_tables set;
};

static const char *const names[] = {
#define NAME(NAME, name, type, entries) "pdp_rt_" #name,
	PDP_ROUTER_TABLES(NAME)
#undef NAME
};

static uint32_t entries_of(enum pdp_router_table table, const struct pdp_router_sizes *sizes)
{
	const uint32_t entries[] = {
#define ENTRIES(NAME, name, type, entries) entries,
		PDP_ROUTER_TABLES(ENTRIES)
#undef ENTRIES
	};

	return entries[table];
}

uint64_t pdp_router_sizes_bytes(const struct pdp_router_sizes *sizes)
{
	static const size_t bytes[] = {
#define BYTES(NAME, name, type, entries) sizeof(type),
		PDP_ROUTER_TABLES(BYTES)
#undef BYTES
	};
	uint64_t sum = 0;

	for (int i = 0; i < PDP_ROUTER_N_TABLES; i++)
		sum += (uint64_t)bytes[i] * entries_of(i, sizes);
	return sum;
}

enum pdp_router_table pdp_tables_index(const char *map)
{
	enum pdp_router_table i = 0;

	while (i < PDP_ROUTER_N_TABLES && strcmp(names[i], map) != 0)
		i++;
	return i;
}

/* --- sets that this loader has ---------------------------------------------------------------- */

static void close_set(struct pdp_guest_tables *set)
{
	for (int i = 0; i < PDP_ROUTER_N_TABLES; i++)
		if (set->fd[i] >= 0)
			close(set->fd[i]);
	memset(set->fd, -1, sizeof(set->fd));
}

static const struct pdp_guest_tables *find_held(const struct pdp_loader *ld, uint16_t guest,
						uint32_t id)
{
	for (const struct pdp_held_tables *held = ld->tables; held; held = held->next)
		if (held->guest == guest && held->set.id == id)
			return &held->set;
	return NULL;
}

/* The descriptors become the loader's. */
static int hold(struct pdp_loader *ld, uint16_t guest, struct pdp_guest_tables *set,
		const struct pdp_guest_tables **out, struct pdp_error *err)
{
	struct pdp_held_tables *held = malloc(sizeof(*held));

	if (!held) {
		close_set(set);
		return pdp_fail(err, -ENOMEM, "out of memory");
	}
	*held = (struct pdp_held_tables){.next = ld->tables, .guest = guest, .set = *set};
	ld->tables = held;
	*out = &held->set;
	return 0;
}

static void forget(struct pdp_loader *ld, uint16_t guest, uint32_t keep)
{
	struct pdp_held_tables **at = &ld->tables, *held;

	while ((held = *at)) {
		if (held->guest != guest || (keep && held->set.id == keep)) {
			at = &held->next;
			continue;
		}
		*at = held->next;
		close_set(&held->set);
		free(held);
	}
}

void pdp_tables_close(struct pdp_loader *ld)
{
	struct pdp_held_tables *held;

	while ((held = ld->tables)) {
		ld->tables = held->next;
		close_set(&held->set);
		free(held);
	}
}

/* --- pins ----------------------------------------------------------------------------------------- */

static int pin_set(struct pdp_loader *ld, uint16_t guest, const struct pdp_guest_tables *set,
		   unsigned int *n, struct pdp_error *err)
{
	char name[64], path[PDP_PATH_MAX];
	int rc;

	snprintf(name, sizeof(name), "guests/%u", guest);
	rc = pdp_pins_mkdir(ld, name, err);
	snprintf(name, sizeof(name), "guests/%u/" PREFIX "%u", guest, set->id);
	if (!rc)
		rc = pdp_pins_mkdir(ld, name, err);
	for (int i = 0; !rc && i < PDP_ROUTER_N_TABLES; i++) {
		snprintf(name, sizeof(name), "guests/%u/" PREFIX "%u/%s", guest, set->id, names[i]);
		pdp_pins_path(ld, path, "%s", name);
		if (!access(path, F_OK))
			continue;
		rc = pdp_pins_publish(ld, set->fd[i], name, err);
		++*n;
	}
	return rc;
}

int pdp_tables_repin(struct pdp_loader *ld, unsigned int *n, struct pdp_error *err)
{
	int rc = 0;

	for (const struct pdp_held_tables *held = ld->tables; !rc && held; held = held->next)
		rc = pin_set(ld, held->guest, &held->set, n, err);
	return rc;
}

struct removal {
	const struct pdp_loader *ld;
	uint16_t guest;
	uint32_t keep;
};

static int remove_other(const char *name, void *arg)
{
	const struct removal *removal = arg;
	char path[PDP_PATH_MAX];

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
	    strtoul(name + strlen(PREFIX), NULL, 10) == removal->keep)
		return 0;
	pdp_pins_path(removal->ld, path, "guests/%u/%.40s", removal->guest, name);
	return pdp_pins_remove(path, NULL);
}

void pdp_loader_drop_tables(struct pdp_loader *ld, uint16_t guest, uint32_t keep)
{
	struct removal removal = {ld, guest, keep};
	char path[PDP_PATH_MAX];

	forget(ld, guest, keep);
	pdp_pins_path(ld, path, "guests/%u", guest);
	pdp_pins_each(path, remove_other, &removal);
}

/* --- making and finding -------------------------------------------------------------------------- */

/* Of an object whose maps are wanted and nothing else. */
static int size_maps(struct bpf_object *object, const struct pdp_router_sizes *sizes)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int rc = 0;

	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
	bpf_object__for_each_map(map, object) {
		enum pdp_router_table table = pdp_tables_index(bpf_map__name(map));

		if (!rc && table == PDP_ROUTER_N_TABLES)
			rc = bpf_map__set_autocreate(map, false);
		else if (!rc)
			rc = bpf_map__set_max_entries(map, entries_of(table, sizes));
	}
	return rc;
}

static int take_maps(const struct bpf_object *object, struct pdp_guest_tables *set)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	for (int i = 0; i < PDP_ROUTER_N_TABLES; i++) {
		const struct bpf_map *map = bpf_object__find_map_by_name(object, names[i]);

		set->fd[i] = map ? fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3) : -1;
		if (set->fd[i] < 0)
			return -errno;
	}
	if (bpf_obj_get_info_by_fd(set->fd[0], &info, &len))
		return -errno;
	set->id = info.id;
	return 0;
}

static int make_set(struct pdp_guest_tables *set, const struct pdp_router_sizes *sizes,
		    struct pdp_error *err)
{
	struct bpf_object *object = NULL;
	int rc = pdp_object_open(&object, PDP_OBJECT_ROUTER, err);

	if (rc)
		return rc;
	rc = size_maps(object, sizes);
	if (!rc)
		rc = bpf_object__load(object);
	if (!rc)
		rc = take_maps(object, set);
	bpf_object__close(object);
	if (rc)
		pdp_fail(err, rc, "cannot make arrays of %llu bytes: %s",
			 (unsigned long long)pdp_router_sizes_bytes(sizes), strerror(-rc));
	return rc;
}

int pdp_loader_make_tables(struct pdp_loader *ld, uint16_t guest,
			   const struct pdp_router_sizes *sizes,
			   const struct pdp_guest_tables **out, struct pdp_error *err)
{
	struct pdp_guest_tables set = {.sizes = *sizes};
	unsigned int n = 0;
	int rc;

	memset(set.fd, -1, sizeof(set.fd));
	rc = make_set(&set, sizes, err);
	if (!rc)
		rc = pin_set(ld, guest, &set, &n, err);
	if (rc) {
		close_set(&set);
		return rc;
	}
	return hold(ld, guest, &set, out, err);
}

/* What is pinned may be of another build. */
static int open_map(const struct pdp_loader *ld, uint16_t guest, uint32_t id,
		    enum pdp_router_table table, int *fd, uint32_t *entries, struct pdp_error *err)
{
	static const size_t bytes[] = {
#define BYTES(NAME, name, type, entries) sizeof(type),
		PDP_ROUTER_TABLES(BYTES)
#undef BYTES
	};
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);
	char path[PDP_PATH_MAX];

	pdp_pins_path(ld, path, "guests/%u/" PREFIX "%u/%s", guest, id, names[table]);
	*fd = bpf_obj_get(path);
	if (*fd < 0)
		return pdp_fail(err, -errno, "cannot open map %s: %s", path, strerror(errno));
	if (bpf_obj_get_info_by_fd(*fd, &info, &len) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.value_size != bytes[table] || !(info.map_flags & BPF_F_MMAPABLE))
		return pdp_fail(err, -EINVAL, "%s is not a table of this build", path);
	*entries = info.max_entries;
	return 0;
}

static int open_set(const struct pdp_loader *ld, uint16_t guest, uint32_t id,
		    struct pdp_guest_tables *set, struct pdp_error *err)
{
	uint32_t entries[PDP_ROUTER_N_TABLES];
	int rc = 0;

	for (int i = 0; !rc && i < PDP_ROUTER_N_TABLES; i++)
		rc = open_map(ld, guest, id, i, &set->fd[i], &entries[i], err);
	if (rc)
		return rc;
	set->id = id;
	set->sizes = (struct pdp_router_sizes){
		.wides4 = entries[PDP_RT_WIDE4],
		.narrows4 = entries[PDP_RT_NARROW4],
		.blocks4 = entries[PDP_RT_BLOCK4],
		.nodes6 = entries[PDP_RT_NODE6],
		.hops = entries[PDP_RT_HOPS],
		.paths = entries[PDP_RT_PATHS],
		.neighs = entries[PDP_RT_NEIGHS],
		.vifs = entries[PDP_RT_VIFS],
	};
	return 0;
}

int pdp_loader_find_tables(struct pdp_loader *ld, uint16_t guest, uint32_t id,
			   const struct pdp_guest_tables **out, struct pdp_error *err)
{
	struct pdp_guest_tables set = {0};
	int rc;

	*out = find_held(ld, guest, id);
	if (*out)
		return 0;
	memset(set.fd, -1, sizeof(set.fd));
	rc = open_set(ld, guest, id, &set, err);
	if (rc) {
		close_set(&set);
		return rc;
	}
	return hold(ld, guest, &set, out, err);
}

int pdp_tables_share(const struct pdp_guest_tables *set, struct bpf_object *object,
		     struct pdp_error *err)
{
	struct bpf_map *map;
	int rc = 0;

	bpf_object__for_each_map(map, object) {
		enum pdp_router_table table = pdp_tables_index(bpf_map__name(map));

		if (!rc && table < PDP_ROUTER_N_TABLES)
			rc = bpf_map__reuse_fd(map, set->fd[table]);
	}
	return rc ? pdp_fail(err, rc, "cannot share a guest's tables: %s", strerror(-rc)) : 0;
}
