/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* rootfs.c - the made-up file system of FE guests; see rootfs.h. */
#include "ctl/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/putfile.h"

/* Directories below run_dir, and those in the guests' root, parents first. */
static const struct {
	const char *path;
	mode_t mode;
} run_dirs[] = {{"guest", 0711}, {"kept", 0700}, {"lxc", 0711}, {"rootfs", 0755}};
static const char *const root_dirs[] = {"dev", "pdp", "proc", "run", "run/pdp", "tmp", "usr"};

/* Where usr is merged, as Debian has it; the dynamic loader is named below lib64. */
static const struct {
	const char *name, *target;
} usr_links[] = {
	{"bin", "usr/bin"}, {"lib", "usr/lib"}, {"lib64", "usr/lib64"}, {"sbin", "usr/sbin"}};

/* What device nodes are bound over. */
static const char *const devices[] = {"null", "urandom", "zero"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Denied to guests, FE and MH, over what the missing capabilities deny already: doors into the kernel
 * that agents and daemons have no use for, new namespaces first of all. clone3 says ENOSYS, so that libc
 * falls back to clone, whose flags a filter can see: CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET.
 */
static const char seccomp_policy[] = "2\n"
				     "denylist\n"
				     "[all]\n"
				     "acct errno 1\n"
				     "add_key errno 1\n"
				     "bpf errno 1\n"
				     "clone errno 1 [0,0x00020000,SCMP_CMP_MASKED_EQ,0x00020000]\n"
				     "clone errno 1 [0,0x02000000,SCMP_CMP_MASKED_EQ,0x02000000]\n"
				     "clone errno 1 [0,0x04000000,SCMP_CMP_MASKED_EQ,0x04000000]\n"
				     "clone errno 1 [0,0x08000000,SCMP_CMP_MASKED_EQ,0x08000000]\n"
				     "clone errno 1 [0,0x10000000,SCMP_CMP_MASKED_EQ,0x10000000]\n"
				     "clone errno 1 [0,0x20000000,SCMP_CMP_MASKED_EQ,0x20000000]\n"
				     "clone errno 1 [0,0x40000000,SCMP_CMP_MASKED_EQ,0x40000000]\n"
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

static int make_devices(const char *rootfs, struct pdp_error *err)
{
	char dev[PATH_MAX], path[PATH_MAX];
	int code = pdp_path_join(dev, rootfs, "dev", err);

	for (size_t i = 0; i < COUNT(devices) && !code; i++) {
		code = pdp_path_join(path, dev, devices[i], err);
		if (!code)
			code = pdp_put_text(path, 0444, "", err);
	}
	return code;
}

static int fill_rootfs(const char *rootfs, const char *agent_path, struct pdp_error *err)
{
	int code = 0;

	for (size_t i = 0; i < COUNT(root_dirs) && !code; i++)
		code = pdp_put_dir(rootfs, root_dirs[i], 0755, err);
	for (size_t i = 0; i < COUNT(usr_links) && !code; i++)
		code = pdp_put_link(rootfs, usr_links[i].name, usr_links[i].target, err);
	if (!code)
		code = make_devices(rootfs, err);
	if (!code)
		code = pdp_put_program(rootfs, agent_path, "pdp-fe-agent", err);
	return code ? code : pdp_put_program(rootfs, agent_path, "pdp-fe-init", err);
}

int pdp_rootfs_make(const char *run_dir, const char *agent_path, struct pdp_error *err)
{
	char rootfs[PATH_MAX], seccomp[PATH_MAX];
	int code = pdp_path_join(rootfs, run_dir, "rootfs", err);

	if (!code)
		code = pdp_path_join(seccomp, run_dir, "seccomp", err);
	for (size_t i = 0; i < COUNT(run_dirs) && !code; i++)
		code = pdp_put_dir(run_dir, run_dirs[i].path, run_dirs[i].mode, err);
	if (!code)
		code = pdp_put_tmpfs(rootfs, "mode=755,size=64m", err);
	if (!code)
		code = fill_rootfs(rootfs, agent_path, err);
	return code ? code : pdp_put_text(seccomp, 0644, seccomp_policy, err);
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

	if (!pdp_path_join(rootfs, run_dir, "rootfs", NULL))
		pdp_unmount(rootfs);
	remove_at(run_dir, "%s", "seccomp");
	for (size_t i = 0; i < COUNT(run_dirs); i++)
		remove_at(run_dir, "%s", run_dirs[i].path);
	rmdir(run_dir);
}

int pdp_guest_dir_make(const char *run_dir, const char *name, uid_t agent, struct pdp_error *err)
{
	char dir[PATH_MAX], guest[PATH_MAX], log[PATH_MAX];
	int code = pdp_path_join(dir, run_dir, "guest", err);

	if (!code)
		code = pdp_put_dir(dir, name, 0710, err);
	if (!code)
		code = pdp_path_join(guest, dir, name, err);
	if (!code)
		code = pdp_path_join(log, guest, "agent.log", err);
	if (!code)
		code = pdp_put_text(log, 0600, "", err);
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
