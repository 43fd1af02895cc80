/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is put into the kernel of an MH guest, is remembered, and survives a controller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/mhtables.h"
#include "ctl/prefix.h"

static struct pdp_prefix prefix(const char *text)
{
	struct pdp_prefix out;

	assert_int_equal(pdp_prefix_parse(&out, text), 0);
	return out;
}

/* A vnet of one vif with two addresses, and n routes, of which the first is told by `via`. */
struct fixture {
	struct pdp_vnet_conf vnet;
	struct pdp_vif_conf vif;
	struct pdp_prefix addresses[2];
	struct pdp_route_conf routes[600];
};

static void make_vnet(struct fixture *f, size_t n, const char *via)
{
	memset(f, 0, sizeof(*f));
	snprintf(f->vif.name, sizeof(f->vif.name), "v0");
	f->addresses[0] = prefix("10.1.1.1/24");
	f->addresses[1] = prefix("fd00:1::1/64");
	f->vif.address = f->addresses;
	f->vif.n_address = 2;
	for (size_t i = 0; i < n; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%zu.%zu.0/24", 100 + i / 200, i % 200);
		f->routes[i].prefix = prefix(text);
		f->routes[i].via = prefix(i ? "10.1.1.2" : via);
		snprintf(f->routes[i].vif, sizeof(f->routes[i].vif), "v0");
	}
	f->vnet.vifs = &f->vif;
	f->vnet.n_vifs = 1;
	f->vnet.routes = f->routes;
	f->vnet.n_routes = n;
}

static struct pdp_mhtables build(struct fixture *f)
{
	static const uint16_t ids[] = {7};
	struct pdp_mhtables out;

	assert_int_equal(pdp_mhtables_build(&out, &f->vnet, ids), 0);
	return out;
}

static size_t count(const struct pdp_mhtables *tables, uint16_t type)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)tables->buf;
	int left = (int)tables->len;
	size_t n = 0;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		n += nlh->nlmsg_type == type;
	assert_int_equal(left, 0);
	return n;
}

/* Connected and local routes are the kernel's own doing. */
static void the_kernels_routes_are_left_out(void **state)
{
	struct fixture f;
	struct pdp_mhtables tables;

	(void)state;
	make_vnet(&f, 500, "10.1.1.2");
	tables = build(&f);
	assert_int_equal(count(&tables, RTM_NEWADDR), 2);
	assert_int_equal(count(&tables, RTM_NEWROUTE), 500);
	pdp_mhtables_free(&tables);
	assert_null(tables.buf);
}

/* Until the change is through, what is no longer wanted is there too; what was replaced is not. */
static void a_join_has_both_sides_names_once(void **state)
{
	struct fixture f;
	struct pdp_mhtables had, want, again;

	(void)state;
	make_vnet(&f, 300, "10.1.1.2");
	had = build(&f);
	make_vnet(&f, 200, "10.1.1.9");
	want = build(&f);
	assert_int_equal(pdp_mhtables_join(&had, &want), 0);
	assert_int_equal(count(&had, RTM_NEWROUTE), 300);
	assert_int_equal(count(&had, RTM_NEWADDR), 2);
	assert_memory_equal(had.buf, want.buf, want.len);
	again = build(&f);
	assert_int_equal(pdp_mhtables_join(&again, &want), 0);
	assert_int_equal(again.len, want.len);
	pdp_mhtables_free(&had);
	pdp_mhtables_free(&want);
	pdp_mhtables_free(&again);
}

static void tables_survive_in_a_file(void **state)
{
	char path[] = "/tmp/pdp-mhtables.XXXXXX";
	struct pdp_mhtables tables, back;
	struct fixture f;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	make_vnet(&f, 400, "10.1.1.2");
	tables = build(&f);
	assert_int_equal(pdp_mhtables_save(&tables, path, NULL), 0);
	pdp_mhtables_load(&back, path);
	assert_int_equal(back.len, tables.len);
	assert_memory_equal(back.buf, tables.buf, tables.len);
	/* What was loaded can be joined to. */
	assert_int_equal(pdp_mhtables_join(&back, &tables), 0);
	pdp_mhtables_free(&back);
	/* Half a file says nothing. */
	assert_int_equal(truncate(path, (off_t)tables.len - 3), 0);
	pdp_mhtables_load(&back, path);
	assert_int_equal(back.len, 0);
	unlink(path);
	pdp_mhtables_load(&back, path);
	assert_int_equal(back.len, 0);
	pdp_mhtables_free(&tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_routes_are_left_out),
		cmocka_unit_test(a_join_has_both_sides_names_once),
		cmocka_unit_test(tables_survive_in_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
