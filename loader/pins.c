/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pins.c - the directory in bpffs that holds a node together while no process of it runs.
 *
 * Owns the bpffs mount, the directory's mode and its lock, and how a pin comes and goes. A pin is made
 * in <dir>/new and renamed to its place, so that a reader sees the old one or the new one, and a
 * crash leaves at most something in new/, which the next owner of the lock removes: an object whose
 * only pin was there goes away with it. docs/pins.md is the prose.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "loader/internal.h"

#define BPFFS "/sys/fs/bpf"

static bool on_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

static int mount_bpffs(const char *root, struct pdp_error *err)
{
	if (strncmp(root, BPFFS "/", strlen(BPFFS "/")) != 0 || on_bpffs(BPFFS))
		return 0;
	if (mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return pdp_fail(err, -errno, "cannot mount bpffs at " BPFFS ": %s",
				strerror(errno));
	return 0;
}

static int make_dir(const char *path, struct pdp_error *err)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return pdp_fail(err, -errno, "cannot make directory %s: %s", path, strerror(errno));
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return pdp_fail(err, -ENOTDIR, "%s is not a directory", path);
	if ((st.st_mode & 07777) != 0700 && chmod(path, 0700))
		return pdp_fail(err, -errno, "cannot close %s to others (it has mode %04o): %s",
				path, st.st_mode & 07777, strerror(errno));
	return 0;
}

static int set_dir(struct pdp_loader *ld, const char *root, int abi, struct pdp_error *err)
{
	if (!*root || strlen(root) >= PDP_ROOT_MAX)
		return pdp_fail(err, -ENAMETOOLONG,
				"pin directory '%s': its path has 1 to %d characters", root,
				PDP_ROOT_MAX - 1);
	snprintf(ld->dir, sizeof(ld->dir), "%s/v%d", root, abi);
	return 0;
}

static int make_root(const char *root, struct pdp_error *err)
{
	int rc = mount_bpffs(root, err);

	if (!rc && mkdir(root, 0700) && errno != EEXIST)
		rc = pdp_fail(err, -errno, "cannot make directory %s: %s%s", root, strerror(errno),
			      errno == EPERM || errno == EACCES ? " (it takes root)" : "");
	if (!rc && !on_bpffs(root)) {
		rmdir(root);
		rc = pdp_fail(err, -EINVAL,
			      "%s is not on a bpf file system; choose a directory below " BPFFS,
			      root);
	}
	return rc;
}

/* The lock is good only if the directory locked is still the one that the path leads to. */
static int lock_dir(struct pdp_loader *ld, struct pdp_error *err)
{
	struct stat held, named;

	ld->dir_fd = open(ld->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ld->dir_fd < 0)
		return pdp_fail(err, -errno, "cannot open %s: %s", ld->dir, strerror(errno));
	if (flock(ld->dir_fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK
			       ? pdp_fail(err, -EBUSY,
					  "%s is locked: pdpd or another pdp-loader runs this node",
					  ld->dir)
			       : pdp_fail(err, -errno, "cannot lock %s: %s", ld->dir,
					  strerror(errno));
	if (fstat(ld->dir_fd, &held) || stat(ld->dir, &named) || held.st_ino != named.st_ino)
		return pdp_fail(err, -EBUSY, "%s was removed by another process; try again",
				ld->dir);
	return 0;
}

/* With the lock held: whatever a crash left half made goes away. */
static int clear_scratch(struct pdp_loader *ld, struct pdp_error *err)
{
	char path[PDP_PATH_MAX];

	pdp_pins_path(ld, path, "new");
	return pdp_pins_remove(path, err);
}

int pdp_pins_make_tree(struct pdp_loader *ld, struct pdp_error *err)
{
	static const char *const dirs[] = {"new", "links", "guests"};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(dirs) / sizeof(*dirs); i++)
		rc = pdp_pins_mkdir(ld, dirs[i], err);
	return rc;
}

static int no_node(const struct pdp_loader *ld, const char *root, struct pdp_error *err)
{
	int beside = pdp_loader_find_beside(root);

	if (beside)
		return pdp_fail(
			err, -ENOENT,
			"there is no node: no %s; %s/v%d is the node of another build, which "
			"this build's pdpd would take over",
			ld->dir, root, beside);
	return pdp_fail(err, -ENOENT, "there is no node: no %s", ld->dir);
}

int pdp_pins_lock(struct pdp_loader *ld, const char *root, int abi, bool create,
		  struct pdp_error *err)
{
	int rc = set_dir(ld, root, abi, err);

	if (!rc && create)
		rc = make_root(root, err);
	if (!rc && create)
		rc = make_dir(ld->dir, err);
	if (!rc && access(ld->dir, F_OK))
		rc = no_node(ld, root, err);
	if (!rc)
		rc = lock_dir(ld, err);
	if (!rc)
		rc = clear_scratch(ld, err);
	if (!rc)
		rc = pdp_pins_make_tree(ld, err);
	return rc;
}

int pdp_pins_find(struct pdp_loader *ld, const char *root, struct pdp_error *err)
{
	int rc = set_dir(ld, root, PDP_ABI, err);

	if (!rc && access(ld->dir, R_OK | X_OK))
		rc = errno == EACCES
			     ? pdp_fail(err, -EACCES, "%s may be read by root alone", ld->dir)
			     : no_node(ld, root, err);
	return rc;
}

void pdp_pins_path(const struct pdp_loader *ld, char path[PDP_PATH_MAX], const char *fmt, ...)
{
	va_list args;
	int n = snprintf(path, PDP_PATH_MAX, "%s/", ld->dir);

	va_start(args, fmt);
	vsnprintf(path + n, PDP_PATH_MAX - n, fmt, args);
	va_end(args);
}

int pdp_pins_mkdir(const struct pdp_loader *ld, const char *name, struct pdp_error *err)
{
	char path[PDP_PATH_MAX];

	pdp_pins_path(ld, path, "%s", name);
	return make_dir(path, err);
}

static int remove_below(const char *name, void *arg)
{
	char path[PDP_PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return pdp_pins_remove(path, NULL);
}

int pdp_pins_remove(const char *path, struct pdp_error *err)
{
	struct stat st;
	int rc = 0;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : pdp_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		rc = pdp_pins_each(path, remove_below, (void *)path);
		if (!rc && rmdir(path))
			rc = -errno;
	} else if (unlink(path)) {
		rc = -errno;
	}
	return rc ? pdp_fail(err, rc, "cannot remove %s: %s", path, strerror(-rc)) : 0;
}

int pdp_pins_publish(const struct pdp_loader *ld, int fd, const char *name, struct pdp_error *err)
{
	const char *base = strrchr(name, '/');
	char made[PDP_PATH_MAX], path[PDP_PATH_MAX];
	int rc = 0;

	pdp_pins_path(ld, made, "new/%s", base ? base + 1 : name);
	pdp_pins_path(ld, path, "%s", name);
	if (bpf_obj_pin(fd, made))
		return pdp_fail(err, -errno, "cannot pin %s: %s", made, strerror(errno));
	if (rename(made, path)) {
		rc = pdp_fail(err, -errno, "cannot pin %s: %s", path, strerror(errno));
		unlink(made);
	}
	return rc;
}

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int pdp_pins_each(const char *path, int (*fn)(const char *name, void *arg), void *arg)
{
	struct dirent **entries;
	int n = scandir(path, &entries, not_dots, alphasort);
	int rc = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		if (!rc)
			rc = fn(entries[i]->d_name, arg);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

bool pdp_pins_name_ok(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n < PDP_LINK_NAME_MAX && !name[n];
}
