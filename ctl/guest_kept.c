/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* guest_kept.c - what outlives a controller, a file per guest; see guest_kept.h. */
#include "ctl/guest_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x5064504bU /* "KPdP" */
#define VERSION 5

/* In every build the same, so that another one can tell at least whose it is. */
struct head {
	uint32_t magic;
	uint32_t version;
	uint32_t channel; /* PDP_CHANNEL_VERSION of its agents */
	uint32_t size; /* of struct pdp_guest_kept */
	_Atomic uint32_t current; /* the copy that counts */
	uint32_t pad;
};

struct image {
	struct head head;
	struct pdp_guest_kept copies[2];
};

_Static_assert(sizeof(struct head) == 24, "read by other builds");
_Static_assert(offsetof(struct pdp_guest_kept, id) == 0, "read by other builds");

struct pdp_kept_file {
	struct image *image;
};

static int make_path(char path[PATH_MAX], const char *run_dir, const char *name,
		     struct pdp_error *err)
{
	if (snprintf(path, PATH_MAX, "%s/kept/%s", run_dir, name) < PATH_MAX)
		return 0;
	return pdp_fail(err, -ENAMETOOLONG, "path %s is too long", run_dir);
}

/* fd is closed. */
static int map(struct pdp_kept_file **out, int fd, const char *path, struct pdp_error *err)
{
	struct pdp_kept_file *file = calloc(1, sizeof(*file));
	void *memory = mmap(NULL, sizeof(struct image), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	if (file && memory != MAP_FAILED) {
		file->image = memory;
		*out = file;
		return 0;
	}
	if (memory != MAP_FAILED)
		munmap(memory, sizeof(struct image));
	free(file);
	return pdp_fail(err, -ENOMEM, "no memory for %s", path);
}

int pdp_kept_make(struct pdp_kept_file **out, const char *run_dir,
		  const struct pdp_guest_kept *kept, struct pdp_error *err)
{
	char path[PATH_MAX];
	int fd, code = make_path(path, run_dir, kept->name, err);

	*out = NULL;
	if (code)
		return code;
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return pdp_fail(err, -errno, "make %s: %s", path, strerror(errno));
	/* With its blocks: a file system that is full later must not be a SIGBUS. */
	code = posix_fallocate(fd, 0, sizeof(struct image));
	if (code) {
		close(fd);
		unlink(path);
		return pdp_fail(err, -code, "make %s: %s", path, strerror(code));
	}
	code = map(out, fd, path, err);
	if (!*out) {
		unlink(path);
		return code;
	}
	(*out)->image->head.version = VERSION;
	(*out)->image->head.channel = PDP_CHANNEL_VERSION;
	(*out)->image->head.size = sizeof(*kept);
	pdp_kept_save(*out, kept);
	(*out)->image->head.magic = MAGIC;
	return 0;
}

static bool is_ours(const struct image *image, const char *name)
{
	const struct pdp_guest_kept *kept;

	if (image->head.magic != MAGIC || image->head.version != VERSION ||
	    image->head.channel != PDP_CHANNEL_VERSION || image->head.size != sizeof(*kept) ||
	    image->head.current > 1)
		return false;
	kept = &image->copies[image->head.current];
	return !strncmp(kept->name, name, sizeof(kept->name)) &&
	       memchr(kept->cpus, 0, sizeof(kept->cpus)) &&
	       memchr(kept->dataplane, 0, sizeof(kept->dataplane));
}

int pdp_kept_open(struct pdp_kept_file **out, const char *run_dir, const char *name,
		  struct pdp_guest_kept *kept, struct pdp_error *err)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, code = make_path(path, run_dir, name, err);

	*out = NULL;
	if (code)
		return code;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return pdp_fail(err, -errno, "open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) || st.st_size != sizeof(struct image)) {
		close(fd);
		return pdp_fail(err, -EINVAL, "%s has %lld bytes, this build's has %zu", path,
				(long long)st.st_size, sizeof(struct image));
	}
	code = map(out, fd, path, err);
	if (!*out)
		return code;
	if (!is_ours((*out)->image, name)) {
		pdp_kept_close(*out);
		*out = NULL;
		return pdp_fail(err, -EINVAL, "%s is not of this build's making", path);
	}
	*kept = (*out)->image->copies[(*out)->image->head.current];
	return 0;
}

uint16_t pdp_kept_id(const char *run_dir, const char *name)
{
	char path[PATH_MAX];
	struct head head;
	uint16_t id = 0;
	int fd = make_path(path, run_dir, name, NULL)
			 ? -1
			 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return 0;
	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) || head.magic != MAGIC ||
	    head.current > 1 ||
	    pread(fd, &id, sizeof(id),
		  (off_t)(sizeof(head) + (uint64_t)head.current * head.size)) != sizeof(id))
		id = 0;
	close(fd);
	return id;
}

void pdp_kept_save(struct pdp_kept_file *file, const struct pdp_guest_kept *kept)
{
	uint32_t other;

	if (!file)
		return;
	other = !atomic_load(&file->image->head.current);
	file->image->copies[other] = *kept;
	atomic_store(&file->image->head.current, other);
}

void pdp_kept_close(struct pdp_kept_file *file)
{
	if (!file)
		return;
	munmap(file->image, sizeof(*file->image));
	free(file);
}

void pdp_kept_remove(const char *run_dir, const char *name)
{
	char path[PATH_MAX];

	if (!make_path(path, run_dir, name, NULL))
		unlink(path);
}
