/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* container.c - a guest's LXC container; see container.h. */
#include "ctl/container.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <lxc/lxccontainer.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl/affinity.h"
#include "ctl/cgroup.h"
#include "ctl/mhroot.h"
#include "ctl/rootfs.h"

#define ID_FIRST 0x70000000U
#define PIDS_MAX 16
#define MH_ID_FIRST 0x6c000000U
#define MH_PIDS_MAX 512 /* an FRR with all its daemons has some sixty threads */
#define LOG_BYTES_MAX (1 << 20) /* of any file that a guest writes */
#define MEMLOCK_BYTES (8 << 20) /* one UMEM of 4096 frames of 2 KiB */
#define START_TIMEOUT_S 5
#define STOP_TIMEOUT_S 5
#define LXC_LOCKS "/run/lxc/lock"

/* FNV-1a, both halves. */
unsigned int pdp_id_block(const char *node, const char *run_dir)
{
	uint32_t hash = 2166136261U;

	for (const char *p = node; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619U;
	for (const char *p = run_dir; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619U;
	return (hash ^ hash >> 16) % PDP_ID_BLOCKS;
}

uid_t pdp_guest_id_base(unsigned int block, uint16_t guest)
{
	return ID_FIRST + (block * PDP_MAX_GUESTS + guest % PDP_MAX_GUESTS) * PDP_GUEST_IDS;
}

uid_t pdp_mh_id_base(unsigned int block, uint16_t vnet)
{
	return MH_ID_FIRST + (block * PDP_MAX_VNETS + vnet % PDP_MAX_VNETS) * PDP_MH_IDS;
}

/* A definition in the making: the first item that LXC refuses is remembered, the rest is skipped. */
struct definition {
	struct lxc_container *lxc;
	const char *refused;
};

static void set(struct definition *def, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void set(struct definition *def, const char *key, const char *format, ...)
{
	char value[2 * PATH_MAX];
	va_list args;

	if (def->refused)
		return;
	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (!def->lxc->set_config_item(def->lxc, key, value))
		def->refused = key;
}

/*
 * The capabilities that pdp-fe-init needs to become uid 1 and to shrink the bounding set to net_raw,
 * which it does before anything else. LXC itself cannot: it drops to lxc.init.uid without ambient
 * capabilities, and uid 0 with net_raw alone may not change to another uid.
 */
static void define_privileges(struct definition *def, const struct pdp_container_conf *conf)
{
	set(def, "lxc.idmap", "u 0 %u %u", conf->id_base, PDP_GUEST_IDS);
	set(def, "lxc.idmap", "g 0 %u %u", conf->id_base, PDP_GUEST_IDS);
	set(def, "lxc.cap.keep", "net_raw setuid setgid setpcap");
	set(def, "lxc.no_new_privs", "1");
	set(def, "lxc.seccomp.profile", "%s/seccomp", conf->run_dir);
	set(def, "lxc.prlimit.core", "0");
	set(def, "lxc.prlimit.memlock", "%d", MEMLOCK_BYTES);
	set(def, "lxc.prlimit.fsize", "%d", LOG_BYTES_MAX);
}

/*
 * What routing daemons need, in a user namespace that owns nothing but the guest: its network
 * (NET_ADMIN, NET_RAW, ports below 1024, and NET_BROADCAST, which BIRD will not start without), users
 * of their own for daemons, and a root that can work on those users' files and end them. FRR's
 * daemons do not start without SYS_ADMIN in reach; what that opens, new namespaces and mounts, the
 * system call filter closes.
 */
static void define_mh_privileges(struct definition *def, const struct pdp_container_conf *conf)
{
	set(def, "lxc.idmap", "u 0 %u %u", conf->id_base, PDP_MH_IDS);
	set(def, "lxc.idmap", "g 0 %u %u", conf->id_base, PDP_MH_IDS);
	set(def, "lxc.cap.keep",
	    "net_admin net_raw net_bind_service net_broadcast setuid setgid chown fowner "
	    "dac_override kill sys_admin");
	set(def, "lxc.no_new_privs", "1");
	set(def, "lxc.seccomp.profile", "%s/seccomp", conf->run_dir);
	set(def, "lxc.prlimit.core", "0");
	set(def, "lxc.prlimit.nofile", "4096");
}

static void define_files(struct definition *def, const struct pdp_container_conf *conf)
{
	static const char *const devices[] = {"null", "urandom", "zero"};

	set(def, "lxc.rootfs.path", "dir:%s/rootfs", conf->run_dir);
	set(def, "lxc.rootfs.options", "ro,nosuid,nodev");
	set(def, "lxc.autodev", "0");
	set(def, "lxc.tty.max", "0");
	set(def, "lxc.pty.max", "0");
	set(def, "lxc.console.path", "none");
	set(def, "lxc.mount.auto", "proc:mixed");
	set(def, "lxc.mount.entry", "/usr usr none bind,ro,nosuid,nodev 0 0");
	set(def, "lxc.mount.entry",
	    "tmpfs tmp tmpfs nosuid,nodev,noexec,size=1m,nr_inodes=256,mode=1777 0 0");
	set(def, "lxc.mount.entry", "%s/guest/%s run/pdp none bind,nosuid,nodev,noexec 0 0",
	    conf->run_dir, conf->guest_dir);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		set(def, "lxc.mount.entry", "/dev/%s dev/%s none bind 0 0", devices[i], devices[i]);
}

static void define_mh_files(struct definition *def, const struct pdp_container_conf *conf)
{
	static const char *const devices[] = PDP_MHROOT_DEVICES;

	set(def, "lxc.rootfs.path", "dir:%s/mhroot", conf->run_dir);
	set(def, "lxc.rootfs.options", "ro,nosuid,nodev");
	set(def, "lxc.autodev", "0");
	set(def, "lxc.tty.max", "0");
	set(def, "lxc.pty.max", "0");
	set(def, "lxc.console.path", "none");
	/* /proc/sys/net is the owner's to write, as his network is; the rest of /proc/sys is not. */
	set(def, "lxc.mount.auto", "proc:mixed");
	set(def, "lxc.mount.entry", "/usr usr none bind,ro,nosuid,nodev 0 0");
	/* Charged to the guest's memory, like all that it has. */
	set(def, "lxc.mount.entry",
	    "tmpfs tmp tmpfs nosuid,nodev,noexec,size=32m,nr_inodes=4096,mode=1777 0 0");
	set(def, "lxc.mount.entry",
	    "tmpfs run tmpfs nosuid,nodev,noexec,size=32m,nr_inodes=4096,mode=755 0 0");
	set(def, "lxc.mount.entry", "%s/guest/%s pdp/guest none bind,ro,nosuid,nodev,noexec 0 0",
	    conf->run_dir, conf->guest_dir);
	set(def, "lxc.mount.entry", "%s/guest/%s/etc pdp/etc none bind,ro,nosuid,nodev,noexec 0 0",
	    conf->run_dir, conf->guest_dir);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		set(def, "lxc.mount.entry", "/dev/%s dev/%s none bind 0 0", devices[i], devices[i]);
}

static void define_limits_v1(struct definition *def, const struct pdp_container_conf *conf,
			     struct pdp_cpu_quota quota)
{
	set(def, "lxc.cgroup.cpu.cfs_period_us", "%u", quota.period_us);
	set(def, "lxc.cgroup.cpu.cfs_quota_us", "%u", quota.quota_us);
	set(def, "lxc.cgroup.cpu.shares", "%u", pdp_cpu_shares(conf->power));
	set(def, "lxc.cgroup.memory.limit_in_bytes", "%uM", conf->memory_mib);
	set(def, "lxc.cgroup.pids.max", "%d", conf->mh ? MH_PIDS_MAX : PIDS_MAX);
	if (conf->cpus && *conf->cpus)
		set(def, "lxc.cgroup.cpuset.cpus", "%s", conf->cpus);
}

static void define_limits_v2(struct definition *def, const struct pdp_container_conf *conf,
			     struct pdp_cpu_quota quota)
{
	set(def, "lxc.cgroup2.cpu.max", "%u %u", quota.quota_us, quota.period_us);
	set(def, "lxc.cgroup2.cpu.weight", "%u", pdp_cpu_weight(conf->power));
	set(def, "lxc.cgroup2.memory.max", "%uM", conf->memory_mib);
	set(def, "lxc.cgroup2.pids.max", "%d", conf->mh ? MH_PIDS_MAX : PIDS_MAX);
	if (conf->cpus && *conf->cpus)
		set(def, "lxc.cgroup2.cpuset.cpus", "%s", conf->cpus);
}

static void define_cgroups(struct definition *def, const struct pdp_container_conf *conf)
{
	const struct pdp_cpu_quota quota = pdp_cpu_quota(conf->power);

	set(def, "lxc.cgroup.dir.container", "%s", conf->name);
	set(def, "lxc.cgroup.dir.monitor", "%s.monitor", conf->name);
	set(def, "lxc.cgroup.dir.monitor.pivot", "%s", conf->pivot);
	if (pdp_cgroup_is_v2())
		define_limits_v2(def, conf, quota);
	else
		define_limits_v1(def, conf, quota);
}

/* LXC insists on its AppArmor profile where AppArmor is on, loaded or not. */
static void define_apparmor(struct definition *def)
{
	FILE *profiles = fopen("/sys/kernel/security/apparmor/profiles", "re");
	char line[256];
	bool loaded = false;

	if (!profiles)
		return;
	while (!loaded && fgets(line, sizeof(line), profiles))
		loaded = !strncmp(line, "lxc-container-default-cgns ", 27);
	fclose(profiles);
	if (!loaded)
		set(def, "lxc.apparmor.profile", "unconfined");
}

static int define(struct lxc_container *lxc, const struct pdp_container_conf *conf,
		  struct pdp_error *err)
{
	struct definition def = {.lxc = lxc};

	set(&def, "lxc.uts.name", "%s", conf->guest_dir);
	if (conf->mh) {
		define_mh_privileges(&def, conf);
		define_mh_files(&def, conf);
	} else {
		define_privileges(&def, conf);
		define_files(&def, conf);
	}
	define_cgroups(&def, conf);
	define_apparmor(&def);
	set(&def, "lxc.net.0.type", "empty");
	set(&def, "lxc.init.cmd", "%s %s", conf->mh ? PDP_MH_INIT : PDP_GUEST_INIT,
	    conf->arguments);
	set(&def, "lxc.signal.halt", "SIGTERM");
	if (def.refused)
		return pdp_fail(err, -EINVAL, "container %s: liblxc %s refuses %s", conf->name,
				lxc_get_version(), def.refused);
	/* For lxc-ls, lxc-attach and whoever looks: -P RUN_DIR/lxc. */
	if (!lxc->save_config(lxc, NULL))
		return pdp_fail(err, -EIO, "container %s: cannot save its definition below %s/lxc",
				conf->name, conf->run_dir);
	return 0;
}

/* The first error that LXC logged, which is the cause of those that follow. */
static void read_lxc_error(const char *path, char *text, size_t size)
{
	FILE *log = fopen(path, "re");
	char line[1024];

	snprintf(text, size, "liblxc does not say why");
	while (log && fgets(line, sizeof(line), log)) {
		const char *message = strstr(line, " ERROR ");

		for (int i = 0; message && i < 2; i++) {
			message = strstr(message, " - ");
			message = message ? message + 3 : NULL;
		}
		if (!message)
			continue;
		snprintf(text, size, "%.*s", (int)strcspn(message, "\n"), message);
		break;
	}
	if (log)
		fclose(log);
}

static void open_log(struct lxc_container *lxc, const char *run_dir, const char *name,
		     char path[PATH_MAX])
{
	struct lxc_log setup = {
		.name = name,
		.lxcpath = lxc->get_config_path(lxc),
		.file = path,
		.level = "ERROR",
		.prefix = "pdp",
		.quiet = true,
	};

	if (snprintf(path, PATH_MAX, "%s/lxc/%s/log", run_dir, name) < PATH_MAX)
		lxc_log_init(&setup);
}

static int define_and_start(struct lxc_container *lxc, const struct pdp_container_conf *conf,
			    pid_t *init_pid, struct pdp_error *err)
{
	char log[PATH_MAX], cause[PDP_ERRLEN / 2];
	int code = define(lxc, conf, err);

	if (code)
		return code;
	open_log(lxc, conf->run_dir, conf->name, log);
	/*
	 * Without PATH, LXC finds no newuidmap and root writes the id map itself; with it, root
	 * would need ranges in /etc/subuid on a host that happens to have the package uidmap.
	 */
	unsetenv("PATH");
	/* The monitor is a fork: it must not keep the controller's locks and sockets. */
	lxc->want_daemonize(lxc, true);
	lxc->want_close_all_fds(lxc, true);
	if (lxc->start(lxc, 0, NULL))
		*init_pid = lxc->init_pid(lxc);
	if (*init_pid > 0)
		return 0;
	read_lxc_error(log, cause, sizeof(cause));
	return pdp_fail(err, -ECHILD, "container %s does not start: %s", conf->name, cause);
}

static struct lxc_container *open_container(const char *run_dir, const char *name)
{
	char lxcpath[PATH_MAX];

	if (snprintf(lxcpath, sizeof(lxcpath), "%s/lxc", run_dir) >= PATH_MAX)
		return NULL;
	return lxc_container_new(name, lxcpath);
}

/* What a starter tells the controller. */
struct outcome {
	int code;
	pid_t init_pid;
	struct pdp_error err;
};

/* Whatever was the controller's, its locks and sockets too, stays the controller's alone. */
static void keep_only(int fd)
{
	if (fd > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned int)fd - 1, 0);
	close_range((unsigned int)fd + 1, ~0U, 0);
}

static void run_starter(const struct pdp_container_conf *conf, int pipe_fd)
	__attribute__((noreturn));
static void run_starter(const struct pdp_container_conf *conf, int pipe_fd)
{
	struct outcome out = {0};
	struct lxc_container *lxc;
	int null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pdp_affinity_restore();
	keep_only(pipe_fd);
	lxc = open_container(conf->run_dir, conf->name);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* With a log file LXC writes to standard error as well, whatever `quiet` says. */
	dup2(null, STDERR_FILENO);
	if (lxc)
		out.code = define_and_start(lxc, conf, &out.init_pid, &out.err);
	else
		out.code = pdp_fail(&out.err, -ENOMEM, "container %s: liblxc cannot make it",
				    conf->name);
	_exit(write(pipe_fd, &out, sizeof(out)) != sizeof(out));
}

/*
 * LXC moves whoever starts a container into its monitor's cgroup, for good, and would change the
 * controller's environment and log besides: so a process of its own does it. The controller need not wait
 * for it: a start is mostly waiting, for the kernel to make and forget namespaces and groups.
 */
int pdp_container_begin(struct pdp_container_starter *start, const struct pdp_container_conf *conf,
			struct pdp_error *err)
{
	int fds[2], code;

	if (pipe2(fds, O_CLOEXEC))
		return pdp_fail(err, -errno, "container %s: no pipe to start it by: %s", conf->name,
				strerror(errno));
	start->pid = fork();
	if (!start->pid)
		run_starter(conf, fds[1]);
	code = start->pid < 0 ? -errno : 0;
	close(fds[1]);
	start->fd = fds[0];
	if (!code)
		return 0;
	close(fds[0]);
	start->pid = 0;
	return pdp_fail(err, code, "container %s: no process to start it: %s", conf->name,
			strerror(-code));
}

int pdp_container_end(struct pdp_container_starter *start, const char *run_dir, const char *name,
		      const char *pivot, pid_t *init_pid, struct pdp_error *err)
{
	struct outcome out = {0};
	int status, code;
	ssize_t n;

	do
		n = read(start->fd, &out, sizeof(out));
	while (n < 0 && errno == EINTR);
	close(start->fd);
	while (waitpid(start->pid, &status, 0) < 0 && errno == EINTR)
		;
	start->pid = 0;
	if (n == sizeof(out))
		code = pdp_fail(err, out.code, "%s", out.err.text);
	else
		code = pdp_fail(err, -EIO, "container %s: who was to start it has died", name);
	*init_pid = code ? 0 : out.init_pid;
	if (code)
		pdp_container_stop(run_dir, name, pivot);
	return code;
}

int pdp_container_start(const struct pdp_container_conf *conf, pid_t *init_pid,
			struct pdp_error *err)
{
	/* clang-tidy does not know that errno is positive, and -errno a failure. */
	struct pdp_container_starter start = {.fd = -1};
	int code = pdp_container_begin(&start, conf, err);

	*init_pid = 0;
	return code ? code
		    : pdp_container_end(&start, conf->run_dir, conf->name, conf->pivot, init_pid,
					err);
}

/* LXC keeps a lock file per container, in a copy of lxcpath; gone with it. */
static void remove_locks(const char *run_dir, const char *name)
{
	char path[PATH_MAX];
	char *slash;

	if (snprintf(path, sizeof(path), LXC_LOCKS "%s/lxc/.%s", run_dir, name) >= PATH_MAX)
		return;
	unlink(path);
	while ((slash = strrchr(path, '/')) && slash > path + strlen(LXC_LOCKS)) {
		*slash = '\0';
		if (rmdir(path))
			return;
	}
}

static void remove_definition(const char *run_dir, const char *name)
{
	static const char *const files[] = {"/config", "/log", ""};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (snprintf(path, sizeof(path), "%s/lxc/%s%s", run_dir, name, files[i]) < PATH_MAX)
			remove(path);
	remove_locks(run_dir, name);
}

/* The monitor leaves its groups as the last thing it does; give it a moment. */
static void remove_cgroup(const char *name)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	int left = STOP_TIMEOUT_S * 500;

	/* Another fault, such as no descriptor to look with, does not pass by waiting. */
	while (pdp_cgroup_remove(name) == -EBUSY && --left > 0)
		nanosleep(&pause, NULL);
}

static void remove_cgroups(const char *name, const char *pivot)
{
	char monitor[128], thread[128];

	snprintf(monitor, sizeof(monitor), "%s.monitor", name);
	snprintf(thread, sizeof(thread), "%s" PDP_THREAD_GROUP, name);
	remove_cgroup(name);
	remove_cgroup(monitor);
	/* It ends with its device, which may take a moment. */
	pdp_cgroup_empty(thread);
	remove_cgroup(thread);
	/* Monitors that end are in it, on a busy machine for a while; whoever finds it empty removes it. */
	remove_cgroup(pivot);
}

/* A controller that died left a start under way, perhaps: it is over soon. */
static bool runs(struct lxc_container *lxc)
{
	const char *state = lxc->state(lxc);

	if (state && !strcmp(state, "STARTING"))
		lxc->wait(lxc, "RUNNING|STOPPED|ABORTING", START_TIMEOUT_S);
	return lxc->is_running(lxc);
}

void pdp_container_stop(const char *run_dir, const char *name, const char *pivot)
{
	struct lxc_container *lxc = open_container(run_dir, name);

	if (lxc) {
		if (runs(lxc)) {
			lxc->stop(lxc);
			lxc->wait(lxc, "STOPPED", STOP_TIMEOUT_S);
		}
		lxc_container_put(lxc);
	}
	/* Whatever became of the monitor. */
	pdp_cgroup_kill(name);
	remove_cgroups(name, pivot);
	remove_definition(run_dir, name);
}

pid_t pdp_container_init(const char *run_dir, const char *name)
{
	struct lxc_container *lxc = open_container(run_dir, name);
	pid_t pid = 0;

	if (lxc && runs(lxc))
		pid = lxc->init_pid(lxc);
	if (lxc)
		lxc_container_put(lxc);
	return pid > 0 ? pid : 0;
}

bool pdp_container_defined(const char *run_dir, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/lxc/%s/config", run_dir, name) < PATH_MAX &&
	       !access(path, F_OK);
}

int pdp_container_each(const char *run_dir, const char *prefix,
		       int (*fn)(const char *name, void *arg), void *arg, struct pdp_error *err)
{
	char lxcpath[PATH_MAX];
	char **names = NULL;
	int count, code = 0;

	if (snprintf(lxcpath, sizeof(lxcpath), "%s/lxc", run_dir) >= PATH_MAX)
		return pdp_fail(err, -ENAMETOOLONG, "path %s is too long", run_dir);
	count = list_all_containers(lxcpath, &names, NULL);
	if (count < 0)
		return pdp_fail(err, -EIO, "cannot list the containers below %s", lxcpath);
	for (int i = 0; i < count; i++) {
		if (!code && !strncmp(names[i], prefix, strlen(prefix)))
			code = fn(names[i], arg);
		free(names[i]);
	}
	free(names);
	return code;
}

struct reaping {
	const char *run_dir;
	const char *pivot;
	unsigned int n;
};

static int reap(const char *name, void *arg)
{
	struct reaping *reaping = arg;

	pdp_container_stop(reaping->run_dir, name, reaping->pivot);
	reaping->n++;
	return 0;
}

int pdp_container_reap(const char *run_dir, const char *prefix, const char *pivot, unsigned int *n,
		       struct pdp_error *err)
{
	struct reaping reaping = {.run_dir = run_dir, .pivot = pivot};
	int code = pdp_container_each(run_dir, prefix, reap, &reaping, err);

	*n += reaping.n;
	return code;
}
