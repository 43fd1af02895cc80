/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mhroot.h - the made-up file system that all MH guests of a node share, and what each has of its own.
 *
 *   RUN_DIR/mhroot/             a tmpfs of its own, read-only inside: bin, sbin, lib, lib64 -> usr/...,
 *                               etc (passwd, group ...), var/run, var/log ... -> run/..., empty usr,
 *                               proc, dev, tmp, run
 *   RUN_DIR/mhroot/pdp/         a copy of pdp-mh-init
 *   RUN_DIR/guest/VNET-cp/      one guest's own directory, its /pdp/guest, read-only inside
 *     control                   what pdp-mh-init is to run (fe-agent/mhchannel.h)
 *     init.sock                 where it tells what becomes of that
 *     etc/config/               the copy of the config directory: its /etc/frr, /etc/bird, /etc/pdp
 *
 * A copy, so that the guest reads no file of the host's, and what it reads stands still while somebody
 * edits. It lies apart from the rest because it belongs to the daemon's user, and to nobody on the host.
 */
#ifndef PDP_MHROOT_H
#define PDP_MHROOT_H

#include <sys/types.h>

#include "ctl/model.h"
#include "loader/loader.h"

#define PDP_MH_INIT "/pdp/pdp-mh-init" /* inside the guest */
#define PDP_MHROOT_DEVICES                                         \
	{                                                          \
		"full", "null", "random", "tty", "urandom", "zero" \
	}

/* Mount and fill RUN_DIR/mhroot, anew; pdp_rootfs_make() came before. */
int pdp_mhroot_make(const char *run_dir, const char *agent_path, struct pdp_error *err);
/* What is not there is fine. */
void pdp_mhroot_remove(const char *run_dir);

/*
 * One guest's directory, without what it is to run. It stays as it is when it is there.
 * @root: host uid and gid of the guest's root.
 */
int pdp_mh_dir_make(const char *run_dir, const char *name, uid_t root, struct pdp_error *err);
void pdp_mh_dir_remove(const char *run_dir, const char *name);

/*
 * pdp_mh_config_put() - copy the config directory and write down what is to run, for pdp_mh_config_same().
 *
 * Regular files and directories, to a depth of four and 16 MiB; names that begin with a dot are passed
 * over, and links are refused: the owner of the directory may be nobody who may read what they lead to.
 */
int pdp_mh_config_put(const char *run_dir, const char *name, uid_t root,
		      const struct pdp_control_conf *conf, struct pdp_error *err);
/* Was it put for the same kind, directory and command? */
bool pdp_mh_config_same(const char *run_dir, const char *name, const struct pdp_control_conf *conf);

#endif
