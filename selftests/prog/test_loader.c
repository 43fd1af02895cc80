/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The loader as the controller uses it: maps in memory, counters, guests' programs and XSKMAPs.
 *
 * Each guest stands in a network namespace of its own whose eth0 has ifindex 2, as in a container:
 *
 *   home (this test's own netns)   m1, m2, m3 ----- eth0 in netns 1, 2, 3
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/loader.h"
#include "loader/tables.h"
#include "selftests/prog/netns.h"

#define GUESTS 3

static char root[64];
static int home, guest_ns[GUESTS + 1];

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/sys/fs/bpf/pdptl%d", getpid());
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	home = own_netns();
	make_guests(home, guest_ns, GUESTS);
	return 0;
}

static int tear_down(void **state)
{
	struct pdp_loader *ld;

	(void)state;
	if (!pdp_loader_open_pins(&ld, root, NULL)) {
		pdp_loader_purge(ld, NULL);
		pdp_loader_close(ld);
	}
	return access(root, F_OK) ? 0 : -1;
}

static struct pdp_loader *open_node(void)
{
	struct pdp_error err = {""};
	struct pdp_loader *ld = NULL;

	if (pdp_loader_open(&ld, root, &err))
		fail_msg("%s", err.text);
	return ld;
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	return info.id;
}

static uint32_t standing(int netns, int ifindex)
{
	uint32_t id = 0;

	enter(netns);
	assert_int_equal(bpf_xdp_query_id(ifindex, XDP_FLAGS_DRV_MODE, &id), 0);
	enter(home);
	return id;
}

static const struct pdp_guest_program receive = {.kind = PDP_GUEST_RECEIVE};

static int attach_program(struct pdp_loader *ld, uint16_t guest, int netns,
			  const struct pdp_guest_program *program)
{
	struct pdp_error err = {""};
	int fd = -1;

	enter(netns);
	if (pdp_loader_attach_guest(ld, guest, 2, program, &fd, &err))
		fail_msg("%s", err.text);
	enter(home);
	return fd;
}

static int attach(struct pdp_loader *ld, uint16_t guest, int netns)
{
	return attach_program(ld, guest, netns, &receive);
}

static void memory_is_that_of_the_maps(void **state)
{
	struct pdp_loader *ld = open_node(), *reader = NULL;
	struct pdp_vnet *vnets = pdp_loader_map_memory(ld, PDP_MAP_VNETS), got;
	struct pdp_slot_table *slots = pdp_loader_map_memory(ld, PDP_MAP_SLOTS);
	const uint32_t last = PDP_MAX_VNETS, last_half = 2 * PDP_MAX_VNETS + 1;

	(void)state;
	vnets[last].rate.cost = 77;
	slots[last_half].guest[PDP_SLOTS - 1] = PDP_MAX_GUESTS;
	assert_int_equal(bpf_map_lookup_elem(pdp_loader_map_fd(ld, PDP_MAP_VNETS), &last, &got), 0);
	assert_int_equal(got.rate.cost, 77);
	assert_null(pdp_loader_map_memory(ld, PDP_MAP_TUNNELS));
	assert_null(pdp_loader_map_memory(ld, PDP_MAP_VNET_STATS));

	assert_int_equal(pdp_loader_open_maps(&reader, root, NULL), 0);
	vnets = pdp_loader_map_memory(reader, PDP_MAP_VNETS);
	slots = pdp_loader_map_memory(reader, PDP_MAP_SLOTS);
	assert_int_equal(vnets[last].rate.cost, 77);
	assert_int_equal(slots[last_half].guest[PDP_SLOTS - 1], PDP_MAX_GUESTS);
	assert_true(bpf_map_update_elem(pdp_loader_map_fd(reader, PDP_MAP_VNETS), &last, &got, 0) <
		    0);
	assert_int_equal(errno, EPERM);
	pdp_loader_close(reader);
	pdp_loader_close(ld);
}

