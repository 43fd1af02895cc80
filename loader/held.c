/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * held.c - the links that this loader made: are they in force as it made them, are they pinned?
 *
 * A pin is what keeps a link while no controller runs. While one does, its descriptor keeps the link as
 * well, so that pins removed by hand, or with the whole file system, cost no packet: they are made again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/internal.h"

static struct pdp_held_link *find(const struct pdp_loader *ld, const char *link)
{
	for (size_t i = 0; i < ld->n_held; i++)
		if (!strcmp(ld->held[i].name, link))
			return &ld->held[i];
	return NULL;
}

const struct pdp_held_link *pdp_held_find(const struct pdp_loader *ld, const char *link)
{
	return find(ld, link);
}

static uint32_t program_id(int fd)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

int pdp_held_add(struct pdp_loader *ld, const char *link, int fd, int prog_fd,
		 struct pdp_error *err)
{
	struct pdp_held_link *held, add = {.prog_id = program_id(prog_fd)};

	add.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (add.fd < 0)
		return pdp_fail(err, -errno, "cannot keep link %s: %s", link, strerror(errno));
	snprintf(add.name, sizeof(add.name), "%s", link);
	pdp_held_drop(ld, link);
	held = realloc(ld->held, (ld->n_held + 1) * sizeof(*held));
	if (!held) {
		close(add.fd);
		return pdp_fail(err, -ENOMEM, "out of memory");
	}
	ld->held = held;
	held[ld->n_held++] = add;
	return 0;
}

void pdp_held_drop(struct pdp_loader *ld, const char *link)
{
	struct pdp_held_link *held = find(ld, link);

	if (!held)
		return;
	close(held->fd);
	*held = ld->held[--ld->n_held];
}

void pdp_links_close(struct pdp_loader *ld)
{
	for (size_t i = 0; i < ld->n_held; i++)
		close(ld->held[i].fd);
	free(ld->held);
	ld->held = NULL;
	ld->n_held = 0;
}

int pdp_links_repin(struct pdp_loader *ld, unsigned int *n, struct pdp_error *err)
{
	char name[PDP_PATH_MAX], path[PDP_PATH_MAX];
	int rc = 0;

	for (size_t i = 0; !rc && i < ld->n_held; i++) {
		snprintf(name, sizeof(name), "links/%s", ld->held[i].name);
		pdp_pins_path(ld, path, "%s", name);
		if (!access(path, F_OK))
			continue;
		rc = pdp_pins_publish(ld, ld->held[i].fd, name, err);
		++*n;
	}
	return rc;
}

static int name_program(struct pdp_error *why, int code, const char *device, uint32_t have,
			uint32_t want)
{
	char name[BPF_OBJ_NAME_LEN];

	pdp_program_name(have, name);
	return pdp_fail(why, code, "%s: XDP program '%s' (id %u) stands there, not ours (id %u)",
			device, name, have, want);
}

/* The link of this pin is the one that we made, and on this device. */
static int check_pin(const struct pdp_loader *ld, const struct pdp_held_link *held, int ifindex,
		     struct bpf_link_info *info, struct pdp_error *why)
{
	struct bpf_link_info ours = {0};
	char path[PDP_PATH_MAX];
	int fd, rc;

	pdp_pins_path(ld, path, "links/%s", held->name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return pdp_fail(why, -errno, "link %s: %s", path, strerror(errno));
	rc = pdp_link_info(fd, info);
	close(fd);
	if (rc || pdp_link_info(held->fd, &ours) || info->id != ours.id)
		return pdp_fail(why, -ESTALE, "%s is not the link that was pinned there", path);
	if (!info->xdp.ifindex)
		return pdp_fail(why, -ENODEV, "link %s: its device has gone, or it was detached",
				held->name);
	if (info->xdp.ifindex != (uint32_t)ifindex)
		return pdp_fail(why, -EXDEV, "link %s is on ifindex %u, not on %d", held->name,
				info->xdp.ifindex, ifindex);
	return 0;
}

int pdp_loader_check_link(const struct pdp_loader *ld, const char *link, int ifindex,
			  struct pdp_error *why)
{
	const struct pdp_held_link *held = find(ld, link);
	char device[PDP_DEV_NAME_LEN];
	struct pdp_standing standing;
	struct bpf_link_info info = {0};
	int rc;

	if (!held)
		return pdp_fail(why, -ENOENT, "link %s was not made by this process", link);
	rc = check_pin(ld, held, ifindex, &info, why);
	if (!rc)
		rc = pdp_device_name(ifindex, device, why);
	if (rc)
		return rc;
	rc = pdp_device_look(ifindex, &standing);
	if (rc)
		return pdp_fail(why, rc, "%s: cannot tell its XDP program: %s", device,
				strerror(-rc));
	if (standing.prog_id != info.prog_id)
		return name_program(why, -EBUSY, device, standing.prog_id, held->prog_id);
	if (info.prog_id != held->prog_id)
		return name_program(why, -ESTALE, device, info.prog_id, held->prog_id);
	return 0;
}

/* Is our locked directory still the one that the path leads to? If not: another, locked again. */
static int find_dir_again(struct pdp_loader *ld, struct pdp_error *err)
{
	struct stat held, named;
	char root[PDP_PATH_MAX];

	if (!fstat(ld->dir_fd, &held) && !stat(ld->dir, &named) && held.st_ino == named.st_ino &&
	    held.st_dev == named.st_dev)
		return 0;
	close(ld->dir_fd);
	ld->dir_fd = -1;
	snprintf(root, sizeof(root), "%s", ld->dir);
	*strrchr(root, '/') = '\0';
	return pdp_pins_lock(ld, root, PDP_ABI, true, err);
}

static int repin_maps(struct pdp_loader *ld, unsigned int *n, struct pdp_error *err)
{
	char path[PDP_PATH_MAX];

	for (enum pdp_map i = 0; i < PDP_MAP_COUNT; i++) {
		pdp_pins_path(ld, path, "maps/%s", pdp_map_name(i));
		ld->map_pinned[i] = !access(path, F_OK);
		*n += !ld->map_pinned[i];
	}
	return pdp_maps_publish(ld, err);
}

int pdp_loader_repin(struct pdp_loader *ld, unsigned int *n, struct pdp_error *err)
{
	int rc = find_dir_again(ld, err);

	*n = 0;
	if (!rc)
		rc = pdp_pins_make_tree(ld, err);
	if (!rc)
		rc = repin_maps(ld, n, err);
	if (!rc)
		rc = pdp_links_repin(ld, n, err);
	if (!rc)
		rc = pdp_guests_repin(ld, n, err);
	if (!rc)
		rc = pdp_owner_repin(ld, n, err);
	return rc ? rc : pdp_drops_attach(ld, err);
}
