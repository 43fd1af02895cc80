/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * rundir.c - one pdpd for each run directory. A lock dies with its holder, so a crash leaves none.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/log.h"
#include "ctl/rundir.h"

int pdp_rundir_lock(const char *path, struct pdp_error *err)
{
	int fd;

	if (mkdir(path, 0755) && errno != EEXIST)
		return pdp_fail(err, -errno, "cannot make directory %s: %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return pdp_fail(err, -errno, "cannot open directory %s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return pdp_fail(err, -EBUSY,
				"another pdpd runs with %s; stop it, or use another --run-dir",
				path);
	}
	return fd;
}

void pdp_rundir_unlock(const char *path, int fd)
{
	if (fd < 0)
		return;
	if (rmdir(path) && errno != ENOTEMPTY && errno != ENOENT)
		pdp_log(PDP_LOG_WARNING, "cannot remove %s: %s", path, strerror(errno));
	close(fd);
}
