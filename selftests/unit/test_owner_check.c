/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a vnet owner's BPF object may hold: each kind of instruction, helper and map, accepted or refused by its
 * name. Objects are opened, never loaded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "examples/xdp/firewall.skel.h"
#include "examples/xdp/label.skel.h"
#include "loader/owner.h"
#include "selftests/owner/bad_kfunc.skel.h"
#include "selftests/owner/bad_map.skel.h"
#include "selftests/owner/bad_pin.skel.h"
#include "selftests/owner/bad_section.skel.h"
#include "selftests/owner/verdicts.skel.h"

/* --- instructions --------------------------------------------------------------------------------- */

#define INSN(op, source, number)                                   \
	{                                                          \
		.code = (op), .src_reg = (source), .imm = (number) \
	}
#define CALL(source, number) INSN(BPF_JMP | BPF_CALL, source, number)
#define LOAD64(source) INSN(BPF_LD | BPF_DW | BPF_IMM, source, 0), INSN(0, 0, 0)
#define MOV INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 1)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0)

static int check(const struct bpf_insn *insns, size_t n, size_t *at, struct pdp_error *err)
{
	*err = (struct pdp_error){""};
	return pdp_owner_check_insns(insns, n, at, err);
}

static void helpers_on_the_list_pass(void **state)
{
	static const int allowed[] = {1,  2,  3,   5,	7,   8,	  28,  44,  51, 65,
				      93, 94, 118, 125, 160, 188, 189, 190, 195};

	(void)state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		const struct bpf_insn insns[] = {MOV, CALL(0, allowed[i]), EXIT};
		struct pdp_error err;
		size_t at;

		if (check(insns, 3, &at, &err))
			fail_msg("helper %d: %s", allowed[i], err.text);
	}
}

/* Every other number, those that no kernel has yet included. */
static void all_other_helpers_are_refused(void **state)
{
	unsigned int refused = 0;

	(void)state;
	for (int id = -3; id < 400; id++) {
		const struct bpf_insn insns[] = {MOV, MOV, CALL(0, id), EXIT};
		struct pdp_error err;
		size_t at;

		if (!check(insns, 4, &at, &err))
			continue;
		refused++;
		assert_int_equal(at, 2);
		assert_non_null(strstr(err.text, "calls "));
	}
	assert_int_equal(refused, 403 - 19);
}

static const struct insn_case {
	const char *word;
	struct bpf_insn insns[4];
	size_t at; /* of the one that is refused */
} bad_insns[] = {
	{"bpf_redirect,", {MOV, CALL(0, BPF_FUNC_redirect), EXIT}, 1},
	{"bpf_tail_call", {CALL(0, BPF_FUNC_tail_call), EXIT}, 0},
	{"bpf_probe_read_kernel", {CALL(0, BPF_FUNC_probe_read_kernel), EXIT}, 0},
	{"bpf_trace_printk", {CALL(0, BPF_FUNC_trace_printk), EXIT}, 0},
	{"bpf_fib_lookup", {CALL(0, BPF_FUNC_fib_lookup), EXIT}, 0},
	{"bpf_loop", {CALL(0, BPF_FUNC_loop), EXIT}, 0},
	{"bpf_for_each_map_elem", {CALL(0, BPF_FUNC_for_each_map_elem), EXIT}, 0},
	{"helper 9999", {CALL(0, 9999), EXIT}, 0},
	{"kfunc", {MOV, CALL(2, 17), EXIT}, 1},
	{"not known", {CALL(3, 1), EXIT}, 0},
	{"may_goto", {MOV, INSN(0xe5, 0, 0), EXIT}, 1},
	{"variable of the kernel", {LOAD64(BPF_PSEUDO_BTF_ID), EXIT}, 0},
	{"callback", {MOV, LOAD64(BPF_PSEUDO_FUNC), EXIT}, 1},
	{"not known", {LOAD64(BPF_PSEUDO_MAP_IDX), EXIT}, 0},
	{"not known", {LOAD64(BPF_PSEUDO_MAP_IDX_VALUE), EXIT}, 0},
};

