/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * failpoint.c - die at a named place. Off the packet's path; used wherever state changes in steps.
 */
#include "ctl/failpoint.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

void pdp_failpoint(const char *name)
{
	static unsigned long passed;
	const char *wish = getenv("PDP_FAILPOINT");
	size_t len = strlen(name);

	if (!wish || strncmp(wish, name, len) != 0 || (wish[len] && wish[len] != ':'))
		return;
	if (++passed >= (wish[len] ? strtoul(wish + len + 1, NULL, 10) : 1))
		raise(SIGKILL);
}
