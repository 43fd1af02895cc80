/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Links that somebody else laid hands on: what the loader says of them, and that it puts them right
 * without the device being without its program.
 *
 *   m1 (pdp_dispatch, link fe-1) ----- m2       both in this test's own netns
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/loader.h"
#include "selftests/prog/netns.h"

/* Of the pins of a node. */
#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)
#define ABI_DIR "v" STRING(PDP_ABI)

static char root[64];
static int m1, m2;

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/sys/fs/bpf/pdptk%d", getpid());
	/* bpffs is unmounted below: one of our own, that nobody else sees. */
	assert_int_equal(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	while (!umount2("/sys/fs/bpf", MNT_DETACH))
		;
	command("ip link add m1 type veth peer name m2 && ip link set m1 up && ip link set m2 up");
	m1 = (int)if_nametoindex("m1");
	m2 = (int)if_nametoindex("m2");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	command("rm -rf %s", root);
	return 0;
}

static struct pdp_loader *open_node(void)
{
	struct pdp_error err = {""};
	struct pdp_loader *ld = NULL;

	if (pdp_loader_open(&ld, root, &err))
		fail_msg("%s", err.text);
	return ld;
}

static void attach(struct pdp_loader *ld, int ifindex)
{
	struct pdp_error err = {""};

	if (pdp_loader_attach(ld, PDP_HOOK_DISPATCH, "fe-1", ifindex, 0, &err))
		fail_msg("%s", err.text);
}

static uint32_t standing(int ifindex)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id(ifindex, XDP_FLAGS_DRV_MODE, &id), 0);
	return id;
}

static int open_pin(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	return fd;
}

static uint32_t link_id(const char *pin)
{
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);
	int fd = open_pin(pin);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	close(fd);
	return info.id;
}

/* The verdict, and that why has this in it. */
static void check_says(struct pdp_loader *ld, int ifindex, int code, const char *text)
{
	struct pdp_error why = {""};

	assert_int_equal(pdp_loader_check_link(ld, "fe-1", ifindex, &why), code);
	if (!strstr(why.text, text))
		fail_msg("'%s' does not say '%s'", why.text, text);
}

static void verdicts(void **state)
{
	struct pdp_loader *ld = open_node();
	DECLARE_LIBBPF_OPTS(bpf_prog_load_opts, as_xdp, .expected_attach_type = BPF_XDP);
	struct bpf_insn pass[] = {{.code = 0xb7, .imm = 2}, {.code = 0x95}};
	int fd, other;

	(void)state;
	check_says(ld, m1, -ENOENT, "not made by this process");
	attach(ld, m1);
	check_says(ld, m1, 0, "");
	check_says(ld, m2, -EXDEV, "is on ifindex");

	/* Another program by the link itself. */
	other = bpf_prog_load(BPF_PROG_TYPE_XDP, "other", "GPL", pass, 2, &as_xdp);
	assert_true(other >= 0);
	fd = open_pin(ABI_DIR "/links/fe-1");
	assert_int_equal(bpf_link_update(fd, other, NULL), 0);
	check_says(ld, m1, -ESTALE, "m1: XDP program 'other'");
	attach(ld, m1);
	check_says(ld, m1, 0, "");

	/* Detached; and another program in its place. */
	assert_int_equal(bpf_link_detach(fd), 0);
	close(fd);
	check_says(ld, m1, -ENODEV, "detached");
	assert_int_equal(bpf_xdp_attach(m1, other, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(pdp_loader_attach(ld, PDP_HOOK_DISPATCH, "fe-1", m1, 0, NULL), -EBUSY);
	assert_int_equal(
		pdp_loader_attach(ld, PDP_HOOK_DISPATCH, "fe-1", m1, PDP_ATTACH_FORCE, NULL), 0);
	check_says(ld, m1, 0, "");
	close(other);
	assert_int_equal(pdp_loader_purge(ld, NULL), 0);
	assert_int_equal(standing(m1), 0);
	pdp_loader_close(ld);
}

/* Pins that go do not take the program along, while the loader is open; and come again. */
static void pins_come_again(void **state)
{
	struct pdp_loader *ld = open_node(), *second = NULL;
	struct pdp_error err = {""};
	uint32_t program, link;
	unsigned int n = 99;

	(void)state;
	attach(ld, m1);
	program = standing(m1);
	link = link_id(ABI_DIR "/links/fe-1");
	assert_int_equal(pdp_loader_repin(ld, &n, &err), 0);
	assert_int_equal(n, 0);

	command("rm -r %s/" ABI_DIR, root);
	assert_int_equal(standing(m1), program);
	check_says(ld, m1, -ENOENT, "No such file");
	if (pdp_loader_repin(ld, &n, &err))
		fail_msg("%s", err.text);
	assert_int_equal(n, PDP_MAP_COUNT + 1);
	check_says(ld, m1, 0, "");
	assert_int_equal(link_id(ABI_DIR "/links/fe-1"), link);
	assert_int_equal(standing(m1), program);
	/* The directory is another one, and locked as the first was. */
	assert_int_equal(pdp_loader_open(&second, root, NULL), -EBUSY);

	command("rm %s/" ABI_DIR "/maps/pdp_slots", root);
	assert_int_equal(pdp_loader_repin(ld, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pdp_loader_purge(ld, NULL), 0);
	pdp_loader_close(ld);
}

/* The same with the whole file system. */
static void bpffs_comes_again(void **state)
{
	struct pdp_loader *ld = open_node();
	struct pdp_error err = {""};
	uint32_t program, link;
	unsigned int n = 0;

	(void)state;
	attach(ld, m1);
	program = standing(m1);
	link = link_id(ABI_DIR "/links/fe-1");
	assert_int_equal(umount2("/sys/fs/bpf", MNT_DETACH), 0);
	assert_int_equal(standing(m1), program);
	if (pdp_loader_repin(ld, &n, &err))
		fail_msg("%s", err.text);
	assert_int_equal(n, PDP_MAP_COUNT + 1);
	assert_int_equal(link_id(ABI_DIR "/links/fe-1"), link);
	assert_int_equal(standing(m1), program);
	assert_int_equal(pdp_loader_purge(ld, NULL), 0);
	pdp_loader_close(ld);
}

/* A node of another ABI stands beside: its link is taken over, not a second one refused. */
static void another_abi_gives_way(void **state)
{
	struct pdp_loader *ld = open_node();
	uint32_t program, link;
	char path[128];

	(void)state;
	attach(ld, m1);
	program = standing(m1);
	link = link_id(ABI_DIR "/links/fe-1");
	pdp_loader_close(ld);
	command("mv %s/" ABI_DIR " %s/v0", root, root);

	ld = open_node();
	assert_int_equal(standing(m1), program);
	attach(ld, m1);
	assert_int_not_equal(standing(m1), program);
	assert_int_not_equal(standing(m1), 0);
	assert_int_equal(link_id(ABI_DIR "/links/fe-1"), link);
	snprintf(path, sizeof(path), "%s/v0/links/fe-1", root);
	assert_int_equal(access(path, F_OK), -1);
	check_says(ld, m1, 0, "");
	assert_int_equal(pdp_loader_purge(ld, NULL), 0);
	pdp_loader_close(ld);
	assert_int_equal(standing(m1), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(pins_come_again),
		cmocka_unit_test(bpffs_comes_again),
		cmocka_unit_test(another_abi_gives_way),
	};

	return cmocka_run_group_tests_name("links", tests, set_up, tear_down);
}
