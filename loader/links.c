/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * links.c - a program on a device, held there by a pinned bpf_link.
 *
 * A link keeps its program on the device while no process runs, and keeps others from replacing it.
 * The same link again changes its program in place, so that each packet meets the old or the new.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/internal.h"

/*
 * The largest MTU of a driver that keeps a packet in one page: a page less the headroom of XDP, the
 * kernel's struct skb_shared_info and the Ethernet header. Exact for veth on 64-bit machines.
 */
#define XDP_MTU(page) ((int)(page)-256 - 320 - 14)

int pdp_device_name(int ifindex, char name[PDP_DEV_NAME_LEN], struct pdp_error *err)
{
	if (ifindex > 0 && if_indextoname(ifindex, name))
		return 0;
	return pdp_fail(err, -ENODEV, "no device in this network namespace has ifindex %d",
			ifindex);
}

static uint32_t mode_of(unsigned int flags)
{
	return flags & PDP_ATTACH_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

int pdp_link_info(int fd, struct bpf_link_info *info)
{
	uint32_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(fd, info, &len))
		return -errno;
	return info->type == BPF_LINK_TYPE_XDP ? 0 : -EINVAL;
}

/* The link that holds what stands on a device; -ENOENT if netlink put it there. A link does not
 * tell its network namespace, so two candidates are one too many: -ENOTUNIQ.
 */
static int holding_link(int ifindex, uint32_t prog_id)
{
	struct bpf_link_info info;
	int found = -ENOENT;

	for (uint32_t id = 0; !bpf_link_get_next_id(id, &id);) {
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (pdp_link_info(fd, &info) || info.prog_id != prog_id ||
		    info.xdp.ifindex != (uint32_t)ifindex) {
			close(fd);
		} else if (found >= 0) {
			close(fd);
			close(found);
			return -ENOTUNIQ;
		} else {
			found = fd;
		}
	}
	return found;
}

static int remove_by_netlink(int ifindex, const struct pdp_standing *foreign)
{
	DECLARE_LIBBPF_OPTS(bpf_xdp_attach_opts, opts);
	int rc;

	opts.old_prog_fd = bpf_prog_get_fd_by_id(foreign->prog_id);
	if (opts.old_prog_fd < 0)
		return -errno;
	rc = bpf_xdp_detach(ifindex, foreign->mode | XDP_FLAGS_REPLACE, &opts);
	close(opts.old_prog_fd);
	return rc;
}

static int evict(const char *device, int ifindex, const struct pdp_standing *foreign,
		 struct pdp_error *err)
{
	int rc, fd = holding_link(ifindex, foreign->prog_id);
	char name[BPF_OBJ_NAME_LEN];

	if (fd >= 0) {
		rc = bpf_link_detach(fd) ? -errno : 0;
		close(fd);
	} else {
		rc = fd == -ENOENT ? remove_by_netlink(ifindex, foreign) : fd;
	}
	if (!rc)
		return 0;
	pdp_program_name(foreign->prog_id, name);
	return pdp_fail(err, rc, "%s: cannot remove XDP program '%s' (id %u): %s", device, name,
			foreign->prog_id,
			rc == -ENOTUNIQ ? "more than one link may hold it; see bpftool link"
					: strerror(-rc));
}

static int device_mtu(const char *device)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int mtu = -1;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd >= 0 && !ioctl(fd, SIOCGIFMTU, &request))
		mtu = request.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return mtu;
}

/* Why a driver said no. veth says ERANGE for a large MTU, other drivers EINVAL or EOPNOTSUPP. */
static int explain(int code, const char *device, struct pdp_error *err)
{
	int limit = XDP_MTU(sysconf(_SC_PAGESIZE));
	int mtu = device_mtu(device);

	if (code == -ERANGE && mtu <= limit)
		return pdp_fail(
			err, -ERANGE,
			"%s: MTU %d fits, but its veth peer's is larger than the %d that native "
			"XDP takes; set the peer's mtu to %d or less",
			device, mtu, limit, limit);
	if (mtu > limit && (code == -ERANGE || code == -EINVAL))
		return pdp_fail(
			err, -ERANGE,
			"%s: MTU %d is larger than the %d that native XDP takes; set mtu %d or "
			"less",
			device, mtu, limit, limit);
	if (mtu > limit && code == -EOPNOTSUPP)
		return pdp_fail(err, code,
				"%s: its driver has no native XDP, or none at MTU %d (%d is safe); "
				"generic mode (--generic) is the slow way round",
				device, mtu, limit);
	if (code == -EOPNOTSUPP)
		return pdp_fail(
			err, code,
			"%s: its driver has no native XDP; generic mode (--generic) is the slow "
			"way round",
			device);
	return pdp_fail(err, code, "%s: cannot attach the XDP program: %s", device,
			strerror(-code));
}

