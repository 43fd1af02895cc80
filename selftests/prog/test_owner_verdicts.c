/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_owner_verdicts.c - a vnet owner's own XDP program: what the frame around it lets out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/socket.h>

#include "selftests/owner/verdicts.skel.h"
#include "selftests/prog/owner_fixture.h"

static const struct verdict {
	const char *program;
	int out; /* without a socket on the queue */
	int out_with;
	size_t counter, counter_with;
} verdicts[] = {
	{"says_tx", XDP_TX, XDP_TX, STAT(fast_packets), STAT(fast_packets)},
	{"says_drop", XDP_DROP, XDP_DROP, STAT(drop_by_program), STAT(drop_by_program)},
	{"says_pass", XDP_DROP, XDP_DROP, STAT(drop_verdict), STAT(drop_verdict)},
	{"says_aborted", XDP_DROP, XDP_DROP, STAT(drop_verdict), STAT(drop_verdict)},
	{"says_nonsense", XDP_DROP, XDP_DROP, STAT(drop_verdict), STAT(drop_verdict)},
	{"says_minus_one", XDP_DROP, XDP_DROP, STAT(drop_verdict), STAT(drop_verdict)},
	{"says_redirect", XDP_DROP, XDP_REDIRECT, STAT(drop_no_socket), STAT(rx_packets)},
	{"into_socket", XDP_DROP, XDP_REDIRECT, STAT(drop_by_program), STAT(rx_packets)},
	{"into_other_socket", XDP_DROP, XDP_REDIRECT, STAT(drop_by_program), STAT(rx_packets)},
};

static void check_verdict(const char *program, int want, size_t counter)
{
	static struct packet in, out;
	struct pdp_guest_stats before = counted(1);
	int said;

	put_head(&in, 0x0800, IN_VIF);
	in.len = 60;
	said = run(1, &in, &out);
	if (said != want)
		fail_msg("%s: %d comes out, not %d", program, said, want);
	check_counted(&before, counter);
	compare(&out, &in);
}

static void lets_out_three_verdicts(void **state)
{
	const uint32_t queue = 0, other = 9;
	int xsks = -1, xsk = socket(AF_XDP, SOCK_RAW, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		xsks = attach(1, verdicts_bpf__elf_bytes, verdicts[i].program);
		check_verdict(verdicts[i].program, verdicts[i].out, verdicts[i].counter);
	}
	assert_int_equal(bpf_map_update_elem(xsks, &queue, &xsk, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(xsks, &other, &xsk, BPF_ANY), 0);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		attach(1, verdicts_bpf__elf_bytes, verdicts[i].program);
		check_verdict(verdicts[i].program, verdicts[i].out_with, verdicts[i].counter_with);
	}
	/* His program found a socket on another queue; it is not for him to choose. */
	assert_int_equal(bpf_map_delete_elem(xsks, &queue), 0);
	check_verdict("into_other_socket", XDP_DROP, STAT(drop_no_socket));
	assert_int_equal(bpf_map_delete_elem(xsks, &other), 0);
	close(xsk);
}

static void is_shown_tagged_frames_alone(void **state)
{
	static struct packet in, out;
	struct pdp_guest_stats before;

	(void)state;
	attach(1, verdicts_bpf__elf_bytes, "says_tx");
	put_head(&in, 0x0800, IN_VIF);
	in.data[12] = 0x08;
	in.data[13] = 0x00;
	before = counted(1);
	assert_int_equal(run(1, &in, &out), XDP_DROP);
	check_counted(&before, STAT(drop_not_tagged));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_out_three_verdicts),
		cmocka_unit_test(is_shown_tagged_frames_alone),
	};

	return cmocka_run_group_tests_name("an owner's verdicts", tests, set_up, tear_down);
}
