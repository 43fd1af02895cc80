/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * container.h - one guest, FE or MH, as an unprivileged LXC container, by liblxc.
 *
 * Namespaces of its own of every kind, an id map of its own (locked memory is charged per host uid,
 * so maps must not overlap), no_new_privs, a seccomp denylist, limits on cpu, memory and processes,
 * a shared read-only root, no console, a few harmless devices, no network device but lo: links come
 * afterwards. Its monitor is a process of its own: a controller that dies takes no container with it.
 */
#ifndef PDP_CONTAINER_H
#define PDP_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "loader/loader.h"

/*
 * Ids that a guest has: 0, that LXC sets it up as, and 1, that everything in it runs as. The ranges of
 * all nodes and guests lie in 0x70000000-0x73ffffff, which systemd leaves unused. Each node of a machine
 * has a block of its own there (ctl/nodelock.h): what guests lock in memory is charged to the host's uid.
 */
#define PDP_ID_BLOCKS 512
#define PDP_GUEST_IDS 16
#define PDP_GUEST_AGENT_ID 1

/* The block that a node has unless another one does. */
unsigned int pdp_id_block(const char *node, const char *run_dir);

/* Host uid and gid of the guest's 0. */
uid_t pdp_guest_id_base(unsigned int block, uint16_t guest);

/*
 * Ids of an MH guest: root, a user for each kind of daemon, and some for whatever its owner runs. Their
 * ranges lie in 0x6c000000-0x6fffffff, below those of FE guests and above what /etc/subuid is filled
 * with; systemd-nspawn may choose from there too, and looks before it does.
 */
#define PDP_MH_IDS 32
uid_t pdp_mh_id_base(unsigned int block, uint16_t vnet);

/* Beside a container's own group, named so with this behind it: that of the kernel thread of its link. */
#define PDP_THREAD_GROUP ".napi"

struct pdp_container_conf {
	bool mh; /* a control plane: it may work on its own network, and has what daemons need */
	const char *name; /* LXC's */
	const char *run_dir; /* rootfs.h says what is in it */
	const char *
		guest_dir; /* name of the guest's own directory, bound to /run/pdp (MH: /pdp/guest) */
	const char *pivot; /* cgroup that the monitor hides in when it ends */
	const char *arguments; /* of its init, separated by blanks */
	const char *cpus; /* cpuset list; NULL = any */
	uid_t id_base;
	uint32_t power; /* millicores */
	uint32_t memory_mib;
};

/* A start under way, in a process of its own. */
struct pdp_container_starter {
	pid_t pid; /* 0 = none */
	int fd; /* readable when it is over */
};

/* Begin to define and start it. 0 or -errno; what was begun must be ended. */
int pdp_container_begin(struct pdp_container_starter *start, const struct pdp_container_conf *conf,
			struct pdp_error *err);

/*
 * What came of it, once fd is readable; waits for that if it is not. *init_pid is its process 1. On
 * failure nothing is left.
 */
int pdp_container_end(struct pdp_container_starter *start, const char *run_dir, const char *name,
		      const char *pivot, pid_t *init_pid, struct pdp_error *err);

/* Both, for who can wait. */
int pdp_container_start(const struct pdp_container_conf *conf, pid_t *init_pid,
			struct pdp_error *err);

/*
 * Stop with SIGKILL, wait for the monitor, and remove definition, locks and cgroups, whatever of
 * these there is.
 */
void pdp_container_stop(const char *run_dir, const char *name, const char *pivot);

/* Process 1 of a container that runs; 0 when it does not, or there is none. */
pid_t pdp_container_init(const char *run_dir, const char *name);

/* Is there one of this name, running or not? */
bool pdp_container_defined(const char *run_dir, const char *name);

/* Each container below run_dir whose name begins with prefix; fn as for scandir: 0 goes on. */
int pdp_container_each(const char *run_dir, const char *prefix,
		       int (*fn)(const char *name, void *arg), void *arg, struct pdp_error *err);

/* Stop every container below run_dir whose name begins with prefix; *n is raised by their number. */
int pdp_container_reap(const char *run_dir, const char *prefix, const char *pivot, unsigned int *n,
		       struct pdp_error *err);

#endif
