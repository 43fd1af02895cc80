/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * owner_maps.c - the maps of a vnet owner's own program; see owner.h.
 *
 * Pinned as vnets/<vnet>/<map>, once for all guests of the vnet. The loader that put them in force holds them
 * too: so it pins them again when somebody has taken the pins away, and a guest that comes in between has the
 * same maps as its siblings.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/internal.h"
#include "loader/owner.h"

struct pdp_owner_held {
	struct pdp_owner_held *next;
	char vnet[PDP_OWNER_VNET_MAX];
	char name[BPF_OBJ_NAME_LEN];
	int fd;
};

static bool is_vnets(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map) && bpf_map__type(map) != BPF_MAP_TYPE_XSKMAP;
}

/* --- that this loader holds ------------------------------------------------------------------------ */

static struct pdp_owner_held *find_held(const struct pdp_loader *ld, const char *vnet,
					const char *name)
{
	struct pdp_owner_held *held = ld->owner_maps;

	while (held && (strcmp(held->vnet, vnet) != 0 || strcmp(held->name, name) != 0))
		held = held->next;
	return held;
}

/* In the place of one of this name; fd stays the caller's. */
static int hold(struct pdp_loader *ld, const char *vnet, const char *name, int fd,
		struct pdp_error *err)
{
	struct pdp_owner_held *held = find_held(ld, vnet, name);
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return pdp_fail(err, -errno, "cannot keep map %s: %s", name, strerror(errno));
	if (held) {
		close(held->fd);
		held->fd = copy;
		return 0;
	}
	held = malloc(sizeof(*held));
	if (!held) {
		close(copy);
		return pdp_fail(err, -ENOMEM, "out of memory");
	}
	*held = (struct pdp_owner_held){.next = ld->owner_maps, .fd = copy};
	snprintf(held->vnet, sizeof(held->vnet), "%s", vnet);
	snprintf(held->name, sizeof(held->name), "%s", name);
	ld->owner_maps = held;
	return 0;
}

/* Those of a vnet, or of all; but not those that the object has. Either may be NULL. */
static void let_go(struct pdp_loader *ld, const char *vnet, const struct bpf_object *object)
{
	struct pdp_owner_held **at = &ld->owner_maps, *held;

	while ((held = *at)) {
		if ((vnet && strcmp(held->vnet, vnet) != 0) ||
		    (object && bpf_object__find_map_by_name(object, held->name))) {
			at = &held->next;
			continue;
		}
		*at = held->next;
		close(held->fd);
		free(held);
	}
}

void pdp_owner_close(struct pdp_loader *ld)
{
	let_go(ld, NULL, NULL);
}

static int pin(const struct pdp_loader *ld, const char *vnet, const char *map, int fd,
	       struct pdp_error *err)
{
	char name[PDP_PATH_MAX];
	int rc = pdp_pins_mkdir(ld, "vnets", err);

	snprintf(name, sizeof(name), "vnets/%s", vnet);
	if (!rc)
		rc = pdp_pins_mkdir(ld, name, err);
	snprintf(name, sizeof(name), "vnets/%s/%s", vnet, map);
	return rc ? rc : pdp_pins_publish(ld, fd, name, err);
}

int pdp_owner_repin(const struct pdp_loader *ld, unsigned int *n, struct pdp_error *err)
{
	char path[PDP_PATH_MAX];
	int rc = 0;

	for (const struct pdp_owner_held *held = ld->owner_maps; !rc && held; held = held->next) {
		pdp_pins_path(ld, path, "vnets/%s/%s", held->vnet, held->name);
		if (!access(path, F_OK))
			continue;
		rc = pin(ld, held->vnet, held->name, held->fd, err);
		++*n;
	}
	return rc;
}

/* --- given to an object ---------------------------------------------------------------------------- */

