/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cgroup.c - limits in force and use so far, cgroup v1 and v2; see cgroup.h. */
#include "ctl/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"
#define PERIOD_US 10000
#define QUOTA_MIN_US 1000
#define PERIOD_MAX_US 1000000
#define SHARES_MAX 262144
#define WEIGHT_MAX 10000

bool pdp_cgroup_is_v2(void)
{
	struct statfs fs;

	return !statfs(ROOT, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

struct pdp_cpu_quota pdp_cpu_quota(uint32_t power)
{
	struct pdp_cpu_quota out = {.period_us = PERIOD_US};
	uint64_t quota = (uint64_t)power * PERIOD_US / 1000;

	if (!power)
		return out;
	if (quota < QUOTA_MIN_US) {
		out.period_us = (QUOTA_MIN_US * 1000 + power - 1) / power;
		if (out.period_us > PERIOD_MAX_US)
			out.period_us = PERIOD_MAX_US;
		quota = QUOTA_MIN_US;
	}
	out.quota_us = (uint32_t)quota;
	return out;
}

static uint32_t clamp(uint64_t value, uint32_t min, uint32_t max)
{
	return value < min ? min : value > max ? max : (uint32_t)value;
}

uint32_t pdp_cpu_shares(uint32_t power)
{
	return clamp((uint64_t)power * 1024 / 1000, 2, SHARES_MAX);
}

uint32_t pdp_cpu_weight(uint32_t power)
{
	return clamp((uint64_t)power / 10, 1, WEIGHT_MAX);
}

/* Is word one of the comma-separated names? */
static bool names_controller(const char *names, size_t len, const char *word)
{
	const size_t want = strlen(word);

	for (const char *end = names + len; names < end;) {
		const char *comma = memchr(names, ',', (size_t)(end - names));
		const size_t n = (size_t)((comma ? comma : end) - names);

		if (n == want && !memcmp(names, word, n))
			return true;
		names += n + 1;
	}
	return !len && !want;
}

int pdp_cgroup_parse(const char *text, const char *controller, char *path, size_t size)
{
	for (const char *line = text; line && *line;) {
		const char *names = strchr(line, ':');
		const char *value = names ? strchr(names + 1, ':') : NULL;
		const size_t len = strcspn(line, "\n");

		if (value && value < line + len &&
		    names_controller(names + 1, (size_t)(value - names - 1), controller)) {
			const size_t n = len - (size_t)(value + 1 - line);

			if (n >= size)
				return -ENAMETOOLONG;
			memcpy(path, value + 1, n);
			path[n] = '\0';
			return 0;
		}
		line = line[len] ? line + len + 1 : NULL;
	}
	return -ENOENT;
}

/* A whole small file as a string; its length or -errno. */
static ssize_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

static void group_path(bool v2, const char *text, const char *controller, char *out, size_t size)
{
	char group[PATH_MAX];

	out[0] = '\0';
	if (pdp_cgroup_parse(text, v2 ? "" : controller, group, sizeof(group)))
		return;
	if ((size_t)snprintf(out, size, ROOT "/%s%s", v2 ? "." : controller, group) >= size)
		out[0] = '\0';
}

int pdp_cgroup_find(struct pdp_cgroup *out, pid_t pid, struct pdp_error *err)
{
	char path[64], text[8192];
	ssize_t n;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	n = read_text(path, text, sizeof(text));
	if (n < 0)
		return pdp_fail(err, (int)n, "read %s: %s", path, strerror((int)-n));
	out->v2 = pdp_cgroup_is_v2();
	group_path(out->v2, text, "cpu", out->cpu, sizeof(out->cpu));
	group_path(out->v2, text, "cpuacct", out->cpuacct, sizeof(out->cpuacct));
	group_path(out->v2, text, "memory", out->memory, sizeof(out->memory));
	return 0;
}

static ssize_t read_item(const char *group, const char *item, char *text, size_t size)
{
	char path[PATH_MAX];

	text[0] = '\0';
	if (!*group || (size_t)snprintf(path, sizeof(path), "%s/%s", group, item) >= sizeof(path))
		return -ENOENT;
	return read_text(path, text, size);
}

static int quota_v2(const struct pdp_cgroup *cg, struct pdp_cpu_quota *out)
{
	char text[64];
	ssize_t n = read_item(cg->cpu, "cpu.max", text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (sscanf(text, "max %" SCNu32, &out->period_us) == 1)
		return 0;
	return sscanf(text, "%" SCNu32 " %" SCNu32, &out->quota_us, &out->period_us) == 2 ? 0
											  : -EPROTO;
}

static int quota_v1(const struct pdp_cgroup *cg, struct pdp_cpu_quota *out)
{
	char quota[32], period[32];
	ssize_t n = read_item(cg->cpu, "cpu.cfs_quota_us", quota, sizeof(quota));
	long us;

	if (n >= 0)
		n = read_item(cg->cpu, "cpu.cfs_period_us", period, sizeof(period));
	if (n < 0)
		return (int)n;
	us = strtol(quota, NULL, 10);
	out->quota_us = us < 0 ? 0 : (uint32_t)us;
	out->period_us = (uint32_t)strtoul(period, NULL, 10);
	return 0;
}

int pdp_cgroup_quota(const struct pdp_cgroup *cg, struct pdp_cpu_quota *out)
{
	int code;

	memset(out, 0, sizeof(*out));
	code = cg->v2 ? quota_v2(cg, out) : quota_v1(cg, out);
	if (code)
		memset(out, 0, sizeof(*out));
	return code;
}

uint64_t pdp_cgroup_cpu_ns(const struct pdp_cgroup *cg)
{
	char text[1024];
	uint64_t us;

	if (!cg->v2)
		return read_item(cg->cpuacct, "cpuacct.usage", text, sizeof(text)) > 0
			       ? strtoull(text, NULL, 10)
			       : 0;
	read_item(cg->cpu, "cpu.stat", text, sizeof(text));
	return sscanf(text, "usage_usec %" SCNu64, &us) == 1 ? us * 1000 : 0;
}

uint64_t pdp_cgroup_memory_bytes(const struct pdp_cgroup *cg)
{
	char text[64];

	read_item(cg->memory, cg->v2 ? "memory.current" : "memory.usage_in_bytes", text,
		  sizeof(text));
	return strtoull(text, NULL, 10);
}

uint64_t pdp_cgroup_memory_limit(const struct pdp_cgroup *cg)
{
	char text[64];

	read_item(cg->memory, cg->v2 ? "memory.max" : "memory.limit_in_bytes", text, sizeof(text));
	return strtoull(text, NULL, 10);
}

static int write_item(const char *group, const char *item, struct pdp_error *err,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));
static int write_item(const char *group, const char *item, struct pdp_error *err,
		      const char *format, ...)
{
	char path[PATH_MAX], text[64];
	int fd, len, code = 0;
	va_list args;

	if (!*group || (size_t)snprintf(path, sizeof(path), "%s/%s", group, item) >= sizeof(path))
		return pdp_fail(err, -ENOENT, "no cgroup has %s here", item);
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)len) != len)
		code = pdp_fail(err, -errno, "write %s to %s: %s", text, path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return code;
}

