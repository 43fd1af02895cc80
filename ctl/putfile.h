/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * putfile.h - directories and small files below the run directory, for those who make guests' roots.
 */
#ifndef PDP_PUTFILE_H
#define PDP_PUTFILE_H

#include <limits.h>
#include <sys/types.h>

#include "loader/loader.h"

/* DIR/NAME; -ENAMETOOLONG. */
int pdp_path_join(char path[PATH_MAX], const char *dir, const char *name, struct pdp_error *err);

/* Make DIR/NAME of this very mode; one that is there gets it too. */
int pdp_put_dir(const char *dir, const char *name, mode_t mode, struct pdp_error *err);
/* Make the link DIR/NAME -> target; one that is there stays. */
int pdp_put_link(const char *dir, const char *name, const char *target, struct pdp_error *err);

/*
 * A text, or what is left to read of a descriptor, as a new file in the place of path: whoever opens
 * it sees the old or the new. 0 or -errno with the path.
 */
int pdp_put_text(const char *path, mode_t mode, const char *text, struct pdp_error *err);
int pdp_put_copy(const char *path, mode_t mode, int from, struct pdp_error *err);

/* The program NAME, as it stands beside agent_path, copied to a guests' root. */
int pdp_put_program(const char *rootfs, const char *agent_path, const char *name,
		    struct pdp_error *err);

/* A tmpfs at path, in the place of any that an earlier controller left there. */
int pdp_put_tmpfs(const char *path, const char *options, struct pdp_error *err);
/* What runs in it keeps it. */
void pdp_unmount(const char *path);

/* A directory with all that is in it; what is not there is fine. Follows no link. */
void pdp_remove_tree(const char *path);

#endif
