/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* own.c - a vnet owner's own XDP program; see own.h. */
#include "ctl/own.h"

#include <bpf/bpf.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/fnv.h"
#include "ctl/putfile.h"
#include "fe-agent/channel.h"
#include "loader/owner.h"

/* A file in RUN_DIR/own begins with this; the object follows. */
struct head {
	char object[PDP_PATH_LEN]; /* where it was read */
	char program[PDP_NAME_MAX];
};

#define AGENT_MAX (16u << 20) /* of the file */

struct agent {
	char file[PDP_PATH_LEN]; /* where it was read; "" = there is none, and its copy begins with this */
	int fd; /* its bytes, sealed */
	size_t size;
	uint64_t digest;
};

struct program {
	struct head head;
	char *elf; /* NULL = none */
	size_t size;
	struct agent agent;
};

struct pdp_own {
	unsigned int refs;
	struct pdp_loader *const *loader;
	const char *run_dir;
	char vnet[PDP_LABEL_MAX];
	struct program now, before; /* before: between take and back or keep */
	struct pdp_dp_vif *vifs;
	size_t n_vifs;
	struct pdp_error refused;
	char log[PDP_OWNER_LOG_SIZE];
};

struct pdp_own *pdp_own_new(struct pdp_loader *const *loader, const char *run_dir, const char *vnet)
{
	struct pdp_own *own = calloc(1, sizeof(*own));

	if (!own)
		return NULL;
	own->refs = 1;
	own->loader = loader;
	own->run_dir = run_dir;
	snprintf(own->vnet, sizeof(own->vnet), "%s", vnet);
	return own;
}

struct pdp_own *pdp_own_ref(struct pdp_own *own)
{
	if (own)
		own->refs++;
	return own;
}

static void free_program(struct program *program)
{
	free(program->elf);
	if (*program->agent.file)
		close(program->agent.fd);
	*program = (struct program){0};
}

void pdp_own_unref(struct pdp_own *own)
{
	if (!own || --own->refs)
		return;
	free_program(&own->now);
	free_program(&own->before);
	free(own->vifs);
	free(own);
}

const char *pdp_own_refused(const struct pdp_own *own)
{
	return own->refused.text;
}

static void path_of(const struct pdp_own *own, const char *suffix, char path[PDP_PATH_LEN])
{
	snprintf(path, PDP_PATH_LEN, "%s/own/%s%s", own->run_dir, own->vnet, suffix);
}

void pdp_own_log_path(const struct pdp_own *own, char path[PDP_PATH_LEN])
{
	path_of(own, ".log", path);
}

/* --- vifs ----------------------------------------------------------------------------------------- */

int pdp_own_vif(struct pdp_own *own, const struct pdp_dp_vif *vif, struct pdp_error *err)
{
	struct pdp_dp_vif *grown;
	size_t i = 0;

	while (i < own->n_vifs && own->vifs[i].id != vif->id)
		i++;
	if (i < own->n_vifs && !memcmp(&own->vifs[i], vif, sizeof(*vif)))
		return 0;
	if (i < own->n_vifs && !vif->family) {
		own->vifs[i] = own->vifs[--own->n_vifs];
	} else if (i < own->n_vifs) {
		own->vifs[i] = *vif;
	} else if (vif->family) {
		grown = realloc(own->vifs, (own->n_vifs + 1) * sizeof(*grown));
		if (!grown)
			return pdp_fail(err, -ENOMEM, "vnet %s: no memory for a vif", own->vnet);
		own->vifs = grown;
		own->vifs[own->n_vifs++] = *vif;
	}
	return own->now.elf ? pdp_loader_owner_vif(*own->loader, own->vnet, vif, err) : 0;
}

/* --- files ---------------------------------------------------------------------------------------- */

static int read_all(int fd, char *buf, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size && (n = read(fd, buf + done, size - done)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += n;
	}
	return done == size ? 0 : -EIO;
}

