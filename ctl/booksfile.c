/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * booksfile.c - the books of guests that have gone, in the run directory. Off the packet's path.
 */
#include "ctl/booksfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int path_of(char path[PATH_MAX], const char *run_dir, const char *vnet, const char *end)
{
	return snprintf(path, PATH_MAX, "%s/books/%s%s", run_dir, vnet, end) < PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

static int write_file(const char *path, const struct pdp_ledger_guest *gone)
{
	int code = 0, fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (write(fd, gone, sizeof(*gone)) != (ssize_t)sizeof(*gone))
		code = errno ? -errno : -EIO;
	close(fd);
	return code;
}

int pdp_booksfile_save(const char *run_dir, const char *vnet, const struct pdp_ledger_guest *gone,
		       struct pdp_error *err)
{
	char dir[PATH_MAX], new[PATH_MAX], path[PATH_MAX];
	int code = path_of(dir, run_dir, "", "");

	if (!code)
		code = path_of(new, run_dir, vnet, ".new");
	if (!code)
		code = path_of(path, run_dir, vnet, "");
	if (!code && mkdir(dir, 0700) && errno != EEXIST)
		code = -errno;
	if (!code)
		code = write_file(new, gone);
	if (!code && rename(new, path))
		code = -errno;
	return code ? pdp_fail(err, code,
			       "vnet %s: keep the books of its guests that have gone: %s", vnet,
			       strerror(-code))
		    : 0;
}

void pdp_booksfile_load(const char *run_dir, const char *vnet, struct pdp_ledger_guest *gone)
{
	struct pdp_ledger_guest found;
	char path[PATH_MAX], more;
	int fd = path_of(path, run_dir, vnet, "") ? -1 : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, &found, sizeof(found)) == (ssize_t)sizeof(found) && !read(fd, &more, 1))
		*gone = found;
	gone->name[sizeof(gone->name) - 1] = '\0';
	close(fd);
}

static void remove_all(const char *dir)
{
	DIR *books = opendir(dir);
	struct dirent *entry;
	char path[PATH_MAX];

	while (books && (entry = readdir(books)))
		if (*entry->d_name != '.' &&
		    snprintf(path, sizeof(path), "%s%s", dir, entry->d_name) < PATH_MAX)
			unlink(path);
	if (books)
		closedir(books);
	rmdir(dir);
}

void pdp_booksfile_remove(const char *run_dir, const char *vnet)
{
	char path[PATH_MAX];

	if (path_of(path, run_dir, vnet ? vnet : "", ""))
		return;
	if (vnet)
		unlink(path);
	else
		remove_all(path);
}
