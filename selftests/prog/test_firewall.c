/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_firewall.c - the sample examples/xdp/firewall.bpf.c, packet by packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "examples/xdp/firewall.skel.h"
#include "selftests/prog/owner_fixture.h"

enum { NOTHING, SYN = 2, FIN = 1, ACK = 16 };

/* From 10.0.0.1:1000 inside to 203.0.113.9:80 outside, or the answer. */
static void flow_packet(struct packet *p, bool answer, uint8_t proto, uint8_t flags, uint16_t port)
{
	static const uint8_t inside[] = {10, 0, 0, 1}, outside[] = {203, 0, 113, 9};

	put_head(p, 0x0800, answer ? OUT_VIF : IN_VIF);
	packet_mark(p, AT_L3);
	packet_put_ipv4(p, proto, answer ? outside : inside, answer ? inside : outside);
	packet_put16(p, answer ? 80 : port);
	packet_put16(p, answer ? port : 80);
	packet_put32(p, 0);
	packet_put32(p, 0);
	packet_put8(p, 0x50);
	packet_put8(p, flags);
	packet_put32(p, 0);
	packet_put16(p, 0);
}

static bool passes(bool answer, uint8_t proto, uint8_t flags, uint16_t port)
{
	static struct packet in, out, want;
	int said;

	flow_packet(&in, answer, proto, flags, port);
	said = run(1, &in, &out);
	if (said == XDP_DROP)
		return false;
	assert_int_equal(said, XDP_TX);
	expect_sent(&want, &vifs[answer ? 0 : 1], in.data + 30, in.len - 30);
	compare(&out, &want);
	return true;
}

static void set_firewall(void)
{
	struct {
		uint16_t other, inside;
	} in = {OUT_VIF, 1}, out = {IN_VIF, 0};
	uint32_t in_vif = IN_VIF, out_vif = OUT_VIF;

	attach(1, firewall_bpf__elf_bytes, "firewall");
	set("fw_sides", &in_vif, &in);
	set("fw_sides", &out_vif, &out);
}

static void firewall_knows_flows(void **state)
{
	(void)state;
	set_firewall();
	assert_false(passes(true, 17, 0, 1000));
	assert_true(passes(false, 17, 0, 1000));
	assert_true(passes(true, 17, 0, 1000));
	assert_false(passes(true, 17, 0, 1001));
	assert_false(passes(true, 6, ACK, 1000)); /* of another protocol */

	assert_false(passes(false, 6, ACK, 1000)); /* a connection begins with SYN */
	assert_false(passes(true, 6, SYN, 1000));
	assert_true(passes(false, 6, SYN, 1000));
	assert_true(passes(true, 6, SYN | ACK, 1000));
	assert_true(passes(false, 6, ACK, 1000));
	assert_true(passes(true, 6, FIN | ACK, 1000));
	assert_true(passes(false, 6, ACK, 1000));
}

static void firewall_opens_ports(void **state)
{
	const struct {
		uint16_t port, proto;
	} open = {htons(1002), 6};
	const uint32_t yes = 1;

	(void)state;
	set_firewall();
	assert_false(passes(true, 6, SYN, 1002));
	set("fw_open", &open, &yes);
	assert_false(passes(true, 17, 0, 1002));
	assert_false(passes(true, 6, ACK, 1002));
	assert_true(passes(true, 6, SYN, 1002));
	assert_true(passes(false, 6, SYN | ACK, 1002));
}

/* The flows that a firewall knows are in a map: a new program of the same make knows them. */
static void firewall_keeps_its_flows(void **state)
{
	(void)state;
	set_firewall();
	assert_true(passes(false, 17, 0, 1003));
	attach(1, firewall_bpf__elf_bytes, "firewall");
	assert_true(passes(true, 17, 0, 1003));
}

static void firewall_hands_up_and_drops(void **state)
{
	static struct packet in, out;
	struct pdp_guest_stats before;

	(void)state;
	set_firewall();
	flow_packet(&in, false, 1, 0, 0);
	before = counted(1);
	assert_int_equal(run(1, &in, &out), XDP_DROP);
	check_counted(&before,
		      STAT(drop_no_socket)); /* to the control plane, by way of the agent */
	flow_packet(&in, true, 1, 0, 0);
	before = counted(1);
	assert_int_equal(run(1, &in, &out), XDP_DROP);
	check_counted(&before, STAT(drop_by_program));

	flow_packet(&in, false, 17, 0, 1000);
	in.data[30 + 6] = 0x20; /* a fragment */
	assert_int_equal(run(1, &in, &out), XDP_DROP);
	flow_packet(&in, false, 17, 0, 1000);
	in.data[30 + 9] = 47;
	assert_int_equal(run(1, &in, &out), XDP_DROP);
	for (size_t len = 31; len < 30 + 20 + 8; len++) {
		flow_packet(&in, false, 17, 0, 1000);
		in.len = len;
		assert_int_equal(run(1, &in, &out), XDP_DROP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(firewall_knows_flows),
		cmocka_unit_test(firewall_opens_ports),
		cmocka_unit_test(firewall_keeps_its_flows),
		cmocka_unit_test(firewall_hands_up_and_drops),
	};

	return cmocka_run_group_tests_name("firewall", tests, set_up, tear_down);
}