int pdp_cgroup_set_weight(const struct pdp_cgroup *cg, uint32_t power, struct pdp_error *err)
{
	return cg->v2 ? write_item(cg->cpu, "cpu.weight", err, "%u", pdp_cpu_weight(power))
		      : write_item(cg->cpu, "cpu.shares", err, "%u", pdp_cpu_shares(power));
}

int pdp_cgroup_set_quota(const struct pdp_cgroup *cg, uint32_t power, struct pdp_error *err)
{
	const struct pdp_cpu_quota quota = pdp_cpu_quota(power);
	int code;

	if (cg->v2)
		return write_item(cg->cpu, "cpu.max", err, "%u %u", quota.quota_us,
				  quota.period_us);
	code = write_item(cg->cpu, "cpu.cfs_period_us", err, "%u", quota.period_us);
	return code ? code : write_item(cg->cpu, "cpu.cfs_quota_us", err, "%u", quota.quota_us);
}

int pdp_cgroup_set_power(const struct pdp_cgroup *cg, uint32_t power, struct pdp_error *err)
{
	int code = pdp_cgroup_set_quota(cg, power, err);

	return code ? code : pdp_cgroup_set_weight(cg, power, err);
}

/* ROOT/CONTROLLER/NAME, in v2 ROOT/NAME; made if it is not there. */
static int make_group(bool v2, const char *controller, const char *name, char path[PATH_MAX],
		      struct pdp_error *err)
{
	if (snprintf(path, PATH_MAX, ROOT "/%s/%s", v2 ? "." : controller, name) >= PATH_MAX)
		return pdp_fail(err, -ENAMETOOLONG, "the name of group %s is too long", name);
	if (!mkdir(path, 0755) || errno == EEXIST)
		return 0;
	return pdp_fail(err, -errno, "make cgroup %s: %s", path, strerror(errno));
}

