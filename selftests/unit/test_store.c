/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_store - what was saved is there again, whole or not at all, whatever happens to process or file. */
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

static int make_dir(void **arg)
{
	(void)arg;
	snprintf(dir, sizeof(dir), "/tmp/pdp-store-%d", (int)getpid());
	snprintf(db, sizeof(db), "%s/state.db", dir);
	snprintf(wal, sizeof(wal), "%s/state.db-wal", dir);
	srand(1);
	return mkdir(dir, 0755);
}

static void clear_dir(void)
{
	static const char *const names[] = {"", "-wal", "-shm", "-journal", ".new", ".new-journal"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", db, names[i]);
		unlink(path);
	}
}

static int remove_dir(void **arg)
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

static struct bytes read_file(const char *path)
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

static void write_file(const char *path, const char *at, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, at, n), n);
	close(fd);
}

static void assert_file(const char *path, const struct bytes *want)
{
	struct bytes found = read_file(path);

	assert_int_equal(found.n, want->n);
	if (want->n)
		assert_memory_equal(found.at, want->at, want->n);
	free(found.at);
}

/* --- states ---------------------------------------------------------------------------------- */

static void draw_state(struct pdp_state *state, uint32_t vnets)
{
	uint64_t generation = state->generation;

	pdp_state_free(state);
	draw_model(&state->model, vnets);
	draw_placement(&state->placement, &state->model);
	state->generation = generation;
}

static char *describe_state(const struct pdp_state *state)
{
	return describe(&state->model, &state->placement);
}

static struct pdp_store *open_good(void)
{
	struct pdp_error err = {""};
	struct pdp_store *store;

	if (pdp_store_open(&store, db, &err))
		fail_msg("%s", err.text);
	return store;
}

static void save_good(struct pdp_store *store, struct pdp_state *state, const char *what)
{
	struct pdp_error err = {""};

	if (pdp_store_save(store, state, what, &err))
		fail_msg("%s", err.text);
}

/* What the store holds, as text; the caller's. */
static char *describe_store(struct pdp_store *store, uint64_t *generation)
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

