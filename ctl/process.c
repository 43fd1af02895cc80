/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* process.c - what /proc tells of a process; see process.h. */
#include "ctl/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* include/linux/sched.h */
#define PF_EXITING 0x4
#define PF_KTHREAD 0x200000

int pdp_process_look(pid_t pid, struct pdp_process *out)
{
	char path[64], text[512];
	const char *name_end;
	unsigned int flags;
	int parent, n = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	stat = pid > 0 ? fopen(path, "re") : NULL;
	if (!stat)
		return -ESRCH;
	name_end = fgets(text, sizeof(text), stat) ? strrchr(text, ')') : NULL;
	/* state ppid pgrp session tty tpgid flags */
	if (name_end)
		n = sscanf(name_end + 1, " %*c %d %*d %*d %*d %*d %u", &parent, &flags);
	fclose(stat);
	if (n != 2)
		return -ESRCH;
	*out = (struct pdp_process){
		.parent = parent, .kernel = flags & PF_KTHREAD, .exiting = flags & PF_EXITING};
	return 0;
}
