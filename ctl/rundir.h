/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rundir.h - the run directory of one pdpd: made, locked, removed.
 */
#ifndef PDP_RUNDIR_H
#define PDP_RUNDIR_H

#include "loader/loader.h"

/*
 * Make the directory (0755) if it is not there and lock it: what lies in it of guests is then ours.
 * Returns a descriptor that holds the lock; -EBUSY when another pdpd has it; -errno.
 */
int pdp_rundir_lock(const char *path, struct pdp_error *err);

/* Remove the directory if it is empty, give back the lock. fd < 0 is fine. */
void pdp_rundir_unlock(const char *path, int fd);

#endif
