/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodelock.c - one node of a name on a machine: a locked file that says who and where.
 */
#include "ctl/nodelock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/container.h"

/* "PID RUN_DIR" and a line with the block of ids, as the holder wrote it. */
struct holder {
	int pid; /* 0 = it says nothing */
	char run_dir[PATH_MAX];
	int block; /* -1 = none is told */
};

static void read_holder(int fd, struct holder *out)
{
	char text[PATH_MAX + 32];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	int n;

	*out = (struct holder){.block = -1};
	text[len > 0 ? len : 0] = '\0';
	n = sscanf(text, "%d %4095[^\n]\n%d", &out->pid, out->run_dir, &out->block);
	if (n < 2)
		out->pid = 0;
	if (n < 3 || out->block < 0 || out->block >= PDP_ID_BLOCKS)
		out->block = -1;
}

static int write_holder(int fd, const char *run_dir, unsigned int block)
{
	char text[PATH_MAX + 32];
	int len = snprintf(text, sizeof(text), "%d %s\n%u\n", (int)getpid(), run_dir, block);

	if (len >= (int)sizeof(text))
		return -ENAMETOOLONG;
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)len, 0) != len)
		return errno ? -errno : -EIO;
	return 0;
}

/* A file that was unlinked while we waited for it locks nothing. */
static bool is_at(int fd, const char *path)
{
	struct stat ours, there;

	return !fstat(fd, &ours) && !stat(path, &there) && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

/* A descriptor with the lock; -EBUSY: *out tells who has it. */
static int lock_file(const char *dir, const char *path, struct holder *out)
{
	for (;;) {
		int fd, code;

		if (mkdir(dir, 0755) && errno != EEXIST)
			return -errno;
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd < 0 && errno == ENOENT)
			continue; /* the directory has just gone with the last node */
		if (fd < 0)
			return -errno;
		if (!flock(fd, LOCK_EX | LOCK_NB) && is_at(fd, path)) {
			read_holder(fd, out);
			return fd;
		}
		code = errno == EWOULDBLOCK ? -EBUSY : 0;
		if (code)
			read_holder(fd, out);
		close(fd);
		if (code)
			return code;
	}
}

static void note_block(const char *dir, const char *name, bool taken[PDP_ID_BLOCKS])
{
	char path[PATH_MAX];
	struct holder holder;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return; /* it has just gone */
	read_holder(fd, &holder);
	close(fd);
	/* A machine that crashed may have left the file, and not the directory. */
	if (holder.block >= 0 && !access(holder.run_dir, F_OK))
		taken[holder.block] = true;
}

static int note_blocks(const char *dir, const char *node, bool taken[PDP_ID_BLOCKS])
{
	DIR *files = opendir(dir);
	struct dirent *entry;

	if (!files)
		return -errno;
	while ((entry = readdir(files)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, node) != 0)
			note_block(dir, entry->d_name, taken);
	closedir(files);
	return 0;
}

static int choose_block(const char *dir, const char *node, unsigned int *block)
{
	bool taken[PDP_ID_BLOCKS] = {false};
	int code = note_blocks(dir, node, taken);

	for (unsigned int i = 0; !code && i < PDP_ID_BLOCKS;
	     i++, *block = (*block + 1) % PDP_ID_BLOCKS)
		if (!taken[*block])
			return 0;
	return code ? code : -ENOSPC;
}

/* Choose and write it down, while nobody else does. */
static int take_block(const char *dir, const char *node, const char *run_dir, int fd,
		      const struct holder *before, unsigned int *block)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code;

	if (dir_fd < 0)
		return -errno;
	if (flock(dir_fd, LOCK_EX)) {
		code = -errno;
	} else if (before->block >= 0 && !strcmp(before->run_dir, run_dir)) {
		*block = (unsigned int)before->block;
		code = 0;
	} else {
		code = choose_block(dir, node, block);
	}
	if (!code)
		code = write_holder(fd, run_dir, *block);
	close(dir_fd);
	return code;
}

static int refuse(const char *node, const struct holder *holder, bool alive, struct pdp_error *err)
{
	if (alive)
		return pdp_fail(err, -EBUSY,
				"node %s is already on this machine: pdpd %d has it, with run "
				"directory %s; give this one another name, or stop that one",
				node, holder->pid, holder->run_dir);
	return pdp_fail(err, -EBUSY,
			"node %s is already on this machine: it forwards without a pdpd since %d "
			"left it, with run directory %s; give this one another name, use that "
			"--run-dir, or take that node down",
			node, holder->pid, holder->run_dir);
}

int pdp_nodelock_take(const char *dir, const char *node, const char *run_dir, unsigned int *block,
		      struct pdp_error *err)
{
	char path[PATH_MAX];
	struct holder holder = {.block = -1};
	int fd, code;

	snprintf(path, sizeof(path), "%s/%s", dir, node);
	fd = lock_file(dir, path, &holder);
	if (fd == -EBUSY)
		return refuse(node, &holder, true, err);
	if (fd < 0)
		return pdp_fail(err, fd, "cannot lock the name of node %s, %s: %s", node, path,
				strerror(-fd));
	if (holder.pid && strcmp(holder.run_dir, run_dir) != 0 && !access(holder.run_dir, F_OK)) {
		close(fd);
		return refuse(node, &holder, false, err);
	}
	code = take_block(dir, node, run_dir, fd, &holder, block);
	if (!code)
		return fd;
	close(fd);
	if (code == -ENOSPC)
		return pdp_fail(
			err, code,
			"node %s: %d nodes on this machine have all user ids that there are for "
			"guests; %s lists them",
			node, PDP_ID_BLOCKS, dir);
	return pdp_fail(err, code, "cannot write %s: %s", path, strerror(-code));
}

void pdp_nodelock_leave(const char *dir, const char *node, int fd, bool down)
{
	char path[PATH_MAX];

	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, node);
	if (down) {
		unlink(path);
		rmdir(dir); /* for the last one */
	}
	close(fd);
}
