/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_notify.c - when the watchdog is fed, and what reaches the service manager.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/notify.h"

static void half_of_what_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(pdp_watchdog_period_us("30000000", NULL, 7), 15000000);
	assert_int_equal(pdp_watchdog_period_us("30000000", "7", 7), 15000000);
}

static void not_when_not_asked(void **state)
{
	(void)state;
	assert_int_equal(pdp_watchdog_period_us(NULL, NULL, 7), 0);
	assert_int_equal(pdp_watchdog_period_us("30000000", "8", 7), 0);
	assert_int_equal(pdp_watchdog_period_us("", "7", 7), 0);
	assert_int_equal(pdp_watchdog_period_us("30s", "7", 7), 0);
}

static void words_arrive(void **state)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct event_base *base = event_base_new();
	struct event *watchdog;
	char word[32] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_non_null(base);
	assert_true(fd >= 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "/tmp/pdp-notify-%d", getpid());
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	setenv("NOTIFY_SOCKET", to.sun_path, 1);
	setenv("WATCHDOG_USEC", "2000", 1);
	unsetenv("WATCHDOG_PID");

	pdp_notify("READY=1");
	assert_int_equal(recv(fd, word, sizeof(word), MSG_DONTWAIT), 7);
	assert_memory_equal(word, "READY=1", 7);

	assert_int_equal(pdp_watchdog_start(&watchdog, base), 0);
	assert_non_null(watchdog);
	assert_int_equal(recv(fd, word, sizeof(word), MSG_DONTWAIT), -1);
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(recv(fd, word, sizeof(word), MSG_DONTWAIT), 10);
	assert_memory_equal(word, "WATCHDOG=1", 10);

	event_free(watchdog);
	event_base_free(base);
	close(fd);
	unlink(to.sun_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_of_what_is_allowed),
		cmocka_unit_test(not_when_not_asked),
		cmocka_unit_test(words_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
