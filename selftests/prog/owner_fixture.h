/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * owner_fixture.h - guests that run a vnet owner's own XDP program, the frames they get and what they must send.
 * Include cmocka.h first.
 *
 * Each guest stands in a network namespace of its own whose eth0 has ifindex 2, as in a container:
 *
 *   home (this test's own netns)   m1, m2 ----- eth0 in netns 1, 2
 */
#ifndef PDP_PROG_OWNER_FIXTURE_H
#define PDP_PROG_OWNER_FIXTURE_H

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fe-agent/encap.h"
#include "loader/owner.h"
#include "selftests/prog/netns.h"
#include "selftests/prog/packet.h"

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

static inline void open_node(void)
{
	struct pdp_error err = {""};

	if (pdp_loader_open(&ld, root, &err))
		fail_msg("%s", err.text);
}

static inline void make_vifs(void)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
	(void)state;
	pdp_loader_purge(ld, NULL);
	pdp_loader_close(ld);
	return access(root, F_OK) ? 0 : -1;
}

static inline struct pdp_owner_conf conf_of(const void *(*elf)(size_t *size), const char *program)
{
	struct pdp_owner_conf conf = {
		.vnet = "red", .program = program, .vifs = vifs, .n_vifs = 3, .log = verifier_log};

	conf.elf = elf(&conf.size);
	return conf;
}

static inline uint32_t standing(int guest)
{
	uint32_t id = 0;

	enter(guest_ns[guest]);
	assert_int_equal(bpf_xdp_query_id(2, XDP_FLAGS_DRV_MODE, &id), 0);
	enter(home);
	return id;
}

static inline int try_attach(int guest, const struct pdp_owner_conf *conf, struct pdp_error *err)
{
	int fd = -1, rc;

	enter(guest_ns[guest]);
	rc = pdp_loader_attach_owner(ld, guest, 2, conf, &fd, err);
	enter(home);
	return rc ? rc : fd;
}

/* Put a program on a guest's eth0; its XSKMAP. */
static inline int attach(int guest, const void *(*elf)(size_t *size), const char *program)
{
	const struct pdp_owner_conf conf = conf_of(elf, program);
	struct pdp_error err = {""};
	int fd = try_attach(guest, &conf, &err);

	if (fd < 0)
		fail_msg("%s\n%s", err.text, verifier_log);
	return fd;
}

/* Give the program on a guest's eth0 a frame; what it says. */
static inline int run(int guest, const struct packet *in, struct packet *out)
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

static inline struct pdp_guest_stats counted(int guest)
{
	struct pdp_guest_stats stats = {0};

	assert_int_equal(pdp_stats_read(ld, PDP_MAP_GUEST_STATS, guest, &stats, sizeof(stats)), 0);
	return stats;
}

/* The vnet's map of this name; the caller closes it. */
static inline int pinned(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/v%d/vnets/red/%s", root, PDP_ABI, name);
	return bpf_obj_get(path);
}

static inline void set(const char *map, const void *key, const void *value)
{
	int fd = pinned(map);

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_ANY), 0);
	close(fd);
}

/* --- frames --------------------------------------------------------------------------------------- */

static inline void put_head(struct packet *p, uint16_t proto, uint16_t vif)
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
static inline void expect_sent(struct packet *want, const struct pdp_dp_vif *vif,
			       const void *payload, size_t len)
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

static inline void compare(const struct packet *out, const struct packet *want)
{
	if (out->len != want->len || memcmp(out->data, want->data, out->len) != 0) {
		packet_dump("out", out->data, out->len);
		packet_dump("expected", want->data, want->len);
		fail_msg("other bytes than expected");
	}
}

/* --- counters ------------------------------------------------------------------------------------- */

#define STAT(name) offsetof(struct pdp_guest_stats, name)

/* One packet, one counter; one that goes to the socket, or would, has climbed as well. */
static inline void check_counted(const struct pdp_guest_stats *before, size_t counter)
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

#endif
