/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * maps.c - the maps that all programs of a node share, by name.
 *
 * A map's type and sizes stand in bpf/ alone: the object that is loaded first creates it, the others
 * are given it, and so is every object after a restart. Owns the descriptors and the mapped memory.
 *
 * libbpf's own reuse by pin path is not used: 1.1.2 refuses a DEVMAP, for which the kernel reports
 * a flag (BPF_F_RDONLY_PROG) that nobody asked for.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/internal.h"

static const char *const map_names[PDP_MAP_COUNT] = {
	[PDP_MAP_TUNNELS] = "pdp_tunnels",
	[PDP_MAP_VNETS] = "pdp_vnets",
	[PDP_MAP_SLOTS] = "pdp_slots",
	[PDP_MAP_KEYS] = "pdp_keys",
	[PDP_MAP_GUESTS] = "pdp_guests",
	[PDP_MAP_FE_LINKS] = "pdp_fe_links",
	[PDP_MAP_SENDERS] = "pdp_senders",
	[PDP_MAP_VIFS] = "pdp_vifs",
	[PDP_MAP_PORTS] = "pdp_ports",
	[PDP_MAP_PORT_IDS] = "pdp_port_ids",
	[PDP_MAP_VIF_LINKS] = "pdp_vif_links",
	[PDP_MAP_VIF_SENDERS] = "pdp_vif_senders",
	[PDP_MAP_DELAY_LINK] = "pdp_delay_link",
	[PDP_MAP_XMIT_DROPS] = "pdp_xmit_drops",
	[PDP_MAP_SEQS] = "pdp_seqs",
	[PDP_MAP_NEWEST] = "pdp_newest",
	[PDP_MAP_TURNS] = "pdp_turns",
	[PDP_MAP_FLOWLETS] = "pdp_flowlets",
	[PDP_MAP_TRANSITS] = "pdp_transits",
	[PDP_MAP_POLICE] = "pdp_police",
	[PDP_MAP_PACES] = "pdp_paces",
	[PDP_MAP_PORT_STATS] = "pdp_port_stats",
	[PDP_MAP_VNET_STATS] = "pdp_vnet_stats",
	[PDP_MAP_VIF_STATS] = "pdp_vif_stats",
	[PDP_MAP_GUEST_STATS] = "pdp_guest_stats",
	[PDP_MAP_NODE_STATS] = "pdp_node_stats",
};

const char *pdp_map_name(enum pdp_map map)
{
	return (unsigned int)map < PDP_MAP_COUNT ? map_names[map] : NULL;
}

/* PDP_MAP_COUNT for a map that is an object's own. */
static enum pdp_map find_map(const struct bpf_map *map)
{
	enum pdp_map i = 0;

	while (i < PDP_MAP_COUNT && strcmp(map_names[i], bpf_map__name(map)) != 0)
		i++;
	return i;
}

static int map_info(int fd, struct bpf_map_info *info)
{
	uint32_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &len) ? -errno : 0;
}

/* Flags as the definition has them. */
static uint32_t asked_flags(const struct bpf_map_info *info)
{
	if (info->type == BPF_MAP_TYPE_DEVMAP || info->type == BPF_MAP_TYPE_DEVMAP_HASH)
		return info->map_flags & ~BPF_F_RDONLY_PROG;
	return info->map_flags;
}

int pdp_maps_adopt(struct pdp_loader *ld, bool readonly, struct pdp_error *err)
{
	DECLARE_LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = readonly ? BPF_F_RDONLY : 0);
	char path[PDP_PATH_MAX];
	struct bpf_map_info info;

	for (enum pdp_map i = 0; i < PDP_MAP_COUNT; i++) {
		pdp_pins_path(ld, path, "maps/%s", map_names[i]);
		ld->map_fd[i] = bpf_obj_get_opts(path, &opts);
		if (ld->map_fd[i] < 0 && errno == ENOENT && !readonly)
			continue;
		if (ld->map_fd[i] < 0)
			return pdp_fail(err, -errno, "cannot open map %s: %s", path,
					strerror(errno));
		if (map_info(ld->map_fd[i], &info))
			return pdp_fail(err, -EINVAL, "%s is not a map", path);
		ld->value_size[i] = info.value_size;
		ld->map_pinned[i] = true;
	}
	return 0;
}

static int mismatch(const struct bpf_map *map, const char *what, uint32_t pinned, uint32_t built,
		    struct pdp_error *err)
{
	return pdp_fail(err, -EINVAL,
			"pinned map %s has %s %u, this build has %u; nothing was changed: run the "
			"build that made it, or remove the node with 'pdp-loader purge'",
			bpf_map__name(map), what, pinned, built);
}

int pdp_map_check(const struct bpf_map *map, int fd, struct pdp_error *err)
{
	struct bpf_map_info info;

	if (map_info(fd, &info))
		return pdp_fail(err, -EINVAL, "what is pinned as %s is not a map",
				bpf_map__name(map));
	if (info.type != bpf_map__type(map))
		return mismatch(map, "type", info.type, bpf_map__type(map), err);
	if (info.key_size != bpf_map__key_size(map))
		return mismatch(map, "key size", info.key_size, bpf_map__key_size(map), err);
	if (info.value_size != bpf_map__value_size(map))
		return mismatch(map, "value size", info.value_size, bpf_map__value_size(map), err);
	if (info.max_entries != bpf_map__max_entries(map))
		return mismatch(map, "max entries", info.max_entries, bpf_map__max_entries(map),
				err);
	if (asked_flags(&info) != bpf_map__map_flags(map))
		return mismatch(map, "flags", asked_flags(&info), bpf_map__map_flags(map), err);
	return 0;
}