static void counters_are_summed_over_cpus(void **state)
{
	int cpus = libbpf_num_possible_cpus();
	struct pdp_vif_stats *values = calloc(cpus, sizeof(*values)), sum;
	struct pdp_loader *ld = open_node();
	uint64_t expected = 0;
	uint32_t id = 5;

	(void)state;
	for (int cpu = 0; cpu < cpus; cpu++) {
		values[cpu].rx_packets = cpu + 1;
		values[cpu].tx_bytes = 1ULL << 40;
		expected += cpu + 1;
	}
	assert_int_equal(
		bpf_map_update_elem(pdp_loader_map_fd(ld, PDP_MAP_VIF_STATS), &id, values, 0), 0);
	assert_int_equal(pdp_stats_read(ld, PDP_MAP_VIF_STATS, id, &sum, sizeof(sum)), 0);
	assert_true(sum.rx_packets == expected);
	assert_true(sum.tx_bytes == (uint64_t)cpus << 40);
	assert_true(sum.rx_bytes == 0);
	assert_int_equal(pdp_stats_read(ld, PDP_MAP_VIF_STATS, id, &sum, 8), -EINVAL);
	assert_int_equal(pdp_stats_read(ld, PDP_MAP_VNETS, id, &sum, sizeof(sum)), -EINVAL);
	assert_int_equal(pdp_stats_read(ld, PDP_MAP_VIF_STATS, PDP_MAX_VIFS + 1, &sum, sizeof(sum)),
			 -ENOENT);
	free(values);
	pdp_loader_close(ld);
}

static void one_owner_at_a_time(void **state)
{
	struct pdp_loader *ld = open_node(), *second = NULL;

	(void)state;
	assert_int_equal(pdp_loader_open(&second, root, NULL), -EBUSY);
	assert_int_equal(pdp_loader_open_pins(&second, root, NULL), -EBUSY);
	assert_null(second);
	pdp_loader_close(ld);
	pdp_loader_close(open_node());
}

static void each_guest_has_its_own(void **state)
{
	struct pdp_loader *ld = open_node();
	int first = attach(ld, 1, guest_ns[1]), second = attach(ld, 2, guest_ns[2]);
	int fd;

	(void)state;
	assert_int_not_equal(map_id(first), map_id(second));
	assert_int_not_equal(standing(guest_ns[1], 2), 0);
	assert_int_not_equal(standing(guest_ns[1], 2), standing(guest_ns[2], 2));
	assert_int_equal(pdp_loader_detach_guest(ld, 1, NULL), 0);
	assert_int_equal(standing(guest_ns[1], 2), 0);
	assert_int_not_equal(standing(guest_ns[2], 2), 0);
	assert_int_equal(pdp_loader_detach_guest(ld, 1, NULL), 0);
	assert_int_equal(pdp_loader_detach_guest(ld, 2, NULL), 0);
	assert_int_equal(pdp_loader_attach_guest(ld, PDP_MAX_GUESTS + 1, 2, &receive, &fd, NULL),
			 -EINVAL);
	assert_int_equal(pdp_loader_attach_guest(ld, 3, 4242, &receive, &fd, NULL), -ENODEV);
	pdp_loader_close(ld);
}

static bool is_pinned(uint16_t guest, uint32_t set)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/v%d/guests/%u/tables-%u/pdp_rt_hops", root, PDP_ABI, guest,
		 set);
	return !access(path, F_OK);
}

static uint32_t program_name_is(int netns, const char *name)
{
	uint32_t id = standing(netns, 2), len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {0};
	int fd = bpf_prog_get_fd_by_id(id);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	close(fd);
	assert_string_equal(info.name, name);
	return id;
}

/*
 * The fast half takes the place of the receive program and gives it back, on arrays that outlive the loader; a
 * larger set takes the place of a smaller one; sets that are not in force can be let go.
 */
static void the_fast_half_has_tables(void **state)
{
	struct pdp_router_sizes small = PDP_ROUTER_SMALL, larger = small;
	const struct pdp_guest_tables *first = NULL, *second = NULL, *found = NULL;
	struct pdp_guest_program router = {.kind = PDP_GUEST_ROUTER};
	struct pdp_loader *ld = open_node();
	uint32_t xsks = map_id(attach(ld, 1, guest_ns[1])), set;
	unsigned int n = 0;

	(void)state;
	assert_int_equal(pdp_loader_make_tables(ld, 1, &small, &first, NULL), 0);
	assert_true(is_pinned(1, first->id));
	router.tables = first->id;
	assert_int_equal(map_id(attach_program(ld, 1, guest_ns[1], &router)), xsks);
	program_name_is(guest_ns[1], "pdp_router");
	assert_int_equal(map_id(attach(ld, 1, guest_ns[1])), xsks);
	program_name_is(guest_ns[1], "pdp_guest_rx");
	attach_program(ld, 1, guest_ns[1], &router);

	larger.hops *= 2;
	assert_int_equal(pdp_loader_make_tables(ld, 1, &larger, &second, NULL), 0);
	set = second->id;
	assert_int_not_equal(set, first->id);
	router.tables = set;
	attach_program(ld, 1, guest_ns[1], &router);
	pdp_loader_drop_tables(ld, 1, set);
	assert_false(is_pinned(1, first->id));
	assert_true(is_pinned(1, set));
	assert_int_equal(pdp_loader_repin(ld, &n, NULL), 0);
	assert_int_equal(n, 0);
	pdp_loader_close(ld);

	program_name_is(guest_ns[1], "pdp_router");
	ld = open_node();
	assert_int_equal(pdp_loader_find_tables(ld, 1, set + 1000, &found, NULL), -ENOENT);
	assert_int_equal(pdp_loader_find_tables(ld, 1, set, &found, NULL), 0);
	assert_memory_equal(&found->sizes, &larger, sizeof(larger));
	attach_program(ld, 1, guest_ns[1], &router);
	program_name_is(guest_ns[1], "pdp_router");
	assert_int_equal(pdp_loader_detach_guest(ld, 1, NULL), 0);
	assert_false(is_pinned(1, set));
	pdp_loader_close(ld);
}

