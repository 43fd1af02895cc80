/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * events.h - what happened to a node, with times: the last PDP_EVENTS of them.
 *
 * Whoever notices something writes it here; `pdp-ctl event` shows it. Each goes to the log too.
 */
#ifndef PDP_EVENTS_H
#define PDP_EVENTS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "ctl/log.h"

#define PDP_EVENTS 1024

enum pdp_event_kind {
	PDP_EVENT_NODE, /* forwards, adopted, goes down */
	PDP_EVENT_APPLY, /* a change began, was done, was undone */
	PDP_EVENT_GUEST_READY,
	PDP_EVENT_GUEST_LOST, /* its slots went to its siblings */
	PDP_EVENT_GUEST_FAILED, /* it is not tried again */
	PDP_EVENT_GUEST_DRAINED, /* came to rest, and stops */
	PDP_EVENT_SLOTS_MOVED, /* of an overloaded guest, to an idle one */
	PDP_EVENT_PORT_UP,
	PDP_EVENT_PORT_DOWN,
	PDP_EVENT_PORT_CHANGED, /* its MTU, its MAC */
	PDP_EVENT_PATH_UP, /* a vif's next hop is known */
	PDP_EVENT_PATH_DOWN,
	PDP_EVENT_CONTROL_READY, /* a vnet's MH guest is there again */
	PDP_EVENT_CONTROL_LOST, /* it has ended, and will be again */
	PDP_EVENT_ROUTES_MIRRORED, /* a control plane's tables are known for the first time */
	PDP_EVENT_ROUTES_OVERRUN, /* some of what its kernel told was lost: they are read anew */
	PDP_EVENT_ROUTES_OVER, /* it has more routes than max-routes */
	PDP_EVENT_ROUTES_BELOW, /* no more */
	PDP_EVENT_CONTROL_TROUBLE, /* a daemon in it has ended, or does not take its configuration */
	PDP_EVENT_DELAY_LINE, /* runs, ended, is not needed any more */
	PDP_EVENT_GUEST_THREAD, /* its packets have a kernel thread of their own, or cannot have one */
	PDP_EVENT_POWER_LIMIT, /* a vnet's packets are limited to what its power can process, or no more */
	PDP_EVENT_REPAIRED, /* a map or a link that somebody changed by hand */
	PDP_EVENT_KINDS,
};

struct pdp_node_event {
	uint64_t number; /* counts from 1, without a gap */
	struct timespec when; /* CLOCK_REALTIME */
	enum pdp_event_kind kind;
	enum pdp_log_level level;
	char object[80]; /* "guest red-2", "port A", "vif red/v0", "vnet red", "node amherst" */
	char text[200];
};

/* "guest-lost" */
const char *pdp_event_kind_name(enum pdp_event_kind kind);

struct pdp_events;

struct pdp_events *pdp_events_new(void);
/* NULL is fine. */
void pdp_events_free(struct pdp_events *events);

/* Note it, log it ("object: text"), tell who follows. NULL events: it goes to the log alone. */
void pdp_event(struct pdp_events *events, enum pdp_log_level level, enum pdp_event_kind kind,
	       const char *object, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * The first event that is kept with a number over `after`, or NULL: pdp_events_next(events, 0) is the
 * oldest. Valid until the next pdp_event().
 */
const struct pdp_node_event *pdp_events_next(const struct pdp_events *events, uint64_t after);

/* fn is called with each new event. fn NULL: no more. Only one can follow: the API, for all of its own. */
void pdp_events_follow(struct pdp_events *events,
		       void (*fn)(const struct pdp_node_event *event, void *arg), void *arg);

#endif