static int occupied(const char *device, const struct pdp_standing *foreign, struct pdp_error *err)
{
	char name[BPF_OBJ_NAME_LEN];

	pdp_program_name(foreign->prog_id, name);
	return pdp_fail(err, -EBUSY,
			"%s already carries XDP program '%s' (id %u); use %s--force to replace it",
			device, name, foreign->prog_id,
			pdp_kernel_has_freplace() == 1 ? "--dispatcher to share it, or " : "");
}

static int create(int prog_fd, int ifindex, uint32_t mode)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = mode);
	int fd = bpf_link_create(prog_fd, ifindex, BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

/* A new link's descriptor, in the place of a foreign program if need be and forced. */
static int create_or_evict(int prog_fd, int ifindex, const char *device, unsigned int flags,
			   struct pdp_error *err)
{
	int fd = create(prog_fd, ifindex, mode_of(flags));
	struct pdp_standing foreign;
	int rc;

	if (fd == -EBUSY || fd == -EEXIST) {
		rc = pdp_device_look(ifindex, &foreign);
		if (rc || !foreign.prog_id)
			return explain(rc ? rc : fd, device, err);
		if (!(flags & PDP_ATTACH_FORCE))
			return occupied(device, &foreign, err);
		rc = evict(device, ifindex, &foreign, err);
		if (rc)
			return rc;
		fd = create(prog_fd, ifindex, mode_of(flags));
	}
	return fd < 0 ? explain(fd, device, err) : fd;
}

static int replace_program(int link_fd, uint32_t old_id, int prog_fd)
{
	DECLARE_LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE);
	int rc, old_fd = bpf_prog_get_fd_by_id(old_id);

	if (old_fd < 0)
		return -errno;
	opts.old_prog_fd = old_fd;
	rc = bpf_link_update(link_fd, prog_fd, &opts) ? -errno : 0;
	close(old_fd);
	return rc;
}

/*
 * Is this pinned link on that device in this mode? Link and device may have the same ifindex in two
 * network namespaces, so the program on the device must be the link's as well.
 */
static bool stands_on(const struct bpf_link_info *link, int ifindex, uint32_t mode, bool *same_mode)
{
	struct pdp_standing standing;

	if (link->xdp.ifindex != (uint32_t)ifindex || pdp_device_look(ifindex, &standing) ||
	    standing.prog_id != link->prog_id)
		return false;
	*same_mode = standing.mode == mode;
	return true;
}

