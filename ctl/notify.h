/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * notify.h - what pdpd tells the service manager that started it, as sd_notify(3) does. Nothing, where
 * there is none.
 */
#ifndef PDP_NOTIFY_H
#define PDP_NOTIFY_H

#include <sys/types.h>

struct event;
struct event_base;

/* "READY=1", "STOPPING=1", to $NOTIFY_SOCKET. */
void pdp_notify(const char *state);

/*
 * How often WATCHDOG=1 is due, in microseconds: half of what the environment allows
 * (sd_watchdog_enabled(3)); 0 = it is not asked of this process.
 */
unsigned long pdp_watchdog_period_us(const char *usec, const char *pid, pid_t self);

/* Tell that the event loop turns, as often as is due. *out is NULL where nobody asks. 0 or -ENOMEM. */
int pdp_watchdog_start(struct event **out, struct event_base *base);

#endif
