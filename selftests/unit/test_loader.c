/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The parts of the loader that need no kernel: error sentences, the catalog of maps, names of pins,
 * directories (on an ordinary file system).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/internal.h"

static void fail_formats_and_returns_the_code(void **state)
{
	struct pdp_error err;

	(void)state;
	assert_int_equal(pdp_fail(&err, -EINVAL, "port %s: MTU %d", "A", 9000), -EINVAL);
	assert_string_equal(err.text, "port A: MTU 9000");
	assert_int_equal(pdp_fail(NULL, -EBUSY, "%s", "nobody listens"), -EBUSY);
}

static void fail_adds_context_to_its_own_text(void **state)
{
	struct pdp_error err;

	(void)state;
	pdp_fail(&err, -1, "no device");
	pdp_fail(&err, -1, "vnet red: %s", err.text);
	assert_string_equal(err.text, "vnet red: no device");
}

static void fail_cuts_what_is_too_long(void **state)
{
	char text[2 * PDP_ERRLEN];
	struct pdp_error err;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	pdp_fail(&err, -1, "%s", text);
	assert_int_equal(strlen(err.text), PDP_ERRLEN - 1);
}

static void every_map_has_a_name_that_the_kernel_keeps(void **state)
{
	(void)state;
	for (enum pdp_map i = 0; i < PDP_MAP_COUNT; i++) {
		const char *name = pdp_map_name(i);

		assert_non_null(name);
		assert_true(strlen(name) < BPF_OBJ_NAME_LEN);
		assert_int_equal(strncmp(name, "pdp_", 4), 0);
		for (enum pdp_map j = 0; j < i; j++)
			assert_string_not_equal(name, pdp_map_name(j));
	}
	assert_null(pdp_map_name(PDP_MAP_COUNT));
	assert_null(pdp_map_name(-1));
}

static enum pdp_map index_of(const char *name)
{
	enum pdp_map i = 0;

	while (i < PDP_MAP_COUNT && strcmp(pdp_map_name(i), name) != 0)
		i++;
	return i;
}

/* Every map of every object is in the catalog, but for those that are an object's own. */
static void the_objects_hold_the_catalog(void **state)
{
	bool found[PDP_MAP_COUNT] = {false};

	(void)state;
	for (enum pdp_object i = 0; i < PDP_NODE_OBJECTS; i++) {
		struct bpf_object *object;
		struct bpf_map *map;

		assert_int_equal(pdp_object_open(&object, i, NULL), 0);
		bpf_object__for_each_map(map, object) {
			enum pdp_map j = index_of(bpf_map__name(map));

			if (bpf_map__is_internal(map))
				continue;
			if (j == PDP_MAP_COUNT)
				fail_msg("map %s is not in the catalog", bpf_map__name(map));
			else
				found[j] = true;
		}
		bpf_object__close(object);
	}
	for (enum pdp_map j = 0; j < PDP_MAP_COUNT; j++)
		if (!found[j])
			fail_msg("no object has map %s", pdp_map_name(j));
}

static void every_hook_has_its_program(void **state)
{
	(void)state;
	for (enum pdp_hook hook = PDP_HOOK_CLASSIFY; hook <= PDP_HOOK_PASS; hook++) {
		struct bpf_object *object;
		const char *name = pdp_hook_program(hook);

		assert_true(strlen(name) < BPF_OBJ_NAME_LEN);
		assert_int_equal(pdp_object_open(&object, pdp_hook_object(hook), NULL), 0);
		assert_non_null(bpf_object__find_program_by_name(object, name));
		bpf_object__close(object);
	}
}

static void names_of_pins(void **state)
{
	static const char *const good[] = {"port-A", "fe-12", "guest-8192", "a_b",
					   "1234567890123456789012345678901"};
	static const char *const bad[] = {
		"",    ".",   "..",  "../x",	    "a/b",
		"a.b", "a b", "a\n", "caf\xc3\xa9", "12345678901234567890123456789012"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(pdp_pins_name_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(pdp_pins_name_ok(bad[i]));
}

/* Names of one letter, gathered into a string. */
static int collect(const char *name, void *arg)
{
	char *seen = arg;

	seen[strlen(seen)] = *name;
	return 0;
}

static int stop_at_b(const char *name, void *arg)
{
	collect(name, arg);
	return *name == 'b' ? -EINTR : 0;
}

static void directories_are_made_listed_and_removed(void **state)
{
	char root[] = "/tmp/pdp-unit-XXXXXX", path[PDP_PATH_MAX], seen[8] = {0};
	struct pdp_loader ld = {0};
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(ld.dir, sizeof(ld.dir), "%s", root);
	assert_int_equal(pdp_pins_mkdir(&ld, "c", NULL), 0);
	assert_int_equal(pdp_pins_mkdir(&ld, "c/d", NULL), 0);
	assert_int_equal(pdp_pins_mkdir(&ld, "a", NULL), 0);
	assert_int_equal(pdp_pins_mkdir(&ld, "b", NULL), 0);
	assert_int_equal(pdp_pins_mkdir(&ld, "b", NULL), 0);
	pdp_pins_path(&ld, path, "%s", "b");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(pdp_pins_each(root, collect, seen), 0);
	assert_string_equal(seen, "abc");
	memset(seen, 0, sizeof(seen));
	assert_int_equal(pdp_pins_each(root, stop_at_b, seen), -EINTR);
	assert_string_equal(seen, "ab");
	assert_int_equal(pdp_pins_remove(root, NULL), 0);
	assert_int_not_equal(access(root, F_OK), 0);
	assert_int_equal(pdp_pins_remove(root, NULL), 0);
	assert_int_equal(pdp_pins_each(root, collect, seen), 0);
}

static void a_root_that_is_no_bpffs_is_refused(void **state)
{
	char root[] = "/tmp/pdp-unit-XXXXXX", deep[PDP_ROOT_MAX + 1];
	struct pdp_loader *ld = NULL;
	struct pdp_error err;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_int_equal(pdp_loader_open(&ld, root, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is not on a bpf file system"));
	memset(deep, 'x', sizeof(deep));
	deep[PDP_ROOT_MAX] = '\0';
	assert_int_equal(pdp_loader_open(&ld, deep, &err), -ENAMETOOLONG);
	assert_int_equal(pdp_loader_open_maps(&ld, "/nonexistent", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/v"));
	assert_int_equal(pdp_loader_open_pins(&ld, "/nonexistent", &err), -ENOENT);
	assert_null(ld);
	pdp_loader_close(NULL);
	rmdir(root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_formats_and_returns_the_code),
		cmocka_unit_test(fail_adds_context_to_its_own_text),
		cmocka_unit_test(fail_cuts_what_is_too_long),
		cmocka_unit_test(every_map_has_a_name_that_the_kernel_keeps),
		cmocka_unit_test(the_objects_hold_the_catalog),
		cmocka_unit_test(every_hook_has_its_program),
		cmocka_unit_test(names_of_pins),
		cmocka_unit_test(directories_are_made_listed_and_removed),
		cmocka_unit_test(a_root_that_is_no_bpffs_is_refused),
	};

	return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
