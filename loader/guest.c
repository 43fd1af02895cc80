/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * guest.c - the program on the eth0 of an FE guest, and the XSKMAP that it redirects to.
 *
 * One instance per guest, because each has its own sockets and its id as a constant. The map is
 * pinned before the link: what a crash in between leaves is an empty map, adopted the next time.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/guest.skel.h"
#include "bpf/owner.skel.h"
#include "fe-agent/router.skel.h"
#include "loader/internal.h"
#include "loader/owner.h"

static void guest_link(uint16_t guest, char link[PDP_LINK_NAME_MAX])
{
	snprintf(link, PDP_LINK_NAME_MAX, "guest-%u", guest);
}

/*
 * Give the guest's object the XSKMAP that is pinned, or else the one that this loader holds; *adopted
 * says whether it is pinned.
 */
static int adopt_xsks(const struct pdp_loader *ld, uint16_t guest, struct bpf_object *object,
		      bool *adopted, struct pdp_error *err)
{
	struct bpf_map *xsks = bpf_object__find_map_by_name(object, "pdp_xsks");
	char path[PDP_PATH_MAX];
	int fd, rc;

	pdp_pins_path(ld, path, "guests/%u/pdp_xsks", guest);
	fd = bpf_obj_get(path);
	*adopted = fd >= 0;
	if (fd < 0 && errno == ENOENT && ld->xsks_fd[guest] >= 0)
		return bpf_map__reuse_fd(xsks, ld->xsks_fd[guest]);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return pdp_fail(err, -errno, "cannot open map %s: %s", path, strerror(errno));
	rc = pdp_map_check(xsks, fd, err);
	if (!rc)
		rc = bpf_map__reuse_fd(xsks, fd);
	close(fd);
	return rc;
}

static const struct {
	enum pdp_object object;
	const char *program;
	size_t guest_id; /* of the object's constants */
} kinds[] = {
	[PDP_GUEST_RECEIVE] = {PDP_OBJECT_GUEST, "pdp_guest_rx",
			       offsetof(struct guest_bpf__rodata, guest_id)},
	[PDP_GUEST_ROUTER] = {PDP_OBJECT_ROUTER, "pdp_router",
			      offsetof(struct router_bpf__rodata, guest_id)},
};

static int load_object(struct pdp_loader *ld, uint16_t guest,
		       const struct pdp_guest_program *program, struct bpf_object **out,
		       bool *adopted, struct pdp_error *err)
{
	const struct pdp_guest_tables *tables = NULL;
	int rc = pdp_object_open(out, kinds[program->kind].object, err);

	if (!rc)
		rc = pdp_object_set_rodata(*out, kinds[program->kind].guest_id, &guest,
					   sizeof(guest), err);
	if (!rc)
		rc = adopt_xsks(ld, guest, *out, adopted, err);
	if (!rc && program->tables)
		rc = pdp_loader_find_tables(ld, guest, program->tables, &tables, err);
	if (!rc && tables)
		rc = pdp_tables_share(tables, *out, err);
	return rc ? rc : pdp_object_load(ld, *out, err);
}

static int pin_xsks(struct pdp_loader *ld, uint16_t guest, int fd, struct pdp_error *err)
{
	char name[PDP_LINK_NAME_MAX];
	int rc;

	snprintf(name, sizeof(name), "guests/%u", guest);
	rc = pdp_pins_mkdir(ld, name, err);
	snprintf(name, sizeof(name), "guests/%u/pdp_xsks", guest);
	return rc ? rc : pdp_pins_publish(ld, fd, name, err);
}

static int keep_fd(struct pdp_loader *ld, uint16_t guest, int fd, struct pdp_error *err)
{
	if (ld->xsks_fd[guest] >= 0)
		return 0;
	ld->xsks_fd[guest] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (ld->xsks_fd[guest] < 0)
		return pdp_fail(err, -errno, "guest %u: cannot keep its XSKMAP: %s", guest,
				strerror(errno));
	return 0;
}

int pdp_guests_repin(struct pdp_loader *ld, unsigned int *n, struct pdp_error *err)
{
	char path[PDP_PATH_MAX];
	int rc = 0;

	for (uint16_t i = 0; !rc && i <= PDP_MAX_GUESTS; i++) {
		pdp_pins_path(ld, path, "guests/%u/pdp_xsks", i);
		if (ld->xsks_fd[i] < 0 || !access(path, F_OK))
			continue;
		rc = pin_xsks(ld, i, ld->xsks_fd[i], err);
		++*n;
	}
	return rc ? rc : pdp_tables_repin(ld, n, err);
}

static int check_guest(uint16_t guest, struct pdp_error *err)
{
	if (guest <= PDP_MAX_GUESTS)
		return 0;
	return pdp_fail(err, -EINVAL, "guest id %u is above %d", guest, PDP_MAX_GUESTS);
}

