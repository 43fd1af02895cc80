/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* mhroot.c - the made-up file system of MH guests; see mhroot.h. */
#include "ctl/mhroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/putfile.h"
#include "fe-agent/mhchannel.h"

#define CONFIG_DEPTH 4
#define CONFIG_BYTES (16 << 20)
#define CONTROL_MAX 1024

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Parents first. */
static const char *const dirs[] = {"dev",	"etc",	"etc/alternatives",
				   "etc/pam.d", "pdp",	"pdp/etc",
				   "pdp/guest", "proc", "run",
				   "tmp",	"usr",	"var"};

/* What daemons write to is below /run; pdp-mh-init makes it. */
static const struct {
	const char *name, *target;
} links[] = {
	{"bin", "usr/bin"},
	{"lib", "usr/lib"},
	{"lib64", "usr/lib64"},
	{"sbin", "usr/sbin"},
	{"root", "run/root"},
	{"etc/bird", "../pdp/etc/config"},
	{"etc/frr", "../pdp/etc/config"},
	{"etc/pdp", "../pdp/etc/config"},
	{"etc/mtab", "../proc/self/mounts"},
	{"var/lib", "../run/lib"},
	{"var/lock", "../run/lock"},
	{"var/log", "../run/log"},
	{"var/run", "../run"},
	{"var/tmp", "../tmp"},
};

#define ID(x) #x
#define TEXT(x) ID(x)

/* FRR looks up its vty group, and whether its user is in it; vtysh asks PAM about whoever calls it. */
static const struct {
	const char *name, *text;
} files[] = {
	{"etc/passwd",
	 "root:x:0:0:root:/root:/bin/sh\n"
	 "frr:x:" TEXT(PDP_MH_UID_FRR) ":" TEXT(
		 PDP_MH_UID_FRR) "::/run/frr:/usr/sbin/nologin\n"
				 "bird:x:" TEXT(PDP_MH_UID_BIRD) ":" TEXT(
					 PDP_MH_UID_BIRD) "::/run/bird:/usr/sbin/nologin\n"},
	{"etc/group",
	 "root:x:0:\n"
	 "frr:x:" TEXT(
		 PDP_MH_UID_FRR) ":\n"
				 "bird:x:" TEXT(
					 PDP_MH_UID_BIRD) ":\n"
							  "frrvty:x:" TEXT(
								  PDP_MH_GID_FRRVTY) ":frr,root\n"},
	{"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"},
	{"etc/pam.d/frr", "auth sufficient pam_permit.so\naccount sufficient pam_permit.so\n"},
	{"etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"},
};

static const char *const devices[] = PDP_MHROOT_DEVICES;

/* --- what all share ------------------------------------------------------------------------------- */

/* Debian's way of choosing among programs of /usr: links, and nothing but links. */
static void copy_alternatives(const char *root)
{
	char path[PATH_MAX], target[PATH_MAX];
	DIR *dir = opendir("/etc/alternatives");
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0 || pdp_path_join(path, "etc/alternatives", entry->d_name, NULL))
			continue;
		target[n] = '\0';
		if (!strncmp(target, "/usr/", 5) || !strncmp(target, "/bin/", 5))
			pdp_put_link(root, path, target, NULL);
	}
	closedir(dir);
}

/* Where the loader finds libraries of /usr/local; without it only those of the distribution. */
static void copy_ld_cache(const char *root)
{
	int fd = open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);
	char path[PATH_MAX];

	if (fd < 0)
		return;
	if (!pdp_path_join(path, root, "etc/ld.so.cache", NULL))
		pdp_put_copy(path, 0444, fd, NULL);
	close(fd);
}

static int put_below(const char *root, const char *dir, const char *name, const char *text,
		     struct pdp_error *err)
{
	char below[PATH_MAX], path[PATH_MAX];
	int code = pdp_path_join(below, dir, name, err);

	if (!code)
		code = pdp_path_join(path, root, below, err);
	return code ? code : pdp_put_text(path, 0444, text, err);
}

static int fill(const char *root, const char *agent_path, struct pdp_error *err)
{
	int code = 0;

	for (size_t i = 0; i < COUNT(dirs) && !code; i++)
		code = pdp_put_dir(root, dirs[i], 0755, err);
	for (size_t i = 0; i < COUNT(links) && !code; i++)
		code = pdp_put_link(root, links[i].name, links[i].target, err);
	for (size_t i = 0; i < COUNT(files) && !code; i++)
		code = put_below(root, ".", files[i].name, files[i].text, err);
	for (size_t i = 0; i < COUNT(devices) && !code; i++)
		code = put_below(root, "dev", devices[i], "", err);
	if (code)
		return code;
	copy_alternatives(root);
	copy_ld_cache(root);
	return pdp_put_program(root, agent_path, "pdp-mh-init", err);
}

