/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_owner_maps.c - a vnet owner's own XDP program: his maps, their pins, and the map of his vifs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "examples/xdp/label.skel.h"
#include "selftests/owner/verdicts.skel.h"
#include "selftests/prog/owner_fixture.h"

struct own_state {
	uint32_t verdict, runs;
};

static struct own_state own_state(void)
{
	struct own_state state;
	uint32_t only = 0;
	int fd = pinned("own_state");

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &only, &state), 0);
	close(fd);
	return state;
}

/* One map for all guests of the vnet; it outlives programs, and the loader. */
static void maps_are_the_vnets(void **state)
{
	const struct own_state tx = {.verdict = XDP_TX, .runs = 100};
	static struct packet in, out;
	const uint32_t only = 0;

	(void)state;
	attach(1, verdicts_bpf__elf_bytes, "says_state");
	attach(2, verdicts_bpf__elf_bytes, "says_state");
	set("own_state", &only, &tx);
	put_head(&in, 0x0800, IN_VIF);
	assert_int_equal(run(1, &in, &out), XDP_TX);
	assert_int_equal(run(2, &in, &out), XDP_TX);
	assert_int_equal(own_state().runs, 102);

	attach(1, verdicts_bpf__elf_bytes, "says_state");
	assert_int_equal(run(1, &in, &out), XDP_TX);
	assert_int_equal(own_state().runs, 103);

	pdp_loader_close(ld);
	open_node();
	assert_int_equal(run(1, &in, &out), XDP_TX);
	attach(1, verdicts_bpf__elf_bytes, "says_state");
	assert_int_equal(run(1, &in, &out), XDP_TX);
	assert_int_equal(own_state().runs, 105);
}

/* Whoever unpins a map by hand: it is pinned again, and who comes in between has the same. */
static void unpinned_maps_come_back(void **state)
{
	static struct packet in, out;
	unsigned int n;
	char path[128];

	(void)state;
	attach(1, verdicts_bpf__elf_bytes, "says_state");
	assert_int_equal(pdp_loader_repin(ld, &n, NULL), 0);
	assert_int_equal(n, 0);
	set("own_state", &(uint32_t){0}, &(struct own_state){.verdict = XDP_TX, .runs = 5});
	snprintf(path, sizeof(path), "%s/v%d/vnets/red/own_state", root, PDP_ABI);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(pdp_loader_repin(ld, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(own_state().runs, 5);

	assert_int_equal(unlink(path), 0);
	attach(2, verdicts_bpf__elf_bytes, "says_state");
	put_head(&in, 0x0800, IN_VIF);
	assert_int_equal(run(1, &in, &out), XDP_TX);
	assert_int_equal(run(2, &in, &out), XDP_TX);
	assert_int_equal(own_state().runs, 7);

	assert_int_equal(pdp_loader_drop_owner(ld, "red", NULL), 0);
	assert_int_equal(pdp_loader_repin(ld, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_true(pinned("own_state") < 0);
}

/* An object without the map takes its pin away; one that has another map by the name has it anew. */
static void maps_go_with_their_object(void **state)
{
	(void)state;
	attach(1, verdicts_bpf__elf_bytes, "says_state");
	attach(1, label_bpf__elf_bytes, "label_switch");
	assert_true(pinned("own_state") < 0);
	attach(1, verdicts_bpf__elf_bytes, "says_state");
	assert_int_equal(own_state().runs, 0);
}

static void map_of_another_size_is_made_anew(void **state)
{
	DECLARE_LIBBPF_OPTS(bpf_map_create_opts, opts);
	char path[128];
	int fd;

	(void)state;
	attach(1, label_bpf__elf_bytes, "label_switch");
	snprintf(path, sizeof(path), "%s/v%d/vnets/red/own_state", root, PDP_ABI);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "own_state", 4, 4, 1, &opts);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	close(fd);
	attach(1, verdicts_bpf__elf_bytes, "says_state");
	assert_int_equal(own_state().runs, 0);
}

static int count_map(const char *name, int fd, void *arg)
{
	assert_true(fd >= 0);
	if (!strcmp(name, "labels") || !strcmp(name, "label_counts") ||
	    !strcmp(name, PDP_OWNER_VIFS))
		++*(int *)arg;
	return 0;
}

static void all_maps_are_told_and_dropped(void **state)
{
	int n = 0;

	(void)state;
	attach(1, label_bpf__elf_bytes, "label_switch");
	assert_int_equal(pdp_loader_each_owner_map(ld, "red", count_map, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(pdp_loader_drop_owner(ld, "red", NULL), 0);
	assert_true(pinned("labels") < 0);
	assert_int_equal(pdp_loader_drop_owner(ld, "red", NULL), 0);
}

static bool has_vif(uint32_t id, struct pdp_dp_vif *vif)
{
	int fd = pinned(PDP_OWNER_VIFS), rc;

	assert_true(fd >= 0);
	rc = bpf_map_lookup_elem(fd, &id, vif);
	close(fd);
	return !rc;
}

static void vifs_are_told(void **state)
{
	struct pdp_owner_conf conf = conf_of(label_bpf__elf_bytes, "label_switch");
	struct pdp_dp_vif vif, gone = {.id = OUT_VIF};
	struct pdp_error err = {""};

	(void)state;
	attach(1, label_bpf__elf_bytes, "label_switch");
	assert_true(has_vif(OUT_VIF, &vif));
	assert_memory_equal(&vif, &vifs[1], sizeof(vif));
	assert_int_equal(pdp_loader_owner_vif(ld, "red", &gone, NULL), 0);
	assert_false(has_vif(OUT_VIF, &vif));
	vif = vifs[1];
	vif.ttl = 9;
	assert_int_equal(pdp_loader_owner_vif(ld, "red", &vif, NULL), 0);
	assert_true(has_vif(OUT_VIF, &vif));
	assert_int_equal(vif.ttl, 9);
	assert_int_equal(pdp_loader_owner_vif(ld, "blue", &vif, NULL), 0);

	/* What has gone while nobody looked is taken out. */
	conf.n_vifs = 1;
	assert_true(try_attach(1, &conf, &err) >= 0);
	assert_false(has_vif(OUT_VIF, &vif));
	assert_true(has_vif(IN_VIF, &vif));
}

static void more_vifs_than_there_is_room(void **state)
{
	static struct pdp_dp_vif many[257];
	struct pdp_owner_conf conf = conf_of(label_bpf__elf_bytes, "label_switch");
	struct pdp_error err = {""};

	(void)state;
	for (int i = 0; i < 257; i++)
		many[i] = (struct pdp_dp_vif){.id = i + 1, .family = 4};
	conf.vifs = many;
	conf.n_vifs = 257;
	assert_true(pdp_loader_try_owner(ld, &conf, &err) < 0);
	assert_non_null(strstr(err.text, PDP_OWNER_VIFS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_are_the_vnets),
		cmocka_unit_test(unpinned_maps_come_back),
		cmocka_unit_test(maps_go_with_their_object),
		cmocka_unit_test(map_of_another_size_is_made_anew),
		cmocka_unit_test(all_maps_are_told_and_dropped),
		cmocka_unit_test(vifs_are_told),
		cmocka_unit_test(more_vifs_than_there_is_room),
	};

	return cmocka_run_group_tests_name("an owner's maps", tests, set_up, tear_down);
}
