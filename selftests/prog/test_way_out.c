/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_way_out.c - what comes back from guests: whole, as it came in, and as much of it as its line lets through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "selftests/prog/classify_fixture.h"

/* Half of the packets: 1000 of 2000, give or take nine standard deviations. */
static void test_loss(void **unused)
{
	struct packet_case c = {.way = WAY_OUT, .vif = 1};
	struct pdp_vif vif = node.vif[1];
	static struct packet in, out;
	uint32_t id = 1;
	int sent = 0;

	(void)unused;
	vif.impair.loss = 0x7fffffff;
	node_set(&node, MAP_VIFS, &id, &vif);
	case_build(&node, &c, &in);
	for (int i = 0; i < 2000; i++)
		sent += node_run(&node, PROG_DISPATCH, node.link_ifindex[1], 0, &in, &out) ==
			XDP_REDIRECT;
	assert_in_range(sent, 800, 1200);
}

/* What an FE guest's LOCAL brought to the control plane can go back the way it came, as it came. */
static void test_local_and_back(void **unused)
{
	static const uint16_t vifs[] = {1, 2, 4, 5, 6};

	(void)unused;
	for (size_t i = 0; i < sizeof(vifs) / sizeof(*vifs); i++) {
		struct packet_case local = {.way = WAY_LOCAL, .vif = vifs[i]};
		struct packet_case out = {.way = WAY_OUT, .vif = vifs[i]};
		static struct packet in, guest, left, want;
		size_t inner;

		case_build(&node, &local, &in);
		case_build(&node, &out, &want);
		inner = want.len - want.at[AT_INNER];
		assert_int_equal(node_run(&node, PROG_DISPATCH,
					  node.link_ifindex[vifs[i] < 5 ? 1 : 3], 0, &in, &guest),
				 XDP_REDIRECT);
		assert_int_equal(node_run(&node, PROG_VIF_OUT, node.vif_ifindex[vifs[i]], 0, &guest,
					  &left),
				 XDP_REDIRECT);
		assert_memory_equal(left.data + left.len - inner, want.data + want.at[AT_INNER],
				    inner);
	}
}

/* What the classifier sends, a guest may send back: in and out again, bytes as they came. */
static void test_there_and_back(void **unused)
{
	struct packet_case in = {.way = WAY_IN, .vif = 4}, out = {.way = WAY_OUT, .vif = 4};
	static struct packet p, tagged, back, left;
	size_t inner;

	(void)unused;
	case_build(&node, &in, &p);
	inner = p.len - p.at[AT_INNER];
	assert_int_equal(node_run(&node, PROG_CLASSIFY, node.port_ifindex[1], 0, &p, &tagged),
			 XDP_REDIRECT);
	case_build(&node, &out, &back);
	assert_int_equal(back.len - back.at[AT_INNER], inner);
	memcpy(back.data + back.at[AT_INNER], tagged.data + 30, inner);
	assert_int_equal(node_run(&node, PROG_DISPATCH, node.link_ifindex[tagged.data[5]], 0, &back,
				  &left),
			 XDP_REDIRECT);
	assert_int_equal(left.len, p.len);
	assert_memory_equal(left.data + p.at[AT_INNER], p.data + p.at[AT_INNER], inner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_loss, refill),
		cmocka_unit_test_setup(test_local_and_back, refill),
		cmocka_unit_test_setup(test_there_and_back, refill),
	};

	return cmocka_run_group_tests_name("way out", tests, start_on_one_cpu, stop_node);
}
