/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * failpoint.h - die at a named place, to prove that a crash there leaves nothing half made.
 *
 * PDP_FAILPOINT=NAME in the environment ends the process by SIGKILL when it comes to that place;
 * NAME:N when it does so for the N-th time. Without the variable a failpoint is one getenv(3), and it
 * stands only where something is being changed.
 */
#ifndef PDP_FAILPOINT_H
#define PDP_FAILPOINT_H

void pdp_failpoint(const char *name);

#endif
