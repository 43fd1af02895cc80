/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * drops.c - what the kernel itself loses when it redirects from one device to another.
 *
 * pdp_xmit_drop listens at the tracepoint xdp_devmap_xmit and fills pdp_xmit_drops. It sees the devices of
 * the network namespace that the loader was opened in. A kernel that refuses it loses the count, not the
 * traffic: the node works on, and pdp_loader_xmit_drops() says why.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/drops.skel.h"
#include "loader/internal.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static int netns_cookie(uint64_t *cookie)
{
	socklen_t len = sizeof(*cookie);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &len))
		rc = -errno;
	close(fd);
	return rc;
}

/* Once more without the program: the map is there even where it stays empty. */
static int load_map_alone(struct pdp_loader *ld, struct pdp_error *err)
{
	struct bpf_object **object = &ld->object[PDP_OBJECT_DROPS];
	struct bpf_program *program;
	int rc;

	bpf_object__close(*object);
	rc = pdp_object_open(object, PDP_OBJECT_DROPS, err);
	if (rc)
		return rc;
	bpf_object__for_each_program(program, *object)
		bpf_program__set_autoload(program, false);
	return pdp_object_load(ld, *object, err);
}

int pdp_drops_load(struct pdp_loader *ld, struct pdp_error *err)
{
	struct bpf_object *object = ld->object[PDP_OBJECT_DROPS];
	uint64_t cookie = 0;
	int rc = netns_cookie(&cookie);

	if (rc)
		return pdp_fail(err, rc, "cannot tell this network namespace from others: %s",
				strerror(-rc));
	rc = pdp_object_set_rodata(object, offsetof(struct drops_bpf__rodata, netns_cookie),
				   &cookie, sizeof(cookie), err);
	if (rc)
		return rc;
	if (!pdp_object_load(ld, object, &ld->no_drops))
		return 0;
	return load_map_alone(ld, err);
}

/* Do two programs read the same: the same map, or constants of the same value? */
static bool same_map(uint32_t a, uint32_t b)
{
	struct bpf_map_info info[2] = {0};
	uint32_t ids[2] = {a, b}, key = 0;
	unsigned char value[2][64] = {0};
	bool same = true;

	if (a == b)
		return true;
	for (int i = 0; i < 2; i++) {
		uint32_t len = sizeof(info[i]);
		int fd = bpf_map_get_fd_by_id(ids[i]);

		if (fd < 0)
			return false;
		same = same && !bpf_obj_get_info_by_fd(fd, &info[i], &len) &&
		       strstr(info[i].name, ".rodata") && info[i].value_size <= sizeof(value[i]) &&
		       !bpf_map_lookup_elem(fd, &key, value[i]);
		close(fd);
	}
	return same && info[0].value_size == info[1].value_size &&
	       !memcmp(value[0], value[1], sizeof(value[0]));
}

#define DROPS_MAPS 4

static int program_info(int fd, struct bpf_prog_info *info, uint32_t maps[DROPS_MAPS])
{
	uint32_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	info->nr_map_ids = DROPS_MAPS;
	info->map_ids = (uintptr_t)maps;
	return bpf_obj_get_info_by_fd(fd, info, &len) ? -errno : 0;
}

/*
 * Is the pinned link that of the program just loaded? Then it stays: to replace it would count a loss
 * twice, or not at all, because a link on a tracepoint has no update in place.
 */
static bool already_there(const char *path, int prog_fd)
{
	struct bpf_link_info link = {0};
	struct bpf_prog_info info[2];
	uint32_t maps[2][DROPS_MAPS] = {0}, len = sizeof(link);
	int link_fd = bpf_obj_get(path), old_fd = -1;
	bool same = false;

	if (link_fd >= 0 && !bpf_obj_get_info_by_fd(link_fd, &link, &len))
		old_fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (old_fd >= 0 && !program_info(old_fd, &info[0], maps[0]) &&
	    !program_info(prog_fd, &info[1], maps[1])) {
		same = !memcmp(info[0].tag, info[1].tag, sizeof(info[0].tag)) &&
		       info[0].nr_map_ids == info[1].nr_map_ids && info[0].nr_map_ids <= DROPS_MAPS;
		for (uint32_t i = 0; same && i < info[0].nr_map_ids; i++)
			same = same_map(maps[0][i], maps[1][i]);
	}
	if (old_fd >= 0)
		close(old_fd);
	if (link_fd >= 0)
		close(link_fd);
	return same;
}

#define TAP "pdp_xmit_drop"
#define PIN "links/" PDP_DROPS_LINK

int pdp_drops_attach(struct pdp_loader *ld, struct pdp_error *err)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(ld->object[PDP_OBJECT_DROPS], TAP);
	char path[PDP_PATH_MAX];
	struct bpf_link *link;
	int rc;

	pdp_pins_path(ld, path, PIN);
	if (ld->no_drops.text[0])
		return pdp_pins_remove(path, err);
	if (already_there(path, bpf_program__fd(program)))
		return 0;
	link = bpf_program__attach(program);
	if (!link) {
		pdp_fail(&ld->no_drops, 0, "the kernel refused to attach " TAP ": %s",
			 strerror(errno));
		return pdp_pins_remove(path, err);
	}
	rc = pdp_pins_publish(ld, bpf_link__fd(link), PIN, err);
	bpf_link__destroy(link);
	return rc;
}

int pdp_loader_xmit_drops(const struct pdp_loader *ld, struct pdp_error *why)
{
	char path[PDP_PATH_MAX];

	if (ld->no_drops.text[0])
		return pdp_fail(why, -EOPNOTSUPP, "%s", ld->no_drops.text);
	pdp_pins_path(ld, path, PIN);
	if (access(path, F_OK))
		return pdp_fail(why, -ENOENT, TAP " is not attached");
	return 0;
}
