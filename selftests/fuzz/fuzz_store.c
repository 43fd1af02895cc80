/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_store.c - a state file that something else has written into: refused with a sentence and left as it
 * is, or opened, and then what is loaded can be freed, and saved again.
 *
 * The input is a list of changes to a good file: where (2 bytes), how many (4 bits), the bytes.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/store.h"
#include "selftests/fuzz/fuzz.h"
#include "selftests/unit/model_fixture.h"

static char dir[] = "/tmp/pdp-fuzz-store.XXXXXX";
static char path[64];
static uint8_t *good;
static size_t good_size;

static void clear(void)
{
	static const char *const names[] = {"", "-wal", "-shm", "-journal", ".new", ".new-journal"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[96];

		snprintf(name, sizeof(name), "%s%s", path, names[i]);
		unlink(name);
	}
}

static void end(void)
{
	clear();
	rmdir(dir);
	free(good);
}

static void write_file(const uint8_t *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

static void read_file(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	must(fd >= 0 && !fstat(fd, &st));
	good_size = (size_t)st.st_size;
	good = malloc(good_size);
	must(good && read(fd, good, good_size) == st.st_size);
	close(fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct pdp_state state = {0};
	struct pdp_store *store;

	(void)argc;
	(void)argv;
	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/state.db", dir);
	srand(1);
	draw_model(&state.model, 4);
	draw_placement(&state.placement, &state.model);
	must(!pdp_store_open(&store, path, NULL));
	must(!pdp_store_save(store, &state, "fuzz", NULL));
	pdp_store_close(store);
	pdp_state_free(&state);
	read_file();
	return atexit(end);
}

static void spoil(uint8_t *bytes, const uint8_t *data, size_t size)
{
	while (size) {
		size_t at = (size_t)next_byte(&data, &size) << 8, n;

		at = (at | next_byte(&data, &size)) % good_size;
		n = 1 + (next_byte(&data, &size) & 15);
		while (n-- && size && at < good_size)
			bytes[at++] = next_byte(&data, &size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(good_size);
	struct pdp_error err = {""};
	struct pdp_state state = {0};
	struct pdp_store *store;

	must(bytes);
	memcpy(bytes, good, good_size);
	spoil(bytes, data, size);
	clear();
	write_file(bytes, good_size);
	free(bytes);
	if (pdp_store_open(&store, path, &err)) {
		must(*err.text);
		return 0;
	}
	if (pdp_store_load(store, &state, &err))
		must(*err.text);
	else if (pdp_store_save(store, &state, "again", &err))
		must(*err.text);
	pdp_state_free(&state);
	pdp_store_close(store);
	return 0;
}
