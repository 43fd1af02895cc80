/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * privileges.h - what a process that has opened all that it needs gives up.
 */
#ifndef PDP_PRIVILEGES_H
#define PDP_PRIVILEGES_H

/*
 * Every capability, and that any could be gained: what follows needs none. Says on stderr why it failed.
 * 0 or -errno.
 */
int pdp_drop_privileges(void);

#endif
