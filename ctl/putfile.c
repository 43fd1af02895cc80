/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* putfile.c - directories, files and mounts of guests' roots; see putfile.h. */
#include "ctl/putfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/rootfs.h"

int pdp_path_join(char path[PATH_MAX], const char *dir, const char *name, struct pdp_error *err)
{
	if (snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX)
		return 0;
	return pdp_fail(err, -ENAMETOOLONG, "path %s/%s is too long", dir, name);
}

int pdp_put_dir(const char *dir, const char *name, mode_t mode, struct pdp_error *err)
{
	char path[PATH_MAX];
	int code = pdp_path_join(path, dir, name, err);

	if (code)
		return code;
	/* chmod as well: umask is not ours, and an old directory may be another's doing. */
	if ((mkdir(path, mode) && errno != EEXIST) || chmod(path, mode))
		return pdp_fail(err, -errno, "make directory %s: %s", path, strerror(errno));
	return 0;
}

int pdp_put_link(const char *dir, const char *name, const char *target, struct pdp_error *err)
{
	char path[PATH_MAX];
	int code = pdp_path_join(path, dir, name, err);

	if (code)
		return code;
	if (symlink(target, path) && errno != EEXIST)
		return pdp_fail(err, -errno, "make link %s: %s", path, strerror(errno));
	return 0;
}

/* Write to a new file and put it in the place of path. */
static int put_file(const char *path, mode_t mode, int (*fill)(int fd, const void *arg),
		    const void *arg, struct pdp_error *err)
{
	char new_path[PATH_MAX];
	int code, fd;

	if (snprintf(new_path, sizeof(new_path), "%s.new", path) >= PATH_MAX)
		return pdp_fail(err, -ENAMETOOLONG, "path %s is too long", path);
	unlink(new_path);
	fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return pdp_fail(err, -errno, "make %s: %s", new_path, strerror(errno));
	code = fill(fd, arg);
	if (!code && fchmod(fd, mode))
		code = -errno;
	close(fd);
	if (!code && rename(new_path, path))
		code = -errno;
	if (code)
		unlink(new_path);
	return code ? pdp_fail(err, code, "write %s: %s", path, strerror(-code)) : 0;
}

static int fill_text(int fd, const void *text)
{
	const ssize_t len = (ssize_t)strlen(text);
	const ssize_t n = write(fd, text, (size_t)len);

	return n == len ? 0 : n < 0 ? -errno : -ENOSPC;
}

static int fill_copy(int fd, const void *from)
{
	const int in = *(const int *)from;
	ssize_t n;

	while ((n = sendfile(fd, in, NULL, 1 << 20)) > 0)
		;
	return n < 0 ? -errno : 0;
}

int pdp_put_text(const char *path, mode_t mode, const char *text, struct pdp_error *err)
{
	return put_file(path, mode, fill_text, text, err);
}

int pdp_put_copy(const char *path, mode_t mode, int from, struct pdp_error *err)
{
	return put_file(path, mode, fill_copy, &from, err);
}

int pdp_put_program(const char *rootfs, const char *agent_path, const char *name,
		    struct pdp_error *err)
{
	char agent[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
	int in, code;

	snprintf(agent, sizeof(agent), "%s", agent_path); /* dirname() may write into it */
	code = pdp_path_join(from, dirname(agent), name, err);
	if (!code && snprintf(to, sizeof(to), "%s" PDP_GUEST_BIN "/%s", rootfs, name) >= PATH_MAX)
		code = pdp_fail(err, -ENAMETOOLONG, "path %s is too long", rootfs);
	if (code)
		return code;
	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return pdp_fail(err, -errno, "open program %s for guests: %s", from,
				strerror(errno));
	code = pdp_put_copy(to, 0755, in, err);
	close(in);
	return code;
}

void pdp_unmount(const char *path)
{
	while (!umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
		;
}

int pdp_put_tmpfs(const char *path, const char *options, struct pdp_error *err)
{
	pdp_unmount(path);
	if (!mount("pdp", path, "tmpfs", MS_NOSUID | MS_NODEV, options))
		return 0;
	return pdp_fail(err, -errno, "mount a tmpfs at %s: %s", path, strerror(errno));
}

void pdp_remove_tree(const char *path)
{
	char below[PATH_MAX];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (lstat(path, &st))
		return;
	dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !pdp_path_join(below, path, entry->d_name, NULL))
			pdp_remove_tree(below);
	if (dir)
		closedir(dir);
	remove(path);
}