static void instructions_are_refused_by_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_insns) / sizeof(*bad_insns); i++) {
		const struct insn_case *c = &bad_insns[i];
		struct pdp_error err;
		size_t at;

		assert_int_equal(check(c->insns, 4, &at, &err), -EPERM);
		assert_int_equal(at, c->at);
		if (!strstr(err.text, c->word))
			fail_msg("'%s' does not name '%s'", err.text, c->word);
	}
}

/* The second half of a 64-bit constant is no instruction, whatever it looks like. */
static void constants_and_calls_of_its_own_pass(void **state)
{
	const struct bpf_insn insns[] = {
		LOAD64(0),
		LOAD64(BPF_PSEUDO_MAP_FD),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_PSEUDO_MAP_VALUE, 0),
		CALL(0, BPF_FUNC_redirect),
		CALL(BPF_PSEUDO_CALL, 1),
		EXIT,
		MOV,
		EXIT,
	};
	struct pdp_error err;
	size_t at;

	(void)state;
	assert_int_equal(check(insns, sizeof(insns) / sizeof(*insns), &at, &err), 0);
}

/* --- maps ----------------------------------------------------------------------------------------- */

#define MAP(kind, its_name, key, value, entries, ...)                                         \
	{                                                                                     \
		.name = (its_name), .type = (kind), .key_size = (key), .value_size = (value), \
		.max_entries = (entries), ##__VA_ARGS__                                       \
	}

static const struct pdp_owner_map good_maps[] = {
	MAP(BPF_MAP_TYPE_ARRAY, "own", 4, 8, 16),
	MAP(BPF_MAP_TYPE_ARRAY, "own", 4, 8, 16, .flags = BPF_F_MMAPABLE),
	MAP(BPF_MAP_TYPE_ARRAY, "own", 4, 8, 16, .flags = BPF_F_RDONLY_PROG, .variables = true),
	MAP(BPF_MAP_TYPE_ARRAY, "of_a_long_name.bss", 4, 8, 16, .variables = true),
	MAP(BPF_MAP_TYPE_PERCPU_ARRAY, "own", 4, 8, 16),
	MAP(BPF_MAP_TYPE_HASH, "own", 4, 8, 16),
	MAP(BPF_MAP_TYPE_HASH, "own", 4, 8, 16, .flags = BPF_F_NO_PREALLOC),
	MAP(BPF_MAP_TYPE_PERCPU_HASH, "own", 4, 8, 16),
	MAP(BPF_MAP_TYPE_LRU_HASH, "own", 4, 8, 16),
	MAP(BPF_MAP_TYPE_LRU_PERCPU_HASH, "own", 4, 8, 16),
	MAP(BPF_MAP_TYPE_LPM_TRIE, "own", 4, 8, 16, .flags = BPF_F_NO_PREALLOC),
	MAP(BPF_MAP_TYPE_XSKMAP, "pdp_xsks", 4, 8, 16),
	MAP(BPF_MAP_TYPE_HASH, "pdp_dp_vifs", 4, sizeof(struct pdp_dp_vif), 16),
	MAP(BPF_MAP_TYPE_ARRAY, "pdp_dp_vifs", 4, sizeof(struct pdp_dp_vif), 16),
	MAP(BPF_MAP_TYPE_HASH, "own", PDP_OWNER_KEY_MAX, PDP_OWNER_VALUE_MAX, 16),
};

