/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_feed - who follows the events and reads gets all of them; who does not read is let go when a
 * megabyte waits for it, and holds nobody up.
 */
#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "ctl/feed.h"

#define MEGABYTE (1 << 20)

static struct event_base *base;
static struct evhttp *http;
static struct pdp_events *events;
static struct pdp_feed *feed;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void on_request(struct evhttp_request *req, void *arg)
{
	(void)arg;
	pdp_feed_request(feed, req);
}

static int serve(void **state)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as pdpd does */
	/* Abstract: it is gone when we are. */
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "pdp-feed-%d", (int)getpid());
	base = event_base_new();
	http = evhttp_new(base);
	events = pdp_events_new();
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 8) ||
	    pdp_feed_new(&feed, events) || evhttp_accept_socket(http, fd))
		return -1;
	evhttp_set_gencb(http, on_request, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	pdp_feed_free(feed);
	evhttp_free(http);
	pdp_events_free(events);
	event_base_free(base);
	return 0;
}

static void turn(int times)
{
	while (times--)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* A client that has asked for all events from now on. */
static int follower(void)
{
	static const char request[] = "GET /v1/events?follow=1 HTTP/1.1\r\nHost: pdpd\r\n\r\n";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	turn(5);
	return fd;
}

/* What there is to read, counting lines of events; *ended when nothing more will come. */
static size_t drain(int fd, size_t *lines, bool *ended)
{
	static char bytes[65536];
	size_t total = 0;
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
		total += (size_t)got;
		for (ssize_t i = 0; i < got; i++)
			*lines += bytes[i] == '{';
	}
	*ended = got == 0 || errno == ECONNRESET;
	return total;
}

/* Each goes to the log too, which is nothing to look at. */
static void happen(int n)
{
	static const char filling[] = "....................................................."
				      "....................................................";
	int err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO);
	for (int i = 0; i < n; i++)
		pdp_event(events, PDP_LOG_NOTICE, PDP_EVENT_NODE, "node test", "%d%s", i, filling);
	dup2(err, STDERR_FILENO);
	close(err);
	close(null);
}

static void who_does_not_read_goes(void **state)
{
	size_t lines = 0, got = 0, silent_lines = 0, silent_got, rounds;
	int reader = follower(), silent = follower();
	bool ended = false;

	(void)state;
	for (rounds = 0; rounds < 300 && !ended; rounds++) {
		happen(100);
		turn(5);
		got += drain(reader, &lines, &ended);
	}
	turn(20);
	got += drain(reader, &lines, &ended);
	assert_false(ended);
	assert_int_equal(lines, 300 * 100);
	assert_true(got > 5 * MEGABYTE);
	/* The other has what the socket held and what waited for it, and then the end. */
	silent_got = drain(silent, &silent_lines, &ended);
	assert_true(ended);
	assert_true(silent_lines < lines);
	assert_true(silent_got < 2 * MEGABYTE);
	print_message("# %zu bytes to who read, %zu to who did not\n", got, silent_got);
	/* It may come again, and finds what is kept. */
	close(silent);
	silent = follower();
	happen(1);
	turn(10);
	silent_lines = 0;
	drain(silent, &silent_lines, &ended);
	assert_false(ended);
	assert_true(silent_lines > 100);
	close(silent);
	close(reader);
	turn(10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(who_does_not_read_goes)};

	return cmocka_run_group_tests_name("feed", tests, serve, stop);
}
