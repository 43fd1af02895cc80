/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodelock.h - one node of a name on a machine, and each with ids of its own. Containers, cgroups and links bear
 * the node's name, whatever its run directory is.
 */
#ifndef PDP_NODELOCK_H
#define PDP_NODELOCK_H

#include "loader/loader.h"

#define PDP_NODELOCK_DIR "/run/pdp-nodes"

/*
 * pdp_nodelock_take() - this name is ours on this machine, or who has it.
 * @dir: PDP_NODELOCK_DIR, made if it is not there.
 * @block: of user ids (container.h): the one that is wanted, and becomes the one that is had, which is the
 *         same as before if this node was there before, and no other node's.
 *
 * The lock dies with its holder. The node may outlive that, and forward on: then its run directory is
 * there, and only a pdpd with the same one is its next controller. Returns a descriptor; -EBUSY with a
 * sentence that tells run directory and process; -ENOSPC: other nodes have all blocks; -errno.
 */
int pdp_nodelock_take(const char *dir, const char *node, const char *run_dir, unsigned int *block,
		      struct pdp_error *err);

/* Let go of the name: down, the node is no more; otherwise it forwards on. fd < 0 is fine. */
void pdp_nodelock_leave(const char *dir, const char *node, int fd, bool down);

#endif
