/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_store_damage - a state whole or not at all, whatever happens to process, file or disk. */
#include "selftests/unit/store_fixture.h"

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

/* To the next offset: a random one, or with PDP_EVERY_OFFSET set the next, which takes minutes. */
static size_t step(uint32_t most)
{
	return getenv("PDP_EVERY_OFFSET") ? 1 : 1 + draw(most);
}

static void test_truncated(void **arg)
{
	struct bytes good_db, good_wal;
	int seen[3] = {0}, which;

	(void)arg;
	make_crashed();
	good_db = read_file(db);
	good_wal = read_file(wal);
	assert_true(good_wal.n > 4096);
	assert_int_equal(look(), 2);
	for (size_t cut = 0; cut < good_wal.n; cut += step(800)) {
		damage(&good_db, &good_wal, wal, cut, SIZE_MAX);
		seen[look()]++;
	}
	assert_int_equal(seen[0], 0);
	assert_true(seen[1] > 5);
	for (size_t cut = 0; cut < good_db.n; cut += step(2000)) {
		damage(&good_db, &good_wal, db, cut, SIZE_MAX);
		seen[look()]++;
	}
	/* A store that was closed in order: all of it is in the one file. */
	damage(&good_db, &good_wal, wal, good_wal.n, SIZE_MAX);
	assert_int_equal(look(), 2);
	free(good_db.at);
	good_db = read_file(db);
	assert_int_equal(access(wal, F_OK), -1);
	/* Of the last page what is cut off may be blank. */
	for (size_t cut = 0; cut < good_db.n; cut += step(1200)) {
		assert_int_equal(truncate(db, 0), 0);
		write_file(db, good_db.at, cut);
		which = look();
		assert_true(which == 0 || (which == 2 && cut + 4096 > good_db.n));
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
	for (int i = 0; i < 60; i++) {
		damage(&good_db, &good_wal, wal, 0, draw((uint32_t)good_wal.n));
		seen[look()]++;
		clear_dir();
	}
	/* The header's pages and the rows; what is flipped in an unused part does no harm. */
	for (int i = 0; i < 120; i++) {
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
	for (int i = 0; i < 120; i++) {
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
		cmocka_unit_test(test_truncated),     cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_killed_saving), cmocka_unit_test(test_killed_creating),
		cmocka_unit_test(test_writes_little), cmocka_unit_test(test_no_space),
	};

	return cmocka_run_group_tests_name("store_damage", tests, make_dir, remove_dir);
}
