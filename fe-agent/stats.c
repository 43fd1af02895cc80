/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* stats.c - counters in a sealed memfd; see stats.h. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fe-agent/stats.h"

int pdp_stats_open(struct pdp_stats *stats)
{
	const size_t size = sizeof(*stats->counters);
	void *memory = MAP_FAILED;
	int rc, fd;

	fd = memfd_create("pdp-agent-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd >= 0 && !ftruncate(fd, size) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		rc = -errno;
		warn("no shared memory for counters");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	*stats = (struct pdp_stats){.counters = memory, .fd = fd};
	return 0;
}

void pdp_stats_close(struct pdp_stats *stats)
{
	if (!stats->counters)
		return;
	munmap(stats->counters, sizeof(*stats->counters));
	close(stats->fd);
	*stats = (struct pdp_stats){0};
}
