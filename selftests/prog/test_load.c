/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_load.c - the verifier's gate: every object, from the oldest and the newest compiler that
 * must do, loads, and does not cost the verifier much more than it did.
 *
 * selftests/prog/insns.csv holds the instructions that the verifier went through. To record new
 * ones: PDP_RECORD_INSNS=1 build/selftests/prog/test_load
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#define RECORD "selftests/prog/insns.csv"
#define MAX_ROWS 64
#define GROWTH_PERCENT 10

static const char *const compilers[] = {"clang-14", "clang-19"};
static const char *const objects[] = {"bpf/classify", "bpf/guest",	"bpf/dispatch",
				      "bpf/vif_out",  "bpf/delayed",	"bpf/pass",
				      "bpf/drops",    "fe-agent/router"};

struct row {
	char prog[32];
	char compiler[16];
	unsigned int insns;
};

static struct {
	struct row rows[MAX_ROWS];
	size_t n;
} recorded, found;

struct load {
	char name[64];
	const char *object, *compiler;
};

static int read_record(void **state)
{
	FILE *file = fopen(RECORD, "r");
	struct row *row = recorded.rows;

	(void)state;
	if (!file)
		return getenv("PDP_RECORD_INSNS") ? 0 : -errno;
	fscanf(file, "%*[^\n]\n");
	while (recorded.n < MAX_ROWS &&
	       fscanf(file, "%31[^,],%15[^,],%u\n", row->prog, row->compiler, &row->insns) == 3) {
		recorded.n++;
		row++;
	}
	fclose(file);
	return 0;
}

static int write_record(void **state)
{
	FILE *file;

	(void)state;
	if (!getenv("PDP_RECORD_INSNS"))
		return 0;
	file = fopen(RECORD, "w");
	if (!file)
		return -errno;
	fprintf(file, "program,compiler,verified_insns\n");
	for (size_t i = 0; i < found.n; i++)
		fprintf(file, "%s,%s,%u\n", found.rows[i].prog, found.rows[i].compiler,
			found.rows[i].insns);
	return fclose(file);
}

static const struct row *recorded_row(const char *prog, const char *compiler)
{
	for (size_t i = 0; i < recorded.n; i++)
		if (!strcmp(recorded.rows[i].prog, prog) &&
		    !strcmp(recorded.rows[i].compiler, compiler))
			return &recorded.rows[i];
	return NULL;
}

static unsigned int verified_insns(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len), 0);
	return info.verified_insns;
}

static void check_growth(const char *prog, const char *compiler, unsigned int insns)
{
	const struct row *before = recorded_row(prog, compiler);
	struct row *row = &found.rows[found.n++];

	snprintf(row->prog, sizeof(row->prog), "%s", prog);
	snprintf(row->compiler, sizeof(row->compiler), "%s", compiler);
	row->insns = insns;
	if (getenv("PDP_RECORD_INSNS"))
		return;
	if (!before)
		fail_msg("%s from %s is not in " RECORD "; record it with "
			 "PDP_RECORD_INSNS=1 build/selftests/prog/test_load",
			 prog, compiler);
	else if (insns * 100ull > before->insns * (100ull + GROWTH_PERCENT))
		fail_msg(
			"%s from %s: the verifier went through %u instructions, %u before, more "
			"than %d %% growth; if that is meant (or this is another kernel), record it "
			"with PDP_RECORD_INSNS=1 build/selftests/prog/test_load",
			prog, compiler, insns, before->insns, GROWTH_PERCENT);
}

/* The objects stand in build/load, seen from this program in build/selftests/prog. */
static void object_path(const struct load *load, char *path, size_t size)
{
	char self[PATH_MAX] = "";

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(path, size, "%s/../../load/%s/%s.bpf.o", dirname(self), load->compiler,
		 load->object);
}

static void test_load(void **state)
{
	const struct load *load = *state;
	struct bpf_object *object;
	struct bpf_program *prog;
	char path[2 * PATH_MAX];
	int n = 0;

	object_path(load, path, sizeof(path));
	if (access(path, R_OK)) {
		/* cmocka's skip() says "not ok", which counts as failed. */
		print_message("# SKIP %s: %s is not installed\n", load->name, load->compiler);
		return;
	}
	object = bpf_object__open_file(path, NULL);
	assert_non_null(object);
	assert_int_equal(bpf_object__load(object), 0);
	bpf_object__for_each_program(prog, object) {
		check_growth(bpf_program__name(prog), load->compiler, verified_insns(prog));
		n++;
	}
	assert_true(n > 0);
	bpf_object__close(object);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

int main(void)
{
	static struct load loads[COUNT(compilers) * COUNT(objects)];
	static struct CMUnitTest tests[COUNT(loads)];
	size_t n = 0;

	for (size_t c = 0; c < COUNT(compilers); c++)
		for (size_t o = 0; o < COUNT(objects); o++, n++) {
			loads[n].object = objects[o];
			loads[n].compiler = compilers[c];
			snprintf(loads[n].name, sizeof(loads[n].name), "%s from %s loads",
				 objects[o], compilers[c]);
			tests[n].name = loads[n].name;
			tests[n].test_func = test_load;
			tests[n].initial_state = &loads[n];
		}
	return _cmocka_run_group_tests("load", tests, n, read_record, write_record);
}
