/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_router_memory.c - a router in tables that others gave it, here memory files in the place of BPF arrays:
 * it forwards, says when they are full, and finds nothing of a router before it.
 */
/* Before the kernel's own. */
#include <netinet/in.h>

#include "selftests/unit/router_fixture.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fe-agent/router_memory.h"

static const struct pdp_router_sizes few = {.wides4 = 4,
					    .narrows4 = 3,
					    .blocks4 = 18,
					    .nodes6 = 16,
					    .hops = 4,
					    .paths = 2,
					    .neighs = 3,
					    .vifs = 3};

struct tables {
	struct pdp_router_sizes sizes;
	int fds[PDP_ROUTER_N_TABLES];
};

static void make_tables(struct tables *t, const struct pdp_router_sizes *sizes)
{
	t->sizes = *sizes;
	for (int i = 0; i < PDP_ROUTER_N_TABLES; i++) {
		size_t bytes = pdp_router_table_entries(i, sizes) * pdp_router_table_value(i);

		t->fds[i] = memfd_create(pdp_router_table_name(i), MFD_CLOEXEC);
		assert_true(t->fds[i] >= 0);
		assert_int_equal(ftruncate(t->fds[i], (off_t)bytes), 0);
	}
}

static void close_tables(struct tables *t)
{
	for (int i = 0; i < PDP_ROUTER_N_TABLES; i++)
		close(t->fds[i]);
}

static struct pdp_dataplane *make_in(const struct tables *t)
{
	struct pdp_router_memory memory;
	struct pdp_dataplane *dp;

	assert_int_equal(pdp_router_memory_map(&memory, &t->sizes, t->fds), 0);
	assert_int_equal(pdp_router.init(&dp, &memory), 0);
	return dp;
}

static void set_vif_of(struct pdp_dataplane *dp, uint16_t id, int want)
{
	struct pdp_dp_vif vif = make_vif(id);

	assert_int_equal(pdp_router.set_vif(dp, &vif), want);
}

static void full_tables_refuse(void **state)
{
	struct tables t;
	struct pdp_dataplane *dp;

	(void)state;
	make_tables(&t, &few);
	dp = make_in(&t);
	set_vif_of(dp, 1, 0);
	set_vif_of(dp, 2, 0);
	set_vif_of(dp, 3, -ENOSPC);
	/* A group for each /16 with longer prefixes, another for a /24 with longer ones; one more to change them. */
	assert_int_equal(add(dp, "10.1.1.0", 24, 1, 0), 0);
	assert_int_equal(add(dp, "10.1.2.1", 32, 2, 0), 0);
	assert_int_equal(add(dp, "10.2.1.1", 32, 1, 0), -ENOSPC);
	assert_int_equal(add(dp, "10.2.1.0", 24, 1, 0), 0);
	assert_int_equal(add(dp, "10.3.1.0", 24, 1, 0), -ENOSPC);
	assert_int_equal(add(dp, "2001:db8::1", 128, 1, 0), -ENOSPC);
	assert_int_equal(add(dp, "2001:db8::", 64, 1, 0), 0);
	/* Vifs 1 and 2 alone are next hops so far; there is room for one more. */
	assert_int_equal(add(dp, "10.9.0.0", 16, 9, 0), 0);
	assert_int_equal(add(dp, "10.8.0.0", 16, 8, 0), -ENOSPC);
	assert_where(dp, "10.1.1.1", 1);
	assert_where(dp, "10.1.2.1", 2);
	assert_where(dp, "10.2.1.1", 1);
	assert_where(dp, "10.3.1.1", LOCAL);
	/* What is let go can be had again. */
	assert_int_equal(del(dp, "10.2.1.0", 24, 1, 0), 0);
	assert_int_equal(add(dp, "10.3.1.0", 24, 1, 0), 0);
	assert_where(dp, "10.3.1.1", 1);
	pdp_router.fini(dp);
	close_tables(&t);
}

static void nothing_is_left(void **state)
{
	const struct pdp_router_sizes sizes = PDP_ROUTER_SMALL;
	struct pdp_dataplane *dp;
	struct nlbuf b = {.len = 0};
	struct tables t;

	(void)state;
	make_tables(&t, &sizes);
	dp = make_in(&t);
	set_vif_of(dp, 1, 0);
	set_vif_of(dp, 3, 0);
	assert_int_equal(add(dp, "10.1.1.0", 24, 1, 0), 0);
	assert_int_equal(add(dp, "10.3.0.0", 16, 3, 0), 0);
	assert_int_equal(add(dp, "2001:db8::", 64, 1, 0), 0);
	nl_neigh(&b, RTM_NEWNEIGH, NUD_REACHABLE, "10.3.0.9", 3, MAC_FAR);
	assert_int_equal(nl_apply(dp, &b), 0);
	assert_where(dp, "10.3.0.9", 3);
	assert_where(dp, "2001:db8::1", 1);
	pdp_router.fini(dp);

	dp = make_in(&t);
	assert_routes(dp, 0, 0);
	assert_where(dp, "10.1.1.1", LOCAL);
	assert_where(dp, "2001:db8::1", LOCAL);
	assert_int_equal(add(dp, "10.3.0.0", 16, 3, 0), 0);
	assert_where(dp, "10.3.0.9", DROPPED); /* no vif */
	set_vif_of(dp, 3, 0);
	assert_where(dp, "10.3.0.9", LOCAL); /* no neighbour */
	pdp_router.fini(dp);
	close_tables(&t);
}

static void what_is_no_table(void **state)
{
	struct pdp_router_memory memory;
	struct tables t;

	(void)state;
	make_tables(&t, &few);
	close(t.fds[PDP_RT_VIFS]);
	t.fds[PDP_RT_VIFS] = -1;
	assert_int_equal(pdp_router_memory_map(&memory, &t.sizes, t.fds), -EBADF);
	close_tables(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_tables_refuse),
		cmocka_unit_test(nothing_is_left),
		cmocka_unit_test(what_is_no_table),
	};

	return cmocka_run_group_tests_name("router_memory", tests, NULL, NULL);
}