static const struct map_case {
	struct pdp_owner_map map;
	const char *word;
} bad_maps[] = {
	{MAP(BPF_MAP_TYPE_DEVMAP, "own", 4, 8, 16), "devmap"},
	{MAP(BPF_MAP_TYPE_CPUMAP, "own", 4, 8, 16), "cpumap"},
	{MAP(BPF_MAP_TYPE_PROG_ARRAY, "own", 4, 8, 16), "prog_array"},
	{MAP(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "own", 4, 8, 16), "perf_event_array"},
	{MAP(BPF_MAP_TYPE_RINGBUF, "own", 4, 8, 16), "ringbuf"},
	{MAP(BPF_MAP_TYPE_ARRAY_OF_MAPS, "own", 4, 8, 16), "array_of_maps"},
	{MAP(BPF_MAP_TYPE_HASH_OF_MAPS, "own", 4, 8, 16), "hash_of_maps"},
	{MAP(BPF_MAP_TYPE_SOCKMAP, "own", 4, 8, 16), "sockmap"},
	{MAP(BPF_MAP_TYPE_STRUCT_OPS, "own", 4, 8, 16), "struct_ops"},
	{MAP(BPF_MAP_TYPE_TASK_STORAGE, "own", 4, 8, 16), "task_storage"},
	{MAP(BPF_MAP_TYPE_QUEUE, "own", 4, 8, 16), "queue"},
	{MAP(99, "own", 4, 8, 16), "type 99"},
	{MAP(BPF_MAP_TYPE_XSKMAP, "own", 4, 8, 16), "pdp_xsks"},
	{MAP(BPF_MAP_TYPE_ARRAY, "pdp_xsks", 4, 8, 16), "pdp_xsks"},
	{MAP(BPF_MAP_TYPE_ARRAY, "pdp_vnets", 4, 8, 16), "pdp_vnets"},
	{MAP(BPF_MAP_TYPE_ARRAY, "pdp_", 4, 8, 16), "begin with pdp_"},
	{MAP(BPF_MAP_TYPE_ARRAY, "longer_than_bpf_has", 4, 8, 16), "longer than 15"},
	{MAP(BPF_MAP_TYPE_ARRAY, "own", 4, 8, 16, .pinned = true), "pinned"},
	{MAP(BPF_MAP_TYPE_XSKMAP, "pdp_xsks", 4, 8, 16, .pinned = true), "pinned"},
	{MAP(BPF_MAP_TYPE_ARRAY, "own", 4, 8, 16, .flags = BPF_F_INNER_MAP), "flags 0x1000"},
	{MAP(BPF_MAP_TYPE_HASH, "own", 4, 8, 16, .flags = BPF_F_NUMA_NODE), "flags 0x4"},
	{MAP(BPF_MAP_TYPE_HASH, "pdp_dp_vifs", 4, 8, 16), "bpf/vif.h"},
	{MAP(BPF_MAP_TYPE_HASH, "pdp_dp_vifs", 8, sizeof(struct pdp_dp_vif), 16), "bpf/vif.h"},
	{MAP(BPF_MAP_TYPE_LRU_HASH, "pdp_dp_vifs", 4, sizeof(struct pdp_dp_vif), 16), "bpf/vif.h"},
	{MAP(BPF_MAP_TYPE_HASH, "own", PDP_OWNER_KEY_MAX + 1, 8, 16), "key has 65 bytes"},
	{MAP(BPF_MAP_TYPE_HASH, "own", 4, PDP_OWNER_VALUE_MAX + 1, 16), "value has 65537 bytes"},
	{MAP(BPF_MAP_TYPE_ARRAY, "own", 4, 8, (64 << 20) / 8 + 1), "64 MiB"},
	{MAP(BPF_MAP_TYPE_PERCPU_ARRAY, "own", 4, 8, (64 << 20) / 16 + 1), "at most 64"},
	{MAP(BPF_MAP_TYPE_HASH, "own", 4, 8, UINT32_MAX), "at most 64"},
	{MAP(BPF_MAP_TYPE_HASH, "own", UINT32_MAX, UINT32_MAX, UINT32_MAX), "bytes"},
};

static void maps_on_the_list_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good_maps) / sizeof(*good_maps); i++) {
		struct pdp_error err = {""};
		uint64_t bytes = 0;

		if (pdp_owner_check_map(&good_maps[i], 2, &bytes, &err))
			fail_msg("map %zu: %s", i, err.text);
	}
}

