/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_guest_parts.c - what of an FE guest needs no guest: cgroup text and quotas, the configuration
 * kept for agents, the counters of the dead and the living, an agent's first words.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/agentstats.h"
#include "ctl/guest_kept.h"
#include "ctl/cgroup.h"
#include "ctl/container.h"
#include "ctl/hello.h"

/* --- cgroups ----------------------------------------------------------------------------------- */

static void test_cgroup_text(void **state)
{
	static const char v1[] = "9:name=systemd:/a\n4:cpu,cpuacct:/both\n2:memory:/with:colon\n"
				 "0::/unified/one\n";
	static const char v2[] = "0::/machine.slice/pdp-n-red-1";
	char path[64];

	(void)state;
	assert_int_equal(pdp_cgroup_parse(v1, "cpu", path, sizeof(path)), 0);
	assert_string_equal(path, "/both");
	assert_int_equal(pdp_cgroup_parse(v1, "cpuacct", path, sizeof(path)), 0);
	assert_string_equal(path, "/both");
	assert_int_equal(pdp_cgroup_parse(v1, "memory", path, sizeof(path)), 0);
	assert_string_equal(path, "/with:colon");
	assert_int_equal(pdp_cgroup_parse(v1, "", path, sizeof(path)), 0);
	assert_string_equal(path, "/unified/one");
	assert_int_equal(pdp_cgroup_parse(v1, "pids", path, sizeof(path)), -ENOENT);
	assert_int_equal(pdp_cgroup_parse(v1, "cpua", path, sizeof(path)), -ENOENT);
	assert_int_equal(pdp_cgroup_parse(v2, "", path, sizeof(path)), 0);
	assert_string_equal(path, "/machine.slice/pdp-n-red-1");
	assert_int_equal(pdp_cgroup_parse(v2, "cpu", path, sizeof(path)), -ENOENT);
	assert_int_equal(pdp_cgroup_parse("", "", path, sizeof(path)), -ENOENT);
	assert_int_equal(pdp_cgroup_parse("no colons\n1:only one\n", "", path, sizeof(path)),
			 -ENOENT);
	assert_int_equal(pdp_cgroup_parse(v2, "", path, 8), -ENAMETOOLONG);
}

