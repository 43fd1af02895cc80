/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* rootfs.c - the made-up file system of FE guests; see rootfs.h. */
#include "ctl/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories below run_dir, and those in the guests' root, parents first. */
static const struct {
	const char *path;
	mode_t mode;
} run_dirs[] = {{"guest", 0711}, {"kept", 0700}, {"lxc", 0711}, {"rootfs", 0755}};
static const char *const root_dirs[] = {"dev", "pdp", "proc", "run", "run/pdp", "tmp", "usr"};

/* Where usr is merged, as Debian has it; the dynamic loader is named below lib64. */
static const char *const usr_links[] = {"bin", "lib", "lib64", "sbin"};

/* What device nodes are bound over. */
static const char *const devices[] = {"null", "urandom", "zero"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Denied to guests, over what the missing capabilities deny already: doors into the kernel that an
 * agent has no use for, a user namespace first of all. clone3 says ENOSYS, so that libc falls back to clone, whose flags a filter can see.
 */
static const char seccomp_policy[] = "2\n"
				     "denylist\n"
				     "[all]\n"
				     "acct errno 1\n"
				     "add_key errno 1\n"
				     "bpf errno 1\n"
				     "clone errno 1 [0,0x10000000,SCMP_CMP_MASKED_EQ,0x10000000]\n"
				     "clone3 errno 38\n"
				     "delete_module errno 1\n"
				     "finit_module errno 1\n"
				     "fsconfig errno 1\n"
				     "fsmount errno 1\n"
				     "fsopen errno 1\n"
				     "fspick errno 1\n"
				     "init_module errno 1\n"
				     "io_uring_enter errno 1\n"
				     "io_uring_register errno 1\n"
				     "io_uring_setup errno 1\n"
				     "ioperm errno 1\n"
				     "iopl errno 1\n"
				     "kexec_file_load errno 1\n"
				     "kexec_load errno 1\n"
				     "keyctl errno 1\n"
				     "mount errno 1\n"
				     "mount_setattr errno 1\n"
				     "move_mount errno 1\n"
				     "name_to_handle_at errno 1\n"
				     "open_by_handle_at errno 1\n"
				     "open_tree errno 1\n"
				     "perf_event_open errno 1\n"
				     "pivot_root errno 1\n"
				     "process_vm_readv errno 1\n"
				     "process_vm_writev errno 1\n"
				     "ptrace errno 1\n"
				     "quotactl errno 1\n"
				     "reboot errno 1\n"
				     "request_key errno 1\n"
				     "setns errno 1\n"
				     "swapoff errno 1\n"
				     "swapon errno 1\n"
				     "syslog errno 1\n"
				     "umount2 errno 1\n"
				     "unshare errno 1\n"
				     "userfaultfd errno 1\n";

static int join(char path[PATH_MAX], const char *dir, const char *name, struct pdp_error *err)
{
	if (snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX)
		return 0;
	return pdp_fail(err, -ENAMETOOLONG, "path %s/%s is too long", dir, name);
}

static int make_dir(const char *dir, const char *name, mode_t mode, struct pdp_error *err)
{
	char path[PATH_MAX];
	int code = join(path, dir, name, err);

	if (code)
		return code;
	/* chmod as well: umask is not ours, and an old directory may be another's doing. */
	if ((mkdir(path, mode) && errno != EEXIST) || chmod(path, mode))
		return pdp_fail(err, -errno, "make directory %s: %s", path, strerror(errno));
	return 0;
}

static int make_link(const char *rootfs, const char *name, struct pdp_error *err)
{
	char path[PATH_MAX], target[32];
	int code = join(path, rootfs, name, err);

	if (code)
		return code;
	snprintf(target, sizeof(target), "usr/%s", name);
	if (symlink(target, path) && errno != EEXIST)
		return pdp_fail(err, -errno, "make link %s: %s", path, strerror(errno));
	return 0;
}

/* Write text to a new file and put it in the place of path: whoever reads sees the old or the new. */
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

static int copy_program(const char *rootfs, const char *dir, const char *name,
			struct pdp_error *err)
{
	char from[PATH_MAX], to[PATH_MAX];
	int in, code = join(from, dir, name, err);

	if (!code && snprintf(to, sizeof(to), "%s" PDP_GUEST_BIN "/%s", rootfs, name) >= PATH_MAX)
		code = pdp_fail(err, -ENAMETOOLONG, "path %s is too long", rootfs);
	if (code)
		return code;
	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return pdp_fail(err, -errno, "open program %s for guests: %s", from,
				strerror(errno));
	code = put_file(to, 0755, fill_copy, &in, err);
	close(in);
	return code;
}

static int copy_programs(const char *rootfs, const char *agent_path, struct pdp_error *err)
{
	char dir[PATH_MAX], name[PATH_MAX];
	int code;

	/* dirname() and basename() may write into their argument. */
	snprintf(name, sizeof(name), "%s", agent_path);
	snprintf(dir, sizeof(dir), "%s", dirname(name));
	code = copy_program(rootfs, dir, "pdp-fe-agent", err);
	return code ? code : copy_program(rootfs, dir, "pdp-fe-init", err);
}

static int make_devices(const char *rootfs, struct pdp_error *err)
{
	char dev[PATH_MAX], path[PATH_MAX];
	int code = join(dev, rootfs, "dev", err);

	for (size_t i = 0; i < COUNT(devices) && !code; i++) {
		code = join(path, dev, devices[i], err);
		if (!code)
			code = put_file(path, 0444, fill_text, "", err);
	}
	return code;
}

/* What an earlier controller may have left is covered by nothing and used by nobody new. */
static void unmount(const char *rootfs)
{
	while (!umount2(rootfs, MNT_DETACH | UMOUNT_NOFOLLOW))
		;
}

static int mount_rootfs(const char *rootfs, struct pdp_error *err)
{
	unmount(rootfs);
	if (!mount("pdp", rootfs, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64m"))
		return 0;
	return pdp_fail(err, -errno, "mount a tmpfs at %s: %s", rootfs, strerror(errno));
}

static int fill_rootfs(const char *rootfs, const char *agent_path, struct pdp_error *err)
{
	int code = 0;

	for (size_t i = 0; i < COUNT(root_dirs) && !code; i++)
		code = make_dir(rootfs, root_dirs[i], 0755, err);
	for (size_t i = 0; i < COUNT(usr_links) && !code; i++)
		code = make_link(rootfs, usr_links[i], err);
	if (!code)
		code = make_devices(rootfs, err);
	return code ? code : copy_programs(rootfs, agent_path, err);
}

int pdp_rootfs_make(const char *run_dir, const char *agent_path, struct pdp_error *err)
{
	char rootfs[PATH_MAX], seccomp[PATH_MAX];
	int code = join(rootfs, run_dir, "rootfs", err);

	if (!code)
		code = join(seccomp, run_dir, "seccomp", err);
	for (size_t i = 0; i < COUNT(run_dirs) && !code; i++)
		code = make_dir(run_dir, run_dirs[i].path, run_dirs[i].mode, err);
	if (!code)
		code = mount_rootfs(rootfs, err);
	if (!code)
		code = fill_rootfs(rootfs, agent_path, err);
	return code ? code : put_file(seccomp, 0644, fill_text, seccomp_policy, err);
}

static void remove_at(const char *run_dir, const char *format, const char *name)
{
	char below[PATH_MAX], path[PATH_MAX];

	if (snprintf(below, sizeof(below), format, name) < PATH_MAX &&
	    snprintf(path, sizeof(path), "%s/%s", run_dir, below) < PATH_MAX)
		remove(path);
}

void pdp_rootfs_remove(const char *run_dir)
{
	char rootfs[PATH_MAX];

	if (!join(rootfs, run_dir, "rootfs", NULL))
		unmount(rootfs);
	remove_at(run_dir, "%s", "seccomp");
	for (size_t i = 0; i < COUNT(run_dirs); i++)
		remove_at(run_dir, "%s", run_dirs[i].path);
	rmdir(run_dir);
}

int pdp_guest_dir_make(const char *run_dir, const char *name, uid_t agent, struct pdp_error *err)
{
	char dir[PATH_MAX], guest[PATH_MAX], log[PATH_MAX];
	int code = join(dir, run_dir, "guest", err);

	if (!code)
		code = make_dir(dir, name, 0710, err);
	if (!code)
		code = join(guest, dir, name, err);
	if (!code)
		code = join(log, guest, "agent.log", err);
	if (!code)
		code = put_file(log, 0600, fill_text, "", err);
	if (!code && (chown(guest, 0, (gid_t)agent) || chown(log, agent, (gid_t)agent)))
		code = pdp_fail(err, -errno, "give %s to uid %u: %s", guest, agent,
				strerror(errno));
	return code;
}

void pdp_guest_dir_remove(const char *run_dir, const char *name)
{
	remove_at(run_dir, "guest/%s/agent.log", name);
	remove_at(run_dir, "guest/%s/agent.sock", name);
	remove_at(run_dir, "guest/%s", name);
}

void pdp_guest_dirs_remove(const char *run_dir)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s/guest", run_dir) >= PATH_MAX)
		return;
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			pdp_guest_dir_remove(run_dir, entry->d_name);
	closedir(dir);
}