int pdp_mhroot_make(const char *run_dir, const char *agent_path, struct pdp_error *err)
{
	char root[PATH_MAX];
	int code = pdp_path_join(root, run_dir, "mhroot", err);

	if (!code)
		code = pdp_put_dir(run_dir, "mhroot", 0755, err);
	if (!code)
		code = pdp_put_tmpfs(root, "mode=755,size=16m", err);
	return code ? code : fill(root, agent_path, err);
}

void pdp_mhroot_remove(const char *run_dir)
{
	char root[PATH_MAX];

	if (pdp_path_join(root, run_dir, "mhroot", NULL))
		return;
	pdp_unmount(root);
	rmdir(root);
}

/* --- one guest's own ------------------------------------------------------------------------------ */

static int guest_path(char path[PATH_MAX], const char *run_dir, const char *name, const char *what,
		      struct pdp_error *err)
{
	if (snprintf(path, PATH_MAX, "%s/guest/%s%s", run_dir, name, what) < PATH_MAX)
		return 0;
	return pdp_fail(err, -ENAMETOOLONG, "path %s is too long", run_dir);
}

int pdp_mh_dir_make(const char *run_dir, const char *name, uid_t root, struct pdp_error *err)
{
	char guests[PATH_MAX], guest[PATH_MAX];
	int code = pdp_path_join(guests, run_dir, "guest", err);

	if (!code)
		code = guest_path(guest, run_dir, name, "", err);
	if (!code)
		code = pdp_put_dir(guests, name, 0710, err);
	if (!code)
		code = pdp_put_dir(guest, "etc", 0711, err);
	if (!code && chown(guest, 0, (gid_t)root))
		code = pdp_fail(err, -errno, "give %s to gid %u: %s", guest, root, strerror(errno));
	return code;
}

void pdp_mh_dir_remove(const char *run_dir, const char *name)
{
	char path[PATH_MAX];

	if (!guest_path(path, run_dir, name, "", NULL))
		pdp_remove_tree(path);
}

/* A copy under way. */
struct copy {
	uid_t owner;
	size_t bytes;
	struct pdp_error *err;
};

static int copy_dir(struct copy *c, int from, const char *from_path, const char *to, int depth);

