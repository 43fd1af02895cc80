/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_pktgen_pace.c - the traffic source holds its rate, on time that the test makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "selftests/bench/pace.h"

#define SECOND 1000000000ULL
#define BEGIN (12345 * SECOND + 678)

static const uint64_t rates[] = {1, 7, 1000, 4999, 5001, 64000, 333333, 1000000, 3000000};

#define N_RATES (sizeof(rates) / sizeof(rates[0]))

/* How late a call is made after the time it was planned for. */
typedef uint64_t (*lateness)(void);

static uint64_t punctual(void)
{
	return 0;
}

/* Mostly some microseconds, one time in a hundred some milliseconds. */
static uint64_t busy(void)
{
	return rand() % 100 ? rand() % 20000 : rand() % 5000000;
}

/* Run for this long; returns the packets sent, *largest is the largest call. */
static uint64_t simulate(struct pace *pace, uint64_t rate, uint64_t ns, lateness late,
			 uint64_t *largest)
{
	uint64_t sent = 0, calls = 0, n, now = BEGIN;

	pace_begin(pace, rate, BEGIN);
	*largest = 0;
	while (now < BEGIN + ns) {
		now = pace_next(pace, sent) + late();
		if (now >= BEGIN + ns)
			break;
		n = pace_due(pace, sent, now);
		assert_true(n > 0);
		if (n > *largest)
			*largest = n;
		sent += n;
		calls++;
	}
	assert_true(calls <= ns / PACE_TICK_NS + 1);
	return sent;
}

static void a_punctual_source_is_exact(void **state)
{
	uint64_t sent, largest;
	struct pace pace;

	(void)state;
	for (size_t i = 0; i < N_RATES; i++) {
		sent = simulate(&pace, rates[i], 10 * SECOND, punctual, &largest);
		assert_in_range(sent, 10 * rates[i] - rates[i] / 2500 - 1, 10 * rates[i]);
		assert_true(largest <= rates[i] / 5000 + 1);
	}
}

static void a_busy_machine_changes_nothing(void **state)
{
	uint64_t sent, largest;
	struct pace pace;

	(void)state;
	srand(1);
	for (size_t i = 0; i < N_RATES; i++) {
		sent = simulate(&pace, rates[i], 10 * SECOND, busy, &largest);
		assert_in_range(sent, 10 * rates[i] - rates[i] / 100 - 1, 10 * rates[i]);
		assert_true(largest <= rates[i] / 500 + 1);
	}
}

/* After a delay: at twice the rate until all is made up for, then as before. */
static void a_delay_is_made_up_for_at_twice_the_rate(void **state)
{
	const uint64_t rate = 100000;
	uint64_t now = BEGIN + SECOND / 2, sent = 0, n;
	struct pace pace;

	(void)state;
	pace_begin(&pace, rate, BEGIN);
	pace.last = BEGIN;
	while (now < BEGIN + 2 * SECOND) {
		n = pace_due(&pace, sent, now);
		sent += n;
		if (now > BEGIN + SECOND / 2)
			assert_true(n <= 2 * rate * PACE_TICK_NS / SECOND + 1);
		if (now < BEGIN + SECOND * 9 / 10)
			assert_true(pace.behind);
		now = pace_next(&pace, sent);
	}
	assert_false(pace.behind);
	assert_in_range(sent, 2 * rate - 50, 2 * rate);
}

static void a_long_delay_is_forgiven_but_for_a_second(void **state)
{
	const uint64_t rate = 100000;
	uint64_t now = BEGIN + 60 * SECOND, sent = 0;
	struct pace pace;

	(void)state;
	pace_begin(&pace, rate, BEGIN);
	while (now < BEGIN + 65 * SECOND) {
		sent += pace_due(&pace, sent, now);
		now = pace_next(&pace, sent);
	}
	assert_in_range(sent, 6 * rate - 100, 6 * rate + 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_punctual_source_is_exact),
		cmocka_unit_test(a_busy_machine_changes_nothing),
		cmocka_unit_test(a_delay_is_made_up_for_at_twice_the_rate),
		cmocka_unit_test(a_long_delay_is_forgiven_but_for_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
