/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * store_fixture.h - a store in a directory of its own, states drawn at random, and processes that save and
 * die; for the tests of store.c.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "ctl/store.h"
#include "selftests/unit/model_fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static char dir[64];
static char db[96], wal[96];

static inline int make_dir(void **arg)
{
	(void)arg;
	/* Processes are killed here, not machines: no test waits for a disk. */
	snprintf(dir, sizeof(dir), "%s/pdp-store-%d",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (int)getpid());
	snprintf(db, sizeof(db), "%s/state.db", dir);
	snprintf(wal, sizeof(wal), "%s/state.db-wal", dir);
	srand(1);
	return mkdir(dir, 0755);
}

static inline void clear_dir(void)
{
	static const char *const names[] = {"", "-wal", "-shm", "-journal", ".new", ".new-journal"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", db, names[i]);
		unlink(path);
	}
}

static inline int remove_dir(void **arg)
{
	(void)arg;
	clear_dir();
	return rmdir(dir);
}

/* --- files ----------------------------------------------------------------------------------- */

struct bytes {
	char *at;
	size_t n;
};

static inline struct bytes read_file(const char *path)
{
	struct bytes out = {calloc(1, 1), 0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return out;
	assert_int_equal(fstat(fd, &st), 0);
	out.n = (size_t)st.st_size;
	out.at = realloc(out.at, out.n + 1);
	assert_int_equal(read(fd, out.at, out.n), out.n);
	close(fd);
	return out;
}

static inline void write_file(const char *path, const char *at, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, at, n), n);
	close(fd);
}

static inline void assert_file(const char *path, const struct bytes *want)
{
	struct bytes found = read_file(path);

	assert_int_equal(found.n, want->n);
	if (want->n)
		assert_memory_equal(found.at, want->at, want->n);
	free(found.at);
}

/* --- states ---------------------------------------------------------------------------------- */

static inline void draw_state(struct pdp_state *state, uint32_t vnets)
{
	uint64_t generation = state->generation;

	pdp_state_free(state);
	draw_model(&state->model, vnets);
	draw_placement(&state->placement, &state->model);
	state->generation = generation;
}

static inline char *describe_state(const struct pdp_state *state)
{
	return describe(&state->model, &state->placement);
}

static inline struct pdp_store *open_good(void)
{
	struct pdp_error err = {""};
	struct pdp_store *store;

	if (pdp_store_open(&store, db, &err))
		fail_msg("%s", err.text);
	return store;
}

static inline void save_good(struct pdp_store *store, struct pdp_state *state, const char *what)
{
	struct pdp_error err = {""};

	if (pdp_store_save(store, state, what, &err))
		fail_msg("%s", err.text);
}

/* What the store holds, as text; the caller's. */
static inline char *describe_store(struct pdp_store *store, uint64_t *generation)
{
	struct pdp_error err = {""};
	struct pdp_state state;
	char *text;

	if (pdp_store_load(store, &state, &err))
		fail_msg("%s", err.text);
	text = describe_state(&state);
	if (generation)
		*generation = state.generation;
	pdp_state_free(&state);
	return text;
}

static inline void assert_holds(struct pdp_store *store, const struct pdp_state *state)
{
	uint64_t generation;
	char *found = describe_store(store, &generation), *want = describe_state(state);

	assert_string_equal(found, want);
	assert_int_equal(generation, state->generation);
	free(found);
	free(want);
}

static inline void make_store(void)
{
	struct pdp_store *store = open_good();
	struct pdp_state state = {0};

	do
		draw_state(&state, 8);
	while (state.model.n_vnets < 3);
	save_good(store, &state, "a test");
	pdp_state_free(&state);
	pdp_store_close(store);
}

/* --- processes ------------------------------------------------------------------------------- */

/* In a child: f's result must be 0. A signal that ends it is given back. */
static inline int in_child(int (*f)(const char *arg), const char *arg)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(f(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	return WEXITSTATUS(status) ? -WEXITSTATUS(status) : 0;
}

#endif
