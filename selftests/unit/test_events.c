/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The ring of events: order, numbers without a gap, what falls out, who follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/events.h"

static void test_empty(void **state)
{
	struct pdp_events *events = pdp_events_new();

	(void)state;
	assert_null(pdp_events_next(events, 0));
	pdp_events_free(events);
	pdp_events_free(NULL);
}

static void test_order(void **state)
{
	struct pdp_events *events = pdp_events_new();
	const struct pdp_node_event *event;

	(void)state;
	pdp_event(events, PDP_LOG_INFO, PDP_EVENT_GUEST_LOST, "guest red-1", "agent %d died", 7);
	pdp_event(events, PDP_LOG_INFO, PDP_EVENT_GUEST_READY, "guest red-1", "is back");
	event = pdp_events_next(events, 0);
	assert_int_equal(event->number, 1);
	assert_string_equal(event->object, "guest red-1");
	assert_string_equal(event->text, "agent 7 died");
	assert_string_equal(pdp_event_kind_name(event->kind), "guest-lost");
	event = pdp_events_next(events, 1);
	assert_int_equal(event->number, 2);
	assert_null(pdp_events_next(events, 2));
	pdp_events_free(events);
}

static void test_old_ones_fall_out(void **state)
{
	struct pdp_events *events = pdp_events_new();
	uint64_t number = 0;
	size_t n = 0;

	(void)state;
	for (int i = 1; i <= PDP_EVENTS + 10; i++)
		pdp_event(events, PDP_LOG_INFO, PDP_EVENT_NODE, "node a", "%d", i);
	for (const struct pdp_node_event *event; (event = pdp_events_next(events, number)); n++) {
		assert_true(!number || event->number == number + 1);
		number = event->number;
		assert_int_equal(atoi(event->text), number);
	}
	assert_int_equal(n, PDP_EVENTS);
	assert_int_equal(number, PDP_EVENTS + 10);
	pdp_events_free(events);
}

static void count(const struct pdp_node_event *event, void *arg)
{
	*(uint64_t *)arg = event->number;
}

static void test_follow(void **state)
{
	struct pdp_events *events = pdp_events_new();
	uint64_t seen = 0;

	(void)state;
	pdp_events_follow(events, count, &seen);
	pdp_event(events, PDP_LOG_INFO, PDP_EVENT_NODE, "node a", "forwards");
	assert_int_equal(seen, 1);
	pdp_events_follow(events, NULL, NULL);
	pdp_event(events, PDP_LOG_INFO, PDP_EVENT_NODE, "node a", "goes down");
	assert_int_equal(seen, 1);
	pdp_events_free(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_old_ones_fall_out),
		cmocka_unit_test(test_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
