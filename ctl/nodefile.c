/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile.c - the YAML node file to a checked model.
 *
 * Where a node begins, before anything of it exists. Puts the steps in a row (nodefile_raw.h): shape,
 * load, read, check. The file is not trusted: it may be huge, cut, or made to hurt.
 */
#include "ctl/nodefile.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/nodefile_raw.h"

/* libcyaml's own complaint; the shape has been checked, so it is out of memory or a fault of ours. */
static void note_complaint(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	char *complaint = ctx;

	(void)level;
	if (!*complaint)
		vsnprintf(complaint, PDP_NAME_MAX, fmt, args);
	complaint[strcspn(complaint, "\n")] = '\0';
}

/*
 * libcyaml grows a list by one element at a time; growing by powers of two keeps a list of many
 * routes from being copied for each.
 */
static void *grow(void *ctx, void *ptr, size_t size)
{
	size_t room = 64;

	(void)ctx;
	if (size == 0) {
		free(ptr);
		return NULL;
	}
	if (ptr && malloc_usable_size(ptr) >= size)
		return ptr;
	while (ptr && room < size)
		room *= 2;
	return realloc(ptr, ptr ? room : size);
}

static int check_version(const struct pdp_yaml *yaml, struct pdp_error *err)
{
	const char *version = pdp_yaml_scalar(yaml, "version");

	if (version && *version && strcmp(version, "1") != 0)
		return pdp_yaml_fail(yaml, err, "version",
				     "version '%.20s' is not known; this is PdP " PDP_VERSION
				     ", which reads version %d",
				     version, PDP_NODEFILE_VERSION);
	return 0;
}

static int load_raw(struct pdp_model *out, const struct pdp_yaml *yaml, const char *text,
		    size_t len, struct pdp_error *err)
{
	char complaint[PDP_NAME_MAX] = "";
	const cyaml_config_t config = {.log_fn = note_complaint,
				       .log_ctx = complaint,
				       .log_level = CYAML_LOG_ERROR,
				       .mem_fn = grow,
				       .flags = CYAML_CFG_NO_ALIAS};
	struct pdp_raw_node *raw = NULL;
	cyaml_err_t code;
	int ret;

	code = cyaml_load_data((const uint8_t *)text, len, &config, &pdp_nodefile_schema,
			       (cyaml_data_t **)&raw, NULL);
	if (code != CYAML_OK)
		return pdp_fail(err, code == CYAML_ERR_OOM ? -ENOMEM : -EINVAL, "%s:1: %s (%s)",
				yaml->file ? yaml->file : "model", cyaml_strerror(code), complaint);
	ret = pdp_nodefile_read(out, raw, yaml, err);
	cyaml_free(&config, &pdp_nodefile_schema, raw, 0);
	return ret ? ret : pdp_nodefile_check(out, yaml, err);
}

static int check_bytes(const char *name, const char *text, size_t len, struct pdp_error *err)
{
	const char *nul = memchr(text, '\0', len);
	unsigned int line = 1;

	if (len > PDP_NODEFILE_MAX)
		return pdp_fail(err, -EFBIG, "%s:1: the file is too large, at most %u MiB", name,
				PDP_NODEFILE_MAX >> 20);
	if (!nul)
		return 0;
	for (const char *c = text; c < nul; c++)
		line += *c == '\n';
	return pdp_fail(err, -EINVAL, "%s:%u: the file holds a NUL byte", name, line);
}

int pdp_nodefile_parse(struct pdp_model *out, const char *name, const char *text, size_t len,
		       struct pdp_error *err)
{
	const char *file = name ? name : "model";
	struct pdp_yaml yaml;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = check_bytes(file, text, len, err);
	if (!ret)
		ret = pdp_yaml_load(&yaml, file, text, len, err);
	if (ret)
		return ret;
	yaml.file = name;
	ret = check_version(&yaml, err);
	if (!ret)
		ret = pdp_nodefile_shape(&yaml, err);
	if (!ret)
		ret = load_raw(out, &yaml, text, len, err);
	pdp_yaml_free(&yaml);
	if (ret)
		pdp_model_free(out);
	return ret;
}

/* All of a file, up to one byte more than is allowed. */
static int read_all(char **text, size_t *len, int fd)
{
	size_t room = 1u << 16, n = 0;
	char *buf = NULL;

	for (;;) {
		char *grown = realloc(buf, room);
		ssize_t got;

		if (!grown) {
			free(buf);
			return -ENOMEM;
		}
		buf = grown;
		got = read(fd, buf + n, room - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(buf);
			return -errno;
		}
		n += (size_t)got;
		if (got == 0 || n > PDP_NODEFILE_MAX)
			break;
		if (n == room)
			room *= 2;
	}
	*text = buf;
	*len = n;
	return 0;
}

int pdp_nodefile_load(struct pdp_model *out, const char *path, struct pdp_error *err)
{
	char *text = NULL;
	size_t len = 0;
	int fd, ret;

	memset(out, 0, sizeof(*out));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return pdp_fail(err, -errno, "%s: %s", path, strerror(errno));
	ret = read_all(&text, &len, fd);
	close(fd);
	if (!text)
		return pdp_fail(err, ret, "%s: %s", path, strerror(-ret));
	ret = pdp_nodefile_parse(out, path, text, len, err);
	free(text);
	return ret;
}