int pdp_maps_check(const struct pdp_loader *ld, const struct bpf_object *object,
		   struct pdp_error *err)
{
	struct bpf_map *map;
	int rc = 0;

	bpf_object__for_each_map(map, object) {
		enum pdp_map i = find_map(map);

		if (!rc && i < PDP_MAP_COUNT && ld->map_fd[i] >= 0)
			rc = pdp_map_check(map, ld->map_fd[i], err);
	}
	return rc;
}

int pdp_maps_share(const struct pdp_loader *ld, struct bpf_object *object, struct pdp_error *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		enum pdp_map i = find_map(map);
		int rc = 0;

		if (i < PDP_MAP_COUNT && ld->map_fd[i] >= 0)
			rc = bpf_map__reuse_fd(map, ld->map_fd[i]);
		if (rc)
			return pdp_fail(err, rc, "cannot share map %s: %s", map_names[i],
					strerror(-rc));
	}
	return 0;
}

int pdp_maps_take(struct pdp_loader *ld, const struct bpf_object *object, struct pdp_error *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		enum pdp_map i = find_map(map);

		if (i == PDP_MAP_COUNT || ld->map_fd[i] >= 0)
			continue;
		ld->map_fd[i] = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
		if (ld->map_fd[i] < 0)
			return pdp_fail(err, -errno, "cannot keep map %s: %s", map_names[i],
					strerror(errno));
		ld->value_size[i] = bpf_map__value_size(map);
	}
	return 0;
}

/* The first maps of a node: all in a directory of their own, then in force by one rename. */
static int publish_all(struct pdp_loader *ld, const char *maps, struct pdp_error *err)
{
	char dir[PDP_PATH_MAX], path[PDP_PATH_MAX];
	int rc = pdp_pins_mkdir(ld, "new/maps", err);

	for (enum pdp_map i = 0; !rc && i < PDP_MAP_COUNT; i++) {
		pdp_pins_path(ld, path, "new/maps/%s", map_names[i]);
		if (bpf_obj_pin(ld->map_fd[i], path))
			rc = pdp_fail(err, -errno, "cannot pin %s: %s", path, strerror(errno));
	}
	pdp_pins_path(ld, dir, "new/maps");
	if (!rc && rename(dir, maps))
		rc = pdp_fail(err, -errno, "cannot publish %s: %s", maps, strerror(errno));
	return rc;
}

int pdp_maps_publish(struct pdp_loader *ld, struct pdp_error *err)
{
	char name[PDP_PATH_MAX], maps[PDP_PATH_MAX];
	int rc = 0;

	for (enum pdp_map i = 0; i < PDP_MAP_COUNT; i++)
		if (ld->map_fd[i] < 0)
			return pdp_fail(err, -ENOENT, "no program of this build has map %s",
					map_names[i]);
	pdp_pins_path(ld, maps, "maps");
	if (access(maps, F_OK))
		return publish_all(ld, maps, err);
	for (enum pdp_map i = 0; !rc && i < PDP_MAP_COUNT; i++) {
		snprintf(name, sizeof(name), "maps/%s", map_names[i]);
		if (!ld->map_pinned[i])
			rc = pdp_pins_publish(ld, ld->map_fd[i], name, err);
		ld->map_pinned[i] = !rc;
	}
	return rc;
}

/* The kernel maps no memory of a descriptor that may only read, not even for reading. */
static void *map_memory(const struct pdp_loader *ld, enum pdp_map map, size_t size, bool readonly)
{
	char path[PDP_PATH_MAX];
	void *memory;
	int fd;

	if (!readonly)
		return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ld->map_fd[map], 0);
	pdp_pins_path(ld, path, "maps/%s", map_names[map]);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return MAP_FAILED;
	memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return memory;
}

int pdp_maps_map_memory(struct pdp_loader *ld, bool readonly, struct pdp_error *err)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct bpf_map_info info;

	for (enum pdp_map i = 0; i < PDP_MAP_COUNT; i++) {
		void *memory;
		size_t size;

		if (map_info(ld->map_fd[i], &info) || !(info.map_flags & BPF_F_MMAPABLE))
			continue;
		size = (size_t)info.max_entries * ((info.value_size + 7) & ~7U);
		size = (size + page - 1) & ~(page - 1);
		memory = map_memory(ld, i, size, readonly);
		if (memory == MAP_FAILED)
			return pdp_fail(err, -errno, "cannot map the %zu bytes of %s: %s", size,
					map_names[i], strerror(errno));
		ld->memory[i] = memory;
		ld->memory_size[i] = size;
	}
	return 0;
}

void pdp_maps_close(struct pdp_loader *ld)
{
	for (enum pdp_map i = 0; i < PDP_MAP_COUNT; i++) {
		if (ld->memory[i])
			munmap(ld->memory[i], ld->memory_size[i]);
		ld->memory[i] = NULL;
		if (ld->map_fd[i] >= 0)
			close(ld->map_fd[i]);
		ld->map_fd[i] = -1;
	}
}

int pdp_loader_map_fd(const struct pdp_loader *ld, enum pdp_map map)
{
	return ld->map_fd[map];
}

void *pdp_loader_map_memory(const struct pdp_loader *ld, enum pdp_map map)
{
	return ld->memory[map];
}
