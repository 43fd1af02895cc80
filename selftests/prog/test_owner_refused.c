/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_owner_refused.c - a vnet owner's own XDP program: what is refused and by which words, and that it changes
 * nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "examples/xdp/label.skel.h"
#include "selftests/owner/bad_bounds.skel.h"
#include "selftests/owner/bad_helper.skel.h"
#include "selftests/owner/bad_kfunc.skel.h"
#include "selftests/owner/bad_map.skel.h"
#include "selftests/owner/bad_pin.skel.h"
#include "selftests/owner/bad_section.skel.h"
#include "selftests/owner/verdicts.skel.h"
#include "selftests/prog/owner_fixture.h"

static const struct refusal {
	const void *(*elf)(size_t *size);
	const char *program;
	const char *words[3]; /* what the error names */
} refusals[] = {
	{bad_helper_bpf__elf_bytes, "to_device", {"to_device", "bad_helper.bpf.c:", "bpf_redirect"}},
	{bad_helper_bpf__elf_bytes, "prints", {"prints", "bad_helper.bpf.c:", "bpf_trace_printk"}},
	{bad_helper_bpf__elf_bytes, "loops", {"loops", "bad_helper.bpf.c:", "callback"}},
	{bad_kfunc_bpf__elf_bytes, "locks", {"bpf_rcu_read_lock", "kernel"}},
	{bad_map_bpf__elf_bytes, "to_device", {"own_devices", "devmap"}},
	{bad_pin_bpf__elf_bytes, "looks_up", {"own_pin", "pinned"}},
	{bad_section_bpf__elf_bytes, "says_tx", {"other", "section tc"}},
	{bad_bounds_bpf__elf_bytes, "reads_on", {"reads_on", "packet"}},
	{verdicts_bpf__elf_bytes, "says_nothing", {"no program says_nothing", "it has"}},
};

static void check_refused(const struct pdp_owner_conf *conf, const char *const words[3])
{
	struct pdp_error err = {""};

	assert_true(pdp_loader_try_owner(ld, conf, &err) < 0);
	for (int i = 0; i < 3 && words[i]; i++)
		if (!strstr(err.text, words[i]))
			fail_msg("'%s' does not name '%s'", err.text, words[i]);
	assert_null(strchr(err.text, '\n'));
}

static void refuses_with_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const struct pdp_owner_conf conf = conf_of(refusals[i].elf, refusals[i].program);

		check_refused(&conf, refusals[i].words);
	}
}

static void refuses_what_is_no_object(void **state)
{
	static const char *const words[3] = {"no BPF object with BTF"};
	struct pdp_owner_conf conf = conf_of(verdicts_bpf__elf_bytes, "says_tx");
	char text[] = "#!/bin/sh\n";

	(void)state;
	conf.elf = text;
	conf.size = sizeof(text);
	check_refused(&conf, words);
	conf.size = 0;
	check_refused(&conf, words);
	conf = conf_of(verdicts_bpf__elf_bytes, "says_tx");
	conf.size /= 2;
	check_refused(&conf, words);
}

static void verifiers_log_is_whole(void **state)
{
	const struct pdp_owner_conf conf = conf_of(bad_bounds_bpf__elf_bytes, "reads_on");

	(void)state;
	assert_true(pdp_loader_try_owner(ld, &conf, NULL) < 0);
	assert_non_null(strstr(verifier_log, "invalid access to packet"));
	assert_non_null(strstr(verifier_log, "data[100]")); /* the line of the source */
	assert_non_null(strstr(verifier_log, "processed"));
}

static void trying_leaves_nothing(void **state)
{
	const struct pdp_owner_conf conf = conf_of(label_bpf__elf_bytes, "label_switch");
	struct pdp_error err = {""};

	(void)state;
	if (pdp_loader_try_owner(ld, &conf, &err))
		fail_msg("%s", err.text);
	assert_string_equal(verifier_log, "");
	assert_true(pinned("labels") < 0);
}

/* A bad object: the one before stays in force, with its maps. */
static void refused_object_changes_nothing(void **state)
{
	const struct pdp_owner_conf conf = conf_of(bad_bounds_bpf__elf_bytes, "reads_on");
	struct pdp_error err = {""};
	uint32_t before;
	int fd;

	(void)state;
	attach(1, label_bpf__elf_bytes, "label_switch");
	before = standing(1);
	assert_true(try_attach(1, &conf, &err) < 0);
	assert_int_equal(standing(1), before);
	fd = pinned("labels");
	assert_true(fd >= 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_with_its_name),
		cmocka_unit_test(refuses_what_is_no_object),
		cmocka_unit_test(verifiers_log_is_whole),
		cmocka_unit_test(trying_leaves_nothing),
		cmocka_unit_test(refused_object_changes_nothing),
	};

	return cmocka_run_group_tests_name("an owner's refused program", tests, set_up, tear_down);
}