static int copy_file(struct copy *c, int from, const char *from_path, const char *to)
{
	struct stat st;
	int code;

	if (fstat(from, &st))
		return pdp_fail(c->err, -errno, "%s: %s", from_path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return pdp_fail(c->err, -EINVAL, "%s is no regular file", from_path);
	c->bytes += (size_t)st.st_size;
	if (c->bytes > CONFIG_BYTES)
		return pdp_fail(c->err, -EFBIG, "%s: with it the configuration is over %d MiB",
				from_path, CONFIG_BYTES >> 20);
	code = pdp_put_copy(to, 0600, from, c->err);
	if (!code && chown(to, c->owner, (gid_t)c->owner))
		code = pdp_fail(c->err, -errno, "give %s to uid %u: %s", to, c->owner,
				strerror(errno));
	return code;
}

static int copy_entry(struct copy *c, int dir, const char *dir_path, const char *name,
		      const char *to_dir, int depth)
{
	char from_path[PATH_MAX], to[PATH_MAX];
	/* Not to be held up by a pipe. */
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int code = fd < 0 ? -errno : 0;
	struct stat st;

	if (code == -ELOOP)
		return pdp_fail(c->err, code, "%s/%s is a link; put a copy there", dir_path, name);
	if (code)
		return pdp_fail(c->err, code, "%s/%s: %s", dir_path, name, strerror(-code));
	code = pdp_path_join(from_path, dir_path, name, c->err);
	if (!code)
		code = pdp_path_join(to, to_dir, name, c->err);
	if (!code && !fstat(fd, &st) && S_ISDIR(st.st_mode))
		return copy_dir(c, fd, from_path, to, depth + 1);
	if (!code)
		code = copy_file(c, fd, from_path, to);
	close(fd);
	return code;
}

/* from is closed. */
static int copy_dir(struct copy *c, int from, const char *from_path, const char *to, int depth)
{
	DIR *dir = depth <= CONFIG_DEPTH ? fdopendir(from) : NULL;
	struct dirent *entry;
	int code = 0;

	if (!dir) {
		code = depth > CONFIG_DEPTH ? -ELOOP : -errno;
		close(from);
		return pdp_fail(c->err, code, "%s: %s", from_path,
				depth > CONFIG_DEPTH ? "too deep" : strerror(-code));
	}
	if (mkdir(to, 0700) || chown(to, c->owner, (gid_t)c->owner))
		code = pdp_fail(c->err, -errno, "make directory %s: %s", to, strerror(errno));
	while (!code && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			code = copy_entry(c, dirfd(dir), from_path, entry->d_name, to, depth);
	closedir(dir);
	return code;
}

static int copy_config(const char *from_path, const char *to, uid_t owner, struct pdp_error *err)
{
	struct copy copy = {.owner = owner, .err = err};
	int from;

	if (!*from_path)
		return mkdir(to, 0700) || chown(to, owner, (gid_t)owner)
			       ? pdp_fail(err, -errno, "make directory %s: %s", to, strerror(errno))
			       : 0;
	from = open(from_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0)
		return pdp_fail(err, -errno, "configuration %s: %s", from_path, strerror(errno));
	return copy_dir(&copy, from, from_path, to, 0);
}

/* The user that the daemon runs as. */
static uid_t daemon_uid(uid_t root, enum pdp_control_kind kind)
{
	return kind == PDP_CONTROL_FRR	  ? root + PDP_MH_UID_FRR
	       : kind == PDP_CONTROL_BIRD ? root + PDP_MH_UID_BIRD
					  : root;
}

static void write_control(char text[CONTROL_MAX], const struct pdp_control_conf *conf)
{
	snprintf(text, CONTROL_MAX, "kind %s\nconfig %s\ncommand %s\n",
		 pdp_control_name(conf->kind), conf->config, conf->command);
}

/* vtysh has words for one that is missing, and each daemon's share of frr.conf goes through it. */
static int put_vtysh_conf(const char *config, uid_t owner, struct pdp_error *err)
{
	char path[PATH_MAX];
	int code = pdp_path_join(path, config, "vtysh.conf", err);

	if (code || !access(path, F_OK))
		return code;
	code = pdp_put_text(path, 0600, "service integrated-vtysh-config\n", err);
	if (!code && chown(path, owner, (gid_t)owner))
		code = pdp_fail(err, -errno, "give %s to uid %u: %s", path, owner, strerror(errno));
	return code;
}

/* The new one in the place of the old: between the two there is none, for a daemon that starts then. */
static int swap_config(const char *fresh, const char *config, struct pdp_error *err)
{
	pdp_remove_tree(config);
	if (rename(fresh, config))
		return pdp_fail(err, -errno, "rename %s to %s: %s", fresh, config, strerror(errno));
	return 0;
}

int pdp_mh_config_put(const char *run_dir, const char *name, uid_t root,
		      const struct pdp_control_conf *conf, struct pdp_error *err)
{
	char fresh[PATH_MAX], config[PATH_MAX], control[PATH_MAX], text[CONTROL_MAX];
	int code = guest_path(fresh, run_dir, name, "/etc/config.new", err);

	if (!code)
		code = guest_path(config, run_dir, name, "/etc/config", err);
	if (!code)
		code = guest_path(control, run_dir, name, "/control", err);
	if (code)
		return code;
	pdp_remove_tree(fresh);
	code = copy_config(conf->config, fresh, daemon_uid(root, conf->kind), err);
	if (!code && conf->kind == PDP_CONTROL_FRR)
		code = put_vtysh_conf(fresh, daemon_uid(root, conf->kind), err);
	if (!code)
		code = swap_config(fresh, config, err);
	if (code) {
		pdp_remove_tree(fresh);
		return code;
	}
	write_control(text, conf);
	code = pdp_put_text(control, 0640, text, err);
	if (!code && chown(control, 0, (gid_t)root))
		code = pdp_fail(err, -errno, "give %s to gid %u: %s", control, root,
				strerror(errno));
	return code;
}

bool pdp_mh_config_same(const char *run_dir, const char *name, const struct pdp_control_conf *conf)
{
	char path[PATH_MAX], want[CONTROL_MAX], have[CONTROL_MAX] = "";
	ssize_t n = -1;
	int fd;

	if (guest_path(path, run_dir, name, "/control", NULL))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, have, sizeof(have) - 1);
		close(fd);
	}
	write_control(want, conf);
	return n > 0 && !strcmp(have, want);
}
