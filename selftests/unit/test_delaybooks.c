/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_delaybooks - what is on its way in the delay line, and the names of what died with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/delaybooks.h"

static struct pdp_delaybooks books;
static struct pdp_delay_stats *stats;

/* Vnet 1: 100 to it, of which 90 came to the process, which refused 5 and sent 70; 60 came back. */
static int set_up(void **state)
{
	(void)state;
	stats = calloc(1, sizeof(*stats));
	assert_non_null(stats);
	stats->vnet[1] = (struct pdp_delay_vnet){.received = 90, .sent = 70, .drop_overflow = 5};
	books = (struct pdp_delaybooks){.vnet[1] = {100, 60}};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(stats);
	return 0;
}

static void what_is_not_accounted_is_on_its_way(void **state)
{
	(void)state;
	assert_int_equal(pdp_delaybooks_rest(&books, stats), 35);
	books.vnet[PDP_MAX_VNETS] = (struct pdp_delaybooks_vnet){7, 0};
	assert_int_equal(pdp_delaybooks_rest(&books, stats), 42);
	books.refused = 1;
	books.no_socket = 2;
	stats->socket_drops = 3;
	stats->socket_drops_before = 4;
	stats->vnet[1].drop_died = 10;
	assert_int_equal(pdp_delaybooks_rest(&books, stats), 22);
}

static void what_does_not_come_back_has_died(void **state)
{
	(void)state;
	pdp_delaybooks_close(&books, stats);
	assert_int_equal(stats->vnet[1].drop_died, 25);
	assert_int_equal(stats->vnet[1].sent, 60);
	assert_int_equal(stats->died_unseen, 10);
	assert_int_equal(pdp_delaybooks_unseen(stats, 0), 10);
	assert_int_equal(pdp_delaybooks_rest(&books, stats), 0);
	/* Once more changes nothing, and the next process's packets are on their way. */
	pdp_delaybooks_close(&books, stats);
	assert_int_equal(pdp_delaybooks_rest(&books, stats), 0);
	books.vnet[1].to += 3;
	stats->vnet[1].received += 1;
	assert_int_equal(pdp_delaybooks_rest(&books, stats), 3);
}

/* What has a name already gets no second one. */
static void named_losses_are_not_named_again(void **state)
{
	(void)state;
	books.refused = 1;
	books.no_socket = 2;
	stats->socket_drops = 3;
	pdp_delaybooks_close(&books, stats);
	assert_int_equal(stats->died_unseen, 4);
	assert_int_equal(pdp_delaybooks_rest(&books, stats), 0);
}

/* Nobody's losses are left when a vnet's counters begin anew: another's are not to be hidden by them. */
static void a_vnet_takes_its_losses_along(void **state)
{
	(void)state;
	pdp_delaybooks_close(&books, stats);
	stats->vnet[1] = (struct pdp_delay_vnet){0};
	books.vnet[1] = (struct pdp_delaybooks_vnet){0};
	books.vnet[2].to = 1;
	pdp_delaybooks_close(&books, stats);
	assert_int_equal(pdp_delaybooks_unseen(stats, 0), 1);
	assert_int_equal(pdp_delaybooks_rest(&books, stats), 0);
}

/* A packet of the vnet that had the id before. */
static void more_back_than_there_was(void **state)
{
	(void)state;
	books.vnet[1].back = 86;
	pdp_delaybooks_close(&books, stats);
	assert_int_equal(stats->vnet[1].drop_died, 0);
	assert_int_equal(stats->vnet[1].sent, 85);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_not_accounted_is_on_its_way, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_does_not_come_back_has_died, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(named_losses_are_not_named_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_vnet_takes_its_losses_along, set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_back_than_there_was, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