static void maps_are_refused_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_maps) / sizeof(*bad_maps); i++) {
		const struct map_case *c = &bad_maps[i];
		struct pdp_error err = {""};
		uint64_t bytes = 0;

		assert_true(pdp_owner_check_map(&c->map, 2, &bytes, &err) < 0);
		if (!strstr(err.text, c->map.name) || !strstr(err.text, c->word))
			fail_msg("'%s' does not name '%s' and '%s'", err.text, c->map.name,
				 c->word);
	}
}

/* Each map alone would fit. */
static void memory_is_that_of_all_maps(void **state)
{
	const struct pdp_owner_map map = MAP(BPF_MAP_TYPE_ARRAY, "own", 4, 8, (40 << 20) / 8);
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(pdp_owner_check_map(&map, 2, &bytes, NULL), 0);
	assert_int_equal(bytes, 40 << 20);
	assert_int_equal(pdp_owner_check_map(&map, 2, &bytes, NULL), -E2BIG);
}

/* --- objects -------------------------------------------------------------------------------------- */

typedef const void *(*elf_fn)(size_t *size);

static int check_object(elf_fn elf, const char *program, struct pdp_error *err)
{
	size_t size;
	const void *file = elf(&size);
	struct bpf_object *object;
	int rc = pdp_owner_check_externs(file, size, err);

	if (rc)
		return rc;
	object = bpf_object__open_mem(file, size, NULL);
	assert_non_null(object);
	rc = pdp_owner_check_object(object, program, 2, err);
	bpf_object__close(object);
	return rc;
}

static void samples_pass(void **state)
{
	struct pdp_error err = {""};

	(void)state;
	if (check_object(label_bpf__elf_bytes, "label_switch", &err) ||
	    check_object(firewall_bpf__elf_bytes, "firewall", &err) ||
	    check_object(verdicts_bpf__elf_bytes, "says_state", &err))
		fail_msg("%s", err.text);
}

static void objects_are_refused(void **state)
{
	static const struct {
		elf_fn elf;
		const char *program, *word;
	} bad[] = {
		{label_bpf__elf_bytes, "label", "no program label; it has label_switch"},
		{bad_kfunc_bpf__elf_bytes, "locks", "bpf_rcu_read_lock"},
		{bad_map_bpf__elf_bytes, "to_device", "own_devices"},
		{bad_pin_bpf__elf_bytes, "looks_up", "own_pin"},
		{bad_section_bpf__elf_bytes, "says_tx", "program other is in section tc"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pdp_error err = {""};

		assert_true(check_object(bad[i].elf, bad[i].program, &err) < 0);
		if (!strstr(err.text, bad[i].word))
			fail_msg("'%s' does not name '%s'", err.text, bad[i].word);
	}
}

/* A file that was cut anywhere, or has a byte changed: refused or not, but in good order. */
static void damaged_files(void **state)
{
	size_t size;
	const void *file = label_bpf__elf_bytes(&size);
	uint8_t *copy;

	(void)state;
	for (size_t len = 0; len < size; len += len < 200 ? 1 : 97) {
		copy = malloc(len ? len : 1);
		memcpy(copy, file, len);
		pdp_owner_check_externs(copy, len, NULL);
		free(copy);
	}
	copy = malloc(size);
	for (size_t at = 0; at < size; at += at < 200 ? 1 : 97) {
		memcpy(copy, file, size);
		copy[at] ^= 0xff;
		pdp_owner_check_externs(copy, size, NULL);
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(helpers_on_the_list_pass),
		cmocka_unit_test(all_other_helpers_are_refused),
		cmocka_unit_test(instructions_are_refused_by_number),
		cmocka_unit_test(constants_and_calls_of_its_own_pass),
		cmocka_unit_test(maps_on_the_list_pass),
		cmocka_unit_test(maps_are_refused_by_name),
		cmocka_unit_test(memory_is_that_of_all_maps),
		cmocka_unit_test(samples_pass),
		cmocka_unit_test(objects_are_refused),
		cmocka_unit_test(damaged_files),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("the checker of an owner's object", tests, NULL, NULL);
}