int pdp_cgroup_make(struct pdp_cgroup *out, const char *name, struct pdp_error *err)
{
	int code;

	memset(out, 0, sizeof(*out));
	out->v2 = pdp_cgroup_is_v2();
	code = make_group(out->v2, "cpu", name, out->cpu, err);
	if (!code)
		code = make_group(out->v2, "cpuacct", name, out->cpuacct, err);
	if (code) {
		pdp_cgroup_remove(name);
		memset(out, 0, sizeof(*out));
	}
	return code;
}

int pdp_cgroup_take(const struct pdp_cgroup *cg, pid_t pid, struct pdp_error *err)
{
	int code = write_item(cg->cpu, "cgroup.procs", err, "%d", (int)pid);

	if (code || cg->v2)
		return code;
	return write_item(cg->cpuacct, "cgroup.procs", err, "%d", (int)pid);
}

static void empty_group(bool v2, const char *controller, const char *name)
{
	char root[PATH_MAX], group[PATH_MAX], text[4096];
	char *next = text;

	snprintf(root, sizeof(root), ROOT "/%s", v2 ? "." : controller);
	if ((size_t)snprintf(group, sizeof(group), "%s/%s", root, name) >= sizeof(group) ||
	    read_item(group, "cgroup.procs", text, sizeof(text)) <= 0)
		return;
	for (long pid; (pid = strtol(next, &next, 10)) > 0;)
		write_item(root, "cgroup.procs", NULL, "%ld", pid);
}

void pdp_cgroup_empty(const char *name)
{
	bool v2 = pdp_cgroup_is_v2();

	empty_group(v2, "cpu", name);
	if (!v2)
		empty_group(v2, "cpuacct", name);
}

int pdp_cgroup_set_memory(const struct pdp_cgroup *cg, uint32_t mib, struct pdp_error *err)
{
	return write_item(cg->memory, cg->v2 ? "memory.max" : "memory.limit_in_bytes", err, "%llu",
			  (unsigned long long)mib << 20);
}

void pdp_cgroup_kill(const char *name)
{
	char path[PATH_MAX], text[4096];
	char *next = text;

	snprintf(path, sizeof(path), ROOT "%s/%s/cgroup.procs", pdp_cgroup_is_v2() ? "" : "/pids",
		 name);
	if (read_text(path, text, sizeof(text)) <= 0)
		return;
	for (long pid; (pid = strtol(next, &next, 10)) > 0;)
		kill((pid_t)pid, SIGKILL);
}

/* A group and those below it, deepest first. */
static int remove_group(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char below[PATH_MAX];

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    (size_t)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
			    sizeof(below))
			remove_group(below);
	closedir(dir);
	return rmdir(path) && errno != ENOENT ? -errno : 0;
}

int pdp_cgroup_remove(const char *name)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int code = 0;

	if (pdp_cgroup_is_v2()) {
		snprintf(path, sizeof(path), ROOT "/%s", name);
		return remove_group(path);
	}
	dir = opendir(ROOT);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		int failed;

		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR ||
		    (size_t)snprintf(path, sizeof(path), ROOT "/%s/%s", entry->d_name, name) >=
			    sizeof(path))
			continue;
		failed = remove_group(path);
		if (failed)
			code = failed;
	}
	closedir(dir);
	return code;
}
