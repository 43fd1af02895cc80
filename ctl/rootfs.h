/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rootfs.h - the made-up file system that all FE guests of a node share, read-only.
 *
 *   RUN_DIR/rootfs/        a tmpfs of its own: bin, sbin, lib, lib64 -> usr/..., empty usr, proc, dev,
 *                          tmp, run/pdp
 *   RUN_DIR/rootfs/pdp/    copies of pdp-fe-init and pdp-fe-agent
 *   RUN_DIR/seccomp        the system calls that guests are denied
 *   RUN_DIR/guest/NAME/    one guest's own directory, its /run/pdp
 *   RUN_DIR/kept/          what the next controller must know of guests (guest_kept.h)
 *   RUN_DIR/lxc/           liblxc's, "lxcpath"
 *
 * A tmpfs of its own, because /run is mounted noexec on many hosts. Copies, because the mapped root of
 * a guest cannot see into a home directory that binaries were built in. guest/ and lxc/ are 0711:
 * guests pass through them and cannot list them. LXC, as the guest's root, opens rootfs/ for reading.
 */
#ifndef PDP_ROOTFS_H
#define PDP_ROOTFS_H

#include <sys/types.h>

#include "loader/loader.h"

#define PDP_GUEST_BIN "/pdp" /* inside the guest */
#define PDP_GUEST_INIT PDP_GUEST_BIN "/pdp-fe-init"

/*
 * pdp_rootfs_make() - mount and fill all of the above but guests' own directories, anew.
 * @agent_path: pdp-fe-agent; pdp-fe-init stands beside it. -ENOENT names what is missing.
 */
int pdp_rootfs_make(const char *run_dir, const char *agent_path, struct pdp_error *err);

/* Remove what pdp_rootfs_make() made, and run_dir if that was all. What is not there is fine. */
void pdp_rootfs_remove(const char *run_dir);

/*
 * One guest's directory, 0710 and of the group that only this guest's agent is in, with an empty
 * agent.log that the agent may write.
 */
int pdp_guest_dir_make(const char *run_dir, const char *name, uid_t agent, struct pdp_error *err);
void pdp_guest_dir_remove(const char *run_dir, const char *name);

/* Remove every guest's directory. */
void pdp_guest_dirs_remove(const char *run_dir);

#endif