static void assert_holds(struct pdp_store *store, const struct pdp_state *state)
{
	uint64_t generation;
	char *found = describe_store(store, &generation), *want = describe_state(state);

	assert_string_equal(found, want);
	assert_int_equal(generation, state->generation);
	free(found);
	free(want);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void test_new(void **arg)
{
	struct pdp_store *store = open_good();
	struct pdp_state state;
	struct stat st;

	(void)arg;
	assert_int_equal(pdp_store_load(store, &state, NULL), 0);
	assert_int_equal(state.generation, 0);
	assert_string_equal(state.model.node, "");
	assert_int_equal(state.model.n_ports + state.model.n_fes + state.model.n_vnets, 0);
	pdp_state_free(&state);
	pdp_store_close(store);
	assert_int_equal(stat(db, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
	clear_dir();
}

/* 60 states one after another: each is there at once, and after the store was opened again. */
static void test_save_and_load(void **arg)
{
	struct pdp_store *store = open_good();
	struct pdp_state state = {0};

	(void)arg;
	for (int i = 0; i < 60; i++) {
		uint64_t generation = state.generation;

		draw_state(&state, 8);
		save_good(store, &state, "a test");
		assert_int_equal(state.generation, generation + 1);
		assert_holds(store, &state);
		if (i % 4 == 0) {
			pdp_store_close(store);
			store = open_good();
			assert_holds(store, &state);
		}
		save_good(store, &state, "the same again");
		assert_int_equal(state.generation, generation + 1);
	}
	pdp_state_free(&state);
	pdp_store_close(store);
	clear_dir();
}

/* Ids and device names may change hands in one change. */
static void test_swap(void **arg)
{
	struct pdp_store *store = open_good();
	struct pdp_state state = {0};
	char ifname[PDP_DEV_NAME_LEN];

	(void)arg;
	do
		draw_state(&state, 8);
	while (state.model.n_ports < 2 || state.model.n_vnets < 2);
	save_good(store, &state, "before");
	memcpy(ifname, state.model.ports[0].ifname, sizeof(ifname));
	memcpy(state.model.ports[0].ifname, state.model.ports[1].ifname, sizeof(ifname));
	memcpy(state.model.ports[1].ifname, ifname, sizeof(ifname));
	for (int i = 0; i < 2; i++)
		state.placement.vnets[i].id = (uint16_t)(2 - i);
	state.placement.vnets[0].id = 4001;
	state.placement.vnets[1].id = 4000;
	save_good(store, &state, "before the swap");
	state.placement.vnets[0].id = 4000;
	state.placement.vnets[1].id = 4001;
	save_good(store, &state, "swapped");
	assert_holds(store, &state);
	pdp_state_free(&state);
	pdp_store_close(store);
	clear_dir();
}

/* What cannot be kept is refused by name, and the store holds what it held. */
static void test_bad_states(void **arg)
{
	struct pdp_store *store = open_good();
	struct pdp_state good = {0}, bad = {0};
	struct pdp_error err;

	(void)arg;
	do
		draw_state(&good, 8);
	while (good.model.n_vnets < 2 || good.model.n_ports < 2);
	save_good(store, &good, "good");

	bad = good;
	bad.generation--;
	assert_int_equal(pdp_store_save(store, &bad, "x", &err), -ESTALE);
	assert_string_equal(err.text, "the change was made for generation 0 of the node, which has "
				      "generation 1 by now; look again and repeat it");
	good.placement.vnets[1].id = good.placement.vnets[0].id;
	assert_int_equal(pdp_store_save(store, &good, "x", &err), -EINVAL);
	assert_non_null(strstr(err.text, "UNIQUE constraint failed: vnet.id"));
	good.placement.vnets[1].id = 0;
	assert_int_equal(pdp_store_save(store, &good, "x", &err), -EINVAL);
	assert_string_equal(err.text, "vnet net1 has id 0, which is not in 1 to 4095");
	good.placement.vnets[1].id = (uint16_t)(good.placement.vnets[0].id + 1);
	set_text(good.placement.vnets[1].guests[0].fe, "nowhere");
	assert_int_equal(pdp_store_save(store, &good, "x", &err), -EINVAL);
	assert_non_null(strstr(err.text, "FOREIGN KEY constraint failed"));
	set_text(good.placement.vnets[1].guests[0].fe, good.model.fes[0].name);
	set_text(good.placement.ports[0].name, "Q");
	assert_int_equal(pdp_store_save(store, &good, "x", &err), -EINVAL);
	assert_string_equal(err.text, "port Q is placed and not in the model");
	set_text(good.placement.ports[0].name, good.model.ports[0].name);
	save_good(store, &good, "mended");
	assert_holds(store, &good);
	pdp_state_free(&good);
	pdp_store_close(store);
	clear_dir();
}

static int note(const struct pdp_store_entry *entry, void *arg)
{
	char *text = arg;

	assert_true(entry->when > 1500000000);
	sprintf(text + strlen(text), "%d %s;", (int)entry->generation, entry->text);
	return 0;
}

static void test_history(void **arg)
{
	struct pdp_store *store = open_good();
	struct pdp_state state = {0};
	char text[256] = "";
	size_t n = 0;

	(void)arg;
	draw_state(&state, 1);
	for (int i = 0; i < PDP_STORE_HISTORY + 3; i++) {
		char what[32];

		state.model.fes[0].capacity++;
		snprintf(what, sizeof(what), "it's %d", i);
		save_good(store, &state, what);
	}
	assert_int_equal(pdp_store_history(store, 2, note, text, NULL), 0);
	assert_string_equal(text, "202 it's 201;203 it's 202;");
	text[0] = '\0';
	pdp_store_close(store);
	{
		sqlite3_stmt *row;
		sqlite3 *raw;

		assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
		assert_int_equal(sqlite3_prepare_v2(raw, "SELECT count(*) FROM history", -1, &row,
						    NULL),
				 SQLITE_OK);
		assert_int_equal(sqlite3_step(row), SQLITE_ROW);
		n = (size_t)sqlite3_column_int(row, 0);
		sqlite3_finalize(row);
		sqlite3_close(raw);
	}
	assert_int_equal(n, PDP_STORE_HISTORY);
	pdp_state_free(&state);
	clear_dir();
}

static void run_sql(const char *sql)
{
	sqlite3 *raw;

	assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
	assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(raw);
}

static void assert_refused(int code, const char *sentence)
{
	struct pdp_store *store = NULL;
	struct pdp_error err = {""};
	char want[PDP_ERRLEN];

	snprintf(want, sizeof(want), "%s%s", db, sentence);
	assert_int_equal(pdp_store_open(&store, db, &err), code);
	assert_null(store);
	err.text[strlen(want) < sizeof(err.text) ? strlen(want) : 0] = '\0';
	assert_string_equal(err.text, want);
}

static void make_store(void)
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

static void test_foreign_files(void **arg)
{
	struct bytes before;

	(void)arg;
	write_file(db, "", 0);
	assert_refused(-EBADMSG, " is corrupt: it is empty, and a store never is; move it away and "
				 "apply the node file again, or put a copy in its place");
	write_file(db, "version: 1\nnode: n1\nports:\n  - {name: A, ifname: eth0}\n", 54);
	before = read_file(db);
	assert_refused(-EBADMSG, " is corrupt: it is no SQLite database; move");
	assert_file(db, &before);
	free(before.at);
	clear_dir();
	run_sql("CREATE TABLE node (name)");
	assert_refused(-EBADMSG, " is corrupt: it is a database of another program; move");
	clear_dir();
	make_store();
	run_sql("PRAGMA user_version = 7");
	assert_refused(-ENOTSUP, " has schema version 7; this is PdP " PDP_VERSION
				 ", which has version 1: run the PdP that made it");
	run_sql("PRAGMA user_version = 1; UPDATE vnet SET power = power + 1 WHERE name = 'net1'");
	assert_refused(-EBADMSG, " is corrupt: its rows are not those that were saved");
	run_sql("PRAGMA foreign_keys = OFF; DELETE FROM fe");
	assert_refused(-EBADMSG, " is corrupt: rows refer to rows that are gone");
	run_sql("DROP TABLE route");
	assert_refused(-EBADMSG, " is corrupt: ");
	clear_dir();
	assert_int_equal(mkdir(db, 0755), 0);
	assert_refused(-EBADMSG, " is no file");
	rmdir(db);
	{
		struct pdp_store *store;
		struct pdp_error err;

		assert_int_equal(pdp_store_open(&store, "/nowhere/state.db", &err), -ENOENT);
		assert_string_equal(err.text, "/nowhere/state.db: No such file or directory");
	}
}

/* In a child: f's result must be 0. A signal that ends it is given back. */
static int in_child(int (*f)(const char *arg), const char *arg)
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

static int open_as_other(const char *arg)
{
	struct pdp_store *store;
	struct pdp_error err = {""};
	int code = pdp_store_open(&store, db, &err);

	if (code == -EBUSY)
		return strstr(err.text, "is in use by another process; only one pdpd") ? 0 : 2;
	(void)arg;
	return 1;
}

static void test_two_processes(void **arg)
{
	struct pdp_store *store = open_good(), *second;
	struct pdp_state state = {0};

	(void)arg;
	assert_int_equal(in_child(open_as_other, NULL), 0);
	draw_state(&state, 4);
	save_good(store, &state, "x");
	assert_int_equal(in_child(open_as_other, NULL), 0);
	assert_int_equal(pdp_store_open(&second, db, NULL), -EBUSY);
	assert_holds(store, &state);
	pdp_store_close(store);
	assert_int_equal(in_child(open_as_other, NULL), -1);
	pdp_state_free(&state);
	clear_dir();
}

static int open_as_nobody(const char *arg)
{
	struct pdp_store *store;
	struct pdp_error err = {""};
	int code;

	if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
		return 3;
	code = pdp_store_open(&store, db, &err);
	(void)arg;
	if (code == -EROFS && strstr(err.text, "cannot be written") &&
	    !strncmp(err.text, db, strlen(db)))
		return 0;
	fprintf(stderr, "%d %s\n", code, err.text);
	return 1;
}

static void test_read_only(void **arg)
{
	struct bytes before;

	(void)arg;
	make_store();
	assert_int_equal(chmod(db, 0444), 0);
	before = read_file(db);
	assert_int_equal(in_child(open_as_nobody, NULL), 0);
	assert_int_equal(chmod(db, 0666), 0);
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(in_child(open_as_nobody, NULL), 0);
	assert_file(db, &before);
	unlink(db);
	assert_int_equal(in_child(open_as_nobody, NULL), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	free(before.at);
	clear_dir();
}

/* --- damage ---------------------------------------------------------------------------------- */

/* The texts of two states that follow each other; the second is in the WAL alone. */
static char *older, *newer;

static int save_until(const char *failpoint)
{
	struct pdp_store *store;
	struct pdp_state state;
	struct pdp_error err = {""};

	setenv("PDP_FAILPOINT", failpoint, 1);
	if (pdp_store_open(&store, db, &err) || pdp_store_load(store, &state, &err))
		return 1;
	draw_state(&state, 8);
	return pdp_store_save(store, &state, "in the child", &err) ? 2 : 0;
}

/* The state that save_until() saves, for the same seed. */
static char *describe_drawn(unsigned int seed)
{
	struct pdp_state state = {0};
	char *text;

	srand(seed);
	draw_state(&state, 8);
	text = describe_state(&state);
	pdp_state_free(&state);
	return text;
}

static void make_crashed(void)
{
	make_store();
	{
		struct pdp_store *store = open_good();

		older = describe_store(store, NULL);
		pdp_store_close(store);
	}
	newer = describe_drawn(42);
	srand(42);
	assert_int_equal(in_child(save_until, "store-committed"), SIGKILL);
}

/*
 * The files as they are: opened, they give one of the two states; or they are refused, and left alone.
 * Which: 0 refused, 1 older, 2 newer.
 */
static int look(void)
{
	struct bytes db_before = read_file(db), wal_before = read_file(wal);
	struct pdp_error err = {""};
	struct pdp_store *store;
	int code = pdp_store_open(&store, db, &err), which = 0;

	if (code) {
		assert_int_equal(code, -EBADMSG);
		assert_memory_equal(err.text, db, strlen(db));
		assert_file(db, &db_before);
		assert_file(wal, &wal_before);
	} else {
		char *found = describe_store(store, NULL);

		which = !strcmp(found, newer) ? 2 : 1;
		if (which == 1)
			assert_string_equal(found, older);
		free(found);
		pdp_store_close(store);
	}
	free(db_before.at);
	free(wal_before.at);
	return which;
}

/* Put both files back, one of them damaged. */
static void damage(const struct bytes *good_db, const struct bytes *good_wal, const char *path,
		   size_t cut, size_t flip)
{
	write_file(db, good_db->at, good_db->n);
	write_file(wal, good_wal->at, good_wal->n);
	if (flip < SIZE_MAX) {
		const struct bytes *good = path == db ? good_db : good_wal;
		char *bytes = calloc(good->n + 1, 1);

		memcpy(bytes, good->at, good->n);
		bytes[flip] ^= (char)(1 << draw(8));
		write_file(path, bytes, good->n);
		free(bytes);
	} else {
		assert_int_equal(truncate(path, (off_t)cut), 0);
	}
}

static void test_truncated(void **arg)
{
	struct bytes good_db, good_wal;
	int seen[3] = {0};

	(void)arg;
	make_crashed();
	good_db = read_file(db);
	good_wal = read_file(wal);
	assert_true(good_wal.n > 4096);
	assert_int_equal(look(), 2);
	for (size_t cut = 0; cut < good_wal.n; cut += 1 + draw(200)) {
		damage(&good_db, &good_wal, wal, cut, SIZE_MAX);
		seen[look()]++;
	}
	assert_int_equal(seen[0], 0);
	assert_true(seen[1] > 20);
	for (size_t cut = 0; cut < good_db.n; cut += 1 + draw(500)) {
		damage(&good_db, &good_wal, db, cut, SIZE_MAX);
		seen[look()]++;
	}
	/* A store that was closed in order: all of it is in the one file. */
	damage(&good_db, &good_wal, wal, good_wal.n, SIZE_MAX);
	assert_int_equal(look(), 2);
	free(good_db.at);
	good_db = read_file(db);
	assert_int_equal(access(wal, F_OK), -1);
	for (size_t cut = 0; cut < good_db.n; cut += 1 + draw(300)) {
		assert_int_equal(truncate(db, 0), 0);
		write_file(db, good_db.at, cut);
		assert_int_equal(look(), 0);
	}
	free(good_db.at);
	free(good_wal.at);
	free(older);
	free(newer);
	clear_dir();
}

static void test_flipped(void **arg)
{
	struct bytes good_db, good_wal;
	int seen[3] = {0};

	(void)arg;
	make_crashed();
	good_db = read_file(db);
	good_wal = read_file(wal);
	for (int i = 0; i < 250; i++) {
		damage(&good_db, &good_wal, wal, 0, draw((uint32_t)good_wal.n));
		seen[look()]++;
		clear_dir();
	}
	/* The header's pages and the rows; what is flipped in an unused part does no harm. */
	for (int i = 0; i < 500; i++) {
		damage(&good_db, &good_wal, db, 0, draw((uint32_t)good_db.n));
		seen[look()]++;
		clear_dir();
	}
	write_file(db, good_db.at, good_db.n);
	write_file(wal, good_wal.at, good_wal.n);
	assert_int_equal(look(), 2);
	free(good_wal.at);
	free(good_db.at);
	good_db = read_file(db);
	for (int i = 0; i < 500; i++) {
		struct bytes none = {"", 0};

		damage(&good_db, &none, db, 0, draw((uint32_t)good_db.n));
		unlink(wal);
		seen[look()]++;
		clear_dir();
	}
	assert_true(seen[0] > 0 && seen[2] > 0);
	free(good_db.at);
	free(older);
	free(newer);
	clear_dir();
}

/* --- crashes --------------------------------------------------------------------------------- */

/* Death at every step of a save: the next start has the old state or the new one, and saves on. */
static void test_killed_saving(void **arg)
{
	static const struct {
		const char *failpoint;
		bool saved;
	} points[] = {
		{"store-begin", false},	 {"store-remove", false},   {"store-add", false},
		{"store-commit", false}, {"store-committed", true}, {"store-checkpointed", true},
	};

	(void)arg;
	make_store();
	for (size_t i = 0; i < 3 * ARRAY_SIZE(points); i++) {
		unsigned int seed = (unsigned int)(1000 + i);
		struct pdp_store *store = open_good();
		struct pdp_state state;
		char *found;

		older = describe_store(store, NULL);
		pdp_store_close(store);
		newer = describe_drawn(seed);
		srand(seed);
		assert_int_equal(in_child(save_until, points[i % ARRAY_SIZE(points)].failpoint),
				 SIGKILL);
		store = open_good();
		found = describe_store(store, NULL);
		assert_string_equal(found, points[i % ARRAY_SIZE(points)].saved ? newer : older);
		assert_int_equal(pdp_store_load(store, &state, NULL), 0);
		draw_state(&state, 8);
		save_good(store, &state, "after the crash");
		assert_holds(store, &state);
		pdp_state_free(&state);
		pdp_store_close(store);
		free(found);
		free(older);
		free(newer);
	}
	clear_dir();
}

static int save_one_value(const char *failpoint)
{
	struct pdp_store *store;
	struct pdp_state state;

	setenv("PDP_FAILPOINT", failpoint, 1);
	if (pdp_store_open(&store, db, NULL) || pdp_store_load(store, &state, NULL))
		return 1;
	state.model.vnets[state.model.n_vnets / 2].power++;
	return pdp_store_save(store, &state, "one value", NULL) ? 2 : 0;
}

/* One value of a large node: a few pages are written, not the node. What is in the WAL is what was. */
static void test_writes_little(void **arg)
{
	struct pdp_store *store = open_good();
	struct pdp_state state = {0};
	struct bytes all, written;

	(void)arg;
	do
		draw_state(&state, 1000);
	while (state.model.n_vnets < 500);
	save_good(store, &state, "large");
	pdp_store_close(store);
	assert_int_equal(in_child(save_one_value, "store-committed"), SIGKILL);
	all = read_file(db);
	written = read_file(wal);
	print_message("# %zu bytes of %zu were written\n", written.n, all.n);
	assert_true(all.n > 200000);
	assert_true(written.n > 0 && written.n < 50000);
	free(all.at);
	free(written.at);
	pdp_state_free(&state);
	clear_dir();
}

static void test_killed_creating(void **arg)
{
	static const char *const points[] = {"store-create", "store-created"};

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		assert_int_equal(in_child(save_until, points[i]), SIGKILL);
		assert_int_equal(access(db, F_OK), -1);
		pdp_store_close(open_good());
		clear_dir();
	}
	/* The second time that the point is reached; it is not, so the child goes on to its end. */
	assert_int_equal(in_child(save_until, "store-create:2"), 0);
	clear_dir();
}

/* --- no space -------------------------------------------------------------------------------- */

enum { CANNOT = 77 };

/* Grow until the file system is full; what was saved last is there, and with room it goes on. */
static int fill_up(const char *arg)
{
	struct pdp_state state = {0};
	struct pdp_store *store;
	struct pdp_error err = {""};
	int code, ballast, saved = 0;
	char path[96], *want;

	(void)arg;
	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("pdp-store", dir, "tmpfs", 0, "size=512k"))
		return CANNOT;
	store = open_good();
	snprintf(path, sizeof(path), "%s/ballast", dir);
	ballast = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (ballast < 0 || posix_fallocate(ballast, 0, 200 << 10))
		return 1;
	for (;;) {
		struct pdp_state next = {.generation = state.generation};

		draw_state(&next, (uint32_t)(20 << saved));
		code = pdp_store_save(store, &next, "more", &err);
		pdp_state_free(code ? &next : &state);
		if (code)
			break;
		state = next;
		saved++;
	}
	if (code != -ENOSPC || !saved || !strstr(err.text, "no space left"))
		return 2;
	assert_holds(store, &state);
	pdp_store_close(store);
	unlink(path);
	close(ballast);
	store = open_good();
	assert_holds(store, &state);
	want = describe_state(&state);
	state.model.fes[0].capacity++;
	save_good(store, &state, "with room");
	assert_holds(store, &state);
	pdp_store_close(store);
	pdp_state_free(&state);
	free(want);
	return 0;
}

static void test_no_space(void **arg)
{
	int code = in_child(fill_up, NULL);

	(void)arg;
	if (code == -CANNOT)
		skip();
	assert_int_equal(code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),	      cmocka_unit_test(test_save_and_load),
		cmocka_unit_test(test_swap),	      cmocka_unit_test(test_bad_states),
		cmocka_unit_test(test_history),	      cmocka_unit_test(test_foreign_files),
		cmocka_unit_test(test_two_processes), cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_truncated),     cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_killed_saving), cmocka_unit_test(test_killed_creating),
		cmocka_unit_test(test_writes_little), cmocka_unit_test(test_no_space),
	};

	return cmocka_run_group_tests_name("store", tests, make_dir, remove_dir);
}
