/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * events.c - what happened to a node: a ring in memory. Off the packet's path; owns nothing else.
 */
#include "ctl/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct pdp_events {
	uint64_t last; /* number of the newest; 0 = none */
	void (*fn)(const struct pdp_node_event *event, void *arg);
	void *arg;
	struct pdp_node_event ring[PDP_EVENTS];
};

static const char *const names[PDP_EVENT_KINDS] = {
	[PDP_EVENT_NODE] = "node",
	[PDP_EVENT_APPLY] = "apply",
	[PDP_EVENT_GUEST_READY] = "guest-ready",
	[PDP_EVENT_GUEST_LOST] = "guest-lost",
	[PDP_EVENT_GUEST_FAILED] = "guest-failed",
	[PDP_EVENT_GUEST_DRAINED] = "guest-drained",
	[PDP_EVENT_SLOTS_MOVED] = "slots-moved",
	[PDP_EVENT_PORT_UP] = "port-up",
	[PDP_EVENT_PORT_DOWN] = "port-down",
	[PDP_EVENT_PORT_CHANGED] = "port-changed",
	[PDP_EVENT_PATH_UP] = "path-up",
	[PDP_EVENT_PATH_DOWN] = "path-down",
	[PDP_EVENT_CONTROL_READY] = "control-ready",
	[PDP_EVENT_CONTROL_LOST] = "control-lost",
	[PDP_EVENT_ROUTES_MIRRORED] = "routes-mirrored",
	[PDP_EVENT_ROUTES_OVERRUN] = "routes-overrun",
	[PDP_EVENT_ROUTES_OVER] = "routes-over",
	[PDP_EVENT_ROUTES_BELOW] = "routes-below",
	[PDP_EVENT_CONTROL_TROUBLE] = "control-trouble",
	[PDP_EVENT_DELAY_LINE] = "delay-line",
	[PDP_EVENT_GUEST_THREAD] = "guest-thread",
	[PDP_EVENT_POWER_LIMIT] = "power-limit",
	[PDP_EVENT_REPAIRED] = "repaired",
};

const char *pdp_event_kind_name(enum pdp_event_kind kind)
{
	return kind < PDP_EVENT_KINDS ? names[kind] : "unknown";
}

struct pdp_events *pdp_events_new(void)
{
	return calloc(1, sizeof(struct pdp_events));
}

void pdp_events_free(struct pdp_events *events)
{
	free(events);
}

static void note(struct pdp_events *events, const struct pdp_node_event *event)
{
	struct pdp_node_event *at = &events->ring[events->last++ % PDP_EVENTS];

	*at = *event;
	at->number = events->last;
	clock_gettime(CLOCK_REALTIME, &at->when);
	if (events->fn)
		events->fn(at, events->arg);
}

void pdp_event(struct pdp_events *events, enum pdp_log_level level, enum pdp_event_kind kind,
	       const char *object, const char *fmt, ...)
{
	struct pdp_node_event event = {.kind = kind, .level = level};
	va_list args;

	snprintf(event.object, sizeof(event.object), "%s", object);
	va_start(args, fmt);
	vsnprintf(event.text, sizeof(event.text), fmt, args);
	va_end(args);
	pdp_log(level, "%s: %s", event.object, event.text);
	if (events)
		note(events, &event);
}

const struct pdp_node_event *pdp_events_next(const struct pdp_events *events, uint64_t after)
{
	uint64_t oldest = events->last > PDP_EVENTS ? events->last - PDP_EVENTS + 1 : 1;
	uint64_t number = after + 1 > oldest ? after + 1 : oldest;

	return number <= events->last ? &events->ring[(number - 1) % PDP_EVENTS] : NULL;
}

void pdp_events_follow(struct pdp_events *events,
		       void (*fn)(const struct pdp_node_event *event, void *arg), void *arg)
{
	events->fn = fn;
	events->arg = arg;
}
