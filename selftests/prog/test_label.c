/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_label.c - the sample examples/xdp/label.bpf.c, packet by packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "examples/xdp/label.skel.h"
#include "selftests/prog/owner_fixture.h"

struct label_route {
	uint32_t out;
	uint16_t vif, action;
};

static void set_label(uint32_t label, uint32_t out, uint16_t vif, uint16_t action)
{
	const struct label_route route = {out, vif, action};

	set("labels", &label, &route);
}

static uint64_t label_count(uint32_t which)
{
	int n = libbpf_num_possible_cpus(), fd = pinned("label_counts");
	uint64_t *each = calloc(n, sizeof(*each)), sum = 0;

	assert_int_equal(bpf_map_lookup_elem(fd, &which, each), 0);
	close(fd);
	for (int i = 0; i < n; i++)
		sum += each[i];
	free(each);
	return sum;
}

static void put_label(struct packet *p, uint32_t label, uint8_t rest, uint8_t ttl)
{
	packet_put32(p, label << 12 | (uint32_t)rest << 8 | ttl);
}

static void label_case(uint16_t proto, uint32_t label, uint8_t ttl, struct packet *in)
{
	put_head(in, proto, IN_VIF);
	put_label(in, label, 0x5, ttl);
	packet_put(in, "not IP", 6);
}

static void check_switched(uint16_t proto, uint32_t label, const struct pdp_dp_vif *vif)
{
	static struct packet in, out, want;
	uint8_t payload[] = "\x00\x00\x00\x00not IP";

	label_case(proto, label, 9, &in);
	assert_int_equal(run(1, &in, &out), XDP_TX);
	memcpy(payload, &(uint32_t){htonl(200 << 12 | 0x500 | 8)}, 4);
	expect_sent(&want, vif, payload, 10);
	compare(&out, &want);
}

static void check_label_dropped(uint32_t label, uint8_t ttl, uint32_t counter)
{
	static struct packet in, out;
	uint64_t before = label_count(counter);

	label_case(PDP_PROTO_BYTES, label, ttl, &in);
	assert_int_equal(run(1, &in, &out), XDP_DROP);
	assert_int_equal(label_count(counter), before + 1);
}

static void label_switches(void **state)
{
	static struct packet in, out, want;

	(void)state;
	attach(1, label_bpf__elf_bytes, "label_switch");
	set_label(100, 200, OUT_VIF, 1);
	set_label(101, 200, OUT_VIF6, 1);
	set_label(102, 0, OUT_VIF, 2);
	set_label(103, 0, OUT_VIF6, 2);
	set_label(104, 200, 99, 1);
	set_label(0x40001, 200, OUT_VIF, 1);
	check_switched(PDP_PROTO_BYTES, 100, &vifs[1]);
	check_switched(PDP_PROTO_BYTES, 101, &vifs[2]);
	check_switched(0x0800, 0x40001, &vifs[1]); /* a label that looks like IPv4 */

	label_case(PDP_PROTO_BYTES, 102, 9, &in);
	assert_int_equal(run(1, &in, &out), XDP_TX);
	expect_sent(&want, &vifs[1], "not IP", 6);
	compare(&out, &want);
	label_case(PDP_PROTO_BYTES, 103, 9, &in);
	assert_int_equal(run(1, &in, &out), XDP_TX);
	expect_sent(&want, &vifs[2], "not IP", 6);
	compare(&out, &want);
}

static void label_drops(void **state)
{
	static struct packet in, out;

	(void)state;
	attach(1, label_bpf__elf_bytes, "label_switch");
	set_label(100, 200, OUT_VIF, 1);
	set_label(104, 200, 99, 1);
	check_label_dropped(105, 9, 2);
	check_label_dropped(100, 1, 3);
	check_label_dropped(100, 0, 3);
	check_label_dropped(104, 9, 4); /* no such vif */

	put_head(&in, PDP_PROTO_BYTES, IN_VIF);
	packet_put(&in, "\x00\x06\x40", 3);
	assert_int_equal(run(1, &in, &out), XDP_DROP);
	assert_int_equal(label_count(1), 1);
	/* Larger than the vif takes: the label and 1453 bytes. */
	label_case(PDP_PROTO_BYTES, 100, 9, &in);
	in.len = sizeof(struct ethhdr) + sizeof(struct pdp_tag) + vifs[1].mtu;
	assert_int_equal(run(1, &in, &out), XDP_TX);
	in.len++;
	assert_int_equal(run(1, &in, &out), XDP_DROP);
	assert_int_equal(label_count(4), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(label_switches),
		cmocka_unit_test(label_drops),
	};

	return cmocka_run_group_tests_name("label", tests, set_up, tear_down);
}
