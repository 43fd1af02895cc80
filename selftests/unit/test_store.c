/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_store - what was saved is there again; what is no store, or another's, is refused and left alone. */
#include "ctl/store_rows.h"
#include "selftests/unit/store_fixture.h"

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

/* Each state of before can be had again, as it was, while the store goes on. */
static void test_past(void **arg)
{
	enum { STATES = 40 };
	struct pdp_store *store = open_good();
	struct pdp_state state = {0}, past;
	struct pdp_error err = {""};
	char *texts[STATES + 1] = {NULL};

	(void)arg;
	assert_int_equal(pdp_store_load_past(store, 0, &past, &err), -ENOENT);
	for (int i = 1; i <= STATES; i++) {
		draw_state(&state, i % 7 ? 4 : 0);
		state.by = (uint32_t)i;
		save_good(store, &state, "a test");
		assert_int_equal(state.generation, i);
		texts[i] = describe_state(&state);
		for (int j = i; j >= 1; j = j > 3 ? (int)draw((uint32_t)j) : j - 1) {
			char *found;

			if (pdp_store_load_past(store, (uint64_t)j, &past, &err))
				fail_msg("%s", err.text);
			assert_int_equal(past.generation, j);
			found = describe_state(&past);
			assert_string_equal(found, texts[j]);
			free(found);
			pdp_state_free(&past);
		}
		assert_holds(store, &state);
	}
	assert_int_equal(pdp_store_load_past(store, STATES + 1, &past, &err), -ENOENT);
	assert_string_equal(err.text, "generation 41 of the node is not kept; pdp-ctl node history "
				      "tells which are");
	assert_null(past.model.vnets);
	for (int i = 1; i <= STATES; i++)
		free(texts[i]);
	pdp_state_free(&state);
	pdp_store_close(store);
	clear_dir();
}

/* All of its routes others, each time: several MB a change. */
static void draw_many_routes(struct pdp_vnet_conf *vnet, int time)
{
	vnet->n_routes = 60000;
	vnet->routes = calloc(vnet->n_routes, sizeof(*vnet->routes));
	for (size_t i = 0; i < vnet->n_routes; i++) {
		vnet->routes[i].prefix = an_address("2001:db8:ffff:ffff:ffff:ffff::%d/128", time);
		vnet->routes[i].prefix.addr[4] = (uint8_t)(i >> 8);
		vnet->routes[i].prefix.addr[5] = (uint8_t)i;
	}
}

static int count_kept(const struct pdp_store_entry *entry, void *arg)
{
	(*(int *)arg) += entry->kept;
	assert_int_equal(entry->by, 1000);
	return 0;
}

/* Changes that took much room are not kept for ever; the last state always is. */
static void test_large_past(void **arg)
{
	struct pdp_store *store = open_good();
	struct pdp_error err = {""};
	struct pdp_state past;
	int kept = 0;

	(void)arg;
	for (int i = 0; i < 4; i++) {
		struct pdp_state state = {0};

		srand(7);
		do
			draw_state(&state, 2);
		while (state.model.n_vnets != 1);
		state.generation = (uint64_t)i;
		state.by = 1000;
		free(state.model.vnets[0].routes);
		draw_many_routes(&state.model.vnets[0], i + 1);
		save_good(store, &state, "large");
		pdp_state_free(&state);
	}
	assert_int_equal(pdp_store_history(store, 10, count_kept, &kept, NULL), 0);
	print_message("# %d of 4 are kept\n", kept);
	assert_true(kept >= 2 && kept <= 3);
	assert_int_equal(pdp_store_load_past(store, (uint64_t)(4 - kept), &past, &err), -ENOENT);
	assert_int_equal(pdp_store_load_past(store, (uint64_t)(5 - kept), &past, &err), 0);
	assert_int_equal(past.model.vnets[0].routes[0].prefix.addr[15], 5 - kept);
	assert_int_equal(past.model.vnets[0].n_routes, 60000);
	pdp_state_free(&past);
	pdp_store_close(store);
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
				 ", which has version 4: run the PdP that made it");
	run_sql("PRAGMA user_version = 3; UPDATE vnet SET power = power + 1 WHERE name = 'net1'");
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

