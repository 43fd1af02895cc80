/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_nodelock - a node's name is one process's, is its run directory's after that, and comes free. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "ctl/container.h"
#include "ctl/nodelock.h"

static char dir[64], file[80], here[80], there[80];

static int make(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/pdp-nodelock-%d", (int)getpid());
	snprintf(file, sizeof(file), "%s/amherst", dir);
	snprintf(here, sizeof(here), "%s.here", dir);
	snprintf(there, sizeof(there), "%s.there", dir);
	return mkdir(here, 0755) || mkdir(there, 0755) ? -1 : 0;
}

static int clean(void **state)
{
	(void)state;
	rmdir(here);
	rmdir(there);
	return 0;
}

static int take(const char *run_dir, struct pdp_error *err)
{
	unsigned int block = 7;

	return pdp_nodelock_take(dir, "amherst", run_dir, &block, err);
}

/* Another process, which holds the name for this run directory until it is killed. */
static pid_t holder(const char *run_dir)
{
	int ready[2];
	char done;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct pdp_error err;

		if (take(run_dir, &err) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &done, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void one_at_a_time(void **state)
{
	struct pdp_error err = {""};
	char want[PDP_ERRLEN];
	pid_t pid = holder(there);
	int fd;

	(void)state;
	assert_int_equal(take(here, &err), -EBUSY);
	snprintf(want, sizeof(want),
		 "node amherst is already on this machine: pdpd %d has it, with run directory %s; "
		 "give this one another name, or stop that one",
		 (int)pid, there);
	assert_string_equal(err.text, want);
	assert_int_equal(take(there, &err), -EBUSY);
	fd = pdp_nodelock_take(dir, "boston", here, &(unsigned int){7}, &err);
	assert_true(fd >= 0);
	pdp_nodelock_leave(dir, "boston", fd, true);
	end(pid);
	fd = take(there, &err);
	assert_true(fd >= 0);
	pdp_nodelock_leave(dir, "amherst", fd, true);
	assert_int_equal(access(dir, F_OK), -1);
}

/* Killed or gone by itself: the node forwards on, and waits for a pdpd with its own run directory. */
static void a_node_outlives_its_pdpd(void **state)
{
	struct pdp_error err = {""};
	char want[PDP_ERRLEN];
	pid_t pid = holder(there);
	int fd;

	(void)state;
	end(pid);
	assert_int_equal(take(here, &err), -EBUSY);
	snprintf(
		want, sizeof(want),
		"node amherst is already on this machine: it forwards without a pdpd since %d left "
		"it, with run directory %s; give this one another name, use that --run-dir, or take "
		"that node down",
		(int)pid, there);
	assert_string_equal(err.text, want);
	fd = take(there, &err);
	assert_true(fd >= 0);
	pdp_nodelock_leave(dir, "amherst", fd, false);
	assert_int_equal(take(here, &err), -EBUSY);
	/* As after a reboot: what it says has gone. */
	assert_int_equal(rmdir(there), 0);
	fd = take(here, &err);
	assert_true(fd >= 0);
	pdp_nodelock_leave(dir, "amherst", fd, true);
	assert_int_equal(mkdir(there, 0755), 0);
}

/* A file that says nothing, or nothing that makes sense, holds nobody up. */
static void nonsense(void **state)
{
	static const char *const texts[] = {"", "\n", "pdpd", "12", "-1 /nowhere/at all", "0 /tmp"};
	struct pdp_error err = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *out;
		int fd;

		assert_int_equal(mkdir(dir, 0755), 0);
		out = fopen(file, "we");
		assert_non_null(out);
		fputs(texts[i], out);
		fclose(out);
		fd = take(here, &err);
		assert_true(fd >= 0);
		pdp_nodelock_leave(dir, "amherst", fd, true);
	}
	pdp_nodelock_leave(dir, "amherst", -1, true);
}

static unsigned int block_of(const char *node, const char *run_dir, unsigned int wanted, int *fd)
{
	struct pdp_error err;

	*fd = pdp_nodelock_take(dir, node, run_dir, &wanted, &err);
	assert_true(*fd >= 0);
	return wanted;
}

/* Nodes that want the same ids have others; each finds its own again, and what is down leaves its own. */
static void test_ids(void **state)
{
	int a, b, c;

	(void)state;
	assert_int_equal(block_of("amherst", here, PDP_ID_BLOCKS - 1, &a), PDP_ID_BLOCKS - 1);
	assert_int_equal(block_of("boston", there, PDP_ID_BLOCKS - 1, &b), 0);
	pdp_nodelock_leave(dir, "amherst", a, false);
	assert_int_equal(block_of("concord", there, PDP_ID_BLOCKS - 1, &c), 1);
	pdp_nodelock_leave(dir, "concord", c, true);
	assert_int_equal(block_of("concord", there, PDP_ID_BLOCKS - 1, &c), 1);
	assert_int_equal(block_of("amherst", here, 5, &a), PDP_ID_BLOCKS - 1);
	pdp_nodelock_leave(dir, "boston", b, true);
	pdp_nodelock_leave(dir, "concord", c, true);
	pdp_nodelock_leave(dir, "amherst", a, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(a_node_outlives_its_pdpd),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests_name("nodelock", tests, make, clean);
}