/* After a restart: the map with its sockets stays, the program changes. */
static void a_guest_is_adopted(void **state)
{
	struct pdp_loader *ld = open_node();
	uint32_t map = map_id(attach(ld, 1, guest_ns[1]));
	uint32_t program = standing(guest_ns[1], 2);

	(void)state;
	pdp_loader_close(ld);
	assert_int_equal(standing(guest_ns[1], 2), program);
	ld = open_node();
	assert_int_equal(map_id(attach(ld, 1, guest_ns[1])), map);
	assert_int_not_equal(standing(guest_ns[1], 2), program);
	assert_int_not_equal(standing(guest_ns[1], 2), 0);
	assert_int_equal(pdp_loader_detach_guest(ld, 1, NULL), 0);
	pdp_loader_close(ld);
}

/*
 * A guest was made anew while something keeps the network namespace of the old one: the pinned link
 * names ifindex 2 and the new eth0 has ifindex 2, but it is not the same device.
 */
static void a_link_in_another_namespace_is_not_reused(void **state)
{
	struct pdp_loader *ld = open_node();
	uint32_t old;

	(void)state;
	attach(ld, 1, guest_ns[1]);
	old = standing(guest_ns[1], 2);
	attach(ld, 1, guest_ns[3]);
	assert_int_not_equal(standing(guest_ns[3], 2), 0);
	assert_int_not_equal(standing(guest_ns[3], 2), old);
	assert_int_equal(pdp_loader_detach_guest(ld, 1, NULL), 0);
	assert_int_equal(standing(guest_ns[3], 2), 0);
	pdp_loader_close(ld);
}

struct found {
	int n;
	struct pdp_link_info last;
};

static int note(const struct pdp_link_info *info, void *arg)
{
	struct found *found = arg;

	found->n++;
	found->last = *info;
	return 0;
}

static void links_are_told(void **state)
{
	struct pdp_loader *ld = open_node();
	int ifindex = if_nametoindex("m1");
	struct found found = {0};

	(void)state;
	assert_int_equal(pdp_loader_each_link(ld, note, &found), 0);
	assert_int_equal(found.n, 0);
	assert_int_equal(pdp_loader_attach(ld, PDP_HOOK_DISPATCH, "fe-1", ifindex, 0, NULL), 0);
	assert_int_equal(pdp_loader_each_link(ld, note, &found), 0);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.last.name, "fe-1");
	assert_string_equal(found.last.prog_name, "pdp_dispatch");
	assert_int_equal(found.last.ifindex, ifindex);
	assert_int_equal(found.last.prog_id, standing(home, ifindex));
	assert_int_equal(pdp_loader_detach(ld, "fe-1", NULL), 0);
	assert_int_equal(standing(home, ifindex), 0);
	pdp_loader_close(ld);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_that_of_the_maps),
		cmocka_unit_test(counters_are_summed_over_cpus),
		cmocka_unit_test(one_owner_at_a_time),
		cmocka_unit_test(each_guest_has_its_own),
		cmocka_unit_test(a_guest_is_adopted),
		cmocka_unit_test(the_fast_half_has_tables),
		cmocka_unit_test(a_link_in_another_namespace_is_not_reused),
		cmocka_unit_test(links_are_told),
	};

	return cmocka_run_group_tests_name("loader", tests, set_up, tear_down);
}