/* A link by this name that another ABI's node left beside ours; where says its pin. */
static int find_beside(const struct pdp_loader *ld, const char *link, char where[PDP_PATH_MAX])
{
	char root[PDP_PATH_MAX];
	struct dirent **entries;
	int fd = -1, n;

	snprintf(root, sizeof(root), "%s", ld->dir);
	*strrchr(root, '/') = '\0';
	n = scandir(root, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (fd < 0 && entries[i]->d_name[0] == 'v' &&
		    strcmp(entries[i]->d_name, strrchr(ld->dir, '/') + 1) != 0 &&
		    snprintf(where, PDP_PATH_MAX, "%s/%.16s/links/%s", root, entries[i]->d_name,
			     link) < PDP_PATH_MAX)
			fd = bpf_obj_get(where);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return fd;
}

/*
 * The link by this name: pinned; or held by this loader, its pin taken away; or of another ABI's node.
 * where is the pin that it has. A descriptor, -ENOENT or -errno.
 */
static int find_link(const struct pdp_loader *ld, const char *link, char where[PDP_PATH_MAX])
{
	const struct pdp_held_link *held = pdp_held_find(ld, link);
	int fd;

	pdp_pins_path(ld, where, "links/%s", link);
	fd = bpf_obj_get(where);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	if (held) {
		*where = '\0';
		fd = fcntl(held->fd, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? -errno : fd;
	}
	fd = find_beside(ld, link, where);
	return fd < 0 ? -ENOENT : fd;
}

/* Pinned as ours, wherever it was; two pins for a moment rather than none. */
static int keep(struct pdp_loader *ld, const char *link, int fd, int prog_fd, const char *where,
		struct pdp_error *err)
{
	char name[PDP_PATH_MAX], path[PDP_PATH_MAX];
	int rc = 0;

	snprintf(name, sizeof(name), "links/%s", link);
	pdp_pins_path(ld, path, "%s", name);
	if (strcmp(path, where) != 0)
		rc = pdp_pins_publish(ld, fd, name, err);
	if (!rc && *where && strcmp(path, where) != 0)
		unlink(where);
	return rc ? rc : pdp_held_add(ld, link, fd, prog_fd, err);
}

/* Try with the link that there is. 0: done; -ENOLINK: a new one is needed; else failed. */
static int reuse(struct pdp_loader *ld, const char *link, const char *device, int prog_fd,
		 int ifindex, uint32_t mode, struct pdp_error *err)
{
	char where[PDP_PATH_MAX];
	int fd = find_link(ld, link, where), rc = -ENOLINK;
	struct bpf_link_info info;
	bool same_mode;

	if (fd < 0)
		return fd == -ENOENT
			       ? -ENOLINK
			       : pdp_fail(err, fd, "cannot open link %s: %s", where, strerror(-fd));
	if (pdp_link_info(fd, &info)) {
		rc = pdp_fail(err, -EINVAL, "%s is not a link of an XDP program", where);
	} else if (stands_on(&info, ifindex, mode, &same_mode)) {
		if (same_mode)
			rc = replace_program(fd, info.prog_id, prog_fd);
		else if (bpf_link_detach(fd))
			rc = -errno;
		if (rc && rc != -ENOLINK)
			pdp_fail(err, rc, "%s: cannot replace the program of link %s: %s", device,
				 link, strerror(-rc));
	}
	if (!rc)
		rc = keep(ld, link, fd, prog_fd, where, err);
	close(fd);
	return rc;
}

static int check_name(const char *link, struct pdp_error *err)
{
	if (pdp_pins_name_ok(link) && strcmp(link, PDP_DROPS_LINK) != 0)
		return 0;
	return pdp_fail(
		err, -EINVAL,
		"link name '%s': it has 1 to %d of letters, digits, '-' and '_', and is not "
		"'" PDP_DROPS_LINK "'",
		link, PDP_LINK_NAME_MAX - 1);
}

int pdp_link_attach(struct pdp_loader *ld, const char *link, int prog_fd, int ifindex,
		    unsigned int flags, struct pdp_error *err)
{
	char device[PDP_DEV_NAME_LEN];
	int fd, rc = check_name(link, err);

	if (!rc)
		rc = pdp_device_name(ifindex, device, err);
	if (rc)
		return rc;
	rc = reuse(ld, link, device, prog_fd, ifindex, mode_of(flags), err);
	if (rc != -ENOLINK)
		return rc;
	fd = create_or_evict(prog_fd, ifindex, device, flags, err);
	if (fd < 0)
		return fd;
	rc = keep(ld, link, fd, prog_fd, "", err);
	close(fd);
	return rc;
}

/* Detach first: the kernel frees an unpinned link some time later, and the device stays occupied. */
int pdp_link_detach(struct pdp_loader *ld, const char *link, struct pdp_error *err)
{
	char path[PDP_PATH_MAX];
	struct bpf_link_info info;
	int fd, rc = check_name(link, err);

	if (rc)
		return rc;
	pdp_held_drop(ld, link);
	pdp_pins_path(ld, path, "links/%s", link);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : pdp_fail(err, -errno, "cannot open link %s: %s", path,
						  strerror(errno));
	if (pdp_link_info(fd, &info))
		rc = pdp_fail(err, -EINVAL, "%s is not a link of an XDP program", path);
	else if (bpf_link_detach(fd))
		rc = pdp_fail(err, -errno, "cannot detach link %s: %s", path, strerror(errno));
	close(fd);
	return rc ? rc : pdp_pins_remove(path, err);
}