int pdp_loader_attach_guest(struct pdp_loader *ld, uint16_t guest, int ifindex,
			    const struct pdp_guest_program *program, int *xskmap_fd,
			    struct pdp_error *err)
{
	struct bpf_object *object = NULL;
	char link[PDP_LINK_NAME_MAX];
	bool adopted = false;
	int xsks_fd, rc = check_guest(guest, err);

	if (rc)
		return rc;
	rc = load_object(ld, guest, program, &object, &adopted, err);
	if (rc)
		goto out;
	xsks_fd = bpf_map__fd(bpf_object__find_map_by_name(object, "pdp_xsks"));
	if (!adopted)
		rc = pin_xsks(ld, guest, xsks_fd, err);
	guest_link(guest, link);
	if (!rc)
		rc = pdp_link_attach(ld, link,
				     bpf_program__fd(bpf_object__find_program_by_name(
					     object, kinds[program->kind].program)),
				     ifindex, PDP_ATTACH_FORCE, err);
	if (!rc)
		rc = keep_fd(ld, guest, xsks_fd, err);
	if (!rc)
		*xskmap_fd = ld->xsks_fd[guest];
out:
	bpf_object__close(object);
	return rc;
}

static int load_frame(const struct pdp_loader *ld, uint16_t guest, struct bpf_object **out,
		      bool *adopted, struct pdp_error *err)
{
	int rc = pdp_object_open(out, PDP_OBJECT_OWNER, err);

	if (!rc)
		rc = pdp_object_set_rodata(*out, offsetof(struct owner_bpf__rodata, guest_id),
					   &guest, sizeof(guest), err);
	if (!rc)
		rc = adopt_xsks(ld, guest, *out, adopted, err);
	return rc ? rc : pdp_object_load(ld, *out, err);
}

int pdp_loader_attach_owner(struct pdp_loader *ld, uint16_t guest, int ifindex,
			    const struct pdp_owner_conf *conf, int *xskmap_fd,
			    struct pdp_error *err)
{
	struct bpf_object *frame = NULL, *object = NULL;
	char link[PDP_LINK_NAME_MAX];
	bool adopted = false;
	int xsks_fd = -1, rc = check_guest(guest, err);

	if (rc)
		return rc;
	rc = load_frame(ld, guest, &frame, &adopted, err);
	if (!rc)
		rc = pdp_owner_load(ld, frame, conf, true, &object, err);
	if (rc)
		goto out;
	xsks_fd = bpf_object__find_map_fd_by_name(frame, "pdp_xsks");
	if (!adopted)
		rc = pin_xsks(ld, guest, xsks_fd, err);
	guest_link(guest, link);
	if (!rc)
		rc = pdp_link_attach(
			ld, link,
			bpf_program__fd(bpf_object__find_program_by_name(object, conf->program)),
			ifindex, PDP_ATTACH_FORCE, err);
	if (!rc)
		rc = pdp_owner_publish(ld, object, conf->vnet, err);
	if (!rc)
		rc = keep_fd(ld, guest, xsks_fd, err);
	if (!rc)
		*xskmap_fd = ld->xsks_fd[guest];
out:
	bpf_object__close(object);
	bpf_object__close(frame);
	return rc;
}

int pdp_loader_detach_guest(struct pdp_loader *ld, uint16_t guest, struct pdp_error *err)
{
	char link[PDP_LINK_NAME_MAX], path[PDP_PATH_MAX];
	int rc = check_guest(guest, err);

	if (rc)
		return rc;
	guest_link(guest, link);
	rc = pdp_link_detach(ld, link, err);
	if (rc)
		return rc;
	if (ld->xsks_fd[guest] >= 0)
		close(ld->xsks_fd[guest]);
	ld->xsks_fd[guest] = -1;
	pdp_loader_drop_tables(ld, guest, 0);
	pdp_pins_path(ld, path, "guests/%u", guest);
	return pdp_pins_remove(path, err);
}

int pdp_loader_guest_runs(const struct pdp_loader *ld, uint16_t guest, uint64_t *runs, uint64_t *ns)
{
	const struct pdp_held_link *held;
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	char link[PDP_LINK_NAME_MAX];
	int fd, rc;

	guest_link(guest, link);
	held = pdp_held_find(ld, link);
	fd = held ? bpf_prog_get_fd_by_id(held->prog_id) : -ENOENT;
	if (fd < 0)
		return held ? -errno : -ENOENT;
	rc = bpf_obj_get_info_by_fd(fd, &info, &len) ? -errno : 0;
	close(fd);
	*runs = info.run_cnt;
	*ns = info.run_time_ns;
	return rc;
}

int pdp_loader_time_programs(struct pdp_error *err)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd >= 0 ? fd
		       : pdp_fail(err, -errno, "the kernel does not time programs: %s%s",
				  strerror(errno), errno == EPERM ? " (it takes root)" : "");
}
