/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_drops.c - frames that the kernel loses after a program has redirected them are counted by
 * their two devices. Runs the classifier on live frames: the FE links' far ends are down, so that the links
 * take frames and cannot send them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "bpf/drops.skel.h"
#include "selftests/prog/cases.h"
#include "selftests/prog/node_fixture.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define FRAMES 24 /* below a batch, so that each is sent once as it was built */

static uint64_t own_cookie(void)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len), 0);
	close(fd);
	return cookie;
}

static struct drops_bpf *watch_pairs(uint64_t cookie, uint32_t pairs)
{
	struct drops_bpf *drops = drops_bpf__open();

	assert_non_null(drops);
	drops->rodata->netns_cookie = cookie;
	if (pairs)
		assert_int_equal(bpf_map__set_max_entries(drops->maps.pdp_xmit_drops, pairs), 0);
	assert_int_equal(bpf_map__reuse_fd(drops->maps.pdp_node_stats, node.map[MAP_NODE_STATS]),
			 0);
	assert_int_equal(drops_bpf__load(drops), 0);
	assert_int_equal(drops_bpf__attach(drops), 0);
	return drops;
}

static struct drops_bpf *watch(uint64_t cookie)
{
	return watch_pairs(cookie, 0);
}

/* Frames of weighted vnet 3: of 5, guest 5 gets 3 and guest 6 gets 2. */
static void send_frames(void)
{
	struct packet_case c = {.way = WAY_IN, .vif = 7};
	static struct packet p;

	case_build(&node, &c, &p);
	struct xdp_md ctx = {.data_end = p.len, .ingress_ifindex = node.port_ifindex[1]};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p.data, .data_size_in = p.len,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = FRAMES,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = FRAMES);

	assert_int_equal(bpf_prog_test_run_opts(node.prog[PROG_CLASSIFY], &opts), 0);
}

static uint64_t lost(struct drops_bpf *drops, uint32_t from, uint32_t to)
{
	struct pdp_hop hop = {.from_ifindex = from, .to_ifindex = to};
	uint64_t count = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(drops->maps.pdp_xmit_drops), &hop, &count))
		assert_int_equal(errno, ENOENT);
	return count;
}

static uint64_t lost_to_guests(struct drops_bpf *drops)
{
	uint64_t count = 0;

	for (int guest = 1; guest <= NODE_GUESTS; guest++)
		count += lost(drops, node.port_ifindex[1], node.link_ifindex[guest]);
	return count;
}

/* The device takes frames and cannot send them: xdp_devmap_xmit. */
static void test_not_sent(void **unused)
{
	struct drops_bpf *drops = watch(own_cookie());
	struct node_stats before, after;

	(void)unused;
	node_read_stats(&node, &before);
	send_frames();
	node_read_stats(&node, &after);
	assert_int_equal(lost_to_guests(drops), FRAMES);
	assert_true(lost(drops, node.port_ifindex[1], node.link_ifindex[5]) > 0);
	assert_true(lost(drops, node.port_ifindex[1], node.link_ifindex[6]) > 0);
	assert_int_equal(lost(drops, node.port_ifindex[1], node.link_ifindex[1]), 0);
	/* With them the ledger is whole: what was sent to guests is what the kernel lost. */
	assert_int_equal(after.guest[5].to_packets + after.guest[6].to_packets -
				 before.guest[5].to_packets - before.guest[6].to_packets,
			 FRAMES);
	drops_bpf__destroy(drops);
}

/* Ifindexes mean nothing without their namespace: another node's losses are not ours. */
static void test_other_namespace(void **unused)
{
	struct drops_bpf *drops = watch(own_cookie() + 1);

	(void)unused;
	send_frames();
	assert_int_equal(lost_to_guests(drops), 0);
	drops_bpf__destroy(drops);
}

/* No room for a second pair of devices: its losses are the node's, and none is forgotten. */
static void test_no_room(void **unused)
{
	struct drops_bpf *drops = watch_pairs(own_cookie(), 1);
	struct node_stats before, after;
	uint64_t named;

	(void)unused;
	node_read_stats(&node, &before);
	send_frames();
	node_read_stats(&node, &after);
	named = lost_to_guests(drops);
	assert_true(named > 0 && named < FRAMES);
	assert_int_equal(after.node.drop_unnamed_hop - before.node.drop_unnamed_hop,
			 FRAMES - named);
	drops_bpf__destroy(drops);
}

static int start(void **unused)
{
	start_node(unused);
	/* A veth takes redirected frames once its far end has had GRO. */
	for (int guest = 5; guest <= 6; guest++) {
		char line[128];

		snprintf(
			line, sizeof(line),
			"ip link set fe%d-p up && ethtool -K fe%d-p gro on && ip link set fe%d-p down",
			guest, guest, guest);
		assert_int_equal(system(line), 0);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_sent),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests_name("drops", tests, start, stop_node);
}