/* All of a file that is one, and not larger than max. The caller frees. */
static int read_file(const char *path, size_t max, char **out, size_t *size, struct pdp_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc = 0;
	struct stat st;

	*out = NULL;
	*size = 0;
	if (fd < 0)
		return pdp_fail(err, -errno, "cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		rc = pdp_fail(err, -EINVAL, "%s is no file", path);
	else if (st.st_size > (off_t)max)
		rc = pdp_fail(err, -E2BIG, "%s has %lld bytes, at most %zu are taken", path,
			      (long long)st.st_size, max);
	if (!rc) {
		*size = st.st_size;
		*out = malloc(*size + 1);
		rc = *out ? read_all(fd, *out, *size) : -ENOMEM;
		if (rc)
			pdp_fail(err, rc, "cannot read %s: %s", path, strerror(-rc));
	}
	close(fd);
	if (rc) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

/* A guest runs it by its descriptor, so it is no file of anybody's, and nobody can write to it. */
static int make_agent(struct agent *out, const char *file, const char *bytes, size_t size,
		      struct pdp_error *err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd, rc = 0;

	if (size < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return pdp_fail(err, -ENOEXEC,
				"%s is no ELF file: an owner's agent is a program, and no script",
				file);
	fd = memfd_create("own-agent", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return pdp_fail(err, -errno, "no memory for %s: %s", file, strerror(errno));
	if (write(fd, bytes, size) != (ssize_t)size || fcntl(fd, F_ADD_SEALS, seals))
		rc = pdp_fail(err, -errno, "no memory for %s: %s", file, strerror(errno));
	if (rc) {
		close(fd);
		return rc;
	}
	*out = (struct agent){
		.fd = fd, .size = size, .digest = pdp_fnv(PDP_FNV_BASIS, bytes, size)};
	snprintf(out->file, sizeof(out->file), "%s", file);
	return 0;
}

static int read_agent(struct agent *out, const char *file, struct pdp_error *err)
{
	char *bytes;
	size_t size;
	int rc = read_file(file, AGENT_MAX, &bytes, &size, err);

	if (rc)
		return rc;
	rc = make_agent(out, file, bytes, size, err);
	free(bytes);
	return rc;
}

static int read_program(struct program *out, const struct pdp_data_conf *conf,
			struct pdp_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	snprintf(out->head.object, sizeof(out->head.object), "%s", conf->object);
	snprintf(out->head.program, sizeof(out->head.program), "%s", conf->program);
	rc = read_file(conf->object, PDP_OWNER_OBJECT_MAX, &out->elf, &out->size, err);
	return rc || !*conf->agent ? rc : read_agent(&out->agent, conf->agent, err);
}

static void recall_agent(const struct pdp_own *own, struct agent *out)
{
	char path[PDP_PATH_LEN], *all;
	size_t size;

	path_of(own, ".agent", path);
	if (read_file(path, sizeof(out->file) + AGENT_MAX, &all, &size, NULL))
		return;
	if (size > sizeof(out->file)) {
		all[sizeof(out->file) - 1] = '\0';
		make_agent(out, all, all + sizeof(out->file), size - sizeof(out->file), NULL);
	}
	free(all);
}

/* What an earlier controller kept. */
static int read_kept(const struct pdp_own *own, struct program *out)
{
	char path[PDP_PATH_LEN], *all;
	size_t size;
	int rc;

	path_of(own, "", path);
	rc = read_file(path, sizeof(out->head) + PDP_OWNER_OBJECT_MAX, &all, &size, NULL);
	if (rc)
		return rc;
	if (size <= sizeof(out->head)) {
		free(all);
		return -EINVAL;
	}
	memcpy(&out->head, all, sizeof(out->head));
	out->head.object[sizeof(out->head.object) - 1] = '\0';
	out->head.program[sizeof(out->head.program) - 1] = '\0';
	out->size = size - sizeof(out->head);
	memmove(all, all + sizeof(out->head), out->size);
	out->elf = all;
	recall_agent(own, &out->agent);
	return 0;
}

static int write_file(const char *path, const void *head, size_t head_size, const void *bytes,
		      size_t size, struct pdp_error *err)
{
	FILE *made = tmpfile();
	int rc = made ? 0 : -errno;

	if (!rc && (fwrite(head, head_size, 1, made) != 1 || fwrite(bytes, size, 1, made) != 1 ||
		    fflush(made)))
		rc = -EIO;
	if (!rc)
		rewind(made);
	rc = rc ? pdp_fail(err, rc, "cannot write %s: %s", path, strerror(-rc))
		: pdp_put_copy(path, 0600, fileno(made), err);
	if (made)
		fclose(made);
	return rc;
}

/* The agent before the object: with an object that is kept, there is its agent. */
static int write_kept(const struct pdp_own *own, struct pdp_error *err)
{
	const struct agent *agent = &own->now.agent;
	char path[PDP_PATH_LEN];
	void *bytes;
	int rc = 0;

	path_of(own, ".agent", path);
	if (*agent->file) {
		bytes = mmap(NULL, agent->size, PROT_READ, MAP_PRIVATE, agent->fd, 0);
		if (bytes == MAP_FAILED)
			return pdp_fail(err, -errno, "cannot write %s: %s", path, strerror(errno));
		rc = write_file(path, agent->file, sizeof(agent->file), bytes, agent->size, err);
		munmap(bytes, agent->size);
	} else {
		unlink(path);
	}
	path_of(own, "", path);
	return rc ? rc
		  : write_file(path, &own->now.head, sizeof(own->now.head), own->now.elf,
			       own->now.size, err);
}

static int make_dir(const struct pdp_own *own, struct pdp_error *err)
{
	return pdp_put_dir(own->run_dir, "own", 0700, err);
}

/* --- try, take, keep ------------------------------------------------------------------------------ */

static struct pdp_owner_conf conf_of(struct pdp_own *own, const struct program *program)
{
	return (struct pdp_owner_conf){
		.vnet = own->vnet,
		.elf = program->elf,
		.size = program->size,
		.program = program->head.program,
		.vifs = own->vifs,
		.n_vifs = own->n_vifs,
		.log = own->log,
	};
}

/* Say that an object is refused, and leave the verifier's words where they can be read. */
static int refuse(struct pdp_own *own, const struct program *program, int code,
		  const struct pdp_error *why, struct pdp_error *err)
{
	char path[PDP_PATH_LEN];
	bool logged;

	pdp_own_log_path(own, path);
	logged = *own->log && !make_dir(own, NULL) && !pdp_put_text(path, 0600, own->log, NULL);
	if (!logged)
		unlink(path);
	pdp_fail(&own->refused, code, "%s: %s%s%s%s", program->head.object, why->text,
		 logged ? "; the verifier's log is " : "", logged ? path : "",
		 own->now.elf ? "; the program that was in force stays" : "");
	return pdp_fail(err, code, "vnet %s: %s", own->vnet, own->refused.text);
}

static int try(struct pdp_own *own, const struct program *program, struct pdp_error *err)
{
	const struct pdp_owner_conf conf = conf_of(own, program);
	struct pdp_error why;
	int rc = pdp_loader_try_owner(*own->loader, &conf, &why);

	return rc ? refuse(own, program, rc, &why, err) : 0;
}

int pdp_own_prepare(struct pdp_own *own, const struct pdp_data_conf *conf, struct pdp_error *err)
{
	int rc;

	if (own->now.elf || !read_kept(own, &own->now))
		return 0;
	rc = pdp_own_take(own, conf, err);
	return rc ? rc : pdp_own_keep(own, err);
}

bool pdp_own_is(const struct pdp_own *own, const struct pdp_data_conf *conf)
{
	return own->now.elf && !strcmp(own->now.head.object, conf->object) &&
	       !strcmp(own->now.head.program, conf->program) &&
	       !strcmp(own->now.agent.file, conf->agent);
}

int pdp_own_take(struct pdp_own *own, const struct pdp_data_conf *conf, struct pdp_error *err)
{
	struct program next;
	struct pdp_error why;
	int rc;

	*own->log = '\0';
	rc = read_program(&next, conf, &why);
	if (rc)
		rc = refuse(own, &next, rc, &why, err);
	else
		rc = try(own, &next, err);
	if (rc) {
		free_program(&next);
		return rc;
	}
	free_program(&own->before);
	own->before = own->now;
	own->now = next;
	return 0;
}

void pdp_own_back(struct pdp_own *own)
{
	free_program(&own->now);
	own->now = own->before;
	own->before = (struct program){0};
}

int pdp_own_keep(struct pdp_own *own, struct pdp_error *err)
{
	char path[PDP_PATH_LEN];
	int rc = make_dir(own, err);

	free_program(&own->before);
	own->refused = (struct pdp_error){""};
	pdp_own_log_path(own, path);
	unlink(path);
	return rc ? rc : write_kept(own, err);
}

int pdp_own_attach(struct pdp_own *own, uint16_t guest, int ifindex, int *xskmap_fd,
		   struct pdp_error *err)
{
	const struct pdp_owner_conf conf = conf_of(own, &own->now);
	struct pdp_error why;
	int rc;

	if (!own->now.elf)
		return pdp_fail(err, -ENOENT, "vnet %s has no program yet", own->vnet);
	rc = pdp_loader_attach_owner(*own->loader, guest, ifindex, &conf, xskmap_fd, &why);
	return rc ? refuse(own, &own->now, rc, &why, err) : 0;
}

/* --- his agent ------------------------------------------------------------------------------------ */

struct handover {
	struct pdp_own_parts *parts;
	int *fds;
};

/* An array that can be mapped, and is not PdP's to fill. */
static int hand_over(const char *name, int fd, void *arg)
{
	const struct handover *to = arg;
	struct pdp_own_part *part = &to->parts->maps[to->parts->n_maps];
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.type != BPF_MAP_TYPE_ARRAY ||
	    !(info.map_flags & BPF_F_MMAPABLE) || !strcmp(name, PDP_OWNER_VIFS) ||
	    to->parts->n_maps == PDP_OWN_MAPS)
		return 0;
	snprintf(part->name, sizeof(part->name), "%s", name);
	part->value_size = info.value_size;
	part->entries = info.max_entries;
	to->fds[1 + to->parts->n_maps++] = fd;
	/* In whatever order they come. */
	to->parts->digest += pdp_fnv(PDP_FNV_BASIS, &info.id, sizeof(info.id));
	return 0;
}

unsigned int pdp_own_parts(const struct pdp_own *own, struct pdp_own_parts *parts, int *fds)
{
	const struct agent *agent = &own->now.agent;
	struct handover to = {parts, fds};

	*parts = (struct pdp_own_parts){.digest = agent->digest};
	if (!*agent->file)
		return 0;
	fds[0] = agent->fd;
	pdp_loader_each_owner_map(*own->loader, own->vnet, hand_over, &to);
	return 1 + parts->n_maps;
}

void pdp_own_forget(struct pdp_own *own)
{
	char path[PDP_PATH_LEN];

	pdp_loader_drop_owner(*own->loader, own->vnet, NULL);
	path_of(own, "", path);
	unlink(path);
	path_of(own, ".agent", path);
	unlink(path);
	pdp_own_log_path(own, path);
	unlink(path);
	snprintf(path, sizeof(path), "%s/own", own->run_dir);
	rmdir(path);
}