/* What an earlier version did not have is taken away; what it would say of itself is put there. */
static void make_version(int version)
{
	char sql[96];
	sqlite3 *raw;
	int64_t digest;

	run_sql("DROP TABLE own_agent; PRAGMA user_version = 3");
	if (version < 3)
		run_sql("DROP TABLE data_plane; DROP TABLE rebalance; PRAGMA user_version = 2");
	if (version == 1)
		run_sql("DROP TABLE control; DROP TABLE impair; DROP TABLE flow; DROP TABLE past;"
			"ALTER TABLE history DROP COLUMN uid; ALTER TABLE history DROP COLUMN node;"
			"ALTER TABLE history DROP COLUMN bytes; PRAGMA user_version = 1");
	assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
	assert_int_equal(pdp_rows_digest(raw, version, &digest), SQLITE_OK);
	sqlite3_close(raw);
	snprintf(sql, sizeof(sql), "UPDATE node SET digest = %lld", (long long)digest);
	run_sql(sql);
}

static int open_until(const char *failpoint)
{
	struct pdp_store *store;

	setenv("PDP_FAILPOINT", failpoint, 1);
	return pdp_store_open(&store, db, NULL) ? 1 : 0;
}

/* A state without what came after that version. */
static void draw_state_of(struct pdp_state *state, int version)
{
	draw_state(state, 8);
	for (size_t i = 0; i < state->model.n_vnets; i++) {
		struct pdp_vnet_conf *vnet = &state->model.vnets[i];

		vnet->data.agent[0] = '\0';
		if (version > 2)
			continue;
		vnet->data = (struct pdp_data_conf){.kind = "router"};
		vnet->rebalance = false;
		if (version > 1)
			continue;
		vnet->control = (struct pdp_control_conf){0};
		vnet->flow = (struct pdp_flow_conf){.gap_us = PDP_FLOWLET_GAP_US};
		for (size_t j = 0; j < vnet->n_vifs; j++)
			vnet->vifs[j].impair = (struct pdp_impair_conf){0};
	}
}

/* A store of an earlier version is taken over whole, even if that is cut short at first. */
static void upgrade_from(int version)
{
	struct pdp_store *store = open_good();
	struct pdp_state state = {0};
	struct bytes before;

	draw_state_of(&state, version);
	save_good(store, &state, "of an earlier version");
	pdp_store_close(store);
	make_version(version);
	before = read_file(db);
	assert_int_equal(in_child(open_until, "store-upgrade"), SIGKILL);
	assert_file(db, &before);
	store = open_good();
	assert_holds(store, &state);
	draw_state(&state, 8);
	save_good(store, &state, "of this version");
	pdp_store_close(store);
	store = open_good();
	assert_holds(store, &state);
	pdp_store_close(store);
	/* Damage is seen before anything is written. */
	make_version(version);
	run_sql("UPDATE fe SET capacity = capacity + 1");
	free(before.at);
	before = read_file(db);
	assert_refused(-EBADMSG, " is corrupt: its rows are not those that were saved");
	assert_file(db, &before);
	free(before.at);
	pdp_state_free(&state);
	clear_dir();
}

static void test_upgrade(void **arg)
{
	(void)arg;
	upgrade_from(1);
	upgrade_from(2);
	upgrade_from(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),	      cmocka_unit_test(test_save_and_load),
		cmocka_unit_test(test_swap),	      cmocka_unit_test(test_bad_states),
		cmocka_unit_test(test_history),	      cmocka_unit_test(test_foreign_files),
		cmocka_unit_test(test_two_processes), cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_past),	      cmocka_unit_test(test_large_past),
		cmocka_unit_test(test_upgrade),
	};

	return cmocka_run_group_tests_name("store", tests, make_dir, remove_dir);
}
