/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A vnet owner's own XDP program: what is refused and by which words, what the frame lets out, his maps and their
 * pins, and the two samples packet by packet.
 *
 * Each guest stands in a network namespace of its own whose eth0 has ifindex 2, as in a container:
 *
 *   home (this test's own netns)   m1, m2 ----- eth0 in netns 1, 2
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "examples/xdp/firewall.skel.h"
#include "examples/xdp/label.skel.h"
#include "fe-agent/encap.h"
#include "loader/owner.h"
#include "selftests/owner/bad_bounds.skel.h"
#include "selftests/owner/bad_helper.skel.h"
#include "selftests/owner/bad_kfunc.skel.h"
#include "selftests/owner/bad_map.skel.h"
#include "selftests/owner/bad_pin.skel.h"
#include "selftests/owner/bad_section.skel.h"
#include "selftests/owner/verdicts.skel.h"
#include "selftests/prog/packet.h"
#include "selftests/prog/netns.h"

#define GUESTS 2
#define VNET 7
#define IN_VIF 11
#define OUT_VIF 12
#define OUT_VIF6 13
#define HASH 0x12345678
#define SEQ 0x0009abcd

static char root[64], verifier_log[PDP_OWNER_LOG_SIZE];
static int home, guest_ns[GUESTS + 1];
static struct pdp_loader *ld;
static struct pdp_dp_vif vifs[3];

/* --- a node, its guests, an owner's object on their eth0 ------------------------------------------ */

static void open_node(void)
{
	struct pdp_error err = {""};

	if (pdp_loader_open(&ld, root, &err))
		fail_msg("%s", err.text);
}

static void make_vifs(void)
{
	vifs[0] = (struct pdp_dp_vif){.id = IN_VIF,
				      .encap = PDP_DP_UDP,
				      .family = 4,
				      .mtu = 1456,
				      .local_port = htons(5001),
				      .remote_port = htons(5002),
				      .ttl = 64,
				      .local = {192, 0, 2, 1},
				      .remote = {192, 0, 2, 2}};
	vifs[1] = vifs[0];
	vifs[1].id = OUT_VIF;
	vifs[1].local[2] = vifs[1].remote[2] = 3;
	vifs[2] = vifs[0];
	vifs[2].id = OUT_VIF6;
	vifs[2].family = 6;
	vifs[2].mtu = 1436;
	memset(vifs[2].local, 0xfd, 16);
	memset(vifs[2].remote, 0xfe, 16);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/sys/fs/bpf/pdpow%d", getpid());
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	home = own_netns();
	make_guests(home, guest_ns, GUESTS);
	make_vifs();
	open_node();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pdp_loader_purge(ld, NULL);
	pdp_loader_close(ld);
	return access(root, F_OK) ? 0 : -1;
}

static struct pdp_owner_conf conf_of(const void *(*elf)(size_t *size), const char *program)
{
	struct pdp_owner_conf conf = {
		.vnet = "red", .program = program, .vifs = vifs, .n_vifs = 3, .log = verifier_log};

	conf.elf = elf(&conf.size);
	return conf;
}

static uint32_t standing(int guest)
{
	uint32_t id = 0;

	enter(guest_ns[guest]);
	assert_int_equal(bpf_xdp_query_id(2, XDP_FLAGS_DRV_MODE, &id), 0);
	enter(home);
	return id;
}

static int try_attach(int guest, const struct pdp_owner_conf *conf, struct pdp_error *err)
{
	int fd = -1, rc;

	enter(guest_ns[guest]);
	rc = pdp_loader_attach_owner(ld, guest, 2, conf, &fd, err);
	enter(home);
	return rc ? rc : fd;
}

/* Put a program on a guest's eth0; its XSKMAP. */
static int attach(int guest, const void *(*elf)(size_t *size), const char *program)
{
	const struct pdp_owner_conf conf = conf_of(elf, program);
	struct pdp_error err = {""};
	int fd = try_attach(guest, &conf, &err);

	if (fd < 0)
		fail_msg("%s\n%s", err.text, verifier_log);
	return fd;
}

/* Give the program on a guest's eth0 a frame; what it says. */
static int run(int guest, const struct packet *in, struct packet *out)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->data, .data_size_in = in->len,
			    .data_out = out->data, .data_size_out = sizeof(out->data));
	int fd = bpf_prog_get_fd_by_id(standing(guest));

	assert_true(fd >= 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	out->len = opts.data_size_out;
	close(fd);
	return (int)opts.retval;
}

static struct pdp_guest_stats counted(int guest)
{
	struct pdp_guest_stats stats = {0};

	assert_int_equal(pdp_stats_read(ld, PDP_MAP_GUEST_STATS, guest, &stats, sizeof(stats)), 0);
	return stats;
}

/* The vnet's map of this name; the caller closes it. */
static int pinned(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/v%d/vnets/red/%s", root, PDP_ABI, name);
	return bpf_obj_get(path);
}

static void set(const char *map, const void *key, const void *value)
{
	int fd = pinned(map);

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_ANY), 0);
	close(fd);
}

/* --- frames --------------------------------------------------------------------------------------- */

