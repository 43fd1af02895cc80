/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* memory.c - how much memory the tables may take; see memory.h. */
#include "fe-agent/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* Look anew when so much was taken since: some 60 routes of a full table, each a page of its own. */
#define LOOK_BYTES (256u << 10)

static uint64_t limit; /* 0 = none */
static uint64_t used; /* at the last look, */
static uint64_t taken; /* and since */

uint64_t pdp_memory_used(void)
{
	unsigned long long resident, shared;
	char text[128];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%*u %llu %llu", &resident, &shared) != 2)
		return 0;
	return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void look(void)
{
	used = pdp_memory_used();
	taken = 0;
}

void pdp_memory_limit(uint64_t bytes)
{
	limit = bytes > PDP_MEMORY_SPARE ? bytes - PDP_MEMORY_SPARE : bytes;
	look();
}

static bool fits(size_t bytes)
{
	return used + taken + bytes <= limit;
}

int pdp_memory_take(size_t bytes)
{
	if (!limit)
		return 0;
	if (taken + bytes > LOOK_BYTES || !fits(bytes))
		look();
	if (!fits(bytes))
		return -ENOMEM;
	taken += bytes;
	return 0;
}