static void test_quota(void **state)
{
	static const struct {
		uint32_t power, quota_us, period_us;
	} want[] = {
		{1000, 10000, 10000}, {200, 2000, 10000}, {1500, 15000, 10000}, {100, 1000, 10000},
		{99, 1000, 10102},    {10, 1000, 100000}, {1, 1000, 1000000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct pdp_cpu_quota got = pdp_cpu_quota(want[i].power);

		assert_int_equal(got.quota_us, want[i].quota_us);
		assert_int_equal(got.period_us, want[i].period_us);
	}
	/* No power is no limit; callers refuse it before. */
	assert_int_equal(pdp_cpu_quota(0).quota_us, 0);
	assert_int_equal(pdp_cpu_shares(1000), 1024);
	assert_int_equal(pdp_cpu_shares(1), 2);
	assert_int_equal(pdp_cpu_weight(1000), 100);
	assert_int_equal(pdp_cpu_weight(1), 1);
	assert_int_equal(pdp_cpu_weight(UINT32_MAX), 10000);
}

static void test_id_ranges(void **state)
{
	const unsigned int last = PDP_ID_BLOCKS - 1;

	(void)state;
	assert_int_equal(pdp_id_block("n", "/run/pdp"), pdp_id_block("n", "/run/pdp"));
	assert_in_range(pdp_id_block("node", "/run/x"), 0, last);
	assert_int_equal(pdp_guest_id_base(3, 2), pdp_guest_id_base(3, 1) + PDP_GUEST_IDS);
	assert_int_equal(pdp_guest_id_base(0, PDP_MAX_GUESTS), 0x70000000);
	assert_int_equal(pdp_guest_id_base(1, PDP_MAX_GUESTS),
			 pdp_guest_id_base(0, PDP_MAX_GUESTS - 1) + PDP_GUEST_IDS);
	assert_in_range(pdp_guest_id_base(last, PDP_MAX_GUESTS - 1), 0x70000000, 0x74000000 - 1);
	assert_in_range(pdp_mh_id_base(last, PDP_MAX_VNETS - 1), 0x6c000000, 0x70000000 - 1);
}

/* --- counters ----------------------------------------------------------------------------------- */

static int make_counters(const struct pdp_agent_stats *stats, int seals)
{
	int fd = memfd_create("counters", MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, stats, sizeof(*stats)), sizeof(*stats));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void take_agent(struct pdp_agentstats *stats, const struct pdp_agent_stats *counters,
		       bool same)
{
	int fd = make_counters(counters, F_SEAL_GROW | F_SEAL_SHRINK);

	assert_int_equal(pdp_agentstats_check(fd, NULL), 0);
	assert_int_equal(pdp_agentstats_map(stats, fd, same, NULL), 0);
	close(fd);
}

static void test_counters(void **state)
{
	const struct pdp_agent_stats first = {.rx_packets = 10,
					      .drop_tx_lost = 1,
					      .frames_total = 4096,
					      .routes4 = 7,
					      .dp_drops = {[dp_blackhole] = 3}};
	const struct pdp_agent_stats second = {
		.rx_packets = 5, .drop_bad_tag = 2, .frames_total = 2048};
	struct pdp_agentstats stats = {0};
	struct pdp_agent_stats sum;

	(void)state;
	pdp_agentstats_read(&stats, &sum);
	assert_int_equal(sum.rx_packets, 0);
	take_agent(&stats, &first, false);
	pdp_agentstats_read(&stats, &sum);
	assert_memory_equal(&sum, &first, sizeof(sum));
	take_agent(&stats, &second, false);
	pdp_agentstats_read(&stats, &sum);
	assert_int_equal(sum.rx_packets, 15);
	assert_int_equal(sum.dp_drops[dp_blackhole], 3);
	assert_int_equal(pdp_agentstats_dropped(&sum), 6);
	/* Frames and routes are those of the living one. */
	assert_int_equal(sum.frames_total, 2048);
	assert_int_equal(sum.routes4, 0);
	pdp_agentstats_unmap(&stats);
	pdp_agentstats_read(&stats, &sum);
	assert_int_equal(sum.rx_packets, 10);
}

/* An agent that an earlier controller had: as seen then, until it comes again or another does. */
static void test_counters_adopted(void **state)
{
	const struct pdp_agent_stats seen = {.rx_packets = 10, .drop_bad_tag = 4};
	const struct pdp_agent_stats now = {.rx_packets = 12, .drop_bad_tag = 5};
	struct pdp_agentstats again = {.dead.rx_packets = 100, .seen = seen}, other = again;
	struct pdp_agent_stats sum;

	(void)state;
	pdp_agentstats_read(&again, &sum);
	assert_int_equal(sum.rx_packets, 110);
	take_agent(&again, &now, true);
	pdp_agentstats_read(&again, &sum);
	assert_int_equal(sum.rx_packets, 112);
	assert_int_equal(sum.drop_bad_tag, 5);
	pdp_agentstats_snapshot(&again, &sum);
	assert_int_equal(sum.rx_packets, 12);
	take_agent(&other, &now, false);
	pdp_agentstats_read(&other, &sum);
	assert_int_equal(sum.rx_packets, 122);
	assert_int_equal(sum.drop_bad_tag, 9);
	pdp_agentstats_unmap(&again);
	pdp_agentstats_unmap(&other);
}

static void test_counters_refused(void **state)
{
	const struct pdp_agent_stats zero = {0};
	int can_shrink = make_counters(&zero, F_SEAL_GROW), file = open("/dev/null", O_RDONLY);
	int empty = memfd_create("empty", MFD_ALLOW_SEALING);
	int huge = memfd_create("huge", MFD_ALLOW_SEALING | MFD_HUGETLB);
	struct pdp_error err;

	(void)state;
	fcntl(empty, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK);
	assert_int_equal(pdp_agentstats_check(can_shrink, &err), -EPERM);
	assert_int_equal(pdp_agentstats_check(file, &err), -EPERM);
	assert_int_equal(pdp_agentstats_check(empty, &err), -EINVAL);
	assert_non_null(strstr(err.text, "have 0 bytes"));
	/* Of a pool that its maker can empty after it has punched a hole: reading would be SIGBUS. */
	if (huge >= 0 && !ftruncate(huge, 2 << 20)) {
		fcntl(huge, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK);
		assert_int_equal(pdp_agentstats_check(huge, &err), -EPERM);
	}
	close(huge);
	close(can_shrink);
	close(file);
	close(empty);
}

/* --- limits that change, in a made-up v2 group -------------------------------------------------- */

static char dir[] = "/tmp/pdp-guest-parts.XXXXXX";

static void put_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_limits_v2(void **state)
{
	struct pdp_cgroup cg = {.v2 = true};
	struct pdp_cpu_quota quota;
	char path[PATH_MAX];
	struct pdp_error err;

	(void)state;
	snprintf(cg.cpu, sizeof(cg.cpu), "%s", dir);
	snprintf(cg.memory, sizeof(cg.memory), "%s", dir);
	assert_int_equal(pdp_cgroup_set_power(&cg, 500, &err), -ENOENT);
	assert_non_null(strstr(err.text, "cpu.max"));
	put_file("cpu.max", "max 100000\n");
	put_file("cpu.weight", "100\n");
	put_file("memory.max", "max\n");
	assert_int_equal(pdp_cgroup_memory_limit(&cg), 0);
	assert_int_equal(pdp_cgroup_set_power(&cg, 500, &err), 0);
	assert_int_equal(pdp_cgroup_quota(&cg, &quota), 0);
	assert_int_equal(quota.quota_us, 5000);
	assert_int_equal(quota.period_us, 10000);
	/* A quota alone needs no other file. */
	snprintf(path, sizeof(path), "%s/cpu.weight", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(pdp_cgroup_set_quota(&cg, 50, &err), 0);
	assert_int_equal(pdp_cgroup_quota(&cg, &quota), 0);
	assert_int_equal(quota.quota_us, 1000);
	assert_int_equal(quota.period_us, 20000);
	assert_int_equal(pdp_cgroup_set_memory(&cg, 64, &err), 0);
	assert_int_equal(pdp_cgroup_memory_limit(&cg), 64 << 20);
	memset(cg.cpu, 0, sizeof(cg.cpu));
	assert_int_equal(pdp_cgroup_set_power(&cg, 500, &err), -ENOENT);
}

/* --- what outlives a controller ------------------------------------------------------------------ */

static void test_kept(void **state)
{
	struct pdp_guest_kept kept = {.id = 7, .name = "red-1", .dataplane = "router", .agents = 1};
	struct pdp_kept_file *file = NULL;
	struct pdp_guest_kept again;
	struct pdp_error err;
	char path[128];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/kept", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(pdp_kept_open(&file, dir, "red-1", &again, &err), -ENOENT);
	assert_int_equal(pdp_kept_make(&file, dir, &kept, &err), 0);
	/* What is saved is there without closing: as after SIGKILL. */
	for (kept.agents = 2; kept.agents < 5; kept.agents++) {
		struct pdp_kept_file *second;

		pdp_kept_save(file, &kept);
		assert_int_equal(pdp_kept_open(&second, dir, "red-1", &again, &err), 0);
		assert_memory_equal(&again, &kept, sizeof(kept));
		pdp_kept_close(second);
	}
	pdp_kept_close(file);

	/* Another's, damaged, cut: refused, whatever is in it. */
	snprintf(path, sizeof(path), "%s/kept/red-1", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	put_file("kept/red-2", "");
	assert_int_equal(pdp_kept_open(&file, dir, "red-2", &again, &err), -EINVAL);
	assert_non_null(strstr(err.text, "has 0 bytes"));
	assert_int_equal(pdp_kept_id(dir, "red-1"), 7);
	assert_int_equal(pdp_kept_id(dir, "red-2"), 0);
	assert_int_equal(pdp_kept_id(dir, "red-3"), 0);
	/* Magic, version, channel, size. */
	for (off_t at = 0; at < 16; at += 4) {
		int fd = open(path, O_RDWR);
		uint32_t word, bad;

		assert_int_equal(pread(fd, &word, sizeof(word), at), sizeof(word));
		bad = ~word;
		assert_int_equal(pwrite(fd, &bad, sizeof(bad), at), sizeof(bad));
		assert_int_equal(pdp_kept_open(&file, dir, "red-1", &again, &err), -EINVAL);
		assert_null(file);
		/* Another build's still tells its id. */
		if (at == 4 || at == 8)
			assert_int_equal(pdp_kept_id(dir, "red-1"), 7);
		if (at == 0)
			assert_int_equal(pdp_kept_id(dir, "red-1"), 0);
		assert_int_equal(pwrite(fd, &word, sizeof(word), at), sizeof(word));
		close(fd);
	}
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	assert_int_equal(pdp_kept_open(&file, dir, "red-1", &again, &err), -EINVAL);
	pdp_kept_remove(dir, "red-1");
	pdp_kept_remove(dir, "red-2");
	assert_int_equal(access(path, F_OK), -1);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"kept", "cpu.max", "cpu.weight", "memory.max", ""};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return access(dir, F_OK) ? 0 : -1;
}

/* --- an agent's first words --------------------------------------------------------------------- */

static void test_hello(void **state)
{
	const struct pdp_hello_want want = {.ifindex = 2, .queues = 1, .dataplane = "router"};
	struct pdp_hello hello = {.version = PDP_CHANNEL_VERSION,
				  .wire_version = PDP_WIRE_VERSION,
				  .ifindex = 2,
				  .dataplane = "router"};
	int fds[2] = {socket(AF_INET, SOCK_DGRAM, 0), open("/dev/null", O_RDONLY)};
	struct pdp_error err;

	(void)state;
	/* All words are right, the socket is not. */
	assert_int_equal(pdp_hello_check(&hello, sizeof(hello), fds, 2, &want, &err), -EPERM);
	assert_non_null(strstr(err.text, "no AF_XDP socket"));
	assert_int_equal(pdp_hello_check(&hello, sizeof(hello), fds, 1, &want, &err), -EPROTO);
	assert_int_equal(pdp_hello_check(&hello, sizeof(hello) - 1, fds, 2, &want, &err), -EPROTO);
	hello.queue = 1;
	assert_int_equal(pdp_hello_check(&hello, sizeof(hello), fds, 2, &want, &err), -EPERM);
	assert_non_null(strstr(err.text, "queue 1"));
	hello.queue = 0;
	hello.ifindex = 3;
	assert_int_equal(pdp_hello_check(&hello, sizeof(hello), fds, 2, &want, &err), -EPERM);
	assert_non_null(strstr(err.text, "eth0 (2)"));
	hello.ifindex = 2;
	memset(hello.dataplane, 'r', sizeof(hello.dataplane));
	assert_int_equal(pdp_hello_check(&hello, sizeof(hello), fds, 2, &want, &err), -EPROTO);
	hello.wire_version++;
	assert_int_equal(pdp_hello_check(&hello, sizeof(hello), fds, 2, &want, &err), -EPROTO);
	assert_non_null(strstr(err.text, "tag version"));
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroup_text),
		cmocka_unit_test(test_quota),
		cmocka_unit_test(test_id_ranges),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_counters_adopted),
		cmocka_unit_test(test_counters_refused),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_limits_v2),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests_name("guest parts", tests, make_dir, remove_dir);
}
