/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_own_agent - an owner's agent is started with its maps, again when it ends, and ended with pdp-fe-agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fe-agent/own_agent.h"
#include "fe-agent/own_maps.h"

#define PATIENCE_MS 10000

/* What the agent of this test, which is this test, and the test say to each other. */
struct words {
	uint32_t starts;
	uint32_t end; /* end by yourself, with this status */
	uint32_t others; /* descriptors that it has beside its maps and the standard ones */
	uint32_t pid;
	uint8_t odd[5]; /* elements are of a size that is rounded up */
};

/* --- the agent ------------------------------------------------------------------------------------ */

static uint32_t open_descriptors(void)
{
	uint32_t n = 0;

	for (int fd = STDERR_FILENO + 1; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int be_agent(void)
{
	struct pdp_own_map map, second;
	struct words *words;

	if (pdp_own_map("words", &map) || map.value_size != sizeof(struct words) ||
	    map.entries != 2 || pdp_own_map("word", &second) != -ENOENT ||
	    pdp_own_map("more", &second))
		return 99;
	words = pdp_own_value(&map, 1);
	words->others = open_descriptors() - 2;
	words->pid = (uint32_t)getpid();
	__atomic_fetch_add(&words->starts, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&words->end, __ATOMIC_SEQ_CST))
		usleep(1000);
	return (int)words->end;
}

/* --- the test ------------------------------------------------------------------------------------- */

static struct pdp_own_agent *own;
static struct pdp_own_parts parts;
static struct words *words; /* the second element */
static int fds[3];

static int make_fd(size_t size)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static int set_up(void **state)
{
	const size_t stride = (sizeof(struct words) + 7) / 8 * 8;

	(void)state;
	fds[0] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	fds[1] = make_fd(4096);
	fds[2] = make_fd(4096);
	words = (void *)((char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1], 0) +
			 stride);
	parts = (struct pdp_own_parts){.digest = 1,
				       .n_maps = 2,
				       .maps = {{"words", sizeof(struct words), 2},
						{"more", 8, 1}}};
	own = pdp_own_agent_new();
	assert_non_null(own);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pdp_own_agent_free(own);
	munmap((void *)((uintptr_t)words & ~4095ul), 4096);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	return 0;
}

/* Turns of a loop like the client's, until this is so. */
static void turn_until_starts(uint32_t n)
{
	for (int i = 0; i < PATIENCE_MS && __atomic_load_n(&words->starts, __ATOMIC_SEQ_CST) < n;
	     i++) {
		pdp_own_agent_turn(own);
		usleep(1000);
	}
	assert_int_equal(words->starts, n);
}

static bool is_there(void)
{
	return !kill((pid_t)words->pid, 0);
}

static void runs_with_its_maps(void **state)
{
	(void)state;
	assert_int_equal(pdp_own_agent_fd(own), -1);
	assert_int_equal(pdp_own_agent_wait_ms(own), -1);
	assert_int_equal(pdp_own_agent_set(own, &parts, fds, 3), 0);
	assert_int_equal(pdp_own_agent_wait_ms(own), 0);
	turn_until_starts(1);
	assert_int_equal(words->others, 0);
	assert_true(is_there());
	/* The same once more changes nothing; another one takes its place. */
	assert_int_equal(pdp_own_agent_set(own, &parts, fds, 3), 0);
	pdp_own_agent_turn(own);
	assert_true(is_there());
	parts.digest = 2;
	assert_int_equal(pdp_own_agent_set(own, &parts, fds, 3), 0);
	assert_false(is_there());
	turn_until_starts(2);
	/* None any more. */
	assert_int_equal(pdp_own_agent_set(own, &parts, NULL, 0), 0);
	assert_false(is_there());
	assert_int_equal(pdp_own_agent_wait_ms(own), -1);
}

static void comes_again_when_it_ends(void **state)
{
	struct pollfd ended;

	(void)state;
	assert_int_equal(pdp_own_agent_set(own, &parts, fds, 3), 0);
	turn_until_starts(1);
	ended = (struct pollfd){.fd = pdp_own_agent_fd(own), .events = POLLIN};
	__atomic_store_n(&words->end, 3, __ATOMIC_SEQ_CST);
	assert_int_equal(poll(&ended, 1, PATIENCE_MS), 1);
	words->end = 0;
	pdp_own_agent_turn(own);
	assert_int_equal(pdp_own_agent_fd(own), -1);
	assert_true(pdp_own_agent_wait_ms(own) >= 0);
	turn_until_starts(2);
	kill((pid_t)words->pid, SIGKILL);
	turn_until_starts(3);
}

/* What the kernel does not run is tried again, and again later. */
static void is_no_program(void **state)
{
	int none[] = {fds[1], fds[1], fds[2]};

	(void)state;
	assert_int_equal(pdp_own_agent_set(own, &parts, none, 3), 0);
	pdp_own_agent_turn(own);
	for (int i = 0; i < PATIENCE_MS && pdp_own_agent_fd(own) >= 0; i++) {
		usleep(1000);
		pdp_own_agent_turn(own);
	}
	assert_true(pdp_own_agent_wait_ms(own) >= 0);
	assert_int_equal(words->starts, 0);
}

static void nothing_is_fine(void **state)
{
	(void)state;
	assert_int_equal(pdp_own_agent_fd(NULL), -1);
	assert_int_equal(pdp_own_agent_wait_ms(NULL), -1);
	pdp_own_agent_turn(NULL);
	pdp_own_agent_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(runs_with_its_maps),
		TEST(comes_again_when_it_ends),
		TEST(is_no_program),
		cmocka_unit_test(nothing_is_fine),
	};

	if (getenv(PDP_OWN_MAPS_ENV))
		return be_agent();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