static void put_head(struct packet *p, uint16_t proto, uint16_t vif)
{
	static const uint8_t macs[] = {2, 0xfe, 0, 0, 1, 1, 2, 0xfe, 0, 0, 2, 1};

	memset(p, 0, sizeof(*p));
	packet_put(p, macs, sizeof(macs));
	packet_put16(p, PDP_ETHERTYPE);
	packet_put8(p, 0x11);
	packet_put8(p, 1);
	packet_put16(p, proto);
	packet_put16(p, VNET);
	packet_put16(p, vif);
	packet_put32(p, HASH);
	packet_put32(p, SEQ);
}

/* What must come back: the payload in the outer headers that PdP's own router writes. */
static void expect_sent(struct packet *want, const struct pdp_dp_vif *vif, const void *payload,
			size_t len)
{
	static uint8_t room[PDP_OUTER_MAX + PACKET_ROOM];
	static const uint8_t macs[] = {2, 0xfe, 0, 0, 2, 1, 2, 0xfe, 0, 0, 1, 1};
	struct pdp_inner inner = {.proto = PDP_PROTO_BYTES, .id = SEQ & 0xffff};
	struct pdp_outer outer;
	uint8_t *data;

	assert_int_equal(pdp_outer_prepare(&outer, vif), 0);
	memcpy(room + PDP_OUTER_MAX, payload, len);
	data = pdp_outer_push(&outer, room + PDP_OUTER_MAX, len, &inner);
	if (vif->family == 6) {
		memset(data, 0,
		       4); /* a flow label is the sender's to choose, and so is a checksum */
		data[0] = 0x60;
		memset(data + 40 + 6, 0, 2);
	}
	memset(want, 0, sizeof(*want));
	packet_put(want, macs, sizeof(macs));
	packet_put16(want, PDP_ETHERTYPE);
	packet_put8(want, 0x12);
	packet_put8(want, 0);
	packet_put16(want, vif->family == 4 ? 0x0800 : 0x86dd);
	packet_put16(want, VNET);
	packet_put16(want, vif->id);
	packet_put32(want, HASH);
	packet_put32(want, SEQ);
	packet_put(want, data, outer.len + len);
}

static void compare(const struct packet *out, const struct packet *want)
{
	if (out->len != want->len || memcmp(out->data, want->data, out->len) != 0) {
		packet_dump("out", out->data, out->len);
		packet_dump("expected", want->data, want->len);
		fail_msg("other bytes than expected");
	}
}

/* --- what is refused ------------------------------------------------------------------------------ */

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

/* --- what the frame lets out ---------------------------------------------------------------------- */

static const struct verdict {
	const char *program;
	int out; /* without a socket on the queue */
	int out_with;
	size_t counter, counter_with;
} verdicts[] = {
#define STAT(name) offsetof(struct pdp_guest_stats, name)
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

/* One packet, one counter; one that goes to the socket, or would, has climbed as well. */
static void check_counted(const struct pdp_guest_stats *before, size_t counter)
{
	const struct pdp_guest_stats now = counted(1);
	const __u64 *a = (const void *)before, *b = (const void *)&now;

	for (size_t i = 0; i < sizeof(now) / sizeof(*a); i++) {
		const size_t at = i * sizeof(*a);
		uint64_t want = at == counter;

		if (at == STAT(climb_packets))
			want = counter == STAT(rx_packets) || counter == STAT(drop_no_socket);
		if (at == STAT(fast_bytes))
			want = counter == STAT(fast_packets) ? 60 : 0;
		assert_int_equal(b[i] - a[i], want);
	}
}

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

/* --- his maps ------------------------------------------------------------------------------------- */

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

/* --- label.bpf.c ---------------------------------------------------------------------------------- */

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

/* --- firewall.bpf.c ------------------------------------------------------------------------------- */

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
		cmocka_unit_test(refuses_with_its_name),
		cmocka_unit_test(refuses_what_is_no_object),
		cmocka_unit_test(verifiers_log_is_whole),
		cmocka_unit_test(trying_leaves_nothing),
		cmocka_unit_test(refused_object_changes_nothing),
		cmocka_unit_test(lets_out_three_verdicts),
		cmocka_unit_test(is_shown_tagged_frames_alone),
		cmocka_unit_test(maps_are_the_vnets),
		cmocka_unit_test(unpinned_maps_come_back),
		cmocka_unit_test(maps_go_with_their_object),
		cmocka_unit_test(map_of_another_size_is_made_anew),
		cmocka_unit_test(all_maps_are_told_and_dropped),
		cmocka_unit_test(vifs_are_told),
		cmocka_unit_test(more_vifs_than_there_is_room),
		cmocka_unit_test(label_switches),
		cmocka_unit_test(label_drops),
		cmocka_unit_test(firewall_knows_flows),
		cmocka_unit_test(firewall_opens_ports),
		cmocka_unit_test(firewall_keeps_its_flows),
		cmocka_unit_test(firewall_hands_up_and_drops),
	};

	return cmocka_run_group_tests_name("an owner's own program", tests, set_up, tear_down);
}
