/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * loader.c - a node's BPF half as a whole: open, attach by hook, list, purge, close.
 *
 * Order of open: lock the pins, take the maps that are pinned, check them against every object before
 * anything is made, load, pin what is new. Each step leaves the pins as they were or complete.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "loader/internal.h"

static struct pdp_loader *new_loader(struct pdp_error *err)
{
	struct pdp_loader *ld = calloc(1, sizeof(*ld));

	if (!ld) {
		pdp_fail(err, -ENOMEM, "out of memory");
		return NULL;
	}
	ld->dir_fd = -1;
	memset(ld->map_fd, -1, sizeof(ld->map_fd));
	memset(ld->xsks_fd, -1, sizeof(ld->xsks_fd));
	/* What libbpf and libxdp have to say of a failure is said in err. */
	if (!getenv("PDP_LIBBPF_LOG")) {
		libbpf_set_print(NULL);
		libxdp_set_print(NULL);
	}
	return ld;
}

static int give(struct pdp_loader **out, struct pdp_loader *ld, int rc)
{
	if (rc)
		pdp_loader_close(ld);
	else
		*out = ld;
	return rc;
}

int pdp_loader_open(struct pdp_loader **out, const char *root, struct pdp_error *err)
{
	struct pdp_loader *ld = new_loader(err);
	int rc;

	if (!ld)
		return -ENOMEM;
	rc = pdp_pins_lock(ld, root, PDP_ABI, true, err);
	if (!rc)
		rc = pdp_maps_adopt(ld, false, err);
	if (!rc)
		rc = pdp_programs_open(ld, err);
	if (!rc)
		rc = pdp_programs_load(ld, err);
	if (!rc)
		rc = pdp_maps_publish(ld, err);
	if (!rc)
		rc = pdp_maps_map_memory(ld, false, err);
	if (!rc)
		rc = pdp_drops_attach(ld, err);
	return give(out, ld, rc);
}

int pdp_loader_open_abi(struct pdp_loader **out, const char *root, int abi, struct pdp_error *err)
{
	struct pdp_loader *ld = new_loader(err);

	if (!ld)
		return -ENOMEM;
	return give(out, ld, pdp_pins_lock(ld, root, abi, false, err));
}

int pdp_loader_open_pins(struct pdp_loader **out, const char *root, struct pdp_error *err)
{
	return pdp_loader_open_abi(out, root, PDP_ABI, err);
}

int pdp_loader_open_maps(struct pdp_loader **out, const char *root, struct pdp_error *err)
{
	struct pdp_loader *ld = new_loader(err);
	int rc;

	if (!ld)
		return -ENOMEM;
	rc = pdp_pins_find(ld, root, err);
	if (!rc)
		rc = pdp_maps_adopt(ld, true, err);
	if (!rc)
		rc = pdp_maps_map_memory(ld, true, err);
	return give(out, ld, rc);
}

void pdp_loader_close(struct pdp_loader *ld)
{
	if (!ld)
		return;
	pdp_programs_close(ld);
	pdp_links_close(ld);
	pdp_maps_close(ld);
	pdp_tables_close(ld);
	pdp_owner_close(ld);
	for (size_t i = 0; i < sizeof(ld->xsks_fd) / sizeof(*ld->xsks_fd); i++)
		if (ld->xsks_fd[i] >= 0)
			close(ld->xsks_fd[i]);
	if (ld->dir_fd >= 0)
		close(ld->dir_fd);
	free(ld);
}

int pdp_loader_attach(struct pdp_loader *ld, enum pdp_hook hook, const char *link, int ifindex,
		      unsigned int flags, struct pdp_error *err)
{
	const struct bpf_program *program;
	int rc;

	if (flags & PDP_ATTACH_DISPATCHER)
		return pdp_dispatcher_attach(ld, hook, link, ifindex, flags, err);
	rc = pdp_dispatcher_detach(ld, link, err);
	if (rc)
		return rc;
	program = bpf_object__find_program_by_name(ld->object[pdp_hook_object(hook)],
						   pdp_hook_program(hook));
	return pdp_link_attach(ld, link, bpf_program__fd(program), ifindex, flags, err);
}

int pdp_loader_detach(struct pdp_loader *ld, const char *link, struct pdp_error *err)
{
	int rc = pdp_link_detach(ld, link, err);

	return rc ? rc : pdp_dispatcher_detach(ld, link, err);
}

struct visit {
	const struct pdp_loader *ld;
	int (*fn)(const struct pdp_link_info *info, void *arg);
	void *arg;
};

static int visit_link(const char *name, void *arg)
{
	const struct visit *visit = arg;
	struct pdp_link_info out = {0};
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);
	char path[PDP_PATH_MAX];
	int fd;

	pdp_pins_path(visit->ld, path, "links/%s", name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.type != BPF_LINK_TYPE_XDP) {
		close(fd);
		return 0;
	}
	close(fd);
	snprintf(out.name, sizeof(out.name), "%s", name);
	out.ifindex = info.xdp.ifindex;
	out.prog_id = info.prog_id;
	pdp_program_name(info.prog_id, out.prog_name);
	pdp_program_version(info.prog_id, out.version);
	return visit->fn(&out, visit->arg);
}

int pdp_loader_each_link(const struct pdp_loader *ld,
			 int (*fn)(const struct pdp_link_info *info, void *arg), void *arg)
{
	struct visit visit = {ld, fn, arg};
	char path[PDP_PATH_MAX];
	int rc;

	pdp_pins_path(ld, path, "links");
	rc = pdp_pins_each(path, visit_link, &visit);
	return rc ? rc : pdp_dispatcher_each(ld, fn, arg);
}

struct detaching {
	struct pdp_loader *ld;
	struct pdp_error *err;
};

static int detach_one(const struct pdp_link_info *info, void *arg)
{
	const struct detaching *detaching = arg;

	return pdp_loader_detach(detaching->ld, info->name, detaching->err);
}

/* One rename takes all maps out of force: half of them would be adopted with what is in them. */
static int withdraw_maps(const struct pdp_loader *ld, struct pdp_error *err)
{
	char maps[PDP_PATH_MAX], old[PDP_PATH_MAX];

	pdp_pins_path(ld, maps, "maps");
	pdp_pins_path(ld, old, "new/maps");
	if (rename(maps, old) && errno != ENOENT)
		return pdp_fail(err, -errno, "cannot withdraw %s: %s", maps, strerror(errno));
	return 0;
}

/* Packets stop first, then goes what they would have met. The root goes too if it is empty. */
int pdp_loader_purge(struct pdp_loader *ld, struct pdp_error *err)
{
	struct detaching detaching = {ld, err};
	char root[PDP_PATH_MAX];
	int rc = pdp_loader_each_link(ld, detach_one, &detaching);

	if (!rc)
		rc = withdraw_maps(ld, err);
	if (!rc)
		rc = pdp_pins_remove(ld->dir, err);
	if (rc)
		return rc;
	snprintf(root, sizeof(root), "%s", ld->dir);
	*strrchr(root, '/') = '\0';
	rmdir(root);
	return 0;
}
