/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_limits.c - a guest's limit by its power in the maps: whose it is, what it outlives, and what not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/publish.h"
#include "loader/loader.h"

static char root[64];
static struct pdp_loader *loader;
static struct pdp_publish *store;

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/sys/fs/bpf/pdptlim%d", getpid());
	assert_int_equal(pdp_loader_open(&loader, root, NULL), 0);
	assert_int_equal(pdp_publish_open(&store, loader, NULL), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pdp_publish_close(store);
	pdp_loader_purge(loader, NULL);
	pdp_loader_close(loader);
	return access(root, F_OK) ? 0 : -1;
}

static struct pdp_guest entry(uint32_t id)
{
	struct pdp_guest guest;

	assert_int_equal(
		bpf_map_lookup_elem(pdp_loader_map_fd(loader, PDP_MAP_GUESTS), &id, &guest), 0);
	return guest;
}

/* Without a link: it drops, and is there all the same. */
static void publish(uint16_t id, uint8_t last_of_mac)
{
	const struct pdp_guest guest = {.mac = {2, 0, 0, 0, 0, last_of_mac}, .vnet = 1};

	assert_int_equal(pdp_publish_guest(store, id, &guest, 0, 0, false, NULL), 0);
	assert_int_equal(entry(id).mac[5], last_of_mac);
}

static void assert_pps(uint16_t id, uint64_t pps)
{
	assert_in_range(pdp_publish_power_pps(store, id), pps, pps + pps / 1000);
}

static void a_limit_is_the_guests(void **state)
{
	(void)state;
	publish(1, 1);
	publish(2, 1);
	assert_pps(1, 0);
	pdp_publish_power(store, 1, 200000);
	assert_pps(1, 200000);
	assert_pps(2, 0);
	assert_true(entry(1).power.cost && entry(1).power.burst);
	assert_int_equal(entry(2).power.cost, 0);
	/* Its link may be made anew; it is the same guest. */
	publish(1, 7);
	assert_pps(1, 200000);
	pdp_publish_power(store, 1, 0);
	assert_pps(1, 0);
}

static void the_next_controller_finds_it(void **state)
{
	(void)state;
	publish(1, 1);
	pdp_publish_power(store, 1, 7001);
	pdp_publish_close(store);
	assert_int_equal(pdp_publish_open(&store, loader, NULL), 0);
	assert_pps(1, 7001);
}

/* Another one of the same id begins without. */
static void it_goes_with_the_guest(void **state)
{
	(void)state;
	publish(1, 1);
	pdp_publish_power(store, 1, 200000);
	pdp_publish_no_guest(store, 1, 0);
	publish(1, 2);
	assert_pps(1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_limit_is_the_guests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_next_controller_finds_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_goes_with_the_guest, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