/* The vnet's map of this name, pinned or held, if it is as the object has it; -ENOENT. The caller closes it. */
static int find(const struct pdp_loader *ld, const char *vnet, const struct bpf_map *map,
		bool *pinned)
{
	const struct pdp_owner_held *held = find_held(ld, vnet, bpf_map__name(map));
	char path[PDP_PATH_MAX];
	int fd;

	pdp_pins_path(ld, path, "vnets/%s/%s", vnet, bpf_map__name(map));
	fd = bpf_obj_get(path);
	*pinned = fd >= 0;
	if (fd < 0 && errno == ENOENT && held)
		fd = fcntl(held->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	if (!pdp_map_check(map, fd, NULL))
		return fd;
	close(fd);
	return -ENOENT;
}

int pdp_owner_share_maps(const struct pdp_loader *ld, struct bpf_object *object,
			 const struct bpf_object *frame, const char *vnet, struct pdp_error *err)
{
	struct bpf_map *map;
	int rc = 0, fd;
	bool pinned;

	bpf_object__for_each_map(map, object) {
		if (rc || bpf_map__is_internal(map))
			continue;
		if (bpf_map__type(map) == BPF_MAP_TYPE_XSKMAP) {
			rc = bpf_map__reuse_fd(map,
					       bpf_object__find_map_fd_by_name(frame, "pdp_xsks"));
		} else if (vnet) {
			fd = find(ld, vnet, map, &pinned);
			if (fd >= 0) {
				rc = bpf_map__reuse_fd(map, fd);
				close(fd);
			}
		}
		if (rc)
			pdp_fail(err, rc, "cannot give the object its map %s: %s",
				 bpf_map__name(map), strerror(-rc));
	}
	return rc;
}

/* --- in force -------------------------------------------------------------------------------------- */

struct withdrawal {
	const struct pdp_loader *ld;
	const struct bpf_object *object;
	const char *vnet;
};

/* A map that the object does not have any more. */
static int withdraw(const char *name, void *arg)
{
	const struct withdrawal *w = arg;
	char path[PDP_PATH_MAX];

	if (bpf_object__find_map_by_name(w->object, name))
		return 0;
	pdp_pins_path(w->ld, path, "vnets/%s/%s", w->vnet, name);
	return pdp_pins_remove(path, NULL);
}

static int publish(struct pdp_loader *ld, const char *vnet, const struct bpf_map *map,
		   struct pdp_error *err)
{
	bool pinned;
	int fd = find(ld, vnet, map, &pinned), rc = 0;

	if (fd >= 0)
		close(fd);
	if (fd < 0 || !pinned)
		rc = pin(ld, vnet, bpf_map__name(map), bpf_map__fd(map), err);
	return rc ? rc : hold(ld, vnet, bpf_map__name(map), bpf_map__fd(map), err);
}

int pdp_owner_publish(struct pdp_loader *ld, const struct bpf_object *object, const char *vnet,
		      struct pdp_error *err)
{
	struct withdrawal withdrawal = {ld, object, vnet};
	char path[PDP_PATH_MAX];
	struct bpf_map *map;
	int rc = 0;

	bpf_object__for_each_map(map, object)
		if (!rc && is_vnets(map))
			rc = publish(ld, vnet, map, err);
	if (rc)
		return rc;
	let_go(ld, vnet, object);
	pdp_pins_path(ld, path, "vnets/%s", vnet);
	return pdp_pins_each(path, withdraw, &withdrawal);
}

int pdp_loader_each_owner_map(const struct pdp_loader *ld, const char *vnet,
			      int (*fn)(const char *name, int fd, void *arg), void *arg)
{
	int rc = 0;

	for (const struct pdp_owner_held *held = ld->owner_maps; !rc && held; held = held->next)
		if (!strcmp(held->vnet, vnet))
			rc = fn(held->name, held->fd, arg);
	return rc;
}

int pdp_loader_drop_owner(struct pdp_loader *ld, const char *vnet, struct pdp_error *err)
{
	char path[PDP_PATH_MAX];

	let_go(ld, vnet, NULL);
	pdp_pins_path(ld, path, "vnets/%s", vnet);
	return pdp_pins_remove(path, err);
}

/* --- the map of vifs ------------------------------------------------------------------------------- */

static const struct pdp_dp_vif *find_vif(const struct pdp_owner_conf *conf, uint32_t id)
{
	for (size_t i = 0; i < conf->n_vifs; i++)
		if (conf->vifs[i].id == id && conf->vifs[i].family)
			return &conf->vifs[i];
	return NULL;
}

static int set_vif(int fd, const struct pdp_dp_vif *vif, struct pdp_error *err)
{
	const struct pdp_dp_vif none = {0};
	uint32_t id = vif->id;

	if (vif->family && bpf_map_update_elem(fd, &id, vif, BPF_ANY))
		return pdp_fail(err, -errno,
				"map " PDP_OWNER_VIFS
				" has no place for vif %u (%s): it needs room for all "
				"vifs of the vnet, as an array up to the highest id",
				id, strerror(errno));
	/* An array's elements stay, and are as if they had never been set. */
	if (!vif->family && bpf_map_delete_elem(fd, &id) && errno == EINVAL)
		bpf_map_update_elem(fd, &id, &none, BPF_ANY);
	return 0;
}

int pdp_owner_fill_vifs(int fd, const struct pdp_owner_conf *conf, struct pdp_error *err)
{
	uint32_t id, next;
	int rc = 0, end = bpf_map_get_next_key(fd, NULL, &next);

	while (!end) {
		id = next;
		end = bpf_map_get_next_key(fd, &id, &next);
		if (!find_vif(conf, id))
			set_vif(fd, &(struct pdp_dp_vif){.id = (uint16_t)id}, NULL);
	}
	for (size_t i = 0; !rc && i < conf->n_vifs; i++)
		rc = set_vif(fd, &conf->vifs[i], err);
	return rc;
}

int pdp_loader_owner_vif(const struct pdp_loader *ld, const char *vnet,
			 const struct pdp_dp_vif *vif, struct pdp_error *err)
{
	const struct pdp_owner_held *held = find_held(ld, vnet, PDP_OWNER_VIFS);

	return held ? set_vif(held->fd, vif, err) : 0;
}
